"""Combines the masks of single persons to the segmentation of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...parts import KeypointSet
from ...people import People, Pose, describe_persons
from ...segmentation import Segmentation
from ...settings import SegmentSettings
from ..pipeline import Request

Probability = NDArray[np.float32]


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
    shape: tuple[int, int],
    settings: SegmentSettings,
    request: Request,
    keypoint_set: KeypointSet,
) -> Segmentation:
    """Return the segmentation of an image from the masks and poses of its people.

    Args:
        masks: of the people of `poses`, and then those of people without a pose, whose pixels belong to nobody.
        poses: of the people.
        shape: height and width of the image, pixels.
        settings: the threshold.
        request: what is returned; there are no parts.
        keypoint_set: of the poses.
    """
    probability, labels = combine_masks(masks[: len(poses)], *shape, settings.threshold)
    for mask in masks[len(poses) :]:
        mask.paste_mask(probability)
    people = None
    if request.people:
        people = People(describe_persons(labels, None, poses, 'bodypix1'), labels, tuple(poses), keypoint_set)
    return Segmentation(
        mask=probability > np.float32(settings.threshold),
        people=people,
        confidence=as_confidence(probability) if request.confidence else None,
    )


def as_confidence(probability: Probability) -> NDArray[np.uint8]:
    """Convert probabilities, 0..1, to 0..255."""
    return np.rint(probability * 255).astype(np.uint8)
