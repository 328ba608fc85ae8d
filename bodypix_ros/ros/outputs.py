"""What the node gives out for each image: on which topic, as which message, and what must be found for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image

from ..encodings import encode_labels, encode_mask
from ..msg import PersonArray
from ..palettes import BLACK, palette_colors
from ..parts import PartIds
from ..people import People
from ..render import colorize_parts, overlay_needs_parts, render_overlay
from ..segmentation import Segmentation
from ..settings import PictureSettings
from .image_msg import fill, prepare
from .people_msg import write_people


@dataclass(frozen=True)
class Result:
    """What is known about one image when its messages are made.

    Attributes:
        header: std_msgs/Header of the image.
        picture: (H, W, 3) uint8 BGR.
        segmentation: who is where.
        part_ids: numbering of the parts.
        settings: how pictures are drawn.
        camera_info: the newest of the camera; None where there is none.
    """

    header: Any
    picture: NDArray[np.uint8]
    segmentation: Segmentation
    part_ids: PartIds
    settings: PictureSettings
    camera_info: CameraInfo | None = None

    @property
    def labels(self) -> NDArray[np.int8]:
        """The part labels, where an output needs them."""
        assert self.segmentation.parts is not None, 'an output that needs parts was made without them'
        return self.segmentation.parts

    @property
    def people(self) -> People:
        """The people, where an output needs them."""
        assert self.segmentation.people is not None, 'an output that needs people was made without them'
        return self.segmentation.people


@dataclass(frozen=True)
class Output:
    """One topic of a camera.

    Attributes:
        topic: its name, below that of the camera.
        kind: class of its message.
        write: writes a result into the message, which is used again and again; returns false where there is nothing.
        needs_parts: whether body parts must be found for it.
        needs_people: whether people must be told apart for it.
        needs_info: whether it tells the camera_info.
    """

    topic: str
    kind: type
    write: Callable[[Any, Result], bool]
    needs_parts: Callable[[PictureSettings], bool] = lambda _: False
    needs_people: bool = False
    needs_info: bool = False


Drawing = Callable[[Result], tuple[NDArray[Any], str]]
"""Gives an image and the name of its encoding."""


def _image(draw: Drawing) -> Callable[[Image, Result], bool]:
    def write(message: Image, result: Result) -> bool:
        image, encoding = draw(result)
        fill(message, result.header, image, encoding)
        return True

    return write


def _write_mask(message: Image, result: Result) -> bool:
    mask = result.segmentation.mask
    encode_mask(mask, prepare(message, result.header, mask.shape, np.uint8, 'mono8'))
    return True


def _draw_parts(result: Result) -> tuple[NDArray[Any], str]:
    encoding = result.settings.parts_encoding
    return encode_labels(result.labels, encoding), encoding


def _color_parts(result: Result) -> tuple[NDArray[Any], str]:
    palette = palette_colors(result.settings.overlay_palette, result.part_ids, background=BLACK)
    return colorize_parts(result.labels, palette), 'rgb8'


def _draw_overlay(result: Result) -> tuple[NDArray[Any], str]:
    return render_overlay(result.picture, result.segmentation, result.settings, result.part_ids), 'bgr8'


def _draw_instances(result: Result) -> tuple[NDArray[Any], str]:
    return result.people.labels, '8UC1'


def _write_people(message: PersonArray, result: Result) -> bool:
    write_people(message, result.header, result.people, result.picture.shape[:2], result.part_ids)
    return True


def _write_camera_info(message: CameraInfo, result: Result) -> bool:
    if result.camera_info is None:
        return False
    for name in message.get_fields_and_field_types():
        setattr(message, name, getattr(result.camera_info, name))
    message.header = result.header
    return True


OUTPUTS: tuple[Output, ...] = (
    Output('mask', Image, _write_mask),
    Output('mask/camera_info', CameraInfo, _write_camera_info, needs_info=True),
    Output('parts', Image, _image(_draw_parts), needs_parts=lambda _: True),
    Output('parts_color', Image, _image(_color_parts), needs_parts=lambda _: True),
    Output(
        'overlay',
        Image,
        _image(_draw_overlay),
        needs_parts=lambda settings: overlay_needs_parts(settings.overlay_effect),
    ),
    Output('people', PersonArray, _write_people, needs_parts=lambda _: True, needs_people=True),
    Output('instances', Image, _image(_draw_instances), needs_people=True),
)
