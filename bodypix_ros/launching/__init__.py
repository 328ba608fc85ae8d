"""What the launch files share, since they cannot import each other. The only room that imports launch."""
