"""Checkpoints and networks: the catalogue, the cache, and the conversion to ONNX."""
