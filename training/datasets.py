# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The public collections of photographs that the network learns from, packed into bundles.

    python -m training.datasets BUNDLES --collection human-dataset=FOLDER ... --held-out FOLDER ...

Every collection is a folder that was fetched beforehand; nothing is downloaded here. Photographs are never committed or
distributed: those of COCO, Open Images and Flickr keep their own licences. Those that resemble a held-out one are
dropped.

| collection | repository on GitHub | what is known | licence |
|---|---|---|---|
| human-dataset | brianhuster/human-dataset | boxes; only COCO and Open Images are taken | CC BY 4.0 as a collection |
| ccp | bearpaw/clothing-co-parsing | true masks (clothing labels) | Apache-2.0 (labels) |
| hsd | VikramShenoy97/Human-Segmentation-Dataset | true masks | not stated |
| lsp | axelcarlier/lsp (Leeds Sports Pose Extended) | one person, 14 joints | not stated; for research |
| coco-mini | Obmutescence/COCO-MINI | true masks and keypoints, photographs without people | CC BY 4.0 (labels) |
| scenes | photographs of people in a folder | nothing | the photographs' own |
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import scipy.io  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tqdm import tqdm

from .bundle import CANVAS, Kind, Person, Picture, Record, encode, legal_size, write_bundle

_SIMILAR_BITS = 4
"""Difference hashes of 64 bits that differ in at most this many belong to the same photograph."""

_LARGEST_ENLARGEMENT = 1.6
_CLOTHING_BAGS = (2, 33, 56)
"""Labels of Clothing Co-Parsing that are carried, not worn: accessories, bag, purse."""

_LSP_KEYPOINTS = (16, 14, 12, 11, 13, 15, 10, 8, 6, 5, 7, 9)
"""Keypoint of each of the first twelve joints of Leeds Sports Pose; the last two are neck and top of the head."""

_SHOULDERS, _HIPS = (8, 9), (2, 3)
_FACE = 5
"""Keypoints before this one are of the face."""

_JOINT_MARGIN = 0.15
"""How far a person extends beyond the joints, share of the longer side of their bounds."""


class Photograph(NamedTuple):
    """A photograph as its publisher gives it, (h, w, 3) uint8 BGR; people and mask in its own pixels."""

    name: str
    kind: Kind
    image: Picture
    people: tuple[Person, ...] = ()
    mask: NDArray[np.uint8] | None = None
    squeezed: bool = False


def read_human_dataset(folder: Path) -> Iterator[Photograph]:
    """Yield the photographs of COCO and Open Images, which the publisher squeezed to squares, with their boxes."""
    for path in sorted(folder.glob('*/images/*.jpg')):
        original = path.name.split('_jpg.rf')[0]
        if re.fullmatch(r'[0-9a-f]{16}|\d{12}', original):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            labels = (path.parent.parent / 'labels' / f'{path.stem}.txt').read_text()
            people = tuple(_yolo_person(line, image.shape) for line in labels.splitlines() if len(line.split()) > 4)
            yield Photograph(f'hd2_{original}', 'boxes', image, people, squeezed=True)


def _yolo_person(line: str, shape: tuple[int, ...]) -> Person:
    """Read a box (centre, width, height) or a polygon, as shares of the picture's size."""
    values = np.array(line.split()[1:], float)
    x, y = values[0::2], values[1::2]
    if len(values) == 4:
        x, y = (values[axis] + values[axis + 2] * np.array([-0.5, 0.5]) for axis in (0, 1))
    x, y = x.clip(0, 1) * shape[1], y.clip(0, 1) * shape[0]
    return Person((float(x.min()), float(y.min()), float(x.max()), float(y.max())))


def read_clothing(folder: Path) -> Iterator[Photograph]:
    """Yield the photographs of Clothing Co-Parsing whose every pixel is labelled."""
    for path in sorted(folder.glob('annotations/pixel-level/*.mat')):
        labels = scipy.io.loadmat(path)['groundtruth']
        mask = np.where((labels > 0) & ~np.isin(labels, _CLOTHING_BAGS), 255, 0).astype(np.uint8)
        image = cv2.imread(str(folder / 'photos' / f'{path.stem}.jpg'), cv2.IMREAD_COLOR)
        yield _with_mask(f'ccp_{path.stem}', image, mask)


def read_portraits(folder: Path) -> Iterator[Photograph]:
    """Yield the photographs of Human-Segmentation-Dataset whose mask has their aspect ratio."""
    for path in sorted((folder / 'Training_Images').iterdir()):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        masks = list((folder / 'Ground_Truth').glob(f'{path.stem}.*'))
        if image is None or not masks:
            continue
        mask = cv2.imread(str(masks[0]), cv2.IMREAD_GRAYSCALE)
        aspect = mask.shape[0] / mask.shape[1] * image.shape[1] / image.shape[0]
        if abs(np.log(aspect)) < 0.02:
            yield _with_mask(f'hsd_{path.stem}', image, np.where(mask > 127, 255, 0).astype(np.uint8))


def _with_mask(name: str, image: Picture, mask: NDArray[np.uint8]) -> Photograph:
    if mask.shape != image.shape[:2]:
        mask = cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    left, top, width, height = cv2.boundingRect(mask)
    people = (Person((left, top, left + width, top + height)),) if width else ()
    return Photograph(name, 'mask', image, people, mask)


def read_athletes(folder: Path) -> Iterator[Photograph]:
    """Yield the photographs of Leeds Sports Pose Extended, with joints and the turn that puts people upright."""
    joints = scipy.io.loadmat(folder / 'joints.mat')['joints'].transpose(2, 0, 1)
    for path in sorted(folder.glob('images/*.jpg')):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        person = athlete(joints[int(path.stem[2:]) - 1].astype(float), image.shape[0], image.shape[1])
        yield Photograph(f'lspet_{path.stem}', 'boxes', image, (person,))


def athlete(joints: NDArray[np.float64], height: int, width: int) -> Person:
    """Return the person of a photograph with the 14 joints (14, 3) x, y, visible; the face is not labelled."""
    keypoints = np.zeros((17, 3))
    keypoints[:_FACE, 2] = -1
    keypoints[list(_LSP_KEYPOINTS)] = joints[:12] * joints[:12, 2:]
    seen = joints[joints[:, 2] > 0, :2]
    low, high = (seen.min(0), seen.max(0)) if len(seen) else (np.zeros(2), np.array([width, height]))
    extra = _JOINT_MARGIN * (high - low).max()
    (left, top), (right, bottom) = (low - extra).clip(0), np.minimum(high + extra, (width, height))
    labelled = tuple(map(tuple, keypoints.tolist()))
    return Person((float(left), float(top), float(right), float(bottom)), _upright_turn(joints), labelled)


def _upright_turn(joints: NDArray[np.float64]) -> float:
    """Return the clockwise turn, degrees, that puts the shoulders above the hips; 0 where they are not labelled."""
    shoulders, hips = joints[list(_SHOULDERS)], joints[list(_HIPS)]
    if not (shoulders[:, 2].any() and hips[:, 2].any()):
        return 0.0
    middles = [points[points[:, 2] > 0, :2].mean(0) for points in (shoulders, hips)]
    right, up = middles[0] - middles[1]
    return float(np.degrees(np.arctan2(-right, -up)))


def read_coco(folder: Path) -> Iterator[Photograph]:
    """Yield photographs with COCO's annotations: masks and keypoints of people, and photographs without people."""
    for subset in ('train2017', 'val2017'):
        instances = json.loads((folder / f'annotations/instances_{subset}.json').read_text())
        keypoints = json.loads((folder / f'annotations/person_keypoints_{subset}.json').read_text())
        by_id = {one['id']: one['keypoints'] for one in keypoints['annotations']}
        for entry in instances['images']:
            image = cv2.imread(str(folder / subset / entry['file_name']), cv2.IMREAD_COLOR)
            mine = [one for one in instances['annotations'] if one['image_id'] == entry['id']]
            persons = [one for one in mine if one['category_id'] == 1]
            if image is None or any(one['iscrowd'] for one in persons):
                continue
            mask = np.zeros(image.shape[:2], np.uint8)
            for one in persons:
                cv2.fillPoly(mask, [np.reshape(ring, (-1, 2)).round().astype(int) for ring in one['segmentation']], 255)
            people = tuple(_coco_person(one['bbox'], by_id.get(one['id'], [])) for one in persons)
            yield Photograph(f'coco_{Path(entry["file_name"]).stem}', 'everyone', image, people, mask)


def _coco_person(box: list[float], keypoints: list[float]) -> Person:
    x, y, width, height = box
    labelled = np.reshape(keypoints, (-1, 3)).tolist() if any(keypoints[2::3]) else []
    return Person((x, y, x + width, y + height), 0.0, tuple(map(tuple, labelled)))


def read_scenes(folder: Path) -> Iterator[Photograph]:
    """Yield photographs that nothing is known about."""
    for path in sorted(folder.glob('*.jpg')):
        yield Photograph(path.stem, 'scene', cv2.imread(str(path), cv2.IMREAD_COLOR))


COLLECTIONS: dict[str, Callable[[Path], Iterator[Photograph]]] = {
    'human-dataset': read_human_dataset,
    'ccp': read_clothing,
    'hsd': read_portraits,
    'lsp': read_athletes,
    'coco-mini': read_coco,
    'scenes': read_scenes,
}
"""The reader of each collection."""


def difference_hash(image: Picture) -> NDArray[np.bool_]:
    """Return 64 bits that hardly change with size, compression and colours of a picture."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return np.ravel(small[:, 1:] > small[:, :-1])


class HeldOut:
    """Photographs that nothing may be learned from, and those that resemble them or their mirror image."""

    def __init__(self, folders: list[Path]) -> None:
        hashes = []
        self._numbers: set[str] = set()
        for path in (path for folder in folders for path in sorted(folder.iterdir())):
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is not None:
                hashes += [difference_hash(image), difference_hash(image[:, ::-1])]
                self._numbers.update(re.findall(r'\d{12}|[0-9a-f]{16}|ccp_\d{4}', path.stem))
        self._hashes = np.array(hashes, bool).reshape(-1, 64)

    def resembles(self, photograph: Photograph) -> bool:
        """Return whether the photograph has the number of a held-out one, or looks like it."""
        if self._numbers & set(re.findall(r'\d{12}|[0-9a-f]{16}|ccp_\d{4}', photograph.name)):
            return True
        distances = (self._hashes != difference_hash(photograph.image)).sum(1)
        return bool((distances <= _SIMILAR_BITS).any())


def pack(photograph: Photograph, quality: int) -> Record:
    """Fit a photograph to the canvas and encode it."""
    height, width = photograph.image.shape[:2]
    shrink = min((CANVAS - 1) / max(height, width), _LARGEST_ENLARGEMENT)
    size = legal_size(width * shrink), legal_size(height * shrink)
    image = cv2.resize(photograph.image, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR)
    mask = b''
    if photograph.mask is not None:
        mask = encode(cv2.resize(photograph.mask, size, interpolation=cv2.INTER_AREA), '.png')
    scale = (size[0] / width, size[1] / height)
    people = tuple(_scale_person(person, scale) for person in photograph.people)
    data = encode(image, '.jpg', quality)
    return Record(photograph.name, photograph.kind, photograph.squeezed, people, data, mask)


def _scale_person(person: Person, scale: tuple[float, float]) -> Person:
    left, top, right, bottom = (round(value * scale[axis % 2], 1) for axis, value in enumerate(person.box))
    keypoints = tuple((round(x * scale[0], 1), round(y * scale[1], 1), label) for x, y, label in person.keypoints)
    return Person((left, top, right, bottom), round(person.turn, 1), keypoints)


def collect(folders: list[tuple[str, Path]], held_out: HeldOut, only: set[str], quality: int) -> list[Record]:
    """Return the records of all collections, without held-out photographs.

    Args:
        folders: name and folder of each collection.
        held_out: what must not be learned from.
        only: names of photographs; of a collection that has a name among them, no other photograph is taken.
        quality: of JPEG, 0..100.
    """
    records = []
    limited = set(map(_prefix, only))
    for name, folder in folders:
        taken = dropped = 0
        for photograph in tqdm(COLLECTIONS[name](folder), name):
            if _prefix(photograph.name) in limited and photograph.name not in only:
                continue
            if held_out.resembles(photograph):
                dropped += 1
                continue
            records.append(pack(photograph, quality))
            taken += 1
        print(f'{name}: {taken} photographs, {dropped} dropped because they resemble a held-out one')
    return records


def _prefix(name: str) -> str:
    return name.split('_')[0]


def main() -> None:
    """Write the bundles."""
    parser = argparse.ArgumentParser(prog='python -m training.datasets', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('bundles', type=Path, help='folder for bundle_0.npz, bundle_1.npz and so on')
    parser.add_argument('--collection', action='append', default=[], metavar='NAME=FOLDER', help=', '.join(COLLECTIONS))
    parser.add_argument('--held-out', nargs='*', type=Path, default=[], help='folders of photographs to stay clear of')
    parser.add_argument('--only', type=Path, help='text file of names: limits the collections that they are from')
    parser.add_argument('--quality', type=int, default=72, help='of JPEG')
    parser.add_argument('--count', type=int, default=4, help='number of bundles')
    options = parser.parse_args()
    folders = [(name, Path(folder)) for name, folder in (text.split('=', 1) for text in options.collection)]
    only = set(options.only.read_text().split()) if options.only else set()
    records = collect(folders, HeldOut(options.held_out), only, options.quality)
    order = np.random.default_rng(0).permutation(len(records))
    options.bundles.mkdir(parents=True, exist_ok=True)
    for number, indices in enumerate(np.array_split(order, options.count)):
        path = options.bundles / f'bundle_{number}.npz'
        write_bundle(path, [records[index] for index in indices])
        print(f'{path}: {len(indices)} photographs, {path.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
