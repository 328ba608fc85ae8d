"""How well the student agrees with its teacher on training pictures that it never learns from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .losses import losses, total
from .pictures import Pictures
from .samples import Look, sample_targets
from .teacher import Targets

SHARE = 30
"""Every so many-th picture is held out."""

_SHRINK = 0.6
"""The student sees the held-out pictures at this scale, much as it sees a VGA camera at medium resolution."""


def held_out(count: int) -> tuple[list[int], list[int]]:
    """Return the indices to learn from, and those to examine with."""
    return [index for index in range(count) if index % SHARE], list(range(0, count, SHARE))


@torch.no_grad()
def examine(
    student: nn.Module, pictures: Pictures, targets: Targets, indices: Sequence[int], device: torch.device
) -> dict[str, float]:
    """Return the mean 'loss', and 'person_iou' and 'part_agreement' (on common foreground) with the teacher, 0..1."""
    sums = np.zeros(4)
    loss = 0.0
    for index in indices:
        picture, wanted = _look_at(pictures, targets, index)
        output = student(picture.to(device)).float().cpu()
        loss += float(total(losses(output, wanted)))
        sums += _agreement(output, wanted)
    return {
        'loss': loss / len(indices),
        'person_iou': float(sums[0] / sums[1]),
        'part_agreement': float(sums[2] / max(sums[3], 1)),
    }


def _look_at(pictures: Pictures, targets: Targets, index: int) -> tuple[Tensor, dict[str, Tensor]]:
    size = 241
    picture = torch.from_numpy(pictures.pixels[index].astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    resized = functional.interpolate(picture, (size, size), mode='bilinear', align_corners=True)
    step = (picture.shape[-1] - 1) / (size - 1)
    look = Look(np.array([[step, 0, 0], [0, step, 0]]), _SHRINK, mirrored=False)
    height, width = (int(value) for value in pictures.sizes[index])
    wanted = sample_targets(
        torch.from_numpy(targets.fine[index].astype(np.float32)),
        torch.from_numpy(targets.coarse[index].astype(np.float32)),
        look,
        (height, width),
        size,
    )
    return resized, {name: value[None] for name, value in wanted.items()}


def _agreement(output: Tensor, wanted: dict[str, Tensor]) -> tuple[float, float, float, float]:
    """Return intersection, union, equal parts and common foreground, places."""
    person = functional.interpolate(output[:, :1], wanted['segments'].shape[-2:], mode='bilinear', align_corners=True)
    mask, teacher = person[0, 0] > 0, wanted['segments'][0] > 0
    parts = functional.interpolate(output[:, 1:25], wanted['parts'].shape[-2:], mode='bilinear', align_corners=True)
    equal = parts[0].argmax(0) == wanted['parts'][0].argmax(0)
    common = (mask & teacher)[::2, ::2]
    return (
        float((mask & teacher).sum()),
        float((mask | teacher).sum()),
        float((equal & common).sum()),
        float(common.sum()),
    )
