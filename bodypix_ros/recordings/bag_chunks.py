"""Chunks: consecutive images of one topic, which one process takes at a time, and the files with their results."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..segmenter import Segmenter
from .bag import Bag
from .bag_frames import FrameProcessor, FrameResult
from .bag_images import compress_thumbnail
from .bag_job import BagJob
from .bag_storage import BagError

_REPORT, _THUMBNAIL = 'report.json', 'thumbnail.jpg'
_THUMBNAILS_OF_DOUBTFUL = 4


@dataclass(frozen=True)
class Chunk:
    """Consecutive images of one topic, ordered by time.

    Attributes:
        topic: of the images.
        file: name of the file of results.
        first: rank of the first image within the topic.
        frames: number of images.
        warm_ns: time of the first image that is processed: the images of the last `anonymize_hold_s` before the chunk
            are processed and discarded, so that heads that were lost in them are covered in the chunk.
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
    part = target.with_name(f'{target.name}.{os.getpid()}.part')
    frames: list[dict[str, Any]] = []
    doubtful = 0
    try:
        with zipfile.ZipFile(part, 'w') as results:
            for message in bag.between(chunk.topic, chunk.warm_ns, chunk.stop_ns):
                result = processor.process(message)
                if message.stamp_ns < chunk.start_ns:
                    continue
                rank = chunk.first + len(frames)
                doubtful += bool(result.doubtful)
                wanted = rank % chunk.sampled == 0 or (bool(result.doubtful) and doubtful <= _THUMBNAILS_OF_DOUBTFUL)
                frames.append(_write_result(results, rank, message.stamp_ns, result, wanted))
                report(len(frames))
            if len(frames) != chunk.frames:
                raise BagError(f'{bag.path}: {chunk.topic} has changed since it was scanned; start again')
            _add(results, _REPORT, json.dumps(frames).encode())
        _flush(part)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _write_result(
    results: zipfile.ZipFile, rank: int, stamp_ns: int, result: FrameResult, wanted: bool
) -> dict[str, Any]:
    """Write the messages and the thumbnail of an image; return its line of the report."""
    for name, data in result.outputs.items():
        _add(results, f'{rank}/{name}', data)
    if wanted and result.draw is not None:
        _add(results, f'{rank}/{_THUMBNAIL}', compress_thumbnail(result.draw()))
    return {
        'frame': rank,
        'stamp_ns': stamp_ns,
        'people': result.people,
        'doubtful': result.doubtful,
        'error': result.error,
        'written': list(result.outputs),
    }


def _add(results: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add an entry without the present time, so that equal results are equal files."""
    results.writestr(zipfile.ZipInfo(name), data)


def _flush(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open('rb') as file:
        os.fsync(file.fileno())


class ChunkResults:
    """The file of results of a chunk.

    Attributes:
        frames: one dictionary per image: frame, stamp_ns, people, doubtful, error and the names of what was written.
    """

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path)
        self.frames: list[dict[str, Any]] = json.loads(self._file.read(_REPORT))

    def outputs(self, rank: int, first: int) -> dict[str, bytes]:
        """Return the serialised messages of an image by name; `first` is the rank of the first of the chunk."""
        return {name: self._file.read(f'{rank}/{name}') for name in self.frames[rank - first]['written']}

    def thumbnails(self) -> dict[int, bytes]:
        """Return the JPEG files of the thumbnails by rank."""
        names = [name for name in self._file.namelist() if name.endswith(_THUMBNAIL)]
        return {int(name.split('/')[0]): self._file.read(name) for name in names}

    def close(self) -> None:
        """Close the file."""
        self._file.close()
