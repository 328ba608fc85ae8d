# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Determines the status of the model and of each camera: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from .qos import Offer, Request

STALLED_S = 5.0
"""A longer run of the model is reported."""


class Level(IntEnum):
    """As in diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Status:
    """The status of the model or of a camera: level, kind in one or two words, and a sentence with advice."""

    level: Level
    kind: str
    text: str


@dataclass(frozen=True)
class ModelFacts:
    """Facts about the model.

    Attributes:
        name: name of the running model; empty if no model is loaded.
        provider: provider that runs it; empty if no model is loaded.
        provider_reason: why this provider was chosen.
        requested_provider: the setting `provider`.
        fallback_reason: why this model runs instead of the requested one; empty if it is the requested one.
        loading: progress of loading a model; empty if none is being loaded.
        error: why the last model failed to load; empty if it was loaded.
        failure: what failed since the last report; empty if nothing failed.
        people_error: why people are currently not published; empty if they are.
        hands_error: why hands are currently not found; empty if they are, or are not requested.
        topics_without_parts: wanted topics that are not published because the model has no body parts.
        busy_s: seconds since the start of the current run.
        abandoned: number of workers that have been stopped but have not ended yet.
    """

    name: str = ''
    provider: str = ''
    provider_reason: str = ''
    requested_provider: str = 'auto'
    fallback_reason: str = ''
    loading: str = ''
    error: str = ''
    failure: str = ''
    people_error: str = ''
    hands_error: str = ''
    topics_without_parts: Sequence[str] = ()
    busy_s: float = 0.0
    abandoned: int = 0


def model_status(facts: ModelFacts) -> Status:
    """Return the status of the model; if there are several problems, the most important one."""
    if not facts.name:
        return _status_without_model(facts)
    problem = _problem_of_run(facts) or _problem_of_choice(facts)
    return problem or Status(Level.OK, 'ok', f'{facts.name} on {facts.provider}')


def _status_without_model(facts: ModelFacts) -> Status:
    if facts.loading:
        return Status(Level.WARN, 'loading', facts.loading)
    if facts.error:
        return Status(Level.ERROR, 'no model', f'failed to load the model: {facts.error}')
    text = 'no model is loaded: configure the node, or call its service ~/enable'
    return Status(Level.OK, 'unconfigured', text)


def _problem_of_run(facts: ModelFacts) -> Status | None:
    if facts.busy_s > STALLED_S or facts.abandoned:
        duration = f'has been running for {facts.busy_s:.0f} s' if facts.busy_s > STALLED_S else 'has not stopped'
        text = f'{facts.name} on {facts.provider} {duration} on one image; if this persists, restart the node'
        return Status(Level.ERROR, 'stalled', text)
    if facts.failure:
        return Status(Level.ERROR, 'failing', f'failed to process images: {facts.failure}')
    if facts.people_error:
        text = f'people and instances are not published: {facts.people_error}'
        return Status(Level.WARN, 'no people', text)
    if facts.hands_error:
        return Status(Level.WARN, 'no hands', f'hands are not found: {facts.hands_error}')
    if facts.topics_without_parts:
        topics = ', '.join(facts.topics_without_parts)
        verb = 'is' if len(facts.topics_without_parts) == 1 else 'are'
        text = f'{topics} {verb} not published: {facts.name} has no body parts; set model to bodypix_ros or bodypix'
        return Status(Level.WARN, 'no parts', text)
    return None


def _problem_of_choice(facts: ModelFacts) -> Status | None:
    if facts.error:
        text = f'failed to load the model: {facts.error}; keeping the previous model, {facts.name}, and its parameters'
        return Status(Level.WARN, 'previous model', text)
    if facts.fallback_reason:
        text = f'running {facts.name} instead of the requested model: {facts.fallback_reason}'
        return Status(Level.WARN, 'fallback', text)
    if facts.requested_provider not in ('auto', facts.provider):
        text = f'running on {facts.provider} instead of {facts.requested_provider}: {facts.provider_reason}'
        return Status(Level.WARN, 'other provider', text)
    return None


@dataclass(frozen=True)
class CameraFacts:
    """Facts about a camera.

    Attributes:
        topic: full name of the image topic.
        unmapped_topic: its name before remapping, for remapping rules.
        kind: expected message type, 'sensor_msgs/msg/Image'.
        active: whether the node is active.
        wanted: whether an output has a subscriber, or the node is not lazy.
        offers: quality of service of the publishers of the topic.
        request: quality of service of the subscription.
        received: whether an image has been received since the subscription was opened.
        silent_s: seconds since the newest image, or since the subscription was opened.
        stale_after_s: maximum value of `silent_s`.
        unanswered_s: time for which images have been received without any result; 0 if results are published.
        defect: what was wrong with the newest unreadable image of the last period; empty if there was none.
        all_bad: whether all images of the last period were unreadable.
        elsewhere: other topics with images, and their types, for advice.
    """

    topic: str
    unmapped_topic: str
    kind: str
    active: bool
    wanted: bool
    offers: Sequence[Offer]
    request: Request
    received: bool
    silent_s: float
    stale_after_s: float
    unanswered_s: float
    defect: str
    all_bad: bool
    elsewhere: Sequence[tuple[str, str]]


def camera_status(facts: CameraFacts) -> Status:
    """Return the status of a camera and, if no results are published, the reason."""
    if not facts.active:
        return Status(Level.OK, 'inactive', 'the node is not active: activate it, or call its service ~/enable')
    if not facts.wanted:
        text = (
            f'the outputs for {facts.topic} have no subscribers, so its images are not received; '
            'subscribe to an output such as mask, or set lazy to false'
        )
        return Status(Level.OK, 'idle', text)
    return _problem_of_topic(facts) or _status_of_images(facts)


def _problem_of_topic(facts: CameraFacts) -> Status | None:
    """Return the problem of the publishers of the topic; None if there is none."""
    compatible = [offer for offer in facts.offers if offer.kind == facts.kind]
    late = facts.silent_s > facts.stale_after_s
    if late and facts.offers and not compatible:
        return _wrong_type(facts)
    if facts.request.reliable and compatible and not any(offer.reliable for offer in compatible):
        text = (
            f'{facts.topic} is published as best effort, volatile (by {compatible[0].node}), '
            f'but requested as {facts.request}: set qos to auto or best_effort'
        )
        return Status(Level.ERROR, 'incompatible QoS', text)
    if late and not facts.defect:
        return _silent(facts, compatible[0].node) if compatible else _no_publisher(facts)
    return None


def _status_of_images(facts: CameraFacts) -> Status:
    if facts.defect:
        level = Level.ERROR if facts.all_bad else Level.WARN
        return Status(level, 'bad images', f'failed to read images on {facts.topic}: {facts.defect}')
    if facts.unanswered_s > facts.stale_after_s:
        text = (
            f'images on {facts.topic} are received, but no result has been published for {facts.unanswered_s:.1f} s; '
            'see the status of the model'
        )
        return Status(Level.ERROR, 'no results', text)
    if facts.received:
        return Status(Level.OK, 'ok', f'receiving images on {facts.topic}')
    return Status(Level.OK, 'waiting', f'waiting for the first image on {facts.topic}')


def _wrong_type(facts: CameraFacts) -> Status:
    offer = facts.offers[0]
    advice = _advice_for(facts, facts.topic, offer.kind) or _remap_advice(facts)
    text = f'{facts.topic} has type {offer.kind} (published by {offer.node}), expected {facts.kind}: {advice}'
    return Status(Level.ERROR, 'wrong type', text)


def _silent(facts: CameraFacts, publisher: str) -> Status:
    check = 'check the camera and its driver'
    if facts.received:
        text = f'no image on {facts.topic} for {facts.silent_s:.1f} s: {publisher} has stopped publishing; {check}'
        return Status(Level.ERROR, 'stale', text)
    return Status(Level.ERROR, 'no images', f'no image on {facts.topic} yet: {publisher} does not publish; {check}')


def _no_publisher(facts: CameraFacts) -> Status:
    text = f'{facts.topic} has no publisher: start the camera, or {_remap_advice(facts)}'
    return Status(Level.ERROR, 'no publisher', text)


def _remap_advice(facts: CameraFacts) -> str:
    """Return advice on how to receive images that are published on other topics."""
    same = [topic for topic, kind in facts.elsewhere if kind == facts.kind]
    if not same:
        other = (_advice_for(facts, topic, kind) for topic, kind in facts.elsewhere)
        return next(filter(None, other), 'remap the image topic')
    return f'remap the image topic (images are on {", ".join(same)}): -r {facts.unmapped_topic}:={same[0]}'


def _advice_for(facts: CameraFacts, topic: str, kind: str) -> str:
    """Return advice on how to receive a topic with images of the other type; empty if it has no images."""
    raw_name = facts.unmapped_topic.removesuffix('/compressed')
    if kind == facts.kind:
        return f'remap the image topic: -r {facts.unmapped_topic}:={topic}'
    if kind.endswith('/CompressedImage'):
        base = topic.removesuffix('/compressed')
        rule = f'{raw_name}:={base}' if base != topic else f'{raw_name}/compressed:={topic}'
        return f'set image_transport to compressed and remap the image topic: -r {rule}'
    if kind.endswith('/Image'):
        return f'set image_transport to raw and remap the image topic: -r {raw_name}:={topic}'
    return ''


_QUIET = ('waiting', 'loading')
"""Kinds that are temporary, or that are logged elsewhere."""


class StatusLog:
    """Decides which statuses are logged: changes, and persistent problems."""

    def __init__(self, repeat_s: float = 60.0, pause_s: float = 2.0) -> None:
        """Set the minimum intervals.

        Args:
            repeat_s: a persistent problem is logged again after this time.
            pause_s: minimum time between two lines about the same subject.
        """
        self._repeat_s, self._pause_s = repeat_s, pause_s
        self._logged: dict[str, tuple[Status, float]] = {}

    def is_news(self, subject: str, status: Status, now_s: float) -> bool:
        """Return whether the status of a subject should be logged now, and record that it is."""
        if status.kind in _QUIET:
            return False
        known, logged_s = self._logged.get(subject, (None, -self._repeat_s))
        if known is None:
            news = status.level > Level.OK or status.kind == 'idle'
        elif known.kind == status.kind:
            news = status.level > Level.OK and now_s - logged_s >= self._repeat_s
        else:
            news = now_s - logged_s >= self._pause_s
        if news:
            self._logged[subject] = status, now_s
        return news
