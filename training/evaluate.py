# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure weights files on pictures with true masks, and on pictures without people.

    python -m training.evaluate WEIGHTS... --validation FOLDER --empty FOLDER

The picture is resized and the result brought back as the package does it. Scores are percent: person IoU and F-score of
the boundary at threshold 0.5 (means of the pictures, without the pixels to be ignored), share of COCO's labelled
keypoints that are found (`scores.found_keypoints`), people found on the first pictures without people, and share of the
pixels there that are taken for a person.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from bodypix_ros.inference.people.poses import decode_poses
from bodypix_ros.settings import SegmentSettings

from .mirror import HEADS
from .network import FINE_STRIDE, POSE_STRIDE, Network, load_weights
from .scores import Mask, boundary_score, found_keypoints, overlap

LONGER_SIDE = 449
"""Pixels of the network's input, about."""

EMPTY_PICTURES = 100
"""Pictures without people on which found people are counted."""

_GRID = 32
Picture = NDArray[np.uint8]
Point = tuple[float, float]
"""Score threshold, and a constant that is added to the logits of the heatmaps."""


@dataclass(frozen=True)
class Example:
    """A picture with its true mask.

    Attributes:
        group: 'COCO', 'CCP' or 'CIHP'.
        image: (H, W, 3) uint8 BGR.
        truth: (H, W), people.
        counted: (H, W), pixels that count.
        people: COCO's annotations, None where keypoints are not labelled.
    """

    group: str
    image: Picture
    truth: Mask
    counted: Mask
    people: list[dict[str, Any]] | None


@dataclass
class Scores:
    """The scores of one weights file.

    Attributes:
        overlaps, boundaries: of each picture, by group.
        keypoints: keypoints found and labelled, by operating point.
        false_people: people found on pictures without people, by operating point.
        false_shares: share of the pixels taken for a person, of each picture without people.
    """

    overlaps: dict[str, list[float]] = field(default_factory=dict)
    boundaries: dict[str, list[float]] = field(default_factory=dict)
    keypoints: dict[Point, tuple[int, int]] = field(default_factory=dict)
    false_people: dict[Point, int] = field(default_factory=dict)
    false_shares: list[float] = field(default_factory=list)

    def mask_row(self) -> list[str]:
        """Return 'person IoU / boundary F' of all pictures and of each group, and the false share."""
        groups = [[name] for name in sorted(self.overlaps)]
        cells = []
        for names in [sorted(self.overlaps), *groups]:
            values = ([score for name in names for score in of[name]] for of in (self.overlaps, self.boundaries))
            cells.append(' / '.join(f'{100 * np.mean(scores):.1f}' for scores in values))
        return [*cells, f'{100 * np.mean(self.false_shares):.2f}' if self.false_shares else '–']

    def pose_row(self, point: Point) -> list[str]:
        """Return the keypoints found and the false people at an operating point."""
        found, labelled = self.keypoints[point]
        return [f'{100 * found / max(labelled, 1):.1f}', str(self.false_people.get(point, '–'))]


class Predictor:
    """A network as the package runs it.

    Args:
        weights: the .npz file.
        longer_side: of the network's input, pixels.
    """

    def __init__(self, weights: Path, longer_side: int = LONGER_SIDE) -> None:
        self._network = Network()
        load_weights(self._network, weights)
        self._network.eval()
        self._longer_side = longer_side

    @torch.no_grad()
    def predict(self, image: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[int, int]]:
        """Return the logits (25, h4, w4), the pose heads (149, h16, w16), and height and width of the input, pixels."""
        height, width = input_size(image.shape[0], image.shape[1], self._longer_side)
        shrinks = height < image.shape[0]
        resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        x = torch.from_numpy(np.ascontiguousarray(resized[..., ::-1].transpose(2, 0, 1))[None]).float() / 127.5 - 1
        fine, pose = self._network(x)
        return fine[0].numpy(), pose[0].numpy(), (height, width)


def input_size(height: int, width: int, longer_side: int) -> tuple[int, int]:
    """Return the size of the network's input: multiples of 32, plus one, nearest to the shrunk picture's."""
    scale = longer_side / max(height, width)
    return tuple(max(round((side * scale - 1) / _GRID), 1) * _GRID + 1 for side in (height, width))  # type: ignore[return-value]


def resize_logits(logits: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Interpolate logits linearly, with the corners aligned."""
    tensor = torch.from_numpy(logits)[None, None]
    resized = torch.nn.functional.interpolate(tensor, size=(height, width), mode='bilinear', align_corners=True)
    return resized[0, 0].numpy()


def find_people(
    fine: NDArray[np.float32],
    pose: NDArray[np.float32],
    size: tuple[int, int],
    picture: tuple[int, int],
    point: Point,
) -> list[Any]:
    """Decode the poses of a picture, scored against its mask as the package does it.

    Args:
        fine: (25, h4, w4), logits of person and parts.
        pose: (149, h16, w16), the pose heads.
        size: height and width of the network's input, pixels.
        picture: height and width of the picture, pixels.
        point: score threshold and constant added to the heatmaps.

    Returns:
        (17, 2) x, y each, of the people whose score reaches the threshold.
    """
    threshold, shift = point
    heads = {name: pose[channels] for name, channels in HEADS.items()}
    heads['heatmaps'] = heads['heatmaps'] + np.float32(shift)
    heads['segments'] = fine[:1]
    geometry = SimpleNamespace(
        height=picture[0],
        width=picture[1],
        input_height=size[0],
        input_width=size[1],
        stride=FINE_STRIDE,
        pose_stride=POSE_STRIDE,
        padding=SimpleNamespace(top=0, bottom=0, left=0, right=0),
    )
    settings = SegmentSettings(score_threshold=threshold)
    poses = decode_poses(heads, cast(Any, geometry), settings, against_mask=True)
    return [np.array([(one.x, one.y) for one in pose.keypoints]) for pose in poses if pose.score >= threshold]


def read_examples(folder: Path) -> Iterator[Example]:
    """Yield the pictures of a folder with sources.csv, images/, masks/, ignore/ and coco_person_keypoints.json."""
    people = json.loads((folder / 'coco_person_keypoints.json').read_text())
    with (folder / 'sources.csv').open() as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        image = cv2.imread(str(folder / row['image']), cv2.IMREAD_COLOR)
        truth = cv2.imread(str(folder / row['mask']), cv2.IMREAD_GRAYSCALE) > 127
        counted = np.ones_like(truth)
        if row['ignore']:
            counted = cv2.imread(str(folder / row['ignore']), cv2.IMREAD_GRAYSCALE) < 128
        name = Path(row['image']).name
        yield Example(name.split('_')[0].upper(), image, truth, counted, people.get(name))


def measure(predictor: Predictor, examples: Sequence[Example], empty: Sequence[Picture], points: list[Point]) -> Scores:
    """Return the scores of a network."""
    scores = Scores()
    for example in tqdm(examples):
        fine, pose, size = predictor.predict(example.image)
        shape = example.image.shape[:2]
        mask = resize_logits(fine[0], *shape) > 0
        scores.overlaps.setdefault(example.group, []).append(overlap(mask, example.truth, example.counted))
        scores.boundaries.setdefault(example.group, []).append(boundary_score(mask, example.truth, example.counted))
        for point in points if example.people is not None else []:
            found = found_keypoints(find_people(fine, pose, size, shape, point), example.people or [])
            before = scores.keypoints.get(point, (0, 0))
            scores.keypoints[point] = before[0] + found[0], before[1] + found[1]
    for number, image in enumerate(tqdm(empty)):
        fine, pose, size = predictor.predict(image)
        scores.false_shares.append(float((resize_logits(fine[0], *image.shape[:2]) > 0).mean()))
        for point in points if number < EMPTY_PICTURES else []:
            people = len(find_people(fine, pose, size, image.shape[:2], point))
            scores.false_people[point] = scores.false_people.get(point, 0) + people
    return scores


def main() -> None:
    """Print two tables in Markdown."""
    parser = argparse.ArgumentParser(prog='python -m training.evaluate', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('weights', nargs='+', type=Path, help='weights files (.npz)')
    parser.add_argument('--validation', type=Path, required=True, help='folder of pictures with masks')
    parser.add_argument('--empty', type=Path, help='folder of pictures without people')
    parser.add_argument('--threads', type=int, default=1, help='of PyTorch; more are slower where cores are busy')
    parser.add_argument('--longer-side', type=int, default=LONGER_SIDE, help='of the input, pixels')
    parser.add_argument('--thresholds', nargs='+', type=float, default=[0.4, 0.15], help='score thresholds')
    parser.add_argument('--shifts', nargs='+', type=float, default=[0.0], help='constants added to the heatmaps')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    examples = list(read_examples(options.validation))
    empty = [cv2.imread(str(path)) for path in sorted(options.empty.glob('*.jpg'))] if options.empty else []
    points = [(threshold, shift) for threshold in options.thresholds for shift in options.shifts]
    results = {path: measure(Predictor(path, options.longer_side), examples, empty, points) for path in options.weights}
    groups = sorted({example.group for example in examples})
    print(f'| weights | all | {" | ".join(groups)} | false mask, % |\n|---|{"--:|" * (len(groups) + 2)}')
    for path, scores in results.items():
        print(f'| {path.stem} | {" | ".join(scores.mask_row())} |')
    print('\n| weights | threshold | shift | keypoints found | false people |\n|---|--:|--:|--:|--:|')
    for path, scores in results.items():
        for point in points:
            print(f'| {path.stem} | {point[0]:g} | {point[1]:g} | {" | ".join(scores.pose_row(point))} |')


if __name__ == '__main__':
    main()
