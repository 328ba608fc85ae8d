# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes videos with PyAV: with the stamps and the audio of the source, in pieces that are joined without encoding."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from .av_reader import LOCAL_ONLY, describe_failure
from .frames import Frame, FrameSource
from .writers import Pieces, SameSize, Writer, format_kind

_LOG = logging.getLogger(__name__)

_MPEG_RANGE, _BT709 = 1, 1  # of AVColorRange and AVColorSpace


@dataclass(frozen=True)
class Format:
    """How a video is encoded: codec, pixel formats for even and odd sizes, container of pieces, options of FFmpeg."""

    codec: str
    pixels: str
    odd_pixels: str
    piece_suffix: str = '.nut'  # stores any time base, but neither ProRes nor the alpha channel of VP9
    options: dict[str, str] = field(default_factory=dict)


# Without B-frames, packets are stored in the order of their stamps, so that pieces can be joined at any frame.
_H264 = Format('libx264', 'yuv420p', 'yuv444p', options={'preset': 'veryfast', 'crf': '18', 'bf': '0'})
_VP9_OPTIONS = {
    'deadline': 'realtime',
    'cpu-used': '6',
    'crf': '24',
    'b': '0',
    'auto-alt-ref': '0',
    'lag-in-frames': '0',
}

FORMATS = {
    ('picture', '.mp4'): _H264,
    ('picture', '.mov'): _H264,
    ('picture', '.mkv'): _H264,
    ('picture', '.webm'): Format('libvpx-vp9', 'yuv420p', 'yuv420p', '.webm', _VP9_OPTIONS),
    ('mask', '.mkv'): Format('ffv1', 'gray', 'gray'),
    ('cutout', '.webm'): Format('libvpx-vp9', 'yuva420p', 'yuva420p', '.webm', _VP9_OPTIONS),
    ('cutout', '.mov'): Format('prores_ks', 'yuva444p10le', 'yuva444p10le', '.mov', {'profile': '4444'}),
    ('cutout', '.mkv'): Format('ffv1', 'bgra', 'bgra'),
}
"""Formats by kind of product and suffix. Masks are lossless; cutouts have an alpha channel."""

_PIXELS = {1: 'gray', 3: 'bgr24', 4: 'bgra'}


class AvWriter(Writer):
    """Writes a video."""

    def __init__(
        self, path: Path, product: str, pieces: Path, frames_done: int, source: FrameSource, audio: Path | None
    ) -> None:
        """Prepare the first piece.

        Args:
            path: of the video.
            product: name of the product.
            pieces: folder for the pieces.
            frames_done: number of frames that complete pieces contain.
            source: of the frames.
            audio: video whose audio is copied; None for no audio.
        """
        self._path, self._audio = path, audio
        self._sounds = () if audio is None else storable_audio(audio, path.suffix)
        self._format = FORMATS[format_kind(product), path.suffix]
        self._pieces = Pieces(pieces, self._format.piece_suffix, frames_done)
        self._source = source
        self._piece: _Piece | None = None
        self._size = SameSize()

    def write(self, frame: Frame, result: NDArray[np.uint8]) -> None:
        """Add a frame; (H, W), (H, W, 3) BGR or (H, W, 4) BGRA uint8."""
        self._size.check(frame, result)
        if self._piece is None:
            height, width = result.shape[:2]
            self._piece = _Piece(self._pieces.path(frame.index), self._format, height, width, self._source)
        self._piece.write(result, frame.stamp_s)

    def commit(self) -> None:
        """Complete the current piece."""
        if self._piece is not None:
            self._piece.close()
            self._piece = None

    def finish(self) -> None:
        """Join the pieces, and copy the audio."""
        self.commit()
        join_pieces(self._path, self._pieces.paths(), self._format, self._source, self._audio, self._sounds)


class _Piece:
    """A video file that contains a part of a video; its stamps are those of the whole."""

    def __init__(self, path: Path, format_: Format, height: int, width: int, source: FrameSource) -> None:
        # Without this option, the first stamp in a .mov file is rounded to milliseconds.
        options = {'movie_timescale': str(source.time_base.denominator)} if path.suffix == '.mov' else {}
        self._container = av.open(str(path), 'w', options=options)
        self._stream = _add_stream(self._container, format_, height, width, source)
        self._time_base = source.time_base
        self._duration = max(round(1 / source.rate_hz / source.time_base), 1)

    def write(self, image: NDArray[np.uint8], stamp_s: float) -> None:
        pixels = _PIXELS[image.shape[2] if image.ndim == 3 else 1]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format=pixels)
        if self._stream.pix_fmt.startswith('yuv'):
            frame = frame.reformat(format=self._stream.pix_fmt, dst_colorspace=Colorspace.ITU709)
        frame.time_base = self._time_base
        frame.pts, frame.duration = round(stamp_s / self._time_base), self._duration
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()


def join_pieces(
    path: Path,
    pieces: Sequence[Path],
    format_: Format,
    source: FrameSource,
    audio: Path | None = None,
    sounds: Sequence[int] = (),
) -> None:
    """Join videos without re-encoding.

    Args:
        path: of the result.
        pieces: videos in this format with increasing stamps, at least one.
        format_: of the pieces.
        source: of the frames; the stamp `source.start_s` in `audio` becomes 0.
        audio: video whose audio is copied without re-encoding, as far as it is within the video; None for no audio.
        sounds: indices of the audio streams that are copied.
    """
    with ExitStack() as stack:
        # Bit-exact: no random identifiers, so that the same input and settings result in the same file.
        target = stack.enter_context(av.open(str(path), 'w', options={'fflags': '+bitexact'}))
        with av.open(str(pieces[0])) as first:
            size = first.streams.video[0]
            # This encoder is not used, but its settings, and hence its parameter sets, are those of the pieces.
            stream = _add_stream(target, format_, size.height, size.width, source)
        tracks = [_video_packets(pieces, stream)]
        if audio is not None and sounds:
            sound = stack.enter_context(av.open(str(audio), options=LOCAL_ONLY))
            streams = {sound.streams[i]: target.add_stream_from_template(sound.streams[i]) for i in sounds}
            tracks.append(_audio_packets(sound, streams, source.start_s, _end_s(pieces[-1])))
        for _, packet in heapq.merge(*tracks, key=itemgetter(0)):
            target.mux(packet)


def _add_stream(container: Any, format_: Format, height: int, width: int, source: FrameSource) -> Any:
    """Add a video stream with an encoder."""
    rate = Fraction(source.rate_hz).limit_denominator(1001)
    stream = container.add_stream(format_.codec, rate=rate, options=dict(format_.options))
    stream.height, stream.width = height, width
    stream.pix_fmt = format_.odd_pixels if height % 2 or width % 2 else format_.pixels
    stream.time_base = stream.codec_context.time_base = source.time_base
    if stream.pix_fmt.startswith('yuv'):
        context = stream.codec_context
        context.color_range, context.colorspace = _MPEG_RANGE, _BT709
        context.color_primaries = context.color_trc = _BT709
    return stream


def _video_packets(pieces: Sequence[Path], stream: Any) -> Iterator[tuple[float, Any]]:
    """Yield the packets of all pieces, each with its stamp in seconds."""
    for path in pieces:
        with av.open(str(path)) as piece:
            for packet in piece.demux(video=0):
                if packet.pts is not None:  # the last packet is empty
                    packet.dts = packet.pts  # without B frames they are equal, but missing if the piece is short
                    stamp_s = float(packet.dts * packet.time_base)
                    packet.stream = stream
                    yield stamp_s, packet


def _audio_packets(sound: Any, streams: Mapping[Any, Any], start_s: float, end_s: float) -> Iterator[tuple[float, Any]]:
    """Yield the packets of audio streams between two stamps, each with its new stamp in seconds."""
    for packet in sound.demux(list(streams)):
        if packet.dts is None or packet.pts is None:
            continue
        shift = round(start_s / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        stamp_s = float(packet.dts * packet.time_base)
        if 0 <= stamp_s < end_s:
            packet.stream = streams[packet.stream]
            yield stamp_s, packet


def storable_audio(audio: Path, suffix: str) -> tuple[int, ...]:
    """Return the indices of the audio streams of a video that a container stores without re-encoding.

    The others are named in the log. Because supported codecs with unusual parameters are also refused, the first packet
    of each stream is written to a container in memory.

    Args:
        audio: the video.
        suffix: of the container, such as '.mp4'.
    """
    with av.open(str(audio), options=LOCAL_ONLY) as sound:
        streams = [(stream.index, stream.codec_context.name) for stream in sound.streams.audio]
    kept = []
    for index, codec in streams:
        try:
            _try_audio(audio, index, suffix)
        except (av.FFmpegError, ValueError) as error:
            _LOG.warning('%s audio cannot be stored in %s (%s) and is omitted', codec, suffix, describe_failure(error))
        else:
            kept.append(index)
    return tuple(kept)


def _try_audio(audio: Path, index: int, suffix: str) -> None:
    """Write the first packet of an audio stream to a container in memory; raise FFmpegError if that fails."""
    container = 'matroska' if suffix == '.mkv' else suffix[1:]
    with av.open(str(audio), options=LOCAL_ONLY) as sound, av.open(BytesIO(), 'w', format=container) as target:
        copy = target.add_stream_from_template(sound.streams[index])
        packet = next(sound.demux(sound.streams[index]))
        if packet.dts is not None:
            packet.stream = copy
            target.mux(packet)


def _end_s(path: Path) -> float:
    """Return the stamp at which a video ends, seconds."""
    with av.open(str(path)) as piece:
        ends = [
            (packet.pts + (packet.duration or 0)) * packet.time_base
            for packet in piece.demux(video=0)
            if packet.pts is not None
        ]
    return float(max(ends, default=0))
