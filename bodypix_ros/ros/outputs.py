"""Every topic of a camera that goes out: as which message, what must be computed for it, and how it is written."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest

from .. import msg, people
from ..encodings import encode_labels
from ..errors import describe_error
from ..palettes import BLACK, palette_colors
from ..parts import BACKGROUND, PartIds, part_names
from ..regions import Box
from ..render import colorize_parts, overlay_needs_parts, render_overlay
from ..segmentation import Segmentation
from ..settings import PictureSettings
from .compat import publisher_events
from .image_msg import prepare
from .qos import LATCHED, output_profile

try:
    from vision_msgs.msg import LabelInfo, VisionClass
except ImportError:
    LabelInfo = VisionClass = None

_LOG = logging.getLogger(__name__)
_UNLABELED = BACKGROUND % 256
"""The byte of the background in the images of parts; vision_msgs reserves it for what has no label."""


@dataclass(frozen=True)
class Result:
    """What is known about one image when its messages are written.

    Attributes:
        header: std_msgs/Header of the image.
        image: (H, W, 3) uint8 BGR.
        segmentation: of the image.
        part_ids: numbering of the parts.
        settings: how pictures are drawn.
        camera_info: the newest of the camera; None where there is none.
        model: what segmented it, 'bodypix_ros' or 'bodypix'.
    """

    header: Any
    image: NDArray[np.uint8]
    segmentation: Segmentation
    part_ids: PartIds
    settings: PictureSettings
    camera_info: CameraInfo | None = None
    model: str = ''

    @property
    def labels(self) -> NDArray[np.int8]:
        """The part labels, where an output needs them."""
        assert self.segmentation.parts is not None, 'an output that needs parts was made without them'
        return self.segmentation.parts

    @property
    def people(self) -> people.People:
        """The people, where an output needs them."""
        assert self.segmentation.people is not None, 'an output that needs people was made without them'
        return self.segmentation.people


class OutputMessage:
    """The message of one topic, used again for each result: fresh messages cost page faults."""

    def __init__(self, kind: type) -> None:
        """Make an empty message of a class."""
        self.content = kind()
        self._encoding = ''
        self._pixels: NDArray[Any] = np.empty(0, np.uint8)

    def pixels(self, header: Any, shape: tuple[int, ...], dtype: npt.DTypeLike, encoding: str) -> NDArray[Any]:
        """Give an image message its header, size and encoding, and return its pixels, to be written.

        Args:
            header: std_msgs/Header, taken as it is.
            shape: (H, W) or (H, W, C).
            dtype: of the values, in the machine's byte order.
            encoding: the name of all that in sensor_msgs/Image.
        """
        if self._encoding != encoding or self._pixels.shape != shape:
            self._pixels = prepare(self.content, header, shape, dtype, encoding)
            self._encoding = encoding
        self.content.header = header
        return self._pixels


@dataclass(frozen=True)
class Output:
    """One topic of a camera.

    Attributes:
        topic: its name, below that of the camera.
        kind: class of its message.
        write: writes a result into the message; returns false where there is nothing to publish.
        needs_parts: whether body parts must be computed for it.
        needs_people: whether people must be found for it.
        needs_info: whether it repeats the camera_info.
    """

    topic: str
    kind: type
    write: Callable[[OutputMessage, Result], bool]
    needs_parts: Callable[[PictureSettings], bool] = lambda _: False
    needs_people: bool = False
    needs_info: bool = False


class OutputPublisher:
    """Publishes one output of one camera."""

    def __init__(self, node: Node, topic: str, output: Output, on_matched: Callable[[], None]) -> None:
        """Open the topic; parameters of the name `qos_overrides...` change its quality of service.

        Args:
            node: of the publisher.
            topic: its name, relative to the node's namespace.
            output: what it publishes.
            on_matched: called when a subscriber comes or goes.
        """
        self.output = output
        self.message = OutputMessage(output.kind)
        self._node = node
        self._publisher = node.create_publisher(
            output.kind,
            topic,
            output_profile(),  # its own: overrides are written into it
            event_callbacks=publisher_events(on_matched),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def has_subscribers(self) -> bool:
        """Whether there is a subscriber."""
        return bool(self._publisher.get_subscription_count())

    def publish(self) -> None:
        """Publish the message."""
        self._publisher.publish(self.message.content)

    def destroy(self) -> None:
        """Close the topic."""
        self._node.destroy_publisher(self._publisher)


def publish_outputs(wanted: Sequence[OutputPublisher], result: Result) -> dict[str, str]:
    """Publish the wanted outputs of one image.

    Returns:
        Why an output could not be published, by its topic; the others are published nevertheless.
    """
    failures = {}
    for publisher in wanted:
        try:
            if publisher.output.write(publisher.message, result):
                publisher.publish()
        except Exception as error:  # a drawing that fails costs that drawing alone
            failures[publisher.output.topic] = describe_error(error)
            _LOG.debug('%s was not published', publisher.output.topic, exc_info=error)
    return failures


def _write_image(message: OutputMessage, result: Result, image: NDArray[Any], encoding: str) -> bool:
    np.copyto(message.pixels(result.header, image.shape, image.dtype, encoding), image)
    return True


def _write_mask(message: OutputMessage, result: Result) -> bool:
    mask = result.segmentation.mask
    pixels = message.pixels(result.header, mask.shape, np.uint8, 'mono8')
    np.multiply(mask.view(np.uint8), np.uint8(255), out=pixels)
    return True


def _write_parts(message: OutputMessage, result: Result) -> bool:
    encoding = result.settings.parts_encoding
    return _write_image(message, result, encode_labels(result.labels, encoding), encoding)


def _write_parts_color(message: OutputMessage, result: Result) -> bool:
    palette = palette_colors(result.settings.overlay_palette, result.part_ids, background=BLACK)
    return _write_image(message, result, colorize_parts(result.labels, palette), 'rgb8')


def _write_overlay(message: OutputMessage, result: Result) -> bool:
    overlay = render_overlay(result.image, result.segmentation, result.settings, result.part_ids)
    return _write_image(message, result, overlay, 'bgr8')


def _write_instances(message: OutputMessage, result: Result) -> bool:
    return _write_image(message, result, result.people.labels, '8UC1')


def _write_camera_info(message: OutputMessage, result: Result) -> bool:
    if result.camera_info is None:
        return False
    for name in message.content.get_fields_and_field_types():
        setattr(message.content, name, getattr(result.camera_info, name))
    message.content.header = result.header
    return True


def _write_people(message: OutputMessage, result: Result) -> bool:
    array = message.content
    array.header = result.header
    array.height, array.width = result.image.shape[:2]
    array.model, array.part_ids = result.model, result.part_ids
    array.keypoint_set = 'coco17'
    array.z_kind = msg.PersonArray.Z_NONE
    array.people = [_person_message(person) for person in result.people.persons]
    return True


def _person_message(person: people.Person) -> msg.Person:
    return msg.Person(
        id=person.id,
        score=person.score,
        box=_box_message(person.box),
        area_px=person.area_px,
        keypoints=[
            msg.Keypoint(name=point.name, x=point.x, y=point.y, z=math.nan, score=point.score)
            for point in person.keypoints
        ],
        parts=[
            msg.BodyPart(
                id=part.part, name=part.name, area_px=part.area_px, x=part.x, y=part.y, box=_box_message(part.box)
            )
            for part in person.parts
        ],
    )


def _box_message(box: Box | None) -> RegionOfInterest:
    if box is None:
        return RegionOfInterest()
    return RegionOfInterest(x_offset=box.x, y_offset=box.y, width=box.width, height=box.height)


OUTPUTS: tuple[Output, ...] = (
    Output('mask', Image, _write_mask),
    Output('mask/camera_info', CameraInfo, _write_camera_info, needs_info=True),
    Output('parts', Image, _write_parts, needs_parts=lambda _: True),
    Output('parts_color', Image, _write_parts_color, needs_parts=lambda _: True),
    Output('overlay', Image, _write_overlay, needs_parts=lambda settings: overlay_needs_parts(settings.overlay_effect)),
    Output('people', msg.PersonArray, _write_people, needs_parts=lambda _: True, needs_people=True),
    Output('instances', Image, _write_instances, needs_people=True),
)


class LabelInfoPublisher:
    """Publishes what the values of the images mean, latched, where vision_msgs is installed."""

    def __init__(self, node: Node, prefixes: Sequence[str]) -> None:
        """Open the topics of each camera; `prefixes` are those of the cameras' topics."""
        self._node = node
        self._publishers: list[Any] = []
        if LabelInfo is None:
            _LOG.info('vision_msgs is not installed, so there is no topic %slabel_info', prefixes[0])
        else:
            self._publishers = [node.create_publisher(LabelInfo, f'{one}label_info', LATCHED) for one in prefixes]

    def publish(self, part_ids: PartIds, threshold: float) -> None:
        """Publish the names of the labels.

        Args:
            part_ids: numbering of the parts.
            threshold: a pixel is a person where its score is above this, 0..1.
        """
        if not self._publishers:
            return
        message = LabelInfo(threshold=threshold)
        message.header.stamp = self._node.get_clock().now().to_msg()
        names = [*enumerate(part_names(part_ids)), (_UNLABELED, 'background')]
        message.class_map = [VisionClass(class_id=number, class_name=name) for number, name in names]
        for publisher in self._publishers:
            publisher.publish(message)

    def destroy(self) -> None:
        """Close the topics."""
        while self._publishers:
            self._node.destroy_publisher(self._publishers.pop())
