"""From pixels to labels: geometry, the network on its provider, decoding. Does not depend on ROS."""
