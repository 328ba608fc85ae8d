# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The contact sheet of an audit, which shows where faces may be visible."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..head_boxes import HeadBox
from ..regions import Box
from .audit import Image, RemainingFace
from .contact_sheet import COLUMNS, Tile, draw_sheet, fit

_MAX_ROWS = 24
_SAME = 0.5
_CONTEXT = 0.75
"""Width of the surroundings of a face that are shown on each side, as a fraction of its size."""


class AuditSheet:
    """A row for each image with faces: the whole image with boxes, then its largest faces, enlarged.

    If there are more images than rows, the sheet shows every second, fourth, ... image, so its memory is limited.
    """

    def __init__(self) -> None:
        """Start without images."""
        self._rows: list[list[Tile]] = []
        self._count = 0
        self._distance = 1

    def add(self, title: str, image: Image, faces: Sequence[RemainingFace]) -> None:
        """Add an image, (H, W, 3) uint8 BGR, with at least one face."""
        if self._count % self._distance == 0:
            self._rows.append(_draw_tiles(title, image, faces))
        self._count += 1
        if len(self._rows) > _MAX_ROWS:
            self._rows = self._rows[::2]
            self._distance *= 2

    def draw(self) -> NDArray[np.uint8]:
        """Return the sheet, (H, W, 3) uint8 BGR."""
        return draw_sheet([tile for row in self._rows for tile in row])


def _draw_tiles(title: str, image: Image, faces: Sequence[RemainingFace]) -> list[Tile]:
    distinct = _distinct(faces)
    whole = fit(image)
    scale = whole.shape[1] / image.shape[1]
    for face in distinct:
        x, y, width, height = (round(scale * value) for value in face.box)
        cv2.rectangle(whole, (x - 2, y - 2), (x + width + 1, y + height + 1), (0, 0, 255), 2)
    caption = f'{title}: {len(distinct)} {"face" if len(distinct) == 1 else "faces"}'
    tiles = [Tile(caption, whole, marked=True), *(_enlarge(image, face) for face in distinct[: COLUMNS - 1])]
    return tiles + [Tile('', None)] * (COLUMNS - len(tiles))


def _distinct(faces: Sequence[RemainingFace]) -> list[RemainingFace]:
    """Return the faces from the largest to the smallest, without those that are in the same place as a larger one."""
    distinct: list[RemainingFace] = []
    for face in sorted(faces, key=lambda face: -face.box.width * face.box.height):
        if all(HeadBox(*face.box).overlap(HeadBox(*other.box)) < _SAME for other in distinct):
            distinct.append(face)
    return distinct


def _enlarge(image: Image, face: RemainingFace) -> Tile:
    box = face.box
    shown = HeadBox(*box).grown(_CONTEXT * max(box.width, box.height)).inside(*image.shape[:2]) or Box(*box)
    crop = image[shown.y : shown.y + shown.height, shown.x : shown.x + shown.width]
    return Tile(f'{box.width}x{box.height} pixels at {box.x}, {box.y}; found by {face.finder}', fit(crop))
