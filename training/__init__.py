"""Distillation of a small BodyPix network from the official large ones. Not installed with the package."""
