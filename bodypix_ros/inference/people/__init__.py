"""Poses and instances: which keypoints and which pixels belong to which person."""
