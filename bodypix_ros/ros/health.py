"""Why nothing comes, in words: what is wrong with a camera and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from .qos import Offer


class Level(IntEnum):
    """As in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """How something does: the level, the kind in a word or two, and a sentence that says what to do."""

    level: Level
    kind: str
    text: str


@dataclass(frozen=True)
class CameraFacts:
    """What is known about a camera.

    Attributes:
        topic: full name of the image topic.
        kind: type that the topic should carry, 'sensor_msgs/msg/Image'.
        active: the node is active.
        wanted: somebody subscribes to an output, or the node is not lazy.
        offers: of the publishers of the topic.
        reliable: what the subscription asks for.
        received: an image came since the subscription was opened.
        silent_s: seconds since the newest image, or since the subscription was opened.
        stale_after_s: so long may that be.
        defect: what was wrong with the newest unreadable image of the last period; empty where there was none.
        all_bad: every image of the last period was unreadable.
        elsewhere: topics that carry images, for advice.
    """

    topic: str
    kind: str
    active: bool
    wanted: bool
    offers: Sequence[Offer]
    reliable: bool
    received: bool
    silent_s: float
    stale_after_s: float
    defect: str
    all_bad: bool
    elsewhere: Sequence[str]


def judge_camera(facts: CameraFacts) -> Finding:
    """Find out how a camera does, and why nothing comes from it where that is so."""
    if not facts.active:
        return Finding(Level.OK, 'inactive', 'the node is not active: activate it, or call its service ~/enable')
    if not facts.wanted:
        return Finding(
            Level.OK,
            'idle',
            f'nobody subscribes to what is made of {facts.topic}, so its images are not received; '
            'subscribe to mask, parts, ... or set lazy to false',
        )
    fitting = [offer for offer in facts.offers if offer.kind == facts.kind]
    late = facts.silent_s > facts.stale_after_s
    if late and facts.offers and not fitting:
        return _wrong_type(facts)
    if facts.reliable and fitting and not any(offer.reliable for offer in fitting):
        return _incompatible(facts, fitting)
    if facts.defect:
        level = Level.ERROR if facts.all_bad else Level.WARN
        return Finding(level, 'bad images', f'images of {facts.topic} cannot be read: {facts.defect}')
    if not late:
        return _alive(facts)
    return _silent(facts) if fitting else _no_publisher(facts)


def _alive(facts: CameraFacts) -> Finding:
    if facts.received:
        return Finding(Level.OK, 'ok', f'images of {facts.topic} come in')
    return Finding(Level.OK, 'waiting', f'waiting for the first image of {facts.topic}')


def _wrong_type(facts: CameraFacts) -> Finding:
    offer = facts.offers[0]
    advice = _remap_advice(facts)
    if offer.kind.endswith('/CompressedImage'):
        advice = 'set image_transport to compressed, and remap the topic without /compressed at its end'
    return Finding(
        Level.ERROR,
        'wrong type',
        f'{facts.topic} carries {offer.kind} (from {offer.node}), expected {facts.kind}: {advice}',
    )


def _incompatible(facts: CameraFacts, offers: Sequence[Offer]) -> Finding:
    return Finding(
        Level.ERROR,
        'incompatible QoS',
        f'{facts.topic} is offered as best effort, volatile (by {offers[0].node}), '
        'but asked for as reliable, volatile: set qos to auto or best_effort',
    )


def _silent(facts: CameraFacts) -> Finding:
    publisher = facts.offers[0].node
    look = 'look at the camera and its driver'
    if facts.received:
        text = f'no image on {facts.topic} for {facts.silent_s:.1f} s: {publisher} has stopped to publish; {look}'
        return Finding(Level.ERROR, 'stale', text)
    text = f'no image on {facts.topic} yet: {publisher} does not publish; {look}'
    return Finding(Level.ERROR, 'no images', text)


def _no_publisher(facts: CameraFacts) -> Finding:
    return Finding(
        Level.ERROR, 'no publisher', f'nobody publishes on {facts.topic}: start the camera, or {_remap_advice(facts)}'
    )


def _remap_advice(facts: CameraFacts) -> str:
    advice = 'remap the topic of the images'
    return f'{advice} (images are on {", ".join(facts.elsewhere)})' if facts.elsewhere else advice


_QUIET = ('waiting', 'loading')
"""Kinds that pass by themselves, or are told by who does it."""


class Announcer:
    """Decides which findings are worth a line in the log: changes, and troubles that last."""

    def __init__(self, repeat_s: float = 60.0, pause_s: float = 2.0) -> None:
        """Set how often.

        Args:
            repeat_s: a trouble that lasts is told again after so long.
            pause_s: nothing about the same thing is told sooner than so long after the last line.
        """
        self._repeat_s, self._pause_s = repeat_s, pause_s
        self._told: dict[str, tuple[Finding, float]] = {}

    def is_news(self, subject: str, finding: Finding, now_s: float) -> bool:
        """Return whether a finding about a subject is to be told at a time, and note that it is."""
        if finding.kind in _QUIET:
            return False
        known, told_s = self._told.get(subject, (None, -self._repeat_s))
        if known is None:
            news = finding.level > Level.OK or finding.kind == 'idle'
        elif known.kind == finding.kind:
            news = finding.level > Level.OK and now_s - told_s >= self._repeat_s
        else:
            news = now_s - told_s >= self._pause_s
        if news:
            self._told[subject] = finding, now_s
        return news
