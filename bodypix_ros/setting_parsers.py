# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parsers of settings whose values have a format: sizes, resolutions, poses and lists of names."""

from __future__ import annotations

import math
import re

from .errors import SettingError, quoted, shorten
from .parts import PART_GROUPS, PARTS
from .setting import Value

RESOLUTIONS = {'low': 0.25, 'medium': 0.5, 'high': 0.75, 'full': 1.0}
"""BodyPix's names for the size of the network input as a fraction of the image's height and width."""

MIN_PIXELS, MAX_PIXELS = 65, 2049
"""Range of `internal_resolution` as the longer side of the input of bodypix_ros, pixels."""

_CAMERA_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*')
_SIZE = re.compile(r'([1-9][0-9]*)x([1-9][0-9]*)')


def parse_resolution(name: str, value: Value) -> Value:
    """Return 'auto', one of the names, a fraction as float, or a number of pixels as int; accept numbers as strings."""
    if value == 'auto' or (isinstance(value, str) and value in RESOLUTIONS):
        return value
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else float('nan')
    except (ValueError, OverflowError):
        number = float('nan')
    if 0.1 <= number <= 2.0:
        return number
    if MIN_PIXELS <= number <= MAX_PIXELS and number == int(number):
        return int(number)
    raise SettingError(
        f'{name} must be auto, low, medium, high, full, a fraction of 0.1..2.0 or, for bodypix_ros, '
        f'an integer of {MIN_PIXELS}..{MAX_PIXELS} pixels, got {quoted(value)}'
    )


def _parse_names(name: str, value: Value) -> tuple[str, ...]:
    """Return a list of names; [''], which version 0.1 and ROS use for an empty list, means none."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise SettingError(f'{name} must be a list of names, got {quoted(value)}')
    return () if tuple(value) == ('',) else tuple(value)


def parse_cameras(name: str, value: Value) -> Value:
    """Return the names of cameras; none means one camera without a name."""
    cameras = _parse_names(name, value)
    bad = [camera for camera in cameras if not _CAMERA_NAME.fullmatch(camera)]
    if bad:
        raise SettingError(f'{name} must be names such as front or arm/left, got {quoted(bad[0])}')
    if len(set(cameras)) < len(cameras):
        raise SettingError(f'{name} must be unique names, got {shorten(", ".join(cameras))}')
    return cameras


def parse_mask_parts(name: str, value: Value) -> Value:
    """Return the names of parts and groups; none means the whole person."""
    names = _parse_names(name, value)
    known = {part.name for part in PARTS} | PART_GROUPS.keys()
    unknown = [one for one in names if one not in known]
    if unknown:
        groups = ', '.join(PART_GROUPS)
        raise SettingError(f'{name} must be {groups}, or names of parts such as left_hand, got {quoted(unknown[0])}')
    return names


def read_size(text: str) -> tuple[int, int]:
    """Return the width and height, pixels, of a text such as '640x480'.

    Raises:
        ValueError: the text has another format, or the size exceeds the limits for images.
    """
    from .encodings import size_problem  # imports OpenCV, which launch files do not need

    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f'a size must be WIDTHxHEIGHT such as 640x480, got {quoted(text)}')
    width, height = (int(number[:9]) for number in match.groups())
    if problem := size_problem(height, width):
        raise ValueError(f'a size of {problem}')
    return width, height


def parse_size(name: str, value: Value) -> Value:
    """Return a size as text; empty means none."""
    try:
        if value != '':
            read_size(str(value))
    except ValueError:
        raise SettingError(
            f'{name} must be a width and height such as 640x480, or empty, got {quoted(value)}'
        ) from None
    return value


def parse_pose(name: str, value: Value) -> Value:
    """Return the text of a pose, x y z qx qy qz qw; empty means none."""
    words = value.split() if isinstance(value, str) else []
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    norm = sum(number * number for number in numbers[3:])
    if value != '' and not (len(numbers) == 7 and math.isfinite(sum(map(abs, numbers))) and 0.98 < norm < 1.02):
        raise SettingError(
            f'{name} must be empty or "x y z qx qy qz qw", metres and a quaternion of length 1, got {quoted(value)}'
        )
    return value
