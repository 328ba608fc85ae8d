# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the frames of video files with PyAV: exact stamps, variable frame rates and rotation metadata."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..rotation import rotate_image
from .frames import FrameSource, check_size

_LOG = logging.getLogger(__name__)

LOCAL_ONLY = {'protocol_whitelist': 'file,crypto,data'}
"""Option of FFmpeg: a playlist disguised as a video must not open network connections."""


class AvVideo(FrameSource):
    """A video file."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            ImageError: it is not a video that PyAV can read, or its frames are too large.
        """
        self._path = path
        try:
            self._container = av.open(str(path), options=LOCAL_ONLY)
        except (av.FFmpegError, UnicodeEncodeError) as error:
            raise ImageError(
                f'{path} is not a video that PyAV {av.__version__} can read, or it is damaged or incomplete '
                f'({describe_failure(error)})'
            ) from error
        if not self._container.streams.video:
            self._container.close()
            raise ImageError(f'{path} contains no video')
        stream = self._container.streams.video[0]
        check_size(stream.height, stream.width, path)
        stream.thread_type = 'AUTO'
        super().__init__(float(stream.average_rate or 0), stream.frames or _estimate_count(stream))
        self.time_base = stream.time_base or self.time_base
        self._frames = self._decode(stream)
        self._frame: av.VideoFrame | None = None

    def close(self) -> None:
        """Close the file."""
        self._frames.close()
        self._container.close()

    def _grab(self) -> float | None:
        self._frame = next(self._frames, None)
        if self._frame is None:
            return None
        return float('nan') if self._frame.time is None else self._frame.time

    def _retrieve(self) -> NDArray[np.uint8] | None:
        frame = self._frame
        assert frame is not None, 'a frame was decoded'
        check_size(frame.height, frame.width, self._path)
        image = np.ascontiguousarray(frame.to_ndarray(format='bgr24'))
        return rotate_image(image, -round(frame.rotation / 90) * 90 % 360)

    def _decode(self, stream: av.VideoStream) -> Generator[av.VideoFrame, None, None]:
        for packet in self._packets(stream):
            try:
                yield from packet.decode()
            except av.EOFError:
                return
            except av.FFmpegError as error:
                self.bad_frames += 1
                _LOG.debug('%s: a frame cannot be decoded: %s', self._path, error)

    def _packets(self, stream: av.VideoStream) -> Generator[av.Packet, None, None]:
        try:
            yield from self._container.demux(stream)
        except av.InvalidDataError as error:
            self.bad_frames += 1
            _LOG.warning(
                '%s is damaged after frame %d; the rest is ignored (%s)',
                self._path,
                self._index,
                describe_failure(error),
            )
        except av.FFmpegError as error:  # of the disk or the network: the rest of the file may be intact
            raise ImageError(
                f'{self._path} cannot be read after frame {self._index} ({describe_failure(error)}); '
                'run the command again'
            ) from error


def describe_failure(error: Exception) -> str:
    """Return the text of an error of FFmpeg without its number and file; the text of any other error."""
    return str(getattr(error, 'strerror', '') or error)


def _estimate_count(stream: av.VideoStream) -> int:
    """Return the number of frames according to the duration, for containers that do not store it."""
    duration_us = stream.container.duration
    return round(duration_us / 1e6 * float(stream.average_rate)) if duration_us and stream.average_rate else 0
