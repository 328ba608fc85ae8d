"""Run MediaPipe's selfie segmentation on the crop of every labelled person, and keep the result in the bundles.

    python -m training.selfie BUNDLE...

Needs `mediapipe==0.10.21`, the last release with the model in its wheel, which asks for numpy below 2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
from numpy.typing import NDArray
from tqdm import tqdm

from .bundle import Mask, Person, Picture, Record, read_bundle, write_bundle
from .crops import MARGIN, REACH, SMALLEST_BOX


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


class SelfieTeacher:
    """MediaPipe's general selfie segmentation, which expects one person who fills most of the picture."""

    def __init__(self) -> None:
        self._network = SelfieSegmentation(model_selection=0)

    def segment(self, picture: Picture, record: Record) -> Mask:
        """Return 255 times the probability of a person, (h, w) uint8, 0 beside all boxes."""
        height, width = picture.shape[:2]
        result: NDArray[np.float32] = np.zeros((height, width), np.float32)
        for person in record.people:
            box = person.box
            if min(box[2] - box[0], box[3] - box[1]) < SMALLEST_BOX:
                continue
            left, top, right, bottom = crop_bounds(person, height, width, MARGIN)
            crop = np.ascontiguousarray(picture[top:bottom, left:right])
            probability = self._network.process(crop).segmentation_mask
            a, b, c, d = crop_bounds(person, height, width, REACH)
            part = probability[b - top : d - top, a - left : c - left]
            np.maximum(result[b:d, a:c], part, out=result[b:d, a:c])
        return (result * 255).round().astype(np.uint8)


def main() -> None:
    """Rewrite each bundle with the result."""
    parser = argparse.ArgumentParser(prog='python -m training.selfie', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('bundles', nargs='+', type=Path)
    teacher = SelfieTeacher()
    for path in parser.parse_args().bundles:
        records = [
            record.with_selfie(teacher.segment(record.picture(), record)) if record.kind == 'boxes' else record
            for record in tqdm(read_bundle(path), path.name)
        ]
        write_bundle(path, records)


if __name__ == '__main__':
    main()
