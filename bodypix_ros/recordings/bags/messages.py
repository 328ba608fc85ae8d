# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Message types in bags: definitions, hashes and serialisation, with rosbags and without ROS."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from .storage import BagError, RawMessage, TopicInfo, Wire

IMAGE, COMPRESSED_IMAGE = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
PERSON_ARRAY = 'bodypix_ros/msg/PersonArray'

IMAGE_TYPES = (IMAGE, COMPRESSED_IMAGE)
OTHER_IMAGE_TYPES = (
    'ffmpeg_image_transport_msgs/msg/FFMPEGPacket',
    'foxglove.CompressedImage',
    'foxglove.CompressedVideo',
    'foxglove.RawImage',
    'foxglove_msgs/msg/CompressedImage',
    'foxglove_msgs/msg/CompressedVideo',
    'foxglove_msgs/msg/RawImage',
    'h264_msgs/msg/Packet',
    'theora_image_transport/msg/Packet',
    'wfov_camera_msgs/msg/WFOVImage',
)
"""Types of images and video that are not supported, besides those that contain messages of IMAGE_TYPES."""

_IMAGE_FIELD = re.compile(
    r'^[ \t]*(MSG: |IDL: )?sensor_msgs/(msg/)?(Compressed)?Image\b|sensor_msgs::msg::(Compressed)?Image\b', re.MULTILINE
)


def read(message: RawMessage) -> Any:
    """Return the deserialised message.

    Raises:
        BagError: the data do not have the type of the topic.
    """
    store = _store(message.wire)
    read = store.deserialize_ros1 if message.wire == 'ros1' else store.deserialize_cdr
    try:
        return read(message.data, message.msgtype)
    except Exception as error:  # SerdeError, and what its generated code raises for damaged data
        raise BagError(f'the message of {len(message.data)} bytes is not a {message.msgtype} ({error})') from error


def write(content: Any, wire: Wire) -> bytes:
    """Return a message of `new` or `read` in serialised form."""
    store = _store(wire)
    write = store.serialize_ros1 if wire == 'ros1' else store.serialize_cdr
    return bytes(write(content, content.__msgtype__))


def new(msgtype: str, wire: Wire, **fields: Any) -> Any:
    """Return a message of a type; all of its fields must be given."""
    return _store(wire).types[msgtype](**fields)


def empty(msgtype: str, wire: Wire) -> Any:
    """Return a message of one of IMAGE_TYPES without content."""
    stamp = new('builtin_interfaces/msg/Time', wire, sec=0, nanosec=0)
    sequence = {'seq': 0} if wire == 'ros1' else {}
    header = new('std_msgs/msg/Header', wire, stamp=stamp, frame_id='', **sequence)
    data = np.zeros(0, np.uint8)
    if msgtype == COMPRESSED_IMAGE:
        return new(msgtype, wire, header=header, format='', data=data)
    return new(msgtype, wire, header=header, height=0, width=0, encoding='', is_bigendian=0, step=0, data=data)


def definition_of(msgtype: str, wire: Wire) -> tuple[str, str]:
    """Return the definition of a type with those of its fields, and its hash; see `NewTopic`."""
    store = _store(wire)
    if wire == 'ros1':
        return store.generate_msgdef(msgtype, ros_version=1)
    return store.generate_msgdef(msgtype, ros_version=2)[0], store.hash_rihs01(msgtype)


def contains_images(topic: TopicInfo) -> bool:
    """Return whether messages of a topic are images or contain some; judged by the definition in the bag, if any."""
    if topic.msgtype in (*IMAGE_TYPES, *OTHER_IMAGE_TYPES):
        return True
    definition = topic.definition
    if not definition and topic.msgtype in _store(topic.wire).types:
        definition, _ = definition_of(topic.msgtype, topic.wire)
    return _IMAGE_FIELD.search(definition) is not None


@cache
def _store(wire: Wire) -> Typestore:
    """Return the types of the standard messages and of ours."""
    store = get_typestore(Stores.ROS1_NOETIC if wire == 'ros1' else Stores.LATEST)
    types: dict[str, Any] = {}
    for path in sorted(definitions_folder().glob('*.msg')):
        types.update(get_types_from_msg(path.read_text(encoding='utf-8'), f'bodypix_ros/msg/{path.stem}'))
    store.register(types)
    return store


@cache
def definitions_folder() -> Path:
    """Return the folder of our .msg files: in this checkout, in the installed package or in its ROS workspace.

    Raises:
        BagError: none of them exists.
    """
    package = Path(__file__).resolve().parents[2]
    prefixes = [prefix for prefix in package.parents if (prefix / 'share' / 'bodypix_ros').is_dir()]
    folders = [package.parent / 'msg', *(prefix / 'share' / 'bodypix_ros' / 'msg' for prefix in prefixes)]
    packaged = package / 'data' / 'msg'
    for folder in (*folders, packaged):
        if (folder / 'PersonArray.msg').is_file():
            return folder
    raise BagError(f'the message definitions of bodypix_ros are missing; expected them in {packaged}')
