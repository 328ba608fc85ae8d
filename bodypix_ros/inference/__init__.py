"""Converts images to labels: geometry, execution providers, decoding. Does not depend on ROS."""
