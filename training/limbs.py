# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure parts on athletes whose joints are labelled: most of them are not upright.

    python -m training.limbs WEIGHTS... --lsp FOLDER --excluded NAMES.txt

At the middle of every limb between two visible joints: is it a person, the right part, or right but for the side?
Photographs in NAMES.txt, which the network may have learned from, are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bodypix_ros.parts import KEYPOINTS, part_names

from .bundle import Picture
from .datasets import read_athletes
from .evaluate import Predictor, resize_logits

_LIMBS = {
    'upper_arm': ('shoulder', 'elbow'),
    'lower_arm': ('elbow', 'wrist'),
    'upper_leg': ('hip', 'knee'),
    'lower_leg': ('knee', 'ankle'),
}
_SIDES = ('left', 'right')
_NAMES = part_names('bodypix2')

Limb = tuple[str, str, NDArray[np.float64]]
"""Side, name and middle (x, y) in pixels."""


def labelled_limbs(keypoints: NDArray[np.float64]) -> list[Limb]:
    """Return the limbs whose two ends are visible: keypoints (17, 3) x, y, label."""
    limbs = []
    for side in _SIDES:
        for name, ends in _LIMBS.items():
            points = keypoints[[KEYPOINTS.index(f'{side}_{end}') for end in ends]]
            if (points[:, 2] > 0).all():
                limbs.append((side, name, points[:, :2].mean(0)))
    return limbs


def judge(limb: Limb, person: bool, part: int) -> str:
    """Return 'missed', 'right', 'side' (the other side's) or 'wrong' for the part that a pixel has."""
    if not person:
        return 'missed'
    side, name, _ = limb
    if name not in _NAMES[part]:
        return 'wrong'
    return 'right' if _NAMES[part].startswith(side) else 'side'


def choose_athletes(folder: Path, excluded: set[str], count: int) -> Iterator[tuple[Picture, list[Limb]]]:
    """Yield photographs with all limbs visible, spread over the collection, and their limbs."""
    taken = 0
    for number, photograph in enumerate(read_athletes(folder)):
        if number % 13 or photograph.name in excluded or taken >= count:
            continue
        limbs = labelled_limbs(np.array(photograph.people[0].keypoints))
        if len(limbs) == len(_LIMBS) * len(_SIDES):
            taken += 1
            yield photograph.image, limbs


def measure(predictor: Predictor, athletes: list[tuple[Picture, list[Limb]]]) -> dict[str, float]:
    """Return the share of each verdict, percent."""
    verdicts: dict[str, int] = {}
    for image, limbs in tqdm(athletes):
        fine, _, _ = predictor.predict(image)
        labels = np.stack([resize_logits(channel, *image.shape[:2]) for channel in fine])
        for limb in limbs:
            x, y = limb[2].round().astype(int).clip(0, np.array(image.shape[1::-1]) - 1)
            verdict = judge(limb, labels[0, y, x] > 0, int(labels[1:, y, x].argmax()))
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
    return {verdict: 100 * count / sum(verdicts.values()) for verdict, count in verdicts.items()}


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog='python -m training.limbs', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('weights', nargs='+', type=Path, help='weights files (.npz)')
    parser.add_argument('--lsp', type=Path, required=True, help='folder of Leeds Sports Pose Extended')
    parser.add_argument('--excluded', type=Path, help='text file of names to leave out')
    parser.add_argument('--count', type=int, default=150, help='of photographs')
    options = parser.parse_args()
    cv2.setNumThreads(1)
    excluded = set(options.excluded.read_text().split()) if options.excluded else set()
    athletes = list(choose_athletes(options.lsp, excluded, options.count))
    print(f'{sum(len(limbs) for _, limbs in athletes)} limbs of {len(athletes)} athletes, %')
    print('| weights | person | right part | right but for the side |\n|---|--:|--:|--:|')
    for path in options.weights:
        shares = measure(Predictor(path), athletes)
        person = 100 - shares.get('missed', 0)
        print(f'| {path.stem} | {person:.1f} | {shares.get("right", 0):.1f} | {shares.get("side", 0):.1f} |')


if __name__ == '__main__':
    main()
