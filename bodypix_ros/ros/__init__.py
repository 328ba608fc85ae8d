"""The ROS 2 node. Only this package and `demo` import rclpy."""
