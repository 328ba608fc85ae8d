# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chunks: consecutive images of one topic, which one process takes at a time, and the files with their results."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...models.disk import replacing
from ...segmenter import Segmenter
from ..frames import with_upcoming
from .bag import Bag
from .frames import BagFrame, FrameProcessor, FrameResult
from .images import compress_thumbnail
from .job import BagJob
from .storage import BagError

_REPORT, _THUMBNAIL = 'report.json', 'thumbnail.jpg'
_THUMBNAILS_OF_DOUBTFUL = 4

ROUNDING_NS = 10_000
"""More than the error of times as floating-point seconds."""


@dataclass(frozen=True)
class Chunk:
    """Consecutive images of one topic, ordered by time.

    Attributes:
        topic: of the images.
        file: name of the file of results.
        first: rank of the first image within the topic.
        frames: number of images.
        warm_ns: time of the first image that is processed: the images of the last `memory_s` before the chunk are
            processed and discarded, so that heads that were lost in them are covered in the chunk.
        start_ns: time of the first image.
        stop_ns: time after the last image.
        sampled: distance in ranks between images of the contact sheet.
    """

    topic: str
    file: str
    first: int
    frames: int
    warm_ns: int
    start_ns: int
    stop_ns: int
    sampled: int


@dataclass(frozen=True)
class FrameReport:
    """What became of one image.

    Attributes:
        frame: rank within the topic.
        stamp_ns: recording time.
        people: number of people in the image; 0 if they are not separated.
        doubtful: why a person should check the image; empty if there is no reason.
        error: why it could not be processed; empty if it was.
        written: names of the messages that were made; see `FrameResult.outputs`.
    """

    frame: int
    stamp_ns: int
    people: int
    doubtful: str
    error: str
    written: Sequence[str]


def process_chunk(
    bag: Bag, chunk: Chunk, job: BagJob, net: Segmenter, target: Path, report: Callable[[int], None]
) -> None:
    """Process the images of a chunk and write the file of results, which appears when it is complete.

    Args:
        bag: the bag.
        chunk: the images.
        job: what is done with them.
        net: the network.
        target: the file of results.
        report: called after each image with the number of images done.

    Raises:
        BagError: the bag cannot be read, or has changed since it was scanned.
    """
    processor = FrameProcessor(net, job)
    frames: list[FrameReport] = []
    doubtful = 0
    with replacing(target) as part, zipfile.ZipFile(part, 'w') as results:
        last_ns = chunk.stop_ns + round(processor.upcoming_s * 1e9) + ROUNDING_NS
        messages = map(BagFrame, bag.between(chunk.topic, chunk.warm_ns, last_ns))
        for frame, upcoming in with_upcoming(messages, processor.upcoming_s):
            message = frame.message
            if message.stamp_ns >= chunk.stop_ns:
                break
            result = processor.process(frame, upcoming)
            if message.stamp_ns < chunk.start_ns:
                continue
            rank = chunk.first + len(frames)
            doubtful += bool(result.doubtful)
            wanted = rank % chunk.sampled == 0 or (bool(result.doubtful) and doubtful <= _THUMBNAILS_OF_DOUBTFUL)
            frames.append(_write_result(results, rank, message.stamp_ns, result, wanted))
            report(len(frames))
        if len(frames) != chunk.frames:
            raise BagError(f'{bag.path}: {chunk.topic} has changed since it was scanned; start again')
        _add(results, _REPORT, json.dumps([asdict(frame) for frame in frames]).encode())


def chunk_error(source: object, chunk: Chunk, reason: str, failed: int) -> BagError:
    """Return the error for a bag of which a chunk failed in every attempt, and `failed` chunks in total."""
    more = f'; {failed - 1} more chunks failed' if failed > 1 else ''
    return BagError(
        f'{source}: images {chunk.first} to {chunk.first + chunk.frames - 1} of {chunk.topic} failed repeatedly: '
        f'{reason}{more}. Finished chunks are kept: run the same command again to continue'
    )


def _write_result(results: zipfile.ZipFile, rank: int, stamp_ns: int, result: FrameResult, wanted: bool) -> FrameReport:
    """Write the messages and the thumbnail of an image."""
    for name, data in result.outputs.items():
        _add(results, f'{rank}/{name}', data)
    if wanted and result.draw is not None:
        _add(results, f'{rank}/{_THUMBNAIL}', compress_thumbnail(result.draw()))
    return FrameReport(rank, stamp_ns, result.people, result.doubtful, result.error, tuple(result.outputs))


def _add(results: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add an entry without the present time, so that equal results are equal files."""
    results.writestr(zipfile.ZipInfo(name), data)


class ChunkResults:
    """The file of results of a chunk.

    Attributes:
        frames: the result of each image.
    """

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path)
        self.frames = [FrameReport(**frame) for frame in json.loads(self._file.read(_REPORT))]

    def outputs(self, rank: int, first: int) -> dict[str, bytes]:
        """Return the serialised messages of an image by name; `first` is the rank of the first of the chunk."""
        return {name: self._file.read(f'{rank}/{name}') for name in self.frames[rank - first].written}

    def thumbnails(self) -> dict[int, bytes]:
        """Return the JPEG files of the thumbnails by rank."""
        names = [name for name in self._file.namelist() if name.endswith(_THUMBNAIL)]
        return {int(name.split('/')[0]): self._file.read(name) for name in names}

    def close(self) -> None:
        """Close the file."""
        self._file.close()
