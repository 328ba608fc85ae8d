# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Selects the person whose pose is published, from the request until the person is lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..gestures import Gesture, GestureKind
from ..people import Person
from ..srv import Follow

_LOG = logging.getLogger(__name__)
_RAISED = GestureKind.LEFT_HAND_RAISED | GestureKind.RIGHT_HAND_RAISED | GestureKind.BOTH_HANDS_RAISED
_WAITING = {
    Follow.Request.NEAREST: 'waiting for a person',
    Follow.Request.RAISED_HAND: 'waiting for a raised hand',
}


class Follower:
    """Selects one of the tracked people and follows that person while the track exists.

    Attributes:
        state: text for diagnostics: 'nobody', 'waiting for a raised hand', 'person 3', 'person 3 is hidden' or
            'nobody: person 3 is lost'.
    """

    def __init__(self, camera: str) -> None:
        """Follow nobody; `camera` is for the log."""
        self.state = 'nobody'
        self._where = f'{camera}: ' if camera else ''
        self._target = Follow.Request.STOP
        self._track_id = 0
        self._seen_s = 0.0
        self._visible: dict[int, float] = {}  # when each id was last detected

    @property
    def following(self) -> bool:
        """Whether a person is followed or waited for."""
        return bool(self._target != Follow.Request.STOP)

    def follow(self, target: int, track_id: int, hold_s: float) -> str:
        """Apply a request.

        Args:
            target: a constant of Follow.Request.
            track_id: the person to follow, for TRACK_ID.
            hold_s: maximum time for which a person may be hidden, seconds.

        Returns:
            A description of the new state.

        Raises:
            ValueError: the target or the person does not exist.
        """
        if target == Follow.Request.TRACK_ID:
            newest_s = max(self._visible.values(), default=0.0)
            known = sorted(one for one, seen_s in self._visible.items() if newest_s - seen_s <= hold_s)
            if track_id not in known:
                listed = ', '.join(map(str, known)) or 'none'
                raise ValueError(f'track_id must be one of the recently detected people ({listed}), got {track_id}')
            self._begin(track_id, self._visible[track_id])
        elif target in _WAITING:
            self._track_id, self.state = 0, _WAITING[target]
        elif target == Follow.Request.STOP:
            self._track_id, self.state = 0, 'nobody'
        else:
            raise ValueError(f'target must be STOP (0), TRACK_ID (1), NEAREST (2) or RAISED_HAND (3), got {target}')
        self._target = target
        return self.state

    def update(
        self,
        people: Sequence[Person],
        track_ids: Sequence[int],
        gestures: Sequence[Sequence[Gesture]],
        stamp_s: float,
        hold_s: float,
    ) -> int:
        """Find the followed person in the next image.

        Args:
            people: of the image.
            track_ids: their ids; 0 if unknown.
            gestures: gestures of each person.
            stamp_s: of the image, seconds.
            hold_s: maximum time for which a person may be hidden, seconds.

        Returns:
            The id of the followed person, who may currently be hidden; 0 if nobody is followed.
        """
        if any(seen_s > stamp_s for seen_s in self._visible.values()):  # a recording starts again
            self._visible.clear()
            self._seen_s = stamp_s
        self._visible = {one: seen_s for one, seen_s in self._visible.items() if stamp_s - seen_s <= hold_s}
        self._visible.update({one: stamp_s for one in track_ids if one})
        if self.following and not self._track_id:
            self._choose(people, track_ids, gestures, stamp_s)
        if self._track_id:
            self._keep(stamp_s, hold_s)
        return self._track_id

    def _choose(
        self,
        people: Sequence[Person],
        track_ids: Sequence[int],
        gestures: Sequence[Sequence[Gesture]],
        stamp_s: float,
    ) -> None:
        heights = {
            number: person.box.height
            for person, number, own in zip(people, track_ids, gestures, strict=True)
            if number
            and person.box is not None
            and (self._target == Follow.Request.NEAREST or any(one.kind & _RAISED for one in own))
        }
        if heights:
            self._begin(max(heights, key=heights.__getitem__), stamp_s)

    def _begin(self, track_id: int, seen_s: float) -> None:
        self._track_id, self._seen_s = track_id, seen_s
        self.state = f'person {track_id}'
        _LOG.info('%sfollowing person %d', self._where, track_id)

    def _keep(self, stamp_s: float, hold_s: float) -> None:
        number = self._track_id
        if number in self._visible and self._visible[number] == stamp_s:
            self._seen_s = stamp_s
            self.state = f'person {number}'
            return
        self.state = f'person {number} is hidden'
        if stamp_s - self._seen_s > hold_s:
            _LOG.warning('%sperson %d is lost: not detected for %.1f s', self._where, number, stamp_s - self._seen_s)
            self._track_id, self._target = 0, Follow.Request.STOP
            self.state = f'nobody: person {number} is lost'
