# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All published topics of a camera: their messages, what must be computed for them, and how they are written."""

from __future__ import annotations

import array
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from .. import msg
from ..encodings import encode_labels
from ..errors import describe_error
from ..palettes import BLACK, palette_colors
from ..parts import part_numbers
from ..render import (
    colorize_parts,
    overlay_needs_confidence,
    overlay_needs_parts,
    render_overlay,
    settings_without_parts,
)
from ..setting_parsers import read_size
from ..settings import PictureSettings
from .compat import publisher_events
from .image_msg import prepare
from .people_msgs import Detection2DArray, write_detections, write_people, write_pose
from .qos import output_profile
from .result import Result

_LOG = logging.getLogger(__name__)
_FORMATS = {'.png': 'png', '.jpg': 'jpeg'}
_COMPRESSION = {'.png': [cv2.IMWRITE_PNG_COMPRESSION, 1], '.jpg': [cv2.IMWRITE_JPEG_QUALITY, 80]}
"""Labels have large areas of one value: higher levels of PNG cost more time than they save bytes."""


Need = Literal['parts', 'parts_if_any', 'people', 'confidence', 'camera_info', 'anonymized']
"""What an output requires: body parts (`parts_if_any`: it is also published if the model has none), people, the
probability of each pixel, the camera_info, or the anonymised image, for which the model runs separately."""

Needs = Callable[[PictureSettings], frozenset[Need]]


def _need(*needs: Need) -> Needs:
    """Return requirements that do not depend on settings."""
    return lambda _: frozenset(needs)


class OutputMessage:
    """The message of one topic, reused for each result because new messages cause page faults."""

    def __init__(self, kind: type) -> None:
        """Create an empty message of a class."""
        self.content = kind()
        self._encoding = ''
        self._pixels: NDArray[Any] = np.empty(0, np.uint8)

    def pixels(self, header: Any, shape: tuple[int, ...], dtype: npt.DTypeLike, encoding: str) -> NDArray[Any]:
        """Set header, size and encoding of an image message, and return its pixels for writing.

        Args:
            header: std_msgs/Header, not copied.
            shape: (H, W) or (H, W, C).
            dtype: type of the values, in native byte order.
            encoding: the name of this layout in sensor_msgs/Image.
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
        topic: its name, without the prefix of the camera.
        kind: class of its message.
        write: writes a result (in the segmentation node, a Result) into the message; returns whether there is
            something to publish.
        needs: what must be computed for it.
    """

    topic: str
    kind: type
    write: Callable[[OutputMessage, Any], bool]
    needs: Needs = lambda _: frozenset()


class OutputPublisher:
    """Publishes one output of one camera."""

    def __init__(self, node: Node, topic: str, output: Output, on_matched: Callable[[], None]) -> None:
        """Open the topic; parameters named `qos_overrides...` change its quality of service.

        Args:
            node: of the publisher.
            topic: its name, relative to the node's namespace.
            output: what it publishes.
            on_matched: called when a subscriber connects or disconnects.
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


def publish_outputs(wanted: Sequence[OutputPublisher], result: Any) -> dict[str, str]:
    """Publish the wanted outputs of one result.

    Returns:
        The reason for each output that could not be published, by topic; the others are published.
    """
    failures = {}
    for publisher in wanted:
        try:
            if publisher.output.write(publisher.message, result):
                publisher.publish()
        except Exception as error:  # affects this output only
            failures[publisher.output.topic] = describe_error(error)
            _LOG.debug('%s was not published', publisher.output.topic, exc_info=error)
    return failures


def _write_image(message: OutputMessage, result: Result, image: NDArray[Any], encoding: str) -> bool:
    np.copyto(message.pixels(result.header, image.shape, image.dtype, encoding), image)
    return True


def _write_mask(message: OutputMessage, result: Result) -> bool:
    mask = result.segmentation.mask
    _mask(result, out=message.pixels(result.header, mask.shape, np.uint8, 'mono8'))
    return True


def _mask(result: Result, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return, in `out` if it is given, 255 where a person or a part of `mask_parts` is visible, and 0 elsewhere."""
    mask = result.segmentation.mask
    if result.settings.mask_parts:
        mask = np.isin(result.labels, part_numbers(result.settings.mask_parts, result.part_ids))
    return np.multiply(mask.view(np.uint8), np.uint8(255), out=out)


def _write_parts(message: OutputMessage, result: Result) -> bool:
    encoding = result.settings.parts_encoding
    return _write_image(message, result, encode_labels(result.labels, encoding), encoding)


def _write_parts_color(message: OutputMessage, result: Result) -> bool:
    palette = palette_colors(result.settings.overlay_palette, result.part_ids, background=BLACK)
    return _write_image(message, result, colorize_parts(result.labels, palette), 'rgb8')


def _write_overlay(message: OutputMessage, result: Result) -> bool:
    return _write_image(message, result, _overlay(result), 'bgr8')


def _overlay(result: Result) -> NDArray[np.uint8]:
    settings = settings_without_parts(result.settings, result.segmentation)
    return render_overlay(result.image, result.segmentation, settings, result.part_ids)


def _write_anonymized(message: OutputMessage, result: Result) -> bool:
    return _write_image(message, result, result.anonymized_image, 'bgr8')


def _write_instances(message: OutputMessage, result: Result) -> bool:
    return _write_image(message, result, result.people.labels, '8UC1')


def write_camera_info(message: OutputMessage, result: Any) -> bool:
    """Write the camera info of a result with the header of the result; return false if there is none."""
    if result.camera_info is None:
        return False
    for name in message.content.get_fields_and_field_types():
        setattr(message.content, name, getattr(result.camera_info, name))
    message.content.header = result.header
    return True


def _write_confidence(message: OutputMessage, result: Result) -> bool:
    return _write_image(message, result, result.confidence, 'mono8')


def _write_semantic_mask(message: OutputMessage, result: Result) -> bool:
    if result.settings.semantic_classes == 'parts':
        classes = (result.labels + np.int8(1)).view(np.uint8)
    else:
        classes = result.segmentation.mask.view(np.uint8)
    return _write_image(message, result, _semantic_size(classes, result.settings), 'mono8')


def _write_semantic_confidence(message: OutputMessage, result: Result) -> bool:
    background = result.segmentation.mask.view(np.uint8) - np.uint8(1)  # 255 in the background
    confidence = result.confidence ^ background  # 255 - confidence in the background
    return _write_image(message, result, _semantic_size(confidence, result.settings), 'mono8')


def _semantic_size(image: NDArray[np.uint8], settings: PictureSettings) -> NDArray[np.uint8]:
    """Return an image in `semantic_size`, each pixel the nearest of the image: classes have no values in between."""
    if not settings.semantic_size:
        return image
    size = read_size(settings.semantic_size)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)


def _write_mask_png(message: OutputMessage, result: Result) -> bool:
    return _write_compressed(message, result, _mask(result), 'mono8', '.png')


def _write_parts_png(message: OutputMessage, result: Result) -> bool:
    return _write_compressed(message, result, encode_labels(result.labels, '8UC1'), '8UC1', '.png')


def _write_overlay_jpeg(message: OutputMessage, result: Result) -> bool:
    return _write_compressed(message, result, _overlay(result), 'bgr8', '.jpg')


def _write_anonymized_jpeg(message: OutputMessage, result: Result) -> bool:
    return _write_compressed(message, result, result.anonymized_image, 'bgr8', '.jpg')


def _write_compressed(message: OutputMessage, result: Result, image: NDArray[Any], encoding: str, file: str) -> bool:
    """Write a compressed image, whose format has the form of image_transport: 'mono8; png compressed '."""
    done, data = cv2.imencode(file, image, _COMPRESSION[file])
    assert done, f'an image of {image.shape} cannot be compressed'
    content = message.content
    content.header = result.header
    content.format = f'{encoding}; {_FORMATS[file]} compressed {encoding if encoding == "bgr8" else ""}'
    content.data = array.array('B', data.tobytes())
    return True


def _to_content(write: Callable[[Any, Result], bool]) -> Callable[[OutputMessage, Result], bool]:
    """Return the writer of an output for a function that writes into its message."""
    return lambda message, result: write(message.content, result)


def _mask_needs(settings: PictureSettings) -> frozenset[Need]:
    return frozenset({'parts'} if settings.mask_parts else ())


def _semantic_mask_needs(settings: PictureSettings) -> frozenset[Need]:
    return frozenset({'parts'} if settings.semantic_classes == 'parts' else ())


def _overlay_needs(settings: PictureSettings) -> frozenset[Need]:
    effect = settings.overlay_effect
    needs: set[Need] = set()
    if overlay_needs_parts(effect):  # instead of parts, the mask can be drawn, but faces cannot be hidden without them
        needs.add('parts' if effect == 'blur_faces' else 'parts_if_any')
    if overlay_needs_confidence(effect):
        needs.add('confidence')
    return frozenset(needs)


OUTPUTS: tuple[Output, ...] = (
    Output('mask', Image, _write_mask, _mask_needs),
    Output('mask/camera_info', CameraInfo, write_camera_info, _need('camera_info')),
    Output('mask/compressed', CompressedImage, _write_mask_png, _mask_needs),
    Output('confidence', Image, _write_confidence, _need('confidence')),
    Output('parts', Image, _write_parts, _need('parts')),
    Output('parts/compressed', CompressedImage, _write_parts_png, _need('parts')),
    Output('parts_color', Image, _write_parts_color, _need('parts')),
    Output('overlay', Image, _write_overlay, _overlay_needs),
    Output('overlay/compressed', CompressedImage, _write_overlay_jpeg, _overlay_needs),
    Output('semantic/mask', Image, _write_semantic_mask, _semantic_mask_needs),
    Output('semantic/confidence', Image, _write_semantic_confidence, _need('confidence')),
    Output('people', msg.PersonArray, _to_content(write_people), _need('people', 'parts_if_any')),
    # Raised hands are found by the pixels of parts.
    Output('people/pose', PoseStamped, _to_content(write_pose), _need('people', 'parts_if_any', 'camera_info')),
    Output('instances', Image, _write_instances, _need('people')),
    Output('anonymized', Image, _write_anonymized, _need('anonymized')),
    Output('anonymized/compressed', CompressedImage, _write_anonymized_jpeg, _need('anonymized')),
)
"""All topics of a camera, except those that require optional packages."""

if Detection2DArray is not None:
    OUTPUTS += (Output('people/detections', Detection2DArray, _to_content(write_detections), _need('people')),)
