# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Picture files and compressed images: what is decoded, and what is refused before it costs anything."""

from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from bodypix_ros import pictures
from bodypix_ros.encodings import ENCODINGS, MAX_PIXELS
from bodypix_ros.errors import ImageError
from bodypix_ros.pictures import check_compressed, decode_compressed, read_picture

Picture = NDArray[np.uint8]
SUFFIXES = ['.png', '.jpg']


def encode(picture: NDArray[np.generic], suffix: str, *options: int) -> bytes:
    return cv2.imencode(suffix, picture, list(options))[1].tobytes()


def decode(data: bytes) -> Picture:
    return decode_compressed(check_compressed(data))


def chunk(kind: bytes, content: bytes = b'') -> bytes:
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(width: int, height: int, idat: bytes, before: bytes = b'') -> bytes:
    """Return a PNG of RGB pixels with any compressed data and any chunks before it."""
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + before + chunk(b'IDAT', idat) + chunk(b'IEND')


def black(width: int, height: int) -> bytes:
    return zlib.compress(bytes((3 * width + 1) * height), 9)


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a picture is decoded."""

    def refuse(*_: object) -> None:
        pytest.fail('a decoder was called')

    monkeypatch.setattr(cv2, 'imdecode', refuse)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, 'load', refuse)


def test_a_png_image_is_lossless(astronaut: Picture) -> None:
    picture = check_compressed(encode(astronaut, '.png'))
    assert (picture.format, picture.height, picture.width) == ('png', 512, 512)
    np.testing.assert_array_equal(decode_compressed(picture), astronaut)


def test_a_jpeg_image_has_the_pixels_of_opencv(astronaut: Picture) -> None:
    data = encode(astronaut[:301], '.jpg')
    picture = check_compressed(data)
    assert (picture.format, picture.height, picture.width) == ('jpeg', 301, 512)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decode_compressed(picture), expected)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_grey_image_becomes_bgr(astronaut: Picture, suffix: str) -> None:
    grey = cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY)
    picture = decode(encode(grey, suffix))
    assert picture.shape == (512, 512, 3)
    assert np.abs(picture.astype(int) - grey[..., np.newaxis]).mean() < 2


@pytest.mark.parametrize(('bits', 'values'), [(16, [0, 257, 65535]), (12, [0, 16, 4095]), (10, [0, 4, 1023])])
def test_a_grey_png_of_16_bits_is_scaled_by_its_significant_bits(bits: int, values: list[int]) -> None:
    data = encode(np.array([values], np.uint16), '.png')
    assert decode_compressed(check_compressed(data), mono16_bits=bits)[0, :, 1].tolist() == [0, 1, 255]


@pytest.mark.parametrize('options', [[cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]])
def test_progressive_jpegs_and_restart_markers_are_read(astronaut: Picture, options: list[int]) -> None:
    assert np.abs(decode(encode(astronaut, '.jpg', *options)).astype(int) - astronaut).mean() < 3


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('padding', [bytes(5000), b'\r\n', b'\xff' * 5000, 'old buffer'])
def test_bytes_after_the_end_are_ignored(astronaut: Picture, suffix: str, padding: bytes | str) -> None:
    data = encode(astronaut, suffix)
    tail = encode(astronaut[::-1], suffix)[-3000:] if isinstance(padding, str) else padding
    np.testing.assert_array_equal(decode(data + tail), decode(data))


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('share', [0.05, 0.5, 0.999])
@pytest.mark.usefixtures('no_decoder')
def test_a_truncated_image_is_refused_without_decoding(astronaut: Picture, suffix: str, share: float) -> None:
    data = encode(astronaut, suffix)
    with pytest.raises(ImageError, match=r'a compressed image of \d+ bytes is truncated'):
        check_compressed(data[: int(len(data) * share)])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image(astronaut: Picture) -> None:
    data = encode(astronaut, '.jpg')
    thumbnail = encode(cv2.resize(astronaut, (32, 32)), '.jpg')
    segment = b'\xff\xe1' + struct.pack('>H', len(thumbnail) + 2) + thumbnail
    with_thumbnail = data[:2] + segment + data[2:]
    np.testing.assert_array_equal(decode(with_thumbnail), decode(data))
    with pytest.raises(ImageError, match='is truncated'):
        check_compressed(with_thumbnail[: len(with_thumbnail) // 2])


@pytest.mark.parametrize('data', [b'', b'GIF89a', bytes(100)])
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=f'{len(data)} bytes that begin with .* are neither JPEG nor PNG'):
        check_compressed(data)


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.usefixtures('no_decoder')
def test_an_image_of_too_many_pixels_is_refused_without_decoding(astronaut: Picture, suffix: str) -> None:
    data = encode(astronaut, suffix)
    assert check_compressed(data, 512 * 512).height == 512
    with pytest.raises(ImageError, match='a compressed image of 512x512 exceeds the limit of 262143 pixels'):
        check_compressed(data, 512 * 512 - 1)


@pytest.mark.usefixtures('no_decoder')
def test_a_side_above_the_limit_is_refused() -> None:
    with pytest.raises(ImageError, match='a compressed image of 16385x1 exceeds the limit of .*, 16384 per side'):
        check_compressed(encode(np.zeros((1, 2**14 + 1), np.uint8), '.png'))


@pytest.mark.usefixtures('no_decoder')
def test_a_forged_size_is_refused_without_decoding(astronaut: Picture) -> None:
    data = bytearray(encode(astronaut, '.png'))
    data[16:24] = struct.pack('>II', 60000, 60000)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, 'big')
    with pytest.raises(ImageError, match='a compressed image of 60000x60000 exceeds the limit of 33554432 pixels'):
        check_compressed(bytes(data))


@pytest.mark.usefixtures('no_decoder')
def test_a_forged_length_is_refused_without_decoding(astronaut: Picture) -> None:
    data = bytearray(encode(astronaut, '.png'))
    data[33] = 0xF0
    with pytest.raises(ImageError, match='is truncated'):
        check_compressed(bytes(data))


@pytest.mark.parametrize('start', [b'\xff', b'\xff\xe0\x00\x02', b'\xff\xfe\x00\x02'])
@pytest.mark.usefixtures('no_decoder')
def test_an_endless_header_is_refused_without_parsing_it(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures.JpegImagePlugin, 'JpegImageFile', None)
    with pytest.raises(ImageError, match='bytes is damaged: more than 256 segments in its JPEG header'):
        check_compressed(b'\xff\xd8' + start * (20_000_000 // len(start)))


def test_full_segments_and_fill_bytes_in_the_header_are_read(astronaut: Picture) -> None:
    data = encode(astronaut, '.jpg')
    segment = b'\xff\xff\xff\xe1\xff\xff' + b'Exif\0\0' + bytes(0xFFFF - 8)
    np.testing.assert_array_equal(decode(data[:2] + 8 * segment + data[2:]), decode(data))


@pytest.mark.usefixtures('no_decoder')
def test_a_small_stream_of_a_huge_picture_is_a_decompression_bomb() -> None:
    data = png(5792, 5792, black(5792, 5792))
    assert MAX_PIXELS >= 5792 * 5792
    with pytest.raises(ImageError, match=r'of 5792x5792 in \d+ bytes is treated as a decompression bomb'):
        check_compressed(data)


def test_one_colour_in_4k_is_no_bomb() -> None:
    assert not decode(png(3840, 2160, black(3840, 2160))).any()


@pytest.mark.usefixtures('no_decoder')
def test_a_jpeg_of_many_scans_is_refused() -> None:
    data = encode(np.zeros((4096, 4096, 3), np.uint8), '.jpg', cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    scan = data.rindex(b'\xff\xda')
    bomb = data[:scan] + data[scan:-2] * 50 + data[-2:]
    with pytest.raises(ImageError, match=r'of 4096x4096 has too many scans \(59\)'):
        check_compressed(bomb)


def test_chunks_that_the_pixels_do_not_need_never_reach_the_decoder() -> None:
    bomb = chunk(b'zTXt', b'Comment\0\0' + zlib.compress(bytes(4_000_000), 9))
    picture = check_compressed(png(64, 48, black(64, 48), before=20 * bomb))
    assert picture.data == png(64, 48, black(64, 48))
    assert decode_compressed(picture).shape == (48, 64, 3)


def test_a_png_in_many_small_pieces_is_put_together() -> None:
    picture = check_compressed(png(64, 48, black(64, 48), before=1000 * chunk(b'IDAT')))
    assert picture.data == png(64, 48, black(64, 48))


@pytest.mark.usefixtures('no_decoder')
def test_a_png_of_too_many_chunks_is_refused() -> None:
    with pytest.raises(ImageError, match='is damaged: more than 16384 chunks'):
        check_compressed(png(64, 48, black(64, 48), before=2**14 * chunk(b'abCd')))


def test_inflating_ends_where_the_picture_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated = zlib.compress(bytes(40_000_000), 9)
    read = 0
    original = PngImagePlugin.PngImageFile.load_read

    def count(self: PngImagePlugin.PngImageFile, size: int) -> bytes:
        nonlocal read
        data = original(self, size)
        read += len(data)
        return data

    monkeypatch.setattr(PngImagePlugin.PngImageFile, 'load_read', count)
    assert decode(png(8, 8, inflated + os.urandom(10_000_000))).shape == (8, 8, 3)
    assert read <= 2**17


@pytest.mark.usefixtures('no_decoder')
@pytest.mark.parametrize(
    ('data', 'reason'),
    [
        (b'\x89PNG\r\n\x1a\n' + chunk(b'IEND'), 'no IHDR or no IDAT'),
        (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', bytes(13)) + chunk(b'IEND'), 'no IHDR or no IDAT'),
        (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', b'x') + chunk(b'IDAT') + chunk(b'IEND'), 'its PNG header is invalid'),
        (png(8, 8, b'wrong')[:-16] + bytes(4) + chunk(b'IEND'), 'wrong checksum of IDAT'),
        (b'\xff\xd8\xff\xd9\0\2' + bytes(500), 'its JPEG header is invalid'),
        (b'\xff\xd8\xff\xc0\0\4\0\0\xff\xda\0\2' + bytes(500), 'its JPEG header is invalid'),
    ],
)
def test_a_stream_without_a_picture_is_refused_without_decoding(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=f'a compressed image of {len(data)} bytes is damaged: {reason}'):
        check_compressed(data)


def test_damaged_pixels_are_refused_and_nothing_is_printed(
    astronaut: Picture, capfd: pytest.CaptureFixture[str]
) -> None:
    jpeg = bytearray(encode(astronaut, '.jpg'))
    jpeg[20000:20002] = b'\xff\xd8'
    with pytest.raises(ImageError, match='is damaged: Corrupt JPEG data: '):
        decode(bytes(jpeg))
    with pytest.raises(ImageError, match='is damaged: '):
        decode(png(64, 48, black(64, 48)[:20] + os.urandom(40)))
    assert capfd.readouterr() == ('', '')


def test_stray_bytes_inside_a_jpeg_are_harmless_and_not_printed(
    astronaut: Picture, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(astronaut, '.jpg')
    np.testing.assert_array_equal(decode(data[:-2] + b'\0\0\0' + data[-2:]), decode(data))
    assert capfd.readouterr() == ('', '')


def test_lines_that_others_print_meanwhile_are_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with pictures._codec_messages() as messages:
        other = threading.Thread(target=os.write, args=(2, b'[WARN] a line of another thread\n'))
        other.start()
        other.join()
        os.write(2, b'Corrupt JPEG data: premature end of data segment\n')
    assert messages == [b'Corrupt JPEG data: premature end of data segment']
    assert capfd.readouterr().err == '[WARN] a line of another thread\n'


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_randomly_damaged_images_are_decoded_or_refused(
    astronaut: Picture, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(3)
    good = np.frombuffer(encode(cv2.resize(astronaut, (64, 48)), suffix), np.uint8)
    refused = 0
    for _ in range(300):
        damaged = good.copy()
        damaged[random.integers(0, len(good), 3)] = random.integers(0, 256, 3)
        try:
            assert decode(damaged.tobytes()).shape[2] == 3
        except ImageError as error:
            assert 'a compressed image of' in str(error) or 'neither JPEG nor PNG' in str(error)
            refused += 1
    assert refused > 20
    assert capfd.readouterr() == ('', '')


def mosaic_of(picture: Picture, pattern: str) -> Picture:
    """Return the (H, W) values that a sensor behind a Bayer filter sees."""
    mosaic = np.empty(picture.shape[:2], np.uint8)
    for index, color in enumerate(pattern):
        row, column = divmod(index, 2)
        mosaic[row::2, column::2] = picture[row::2, column::2, 'bgr'.index(color)]
    return mosaic


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('pattern', ['rggb', 'gbrg'])
def test_a_bayer_pattern_inside_an_image_is_demosaiced(suffix: str, pattern: str) -> None:
    color = np.full((32, 48, 3), (40, 120, 200), np.uint8)
    data = encode(mosaic_of(color, pattern), suffix, cv2.IMWRITE_JPEG_QUALITY, 100)
    decoded = decode_compressed(check_compressed(data), ENCODINGS[f'bayer_{pattern}8'])
    assert np.abs(decoded[2:-2, 2:-2].astype(int) - (40, 120, 200)).max() <= 3


def test_a_bayer_pattern_of_16_bits_inside_a_png_is_demosaiced() -> None:
    color = np.full((32, 48, 3), (40, 120, 200), np.uint8)
    data = encode(mosaic_of(color, 'grbg').astype(np.uint16) * 257, '.png')
    decoded = decode_compressed(check_compressed(data), ENCODINGS['bayer_grbg16'])
    assert (decoded[2:-2, 2:-2] == (40, 120, 200)).all()


def test_a_bayer_pattern_of_an_odd_size_is_refused() -> None:
    with pytest.raises(ImageError, match='a Bayer pattern requires an even size, got 5x4'):
        decode_compressed(check_compressed(encode(np.zeros((4, 5), np.uint8), '.png')), ENCODINGS['bayer_rggb8'])


# Files


def quarters(height: int = 48, width: int = 64) -> Picture:
    """Return a picture that differs from all its rotations and mirror images."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (250, 20, 20)
    picture[height // 2 :, : width // 2] = (20, 250, 20)
    picture[: height // 2, width // 2 :] = (20, 20, 250)
    return picture


def save(picture: Picture, path: Path, **options: object) -> Path:
    Image.fromarray(picture[..., ::-1]).save(path, **options)
    return path


UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: stored.swapaxes(0, 1)[::-1],
}
"""How each value of the Exif orientation tag shows the stored pixels upright."""


@pytest.mark.parametrize('orientation', UPRIGHT)
@pytest.mark.parametrize('suffix', ['.jpg', '.tif', '.png', '.webp', '.avif'])
def test_the_orientation_of_a_file_is_honoured(tmp_path: Path, suffix: str, orientation: int) -> None:
    Image.init()
    if suffix not in Image.registered_extensions():
        pytest.skip(f'needs a Pillow with {suffix[1:].upper()}')
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(quarters(), tmp_path / f'turned{suffix}', exif=exif, quality=95)
    read = read_picture(path)
    assert read.shape == ((48, 64, 3) if orientation < 5 else (64, 48, 3))
    assert np.abs(read.astype(int) - UPRIGHT[orientation](quarters())).mean() < 6


def test_the_node_keeps_the_orientation_of_the_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = save(quarters(), tmp_path / 'turned.jpg', exif=exif, quality=95).read_bytes()
    assert np.abs(decode(data).astype(int) - quarters()).mean() < 6


def test_a_jpeg_file_has_the_pixels_of_opencv(tmp_path: Path, astronaut: Picture) -> None:
    path = tmp_path / 'astronaut.jpg'
    path.write_bytes(encode(astronaut, '.jpg'))
    np.testing.assert_array_equal(read_picture(path), cv2.imread(str(path)))


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_grey_files_of_8_and_16_bits_are_read(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / 'grey.png'
    path.write_bytes(encode(np.array([[0, 100, 255]], dtype) * dtype(np.iinfo(dtype).max // 255), '.png'))
    assert read_picture(path).tolist() == [[[0] * 3, [100] * 3, [255] * 3]]


@pytest.mark.parametrize(
    ('name', 'content', 'text'),
    [
        ('missing.jpg', None, 'missing.jpg does not exist; expected a picture file'),
        ('notes.txt', b'not a picture', r'notes.txt is not a picture that Pillow [\d.]+ can read'),
        ('folder', 'folder', 'folder: not a file; expected a picture file'),
        ('forged.png', png(60000, 60000, b''), 'forged.png exceeds the limit of 89478485 pixels; scale it down first'),
        ('large.png', png(10000, 9000, b''), 'large.png exceeds the limit of 89478485 pixels; scale it down first'),
        ('half.png', png(64, 48, black(64, 48))[:-20], 'half.png is truncated'),
        ('wrong.png', png(64, 48, b'wrong'), 'wrong.png is damaged '),
        ('float.tif', np.float32, r'float.tif: its grey values are not integers of 0..65535'),
        ('long.tif', np.int32, r'long.tif: its grey values are not integers of 0..65535'),
    ],
)
def test_a_file_without_a_picture_is_refused_with_a_sentence(
    name: str, content: bytes | str | type | None, text: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content == 'folder':
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, type):
        Image.fromarray(np.full((4, 6), 70000, content)).save(path)
    with pytest.raises(ImageError, match=f'^{tmp_path}/{text}'):
        read_picture(path)


def test_a_truncated_jpeg_file_is_refused(tmp_path: Path, astronaut: Picture) -> None:
    data = encode(astronaut, '.jpg')
    (tmp_path / 'half.jpg').write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match='half.jpg is truncated'):
        read_picture(tmp_path / 'half.jpg')


def test_a_folder_without_permission_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may read everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, 'stat', refuse)
    with pytest.raises(ImageError, match=r'x.jpg cannot be read \(Permission denied\)'):
        read_picture(tmp_path / 'x.jpg')


@pytest.mark.parametrize(
    ('name', 'size'), [('orientation6.jpg', (64, 48)), ('orientation6.tif', (64, 48)), ('jpeg_plus_crlf.jpg', (48, 64))]
)
def test_inputs_that_failed_in_0_1_are_read(shared: Path, name: str, size: tuple[int, int]) -> None:
    assert read_picture(shared / 'bug_inputs' / name).shape[:2] == size


@pytest.mark.parametrize(
    ('name', 'text'), [('jpeg_half.jpg', 'is truncated'), ('forged_60000x60000.png', 'exceeds the limit of')]
)
def test_inputs_that_are_bad_are_refused_as_files_and_as_images(shared: Path, name: str, text: str) -> None:
    path = shared / 'bug_inputs' / name
    with pytest.raises(ImageError, match=text):
        read_picture(path)
    with pytest.raises(ImageError, match=text):
        check_compressed(path.read_bytes())
