# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags of each format that tests write: camera images, camera infos and other topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag1 import Reader as Reader1
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Reader as Reader2
from rosbags.rosbag2 import Writer as Writer2

from bodypix_ros.recordings.bags import messages as bag_messages
from bodypix_ros.recordings.bags.storage import RawMessage, Wire

FORMATS = ('ros1', 'sqlite3', 'mcap')
START_NS = 1_700_000_000_000_000_000
STEP_NS = 40_000_000
IMAGES = '/camera/image_raw'
JPEGS = '/rear/image/compressed'
INFO = '/camera/camera_info'
WORDS = '/chatter'
TYPES = {
    IMAGES: 'sensor_msgs/msg/Image',
    JPEGS: 'sensor_msgs/msg/CompressedImage',
    INFO: 'sensor_msgs/msg/CameraInfo',
    WORDS: 'std_msgs/msg/String',
}
_TIME = QosTime(0, 0)
SENSOR_QOS = Qos(
    QosHistory.KEEP_LAST,
    5,
    QosReliability.BEST_EFFORT,
    QosDurability.VOLATILE,
    _TIME,
    _TIME,
    QosLiveliness.AUTOMATIC,
    _TIME,
    False,
)


def header(stamp_ns: int, wire: Wire, frame: str = 'optical') -> Any:
    stamp = bag_messages.new('builtin_interfaces/msg/Time', wire, sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    sequence = {'seq': 7} if wire == 'ros1' else {}
    return bag_messages.new('std_msgs/msg/Header', wire, stamp=stamp, frame_id=frame, **sequence)


def image_message(
    pixels: NDArray[Any], encoding: str, stamp_ns: int = START_NS, wire: Wire = 'cdr', topic: str = IMAGES
) -> RawMessage:
    """Return a message with (rows, W, channels) or (rows, W) pixels; the height is that of BGR images."""
    from bodypix_ros.encodings import ENCODINGS

    rows = ENCODINGS[encoding].rows if encoding in ENCODINGS else 2
    content = bag_messages.new(
        'sensor_msgs/msg/Image',
        wire,
        header=header(stamp_ns, wire),
        height=pixels.shape[0] * 2 // rows,
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels[0].nbytes,
        data=np.ascontiguousarray(pixels).view(np.uint8).reshape(-1),
    )
    return RawMessage(topic, TYPES[IMAGES], stamp_ns, bag_messages.write(content, wire), wire)


def compressed_message(
    data: bytes, form: str = 'bgr8; jpeg compressed bgr8', stamp_ns: int = START_NS, wire: Wire = 'cdr'
) -> RawMessage:
    content = bag_messages.new(
        'sensor_msgs/msg/CompressedImage',
        wire,
        header=header(stamp_ns, wire),
        format=form,
        data=np.frombuffer(data, np.uint8),
    )
    return RawMessage(JPEGS, TYPES[JPEGS], stamp_ns, bag_messages.write(content, wire), wire)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode('.jpg', picture)[1])


def word_message(text: str, stamp_ns: int, wire: Wire) -> RawMessage:
    content = bag_messages.new(TYPES[WORDS], wire, data=text)
    return RawMessage(WORDS, TYPES[WORDS], stamp_ns, bag_messages.write(content, wire), wire)


def info_message(stamp_ns: int, wire: Wire) -> RawMessage:
    matrix = np.eye(3).reshape(-1)
    region = bag_messages.new(
        'sensor_msgs/msg/RegionOfInterest', wire, x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    capital = wire == 'ros1'
    names = {name: name.upper() if capital else name for name in 'dkrp'}
    content = bag_messages.new(
        TYPES[INFO],
        wire,
        header=header(stamp_ns, wire),
        height=120,
        width=160,
        distortion_model='plumb_bob',
        **{names['d']: np.zeros(5), names['k']: matrix, names['r']: matrix, names['p']: np.zeros(12)},
        binning_x=0,
        binning_y=0,
        roi=region,
    )
    return RawMessage(INFO, TYPES[INFO], stamp_ns, bag_messages.write(content, wire), wire)


def clip_messages(pictures: Sequence[NDArray[np.uint8]], wire: Wire) -> Iterator[RawMessage]:
    """Yield each picture as Image and as CompressedImage, with a camera info and a word."""
    for number, picture in enumerate(pictures):
        stamp_ns = START_NS + number * STEP_NS
        yield word_message(f'before {number}', stamp_ns, wire)
        yield info_message(stamp_ns, wire)
        yield image_message(picture, 'bgr8', stamp_ns, wire)
        yield compressed_message(jpeg(picture), stamp_ns=stamp_ns + STEP_NS // 2, wire=wire)


def write_bag(
    folder: Path, form: str, messages: Sequence[RawMessage], compression: str = '', name: str = 'drive'
) -> Path:
    """Write messages as a bag of one of FORMATS and return its path; the topics have the QoS of sensors."""
    if form == 'ros1':
        path = folder / f'{name}.bag'
        writer: Any = Writer1(path)
        if compression:
            writer.set_compression(Writer1.CompressionFormat[compression.upper()])
    else:
        path = folder / name
        plugin = StoragePlugin.MCAP if form == 'mcap' else StoragePlugin.SQLITE3
        writer = Writer2(path, version=9, storage_plugin=plugin)
        if compression:
            writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        connections = {}
        for message in messages:
            if message.topic not in connections:
                definition, digest = bag_messages.definition_of(message.msgtype, message.wire)
                known = {'msgdef': definition}
                if form == 'ros1':
                    known |= {'md5sum': digest, 'callerid': '/recorder', 'latching': 0}  # type: ignore[dict-item]
                else:
                    known |= {'rihs01': digest, 'offered_qos_profiles': [SENSOR_QOS]}  # type: ignore[dict-item]
                connections[message.topic] = writer.add_connection(message.topic, message.msgtype, **known)
            writer.write(connections[message.topic], message.stamp_ns, message.data)
    return path


def read_bag(path: Path, form: str = '') -> list[tuple[str, str, int, bytes]]:
    """Return topic, type, time and data of all messages, as rosbags reads them."""
    reader: Any = Reader1(path) if path.suffix == '.bag' or form == 'ros1' else Reader2(path)
    with reader:
        return [(one.topic, one.msgtype, stamp_ns, bytes(data)) for one, stamp_ns, data in reader.messages()]


def connections_of(path: Path) -> dict[str, tuple[Any, ...]]:
    """Return type, definition, hash and extension (QoS, latching, caller) of each topic, as rosbags reads them."""
    reader: Any = Reader1(path) if path.suffix == '.bag' else Reader2(path)
    with reader:
        return {one.topic: (one.msgtype, one.msgdef, one.digest, one.ext) for one in reader.connections}
