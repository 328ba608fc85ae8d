# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run MediaPipe on the crop of every labelled person, and keep the masks in the bundles.

    python -m training.mediapipe_masks BUNDLE...

A crop's mask is the mean of selfie segmentation and BlazePose (full), or selfie segmentation alone where BlazePose
finds nobody. Needs `mediapipe==0.10.21`, the last release with the models in its wheel, which asks for numpy below 2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mediapipe.python.solutions.pose import Pose
from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
from numpy.typing import NDArray
from tqdm import tqdm

from .bundle import Mask, Person, Picture, Record, read_bundle, write_bundle
from .crops import MARGIN, REACH, SMALLEST_BOX

_SMALLEST_POSE = 24.0
"""People in narrower boxes are too small for BlazePose, pixels."""

_DETECTION_CONFIDENCE = 0.3


def crop_bounds(person: Person, height: int, width: int, margin: float) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the box with a margin around it, within the picture."""
    left, top, right, bottom = person.box
    extra = margin * max(right - left, bottom - top)
    return (
        max(0, round(left - extra)),
        max(0, round(top - extra)),
        min(width - 1, round(right + extra)) + 1,
        min(height - 1, round(bottom + extra)) + 1,
    )


class MediaPipeTeacher:
    """Selfie segmentation and BlazePose, which expect one person who fills most of the picture."""

    def __init__(self) -> None:
        self._selfie = SelfieSegmentation(model_selection=0)
        self._pose = Pose(
            static_image_mode=True,
            model_complexity=1,
            enable_segmentation=True,
            min_detection_confidence=_DETECTION_CONFIDENCE,
        )

    def segment(self, picture: Picture, record: Record) -> Mask:
        """Return 255 times the probability of a person, (h, w) uint8, 0 beside all boxes."""
        height, width = picture.shape[:2]
        result: NDArray[np.float32] = np.zeros((height, width), np.float32)
        for person in record.people:
            left, top, right, bottom = person.box
            if min(right - left, bottom - top) < SMALLEST_BOX:
                continue
            x, y, x_end, y_end = crop_bounds(person, height, width, MARGIN)
            poses = min(right - left, bottom - top) >= _SMALLEST_POSE
            probability = self._segment_crop(np.ascontiguousarray(picture[y:y_end, x:x_end]), poses)
            a, b, c, d = crop_bounds(person, height, width, REACH)
            np.maximum(result[b:d, a:c], probability[b - y : d - y, a - x : c - x], out=result[b:d, a:c])
        return (result * 255).round().astype(np.uint8)

    def _segment_crop(self, crop: Picture, poses: bool) -> NDArray[np.float32]:
        selfie: NDArray[np.float32] = self._selfie.process(crop).segmentation_mask
        pose = self._pose.process(crop).segmentation_mask if poses else None
        return selfie if pose is None else (selfie + pose) / 2


def main() -> None:
    """Rewrite each bundle with the masks."""
    parser = argparse.ArgumentParser(prog='python -m training.mediapipe_masks', description=__doc__)
    parser.add_argument('bundles', nargs='+', type=Path)
    teacher = MediaPipeTeacher()
    for path in parser.parse_args().bundles:
        records = [
            record.with_mediapipe(teacher.segment(record.picture(), record)) if record.kind == 'boxes' else record
            for record in tqdm(read_bundle(path), path.name)
        ]
        write_bundle(path, records)


if __name__ == '__main__':
    main()
