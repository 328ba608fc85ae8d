# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings: each defined once, checked wherever it is set."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.settings import NetworkSettings, NodeSettings, SegmentSettings, all_settings

REFUSED_BY_US = {
    'segmentationThreshold': (SegmentSettings, 'threshold', 'threshold must be between 0 and 1, got'),
    'maxDetections': (SegmentSettings, 'max_people', 'max_people must be between 1 and 255, got'),
    'scoreThreshold': (SegmentSettings, 'score_threshold', 'score_threshold must be between 0 and 1, got'),
    'nmsRadius': (SegmentSettings, 'nms_radius', 'nms_radius must be'),
    'minKeypointScore': (SegmentSettings, 'min_keypoint_score', 'min_keypoint_score must be between 0 and 1, got'),
    'refineSteps': (SegmentSettings, 'refine_steps', 'refine_steps must be between 1 and 20, got'),
    'internalResolution': (
        NetworkSettings,
        'internal_resolution',
        'must be auto, low, medium, high, full, a fraction of',
    ),
}


def test_every_name_is_defined_once() -> None:
    names = [setting.name for setting in all_settings()]
    assert len(names) == len(set(names))
    assert {'multiplier', 'stride', 'threshold'} <= set(names)


@pytest.mark.parametrize('setting', all_settings(), ids=lambda setting: setting.name)
def test_every_default_is_allowed_and_every_setting_is_described(setting) -> None:
    assert setting.check(setting.default) == setting.default
    assert setting.range_text
    assert setting.description[-1] not in '. '


def test_numbers_are_taken_in_the_settings_own_type() -> None:
    assert NetworkSettings(multiplier=1).multiplier == 1.0
    assert NetworkSettings(internal_resolution='0.37').internal_resolution == 0.37
    assert NetworkSettings(internal_resolution=2).internal_resolution == 2.0


@pytest.mark.parametrize(
    ('group', 'name', 'value', 'text'),
    [
        (NetworkSettings, 'stride', 12, 'stride must be 8, 16 or 32, got 12'),
        (NetworkSettings, 'stride', 16.0, 'stride must be 8, 16 or 32, got 16.0'),
        (NetworkSettings, 'stride', True, 'stride must be 8, 16 or 32, got True'),
        (NetworkSettings, 'require_gpu', 1, 'require_gpu must be true or false, got 1'),
        (NetworkSettings, 'device_id', -1, 'device_id must be at least 0, got -1'),
        (NetworkSettings, 'model_dir', 3, 'model_dir must be a string, got 3'),
        (NetworkSettings, 'internal_resolution', 2.01, '65..2049 pixels, got 2.01'),
        (NetworkSettings, 'internal_resolution', 'huge', "65..2049 pixels, got 'huge'"),
        (NetworkSettings, 'internal_resolution', True, '65..2049 pixels, got True'),
        (SegmentSettings, 'threshold', float('nan'), 'threshold must be between 0 and 1, got nan'),
        (SegmentSettings, 'threshold', 10**400, 'threshold must be between 0 and 1, got 1000'),
        (SegmentSettings, 'threshold', 'high', "threshold must be between 0 and 1, got 'high'"),
        (NodeSettings, 'qos', 'best', "qos must be auto, reliable or best_effort, got 'best'"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_got_and_what_is_wanted(group, name, value, text) -> None:
    with pytest.raises(SettingError) as refusal:
        group(**{name: value})
    assert text in str(refusal.value)


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(FrozenInstanceError):
        SegmentSettings().threshold = 0.7  # type: ignore[misc]


def test_what_javascript_refuses_is_refused_here_in_our_words(shared: Path) -> None:
    refused = 0
    for case in json.loads((shared / 'golden' / 'errors.json').read_text()):
        function, _, options = case['call'].removesuffix(')').partition('(')
        if not function.startswith('segment') or case['error'] is None or not options.startswith('{'):
            continue
        ((option, value),) = json.loads(options).items()
        group, name, text = REFUSED_BY_US[option]
        with pytest.raises(SettingError, match=text):
            group(**{name: value})
        refused += 1
    assert refused == 38
