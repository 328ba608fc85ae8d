# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Results of `depth_filter` without the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from bodypix_ros.ros.depth_processor import DepthImage, DepthProcessor
from bodypix_ros.ros.image_msg import fill


@pytest.mark.parametrize(
    'matrices', [{'p': [np.nan] + [0.0] * 11, 'k': [200.0] + [0.0] * 8}, {'k': [np.inf] * 9}, {'k': [-1.0] * 9}, {}]
)
def test_people_are_removed_although_the_calibration_is_invalid(matrices: dict[str, Any]) -> None:
    depth = np.full((24, 32), 2000, np.uint16)
    mask = np.zeros((24, 32), np.uint8)
    mask[8:16, 8:16] = 255
    message = Image()
    fill(message, Header(), depth, '16UC1')
    processor = DepthProcessor()
    expected = processor.filter_depth(DepthImage(message, depth), mask, 0.03).people
    processor.depth_info = CameraInfo(width=32, height=24, **matrices)
    people = processor.filter_depth(DepthImage(message, depth), mask, 0.03).people
    assert people is not None
    assert people[8:16, 8:16].all()
    np.testing.assert_array_equal(people, expected)
