"""From pixels to labels: geometry, the network on its provider, decoding. Knows no ROS."""
