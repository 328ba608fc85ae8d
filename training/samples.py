# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training samples, made on the device: random looks at photographs, with everything the network should say of them.

A look is an affine map from the sample's pixels to the photograph's. Masks, parts and keypoints go through it too.
The area outside the photograph shows another sample, and people whose mask is good are pasted over others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional

from .bundle import CANVAS
from .colours import Chance, disturb
from .keypoints import PoseTarget, draw_pose
from .mirror import MIRRORED_KEYPOINTS, MIRRORED_PARTS
from .network import FINE_STRIDE, POSE_STRIDE
from .photographs import Photographs
from .teacher import PART_STEP, POSE_STEP, Labels

SMALL_SHARE = 0.3
"""Share of the batches that show photographs at small scales, from the images of half the size."""

_SCALES = {False: (0.62, 2.3), True: (0.3, 0.65)}
"""Scales of a sample, of the one that shows the whole photograph; by whether the batch is of small scales."""

_KIND_WEIGHTS = {'mask': 1.6, 'everyone': 1.6, 'scene': 0.6}
"""How often a photograph is drawn, for kinds that are not drawn as often as the others."""

_FILLED, _PASTED = 0.7, 0.35
"""Share of the samples that show another one beside their photograph, and into which people are pasted."""

_ANY_WAY_UP = 0.05
"""Share of the samples that are turned by any angle: people lie, climb and tumble."""

_MASK_STEP = 2


@dataclass(frozen=True)
class Samples:
    """n samples of s by s pixels, and what they should give.

    Attributes:
        pictures: (n, 3, s, s) float32 RGB; 0..255 until they are disturbed, then -1..1.
        inside: (n, s, s) bool, pixels that show the photograph.
        masks: (n, s, s), probability of a person.
        weights: (n, s2, s2), 1 where the mask is judged, every 2 pixels.
        parts: (n, 24, s4, s4) logits, every 4 pixels.
        pose: the pose heads, every 16 pixels.
    """

    pictures: Tensor
    inside: Tensor
    masks: Tensor
    weights: Tensor
    parts: Tensor
    pose: PoseTarget

    def take(self, index: Tensor) -> Samples:
        """Return the samples of some indices."""
        return _combine(lambda tensors: tensors[0][index], self)


class Sampler:
    """Draws batches of samples.

    Args:
        photographs: to look at.
        labels: what the teacher says of them.
        size: of a sample, pixels; a multiple of 16, plus one.
        chance: source of random numbers.
    """

    def __init__(self, photographs: Photographs, labels: Labels, size: int, chance: Chance) -> None:
        self._photographs, self._labels, self._size, self._chance = photographs, labels, size, chance
        records, device = photographs.records, photographs.images.device
        self._weights = torch.tensor([_KIND_WEIGHTS.get(record.kind, 1.0) for record in records], device=device)
        self._squeezed = torch.tensor([record.squeezed for record in records], device=device)
        self._mirrored_parts = torch.tensor(MIRRORED_PARTS, device=device)
        self._mirrored_keypoints = torch.tensor(MIRRORED_KEYPOINTS, device=device)
        self._batches = 0

    def draw(self, count: int) -> Samples:
        """Return a batch of samples, in random order and disturbed."""
        chance = self._chance
        self._batches += 1
        small = self._batches * SMALL_SHARE % 1 < SMALL_SHARE
        samples = self._view(chance.draw(self._weights, count), small)
        beside = (chance.uniform(count, 1, 1) < _FILLED) & ~samples.inside
        samples = _overlay(samples, samples.take(chance.order(count)), beside)
        samples = self._paste(samples, int(count * _PASTED), small)
        samples = samples.take(chance.order(count))
        return replace(samples, pictures=disturb(samples.pictures, chance))

    def _paste(self, samples: Samples, count: int, small: bool) -> Samples:
        """Paste people over some samples."""
        if count == 0:
            return samples
        chance, total = self._chance, len(samples.pictures)
        people = self._view(chance.draw(self._weights * self._labels.pasteable + 1e-9, count), small)
        opacity = ((people.masks - 0.3) / 0.4).clamp(0, 1)
        gain = torch.exp(chance.normal(count, 1, 1, 1) * 0.2)
        targets = chance.order(total)
        under, rest = samples.take(targets[:count]), samples.take(targets[count:])
        over = _overlay(under, people, people.masks > 0.5)
        pictures = under.pictures + (people.pictures * gain - under.pictures) * opacity[:, None]
        masks = torch.maximum(people.masks, under.masks * (1 - opacity))
        weights = torch.where(people.masks[:, ::_MASK_STEP, ::_MASK_STEP] > 0.5, 1.0, under.weights)
        pasted = replace(over, pictures=pictures, masks=masks, weights=weights, pose=_join(under, people))
        return _combine(torch.cat, pasted, rest)

    def _view(self, indices: Tensor, small: bool) -> Samples:
        """Look at photographs at random."""
        linear, origin, mirrored = self._look(indices, small)
        places = _places(self._size, linear, origin)
        limits = self._photographs.sizes[indices] - 1
        inside = ((places >= 0) & (places <= limits[:, None, None])).all(-1)
        images = self._photographs.halves if small else self._photographs.images
        pictures = torch.where(inside[:, None], _sample(images[indices].float(), places), self._filling(len(indices)))
        labels = self._labels
        masks = _sample(labels.masks[indices, None].float() / 255, places)[:, 0] * inside
        every = places[:, ::_MASK_STEP, ::_MASK_STEP]
        weights = _sample(labels.weights[indices, None].float() / 255, every)[:, 0]
        weights = torch.where(inside[:, ::_MASK_STEP, ::_MASK_STEP], weights, 1.0)
        parts = _sample(labels.parts[indices].float(), places[:, ::FINE_STRIDE, ::FINE_STRIDE])
        parts = torch.where(mirrored[:, None, None, None], parts[:, self._mirrored_parts], parts)
        pose = draw_pose(self._people(indices, linear, origin, mirrored), self._size)
        cells = inside[:, ::POSE_STRIDE, ::POSE_STRIDE]
        judged = self._judged_poses(indices, places[:, ::POSE_STRIDE, ::POSE_STRIDE])
        judged = torch.where(cells, judged, 1.0)[:, None]
        pose = replace(pose, heatmap_weights=pose.heatmap_weights * torch.maximum(judged, pose.heatmaps.ceil()))
        return Samples(pictures, inside, masks, weights, parts, pose)

    def _look(self, indices: Tensor, small: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Choose scale, aspect, turn, side and place: linear (n, 2, 2), origin (n, 2) and mirrored (n,)."""
        chance, n, last = self._chance, len(indices), self._size - 1
        sizes = self._photographs.sizes[indices]
        low, high = _SCALES[small]
        scale = last / sizes.amax(1) * torch.exp(chance.uniform(n, low=math.log(low), high=math.log(high)))
        squeezed = torch.exp(chance.uniform(n, low=math.log(0.6), high=math.log(1.7)))
        aspect = torch.where(self._squeezed[indices], squeezed, torch.exp(chance.normal(n) * 0.12))
        angle = torch.where(chance.uniform(n) < 0.4, chance.normal(n) * math.radians(8), 0.0)
        angle = torch.where(chance.uniform(n) < 0.06, chance.normal(n) * math.radians(30), angle)
        angle = torch.where(chance.uniform(n) < _ANY_WAY_UP, chance.uniform(n, low=-math.pi, high=math.pi), angle)
        mirrored = chance.uniform(n) < 0.5
        x, y = aspect.sqrt() / scale * torch.where(mirrored, -1.0, 1.0), 1 / (aspect.sqrt() * scale)
        cos, sin = angle.cos(), angle.sin()
        linear = torch.stack([torch.stack([cos * x, -sin * y], -1), torch.stack([sin * x, cos * y], -1)], 1)
        slack = (sizes - linear.abs().sum(-1) * last).abs()
        centre = (sizes - 1) / 2 + chance.uniform(n, 2, low=-0.5, high=0.5) * slack
        return linear, centre - linear.sum(-1) * last / 2, mirrored

    def _filling(self, count: int) -> Tensor:
        """Return the colour beside each photograph: black or a random one."""
        coloured = self._chance.uniform(count, 1) < 0.5
        return torch.where(coloured, self._chance.uniform(count, 3, high=255.0), 0.0)[:, :, None, None]

    def _people(self, indices: Tensor, linear: Tensor, origin: Tensor, mirrored: Tensor) -> Tensor:
        """Return the people of the photographs in pixels of the samples."""
        people = self._labels.people[indices]
        people = torch.where(mirrored[:, None, None, None], people[:, :, self._mirrored_keypoints], people)
        places = torch.einsum('nij,npkj->npki', torch.linalg.inv(linear), people[..., :2] - origin[:, None, None])
        return torch.cat([places, people[..., 2:]], -1)

    def _judged_poses(self, indices: Tensor, places: Tensor) -> Tensor:
        cells = (places / POSE_STEP).round().long().clamp(0, (CANVAS - 1) // POSE_STEP)
        rows = torch.arange(len(indices), device=indices.device)[:, None, None]
        return self._labels.pose_weights[indices][rows, cells[..., 1], cells[..., 0]].float() / 255


def _overlay(under: Samples, over: Samples, where: Tensor) -> Samples:
    """Return samples that show others where (n, s, s) says so."""

    def choose(lower: Tensor, upper: Tensor, step: int) -> Tensor:
        here = where[:, ::step, ::step]
        return torch.where(here[:, None] if lower.ndim == 4 else here, upper, lower)

    def choose_pose(name: str) -> Tensor:
        return choose(getattr(under.pose, name), getattr(over.pose, name), POSE_STRIDE)

    return Samples(
        choose(under.pictures, over.pictures, 1),
        under.inside,
        choose(under.masks, over.masks, 1),
        choose(under.weights, over.weights, _MASK_STEP),
        choose(under.parts, over.parts, PART_STEP),
        PoseTarget(*(choose_pose(field.name) for field in fields(PoseTarget))),
    )


def _join(under: Samples, people: Samples) -> PoseTarget:
    """Return the poses of pasted people and of those behind them.

    A disc may reach beyond its person's mask, so cells beside the pasted people take the surer of the two.
    """
    covered = people.masks[:, None, ::POSE_STRIDE, ::POSE_STRIDE] > 0.5
    behind = torch.where(covered, 0.0, under.pose.heatmaps)
    pasted = people.pose.heatmaps
    above = covered | (pasted.amax(1, keepdim=True) > behind.amax(1, keepdim=True))
    surer = covered | ((pasted >= behind) & (pasted > 0))
    return PoseTarget(
        torch.maximum(pasted, behind),
        torch.where(surer, people.pose.heatmap_weights, under.pose.heatmap_weights),
        torch.where(above, people.pose.offsets, under.pose.offsets),
        torch.where(above, people.pose.offset_weights, under.pose.offset_weights),
    )


def _combine(change: Callable[[list[Tensor]], Tensor], *batches: Samples) -> Samples:
    """Return samples whose every tensor is a function of the same tensor of some batches."""

    def changed(name: str, *owners: object) -> Tensor:
        return change([getattr(owner, name) for owner in owners])

    pose = PoseTarget(*(changed(field.name, *(batch.pose for batch in batches)) for field in fields(PoseTarget)))
    names = [field.name for field in fields(Samples) if field.name != 'pose']
    return Samples(pose=pose, **{name: changed(name, *batches) for name in names})


def _places(size: int, linear: Tensor, origin: Tensor) -> Tensor:
    """Return (n, size, size, 2) x, y on the photograph of every pixel of the samples."""
    steps = torch.arange(size, device=linear.device, dtype=torch.float32)
    y, x = torch.meshgrid(steps, steps, indexing='ij')
    return torch.einsum('nij,hwj->nhwi', linear, torch.stack([x, y], -1)) + origin[:, None, None]


def _sample(maps: Tensor, places: Tensor) -> Tensor:
    """Return maps that span the canvas at places, pixels of the canvas."""
    grid = places / ((CANVAS - 1) / 2) - 1
    return functional.grid_sample(maps, grid, mode='bilinear', padding_mode='border', align_corners=True)
