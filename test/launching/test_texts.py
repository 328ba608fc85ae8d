# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.launching.texts import parameter_text, read_value, value_text
from bodypix_ros.setting import Setting, Value
from bodypix_ros.settings import all_settings

yaml = pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

SETTINGS = {one.name: one for one in all_settings()}


@pytest.mark.parametrize(
    ('name', 'text', 'value'),
    [
        ('threshold', '0.8', 0.8),
        ('threshold', '1', 1.0),
        ('stride', '8', 8),
        ('multiplier', '1', 1.0),
        ('lazy', 'false', False),
        ('parts_encoding', '8SC1', '8SC1'),
        ('model_dir', '123', '123'),
        ('internal_resolution', 'medium', 'medium'),
        ('internal_resolution', '0.4', 0.4),
        ('cameras', '[front, rear]', ('front', 'rear')),
        ('cameras', '[]', ()),
    ],
)
def test_a_text_becomes_the_value_in_the_settings_own_type(name: str, text: str, value: Value) -> None:
    read = read_value(SETTINGS[name], text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize('setting', SETTINGS.values(), ids=SETTINGS)
def test_every_default_is_read_back_as_it_was_written(setting: Setting) -> None:
    assert read_value(setting, value_text(setting.default)) == setting.default


@pytest.mark.parametrize(
    ('name', 'text', 'sentence'),
    [
        ('stride', '12', 'stride must be 8, 16 or 32, got 12'),
        ('threshold', 'high', "threshold must be between 0 and 1, got 'high'"),
        ('lazy', 'perhaps', "lazy must be true or false, got 'perhaps'"),
        ('stride', '[8', "stride must be 8, 16 or 32, got '[8'"),
        ('cameras', 'front', "cameras must be a list of names, got 'front'"),
        ('overlay_opacity', '3.5', 'overlay_opacity must be between 0 and 1, got 3.5'),
    ],
)  # fmt: skip
def test_a_wrong_text_is_refused_with_a_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_value(SETTINGS[name], text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        (True, 'true'),
        (8, '8'),
        (0.5, '0.5'),
        ('medium', '"medium"'),
        ('123', '"123"'),
        ('true', '"true"'),
        ('/home/ž/{a: "b"}', r'"/home/ž/{a: \"b\"}"'),
        (('front', 'rear'), '["front", "rear"]'),
    ],
)
def test_a_value_becomes_yaml_that_keeps_its_type(value: Value, text: str) -> None:
    assert parameter_text(value) == text
    read = yaml.safe_load(text)
    assert (tuple(read) if isinstance(read, list) else read) == value
