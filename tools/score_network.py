# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate a network of the package: masks, keypoints, and false detections in pictures without people.

python tools/score_network.py ../shared/images
python tools/score_network.py ../shared/images --set model=bodypix multiplier=0.5 model_dir=... internal_resolution=full
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bodypix_ros
from bodypix_ros.errors import ModelError
from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import NetworkSettings, SegmentSettings
from training.scores import boundary_score, found_keypoints, overlap

EMPTY_PICTURES = 100
NEAR_SHARE, FAR_SHARE = 0.2, 0.08
"""People that cover at least, or less than, this share of a picture are near, or far."""


class Segment(Protocol):
    """Segments a picture, with people if the model can separate them."""

    def __call__(self, image: NDArray[np.uint8], *, people: bool) -> Segmentation:
        """Return the segmentation of an image, (H, W, 3) uint8 BGR."""


def read_arguments(description: str, images: str) -> tuple[Path, bodypix_ros.Segmenter, SegmentSettings]:
    """Read the command line; return the folder of images, the network and the settings of `Segmenter.segment`.

    Args:
        description: of the program.
        images: what the folder contains.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('images', type=Path, help=f'folder with {images}')
    parser.add_argument(
        '--set', nargs='*', default=[], metavar='NAME=VALUE', help='settings of the model and of segment'
    )
    options = parser.parse_args()
    changes = {name: _value(text) for name, text in (one.split('=', 1) for one in options.set)}
    of_segment = {name: changes.pop(name) for name in list(changes) if hasattr(SegmentSettings, name)}
    net = bodypix_ros.load(NetworkSettings().changed(changes), given=changes)
    return options.images, net, SegmentSettings().changed(of_segment)


def main() -> None:
    folder, net, settings = read_arguments(__doc__.splitlines()[0], 'validation/ and empty/')

    def segment(image: NDArray[np.uint8], *, people: bool) -> Segmentation:
        try:
            return net.segment(image, settings, people=people)
        except ModelError:  # the model cannot separate people
            return net.segment(image, settings)

    print(f'{net.network.name} on {net.provider}, internal_resolution {net.settings.internal_resolution}')
    _print_validation(segment, folder / 'validation')
    _print_false_people(segment, sorted((folder / 'empty').glob('*.jpg'))[:EMPTY_PICTURES])


def _value(text: str) -> bool | int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {'true': True, 'false': False}.get(text, text)


def _print_validation(segment: Segment, folder: Path) -> None:
    """Print person IoU and boundary F of all pictures, of each collection and of each distance of the people.

    Also print the share of keypoints found.
    """
    scores: dict[str, list[tuple[float, float]]] = {}
    labelled = json.loads((folder / 'coco_person_keypoints.json').read_text())
    found = total = 0
    for image, truth, counted, name in read_examples(folder):
        result = segment(image, people=name in labelled)
        score = (overlap(result.mask, truth, counted), boundary_score(result.mask, truth, counted))
        for collection in ('all', name.split('_')[0], _distance(truth)):
            scores.setdefault(collection, []).append(score)
        if result.people is not None:
            counts = found_keypoints(_keypoints(result), labelled[name])
            found, total = found + counts[0], total + counts[1]
    for collection, values in scores.items():
        iou, boundary = 100 * np.mean(values, axis=0)
        print(f'{collection} ({len(values)} pictures): person IoU {iou:.1f} %, boundary F {boundary:.1f} %')
    if total:
        print(f'keypoints found: {100 * found / total:.1f} % of {total}')


def _distance(truth: NDArray[np.bool_]) -> str:
    """Return how far the people are away, judged by their share of the picture."""
    share = truth.mean()
    return 'near' if share >= NEAR_SHARE else 'far' if share < FAR_SHARE else 'between'


def _print_false_people(segment: Segment, pictures: list[Path]) -> None:
    """Print the number of people and person pixels found in pictures without people."""
    people, shares = 0, []
    for path in pictures:
        result = segment(_read(path), people=True)
        people += len(result.people.persons) if result.people is not None else 0
        shares.append(result.mask.mean())
    print(f'{len(pictures)} pictures without people: {people} people, {100 * np.mean(shares):.2f} % of the pixels')


def read_examples(folder: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_], str]]:
    """Yield pictures, their ground-truth masks, the masks of evaluated pixels, and their file names."""
    with (folder / 'sources.csv').open() as table:
        for row in csv.DictReader(table):
            truth = _read(folder / row['mask'], cv2.IMREAD_GRAYSCALE) > 127
            counted = np.ones_like(truth)
            if row['ignore']:
                counted = _read(folder / row['ignore'], cv2.IMREAD_GRAYSCALE) < 128
            yield _read(folder / row['image']), truth, counted, Path(row['image']).name


def _read(path: Path, flag: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flag)
    if picture is None:
        raise SystemExit(f'{path} is not a picture')
    return np.asarray(picture, np.uint8)


def _keypoints(result: Segmentation) -> list[NDArray[np.float64]]:
    """Return (17, 2) x and y of each person, in the order of COCO."""
    assert result.people is not None
    people = [{point.name: (point.x, point.y) for point in person.keypoints} for person in result.people.persons]
    return [np.array([points[name] for name in KEYPOINTS]) for points in people]


if __name__ == '__main__':
    main()
