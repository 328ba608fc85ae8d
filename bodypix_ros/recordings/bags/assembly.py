# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes the new bag from the old one and the results of all chunks, with a report and a contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..contact_sheet import Tile, draw_sheet
from .bag import Bag
from .chunks import Chunk, ChunkResults, FrameReport
from .job import ANONYMIZED, BagJob
from .plan import BagPlan, TopicPlan
from .storage import RawMessage

_SHEET_DOUBTFUL = 24
"""Maximum number of doubtful images on the contact sheet."""


class Assembly:
    """The messages of a new bag. Call `edit` with each message of the old one, in stored order.

    Attributes:
        copied: number of messages of each topic that were not changed.
    """

    def __init__(self, plan: BagPlan, folder: Path) -> None:
        """Prepare to read the results of the chunks from a folder."""
        self.copied: Counter[str] = Counter()
        self._topics = {topic.name: _Results(topic, folder) for topic in plan.topics}

    def edit(self, message: RawMessage) -> Sequence[tuple[str, bytes]] | None:
        """Return what is written instead of a message; None for the message itself."""
        results = self._topics.get(message.topic)
        if results is None:
            self.copied[message.topic] += 1
            return None
        outputs = results.next_outputs()
        added = [(f'{message.topic}/{name}', data) for name, data in outputs.items() if name != ANONYMIZED]
        return [(message.topic, outputs.get(ANONYMIZED, message.data)), *added]


class _Results:
    """The results of a topic, image by image in stored order."""

    def __init__(self, topic: TopicPlan, folder: Path) -> None:
        self._topic, self._folder = topic, folder
        self._count = 0
        self._chunk: Chunk | None = None
        self._file: ChunkResults | None = None

    def next_outputs(self) -> dict[str, bytes]:
        rank = self._count if self._topic.ranks is None else self._topic.ranks[self._count]
        self._count += 1
        chunk = self._chunk
        if chunk is None or not chunk.first <= rank < chunk.first + chunk.frames:
            if self._file is not None:
                self._file.close()
            chunk = next(one for one in self._topic.chunks if one.first <= rank < one.first + one.frames)
            self._chunk, self._file = chunk, ChunkResults(self._folder / chunk.file)
        assert self._file is not None
        return self._file.outputs(rank, chunk.first)


def write_bag(bag: Bag, plan: BagPlan, job: BagJob, folder: Path, target: Path) -> dict[str, Any]:
    """Write the new bag and return its report.

    Args:
        bag: the old bag.
        plan: its plan.
        job: what was done with it.
        folder: folder of the results of the chunks.
        target: path of the new bag, which does not exist.
    """
    assembly = Assembly(plan, folder)
    bag.rewrite(target, assembly.edit, plan.new_topics(job))
    frames = {topic.name: list(_frames(topic, folder)) for topic in plan.topics}
    return {
        'input': bag.path.name,
        'fingerprint': plan.fingerprint,
        **job.describe(),
        **_totals([frame for of_topic in frames.values() for frame in of_topic], job),
        'topics': {
            topic.name: {
                'type': topic.msgtype,
                **_totals(frames[topic.name], job),
                'added': [f'{topic.name}/{name}' for name in job.write],
            }
            for topic in plan.topics
        },
        'copied_topics': dict(sorted(assembly.copied.items())),
        'copied_image_topics': dict(plan.skipped),
        'unused_exclude_patterns': list(plan.unused),
        'doubtful_frames': _listed(frames, lambda frame: frame.doubtful),
        'errors': _listed(frames, lambda frame: frame.error),
    }


def draw_contact_sheet(plan: BagPlan, folder: Path) -> bytes:
    """Return a PNG with pictures of all topics at regular distances, then the first doubtful ones."""
    regular: list[Tile] = []
    doubtful: list[Tile] = []
    for topic in plan.topics:
        for chunk in topic.chunks:
            results = ChunkResults(folder / chunk.file)
            for rank, thumbnail in results.thumbnails().items():
                tiles = regular if rank % chunk.sampled == 0 else doubtful
                if tiles is regular or len(doubtful) < _SHEET_DOUBTFUL:
                    tiles.append(_tile(topic.name, results.frames[rank - chunk.first], thumbnail))
            results.close()
    done, data = cv2.imencode('.png', draw_sheet(regular + doubtful))
    assert done, 'the contact sheet cannot be compressed'
    return bytes(data)


def _tile(topic: str, frame: FrameReport, thumbnail: bytes) -> Tile:
    picture = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR)
    caption = f'{topic} frame {frame.frame}\n{frame.doubtful}'
    return Tile(caption, np.asarray(picture, np.uint8), marked=bool(frame.doubtful))


def _frames(topic: TopicPlan, folder: Path) -> Iterator[FrameReport]:
    for chunk in topic.chunks:
        results = ChunkResults(folder / chunk.file)
        yield from results.frames
        results.close()


def _totals(frames: Sequence[FrameReport], job: BagJob) -> dict[str, int]:
    people = {
        'people': sum(frame.people for frame in frames),
        'frames_with_people': sum(bool(frame.people) for frame in frames),
    }
    return {
        'frames': len(frames),
        **(people if job.separates_people else {}),
        'changed_frames': sum(ANONYMIZED in frame.written for frame in frames),
        'doubtful': sum(bool(frame.doubtful) for frame in frames),
        'failed': sum(bool(frame.error) for frame in frames),
    }


def _listed(frames: Mapping[str, Sequence[FrameReport]], reasons: Callable[[FrameReport], str]) -> list[dict[str, Any]]:
    return [
        {'topic': topic, 'frame': frame.frame, 'stamp_ns': frame.stamp_ns, 'reason': reasons(frame)}
        for topic, of_topic in frames.items()
        for frame in of_topic
        if reasons(frame)
    ]
