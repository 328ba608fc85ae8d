"""Compare networks on pictures with true masks, and print the table of the model card.

Every network runs as the package runs it, at stride 16 and medium resolution with threshold 0.5; the teacher looks at
whole pictures with all its views. Scores are percent: person IoU and F-score of the boundary (means of the pictures,
without the pixels to be ignored), share of common foreground where network and teacher name the same part, and share
of the labelled keypoints of COCO's people that are found within a tenth of the person's box.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from bodypix_ros import BodyPix
from bodypix_ros.errors import ModelError
from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.inference.people.poses import decode_poses
from bodypix_ros.models.bodypix.heads import PEOPLE_HEADS, head_slices
from bodypix_ros.models.catalogue import CATALOGUE
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import NetworkSettings, SegmentSettings

from .scores import Card, Labels, Mask
from .teacher import DEFAULT_VIEWS, FINE, Teacher, View

THRESHOLD = 0.5
_TEACHER_LIMIT = 641
"""The teacher sees larger pictures at this size, pixels."""

Picture = NDArray[np.uint8]
_HEADINGS = ('network', 'person IoU', 'boundary F', 'parts as the teacher', 'keypoints')


@dataclass(frozen=True)
class Opinion:
    """What a network says of a picture; parts (bodypix2) and people ((17, 2) x, y each) where it knows them."""

    mask: Mask
    labels: Labels | None = None
    people: tuple[NDArray[np.float64], ...] | None = None


class Judge(Protocol):
    """Whatever finds people in pictures."""

    def look(self, image: Picture, people: bool) -> Opinion:
        """Return the opinion on a (H, W, 3) uint8 BGR picture, with people where they are wanted."""


class NetworkJudge:
    """A network as the package runs it."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._net = BodyPix.load(settings, stride=16, internal_resolution='medium', part_ids='bodypix2', provider='cpu')

    def look(self, image: Picture, people: bool) -> Opinion:
        """See `Judge.look`."""
        found = self._net.segment(image, threshold=THRESHOLD, people=people)
        persons = None
        if found.people is not None:
            persons = tuple(
                np.array([(point.x, point.y) for point in person.keypoints]) for person in found.people.persons
            )
        return Opinion(found.mask, found.parts, persons)


class TeacherJudge:
    """The mean of the teacher's views, of the whole picture at stride 8."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher = teacher
        self._kernels = choose_kernels('auto')

    def look(self, image: Picture, people: bool) -> Opinion:
        """See `Judge.look`."""
        height, width = image.shape[:2]
        geometry = bodypix2_geometry(height, width, min(1.0, _TEACHER_LIMIT / max(height, width)), FINE)
        bordered = cv2.copyMakeBorder(image[..., ::-1], *geometry.padding, cv2.BORDER_CONSTANT)
        maps = self._teacher.look(cv2.resize(bordered, (geometry.input_width, geometry.input_height)))
        heads = {name: np.ascontiguousarray(maps[channels]) for name, channels in head_slices(PEOPLE_HEADS).items()}
        mask = self._kernels.decode_mask(heads['segments'][0], geometry, THRESHOLD)
        numbers = renumbering('bodypix2', 'bodypix2')
        labels = self._kernels.decode_parts(heads['part_heatmaps'], mask, geometry, numbers)
        poses = decode_poses(heads, geometry, SegmentSettings()) if people else ()
        persons = tuple(np.array([(point.x, point.y) for point in pose.keypoints]) for pose in poses)
        return Opinion(mask, labels, persons if people else None)


class SelfieJudge:
    """MediaPipe's selfie segmentation, which knows masks alone.

    Raises:
        ImportError: this MediaPipe is not there, or one without the model in its wheel.
    """

    def __init__(self) -> None:
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

        self._network = SelfieSegmentation(model_selection=0)

    def look(self, image: Picture, people: bool) -> Opinion:
        """See `Judge.look`."""
        return Opinion(self._network.process(np.ascontiguousarray(image[..., ::-1])).segmentation_mask > THRESHOLD)


@dataclass(frozen=True)
class Example:
    """A picture whose true mask is known.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        truth: (H, W), people.
        counted: (H, W), pixels that count.
        keypoints: COCO's people, None where they are not labelled.
    """

    image: Picture
    truth: Mask
    counted: Mask
    keypoints: list[dict[str, Any]] | None


def read_examples(folder: Path) -> Iterator[Example]:
    """Yield the pictures of a folder with sources.csv, images/, masks/, ignore/ and coco_person_keypoints.json."""
    keypoints = json.loads((folder / 'coco_person_keypoints.json').read_text())
    with (folder / 'sources.csv').open() as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        image = cv2.imread(str(folder / row['image']), cv2.IMREAD_COLOR)
        truth = cv2.imread(str(folder / row['mask']), cv2.IMREAD_GRAYSCALE) > 127
        counted = np.ones_like(truth)
        if row['ignore']:
            counted = cv2.imread(str(folder / row['ignore']), cv2.IMREAD_GRAYSCALE) < 128
        yield Example(image, truth, counted, keypoints.get(Path(row['image']).name))


def judges(options: argparse.Namespace) -> Iterator[tuple[str, Judge]]:
    """Yield every network that is to be had, with its name."""
    common = {'model_url': options.model_url, 'model_dir': options.model_dir, 'allow_download': True}
    for text in options.own:
        name, folder, multiplier = text.split('=')
        yield name, NetworkJudge(NetworkSettings(checkpoint=folder, multiplier=float(multiplier), **common))
    for one in CATALOGUE:
        settings = NetworkSettings(
            version=one.version,
            architecture=one.architecture,
            multiplier=one.multiplier,
            quant_bytes=one.quant_bytes,
            checkpoint='official',
            **common,
        )
        try:
            yield f'official {one.title}', NetworkJudge(settings)
        except ModelError:
            tqdm.write(f'{one.title} cannot be had', sys.stderr)
    try:
        yield 'MediaPipe selfie segmentation', SelfieJudge()
    except ImportError as error:
        tqdm.write(f'no MediaPipe with a model in its wheel: {error}', sys.stderr)


def judge_all(judge: Judge, examples: list[Example], teacher: list[Opinion], name: str) -> Card:
    """Return a network's scores."""
    card = Card()
    for example, wanted in zip(tqdm(examples, name), teacher, strict=True):
        _count(card, judge.look(example.image, example.keypoints is not None), example, wanted)
    return card


def _count(card: Card, opinion: Opinion, example: Example, wanted: Opinion) -> None:
    card.count_mask(opinion.mask, example.truth, example.counted)
    if opinion.labels is not None and wanted.labels is not None:
        card.count_parts(opinion.labels, wanted.labels)
    if opinion.people is not None and example.keypoints is not None:
        card.count_keypoints(opinion.people, example.keypoints)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(prog='python -m training.evaluate', description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='folder of pictures with masks')
    parser.add_argument('--own', nargs='*', default=[], metavar='NAME=FOLDER=MULTIPLIER', help='other checkpoints')
    parser.add_argument('--views', nargs='+', default=list(DEFAULT_VIEWS), help=View.__doc__)
    parser.add_argument('--model-url', default='', help='https: or file: address that stands for the official server')
    parser.add_argument('--model-dir', default='', help='folder that keeps the official weights')
    parser.add_argument('--threads', type=int, default=1, help='of the teacher')
    options = parser.parse_args()
    examples = list(read_examples(options.folder))
    views = tuple(View.parse(text) for text in options.views)
    teacher = TeacherJudge(Teacher(views, options.model_url, options.model_dir, options.threads))
    opinions = [teacher.look(example.image, example.keypoints is not None) for example in tqdm(examples, 'teacher')]
    card = Card()
    for example, opinion in zip(examples, opinions, strict=True):
        _count(card, opinion, example, opinion)
    print(f'| {" | ".join(_HEADINGS)} |\n|---|{"--:|" * (len(_HEADINGS) - 1)}')
    print(f'| teacher | {" | ".join(card.row())} |')
    for name, judge in judges(options):
        print(f'| {name} | {" | ".join(judge_all(judge, examples, opinions, name).row())} |', flush=True)


if __name__ == '__main__':
    main()
