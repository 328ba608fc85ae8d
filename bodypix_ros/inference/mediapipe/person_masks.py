# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Combines the masks of single persons to the segmentation of an image."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...parts import KeypointSet
from ...people import People, Pose, describe_persons
from ...refine import EdgeFilter, refine_segmentation
from ...segmentation import Segmentation
from ...settings import SegmentSettings
from ..kernels import shared_kernels
from ..numpy_kernels import Image
from ..pipeline import Request

Probability = NDArray[np.float32]

_CELL_PX = 1.0  # these networks find edges more precisely than their cells are large: refine as little as possible
_WITHOUT_POSE = np.uint8(254)  # as a part id: neither the background nor, with less than 255 people, one of them


class PersonMask(Protocol):
    """The mask of one person."""

    def paste_mask(self, canvas: Probability) -> None:
        """Draw the mask into an (H, W) float32 mask of the image; the larger of two probabilities remains."""


def combine_masks(
    masks: Sequence[PersonMask], height: int, width: int, threshold: float
) -> tuple[Probability, NDArray[np.uint8]]:
    """Combine masks: each pixel belongs to the person with the highest probability.

    Args:
        masks: at most 255; the first of equal probabilities wins.
        height: of the image, pixels.
        width: of the image, pixels.
        threshold: pixels whose probability is not above it belong to nobody, 0..1.

    Returns:
        (H, W) float32, the probability of a person, and (H, W) uint8, 0 nobody, n the n-th mask.
    """
    probability, labels = np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8)
    for label, mask in enumerate(masks, start=1):
        before = probability.copy()
        mask.paste_mask(probability)
        labels[probability > np.maximum(before, np.float32(threshold))] = label
    return probability, labels


def segment_persons(
    masks: Sequence[PersonMask],
    poses: Sequence[Pose],
    image: Image,
    settings: SegmentSettings,
    request: Request,
    keypoint_set: KeypointSet,
    kernels: str,
) -> Segmentation:
    """Return the segmentation of an image from the masks and poses of its people.

    Args:
        masks: of the people of `poses`, and then those of people without a pose, whose pixels belong to nobody.
        poses: of the people.
        image: (H, W, 3) uint8 BGR.
        settings: the threshold, and whether edges are refined.
        request: what is returned; there are no parts.
        keypoint_set: of the poses.
        kernels: the setting `kernels`, which refining uses.
    """
    probability, labels = combine_masks(masks[: len(poses)], image.shape[0], image.shape[1], settings.threshold)
    for mask in masks[len(poses) :]:
        mask.paste_mask(probability)
    found = Segmentation(
        mask=probability > np.float32(settings.threshold),
        confidence=as_confidence(probability) if request.confidence or settings.refine else None,
    )
    if settings.refine:
        found, labels = _refine(image, found, labels, settings.threshold, shared_kernels(kernels).edge_filter)
    people = None
    if request.people:
        people = People(describe_persons(labels, None, poses, 'bodypix1'), labels, tuple(poses), keypoint_set)
    return dataclasses.replace(found, people=people, confidence=found.confidence if request.confidence else None)


def _refine(
    image: Image, found: Segmentation, labels: NDArray[np.uint8], threshold: float, edge_filter: EdgeFilter
) -> tuple[Segmentation, NDArray[np.uint8]]:
    """Refine mask, confidence and the labels of people: pixels that are added belong to the nearest person."""
    ids = labels - np.uint8(1)  # 255, which is BACKGROUND as int8, where the label is 0
    ids[found.mask & (labels == 0)] = _WITHOUT_POSE
    with_ids = dataclasses.replace(found, parts=ids.view(np.int8))
    refined = refine_segmentation(image, with_ids, threshold, _CELL_PX, edge_filter)
    assert refined.parts is not None
    ids = refined.parts.view(np.uint8)
    return dataclasses.replace(refined, parts=None), np.where(ids == _WITHOUT_POSE, 0, ids + np.uint8(1)).astype(
        np.uint8
    )


def as_confidence(probability: Probability) -> NDArray[np.uint8]:
    """Convert probabilities, 0..1, to 0..255."""
    return np.rint(probability * 255).astype(np.uint8)
