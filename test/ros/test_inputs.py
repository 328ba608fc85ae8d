# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that a camera may send, in the node's own process and over the transport."""

from __future__ import annotations

import array
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from golden import Golden
from numpy.typing import NDArray
from robot import BEST_EFFORT, RELIABLE, Process, Robot, pixels
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from bodypix_ros.encodings import ENCODINGS, Encoding, Pixels, to_bgr
from bodypix_ros.image_layout import BadImage, check_compressed_image, decompress, view_layout
from bodypix_ros.ros import image_msg
from bodypix_ros.ros.image_msg import convert_with_cv_bridge, fill


@pytest.fixture(scope='module')
def golden(shared: object) -> Golden:
    return Golden.load(shared, 'karolina_640x480__s16__rmedium')  # type: ignore[arg-type]


@pytest.fixture(scope='module')
def node(start: Callable[..., Process]) -> Process:
    return start()


@pytest.fixture(scope='module')
def compressed_node(start: Callable[..., Process]) -> Process:
    return start('-p', 'image_transport:=compressed', '-r', '__ns:=/zipped')


def view_pixels(message: Image) -> tuple[Pixels, Encoding]:
    return view_layout(message, convert_with_cv_bridge)


def encode(bgr: NDArray[np.uint8], encoding: str) -> NDArray[np.generic]:
    """Return a picture as the rows of an image message of an encoding, (data rows, W, channels)."""
    eight = {'bgr16': 'bgr8', '16UC3': 'bgr8', 'rgb16': 'rgb8', 'bgra16': 'bgra8', '16UC4': 'bgra8', 'rgba16': 'rgba8'}
    if encoding in eight:
        return encode(bgr, eight[encoding]).astype(np.uint16) * 257
    if encoding in ('bgr8', '8UC3'):
        return bgr
    plain = {'rgb8': cv2.COLOR_BGR2RGB, 'bgra8': cv2.COLOR_BGR2BGRA, 'rgba8': cv2.COLOR_BGR2RGBA,
             '8UC4': cv2.COLOR_BGR2BGRA, 'mono8': cv2.COLOR_BGR2GRAY, '8UC1': cv2.COLOR_BGR2GRAY}  # fmt: skip
    if encoding in plain:
        return cv2.cvtColor(bgr, plain[encoding])
    if encoding in ('mono16', '16UC1'):
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257
    if encoding.startswith('bayer'):
        mosaic = np.empty(bgr.shape[:2], np.uint8)
        for index, color in enumerate(encoding[6:10]):
            row, column = divmod(index, 2)
            mosaic[row::2, column::2] = bgr[row::2, column::2, 'bgr'.index(color)]
        return mosaic if encoding.endswith('8') else mosaic.astype(np.uint16) * 257
    y, u, v = yuv420(bgr)
    if encoding == 'nv24':
        chroma = np.stack([np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1) for plane in (u, v)], axis=2)
        return np.concatenate([y, chroma.reshape(-1, bgr.shape[1])])
    if encoding == 'nv12' or encoding == 'nv21':
        chroma = np.stack([u, v] if encoding == 'nv12' else [v, u], axis=2)
        return np.concatenate([y, chroma.reshape(-1, bgr.shape[1])])
    packed = np.empty((*y.shape, 2), np.uint8)
    luma, chroma_at = (1, 0) if encoding in ('yuv422', 'uyvy') else (0, 1)
    packed[..., luma] = y
    packed[:, 0::2, chroma_at] = np.repeat(u, 2, axis=0)
    packed[:, 1::2, chroma_at] = np.repeat(v, 2, axis=0)
    return packed


def yuv420(bgr: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the planes Y, (H, W), and U and V, (H / 2, W / 2)."""
    height, width = bgr.shape[:2]
    planes = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    quarter = height * width // 4
    y, u, v = np.split(planes, [4 * quarter, 5 * quarter])
    return y.reshape(height, width), u.reshape(height // 2, -1), v.reshape(height // 2, -1)


def as_message(bgr: NDArray[np.uint8], encoding: str, padding: int = 0, bigendian: bool = False) -> Image:
    """Return a picture as an image message whose rows are padded with some bytes."""
    rows = encode(bgr, encoding)
    if bigendian:
        rows = rows.astype(rows.dtype.newbyteorder('>'))
    flat = np.frombuffer(rows.tobytes(), np.uint8).reshape(rows.shape[0], -1)
    padded = np.pad(flat, ((0, 0), (0, padding)), constant_values=99)
    if encoding == 'nv24':  # its lines of colours are twice as long, and so is their padding
        lines = np.pad(flat[bgr.shape[0] :].reshape(bgr.shape[0], -1), ((0, 0), (0, 2 * padding)), constant_values=99)
        padded[bgr.shape[0] :] = lines.reshape(-1, padded.shape[1])
    message = Image(height=bgr.shape[0], width=bgr.shape[1], encoding=encoding, step=padded.shape[1])
    message.is_bigendian = bigendian
    message.data = array.array('B', padded.tobytes())
    return message


# Mean error of a value: YUV halves the resolution of colours, Bayer patterns that of everything.
LOSS = {**dict.fromkeys(ENCODINGS, 2.0), **{name: 6.0 for name in ENCODINGS if name.startswith('bayer')}}
GREY = ('mono8', '8UC1', 'mono16', '16UC1')


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('padding', [0, 13, 14])
def test_a_picture_survives_its_encoding(golden: Golden, encoding: str, padding: int) -> None:
    picture = to_bgr(*view_pixels(as_message(golden.image, encoding, padding)))
    expected = golden.image
    if encoding in GREY:
        expected = cv2.cvtColor(cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert picture.shape == expected.shape
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - expected).mean() < LOSS[encoding]


@pytest.mark.parametrize('encoding', ['mono16', '16UC1', 'bayer_rggb16'])
def test_the_order_of_bytes_does_not_matter(golden: Golden, encoding: str) -> None:
    little, big = (to_bgr(*view_pixels(as_message(golden.image, encoding, 6, bigendian=one))) for one in (False, True))
    assert (little == big).all()


@pytest.mark.parametrize('encoding', ['bgr8', 'rgb8', 'mono8', 'bayer_rggb8', 'yuv422', 'yuv422_yuy2', 'mono16'])
def test_cv_bridge_gives_the_same_picture(golden: Golden, encoding: str) -> None:
    cv_bridge = pytest.importorskip('cv_bridge.boost', reason='needs the cv_bridge of ROS 2')
    from cv_bridge import CvBridge

    assert cv_bridge
    message = as_message(golden.image, encoding)
    assert (CvBridge().imgmsg_to_cv2(message, 'bgr8') == to_bgr(*view_pixels(message))).all()


def test_pixels_are_viewed_not_copied() -> None:
    message = Image()
    fill(message, Header(), np.zeros((4, 6, 3), np.uint8), 'bgr8')
    view, _ = view_pixels(message)
    view[1, 2] = (7, 8, 9)
    assert message.data[1 * 18 + 2 * 3 : 1 * 18 + 3 * 3].tolist() == [7, 8, 9]


def test_a_message_of_the_same_size_is_filled_in_place() -> None:
    message = Image()
    fill(message, Header(frame_id='first'), np.full((4, 6), 5, np.int8), '8SC1')
    address = message.data.buffer_info()[0]
    fill(message, Header(frame_id='second'), np.full((4, 6), -1, np.int8), '8SC1')
    assert message.data.buffer_info()[0] == address
    assert message.data.tolist() == [255] * 24
    assert message.header.frame_id == 'second'


def test_a_message_can_change_its_size_and_kind() -> None:
    message = Image()
    fill(message, Header(), np.zeros((4, 6), np.uint8), 'mono8')
    fill(message, Header(), np.arange(24, dtype=np.int32).reshape(3, 8)[:, ::2], '32SC1')
    assert (message.height, message.width, message.step, message.encoding) == (3, 4, 16, '32SC1')
    assert pixels(message).tolist() == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18, 20, 22]]


@pytest.mark.parametrize(
    ('kind', 'changes', 'text'),
    [
        ('step', {'step': 17}, "encoding 'bgr8' with step 17 cannot hold 6 pixels of 3 bytes"),
        ('step', {'step': 2**32 - 1}, 'got 72 bytes of data, expected 4 rows of 4294967295 bytes'),
        ('data', {'data': array.array('B', bytes(71))}, 'got 71 bytes of data, expected 4 rows of 18 bytes'),
        ('data', {'data': array.array('B')}, 'got 0 bytes of data, expected 4 rows of 18 bytes'),
        ('empty', {'height': 0}, 'an image of 6x0 has no pixels'),
        ('size', {'height': 2**32 - 1, 'width': 2**32 - 1}, 'a size of 4294967295x4294967295 exceeds the limit of'),
        ('size', {'width': 2**14 + 1, 'height': 1}, 'a size of 16385x1 exceeds the limit of 33554432 pixels, 16384 p'),
        ('odd size', {'encoding': 'nv12', 'height': 3}, "encoding 'nv12' requires an even size, got 6x3"),
        ('odd size', {'encoding': 'yuv422', 'width': 5}, "encoding 'yuv422' requires an even size, got 5x4"),
    ],
)
def test_a_hostile_message_is_refused_with_a_sentence(kind: str, changes: dict[str, object], text: str) -> None:
    message = Image()
    fill(message, Header(), np.zeros((4, 6, 3), np.uint8), 'bgr8')
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(BadImage) as caught:
        view_pixels(message)
    assert str(caught.value).startswith(text)
    assert caught.value.kind in (kind, 'data')


@pytest.fixture
def cv_bridge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Image], object]], None]]:
    """Return a function that installs a stand-in for cv_bridge, which converts by the function it is given."""

    def install(convert: Callable[[Image], object]) -> None:
        class CvBridge:
            def imgmsg_to_cv2(self, message: Image, desired_encoding: str) -> object:
                assert desired_encoding == 'bgr8'
                return convert(message)

        monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))

    image_msg._open_cv_bridge.cache_clear()
    yield install
    image_msg._open_cv_bridge.cache_clear()


def unusual(encoding: str = '8UC2') -> Image:
    message = Image()
    fill(message, Header(), np.arange(24, dtype=np.uint8).reshape(3, 4, 2), encoding)
    return message


def test_cv_bridge_converts_an_encoding_that_ours_do_not_know(cv_bridge: Callable[..., None]) -> None:
    cv_bridge(lambda message: np.full((message.height, message.width, 3), message.data[5], np.uint8))
    picture = to_bgr(*view_pixels(unusual()))
    assert picture.shape == (3, 4, 3)
    assert (picture == 5).all()


@pytest.mark.usefixtures('cv_bridge')
def test_the_error_says_that_cv_bridge_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    with pytest.raises(BadImage) as caught:
        view_pixels(unusual('x' * 99))
    assert caught.value.kind == 'encoding'
    assert str(caught.value).startswith(
        f"encoding '{'x' * 40}' is not supported; cv_bridge, which may support it, is not installed "
        '(apt install ros-$ROS_DISTRO-cv-bridge). Supported encodings: bgr8, 8UC3, rgb8, '
    )


@pytest.mark.usefixtures('cv_bridge')
def test_the_error_says_why_cv_bridge_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @property
        def CvBridge(self) -> object:
            raise RuntimeError('built for NumPy 1')

    monkeypatch.setitem(sys.modules, 'cv_bridge', Broken())
    with pytest.raises(BadImage, match=r'cv_bridge, which may support it, failed to load \(built for NumPy 1\)'):
        view_pixels(unusual())


def test_what_cv_bridge_refuses_is_a_bad_image(cv_bridge: Callable[..., None]) -> None:
    def refuse(_: Image) -> object:
        raise RuntimeError('Unrecognized image encoding [8UC2]')

    cv_bridge(refuse)
    with pytest.raises(BadImage, match=r"encoding '8UC2' is not supported, and cv_bridge failed: Unrecognized image"):
        view_pixels(unusual())


def test_a_picture_of_another_size_from_cv_bridge_is_a_bad_image(cv_bridge: Callable[..., None]) -> None:
    cv_bridge(lambda _: np.zeros((3, 5, 3), np.uint8))
    with pytest.raises(BadImage, match=r"encoding '8UC2': cv_bridge returned \(3, 5, 3\) of type uint8"):
        view_pixels(unusual())


def test_a_message_with_too_little_data_never_reaches_cv_bridge(cv_bridge: Callable[..., None]) -> None:
    cv_bridge(lambda _: pytest.fail('cv_bridge was called'))
    message = unusual()
    message.data = message.data[:-1]
    with pytest.raises(BadImage, match='got 23 bytes of data, expected 3 rows of 8 bytes'):
        view_pixels(message)


def test_random_messages_are_read_or_refused_but_never_break_anything() -> None:
    random = np.random.default_rng(5)
    names = [*ENCODINGS, '', 'rgb', 'nv16']
    read = 0
    for _ in range(3000):
        message = Image(encoding=str(random.choice(names)), is_bigendian=int(random.integers(3)))
        message.height, message.width, message.step = (int(random.integers(0, limit)) for limit in (9, 9, 40))
        message.data = array.array('B', random.bytes(int(random.integers(0, 400))))
        try:
            picture = to_bgr(*view_pixels(message))
        except BadImage:
            continue
        assert picture.shape == (message.height, message.width, 3)
        read += 1
    assert read > 100


def compressed(picture: NDArray[np.generic], suffix: str, encoding: str = '') -> CompressedImage:
    stream = cv2.imencode(suffix, picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    kind = {'.jpg': 'jpeg', '.png': 'png'}[suffix]
    name = f'{encoding}; {kind} compressed ' if encoding else kind
    return CompressedImage(format=name, data=array.array('B', stream.tobytes()))


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_compressed_image_becomes_bgr(astronaut: NDArray[np.uint8], suffix: str) -> None:
    message = compressed(astronaut, suffix, 'bgr8')
    picture = check_compressed_image(message)
    assert (picture.height, picture.width) == (512, 512)
    bgr = decompress(message, picture)
    np.testing.assert_array_equal(decompress(message), bgr)
    assert np.abs(bgr.astype(int) - astronaut).mean() < 2


@pytest.mark.parametrize(
    ('suffix', 'encoding'), [('.jpg', 'bayer_rggb8'), ('.png', 'bayer_gbrg8'), ('.png', 'bayer_rggb16')]
)
def test_a_bayer_pattern_in_a_compressed_image_is_demosaiced(
    astronaut: NDArray[np.uint8], suffix: str, encoding: str
) -> None:
    bgr = decompress(compressed(encode(astronaut, encoding), suffix, encoding))
    assert bgr.shape == astronaut.shape
    assert np.abs(bgr.astype(int) - astronaut).mean() < 6
    colors = np.abs(bgr.astype(int) - cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)[..., np.newaxis]).mean()
    assert colors > 10  # it is not grey


def test_mono16_in_a_png_follows_its_significant_bits(astronaut: NDArray[np.uint8]) -> None:
    grey = cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)
    message = compressed(grey.astype(np.uint16) * 16, '.png', 'mono16')
    assert np.abs(decompress(message, mono16_bits=12)[..., 0].astype(int) - grey).max() <= 1


@pytest.mark.parametrize(
    ('data', 'text'),
    [
        (b'', "format 'jpeg': 0 bytes that begin with '' are neither JPEG nor PNG"),
        (
            b'\x89PNG\r\n\x1a\n\0\0\0\0IEND\xaeB`\x82',
            "format 'jpeg': a compressed image of 20 bytes is damaged: no IHDR",
        ),
    ],
)
def test_a_bad_compressed_image_is_refused_before_it_is_decoded(data: bytes, text: str) -> None:
    with pytest.raises(BadImage) as caught:
        check_compressed_image(CompressedImage(format='jpeg', data=array.array('B', data)))
    assert caught.value.kind == 'stream'
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize('encoding', [*ENCODINGS])
def test_the_node_finds_the_same_person_in_every_encoding(
    robot: Robot, node: Process, golden: Golden, encoding: str
) -> None:
    robot.subscribe('mask')
    message = as_message(golden.image, encoding)
    message.header = robot.header()
    mask = pixels(robot.answer(message, ['mask'])['mask'])
    least = 0.95 if encoding in GREY else 0.99 if ENCODINGS[encoding].channels < 3 else 0.9999
    assert (mask == 255 * golden.outputs['person_t0.5']).mean() >= least


@pytest.mark.parametrize(('suffix', 'least'), [('.png', 0.9999), ('.jpg', 0.99)])
def test_compressed_images_are_taken_from_the_topic_of_image_transport(
    robot: Robot, compressed_node: Process, golden: Golden, suffix: str, least: float
) -> None:
    robot.subscribe('zipped/mask')
    message = compressed(golden.image, suffix)
    message.header = robot.header()
    mask = robot.answer(message, ['zipped/mask'], 'zipped/image/compressed')['zipped/mask']
    assert mask.header == message.header
    assert (pixels(mask) == 255 * golden.outputs['person_t0.5']).mean() >= least


def test_a_broken_stream_is_dropped_and_reported(robot: Robot, compressed_node: Process, golden: Golden) -> None:
    robot.subscribe('zipped/mask')
    broken = compressed(golden.image, '.jpg')
    broken.data = broken.data[: len(broken.data) // 2]
    robot.show(broken, 'zipped/image/compressed')
    robot.until_logged(compressed_node, "/zipped/image/compressed: format 'jpeg': a compressed image of ")
    good = compressed(golden.image, '.jpg')
    good.header = robot.header()
    assert robot.answer(good, ['zipped/mask'], 'zipped/image/compressed')


def test_the_camera_info_comes_beside_the_mask(robot: Robot, node: Process, golden: Golden) -> None:
    robot.subscribe('mask')
    robot.subscribe('mask/camera_info', CameraInfo)
    info = CameraInfo(width=640, height=480, distortion_model='plumb_bob', d=[0.1, 0.2, 0.3, 0.4, 0.5])
    info.k = np.arange(9.0)
    robot.camera('camera_info', kind=CameraInfo)
    timer = robot.node.create_timer(0.05, lambda: robot.show(info, 'camera_info'))
    message = robot.message(golden.image)
    answers = robot.answer(message, ['mask', 'mask/camera_info'])
    robot.node.destroy_timer(timer)
    beside = answers['mask/camera_info']
    assert beside.header == answers['mask'].header == message.header
    assert (beside.width, beside.height, list(beside.d)) == (640, 480, list(info.d))
    assert beside.k.tolist() == info.k.tolist()


@pytest.mark.parametrize('size', [(1, 1), (1, 7000), (7000, 1), (2, 3), (17, 16)])
def test_the_node_accepts_pictures_of_every_shape(
    robot: Robot, node: Process, golden: Golden, size: tuple[int, int]
) -> None:
    robot.subscribe('mask')
    mask = robot.answer(robot.message(np.full((*size, 3), 90, np.uint8)), ['mask'])['mask']
    assert (mask.height, mask.width) == size


def test_the_subscription_follows_the_reliability_of_the_publisher(robot: Robot, node: Process, golden: Golden) -> None:
    robot.subscribe('mask')
    for profile in (RELIABLE, BEST_EFFORT, RELIABLE):
        robot.remove_camera()
        robot.until(lambda: not robot.node.get_publishers_info_by_topic('/image'))
        robot.camera(profile=profile)
        robot.until_seen()
        assert robot.answer(robot.message(golden.image), ['mask'])
