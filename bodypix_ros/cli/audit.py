# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix audit`: lists images of an anonymised recording in which a face may be visible. Does not require ROS."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError
from ..recordings.audit import Finder, RemainingFace, find_remaining_faces, open_finders
from ..recordings.bags.storage import SUFFIXES
from ..recordings.contact_sheet import Tile, draw_sheet
from ..recordings.frames import open_frames
from ..setting import Setting
from ..settings import BODYPIX_ONLY, NetworkSettings
from .options import add_options, from_options, given_options, read_folder, setting_reader
from .pictures import create_folder, write_files, write_pictures
from .progress import ProgressBar

_EVERY = Setting('every', int, 1, 'search only every N-th image', minimum=1)
_OF_NETWORK = (*BODYPIX_ONLY, 'model_dir', 'model_url', 'allow_download', 'provider', 'device_id', 'threads')
_MAX_TILES = 40
_TILE_PX = 320
_CAVEAT = (
    'On the marked faces of test/data/faces, before they are covered, this search finds {found}. A recording without '
    'findings can therefore still contain faces: look at it before you share it.'
)
RECALL = (
    '99 % of near faces (32 pixels and more), 98 % of far ones (16 to 31) and 98 % of smaller ones with all finders, '
    'and 98 %, 94 % and 95 % with bodypix_ros alone'
)
"""Measured with `tools/score_faces.py --audit`."""


@dataclass(frozen=True)
class _Suspicion:
    """An image in which faces may be visible; `picture` is a small copy with boxes around them."""

    name: str
    stamp_s: float
    faces: tuple[RemainingFace, ...]
    picture: NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recording, the output and the settings of the networks."""
    parser.add_argument('recording', type=Path, metavar='RECORDING', help='video, picture, folder of pictures, or bag')
    parser.add_argument(
        '--output',
        type=read_folder,
        metavar='DIR',
        help='folder for NAME.audit.json and NAME.audit.png (default: that of the recording); the picture shows faces',
    )
    parser.add_argument(
        '--every', type=setting_reader(_EVERY), default=_EVERY.default, metavar='N', help=_EVERY.description
    )
    add_options(parser, NetworkSettings, only=_OF_NETWORK)


def run(arguments: argparse.Namespace) -> int:
    """Search the recording, write the report, and return 1 if a face may be visible or an image cannot be read."""
    recording: Path = arguments.recording
    folder: Path = arguments.output or recording.resolve().parent
    create_folder(folder)
    given = given_options(arguments, NetworkSettings)
    finders, missing = open_finders(from_options(arguments, NetworkSettings), tuple(given))
    for text in missing:
        print(f'searching without {text}')
    found, count, unreadable = _search(recording, arguments.every, finders)
    report = {
        'recording': str(recording),
        'images': count,
        'unreadable': unreadable,
        'finders': [finder.name for finder in finders],
        'missing': missing,
        'recall': _CAVEAT.format(found=RECALL),
        'suspicious': [_described(one) for one in found],
    }
    paths = write_files(folder, {f'{recording.name}.audit.json': json.dumps(report, indent=1).encode()}, [recording])
    if found:
        paths += write_pictures(folder, {'audit': _sheet(found)}, f'{recording.name}.', [recording])
    print(f'{recording}: a face may be visible in {len(found)} of {count} images; {", ".join(map(str, paths))}')
    print(report['recall'])
    for name in unreadable:
        print(f'{name} cannot be read and was not searched')
    return 1 if found or unreadable else 0


def _search(recording: Path, every: int, finders: Sequence[Finder]) -> tuple[list[_Suspicion], int, list[str]]:
    """Return the images in which faces may be visible, the number of searched images, and the unreadable ones."""
    found: list[_Suspicion] = []
    unreadable: list[str] = []
    count = 0
    with ProgressBar('image') as progress:
        for name, stamp_s, image in islice(read_images(recording), 0, None, every):
            if image is None:
                unreadable.append(name)
                continue
            count += 1
            progress(f'searching {recording.name}', count, 0)
            faces = find_remaining_faces(image, finders)
            if faces:
                found.append(_Suspicion(name, stamp_s, tuple(faces), _thumbnail(image, faces)))
    return found, count, unreadable


def read_images(recording: Path) -> Iterator[tuple[str, float, NDArray[np.uint8] | None]]:
    """Yield the name, the time in seconds and the (H, W, 3) uint8 BGR pixels of each image of a recording.

    The pixels of an image of a bag that cannot be read are None. Broken frames of videos are left out.

    Raises:
        BodyPixError: the recording does not exist or cannot be read.
    """
    if recording.suffix in SUFFIXES or (recording / 'metadata.yaml').is_file():
        yield from _read_bag(recording)
        return
    with open_frames(recording) as frames:
        for frame in frames:
            yield frame.name, frame.stamp_s, frame.image


def _read_bag(path: Path) -> Iterator[tuple[str, float, NDArray[np.uint8] | None]]:
    from ..recordings.bags.bag import open_bag  # the package rosbags is optional
    from ..recordings.bags.images import BagImage
    from ..recordings.bags.messages import IMAGE_TYPES

    with tempfile.TemporaryDirectory(prefix='bodypix-') as work:
        bag = open_bag(path, Path(work))
        for topic, info in sorted(bag.topics().items()):
            if info.msgtype in IMAGE_TYPES:
                for message in bag.between(topic, 0, 2**63 - 1):
                    stamp_s = message.stamp_ns / 1e9
                    image = None
                    with suppress(BodyPixError):
                        image = BagImage(message).bgr
                    yield f'{topic} {stamp_s:.3f}', stamp_s, image


def _thumbnail(image: NDArray[np.uint8], faces: list[RemainingFace]) -> NDArray[np.uint8]:
    """Return a small copy of an image with boxes around faces."""
    drawing = image.copy()
    line_px = max(1, round(max(image.shape) / 400))
    for (x, y, width, height), _ in faces:
        cv2.rectangle(drawing, (x, y), (x + width - 1, y + height - 1), (0, 0, 255), line_px)
    scale = min(1.0, _TILE_PX / max(image.shape))
    return np.asarray(cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _described(one: _Suspicion) -> dict[str, Any]:
    faces = [{**face.box._asdict(), 'finder': face.finder} for face in one.faces]
    return {'name': one.name, 'stamp_s': round(one.stamp_s, 6), 'faces': faces}


def _sheet(found: list[_Suspicion]) -> NDArray[np.uint8]:
    """Return the contact sheet; of many images, evenly distributed ones."""
    shown = [found[index] for index in np.linspace(0, len(found) - 1, min(len(found), _MAX_TILES)).astype(int)]
    return draw_sheet([Tile(f'{one.name}\n{one.stamp_s:.2f} s', one.picture, marked=True) for one in shown])
