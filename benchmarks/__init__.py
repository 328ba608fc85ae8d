"""Compares this package with other programs for person segmentation. Part of the repository, not installed."""
