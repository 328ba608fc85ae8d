"""Reads frames from a picture, a video file or a video device. Does not require ROS."""

from __future__ import annotations

import math
import mimetypes
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from ..errors import ImageError
from ..pictures import read_picture

DEFAULT_RATE_HZ = 30.0
MAX_RATE_HZ = 1000.0

_MAX_FAILED_READS = 50
"""Consecutive failed reads after which a video is considered to be at its end, or a device to be disconnected."""


class VideoSource(Protocol):
    """A source of frames.

    Attributes:
        rate_hz: native frame rate.
        frames_bad: broken frames that were skipped so far.
    """

    rate_hz: float
    frames_bad: int

    def read(self) -> NDArray[np.uint8]:
        """Return the next frame, (H, W, 3) uint8 BGR.

        Raises:
            ImageError: there are no more frames.
        """


class Picture:
    """A source that repeats one picture."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.rate_hz, self.frames_bad = DEFAULT_RATE_HZ, 0
        self._pixels = pixels

    def read(self) -> NDArray[np.uint8]:
        """Return the picture."""
        return self._pixels


class Video:
    """A video file, which starts over at its end, or a video device. Broken frames are skipped and counted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_device = path.is_char_device()
        self._capture = self._open()
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate_hz if math.isfinite(rate_hz) and 0 < rate_hz <= MAX_RATE_HZ else DEFAULT_RATE_HZ
        self.frames_bad = 0

    def read(self) -> NDArray[np.uint8]:
        """Return the next frame that can be decoded, (H, W, 3) uint8 BGR.

        Raises:
            ImageError: no frame of the file can be decoded, or the device stopped sending frames.
        """
        frame = self._read_on()
        if frame is None and not self._is_device:
            # Seeking to the start fails for videos of a single frame; reopening the file does not.
            self._capture.release()
            self._capture = self._open()
            frame = self._read_on()
        if frame is None:
            raise ImageError(
                f'{self._path} stopped sending frames'
                if self._is_device
                else f'no frame of {self._path} can be decoded'
            )
        return frame

    def _read_on(self) -> NDArray[np.uint8] | None:
        """Return the next frame that can be decoded; None at the end."""
        for failed in range(_MAX_FAILED_READS):
            read, frame = self._capture.read()
            if read:
                self.frames_bad += failed
                return frame
        return None

    def _open(self) -> cv2.VideoCapture:
        try:
            str(self._path).encode()
        except UnicodeEncodeError as error:  # it would end the process
            raise ImageError(
                f'the name of {str(self._path)!r} is not UTF-8, which OpenCV needs for videos; rename the file'
            ) from error
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise ImageError(f'{self._path} is neither a picture nor a video that OpenCV can read')
        return capture


def open_source(path: Path) -> VideoSource:
    """Open a picture, a video file or a video device such as /dev/video0.

    Raises:
        ImageError: it cannot be read.
    """
    if not path.exists():
        raise ImageError(f'{path} does not exist; expected a picture, a video file or a device such as /dev/video0')
    kind, _ = mimetypes.guess_type(path)
    if path.is_char_device() or (kind or '').startswith('video/'):
        return Video(path)
    try:
        return Picture(read_picture(path))
    except ImageError as error:
        if isinstance(error.__cause__, UnidentifiedImageError):
            return Video(path)
        raise
