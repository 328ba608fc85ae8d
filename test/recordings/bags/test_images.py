# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images of messages are replaced in their own encoding and format."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip('rosbags', reason='needs bodypix_ros[bag]')

from bags import compressed_message, image_message, jpeg

from bodypix_ros.recordings.bags import messages as bag_messages
from bodypix_ros.recordings.bags.images import BagImage, blank, encoding_problem
from bodypix_ros.recordings.bags.storage import BagError, RawMessage


@pytest.fixture
def picture(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(astronaut, (160, 120), interpolation=cv2.INTER_AREA), np.uint8)


def with_black_corner(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    changed = picture.copy()
    changed[:40, :40] = 0
    return changed


@pytest.mark.parametrize('wire', ['cdr', 'ros1'])
def test_a_raw_image_keeps_everything_but_the_changed_pixels(picture: NDArray[np.uint8], wire: str) -> None:
    message = image_message(picture[..., ::-1], 'rgb8', wire=wire)  # type: ignore[arg-type]
    image = BagImage(message)
    assert (image.bgr == picture).all()
    replaced = image.replaced_by(with_black_corner(picture))
    assert replaced is not None
    old, new = bag_messages.read(message), bag_messages.read(message._replace(data=replaced))
    assert (new.header, new.encoding, new.step, new.height) == (old.header, 'rgb8', 480, 120)
    assert (new.data.reshape(120, 160, 3)[..., ::-1] == with_black_corner(picture)).all()


def test_an_unchanged_image_is_not_written_again(picture: NDArray[np.uint8]) -> None:
    assert (
        BagImage(compressed_message(jpeg(picture))).replaced_by(BagImage(compressed_message(jpeg(picture))).bgr) is None
    )


def test_bytes_that_belong_to_no_pixel_become_zero(picture: NDArray[np.uint8]) -> None:
    message = image_message(picture, 'bgr8')
    content = bag_messages.read(message)
    content.width, content.height = 100, 90  # the bag has more of the picture than the image
    message = message._replace(data=bag_messages.write(content, 'cdr'))
    replaced = BagImage(message).replaced_by(BagImage(message).bgr)
    assert replaced is not None
    rows = bag_messages.read(message._replace(data=replaced)).data.reshape(120, 160, 3)
    assert (rows[:90, :100] == picture[:90, :100]).all()
    assert not rows[:, 100:].any()
    assert not rows[90:].any()
    assert BagImage(message._replace(data=replaced)).replaced_by(picture[:90, :100]) is None


def test_a_jpeg_remains_a_jpeg_with_its_format(picture: NDArray[np.uint8]) -> None:
    message = compressed_message(jpeg(picture))
    image = BagImage(message)
    replaced = image.replaced_by(with_black_corner(image.bgr))
    assert replaced is not None
    content = bag_messages.read(message._replace(data=replaced))
    assert content.format == 'bgr8; jpeg compressed bgr8'
    decoded = cv2.imdecode(content.data, cv2.IMREAD_COLOR)
    assert decoded[:32, :32].max() < 12
    assert np.abs(decoded[60:].astype(int) - image.bgr[60:]).mean() < 3


def test_a_png_of_16_bits_remains_one(picture: NDArray[np.uint8]) -> None:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257
    message = compressed_message(bytes(cv2.imencode('.png', grey)[1]), 'mono16; png compressed ')
    image = BagImage(message)
    replaced = image.replaced_by(with_black_corner(image.bgr))
    assert replaced is not None
    decoded = cv2.imdecode(bag_messages.read(message._replace(data=replaced)).data, cv2.IMREAD_UNCHANGED)
    assert decoded.dtype == np.uint16
    assert (decoded[:40, :40] == 0).all()
    assert (decoded[40:] == grey[40:]).all()


def test_a_bayer_jpeg_is_written_as_its_mosaic(picture: NDArray[np.uint8]) -> None:
    mosaic = np.full((120, 160), 200, np.uint8)
    message = compressed_message(jpeg(mosaic), 'bayer_rggb8; jpeg compressed ')
    image = BagImage(message)
    replaced = image.replaced_by(with_black_corner(image.bgr))
    assert replaced is not None
    decoded = cv2.imdecode(bag_messages.read(message._replace(data=replaced)).data, cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (120, 160)
    assert decoded[:32, :32].max() < 12
    assert abs(int(decoded[80, 80]) - 200) < 4


def test_a_blank_raw_image_has_its_size_and_no_pixels(picture: NDArray[np.uint8]) -> None:
    message = image_message(picture, 'bgr8')
    content = bag_messages.read(message._replace(data=blank(message)))
    assert (content.height, content.width, content.data.size, content.data.max()) == (120, 160, picture.size, 0)
    assert content.header == bag_messages.read(message).header


def test_a_blank_compressed_image_has_no_data(picture: NDArray[np.uint8]) -> None:
    message = compressed_message(jpeg(picture))
    assert bag_messages.read(message._replace(data=blank(message))).data.size == 0


@pytest.mark.parametrize('wire', ['cdr', 'ros1'])
@pytest.mark.parametrize('msgtype', bag_messages.IMAGE_TYPES)
def test_a_message_that_cannot_be_read_becomes_an_empty_one(wire: str, msgtype: str) -> None:
    message = RawMessage('/image', msgtype, 0, b'\x00\x01\x02', wire)  # type: ignore[arg-type]
    assert bag_messages.read(message._replace(data=blank(message))).data.size == 0


def test_problems_are_named() -> None:
    depth = image_message(np.zeros((120, 160), np.uint16), '16UC1')
    assert encoding_problem(depth) == "encoding '16UC1' is that of depth images"
    with pytest.raises(BagError, match='depth images'):
        BagImage(depth)
    unknown = image_message(np.zeros((120, 160), np.uint8), '8UC7')
    assert encoding_problem(unknown).startswith("encoding '8UC7' is not supported")
    assert 'neither JPEG nor PNG' in encoding_problem(compressed_message(b'\x00' * 40, '16bit; compressedDepth'))
    assert encoding_problem(image_message(np.zeros((120, 160, 3), np.uint8), 'bgr8')) == ''
    broken = RawMessage('/image', bag_messages.IMAGE, 0, b'\x00\x01\x00\x00abc', 'cdr')
    assert 'the message of 7 bytes is not a sensor_msgs/msg/Image' in encoding_problem(broken)
