"""Training of the `bodypix_ros` network from public photographs. Not installed with the package."""
