"""One training sample: a randomly seen piece of a picture, and what the teacher says of every cell of it.

A look is an affine map from the sample's pixels to the canvas's. The picture, the teacher's logits and its offsets all
go through the same map; offsets are vectors, so they turn, shrink and mirror with the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from .colours import disturb
from .mirror import MIRRORED_CHANNELS
from .pictures import Pictures
from .student import STRIDE
from .teacher import COARSE, FINE, FINE_CHANNELS, Targets

SEGMENT_STEP, PART_STEP = 4, 8
"""Sample pixels between the places where segments and parts are compared: finer than the student's cells, since its
logits are interpolated before they are compared with a threshold."""

NOBODY = -8.0
"""Logit of a person beside the picture."""

_PARTS = slice(1, 25)
_HEATMAPS = slice(25, FINE_CHANNELS)
_SQUEEZED = 'hd2_'
"""Prefix of pictures whose publisher made them square."""

_WIDEN_BELOW = 0.75
"""At this scale and below, keypoint discs are widened by a teacher's cell, so that they still cover a student's."""


@dataclass(frozen=True)
class Look:
    """How a sample looks at a picture.

    Attributes:
        affine: (2, 3) float64, from (x, y, 1) of the sample to (x, y) of the canvas.
        scale: sample pixels for each canvas pixel, roughly.
        mirrored: left and right have changed places.
    """

    affine: NDArray[np.float64]
    scale: float
    mirrored: bool


def choose_look(rng: np.random.Generator, height: int, width: int, size: int, *, squeezed: bool) -> Look:
    """Choose scale, aspect, turn, side and place at random.

    Args:
        rng: source of chance.
        height: of the picture, canvas pixels.
        width: likewise.
        size: of the sample, pixels.
        squeezed: the picture's aspect is not to be trusted.
    """
    fitting = size / max(height, width)  # this scale shows the whole picture
    scale = fitting * np.exp(rng.uniform(np.log(0.8), np.log(2.0)))
    aspect = np.exp(rng.uniform(np.log(0.6), np.log(1.7)) if squeezed else rng.normal(0, 0.12))
    angle = np.radians(rng.normal(0, 8)) if rng.random() < 0.4 else 0.0
    mirrored = bool(rng.random() < 0.5)
    shrink = np.diag([np.sqrt(aspect), 1 / np.sqrt(aspect)]) / scale
    if mirrored:
        shrink[0] *= -1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ shrink
    seen = np.abs(linear) @ np.full(2, size - 1.0)
    slack = np.array([width, height]) - seen  # negative where the sample sees more than the picture
    centre = np.array([width - 1, height - 1]) / 2 + rng.uniform(-0.5, 0.5, 2) * np.abs(slack)
    shift = centre - linear @ np.full(2, (size - 1) / 2)
    return Look(np.column_stack([linear, shift]), float(scale), mirrored)


class Samples(Dataset[dict[str, Tensor]]):
    """Random looks at all pictures; a sample depends on seed, epoch and index alone.

    Args:
        pictures: decoded ones.
        targets: the teacher's opinion of them.
        size: of a sample, pixels; a multiple of 16, plus one.
        seed: of all chance.
        epoch: number of this pass over the pictures.
    """

    def __init__(self, pictures: Pictures, targets: Targets, size: int, seed: int, epoch: int) -> None:
        self._pictures, self._targets = pictures, targets
        self._size, self._seed, self._epoch = size, seed, epoch

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return 'picture' (3, s, s) uint8 and the targets that `sample_targets` describes."""
        rng = np.random.default_rng((self._seed, self._epoch, index))
        height, width = self._pictures.sizes[index]
        squeezed = self._pictures.names[index].startswith(_SQUEEZED)
        look = choose_look(rng, height, width, self._size, squeezed=squeezed)
        filling = [int(value) for value in rng.integers(0, 256, 3)] if rng.random() < 0.5 else [0, 0, 0]
        picture = cv2.warpAffine(
            self._pictures.picture(index),
            look.affine,
            (self._size, self._size),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=filling,
        )
        picture = disturb(picture, rng)
        sample = sample_targets(
            torch.from_numpy(self._targets.fine[index].astype(np.float32)),
            torch.from_numpy(self._targets.coarse[index].astype(np.float32)),
            look,
            (int(height), int(width)),
            self._size,
        )
        return {'picture': torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))), **sample}


def sample_targets(fine: Tensor, coarse: Tensor, look: Look, picture: tuple[int, int], size: int) -> dict[str, Tensor]:
    """See the teacher's maps as the sample sees the picture.

    Args:
        fine: (42, 51, 51) logits.
        coarse: (132, 26, 26) offsets, canvas pixels.
        look: the sample's.
        picture: height and width, canvas pixels.
        size: of the sample, pixels.

    Returns:
        segments (n, n) and parts (24, m, m) logits, every 4 and 8 sample pixels; heatmaps (17, k, k) logits and
        offsets (132, k, k) sample pixels, every 16, which are the student's cells.
    """
    if look.mirrored:
        fine = fine[torch.from_numpy(MIRRORED_CHANNELS[:FINE_CHANNELS])]
        coarse = coarse[torch.from_numpy(MIRRORED_CHANNELS[FINE_CHANNELS:]) - FINE_CHANNELS]
    heatmaps = fine[_HEATMAPS]
    if look.scale <= _WIDEN_BELOW:
        heatmaps = _widen(_widen(heatmaps, 1), 2)
    segment_places, part_places, cells = (_places(look, size, step) for step in (SEGMENT_STEP, PART_STEP, STRIDE))
    return {
        'segments': _logits(fine[:1], segment_places, picture)[0],
        'parts': _interpolate(fine[_PARTS], part_places, FINE),
        'heatmaps': _logits(heatmaps, cells, picture),
        'offsets': _offsets(coarse, cells, look),
    }


def _widen(maps: Tensor, axis: int) -> Tensor:
    """Return the maximum of each cell and its two neighbours; many times as fast as max_pool2d on a CPU."""
    count = maps.shape[axis] - 1
    before, after = maps.narrow(axis, 0, count), maps.narrow(axis, 1, count)
    widened = maps.clone()
    widened.narrow(axis, 0, count).copy_(torch.maximum(widened.narrow(axis, 0, count), after))
    widened.narrow(axis, 1, count).copy_(torch.maximum(widened.narrow(axis, 1, count), before))
    return widened


def _places(look: Look, size: int, step: int) -> Tensor:
    """Return (n, n, 2) canvas positions x, y of every step-th sample pixel."""
    steps = np.arange(0, size, step, dtype=np.float64)
    x, y = np.meshgrid(steps, steps)
    places = np.stack([x, y], -1) @ look.affine[:, :2].T + look.affine[:, 2]
    return torch.from_numpy(places.astype(np.float32))


def _interpolate(maps: Tensor, places: Tensor, step: int, mode: str = 'bilinear') -> Tensor:
    """Return maps (c, h, w) with cells every `step` pixels at (n, m, 2) positions; beyond the edges the edge's."""
    last = torch.tensor([maps.shape[2] - 1, maps.shape[1] - 1], dtype=torch.float32)
    grid = places / step / last * 2 - 1
    return functional.grid_sample(maps[None], grid[None], mode, padding_mode='border', align_corners=True)[0]


def _logits(maps: Tensor, places: Tensor, picture: tuple[int, int]) -> Tensor:
    """Return logits at positions; beside the picture there is nobody."""
    inside = (places >= 0).all(-1) & (places[..., 0] <= picture[1] - 1) & (places[..., 1] <= picture[0] - 1)
    return torch.where(inside, _interpolate(maps, places, FINE), NOBODY)


def _offsets(coarse: Tensor, places: Tensor, look: Look) -> Tensor:
    """Return offsets at the student's cells, sample pixels.

    Each cell takes the nearest cell of the teacher, whose offsets start elsewhere by up to half a cell.
    """
    nearest = (places / COARSE).round().clamp(torch.zeros(2), torch.tensor(coarse.shape[1:]).flip(0) - 1.0)
    column, row = nearest.long().unbind(-1)
    moved = nearest * COARSE - places
    vectors = coarse[:, row, column]
    back = torch.from_numpy(np.linalg.inv(look.affine[:, :2]).astype(np.float32))
    turned, start = [], 0
    for count in (17, 16, 16, 17):
        dy, dx = vectors[start : start + count], vectors[start + count : start + 2 * count]
        x, y = dx + moved[..., 0], dy + moved[..., 1]
        turned += [back[1, 0] * x + back[1, 1] * y, back[0, 0] * x + back[0, 1] * y]
        start += 2 * count
    return torch.cat(turned)
