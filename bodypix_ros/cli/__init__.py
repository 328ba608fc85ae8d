"""The `bodypix` command, one module per verb."""
