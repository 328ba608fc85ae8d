# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The plan for a bag: which images it has, which of them cannot be processed, and how they are divided into chunks."""

from __future__ import annotations

import json
import logging
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np

from ...anonymizer import memory_s
from .bag import Bag
from .chunks import ROUNDING_NS, Chunk
from .frames import ADDED
from .images import encoding_problem
from .job import BagJob, unmatched
from .messages import IMAGE_TYPES, contains_images, definition_of
from .storage import BagError, NewTopic, TopicInfo, Wire

_LOG = logging.getLogger(__name__)
_SHEET_IMAGES = 24
"""Number of images of all topics on the contact sheet, besides the doubtful ones."""


@dataclass(frozen=True)
class TopicPlan:
    """The images of one topic.

    Attributes:
        name: of the topic.
        msgtype: one of IMAGE_TYPES.
        wire: how its messages are serialised.
        counts: number of images in each file of the bag, by the name of the file.
        unreadable: number of images that cannot be read.
        ranks: position by time of each image, in stored order; None if they are stored in the order of their time.
        chunks: the images in the order of their time.
    """

    name: str
    msgtype: str
    wire: Wire
    counts: Mapping[str, int]
    unreadable: int
    ranks: Sequence[int] | None
    chunks: Sequence[Chunk]

    @property
    def frames(self) -> int:
        """Number of images."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class BagPlan:
    """The plan for a bag.

    Attributes:
        fingerprint: of the bag and the settings; see `BagJob.fingerprint`.
        topics: the image topics to process.
        skipped: image topics that are copied, and why.
        unused: patterns of `BagJob.exclude` that match no image topic.
    """

    fingerprint: str
    topics: tuple[TopicPlan, ...]
    skipped: Mapping[str, str]
    unused: Sequence[str]

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks of all topics."""
        return [chunk for topic in self.topics for chunk in topic.chunks]

    @property
    def frames(self) -> int:
        """Number of images of all topics."""
        return sum(topic.frames for topic in self.topics)

    def new_topics(self, job: BagJob) -> list[NewTopic]:
        """Return the topics to add."""
        return [
            NewTopic(f'{topic.name}/{name}', msgtype, topic.name, *definition_of(msgtype, topic.wire), topic.counts)
            for topic in self.topics
            for name, (msgtype, _) in ADDED.items()
            if name in job.write
        ]

    def to_json(self) -> str:
        """Return the plan as text."""
        return json.dumps(asdict(self))


def read_plan(text: str) -> BagPlan:
    """Return a plan from the text of `BagPlan.to_json`."""
    content = json.loads(text)
    topics = tuple(
        TopicPlan(**{**topic, 'chunks': [Chunk(**chunk) for chunk in topic['chunks']]}) for topic in content['topics']
    )
    return BagPlan(content['fingerprint'], topics, content['skipped'], content['unused'])


def make_plan(bag: Bag, job: BagJob, fingerprint: str = '') -> BagPlan:
    """Read all images of a bag once, without decoding their pixels, and divide them into chunks.

    Args:
        bag: the bag.
        job: what is done with it.
        fingerprint: of the plan; not needed for a plan that is only printed.

    Raises:
        BagError: the bag cannot be read; a pattern of `job.topics` matches no topic with images; or images whose type,
            encoding or format is not supported would remain in an anonymised bag without having been excluded.
    """
    topics = bag.topics()
    images = [name for name, info in topics.items() if contains_images(info)]
    for pattern in unmatched(images, job.topics):
        raise BagError(f'{bag.path} has no image topic that matches {pattern}; image topics: {_listed(images)}')
    selected = {name: info for name, info in topics.items() if info.msgtype in IMAGE_TYPES and job.selects(name)}
    skipped = {
        name: 'not selected' for name, info in topics.items() if info.msgtype in IMAGE_TYPES and name not in selected
    }
    skipped |= _other_images(bag, topics, job)
    for taken in {f'{name}/{added}' for name in selected for added in job.write} & topics.keys():
        raise BagError(f'{bag.path} already has a topic {taken}; choose other --topics or --write')
    scans = {name: _Scan() for name in selected}
    for file, storage in bag.files.items():
        for message in storage.stored(scans.keys()):
            scans[message.topic].add(file, message.stamp_ns, encoding_problem(message))
    plans = []
    for index, (name, scan) in enumerate(sorted(scans.items())):
        if problem := scan.refusal():
            if job.anonymize is not None:
                raise _refused(bag, name, problem)
            skipped[name] = problem
            _LOG.warning('%s is copied without results: %s', name, problem)
            continue
        plans.append(scan.plan(name, index, selected[name], job))
    if not plans:
        reasons = _listed([f'{name} ({reason})' for name, reason in skipped.items()])
        raise BagError(f'{bag.path} has no images to process; image topics: {reasons}')
    return BagPlan(fingerprint, _with_samples(plans), skipped, unmatched(images, job.exclude))


def _listed(names: Sequence[str]) -> str:
    return ', '.join(names) or 'none'


class _Scan:
    """What is known about the images of a topic after they were read once, in stored order."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._stamps_ns: list[int] = []
        self._problems: Counter[str] = Counter()

    def add(self, file: str, stamp_ns: int, problem: str) -> None:
        self._counts[file] += 1
        self._stamps_ns.append(stamp_ns)
        if problem:
            self._problems[problem] += 1

    def refusal(self) -> str:
        """Return why no image of the topic can be processed; empty if some can."""
        if self._stamps_ns and self._problems.total() == len(self._stamps_ns):
            return self._problems.most_common(1)[0][0]
        return ''

    def plan(self, name: str, index: int, info: TopicInfo, job: BagJob) -> TopicPlan:
        order = np.argsort(np.array(self._stamps_ns, np.int64), kind='stable')
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        stamps = [self._stamps_ns[place] for place in order]
        memory_ns = 0 if job.anonymize is None else round(memory_s(job.anonymize) * 1e9) + ROUNDING_NS
        chunks = []
        bounds = _bounds(stamps, job.chunk_frames)
        for number, (first, last) in enumerate(pairwise(bounds)):
            warm = bisect_left(stamps, stamps[first] - memory_ns)
            file = f'{index:03}-{number:06}.zip'
            times = stamps[warm], stamps[first], stamps[last - 1] + 1
            chunks.append(Chunk(name, file, first, last - first, *times, sampled=1))
        ordered = bool((ranks == np.arange(len(ranks))).all())
        unreadable = self._problems.total()
        return TopicPlan(
            name, info.msgtype, info.wire, dict(self._counts), unreadable, None if ordered else ranks.tolist(), chunks
        )


def _bounds(stamps: Sequence[int], frames: int) -> list[int]:
    """Return where chunks of about equal length begin, and the end; images of equal time are in the same chunk."""
    bounds = [0]
    length = math.ceil(len(stamps) / max(1, math.ceil(len(stamps) / frames)))
    while bounds[-1] < len(stamps):
        bound = min(bounds[-1] + length, len(stamps))
        while bound < len(stamps) and stamps[bound] == stamps[bound - 1]:
            bound += 1
        bounds.append(bound)
    return bounds


def _with_samples(plans: Iterable[TopicPlan]) -> tuple[TopicPlan, ...]:
    """Choose the images of the contact sheet."""
    plans = list(plans)
    distance = max(1, math.ceil(sum(plan.frames for plan in plans) / _SHEET_IMAGES))
    return tuple(replace(plan, chunks=[replace(chunk, sampled=distance) for chunk in plan.chunks]) for plan in plans)


def _other_images(bag: Bag, topics: Mapping[str, TopicInfo], job: BagJob) -> dict[str, str]:
    """Return the other topics with images; if the bag is anonymised, they must be excluded."""
    others = {name: info for name, info in topics.items() if info.msgtype not in IMAGE_TYPES}
    names = {name: info.msgtype for name, info in others.items() if contains_images(info)}
    for name, msgtype in names.items():
        if job.anonymize is not None and job.selects(name):
            raise _refused(bag, name, f'the type {msgtype} is not supported')
    return {name: f'type {msgtype}' for name, msgtype in names.items()}


def _refused(bag: Bag, topic: str, problem: str) -> BagError:
    return BagError(
        f'{bag.path}: {topic} cannot be anonymised: {problem}. To copy it as it is, although people may be '
        f'recognisable in it, use --exclude {topic}'
    )
