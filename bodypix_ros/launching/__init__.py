"""What the launch files share, since they cannot import each other. Nothing else imports launch."""
