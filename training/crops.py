# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Square looks at single people: where a crop lies on its photograph, and how maps travel between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .bundle import CANVAS, Record

SIZE = 353
"""Height and width of a crop, pixels."""

MARGIN, REACH = 0.25, 0.06
"""What a crop shows around a box, and how far beyond its box a person may extend: shares of the box's longer side."""

SMALLEST_BOX = 12.0
"""People in narrower boxes are too small for a crop, pixels."""

MAX_PEOPLE = 10
"""People of one photograph whose keypoints are kept, the largest first."""

_STRETCH = 1.2
"""Widening of photographs that were squeezed to squares: most were wider than high."""


@dataclass(frozen=True)
class Crop:
    """A crop of one photograph.

    Attributes:
        index: of the photograph.
        slot: of the person among the people of the photograph whose keypoints are kept, -1 for none.
        small: the box is too small for a crop.
        box: left, top, right, bottom of the person, pixels of the photograph.
        shown: left, top, right, bottom of what the crop shows; the rest of it is black.
        linear: (2, 2), from x, y of the crop to x, y of the photograph, with `origin`.
        origin: (2,), where the crop's upper left corner lies on the photograph.
    """

    index: int
    slot: int
    small: bool
    box: tuple[float, float, float, float]
    shown: tuple[float, float, float, float]
    linear: NDArray[np.float64]
    origin: NDArray[np.float64]


def plan_crops(records: Sequence[Record], sizes: NDArray[np.float32]) -> list[Crop]:
    """Plan a crop for every labelled person.

    Args:
        records: of the photographs.
        sizes: (N, 2) width and height of each, pixels.
    """
    crops = []
    for index, (record, (width, height)) in enumerate(zip(records, sizes.tolist(), strict=True)):
        people = sorted(record.people, key=lambda one: -(one.box[2] - one.box[0]) * (one.box[3] - one.box[1]))
        for slot, person in enumerate(people):
            left, top, right, bottom = person.box
            sides = right - left, bottom - top
            if min(sides) < 3:
                continue
            extra = MARGIN * max(sides)
            shown = (
                max(0.0, left - extra), max(0.0, top - extra),
                min(width - 1.0, right + extra), min(height - 1.0, bottom + extra),
            )  # fmt: skip
            linear, origin = _look(shown, person.turn, _STRETCH if record.squeezed else 1.0)
            small = min(sides) < SMALLEST_BOX
            kept = slot if slot < MAX_PEOPLE and not small else -1
            crops.append(Crop(index, kept, small, person.box, shown, linear, origin))
    return crops


def _look(
    shown: tuple[float, float, float, float], turn: float, stretch: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the affine map of a crop that shows a rectangle, turned clockwise by an angle in degrees."""
    left, top, right, bottom = shown
    angle = np.radians(turn)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if turn:
        width, height = np.abs(back) @ (right - left, bottom - top)
        scale = np.diag([max(width, height, 4.0)] * 2) / (SIZE - 1)
        linear = back @ scale
        middle = np.array([left + right, top + bottom]) / 2
        return linear, middle - linear @ np.full(2, (SIZE - 1) / 2)
    longer = max((bottom - top) * stretch, right - left, 4.0)
    return np.diag([longer / stretch, longer]) / (SIZE - 1), np.array([left, top])


class CropBatch:
    """The maps of some crops, on the device.

    Args:
        crops: of any photographs.
        device: of the photographs.
    """

    def __init__(self, crops: Sequence[Crop], device: torch.device) -> None:
        def tensor(values: Sequence[object]) -> Tensor:
            return torch.tensor(np.array(values), dtype=torch.float32, device=device)

        self._linear = tensor([crop.linear for crop in crops])
        self._origin = tensor([crop.origin for crop in crops])
        self._shown = tensor([crop.shown for crop in crops])[:, None, None]
        self.boxes = tensor([crop.box for crop in crops])
        self.indices = torch.tensor([crop.index for crop in crops], device=device)
        self.small = torch.tensor([crop.small for crop in crops], device=device)[:, None, None]

    def cut(self, images: Tensor) -> Tensor:
        """Return the crops, (n, 3, SIZE, SIZE) float32 0..255, of images (N, 3, CANVAS, CANVAS) uint8."""
        steps = torch.arange(SIZE, device=images.device, dtype=torch.float32)
        y, x = torch.meshgrid(steps, steps, indexing='ij')
        places = torch.einsum('nij,hwj->nhwi', self._linear, torch.stack([x, y], -1)) + self._origin[:, None, None]
        shown = ((places >= self._shown[..., :2]) & (places <= self._shown[..., 2:])).all(-1)
        cut = _sample(images[self.indices].float(), places, CANVAS)
        return torch.where(shown[:, None], cut, 0.0)

    def paste(self, maps: Tensor, step: int) -> Tensor:
        """Return maps of the crops, (n, c, k, k), at every step-th pixel of the photograph, (n, c, g, g)."""
        steps = torch.arange(0, CANVAS, step, device=maps.device, dtype=torch.float32)
        y, x = torch.meshgrid(steps, steps, indexing='ij')
        offset = torch.stack([x, y], -1) - self._origin[:, None, None]
        places = torch.einsum('nij,nhwj->nhwi', torch.linalg.inv(self._linear), offset)
        return _sample(maps, places, SIZE)

    def to_photograph(self, points: Tensor) -> Tensor:
        """Return points of the crops, (n, c, 2) x, y, in pixels of the photograph."""
        return torch.einsum('nij,ncj->nci', self._linear, points) + self._origin[:, None]

    def boxes_in_crop(self) -> Tensor:
        """Return the bounds of each person's box within its crop, (n, 4), pixels of the crop."""
        left, top, right, bottom = self.boxes.unbind(1)
        corners = torch.stack([left, top, right, top, left, bottom, right, bottom], 1).view(-1, 4, 2)
        offset = corners - self._origin[:, None]
        corners = torch.einsum('nij,ncj->nci', torch.linalg.inv(self._linear), offset)
        return torch.cat([corners.amin(1), corners.amax(1)], 1).clamp(0, SIZE - 1)

    def within_reach(self, step: int = 1, reach: float = REACH) -> Tensor:
        """Return where on the photograph the person may be, (n, g, g), at every step-th pixel."""
        steps = torch.arange(0, CANVAS, step, device=self.boxes.device, dtype=torch.float32)
        left, top, right, bottom = (side[:, None] for side in self.boxes.unbind(1))
        extra = reach * torch.maximum(right - left, bottom - top)
        columns = (steps >= left - extra) & (steps <= right + extra)
        rows = (steps >= top - extra) & (steps <= bottom + extra)
        return rows[:, :, None] & columns[:, None]


def _sample(maps: Tensor, places: Tensor, size: int) -> Tensor:
    """Return maps of pictures with `size` pixels at places (n, h, w, 2) x, y in pixels."""
    grid = places / ((size - 1) / 2) - 1
    return functional.grid_sample(maps, grid, mode='bilinear', padding_mode='border', align_corners=True)
