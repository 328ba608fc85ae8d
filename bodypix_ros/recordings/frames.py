# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the frames of a folder of pictures, a video file, a camera or a network stream."""

from __future__ import annotations

import importlib.metadata
import logging
import math
import mimetypes
import os
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..encodings import size_problem
from ..errors import ImageError
from ..pictures import read_picture

_LOG = logging.getLogger(__name__)

DEFAULT_RATE_HZ = 30.0
MAX_RATE_HZ = 1000.0

_MIN_PYAV = 15
_ADDRESS = re.compile(r'(https?|rtsps?|rtmps?|srt|udp)://.+')


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes:
        index: number of the frame, from 0; frames that cannot be decoded are not counted.
        stamp_s: seconds since the first frame; strictly increasing.
        image: (H, W, 3) uint8 BGR, upright if the file has rotation metadata.
        name: unique in its source and suitable for a file name: that of the picture without its suffix, or the index.
    """

    index: int
    stamp_s: float
    image: NDArray[np.uint8]
    name: str


class Stamped(Protocol):
    """An item with a time, such as a frame."""

    @property
    def stamp_s(self) -> float:
        """Time of the item, seconds."""


_Item = TypeVar('_Item', bound=Stamped)


def with_upcoming(items: Iterable[_Item], seconds: float) -> Iterator[tuple[_Item, tuple[_Item, ...]]]:
    """Yield each item with the items of the following `seconds`, which are kept in memory."""
    waiting: deque[_Item] = deque()
    for item in items:
        while waiting and item.stamp_s - waiting[0].stamp_s > seconds:
            yield waiting.popleft(), tuple(waiting)
        waiting.append(item)
    while waiting:
        yield waiting.popleft(), tuple(waiting)


class FrameSource(ABC):
    """An iterator of frames; use it as a context manager.

    Frames that cannot be decoded are skipped and counted.

    Attributes:
        rate_hz: nominal frame rate.
        count: number of frames according to the source, which may be inexact; 0 if unknown.
        live: whether it is a camera or a stream without an end, which cannot be read again.
        bad_frames: number of frames skipped so far because they cannot be decoded.
        start_s: stamp of the first frame in the file, seconds.
        time_base: unit of the stamps in the file, seconds.
    """

    def __init__(self, rate_hz: float, count: int, live: bool = False) -> None:
        self.rate_hz = rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= MAX_RATE_HZ else DEFAULT_RATE_HZ
        self.count, self.live = count, live
        self.bad_frames = 0
        self.start_s = 0.0
        self.time_base = Fraction(1, 90_000)  # usual for video, and a multiple of many frame rates
        self._index = -1  # of the current frame
        self._stamp_s = -math.inf  # of the current frame

    def __iter__(self) -> Iterator[Frame]:
        """Yield the remaining frames.

        Raises:
            ImageError: a frame exceeds the limits of `pictures`, or the connection is lost.
        """
        while self._advance():
            image = self._retrieve()
            if image is None:
                self.bad_frames += 1
            else:
                yield Frame(self._index, self._stamp_s, image, self._name())

    def skip(self, count: int) -> None:
        """Skip the next `count` frames, without converting them to images; stop at the end of the source."""
        for _ in range(count):
            if not self._advance():
                return

    def close(self) -> None:  # noqa: B027  # folders have nothing to release
        """Release the file, the camera or the connection."""

    def __enter__(self) -> FrameSource:
        """Return the source itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the source."""
        self.close()

    @abstractmethod
    def _grab(self) -> float | None:
        """Decode the next frame that can be decoded; return its stamp, NaN if it has none, or None at the end."""

    @abstractmethod
    def _retrieve(self) -> NDArray[np.uint8] | None:
        """Return the image of the frame that was decoded last; None if it cannot be converted."""

    def _name(self) -> str:
        return f'{self._index:06}'

    def _advance(self) -> bool:
        stamp_s = self._grab()
        if stamp_s is None:
            return False
        self._index += 1
        if self._index == 0:
            self.start_s = stamp_s if math.isfinite(stamp_s) else 0.0
        stamp_s -= self.start_s
        # Some containers have no stamps, or stamps that jump back.
        self._stamp_s = stamp_s if stamp_s > self._stamp_s else max(self._stamp_s + 1 / self.rate_hz, 0.0)
        return True


def open_frames(source: str | Path, rate_hz: float = DEFAULT_RATE_HZ) -> FrameSource:
    """Open a source of frames.

    Args:
        source: a folder of pictures, without its subfolders; a picture; a video file; a camera, as /dev/video0 or its
            number; or the address of an RTSP, RTMP, SRT, UDP or HTTP stream. Videos are read with PyAV if it is
            installed, otherwise with OpenCV.
        rate_hz: of a folder of pictures, in which there are no stamps.

    Raises:
        ImageError: the source does not exist, cannot be read or exceeds the limits of `pictures`.
    """
    text = str(source)
    if is_address(text):
        from .capture import StreamCapture

        return StreamCapture(text)
    path = Path(source)
    if path.is_dir():
        return Pictures(list_pictures(path), rate_hz)
    if path.is_char_device() or (text.isdigit() and not path.exists()):
        from .capture import CameraCapture

        return CameraCapture(text)
    if not path.is_file():
        raise ImageError(
            f'{text} does not exist; expected a video, a picture, a folder of pictures, a camera such as /dev/video0 '
            'or 0, or an address such as rtsp://camera/stream'
        )
    if is_picture(path):
        return Pictures([path], rate_hz)
    if has_pyav():
        from .av_reader import AvVideo

        return AvVideo(path)
    from .capture import FileCapture

    return FileCapture(path)


def is_address(source: str | Path) -> bool:
    """Return whether a source is the address of a network stream."""
    return _ADDRESS.fullmatch(str(source)) is not None


def has_pyav() -> bool:
    """Return whether PyAV is installed, in a version that has rotations and durations of frames."""
    try:
        version = importlib.metadata.version('av')
    except importlib.metadata.PackageNotFoundError:
        return False
    return int(version.partition('.')[0]) >= _MIN_PYAV


def check_size(height: int, width: int, source: object) -> None:
    """Raise ImageError if frames of this size exceed the limits of images."""
    if problem := size_problem(height, width):
        raise ImageError(f'{source}: a frame of {problem}')


class Pictures(FrameSource):
    """Picture files."""

    def __init__(self, paths: Sequence[Path], rate_hz: float = DEFAULT_RATE_HZ) -> None:
        """Prepare to read the files in order; the stamps have the given rate."""
        super().__init__(rate_hz, len(paths))
        self._paths, self._names = paths, distinct_names(paths)
        self._next = 0
        self._image: NDArray[np.uint8] | None = None

    def _grab(self) -> float | None:
        while self._next < len(self._paths):
            self._next += 1
            try:
                self._image = read_picture(self._paths[self._next - 1])
            except ImageError as error:
                if len(self._paths) == 1:
                    raise
                self.bad_frames += 1
                _LOG.warning('skipped: %s', error)
            else:
                return (self._next - 1) / self.rate_hz
        return None

    def _retrieve(self) -> NDArray[np.uint8] | None:
        return self._image

    def _name(self) -> str:
        return self._names[self._next - 1]


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, without its subfolders, in natural order: frame_2 comes before frame_10.

    Files without a suffix of a picture format and hidden files are ignored.

    Raises:
        ImageError: there are none.
    """
    # os.path.isfile, unlike Path.is_file, returns False for a loop of symbolic links.
    files = [path for path in folder.iterdir() if not path.name.startswith('.') and os.path.isfile(path)]
    paths = sorted((path for path in files if _kind(path) == 'image'), key=_natural_order)
    if not paths:
        raise ImageError(f'{folder} contains no pictures; expected files such as frame_1.png')
    return paths


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture: by its suffix or, if that is of another kind, by its first bytes."""
    kind = _kind(path)
    if kind in ('image', 'video'):
        return kind == 'image'
    try:
        with Image.open(path):
            return True
    except Exception:  # Pillow's parsers raise many kinds of exceptions
        return False


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return the names of files without their suffix, with a number if an earlier file has the same: cam, cam_2."""
    taken = {path.stem for path in paths}
    used: set[str] = set()
    names = []
    for path in paths:
        name, number = path.stem, 1
        while name in used or (number > 1 and name in taken):
            number += 1
            name = f'{path.stem}_{number}'
        used.add(name)
        names.append(name)
    return names


def _kind(path: Path) -> str:
    """Return 'image', 'video' or another kind of file according to the suffix; empty if it is unknown."""
    kind, _ = mimetypes.guess_type(path.name)
    return (kind or '').partition('/')[0]


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Return a sort key in which numbers are compared by value."""
    return [(int(word), '') if word.isdigit() else (-1, word) for word in re.split(r'([0-9]+)', path.name)]
