# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure how many marked faces are covered or found by the audit, and how much is covered without people.

python tools/score_faces.py ../shared/images
python tools/score_faces.py ../shared/images --internal-resolution 897 --anonymize-margin 0.2
python tools/score_faces.py ../shared/images --audit --model-dir ... --multiplier 0.5
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import bodypix_ros  # noqa: E402  # from this checkout
from bodypix_ros.anonymizer import SEARCH_SETTINGS, Anonymizer  # noqa: E402
from bodypix_ros.cli.options import add_options, from_options, given_options  # noqa: E402
from bodypix_ros.pictures import read_picture  # noqa: E402
from bodypix_ros.recordings.audit import Finder, find_remaining_faces, open_finders  # noqa: E402
from bodypix_ros.regions import Box  # noqa: E402
from bodypix_ros.segmentation import Segmentation  # noqa: E402
from bodypix_ros.settings import AnonymizeSettings, NetworkSettings  # noqa: E402

FACES = ROOT / 'test' / 'data' / 'faces' / 'faces.json'
SIZES = {'near': 32, 'far': 16, 'tiny': 0}
"""Classes of faces, and the smallest height of each, pixels."""

ENOUGH = 0.95
"""A face counts as covered if at least this fraction of its area is."""

_EMPTY_PICTURES = 120
_FACES_PER_BOX = 4
_BEFORE_S = 0.5


class Face(NamedTuple):
    """A marked face: columns x..x+width-1, rows y..y+height-1, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> str:
        """The class in `SIZES`."""
        return next(name for name, least in SIZES.items() if self.height >= least)

    def is_shown_by(self, box: Box) -> bool:
        """Return whether a box shows this face: it contains the centre and is not larger than a head."""
        x, y = self.x + self.width / 2, self.y + self.height / 2
        inside = box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
        return inside and box.height < _FACES_PER_BOX * self.height

    def share_of(self, covered: NDArray[np.bool_]) -> float:
        """Return the fraction of the face that is covered in an (H, W) image."""
        return float(covered[self.y : self.y + self.height, self.x : self.x + self.width].mean())


@dataclass(frozen=True)
class Marked:
    """A picture, or a frame of a clip, with its marked faces.

    Attributes:
        path: relative to the folder of images.
        frame: its number in the clip; None for a picture.
        faces: the marked ones.
        held_out: whether it was not used to choose margins and thresholds.
    """

    path: str
    frame: int | None
    faces: tuple[Face, ...]
    held_out: bool

    @property
    def groups(self) -> list[str]:
        """The groups of pictures to which this one belongs."""
        kinds = {'held out': self.held_out, 'not trained on': not self.path.startswith('train/')}
        return ['all', *(name for name, belongs in kinds.items() if belongs)]


def read_marks() -> list[Marked]:
    """Return all marked pictures."""
    records = json.loads(FACES.read_text())
    return [
        Marked(one['path'], one['frame'], tuple(Face(*face) for face in one['faces']), one.get('held_out', False))
        for one in records
    ]


def read_images(folder: Path, marked: Marked) -> list[tuple[float, NDArray[np.uint8]]]:
    """Return the marked image as the last one, after the images of the half second before it, with their times."""
    if marked.frame is None:
        return [(0.0, read_picture(folder / marked.path))]
    video = cv2.VideoCapture(str(folder / marked.path))
    rate_hz = video.get(cv2.CAP_PROP_FPS)
    images: deque[tuple[float, NDArray[np.uint8]]] = deque(maxlen=1 + int(_BEFORE_S * rate_hz))
    for number in range(marked.frame + 1):
        read, image = video.read()
        assert read, f'{marked.path} has no frame {number}'
        images.append((number / rate_hz, image))
    return list(images)


def segment(net: bodypix_ros.Segmenter, image: NDArray[np.uint8]) -> Segmentation:
    """Segment an image as `bodypix video` does."""
    return net.segment(image, SEARCH_SETTINGS, people=True, confidence=True)


def covered_pixels(anonymizer: Anonymizer, found: Segmentation, stamp_s: float) -> NDArray[np.bool_]:
    """Return (H, W) bool, true where an image is covered."""
    black = np.zeros((*found.mask.shape, 3), np.uint8)
    covered: NDArray[np.bool_] = anonymizer.anonymize(black, found, stamp_s).image[..., 0] > 0
    return covered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', type=Path, help='folder with validation/, train/, demo/, video/ and empty/')
    parser.add_argument('--audit', action='store_true', help='measure the recall of the audit instead')
    add_options(parser, NetworkSettings)
    add_options(parser, AnonymizeSettings, without=('anonymize', 'anonymize_style'))
    options = parser.parse_args()
    if options.audit:
        _print_audit(open_finders(from_options(options, NetworkSettings))[0], options.images)
        return
    given: dict[str, Any] = given_options(options, NetworkSettings)
    net = bodypix_ros.load(**given)
    modes = [
        from_options(options, AnonymizeSettings, anonymize=mode, anonymize_style='fill')
        for mode in ('faces', 'heads', 'people')
    ]
    _print_recall(net, options.images, modes)
    _print_empty(net, sorted((options.images / 'empty').glob('*.jpg'))[:_EMPTY_PICTURES], modes)


def shares(
    net: bodypix_ros.Segmenter, folder: Path, marks: Sequence[Marked], settings: Sequence[AnonymizeSettings]
) -> Iterator[tuple[Marked, Face, list[float]]]:
    """Yield each marked face, and the fraction of it that is covered with each of the settings."""
    for marked in marks:
        anonymizers = [Anonymizer(one, net.settings.part_ids) for one in settings]
        covered: list[NDArray[Any]] = []
        for stamp_s, image in read_images(folder, marked):
            found = segment(net, image)
            covered = [covered_pixels(one, found, stamp_s) for one in anonymizers]
        for face in marked.faces:
            yield marked, face, [face.share_of(one) for one in covered]


def _print_recall(net: bodypix_ros.Segmenter, folder: Path, modes: Sequence[AnonymizeSettings]) -> None:
    found = list(shares(net, folder, read_marks(), modes))
    sizes = np.array([face.size for _, face, _ in found])
    covered = np.array([share for _, _, share in found]) >= ENOUGH
    for group in ('all', 'held out', 'not trained on'):
        chosen = np.array([group in marked.groups for marked, _, _ in found])
        for column, mode in enumerate(modes):
            print(f'{mode.anonymize}, {group}: {_by_size(sizes[chosen], covered[chosen, column])}')
    for marked, face, share in found:
        if min(share) < ENOUGH:
            print(f'  missed: {marked.path} {marked.frame or ""} {tuple(face)}: {[round(one, 2) for one in share]}')


def _print_audit(finders: Sequence[Finder], folder: Path) -> None:
    marks = [(marked, read_images(folder, marked)[-1][1]) for marked in read_marks()]
    sizes = np.array([face.size for marked, _ in marks for face in marked.faces])
    found = np.zeros((len(finders), len(sizes)), bool)
    for row, finder in enumerate(finders):
        boxes = [[box for box, _ in find_remaining_faces(image, [finder])] for _, image in marks]
        found[row] = [
            any(face.is_shown_by(box) for box in own)
            for (marked, _), own in zip(marks, boxes, strict=True)
            for face in marked.faces
        ]
        print(f'{finder.name}: {_by_size(sizes, found[row])}')
    print(f'all finders: {_by_size(sizes, np.asarray(found.any(axis=0)))}')


def _by_size(sizes: NDArray[Any], hits: NDArray[np.bool_]) -> str:
    counts = [(name, hits[sizes == name]) for name in SIZES] + [('all', hits)]
    return ', '.join(f'{name} {one.sum()}/{len(one)} = {one.mean():.1%}' for name, one in counts)


def _print_empty(net: bodypix_ros.Segmenter, paths: Sequence[Path], modes: Sequence[AnonymizeSettings]) -> None:
    segmentations = [segment(net, read_picture(path)) for path in paths]
    for mode in modes:
        covered = [covered_pixels(Anonymizer(mode, net.settings.part_ids), one, 0.0).mean() for one in segmentations]
        print(
            f'{mode.anonymize}, {len(paths)} pictures without people: {np.mean(covered):.1%} of the pixels, '
            f'{np.mean(np.array(covered) > 0):.0%} of the pictures have a cover'
        )


if __name__ == '__main__':
    main()
