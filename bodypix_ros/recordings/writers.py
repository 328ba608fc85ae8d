# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes products: pictures, lines of JSON, and videos.

Everything is written in pieces, so that an interrupted run can continue after the last complete piece. Pieces are named
after the index of their first frame.
"""

from __future__ import annotations

import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError, SettingError
from .frames import Frame, FrameSource, has_pyav

_LOG = logging.getLogger(__name__)

LINES_SUFFIX = '.jsonl'
VIDEO_SUFFIXES = ('.mp4', '.mov', '.mkv', '.webm')

LOSSLESS, TRANSPARENT = 'mask', 'cutout'

DEFAULT_SUFFIXES = {LOSSLESS: '.mkv', TRANSPARENT: '.webm'}
"""Containers of the videos in an output folder; `.mp4` for the other products."""

_OPENCV_CODECS = {
    (False, '.mp4'): 'mp4v',
    (False, '.mov'): 'mp4v',
    (False, '.mkv'): 'mp4v',
    (False, '.webm'): 'VP90',
    (True, '.mkv'): 'FFV1',
}
"""FourCC by whether the video is lossless, and by suffix."""


class Writer(ABC):
    """Writes one product of all frames.

    Attributes:
        resumable: whether a later run can continue after the frames of the last `commit`.
    """

    resumable = True

    @abstractmethod
    def write(self, frame: Frame, result: Any) -> None:
        """Add the product of the next frame."""

    @abstractmethod
    def commit(self) -> None:
        """Complete the files that are being written."""

    @abstractmethod
    def finish(self) -> None:
        """Join the pieces to the final file."""


class PictureWriter(Writer):
    """Writes a PNG file for each frame."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, frame: Frame, result: NDArray[np.uint8]) -> None:
        """Write NAME.png; result is (H, W), (H, W, 3) or (H, W, 4) uint8."""
        (self._folder / f'{frame.name}.png').write_bytes(encode_png(result))

    def commit(self) -> None:
        """Do nothing: each file is complete."""

    def finish(self) -> None:
        """Do nothing: the files are where they belong."""


def encode_png(picture: NDArray[Any]) -> bytes:
    """Return a PNG file of (H, W), (H, W, 3) BGR or (H, W, 4) BGRA uint8.

    Raises:
        ImageError: the picture has another shape, or no pixels.
    """
    encoded, data = cv2.imencode('.png', picture)
    if not encoded:
        raise ImageError(f'a picture of shape {picture.shape} cannot be encoded as PNG')
    return bytes(data)


class LinesWriter(Writer):
    """Writes the lines of all frames to one file."""

    def __init__(self, path: Path, pieces: Pieces) -> None:
        self._path, self._pieces = path, pieces
        self._lines: list[bytes] = []
        self._first = 0

    def write(self, frame: Frame, result: bytes) -> None:
        """Add a line; it is written by the next `commit`."""
        if not self._lines:
            self._first = frame.index
        self._lines.append(result)

    def commit(self) -> None:
        """Write the lines as a piece."""
        if self._lines:
            self._pieces.path(self._first).write_bytes(b''.join(self._lines))
            self._lines.clear()

    def finish(self) -> None:
        """Concatenate the pieces."""
        self.commit()
        with self._path.open('wb') as whole:
            for path in self._pieces.paths():
                with path.open('rb') as piece:
                    shutil.copyfileobj(piece, whole)


class CaptureWriter(Writer):
    """Writes a video with OpenCV: constant frame rate, no audio, and only in one piece."""

    resumable = False

    def __init__(self, path: Path, lossless: bool, rate_hz: float) -> None:
        self._path, self._rate_hz = path, rate_hz
        self._fourcc = _OPENCV_CODECS[lossless, path.suffix]
        self._writer: cv2.VideoWriter | None = None
        self._size = SameSize()
        self._frames = 0

    def write(self, frame: Frame, result: NDArray[np.uint8]) -> None:
        """Add a frame; (H, W) or (H, W, 3) uint8."""
        self._size.check(frame, result)
        if self._writer is None:
            height, width = result.shape[:2]
            fourcc = cv2.VideoWriter.fourcc(*self._fourcc)
            self._writer = cv2.VideoWriter(str(self._path), cv2.CAP_FFMPEG, fourcc, self._rate_hz, (width, height))
            if height % 2 or width % 2 or not self._writer.isOpened():  # it would drop the last row or column
                raise ImageError(
                    f'OpenCV cannot write {self._path.suffix} videos of {width}x{height} with {self._fourcc}; '
                    'install PyAV (pip install av) or write PNG files (--png)'
                )
        self._writer.write(result if result.ndim == 3 else cv2.cvtColor(result, cv2.COLOR_GRAY2BGR))
        self._frames += 1

    def commit(self) -> None:
        """Do nothing: OpenCV cannot append to a video."""

    def finish(self) -> None:
        """Complete the file, and read it again, because OpenCV does not report failures such as a full disk.

        Raises:
            OSError: the file is not complete.
        """
        if self._writer is None:
            return
        self._writer.release()
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        stored = 0
        while capture.grab():
            stored += 1
        capture.release()
        if stored != self._frames:
            raise OSError(f'OpenCV stored {stored} of {self._frames} frames; the disk may be full')


class SameSize:
    """Checks that all frames of a video have the size of the first one."""

    def __init__(self) -> None:
        self._size = (0, 0)

    def check(self, frame: Frame, image: NDArray[np.uint8]) -> None:
        """Raise ImageError if the image has another height or width than the first one."""
        height, width = image.shape[:2]
        if self._size == (0, 0):
            self._size = (height, width)
        if self._size != (height, width):
            first = f'{self._size[1]}x{self._size[0]}'
            raise ImageError(
                f'frame {frame.index} ({frame.name}) is {width}x{height}, but a video of {first} was started; '
                'write PNG files (--png) instead'
            )


class Pieces:
    """The pieces of one product: files in a folder, named after the index of their first frame."""

    def __init__(self, folder: Path, suffix: str, frames_done: int) -> None:
        """Create the folder, and delete the pieces of a run that was interrupted after `frames_done` frames."""
        self._folder, self._suffix = folder, suffix
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.paths():
            if int(path.stem) >= frames_done:
                path.unlink()

    def path(self, index: int) -> Path:
        """Return the path of the piece that starts with a frame."""
        return self._folder / f'{index:09}{self._suffix}'

    def paths(self) -> Sequence[Path]:
        """Return all pieces in order."""
        return sorted(self._folder.glob(f'*{self._suffix}'))


def open_writer(
    product: str, path: Path, pieces: Path, frames_done: int, source: FrameSource, audio: Path | None
) -> Writer:
    """Open the writer of a product.

    Args:
        product: name of the product.
        path: of the final file; without a suffix, the folder of PNG files.
        pieces: folder for the pieces.
        frames_done: number of frames whose products are complete.
        source: of the frames; the video has its frame rate and its stamps.
        audio: video whose audio is copied; None for no audio.

    Raises:
        SettingError: the product cannot be stored in a file with this suffix.
    """
    if not path.suffix:
        return PictureWriter(path)
    if path.suffix == LINES_SUFFIX:
        return LinesWriter(path, Pieces(pieces, LINES_SUFFIX, frames_done))
    check_suffix(product, path.suffix)
    if product == LOSSLESS:
        audio = None
    if not has_pyav():
        if audio is not None:
            _LOG.info('PyAV 15 or later is not installed: audio is not copied (pip install av)')
        return CaptureWriter(path, product == LOSSLESS, source.rate_hz)
    from .av_writer import AvWriter

    return AvWriter(path, product, pieces, frames_done, source, audio)


def check_suffix(product: str, suffix: str) -> None:
    """Raise SettingError if a product cannot be stored in a video with this suffix."""
    if product == TRANSPARENT and not has_pyav():
        raise SettingError('transparent videos require PyAV: pip install av; or write PNG files to a folder (--png)')
    if has_pyav():
        from .av_writer import FORMATS

        suffixes = [one for kind, one in FORMATS if kind == format_kind(product)]
    else:
        suffixes = [one for lossless, one in _OPENCV_CODECS if lossless == (product == LOSSLESS)]
    if suffix not in suffixes:
        raise SettingError(f'{product} must be written to {", ".join(suffixes)} or a folder, got {suffix}')


def format_kind(product: str) -> str:
    """Return which formats a product has: mask, cutout or picture."""
    return product if product in (LOSSLESS, TRANSPARENT) else 'picture'
