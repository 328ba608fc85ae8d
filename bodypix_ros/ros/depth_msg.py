# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts messages of `depth_filter` to arrays and back. Each message is checked; its data is viewed, not copied."""

from __future__ import annotations

import array
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image, PointCloud2, PointField

from ..depth.people_mask import Depth
from ..depth.registration import Points
from ..encodings import LABEL_ENCODINGS
from ..image_layout import BadImage, check_data, check_size

_DEPTH = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}
_MASKS = {'mono8': np.uint8, '8UC1': np.uint8}


def view_depth(msg: Image) -> Depth:
    """Return a depth image, (H, W): uint16 millimetres or float32 metres, see REP 118.

    Raises:
        BadImage: zero or excessive size, unsupported encoding, wrong step, too little data.
    """
    return _view(msg, _DEPTH, 'a depth image')


def view_mask(msg: Image) -> NDArray[np.uint8]:
    """Return a mask, (H, W) uint8: all values except 0 are people; or the labels of people.

    Raises:
        BadImage: zero or excessive size, unsupported encoding, wrong step, too little data.
    """
    return _view(msg, _MASKS, 'a mask')


def view_parts(msg: Image) -> NDArray[np.int8]:
    """Return the ids of parts, (H, W) int8; -1 is the background.

    Raises:
        BadImage: zero or excessive size, unsupported encoding, wrong step, too little data.
    """
    return _view(msg, LABEL_ENCODINGS, 'an image of parts').astype(np.int8)


def _view(msg: Image, encodings: dict[str, Any], what: str) -> NDArray[Any]:
    check_size(msg.height, msg.width)
    if msg.encoding not in encodings:
        *first, last = encodings
        raise BadImage('encoding', f'{what} must have encoding {", ".join(first)} or {last}, got {msg.encoding[:40]!r}')
    dtype = np.dtype(encodings[msg.encoding]).newbyteorder('>' if msg.is_bigendian else '<')
    if msg.step < msg.width * dtype.itemsize:
        raise BadImage('step', f'encoding {msg.encoding!r} with step {msg.step} cannot hold {msg.width} pixels')
    check_data(msg.data, msg.height, msg.step)
    pixels: NDArray[Any] = np.ndarray((msg.height, msg.width), dtype, msg.data, strides=(msg.step, dtype.itemsize))
    return pixels if dtype.isnative and pixels.flags.aligned else pixels.astype(dtype.newbyteorder('='))


def view_points(msg: PointCloud2) -> Points:
    """Return x, y and z of an organised cloud, (H, W) float32 each.

    Raises:
        BadImage: the cloud is not organised, has no float32 coordinates, wrong steps or too little data.
    """
    check_size(msg.height, msg.width)
    if msg.height < 2:
        text = f'an organised cloud, with one point for each pixel, is required; got {msg.width} points in a row'
        raise BadImage('unorganised', text)
    offsets = {one.name: one.offset for one in msg.fields if one.datatype == PointField.FLOAT32}
    if not {'x', 'y', 'z'} <= offsets.keys():
        names = ', '.join(one.name for one in msg.fields)[:100]
        raise BadImage('fields', f'the fields x, y and z of type FLOAT32 are required, got {names}')
    last = max(offsets[name] for name in 'xyz')
    if msg.point_step < last + 4 or msg.row_step < msg.width * msg.point_step:
        text = f'point_step {msg.point_step} and row_step {msg.row_step} cannot hold {msg.width} points'
        raise BadImage('step', text)
    check_data(msg.data, msg.height, msg.row_step)
    return coordinates(msg, msg.data, offsets)


def coordinates(msg: PointCloud2, data: Any, offsets: dict[str, int] | None = None) -> Points:
    """Return views of x, y and z, (H, W) each, in data that has the layout of a checked cloud.

    Args:
        msg: the cloud.
        data: of the cloud, or a copy.
        offsets: of its fields by name; None to read them from the message.
    """
    offsets = offsets or {one.name: one.offset for one in msg.fields}
    dtype = np.dtype('>f4' if msg.is_bigendian else '<f4')
    shape, strides = (msg.height, msg.width), (msg.row_step, msg.point_step)
    x, y, z = (np.ndarray(shape, dtype, data, offsets[name], strides) for name in 'xyz')
    return x, y, z


def copy_cloud(source: PointCloud2, target: PointCloud2) -> Points:
    """Copy a cloud, and return views of the copy's x, y and z, (H, W) each, for writing."""
    for name in ('header', 'height', 'width', 'fields', 'is_bigendian', 'point_step', 'row_step', 'is_dense'):
        setattr(target, name, getattr(source, name))
    target.data = array.array('B', source.data)
    return coordinates(target, target.data)


def write_cloud(message: PointCloud2, header: Any, points: NDArray[np.void]) -> None:
    """Write (N,) points of a structured type into a message, as an unorganised cloud without invalid points."""
    kinds = {'f4': PointField.FLOAT32, 'u2': PointField.UINT16, 'i1': PointField.INT8}
    fields = points.dtype.fields
    assert fields is not None, 'points have named fields'
    message.header = header
    message.height, message.width = 1, len(points)
    message.fields = [
        PointField(name=name, offset=field[1], datatype=kinds[field[0].str[1:]], count=1)
        for name, field in fields.items()
    ]
    message.is_bigendian, message.is_dense = sys.byteorder == 'big', True
    message.point_step = points.dtype.itemsize
    message.row_step = points.nbytes
    message.data = array.array('B', points.tobytes())
