# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts a video to masks, overlays, anonymised videos, cutouts and lists of people."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import mimetypes
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ImageError, SettingError, without_password
from ..models.progress import Progress, no_progress
from .frames import DEFAULT_RATE_HZ, Frame, FrameSource, has_pyav, is_address, open_frames, with_upcoming
from .products import Doubt, ProductMaker
from .work_folder import REPORT, Checkpoint, WorkFolder, check_output, file_versions, fingerprint, writing
from .writers import DEFAULT_SUFFIXES, LINES_SUFFIX, TRANSPARENT, VIDEO_SUFFIXES, Writer, check_suffix, open_writer

_LOG = logging.getLogger(__name__)

CHUNK_FRAMES = 120
"""Number of frames after which the products are completed, so that an interrupted run can continue there."""


@dataclass(frozen=True)
class VideoJob:
    """What to read and what to write.

    Attributes:
        source: see `open_frames`.
        output: file of one product, or folder. A file has a suffix of `VIDEO_SUFFIXES`, or .jsonl for people.
        products: names of `PRODUCTS`.
        png: whether a folder contains a PNG file for each frame instead of videos.
        audio: whether the audio of a video file is copied.
        overwrite: whether an existing output is replaced.
        seconds: duration that is read; infinite for everything.
        rate_hz: frame rate of a folder of pictures.
    """

    source: str
    output: Path
    products: tuple[str, ...]
    png: bool = False
    audio: bool = True
    overwrite: bool = False
    seconds: float = math.inf
    rate_hz: float = DEFAULT_RATE_HZ

    @property
    def source_text(self) -> str:
        """The source without passwords."""
        return without_password(self.source)

    @property
    def path(self) -> Path | None:
        """The file or folder that is read; None for a camera or an address."""
        path = Path(self.source)
        return None if is_address(self.source) or not (path.is_file() or path.is_dir()) else path

    def check(self) -> None:
        """Check everything that can be checked without reading the source.

        Raises:
            BodyPixError: the source is empty, the output exists or is the input, or a product cannot be stored in it.
        """
        if not self.source:
            raise SettingError('the input must be a file, a folder, a camera or an address, got an empty string')
        check_output(self.output, self.path, self.overwrite)
        for product, name in self.names().items():
            suffix = Path(name).suffix
            if suffix in VIDEO_SUFFIXES:
                check_suffix(product, suffix)

    def names(self) -> dict[str, str]:
        """Return the name of each product's file, or folder of PNG files, in the output folder.

        A single file has the name of the output.

        Raises:
            SettingError: the output has the name of a file, and a product cannot be stored in it.
        """
        suffix = self.output.suffix.lower()
        if suffix not in (*VIDEO_SUFFIXES, LINES_SUFFIX):
            if mimetypes.guess_type(self.output.name)[0] and not self.output.is_dir():
                raise SettingError(
                    f'the output must be a file with the suffix {", ".join(VIDEO_SUFFIXES)} or {LINES_SUFFIX}, or a '
                    f'folder, got {self.output.name}, which is the name of another kind of file'
                )
            return {product: self._name(product) for product in self.products}
        if self.png:
            raise SettingError(f'PNG files are written to a folder, got the file {self.output.name}')
        if len(self.products) > 1:
            raise SettingError(f'{self.output} is a single file; write {", ".join(self.products)} to a folder')
        (product,) = self.products
        if (product == 'people') != (suffix == LINES_SUFFIX):
            expected = LINES_SUFFIX if product == 'people' else ', '.join(VIDEO_SUFFIXES)
            raise SettingError(f'{product} must be written to {expected} or a folder, got {self.output.name}')
        return {product: self.output.name}

    def _name(self, product: str) -> str:
        if product == 'people':
            return f'people{LINES_SUFFIX}'
        pictures = self.png or (self.path is not None and self.path.is_dir())
        if pictures or (product == TRANSPARENT and not has_pyav()):
            return product
        return f'{product}{DEFAULT_SUFFIXES.get(product, ".mp4")}'


@dataclass(frozen=True)
class Summary:
    """What was read and found.

    Attributes:
        frames: number of frames that were processed.
        bad_frames: number of frames that could not be decoded.
        people: largest number of people in one frame; 0 if people were not requested.
        doubts: frames of the anonymised video that should be checked.
    """

    frames: int
    bad_frames: int
    people: int
    doubts: tuple[Doubt, ...]


def convert_video(
    job: VideoJob,
    maker: ProductMaker,
    settings: Mapping[str, Any],
    *,
    progress: Progress = no_progress,
    stop: Callable[[], bool] = lambda: False,
    chunk_frames: int = CHUNK_FRAMES,
) -> Summary:
    """Read a video and write its products. The output is complete or absent.

    If a run was interrupted, the next one for the same job continues after the last complete chunk, and its output is
    the same as that of an uninterrupted run. Cameras and live streams start again.

    Args:
        job: what to read and what to write.
        maker: makes the products.
        settings: everything else that the products depend on, as JSON values.
        progress: called with the number of frames.
        stop: returns whether to end now, called after each frame: the output of a camera or live stream is completed.
        chunk_frames: number of frames in a chunk.

    Raises:
        BodyPixError: the output cannot be written, or the source cannot be read.
        KeyboardInterrupt: `stop` returned True and the source is neither a camera nor a live stream.
    """
    job.check()
    with (
        open_frames(job.source, job.rate_hz) as source,
        WorkFolder(job.output, _identity(job, settings)) as work,
        writing(job.output),
    ):
        return _Run(job, maker, source, work, chunk_frames).convert(progress, stop)


class _Run:
    """One run of a job, which may continue an earlier one."""

    def __init__(
        self, job: VideoJob, maker: ProductMaker, source: FrameSource, work: WorkFolder, chunk_frames: int
    ) -> None:
        self._job, self._maker, self._source, self._work = job, maker, source, work
        self._chunk_frames = chunk_frames
        self._done = self._resume()
        audio = job.path if job.audio and job.path is not None and job.path.is_file() else None
        self._writers: dict[str, Writer] = {
            product: open_writer(product, work.result / name, work.pieces / product, self._done, source, audio)
            for product, name in job.names().items()
        }
        self._resumable = not source.live and all(writer.resumable for writer in self._writers.values())

    def convert(self, progress: Progress, stop: Callable[[], bool]) -> Summary:
        """Make the products of the remaining frames, and publish the output."""
        self._process(progress, stop)
        if self._done == 0:
            raise ImageError(f'no frame of {self._job.source_text} can be decoded')
        summary = Summary(self._done, self._source.bad_frames, self._maker.people_seen, self._maker.doubts)
        for writer in self._writers.values():
            writer.finish()
        report = {'source': self._job.source_text, 'products': self._job.names(), **dataclasses.asdict(summary)}
        (self._work.result / REPORT).write_text(json.dumps(report, indent=1), encoding='utf-8')
        self._work.publish()
        return summary

    def _process(self, progress: Progress, stop: Callable[[], bool]) -> None:
        self._source.skip(self._done)
        task, total = Path(self._job.source_text).name, self._expected()
        progress(task, self._done, total)
        for frame, upcoming in self._frames():
            if frame.stamp_s >= self._job.seconds:
                break
            for product, result in self._maker.make(frame, upcoming).items():
                self._writers[product].write(frame, result)
            self._done = frame.index + 1
            progress(task, self._done, total)
            if self._done % self._chunk_frames == 0:
                self._commit()
            if stop():
                if not self._source.live:
                    raise KeyboardInterrupt
                break

    def _frames(self) -> Iterator[tuple[Frame, Sequence[Frame]]]:
        """Yield the remaining frames with those after them that are needed; a live source is not delayed."""
        if self._source.live or not self._maker.upcoming_s:
            return ((frame, ()) for frame in self._source)
        return with_upcoming(self._source, self._maker.upcoming_s)

    def _expected(self) -> int:
        """Return about how many frames there will be; 0 if that is unknown."""
        count, seconds = self._source.count, self._job.seconds
        if math.isinf(seconds):
            return count
        limit = math.ceil(seconds * self._source.rate_hz)
        return min(count, limit) if count else limit

    def _resume(self) -> int:
        """Return the number of frames that an earlier run completed."""
        if self._source.live:
            self._work.restart()
            return 0
        checkpoint = self._work.resume()
        if checkpoint is None:
            return 0
        try:
            self._maker.restore(checkpoint.state)
        except (pickle.UnpicklingError, ImportError, EOFError, AttributeError, TypeError, ValueError) as error:
            _LOG.warning('the checkpoint of %s cannot be read (%s); starting again', self._job.output, error)
            self._work.restart()
            return 0
        _LOG.info('continuing %s after %d frames', self._job.output, checkpoint.frames)
        return checkpoint.frames

    def _commit(self) -> None:
        for writer in self._writers.values():
            writer.commit()
        if self._resumable:
            self._work.save(Checkpoint(self._done, self._maker.save()))


def _identity(job: VideoJob, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that the output depends on, as JSON values."""
    described = dataclasses.asdict(job)
    del described['overwrite']
    path = job.path
    return {
        **described,
        'source': job.source_text if path is None else str(path.resolve()),
        'output': job.output.name,
        'content': '' if path is None else fingerprint(file_versions(path)),
        'version': __version__,
        'pyav': has_pyav(),
        'settings': dict(settings),
    }
