# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Topics of the cameras, and the resulting remappings of the node and of RViz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from ..errors import SettingError

Remappings = list[tuple[str, str]]

MAX_NVBLOX_CAMERAS = 4

SHOWN = ('overlay', 'parts_color', 'mask')
"""Images of the node that the RViz layouts show in addition to the camera images."""


def image_topics(image: str, cameras: Sequence[str]) -> dict[str, str]:
    """Return the image topic of each camera.

    Args:
        image: the launch argument: a relative name, which is prefixed with the name of each camera like all its
            topics, or one topic per camera in their order: `[/front/color/image_raw, /rear/image_raw]`.
        cameras: their names; a single empty name is one camera without a name.

    Raises:
        SettingError: the number of topics differs from the number of cameras.
    """
    names = ', '.join(cameras) or 'a single camera without a name'
    if image.startswith('['):
        topics = _read_list(image)
        if len(topics) != len(cameras):
            raise SettingError(f'image must be a list of one topic per camera ({names}), got {image}')
        return dict(zip(cameras, topics, strict=True))
    if image.startswith('/') and len(cameras) > 1:
        raise SettingError(f'image must be relative, or a list of one topic per camera ({names}), got {image}')
    return {camera: image if image.startswith('/') else _under(camera, image) for camera in cameras}


def node_remappings(topics: Mapping[str, str]) -> Remappings:
    """Return the remappings of the inputs of the node: images, and camera_info in the namespace of the images."""
    remappings = []
    for camera, topic in topics.items():
        remappings += [
            (_under(camera, 'image'), topic),
            (_under(camera, 'camera_info'), beside(topic, 'camera_info')),
        ]
    return [(name, topic) for name, topic in remappings if name != topic]


def rviz_remappings(topics: Mapping[str, str]) -> Remappings:
    """Return the remappings of the absolute topics in the RViz layouts to the namespace of the node."""
    remappings = []
    for camera, topic in topics.items():
        remappings.append((f'/{_under(camera, "image")}', topic))
        remappings += [(f'/{_under(camera, name)}', _under(camera, name)) for name in SHOWN]
    return remappings


def nvblox_remappings(images: Mapping[str, str], depths: Mapping[str, str]) -> Remappings:
    """Return the remappings of the inputs of nvblox, which numbers its cameras.

    Args:
        images: topic of the colour images of each camera.
        depths: topic of its depth images.

    Raises:
        SettingError: there are more cameras than nvblox has inputs for.
    """
    if len(images) > MAX_NVBLOX_CAMERAS:
        raise SettingError(f'cameras must be at most {MAX_NVBLOX_CAMERAS} for nvblox, got {", ".join(images)}')
    remappings = []
    for number, camera in enumerate(images):
        topics = {'color': images[camera], 'depth': depths[camera], 'mask': _under(camera, 'mask')}
        for name, topic in topics.items():
            info = f'{topic}/camera_info' if name == 'mask' else beside(topic, 'camera_info')
            remappings += [
                (f'camera_{number}/{name}/image', topic),
                (f'camera_{number}/{name}/camera_info', info),
            ]
    return remappings


def beside(topic: str, name: str) -> str:
    """Return the topic of a name in the namespace of another topic."""
    folder, slash, _ = topic.rpartition('/')
    return f'{folder}{slash}{name}'


def _read_list(text: str) -> list[str]:
    try:
        return list(map(str, yaml.safe_load(text)))
    except yaml.YAMLError:
        return []


def _under(camera: str, name: str) -> str:
    return f'{camera}/{name}' if camera else name
