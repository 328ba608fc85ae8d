# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The training photographs, decoded once and kept on the device."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.nn import functional

from .bundle import CANVAS, Record, read_bundle


@dataclass(frozen=True)
class Photographs:
    """N photographs, each in the upper left corner of a canvas of its own.

    Attributes:
        records: what is known about each.
        images: (N, 3, CANVAS, CANVAS) uint8 RGB, black beside the photograph.
        halves: (N, 3, CANVAS // 2 + 1, CANVAS // 2 + 1) uint8, the same at half the size, for small samples.
        sizes: (N, 2) float32, width and height of each photograph, pixels.
        true_masks: (N, CANVAS, CANVAS) uint8, 255 where there is a person, for records with a true mask.
        mediapipe: (N, CANVAS, CANVAS) uint8, 255 times the probability of a person according to MediaPipe.
    """

    records: Sequence[Record]
    images: Tensor
    halves: Tensor
    sizes: Tensor
    true_masks: Tensor
    mediapipe: Tensor

    def __len__(self) -> int:
        return len(self.records)


def open_photographs(bundles: Sequence[Path], device: torch.device, limit: int = 0, threads: int = 16) -> Photographs:
    """Decode the photographs of bundles.

    Args:
        bundles: files that `datasets` wrote.
        device: where the photographs go.
        limit: number of photographs to take of each bundle; 0 for all.
        threads: that decode.
    """
    records = [record for path in bundles for record in read_bundle(path)[: limit or None]]
    images = torch.zeros(len(records), 3, CANVAS, CANVAS, dtype=torch.uint8)
    masks, mediapipe = (torch.zeros(len(records), CANVAS, CANVAS, dtype=torch.uint8) for _ in range(2))
    sizes = torch.zeros(len(records), 2)

    def decode(index: int) -> None:
        record = records[index]
        picture = record.picture()
        height, width = picture.shape[:2]
        images[index, :, :height, :width] = torch.from_numpy(picture).permute(2, 0, 1)
        sizes[index] = torch.tensor([width, height])
        for target, mask in ((masks, record.mask()), (mediapipe, record.mediapipe_mask())):
            if mask is not None:
                target[index, :height, :width] = torch.from_numpy(mask)

    cv2.setNumThreads(1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(decode, range(len(records))))
    images, masks, mediapipe, sizes = (tensor.to(device) for tensor in (images, masks, mediapipe, sizes))
    return Photographs(records, images, halve(images), sizes, masks, mediapipe)


def halve(images: Tensor, batch: int = 64) -> Tensor:
    """Return (N, 3, (h + 1) // 2, (w + 1) // 2) uint8: a binomial blur of every second pixel."""
    binomial = torch.tensor([1.0, 2.0, 1.0], device=images.device) / 4
    kernel = (binomial[:, None] * binomial)[None, None].expand(3, 1, 3, 3)
    halves = []
    for part in torch.split(images, batch):
        padded = functional.pad(part.float(), (1, 1, 1, 1), mode='replicate')
        halves.append(functional.conv2d(padded, kernel, stride=2, groups=3).round().clamp(0, 255).to(torch.uint8))
    return torch.cat(halves)
