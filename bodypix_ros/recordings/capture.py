# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads frames with OpenCV: video files, cameras and network streams."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError, without_password
from .frames import FrameSource, check_size

_LOG = logging.getLogger(__name__)

_MAX_FAILED_READS = 50
"""Consecutive failed reads after which a video is considered to be at its end, or a camera to be disconnected."""

_MAX_RECONNECTS = 5
_TIMEOUT_MS = 10_000
_MAX_COUNT = 2**31  # FFmpeg reports more frames, or a negative number, for streams without a known end


class _Capture(FrameSource):
    """The frames of a capture of OpenCV."""

    def __init__(self, capture: cv2.VideoCapture, count: int, live: bool) -> None:
        super().__init__(capture.get(cv2.CAP_PROP_FPS), count, live)
        self._capture = capture

    def close(self) -> None:
        """Release the file or the camera, or close the connection."""
        self._capture.release()

    def _retrieve(self) -> NDArray[np.uint8] | None:
        retrieved: tuple[bool, Any] = self._capture.retrieve()
        return retrieved[1] if retrieved[0] else None

    def _decode_next(self) -> bool:
        """Decode the next frame that can be decoded; return False if too many reads failed."""
        for failed in range(_MAX_FAILED_READS):
            if self._capture.grab():
                self.bad_frames += failed
                return True
        return False


class FileCapture(_Capture):
    """A video file. Rotation metadata are applied."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ImageError: it is not a video that OpenCV can read, or its frames are too large.
        """
        capture = _open_file(path)
        super().__init__(capture, _count(capture), live=False)

    def _grab(self) -> float | None:
        return _stamp_s(self._capture) if self._decode_next() else None


class CameraCapture(_Capture):
    """A camera of this machine; stamps are the times at which the frames arrive."""

    def __init__(self, device: str) -> None:
        """Open the camera.

        Args:
            device: path such as /dev/video0, or its number.

        Raises:
            ImageError: the camera cannot be opened.
        """
        capture = cv2.VideoCapture(int(device) if device.isdigit() else device)
        if not capture.isOpened():
            raise ImageError(
                f'camera {device} cannot be opened; check that it is connected and that no other program uses it'
            )
        super().__init__(capture, 0, live=True)
        self._device = device

    def _grab(self) -> float | None:
        if self._decode_next():
            return time.monotonic()
        _LOG.warning('camera %s stopped sending frames', self._device)
        return None


class StreamCapture(_Capture):
    """A stream or a video file on the network. After an interruption, the connection is opened again.

    A video with a known number of frames continues at the frame at which it was interrupted. A live stream continues
    with its current frame, and ends if it does not come back.
    """

    def __init__(self, address: str) -> None:
        """Connect.

        Raises:
            ImageError: the address cannot be opened within ten seconds, or its frames are too large.
        """
        self._address, self._shown = address, without_password(address)
        capture = self._connect()
        count = _count(capture)
        super().__init__(capture, count, live=count == 0)
        self._received = 0  # frames

    def _grab(self) -> float | None:
        if self._capture.grab():
            self._received += 1
            return time.monotonic() if self.live else _stamp_s(self._capture)
        if not self.live and self._received >= self.count:
            return None
        return self._reconnect()

    def _reconnect(self) -> float | None:
        """Open the address again; return the stamp of the next frame, or None if there are no more."""
        for attempt in range(_MAX_RECONNECTS):
            wait_s = min(2.0**attempt / 2, 4.0)
            _LOG.warning('%s was interrupted after %d frames; reconnecting', self._shown, self._received)
            self._capture.release()
            time.sleep(wait_s)
            try:
                self._capture = self._connect()
            except ImageError:
                continue
            if self.live and self._capture.grab():
                self._received += 1
                return time.monotonic()
            if not self.live:
                return self._catch_up()
        if self.live:
            _LOG.warning('%s ended: no frames after %d attempts to reconnect', self._shown, _MAX_RECONNECTS)
            return None
        raise ImageError(
            f'{self._shown}: the connection was lost after {self._received} of {self.count} frames and could not be '
            'restored; run the same command again to continue'
        )

    def _catch_up(self) -> float | None:
        """Skip the frames that were received before; return None if there are no others: `count` may be inexact."""
        for _ in range(self._received):
            if not self._capture.grab():
                return None
        if not self._capture.grab():
            self.count = self._received
            return None
        self._received += 1
        return _stamp_s(self._capture)

    def _connect(self) -> cv2.VideoCapture:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        capture = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, limits)
        return _checked(capture, self._shown, 'cannot be opened; check the address and the network connection')


def _open_file(path: Path) -> cv2.VideoCapture:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # it would end the process
        raise ImageError(
            f'the name of {str(path)!r} is not UTF-8, which OpenCV needs for videos; rename the file'
        ) from error
    # Other backends read names such as frame_%d.png as a sequence of files.
    return _checked(
        cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), path, 'is not a video that OpenCV can read, or it is damaged'
    )


def _checked(capture: cv2.VideoCapture, source: object, failure: str) -> cv2.VideoCapture:
    if not capture.isOpened():
        raise ImageError(f'{source} {failure}')
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    check_size(int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), source)
    return capture


def _count(capture: cv2.VideoCapture) -> int:
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < _MAX_COUNT else 0


def _stamp_s(capture: cv2.VideoCapture) -> float:
    stamp_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
    return stamp_ms / 1e3 if math.isfinite(stamp_ms) else math.nan
