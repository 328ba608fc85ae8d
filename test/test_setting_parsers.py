# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Values of settings that have a form of their own; see also test_settings.py."""

from __future__ import annotations

import re

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.setting_parsers import parse_cameras, parse_mask_parts, parse_size, read_size


def test_a_size_is_a_width_and_a_height() -> None:
    assert read_size('640x480') == (640, 480)
    assert read_size('16384x2048') == (16384, 2048)


@pytest.mark.parametrize('text', ['', '640', '0x480', '640x0', '640 x 480', '640x480x3', '-1x5', '６４０x480'])
def test_a_text_of_another_form_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f'a size must be WIDTHxHEIGHT such as 640x480, got {text!r}')):
        read_size(text)


@pytest.mark.parametrize('text', ['16385x1', '8192x8192', f'{"9" * 5000}x1'])
def test_sizes_have_the_limits_of_images(text: str) -> None:
    with pytest.raises(ValueError, match='a size of .* exceeds the limit of 33554432 pixels, 16384 per side'):
        read_size(text)
    with pytest.raises(SettingError, match='semantic_size must be a width and height such as 640x480, or empty, got'):
        parse_size('semantic_size', text)


def test_an_empty_size_is_kept() -> None:
    assert parse_size('semantic_size', '') == ''


def test_a_list_with_an_empty_name_is_empty() -> None:
    assert parse_cameras('cameras', ['']) == parse_cameras('cameras', []) == ()
    assert parse_mask_parts('mask_parts', ('',)) == ()


@pytest.mark.parametrize('value', ['faces', ['faces', 1], 5, None])
def test_other_values_than_lists_of_names_are_refused(value) -> None:
    with pytest.raises(SettingError, match=re.escape(f'mask_parts must be a list of names, got {value!r}')):
        parse_mask_parts('mask_parts', value)
