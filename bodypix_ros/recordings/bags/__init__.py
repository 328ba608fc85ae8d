"""Bags of ROS 1 and ROS 2: anonymised, or with added topics of masks, parts and people."""
