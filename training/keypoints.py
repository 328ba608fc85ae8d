# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keypoints of people: found in the teacher's output for a crop, and drawn as the pose targets of a sample.

BodyPix marks a keypoint by a disc of the heatmap and by offsets that lead from each cell of the disc to the keypoint.
The targets are drawn for each sample, so that discs have one radius in pixels of the sample: discs that were drawn in a
photograph would shrink with it, and vanish between the cells of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from .mirror import EDGES, FINE_CHANNELS, HEADS
from .network import POSE_STRIDE

SURE, UNSURE = 0.55, 0.2
"""Confidence from which a keypoint counts, and from which it is not known whether there is one."""

FULL_RADIUS, RADIUS = 12.0, 28.0
"""A disc is 1 up to the first distance and falls to 0 at the second, pixels of the sample. The first is more than half
of the diagonal of a cell, so every keypoint has a cell that is 1."""

_SPREAD = 0.25
"""Standard deviation of a keypoint's distance from where the long offsets lead, share of the box's longer side."""

_VOTES_WITHIN = 12.0
"""Cells of the teacher that agree on a keypoint to this distance vote on its place, pixels of the crop."""

_FAR = 1e4


@dataclass(frozen=True)
class PoseTarget:
    """What the pose heads should be, for n samples with k by k cells.

    Attributes:
        heatmaps: (n, 17, k, k), 0..1.
        heatmap_weights: (n, 17, k, k), 0 where it is not known whether there is a keypoint.
        offsets: (n, 132, k, k), pixels of the sample, in the order of the pose heads.
        offset_weights: (n, 132, k, k), 0..1; of the long offsets 0 or 1, for any cell on a person.
    """

    heatmaps: Tensor
    heatmap_weights: Tensor
    offsets: Tensor
    offset_weights: Tensor


def cell_places(count: int, stride: int, device: torch.device) -> Tensor:
    """Return (count, count, 2) x, y of every cell, pixels."""
    steps = torch.arange(count, device=device, dtype=torch.float32) * stride
    y, x = torch.meshgrid(steps, steps, indexing='ij')
    return torch.stack([x, y], -1)


def find_keypoints(output: Tensor, boxes: Tensor, stride: int) -> Tensor:
    """Find the keypoints of the person that each crop was made for.

    The long offsets of the person's cells lead near each keypoint; the best cell of the heatmap near there is taken,
    and the cells that agree with it vote on the place.

    Args:
        output: (n, 174, k, k), the teacher's heads for square crops.
        boxes: (n, 4) left, top, right, bottom of the person, pixels of the crop.
        stride: pixels between cells.

    Returns:
        (n, 17, 3) x, y in pixels of the crop, and the confidence 0..1.
    """
    n, k = output.shape[0], output.shape[-1]
    pose = output[:, FINE_CHANNELS:]
    places = cell_places(k, stride, output.device)
    low, high = boxes[:, None, None, :2], boxes[:, None, None, 2:]
    inside = ((places >= low) & (places <= high)).all(-1)
    person = (output[:, 0] > 0) & inside
    guess = _positions(pose[:, HEADS['long_offsets']], places)
    guess = guess.masked_fill(~person[:, None, None], float('nan')).flatten(3).nanmedian(-1).values
    guess = guess.nan_to_num(_FAR)
    positions = _positions(pose[:, HEADS['short_offsets']], places)
    distance = (positions - guess[..., None, None]).square().sum(2)
    spread = _SPREAD * (boxes[:, 2:] - boxes[:, :2]).amax(1).clamp(min=1)
    scores = pose[:, HEADS['heatmaps']].sigmoid()
    likely = scores * torch.exp(-distance / (2 * spread.square()[:, None, None, None]))
    best = likely.flatten(2).argmax(-1, keepdim=True)
    confidence = scores.flatten(2).gather(2, best)[..., 0]
    start = positions.flatten(3).gather(3, best[:, :, None].expand(n, 17, 2, 1))
    votes = scores.flatten(2) * ((positions.flatten(3) - start).square().sum(2) < _VOTES_WITHIN**2)
    place = (positions.flatten(3) * votes[:, :, None]).sum(-1) / votes.sum(-1).clamp(min=1e-6)[..., None]
    low, high = boxes[:, None, :2] - spread[:, None, None], boxes[:, None, 2:] + spread[:, None, None]
    near_box = ((place >= low) & (place <= high)).all(-1)
    return torch.cat([place, (confidence * near_box)[..., None]], -1)


def _positions(offsets: Tensor, places: Tensor) -> Tensor:
    """Return (n, 17, 2, k, k), x and y of where the offsets (n, 34, k, k) of each cell lead."""
    dy, dx = offsets.chunk(2, 1)
    return torch.stack([places[..., 0] + dx, places[..., 1] + dy], 2)


def draw_pose(people: Tensor, size: int) -> PoseTarget:
    """Draw discs and offsets.

    Args:
        people: (n, p, 17, 3) x, y in pixels of the sample, and the confidence 0..1.
        size: of the sample, pixels.
    """
    places = cell_places((size - 1) // POSE_STRIDE + 1, POSE_STRIDE, people.device)
    sure = people[..., 2] >= SURE
    unsure = (people[..., 2] >= UNSURE) & ~sure
    vectors = people[..., None, None, :2] - places
    distance = vectors.square().sum(-1).sqrt()
    nearest, owner = distance.masked_fill(~sure[..., None, None], _FAR).min(1)
    discs = ((RADIUS - nearest) / (RADIUS - FULL_RADIUS)).clamp(0, 1)
    doubtful = distance.masked_fill(~unsure[..., None, None], _FAR).amin(1) < RADIUS
    weights = torch.where(doubtful & (discs < 0.5), 0.0, 1.0)
    near = torch.where(discs > 0.2, discs, 0.0)
    offsets = [_take(vectors, owner)]
    offset_weights = [near]
    parents, children = _edge_ends(people.device)
    for source, target in ((parents, children), (children, parents)):
        offsets.append(_take(vectors[:, :, target], owner[:, source]))
        offset_weights.append(near[:, source] * _present(sure[:, :, target], owner[:, source]))
    whose = _owner(people, sure, places)
    offsets.append(_take(vectors, whose))
    offset_weights.append(_present(sure, whose))
    return PoseTarget(
        discs,
        weights,
        torch.cat([part for vector in offsets for part in (vector[..., 1], vector[..., 0])], 1),
        torch.cat([part for weight in offset_weights for part in (weight, weight)], 1),
    )


@cache
def _edge_ends(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the parents and the children of the edges; copied to the device once."""
    ends = torch.tensor(EDGES, device=device)
    return ends[:, 0], ends[:, 1]


def _owner(people: Tensor, sure: Tensor, places: Tensor) -> Tensor:
    """Return (n, 17, k, k), the person whose keypoints, or the middles between joined ones, are nearest to a cell."""
    parents, children = _edge_ends(people.device)
    middles = (people[:, :, parents, :2] + people[:, :, children, :2]) / 2
    points = torch.cat([people[..., :2], middles], 2)
    known = torch.cat([sure, sure[:, :, parents] & sure[:, :, children]], 2)
    squared = (points[..., None, None, :] - places).square().sum(-1)
    owner = squared.masked_fill(~known[..., None, None], _FAR**2).amin(2).argmin(1, keepdim=True)
    return owner.expand(-1, people.shape[2], -1, -1)


def _take(vectors: Tensor, owner: Tensor) -> Tensor:
    """Return (n, c, k, k, 2), the vectors (n, p, c, k, k, 2) of the person that owner (n, c, k, k) names."""
    index = owner[:, None, ..., None].expand(-1, 1, -1, -1, -1, 2)
    return vectors.gather(1, index)[:, 0]


def _present(sure: Tensor, owner: Tensor) -> Tensor:
    """Return (n, c, k, k), 1 where the keypoint (n, p, c) of the person that owner names is known."""
    everywhere = sure[..., None, None].expand(*sure.shape, *owner.shape[-2:])
    return everywhere.gather(1, owner[:, None])[:, 0].float()
