"""Checkpoints and networks: which exist, where they come from, and how they become ONNX."""
