# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The teacher: what is learned about every photograph, made on the device at the start of each run.

Masks are a mean of opinions within the boxes of people (BodyPix of the whole photograph, BodyPix of a crop of each
person, and MediaPipe's two networks of the crop, which count twice), or the true mask where there is one. Parts are
those of the crops, else those of the whole photograph. Keypoints are labelled ones, else those that BodyPix finds in
the crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from . import bodypix
from .bodypix import BodyPix
from .bundle import CANVAS, Record
from .crops import MAX_PEOPLE, Crop, CropBatch, plan_crops
from .keypoints import find_keypoints
from .mirror import FINE_CHANNELS, MIRRORED_CHANNELS, MIRRORED_SIGNS
from .photographs import Photographs

PART_STEP, POSE_STEP = 4, 8
"""Pixels of the photograph between cells of the parts, and of where poses are judged."""

_VIEWS = ((0, 1, False), (1, 1, True), (0, 2, True), (1, 2, False))
"""Network, enlargement and mirroring of each look at a whole photograph."""

_SOFTEN = 0.04
"""Added to doubtful probabilities, since the mean opinion is best at a threshold of 0.45."""

_LOST = 0.12
"""Mean opinion in a box below which no teacher sees the person: neither mask nor pose is judged there."""

_SURELY_PERSON = 0.6
"""Opinion on people beside the labelled ones of a true mask that is believed."""

_TRUE_MASK_NEAR = 25
_UNJUDGED_PERSON = 0.7
_PASTE_DOUBT, _PASTE_SHARE = 0.55, 0.01


@dataclass(frozen=True)
class Labels:
    """What is learned about N photographs.

    Attributes:
        masks: (N, CANVAS, CANVAS) uint8, 255 times the probability of a person.
        weights: (N, CANVAS, CANVAS) uint8, 255 where the mask is judged, 0 where it is not.
        parts: (N, 24, 101, 101) float16 logits, every PART_STEP pixels.
        people: (N, MAX_PEOPLE, 17, 3) float32 x, y in pixels of the photograph, and the confidence 0..1.
        pose_weights: (N, 51, 51) uint8, 255 where keypoints are judged, every POSE_STEP pixels.
        pasteable: (N,) bool, the person is segmented well enough to be pasted into other samples.
    """

    masks: Tensor
    weights: Tensor
    parts: Tensor
    people: Tensor
    pose_weights: Tensor
    pasteable: Tensor


class Teacher:
    """BodyPix 0.75 and 1.00.

    Args:
        folders: of the TensorFlow.js checkpoints.
        device: where they run, in half precision if it is a GPU.
    """

    def __init__(self, folders: Sequence[Path], device: torch.device) -> None:
        half = device.type == 'cuda'
        self._networks = [BodyPix(folder).to(device, torch.float16 if half else torch.float32) for folder in folders]
        self._order = torch.from_numpy(MIRRORED_CHANNELS).to(device)
        self._signs = torch.from_numpy(MIRRORED_SIGNS).to(device)[:, None, None]

    def ask(self, network: int, images: Tensor, mirrored: bool) -> Tensor:
        """Return all heads, (n, 174, k, k), of images (n, 3, h, w) in -1..1."""
        if not mirrored:
            return self._networks[network](images)
        return self._networks[network](images.flip(3)).flip(3)[:, self._order] * self._signs

    @torch.no_grad()
    def label(self, photographs: Photographs, batch: int = 128) -> Labels:
        """Return what is learned about the photographs; `batch` crops are seen at once."""
        parts, whole = self._look_at_wholes(photographs, max(batch // 4, 1))
        crops = plan_crops(photographs.records, photographs.sizes.cpu().numpy())
        opinions = _Opinions(photographs, parts, whole)
        for start in range(0, len(crops), batch):
            self._look_at_crops(opinions, crops[start : start + batch], swapped=start // batch % 2 == 1)
        people = _with_labels(opinions.people, photographs.records, crops)
        return _combine(photographs, opinions, people)

    def _look_at_wholes(self, photographs: Photographs, batch: int) -> tuple[Tensor, Tensor]:
        """Return part logits (N, 24, g, g) float16, and probabilities of a person (N, CANVAS, CANVAS) float16."""
        grid = (CANVAS - 1) // PART_STEP + 1
        parts, whole = [], []
        for images in torch.split(photographs.images, batch):
            x = images.float() / 127.5 - 1
            total = torch.zeros(len(x), FINE_CHANNELS, grid, grid, device=x.device)
            for network, zoom, mirrored in _VIEWS:
                y = self.ask(network, x if zoom == 1 else _resize(x, zoom * (CANVAS - 1) + 1), mirrored)
                total += _resize(y[:, :FINE_CHANNELS], grid) / len(_VIEWS)
            parts.append(total[:, 1:].half())
            whole.append(_resize(total[:, :1], CANVAS)[:, 0].sigmoid().half())
        return torch.cat(parts), torch.cat(whole)

    def _look_at_crops(self, opinions: _Opinions, crops: Sequence[Crop], swapped: bool) -> None:
        batch = CropBatch(crops, opinions.photographs.images.device)
        x = batch.cut(opinions.photographs.images) / 127.5 - 1
        output = (self.ask(0, x, swapped) + self.ask(1, x, not swapped)) / 2
        keypoints = find_keypoints(output, batch.boxes_in_crop(), bodypix.STRIDE)
        keypoints[..., :2] = batch.to_photograph(keypoints[..., :2])
        opinions.add(crops, batch, output, keypoints)


class _Opinions:
    """What the crops add to the opinion on whole photographs."""

    def __init__(self, photographs: Photographs, parts: Tensor, whole: Tensor) -> None:
        self.photographs, self.parts, self.whole = photographs, parts, whole
        count, device = len(photographs), whole.device
        self.crop = torch.zeros_like(whole)
        self.mediapipe = torch.cat([part.half() / 255 for part in torch.split(photographs.mediapipe, 64)])
        heard = [bool(record.mediapipe) for record in photographs.records]
        self._heard = torch.tensor(heard, device=device)[:, None, None]
        self.reach = torch.zeros(count, CANVAS, CANVAS, dtype=torch.bool, device=device)
        self.lost = torch.zeros_like(self.reach)
        self.posed = torch.zeros_like(self.reach[:, ::POSE_STEP, ::POSE_STEP])
        self.people = torch.zeros(count, MAX_PEOPLE, 17, 3, device=device)
        self._part_sums = torch.zeros_like(parts)
        self._part_weights = torch.zeros_like(parts[:, :1])

    def add(self, crops: Sequence[Crop], batch: CropBatch, output: Tensor, keypoints: Tensor) -> None:
        """Take in the teacher's output (n, 174, k, k) for crops, and the keypoints (n, 17, 3) that it found."""
        near = batch.within_reach()
        whole = self.whole[batch.indices].float() * near
        person = batch.paste(output[:, :1], 1)[:, 0].sigmoid() * near
        person = torch.where(batch.small, whole, person)
        silent = batch.small | ~self._heard[batch.indices]
        mediapipe = torch.where(silent, whole, self.mediapipe[batch.indices].float())
        inside = batch.within_reach(reach=0.0)
        opinion = (whole + person + 2 * mediapipe) / 4 * inside
        lost = (opinion.sum((1, 2)) / inside.sum((1, 2)).clamp(min=1) < _LOST)[:, None, None]
        weight = person[:, None, ::PART_STEP, ::PART_STEP]
        weight = torch.where((weight > 0.5) & ~(batch.small | lost)[:, None], weight, 0.0).half()
        parts = batch.paste(output[:, 1:FINE_CHANNELS], PART_STEP).half() * weight
        mediapipe = (mediapipe * near).half()
        person, posed = person.half(), (near & ~(batch.small | lost))[:, ::POSE_STEP, ::POSE_STEP]
        keypoints[..., 2] *= ~lost[:, 0]
        near_lost = near & lost
        for row, crop in enumerate(crops):  # crops of one photograph overlap, so they are taken in one by one
            index = crop.index
            self.reach[index] |= near[row]
            self.lost[index] |= near_lost[row]
            self.crop[index] = torch.maximum(self.crop[index], person[row])
            self.mediapipe[index] = torch.maximum(self.mediapipe[index], mediapipe[row])
            self._part_sums[index] += parts[row]
            self._part_weights[index] += weight[row]
            if crop.slot >= 0:
                self.people[index, crop.slot] = keypoints[row]
                self.posed[index] |= posed[row]

    def part_logits(self, indices: slice) -> Tensor:
        """Return the parts of some photographs: the mean of the crops where they see a person, else of the whole."""
        weights = self._part_weights[indices]
        return torch.where(weights > 0, self._part_sums[indices] / weights.clamp(min=0.1), self.parts[indices])


def _with_labels(people: Tensor, records: Sequence[Record], crops: Sequence[Crop]) -> Tensor:
    """Return the people with labelled keypoints in the place of those that were found."""
    people = people.cpu()
    for crop in crops:
        record = records[crop.index]
        labelled = next((one.keypoints for one in record.people if one.box == crop.box and one.keypoints), ())
        if labelled and crop.slot >= 0:
            points = torch.tensor(labelled)
            known = points[:, 2] >= 0
            points[:, 2] = (points[:, 2] > 0).float()
            people[crop.index, crop.slot, known] = points[known]
    return people


def _combine(photographs: Photographs, opinions: _Opinions, people: Tensor, batch: int = 32) -> Labels:
    """Return the labels of all photographs."""
    masks, weights, pose_weights, pasteable = [], [], [], []
    device = opinions.whole.device
    for start in range(0, len(photographs), batch):
        part = slice(start, start + batch)
        kinds = [record.kind for record in photographs.records[part]]
        boxed = torch.tensor([kind == 'boxes' for kind in kinds], device=device)[:, None, None]
        masked = torch.tensor([kind in ('mask', 'everyone') for kind in kinds], device=device)[:, None, None]
        complete = torch.tensor([kind == 'everyone' for kind in kinds], device=device)[:, None, None]
        whole, reach = opinions.whole[part].float(), opinions.reach[part]
        mean = (whole * reach + opinions.crop[part].float() + 2 * opinions.mediapipe[part].float()) / 4
        mean = (mean + _SOFTEN * 4 * mean * (1 - mean)).clamp(0, 1)
        truth = _extend(photographs.true_masks[part], torch.where(complete, 0.0, whole))
        mask = torch.where(masked, truth, torch.where(boxed, mean, whole))
        beside = (whole > _UNJUDGED_PERSON) & ~reach
        unjudged = boxed & (beside | (opinions.lost[part] & (mask < 0.5)))
        masks.append((mask * 255).round().to(torch.uint8))
        weights.append((~unjudged).to(torch.uint8) * 255)
        coarse = mask[:, ::POSE_STEP, ::POSE_STEP]
        known = ((coarse < 0.3) | opinions.posed[part]) & ~unjudged[:, ::POSE_STEP, ::POSE_STEP]
        pose_weights.append(known.to(torch.uint8) * 255)
        doubt = (4 * mask * (1 - mask)).sum((1, 2)) / (mask.sum((1, 2)) + 50)
        share = (mask > 0.5).float().mean((1, 2))
        pasteable.append((masked[:, 0, 0] | (doubt < _PASTE_DOUBT)) & (share > _PASTE_SHARE))
        opinions.parts[part] = opinions.part_logits(part)
    joined = [torch.cat(tensors) for tensors in (masks, weights, pose_weights, pasteable)]
    return Labels(joined[0], joined[1], opinions.parts, people.to(device), joined[2], joined[3])


def _extend(true_masks: Tensor, whole: Tensor) -> Tensor:
    """Return the true masks, and far from their people those that the teacher is sure of."""
    truth = true_masks.float() / 255
    near = functional.max_pool2d(truth[:, None], _TRUE_MASK_NEAR, 1, _TRUE_MASK_NEAR // 2)[:, 0] > 0.5
    return torch.where((whole > _SURELY_PERSON) & ~near, whole, truth)


def _resize(maps: Tensor, size: int) -> Tensor:
    return functional.interpolate(maps, size=(size, size), mode='bilinear', align_corners=True)
