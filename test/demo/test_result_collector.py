# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node that collects results, without another node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS')
pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package, built by colcon or pip')

from sensor_msgs.msg import Image

from bodypix_ros.demo.result_collector import TOPICS, collecting, topics_of
from bodypix_ros.msg import Stats
from bodypix_ros.ros.image_msg import fill

if TYPE_CHECKING:
    from bodypix_ros.demo.result_collector import ResultCollector


@pytest.fixture
def collector(domain: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResultCollector]:
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    with collecting('/demo', ('mask', 'parts_color', 'instances')) as collector:
        yield collector


def image(pixels: np.ndarray, encoding: str) -> Image:
    message = Image()
    fill(message, message.header, pixels, encoding)
    return message


def test_it_is_complete_once_all_images_and_the_name_of_the_model_have_arrived(collector: ResultCollector) -> None:
    collector.stats = Stats(model='bodypix_ros 1.0')
    collector.images = {'mask': Image(), 'parts_color': Image()}
    assert not collector.complete
    collector.images['instances'] = Image()
    assert collector.complete
    collector.stats = Stats(model='')
    assert not collector.complete, 'statistics from before the model was loaded'


def test_the_rate_counts_the_intervals_between_masks(collector: ResultCollector) -> None:
    collector.arrivals_s = [10.0]
    assert collector.rate_hz == 0.0
    collector.arrivals_s = [10.0, 10.1, 10.2, 10.4]
    assert collector.rate_hz == pytest.approx(7.5)


def test_pictures_are_grey_or_bgr(collector: ResultCollector) -> None:
    mask = np.array([[0, 255, 0]], np.uint8)
    rgb = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], np.uint8)
    collector.images = {
        'mask': image(mask, 'mono8'),
        'parts_color': image(rgb, 'rgb8'),
        'instances': image(np.array([[0, 1, 2]], np.uint8), '8UC1'),
    }
    pictures = collector.pictures()
    assert np.array_equal(pictures['mask'][..., 0], mask)
    assert np.array_equal(pictures['parts_color'], rgb[..., ::-1])
    colors = [tuple(color) for color in pictures['instances'][0].tolist()]
    assert colors[0] == (0, 0, 0)
    assert len(set(colors)) == 3, 'each person has a colour of its own'


def test_models_without_parts_are_not_expected_to_publish_them() -> None:
    assert topics_of('bodypix_ros') == topics_of('bodypix') == TOPICS
    assert topics_of('blazepose_full') == ('mask', 'overlay', 'instances')
    assert topics_of('selfie_landscape') == ('mask', 'overlay')
