# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Repeats a picture, a video or a folder of pictures in a loop, or reads a camera. Does not require ROS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..recordings.frames import Frame, open_frames


class VideoSource:
    """An endless source of frames: files start over at their end.

    Attributes:
        rate_hz: native frame rate.
    """

    def __init__(self, path: Path) -> None:
        """Open a picture, a video file, a folder of pictures or a camera such as /dev/video0.

        Raises:
            ImageError: it cannot be read.
        """
        self._path = path
        self._frames_bad = 0  # in the previous repetitions
        self._reader = open_frames(path)
        self._frames: Iterator[Frame] = iter(self._reader)
        self._picture: NDArray[np.uint8] | None = None
        self.rate_hz = self._reader.rate_hz

    @property
    def frames_bad(self) -> int:
        """Number of broken frames that were skipped so far."""
        return self._frames_bad + self._reader.bad_frames

    def read(self) -> NDArray[np.uint8]:
        """Return the next frame that can be decoded, (H, W, 3) uint8 BGR.

        Raises:
            ImageError: no frame of the file can be decoded, or the camera stopped sending frames.
        """
        if self._picture is not None:
            return self._picture
        frame = next(self._frames, None)
        if frame is None and not self._reader.live:
            self._start_over()
            frame = next(self._frames, None)
        if frame is None:
            raise ImageError(
                f'{self._path} stopped sending frames'
                if self._reader.live
                else f'no frame of {self._path} can be decoded'
            )
        if self._reader.count == 1:
            self._picture = frame.image
        return frame.image

    def _start_over(self) -> None:
        self._frames_bad += self._reader.bad_frames
        self._reader.close()
        self._reader = open_frames(self._path)
        self._frames = iter(self._reader)
