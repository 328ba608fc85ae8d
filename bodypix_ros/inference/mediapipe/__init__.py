"""Runs MediaPipe's networks: selfie segmentation and BlazePose."""
