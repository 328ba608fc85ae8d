# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far the network is from what it should say of a batch of samples."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .mirror import HEADS
from .network import FINE_STRIDE, POSE_STRIDE
from .samples import Samples

WEIGHTS = {'person': 2.0, 'overlap': 1.0, 'parts': 0.8, 'heatmaps': 2.0, 'offsets': 0.5}
"""What each loss counts in their sum."""

_EDGE_WEIGHT = 4.0
"""Additional weight of pixels at the edge of people, which decide the boundary."""

_EDGE_WIDTH = 9
_DISC_WEIGHT = 4.0
"""Additional weight of cells within discs, which are few."""

_LONG_WEIGHT = 0.1
_OFFSET_UNIT = float(POSE_STRIDE)
"""Offsets are compared in cells, so that their loss is of the size of the others."""


def losses(fine: Tensor, pose: Tensor, samples: Samples) -> dict[str, Tensor]:
    """Return every loss, a scalar each, by the names of WEIGHTS.

    Args:
        fine: (n, 25, s4, s4) float32, the network's logits of person and parts.
        pose: (n, 149, s16, s16) float32, its pose heads.
        samples: what they should be.
    """
    person = samples.masks[:, ::2, ::2]
    logits = functional.interpolate(fine[:, :1], size=person.shape[-2:], mode='bilinear', align_corners=True)[:, 0]
    heatmaps = pose[:, HEADS['heatmaps']]
    return {
        'person': person_loss(logits, person, samples.weights),
        'overlap': overlap_loss(logits, person, samples.weights),
        'parts': part_loss(fine[:, 1:], samples.parts, samples.masks[:, ::FINE_STRIDE, ::FINE_STRIDE]),
        'heatmaps': heatmap_loss(heatmaps, samples.pose.heatmaps, samples.pose.heatmap_weights),
        'offsets': offset_loss(pose[:, HEADS['short_offsets'].start :], samples),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum of the losses."""
    return torch.stack([weight * parts[name] for name, weight in WEIGHTS.items()]).sum()


def person_loss(logits: Tensor, person: Tensor, weights: Tensor) -> Tensor:
    """Return the cross entropy of the mask, (n, h, w) each; edges count more."""
    around = functional.avg_pool2d(person[:, None], _EDGE_WIDTH, 1, _EDGE_WIDTH // 2, count_include_pad=False)[:, 0]
    edges = (person - around).abs()
    entropy = functional.binary_cross_entropy_with_logits(logits, person, reduction='none')
    return (entropy * (1 + _EDGE_WEIGHT * edges) * weights).mean()


def overlap_loss(logits: Tensor, person: Tensor, weights: Tensor) -> Tensor:
    """Return 1 less the soft Dice score, the mean of the samples."""
    found, wanted = logits.sigmoid() * weights, person * weights
    shared, size = (found * wanted).sum((1, 2)), (found + wanted).sum((1, 2))
    return (1 - (2 * shared + 50) / (size + 50)).mean()


def part_loss(logits: Tensor, wanted: Tensor, person: Tensor) -> Tensor:
    """Return the cross entropy of the part on people: logits (n, 24, h, w) each, person (n, h, w)."""
    entropy = -(wanted.softmax(1) * logits.log_softmax(1)).sum(1)
    return (entropy * person).sum() / (person.sum() + 1)


def heatmap_loss(logits: Tensor, discs: Tensor, weights: Tensor) -> Tensor:
    """Return the cross entropy of the heatmaps, (n, 17, k, k) each; discs count more."""
    entropy = functional.binary_cross_entropy_with_logits(logits, discs, reduction='none')
    return (entropy * (1 + _DISC_WEIGHT * discs) * weights).mean()


def offset_loss(offsets: Tensor, samples: Samples) -> Tensor:
    """Return the smooth L1 distance of offsets (n, 132, k, k): within discs, and of the long ones on people."""
    pose, start = samples.pose, HEADS['long_offsets'].start - HEADS['short_offsets'].start
    person = samples.masks[:, None, ::POSE_STRIDE, ::POSE_STRIDE]
    weights = torch.cat([pose.offset_weights[:, :start], _LONG_WEIGHT * person * pose.offset_weights[:, start:]], 1)
    error = functional.smooth_l1_loss(offsets / _OFFSET_UNIT, pose.offsets / _OFFSET_UNIT, reduction='none', beta=0.5)
    return (error * weights).sum() / (weights.sum() + 1)
