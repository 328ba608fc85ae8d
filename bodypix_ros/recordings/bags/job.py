# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is done with bags: settings that are passed to the processes that do it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ... import __version__
from ...inference.kernel_compiler import prepare_kernels
from ...segmenter import Segmenter
from ...settings import AnonymizeSettings, NetworkSettings, SegmentSettings
from ..work_folder import FileVersion, fingerprint

ANONYMIZED = 'anonymized'
PRODUCTS = {
    ANONYMIZED: 'the images, with faces, heads or people covered',
    'mask': 'a topic below that of each image, 255 person and 0 background',
    'parts': 'a topic with the id of the part at each pixel',
    'people': 'a topic with boxes, keypoints and parts',
}
"""What can be written, by name. All but the anonymised images are added topics."""

Load = Callable[..., Segmenter]
"""Loads a network: `bodypix_ros.load`, or a function with the same parameters."""


@dataclass(frozen=True)
class BagJob:
    """What is done with bags.

    Attributes:
        network: the network that finds people.
        given: names of its settings that were given explicitly; see `bodypix_ros.load`.
        segment: how it is used.
        anonymize: how images are anonymised in place; None to leave them as they are.
        write: the topics that are added, of PRODUCTS.
        topics: patterns of the image topics to process, as in a shell.
        exclude: patterns of image topics that are copied unchanged.
        mono16_bits: significant bits of 16-bit images.
        chunk_frames: number of consecutive images of a topic that one process takes at a time.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    given: tuple[str, ...] = ()
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    anonymize: AnonymizeSettings | None = None
    write: tuple[str, ...] = ()
    topics: tuple[str, ...] = ('*',)
    exclude: tuple[str, ...] = ()
    mono16_bits: int = 16
    chunk_frames: int = 500

    @property
    def separates_people(self) -> bool:
        """Whether individual people are found; masks and parts alone do not require this."""
        return self.anonymize is not None or 'people' in self.write

    def selects(self, topic: str) -> bool:
        """Return whether the images of a topic are processed."""
        return _matches(topic, self.topics) and not _matches(topic, self.exclude)

    def open_network(self, load: Load, threads: int) -> Segmenter:
        """Load the network with a number of CPU threads, and kernels that do not change while it runs.

        Raises:
            ModelError, ProviderError: see `bodypix_ros.load`.
            OSError: numba was requested, and its cache folder is not writable.
        """
        prepare_kernels(self.network.kernels)
        return load(dataclasses.replace(self.network, threads=threads), given=self.given)

    def fingerprint(self, files: Iterable[FileVersion]) -> str:
        """Return a text that changes with the settings, the version of this package and the files of a bag."""
        settings = dataclasses.asdict(dataclasses.replace(self, network=dataclasses.replace(self.network, threads=0)))
        return fingerprint([__version__, settings, list(files)])

    def describe(self) -> dict[str, Any]:
        """Return what is done, for the report."""
        return {
            'anonymize': None if self.anonymize is None else dataclasses.asdict(self.anonymize),
            'write': list(self.write),
            'model': self.network.model,
            'threshold': self.segment.threshold,
        }


def unmatched(topics: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the patterns that match none of the topics."""
    return [pattern for pattern in patterns if not any(fnmatchcase(topic, pattern) for topic in topics)]


def _matches(topic: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(topic, pattern) for pattern in patterns)
