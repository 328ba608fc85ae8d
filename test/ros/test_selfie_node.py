# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node with selfie segmentation, and with models whose weights are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, pixels

import bodypix_ros
from bodypix_ros.anonymizer import SEARCH_SETTINGS, Anonymizer
from bodypix_ros.msg import PersonArray, Stats
from bodypix_ros.settings import AnonymizeSettings

WARN = b'\1'


WITHOUT_PACKAGE = (
    '-c',
    'import importlib.util, sys; find = importlib.util.find_spec; '
    'importlib.util.find_spec = lambda name, *given: None if name == "mediapipe" else find(name, *given); '
    'from bodypix_ros.ros.main import main; sys.exit(main())',
)
"""The node on a machine without the package mediapipe, which contains these networks."""


@pytest.fixture(scope='module')
def node(start_plain: Callable[..., Process], mediapipe_dir: str) -> Process:
    return start_plain('-p', 'model:=selfie_general', '-p', f'model_dir:={mediapipe_dir}', '-r', '__ns:=/selfie')


@pytest.mark.parametrize('crop', ['picture', 'people'])
def test_the_mask_equals_that_of_the_api(
    robot: Robot, node: Process, mediapipe_dir: str, astronaut: NDArray[np.uint8], crop: str
) -> None:
    net = bodypix_ros.load(model='selfie_general', model_dir=mediapipe_dir, provider='cpu')
    expected = net.segment(astronaut, selfie_crop=crop, confidence=True)
    topics = ['/selfie/mask', '/selfie/confidence']
    for topic in topics:
        robot.subscribe(topic)
    robot.subscribe('/selfie/bodypix/stats', Stats)
    robot.next('/selfie/bodypix/stats', lambda stats: stats.model == 'MediaPipe selfie_general')
    assert robot.set('selfie_crop', crop, node='/selfie/bodypix') == ''
    image = robot.message(astronaut)
    found = robot.answer(image, topics, camera='/selfie/image')
    assert found['/selfie/mask'].header == found['/selfie/confidence'].header == image.header
    np.testing.assert_array_equal(pixels(found['/selfie/mask']) > 0, expected.mask)
    np.testing.assert_array_equal(pixels(found['/selfie/confidence']), expected.confidence)
    assert expected.mask.mean() > 0.3


def test_the_anonymised_image_requires_no_crops_of_people(
    robot: Robot, node: Process, mediapipe_dir: str, astronaut: NDArray[np.uint8]
) -> None:
    assert robot.set('selfie_crop', 'picture', node='/selfie/bodypix') == ''
    net = bodypix_ros.load(model='selfie_general', model_dir=mediapipe_dir, provider='cpu')
    found = net.segment(astronaut, SEARCH_SETTINGS, people=True, confidence=True)
    expected = Anonymizer(AnonymizeSettings()).anonymize(astronaut, found, 0.0).image
    robot.subscribe('/selfie/anonymized')
    answers = robot.answer(robot.message(astronaut), ['/selfie/anonymized'], camera='/selfie/image')
    np.testing.assert_array_equal(pixels(answers['/selfie/anonymized']), expected)
    assert (expected != astronaut).any(axis=2).mean() > 0.1
    robot.unsubscribe('/selfie/anonymized')


def test_people_require_crops_of_people(robot: Robot, node: Process, astronaut: NDArray[np.uint8]) -> None:
    assert robot.set('selfie_crop', 'picture', node='/selfie/bodypix') == ''
    robot.subscribe('/selfie/people', PersonArray)
    image = robot.message(astronaut)

    def shown(status: Any) -> bool:
        robot.show(image, '/selfie/image')
        return bool(status.level == WARN and 'does not separate people: set selfie_crop to people' in status.message)

    robot.diagnosis('network', shown, node='selfie/bodypix')


def test_missing_weights_are_replaced_by_our_model(
    start_plain: Callable[..., Process], robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = start_plain('-p', 'model:=blazepose_lite', '-r', '__ns:=/missing', program=WITHOUT_PACKAGE)
    robot.subscribe('/missing/bodypix/stats', Stats)
    stats = robot.next('/missing/bodypix/stats', lambda stats: stats.model.startswith('bodypix_ros'))
    assert 'pose_detection and pose_landmarks_lite were not found on this machine; fetch pose_' in stats.model_reason
    robot.diagnosis(
        'network',
        lambda status: (
            status.level == WARN
            and 'running bodypix_ros 1.0 instead of the requested model: pose_detection and pose_landmarks_lite were'
            in status.message
        ),
        node='missing/bodypix',
    )
    assert 'running bodypix_ros instead (set fallback to false to refuse)' in node.log
    refused = robot.set('model', 'selfie_landscape', node='/missing/bodypix')
    assert refused.startswith('selfie_landscape was not found on this machine; ')


def test_without_fallback_the_node_refuses(start_plain: Callable[..., Process], robot: Robot) -> None:
    node = start_plain(
        '-p', 'model:=selfie_general', '-p', 'fallback:=false', '-r', '__ns:=/refusing', program=WITHOUT_PACKAGE
    )
    robot.until_logged(node, 'failed to load the model: selfie_general was not found on this machine')
