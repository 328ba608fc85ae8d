# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One kind of result of `depth_filter`: its inputs, topics, counts and status."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rclpy.node import Node

from ..depth.pairing import Pair, StampPairing
from ..errors import ImageError, describe_error
from ..image_layout import BadImage
from ..settings import DepthSettings
from .advice import Level, Status
from .camera import ImageSubscriber
from .diagnostics import Report
from .outputs import Output, OutputPublisher, publish_outputs

_LOG = logging.getLogger(__name__)

Image = TypeVar('Image')
Mask = TypeVar('Mask')


@dataclass
class Counts:
    """Messages of a stream. Each received message is waiting, or counted as exactly one of out, dropped or bad.

    `without_mask` counts the messages without a mask in time, independently of `on_missing`.
    """

    came_in: int = 0
    out: int = 0
    dropped: int = 0
    bad: int = 0
    without_mask: int = 0


class Stream(Generic[Image, Mask]):
    """Pairs data with masks, and publishes the results while they have subscribers.

    Attributes:
        name: of the stream.
        settings: of the node.
        pairing: of the data with the masks.
        counts: since the start.
        publishers: of the results.
        needed: whether results are needed even if their topics have no subscribers.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        outputs: Sequence[Output],
        inputs: Mapping[str, ImageSubscriber],
        process: Callable[[Image, Mask | None, float], Any],
        on_matched: Callable[[], None],
        waiting: int = 30,
    ) -> None:
        """Open the topics of the results.

        Args:
            node: of the topics.
            name: of the stream.
            outputs: its topics.
            inputs: required inputs by name before remapping.
            process: returns a result, or None to drop the data; called with the data, the mask (None to publish the
                data with people) and the seconds between their stamps; raises ImageError if this is not possible.
            on_matched: called when a subscriber connects or disconnects.
            waiting: maximum number of data that wait for their masks.
        """
        self.name, self.settings = name, DepthSettings()
        self.pairing: StampPairing[Image, Mask] = StampPairing(waiting)
        self.counts = Counts()
        self.needed = False
        self.publishers = [OutputPublisher(node, one.topic, one, on_matched) for one in outputs]
        self._inputs, self._process = inputs, process
        self._reported = Counts()
        self._defect = self._failure = ''
        self._topics = ', '.join(one.topic for one in outputs)
        self._known_kinds: set[str] = set()

    @property
    def wanted(self) -> bool:
        """Whether results are required."""
        return self.needed or not self.settings.lazy or any(one.has_subscribers for one in self.publishers)

    def add(self, stamp_ns: int, data: Image) -> None:
        """Add data that arrived now."""
        self.counts.came_in += 1
        self.pairing.add_image(stamp_ns, data, time.monotonic())

    def report_bad(self, topic: str, error: BadImage) -> None:
        """Report a message that cannot be read, once for each kind of defect."""
        self._defect = f'{topic}: {error}'
        if error.kind not in self._known_kinds:
            self._known_kinds.add(error.kind)
            _LOG.warning('%s; message dropped', self._defect)

    def publish_ready(self) -> None:
        """Publish the results of all data that no longer wait for masks."""
        settings = self.settings
        for pair in self.pairing.take(time.monotonic(), settings.slop_s, settings.max_wait_s):
            self._publish(pair)

    def close(self) -> None:
        """Drop the waiting data."""
        self.pairing.clear()

    def _publish(self, pair: Pair[Image, Mask]) -> None:
        mask, on_missing = pair.mask, self.settings.on_missing
        if not pair.paired:
            self.counts.without_mask += 1
            mask = mask if on_missing == 'hold' else None
            if on_missing == 'drop' or (mask is None and on_missing == 'hold'):
                self.counts.dropped += 1
                return
        try:
            result = self._process(pair.image, mask, abs(pair.apart_s))
            if result is None:
                self.counts.dropped += 1
                return
            wanted = [one for one in self.publishers if not self.settings.lazy or one.has_subscribers]
            failures = publish_outputs(wanted, result)
        except Exception as error:  # affects this message only
            failures = {'': describe_error(error)}
            if not isinstance(error, ImageError):
                _LOG.debug('%s failed', self.name, exc_info=error)
        if failures:
            self._failure = '; '.join(failures.values())
            self.counts.bad += 1
        else:
            self.counts.out += 1

    def report(self, period_s: float, now_s: float) -> Report:
        """Return the status of the stream since the last report, `period_s` seconds ago."""
        counts, before = self.counts, self._reported
        dropped = counts.dropped + self.pairing.dropped
        status = self._status(now_s, counts.came_in - before.came_in, counts.without_mask - before.without_mask)
        self._reported = Counts(**vars(counts))
        self._defect = self._failure = ''
        values = {
            'rate in (Hz)': (counts.came_in - before.came_in) / period_s,
            'rate out (Hz)': (counts.out - before.out) / period_s,
            'in': counts.came_in,
            'out': counts.out,
            'dropped': dropped,
            'bad': counts.bad,
            'without mask': counts.without_mask,
            'waiting': len(self.pairing),
            'outputs wanted': ', '.join(one.output.topic for one in self.publishers if one.has_subscribers),
        }
        return Report(self.name, status, values)

    def _status(self, now_s: float, came_in: int, without_mask: int) -> Status:
        if not self.wanted:
            text = f'{self._topics}: no subscribers, so nothing is received; subscribe, or set lazy to false'
            return Status(Level.OK, 'idle', text)
        if self._failure:
            return Status(Level.ERROR, 'failing', f'failed to process {self.name}: {self._failure}')
        if self._defect:
            return Status(Level.WARN, 'bad data', f'{self._defect}; message dropped')
        for name, one in self._inputs.items():
            if one.is_open and now_s - one.last_s > self.settings.stale_after_s:
                return _silent(name, one, now_s)
        if without_mask:
            return _late(self.settings, self.name, came_in, without_mask)
        if not self.counts.came_in:
            return Status(Level.OK, 'waiting', f'waiting for the first message of {self.name}')
        return Status(Level.OK, 'ok', f'publishing {self.name}')


def _silent(name: str, one: ImageSubscriber, now_s: float) -> Status:
    """Return why an input receives nothing, and what to do."""
    offers = one.offers()
    compatible = [offer for offer in offers if offer.kind == one.type_name]
    if compatible:
        text = (
            f'no message on {one.topic} for {now_s - one.last_s:.1f} s: check {compatible[0].node}, which publishes it'
        )
        return Status(Level.ERROR, 'stale', text)
    if offers:
        text = f'{one.topic} carries {offers[0].kind} (from {offers[0].node}), expected {one.type_name}'
        return Status(Level.ERROR, 'wrong type', f'{text}: remap the topic, -r {name}:=...')
    text = f'{one.topic} has no publisher: start the node that publishes it, or remap the topic, -r {name}:=...'
    return Status(Level.ERROR, 'no publisher', text)


def _late(settings: DepthSettings, name: str, came_in: int, without_mask: int) -> Status:
    """Return that masks are missing, and what happened to the data."""
    made = {'drop': 'they were dropped', 'pass': 'they were published WITH people', 'hold': 'they got an older mask'}
    text = (
        f'{without_mask} messages of {name} ({came_in} arrived) had no mask within slop_s ({settings.slop_s:g} s) '
        f'after max_wait_s ({settings.max_wait_s:g} s): {made[settings.on_missing]}. Check that the mask is computed '
        'from images of the same camera, with the same clock, and fast enough; or raise slop_s or max_wait_s'
    )
    return Status(Level.WARN, 'no mask', text)
