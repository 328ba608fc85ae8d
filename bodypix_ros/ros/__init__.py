# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 node. Only this package and `demo` import rclpy."""
