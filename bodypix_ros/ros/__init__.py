"""The node and what it consists of. Only this folder and `demo` import rclpy."""
