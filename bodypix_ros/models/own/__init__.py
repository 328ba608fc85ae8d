"""The network of this package, bodypix_ros: EfficientNet-Lite0 with a light decoder to stride 4."""
