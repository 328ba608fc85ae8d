"""The `bodypix` command, one file a verb."""
