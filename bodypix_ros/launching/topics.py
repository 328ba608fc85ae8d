"""Which topics of the cameras the node's topics are connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from ..errors import SettingError

Remappings = list[tuple[str, str]]

SHOWN = ('overlay', 'parts_color', 'mask')
"""The node's images that the RViz layouts show, beside the camera's own."""


def image_topics(image: str, cameras: Sequence[str]) -> dict[str, str]:
    """Return the topic of the images of each camera.

    Args:
        image: what was asked for. A relative name stands under the camera's name, as all topics of a camera do;
            `[/front/color/image_raw, /rear/image_raw]` gives one topic for each camera, in their order.
        cameras: their names; one empty name is one camera without a name.

    Raises:
        SettingError: cameras and topics do not match; the text names both.
    """
    names = ', '.join(cameras) or 'one without a name'
    if image.startswith('['):
        topics = _read_list(image)
        if len(topics) != len(cameras):
            raise SettingError(f'image must have one topic for each camera ({names}), got {image}')
        return dict(zip(cameras, topics, strict=True))
    if image.startswith('/') and len(cameras) > 1:
        raise SettingError(
            f'image must be a list of topics, or a name under that of each camera ({names}), got {image}'
        )
    return {camera: image if image.startswith('/') else _under(camera, image) for camera in cameras}


def node_remappings(topics: Mapping[str, str]) -> Remappings:
    """Connect the node's inputs: the images, and the camera_info that stands beside them."""
    remappings = []
    for camera, topic in topics.items():
        remappings += [
            (_under(camera, 'image'), topic),
            (_under(camera, 'camera_info'), _beside(topic, 'camera_info')),
        ]
    return [(name, topic) for name, topic in remappings if name != topic]


def rviz_remappings(topics: Mapping[str, str]) -> Remappings:
    """Connect the topics of the RViz layouts, which are written from the root, to the namespace of the node."""
    remappings = []
    for camera, topic in topics.items():
        remappings.append((f'/{_under(camera, "image")}', topic))
        remappings += [(f'/{_under(camera, name)}', _under(camera, name)) for name in SHOWN]
    return remappings


def _read_list(text: str) -> list[str]:
    try:
        return list(map(str, yaml.safe_load(text)))
    except yaml.YAMLError:
        return []


def _under(camera: str, name: str) -> str:
    return f'{camera}/{name}' if camera else name


def _beside(topic: str, name: str) -> str:
    folder, slash, _ = topic.rpartition('/')
    return f'{folder}{slash}{name}'
