"""What is done with bags: settings that are passed to the processes that do it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .. import __version__
from ..segmenter import Segmenter, load
from ..settings import AnonymizeSettings, NetworkSettings, SegmentSettings

ANONYMIZED = 'anonymized'
ADDED = ('mask', 'parts', 'people')
"""Topics that can be added below the topic of an image."""


@dataclass(frozen=True)
class BagJob:
    """What is done with bags.

    Attributes:
        network: the network that finds people.
        given: names of its settings that were given explicitly; see `bodypix_ros.load`.
        segment: how it is used.
        anonymize: how images are anonymised in place; None to leave them as they are.
        write: the topics that are added, of ADDED.
        topics: patterns of the image topics to process, as in a shell.
        exclude: patterns of image topics that are copied unchanged.
        mono16_bits: significant bits of 16-bit images.
        chunk_frames: number of consecutive images of a topic that one process takes at a time.
        load: function that loads the network; replaced in tests.
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
    load: Callable[..., Segmenter] = field(default=load, compare=False)

    def selects(self, topic: str) -> bool:
        """Return whether the images of a topic are processed."""
        return _matches(topic, self.topics) and not _matches(topic, self.exclude)

    def open_network(self, threads: int) -> Segmenter:
        """Load the network with a number of CPU threads.

        Raises:
            ModelError, ProviderError: see `bodypix_ros.load`.
        """
        return self.load(dataclasses.replace(self.network, threads=threads), given=self.given)

    def fingerprint(self, sources: Iterable[Path]) -> str:
        """Return a text that changes with the settings, the version and the sizes and times of the files of a bag."""
        settings = dataclasses.asdict(dataclasses.replace(self, network=dataclasses.replace(self.network, threads=0)))
        del settings['load']
        files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
        text = json.dumps([__version__, settings, files], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Return what is done, for the report."""
        return {
            'anonymize': None if self.anonymize is None else dataclasses.asdict(self.anonymize),
            'write': list(self.write),
            'model': self.network.model,
            'threshold': self.segment.threshold,
        }


def _matches(topic: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(topic, pattern) for pattern in patterns)
