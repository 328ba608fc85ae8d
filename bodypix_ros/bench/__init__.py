"""How long each stage of a frame takes on this machine."""
