# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix audit`: lists images of an anonymised recording in which a face may be visible. Does not require ROS."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError
from ..recordings.audit import Finder, RemainingFace, find_remaining_faces, open_finders
from ..recordings.audit_sheet import AuditSheet
from ..recordings.bags.storage import SUFFIXES
from ..recordings.frames import open_frames
from ..setting import Setting
from ..settings import BODYPIX_ONLY, NetworkSettings
from .options import add_number, add_options, from_options, given_options, read_folder
from .pictures import create_folder, write_files, write_pictures
from .progress import ProgressBar

_EVERY = Setting('every', int, 1, 'search only every N-th image', minimum=1)
_OF_NETWORK = (*BODYPIX_ONLY, 'model_dir', 'model_url', 'allow_download', 'provider', 'device_id', 'threads')
_CAVEAT = (
    'On the marked faces of test/data/faces, before they are covered, this search finds {found}. A recording without '
    'findings can therefore still contain faces: look at it before you share it.'
)
RECALL = (
    '99 % of near faces (32 pixels and more), 98 % of far ones (16 to 31) and 98 % of smaller ones with all finders, '
    'and 98 %, 94 % and 95 % with bodypix_ros alone'
)
"""Measured with `tools/score_faces.py --audit`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recording, the output and the settings of the networks."""
    parser.add_argument('recording', type=Path, metavar='RECORDING', help='video, picture, folder of pictures, or bag')
    parser.add_argument(
        '--output',
        type=read_folder,
        metavar='DIR',
        help='folder for NAME.audit.json and NAME.audit.png (default: that of the recording); the picture shows faces',
    )
    add_number(parser, _EVERY)
    add_options(parser, NetworkSettings, only=_OF_NETWORK)


def run(arguments: argparse.Namespace) -> int:
    """Search the recording, write the report, and return 1 if a face may be visible or images were not searched."""
    recording: Path = arguments.recording
    folder: Path = arguments.output or recording.resolve().parent
    if not recording.exists():
        raise BodyPixError(f'{recording} does not exist; expected a video, a picture, a folder of pictures, or a bag')
    create_folder(folder)
    given = given_options(arguments, NetworkSettings)
    finders, missing = open_finders(from_options(arguments, NetworkSettings), tuple(given))
    for text in missing:
        print(f'searching without {text}')
    found = _search(recording, arguments.every, finders)
    report = {
        'recording': str(recording),
        'images': found.images,
        'not_searched': found.problems,
        'finders': [finder.name for finder in finders],
        'missing': missing,
        'recall': _CAVEAT.format(found=RECALL),
        'suspicious': found.suspicious,
    }
    paths = write_files(folder, {f'{recording.name}.audit.json': json.dumps(report, indent=1).encode()}, [recording])
    if found.suspicious:
        paths += write_pictures(folder, {'audit': found.sheet.draw()}, f'{recording.name}.', [recording])
    count = len(found.suspicious)
    print(f'{recording}: a face may be visible in {count} of {found.images} images; {", ".join(map(str, paths))}')
    print(report['recall'])
    for problem in found.problems:
        print(f'not searched: {problem}')
    return 1 if found.suspicious or found.problems else 0


@dataclass
class _Findings:
    """The result of a search.

    Attributes:
        images: number of images that were searched.
        suspicious: the images in which faces may be visible, as JSON values.
        sheet: contact sheet of these images.
        problems: what was not searched, and why.
    """

    images: int = 0
    suspicious: list[dict[str, Any]] = field(default_factory=list)
    sheet: AuditSheet = field(default_factory=AuditSheet)
    problems: list[str] = field(default_factory=list)


def _search(recording: Path, every: int, finders: Sequence[Finder]) -> _Findings:
    """Search the images of a recording.

    Raises:
        BodyPixError: no image can be searched.
    """
    found = _Findings()
    problems: Counter[str] = Counter()
    with ProgressBar('image') as progress:
        for name, stamp_s, image in islice(read_images(recording, problems), 0, None, every):
            found.images += 1
            progress(f'searching {recording.name}', found.images, 0)
            faces = find_remaining_faces(image, finders)
            if faces:
                found.suspicious.append(_described(name, stamp_s, faces))
                found.sheet.add(f'{name}, {stamp_s:.2f} s', image, faces)
    found.problems = [f'{problem} (images: {count})' for problem, count in problems.items()]
    if not found.images:
        reasons = '; '.join(found.problems) or 'it has no images'
        raise BodyPixError(f'{recording} cannot be searched: {reasons}')
    return found


def read_images(recording: Path, problems: Counter[str]) -> Iterator[tuple[str, float, NDArray[np.uint8]]]:
    """Yield the name, the time in seconds and the (H, W, 3) uint8 BGR pixels of each image of a recording.

    Args:
        recording: a bag, or what `open_frames` reads.
        problems: counts images that cannot be read, by reason.

    Raises:
        BodyPixError: the recording does not exist or cannot be read.
    """
    if recording.suffix in SUFFIXES or (recording / 'metadata.yaml').is_file():
        yield from _read_bag(recording, problems)
        return
    with open_frames(recording) as frames:
        for frame in frames:
            yield frame.name, frame.stamp_s, frame.image
        if frames.bad_frames:
            problems['frames cannot be decoded'] = frames.bad_frames


def _read_bag(path: Path, problems: Counter[str]) -> Iterator[tuple[str, float, NDArray[np.uint8]]]:
    from ..recordings.bags.bag import open_bag  # the package rosbags is optional
    from ..recordings.bags.images import BagImage
    from ..recordings.bags.messages import IMAGE_TYPES, contains_images

    with tempfile.TemporaryDirectory(prefix='bodypix-') as work:
        bag = open_bag(path, Path(work))
        for topic, info in sorted(bag.topics().items()):
            if not contains_images(info):
                continue
            for message in bag.between(topic, 0, 2**63 - 1):
                if info.msgtype not in IMAGE_TYPES:
                    problems[f'{topic}: the type {info.msgtype} is not supported'] += 1
                    continue
                stamp_s = message.stamp_ns / 1e9
                try:
                    image = BagImage(message).bgr
                except BodyPixError as error:
                    problems[f'{topic}: {error}'] += 1
                    continue
                yield f'{topic} {stamp_s:.3f}', stamp_s, image


def _described(name: str, stamp_s: float, faces: Sequence[RemainingFace]) -> dict[str, Any]:
    boxes = [{**face.box._asdict(), 'finder': face.finder} for face in faces]
    return {'name': name, 'stamp_s': round(stamp_s, 6), 'faces': boxes}
