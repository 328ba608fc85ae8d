"""How far the student is from the teacher, head by head."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .mirror import EDGES

WEIGHTS = {'segments': 2.0, 'overlap': 1.0, 'parts': 0.8, 'part_logits': 0.5, 'heatmaps': 2.0, 'offsets': 0.5}
"""What each loss counts in their sum."""

_SPLIT = (1, 24, 17, 132)
_OFFSET_UNIT = 16.0
"""Offsets are compared in cells, so that their loss is of the size of the others."""


def losses(output: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return every loss, a scalar each, by the names of WEIGHTS.

    Args:
        output: (n, 174, k, k), all heads in the order of PEOPLE_HEADS.
        targets: as `samples.sample_targets` gives them, with a batch axis in front.
    """
    segments, parts, heatmaps, offsets = output.split(_SPLIT, dim=1)
    segments = _finer(segments, targets['segments'])[:, 0]
    person = targets['segments'].sigmoid()
    step = (person.shape[-1] - 1) // (targets['parts'].shape[-1] - 1)
    coarse_step = (person.shape[-1] - 1) // (heatmaps.shape[-1] - 1)
    parts = _finer(parts, targets['parts'])
    return {
        'segments': functional.binary_cross_entropy_with_logits(segments, person),
        'overlap': _missed_overlap(segments.sigmoid(), person),
        'parts': _part_choice(parts, targets['parts'], person[:, ::step, ::step]),
        'part_logits': _part_logits(parts, targets['parts'], person[:, ::step, ::step]),
        'heatmaps': _heatmaps(heatmaps, targets['heatmaps']),
        'offsets': _offsets(offsets, targets, person[:, ::coarse_step, ::coarse_step]),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum of the losses."""
    return torch.stack([weight * parts[name] for name, weight in WEIGHTS.items()]).sum()


def _finer(maps: Tensor, like: Tensor) -> Tensor:
    """Interpolate logits as decoding does."""
    return functional.interpolate(maps, size=like.shape[-2:], mode='bilinear', align_corners=True)


def _missed_overlap(person: Tensor, wanted: Tensor) -> Tensor:
    """Return 1 less the soft Dice score of the batch."""
    shared = (person * wanted).sum()
    return 1 - (2 * shared + 1) / (person.sum() + wanted.sum() + 1)


def _part_choice(parts: Tensor, wanted: Tensor, person: Tensor) -> Tensor:
    """Return the cross entropy of the likeliest part, on people: what labels are decided by."""
    entropy = -(wanted.softmax(1) * parts.log_softmax(1)).sum(1)
    return (entropy * person).sum() / (person.sum() + 1)


def _part_logits(parts: Tensor, wanted: Tensor, person: Tensor) -> Tensor:
    """Return the cross entropy of each part by itself, on people and a little elsewhere."""
    entropy = functional.binary_cross_entropy_with_logits(parts, wanted.sigmoid(), reduction='none').mean(1)
    weight = person + 0.05
    return (entropy * weight).sum() / weight.sum()


def _heatmaps(heatmaps: Tensor, wanted: Tensor) -> Tensor:
    entropy = functional.binary_cross_entropy_with_logits(heatmaps, wanted.sigmoid(), reduction='none')
    return (entropy * (1 + 4 * wanted.sigmoid())).mean()


def _offsets(offsets: Tensor, targets: dict[str, Tensor], person: Tensor) -> Tensor:
    """Return the smooth L1 distance of offsets: short ones and displacements near their keypoint, long on people."""
    near = targets['heatmaps'].sigmoid()
    near = torch.where(near > 0.2, near, 0.0)
    parents, children = (torch.tensor([edge[end] for edge in EDGES], device=near.device) for end in (0, 1))
    on_person = person[:, None].expand_as(near)
    weight = torch.cat([near] * 2 + [near[:, parents]] * 2 + [near[:, children]] * 2 + [0.1 * on_person] * 2, 1)
    error = functional.smooth_l1_loss(
        offsets / _OFFSET_UNIT, targets['offsets'] / _OFFSET_UNIT, reduction='none', beta=0.5
    )
    return (error * weight).sum() / (weight.sum() + 1)
