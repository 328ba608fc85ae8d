"""Code shared by the launch files, which cannot import each other. Only this package imports launch."""
