"""The MediaPipe models: preprocessing, decoding and tracking around the networks of `models.mediapipe`."""
