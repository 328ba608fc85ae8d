# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Videos, folders of pictures and bags: reads recordings and writes the results. Does not require ROS."""
