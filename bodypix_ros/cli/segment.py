# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix segment`: writes the masks, labels, overlays and people of picture files. Does not require ROS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..pictures import read_picture
from ..recordings.frames import distinct_names
from ..render import overlay_needs_confidence
from ..segmenter import Segmenter, load
from ..settings import NetworkSettings, PictureSettings, SegmentSettings
from .failures import report_failure
from .options import OF_MESSAGES, add_options, from_options, given_options, read_folder
from .pictures import create_folder, describe_people, draw_pictures, write_files, write_pictures
from .progress import ProgressBar

_OF_THE_MASK = ('threshold', 'flip_horizontal', 'refine')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pictures and all settings that affect the results."""
    parser.add_argument(
        'pictures', nargs='+', type=Path, metavar='PICTURE', help='JPEG, PNG, TIFF or another format that Pillow reads'
    )
    parser.add_argument('--output', type=read_folder, required=True, metavar='DIR', help='folder for the results')
    parser.add_argument(
        '--people',
        action='store_true',
        help='also separate people: write instances as PNG, and keypoints, boxes and parts as JSON; '
        'implied by any option for people',
    )
    add_options(parser, NetworkSettings)
    add_options(parser, SegmentSettings)
    add_options(parser, PictureSettings, without=OF_MESSAGES)


def run(arguments: argparse.Namespace) -> int:
    """Segment every picture, print what was found, and return 1 if a picture failed."""
    create_folder(arguments.output)
    with ProgressBar() as progress:
        given: dict[str, Any] = given_options(arguments, NetworkSettings)
        net = load(progress=progress, **given)
    paths: Sequence[Path] = arguments.pictures
    failed = 0
    for path, name in zip(paths, distinct_names(paths), strict=True):
        try:
            line = _segment(net, path, name, arguments)
        except ModelError:  # all other pictures would also fail
            raise
        except Exception as error:
            report_failure(error, str(path))
            failed += 1
        else:
            print(line)
    if failed and len(paths) > 1:
        print(f'bodypix: {failed} of {len(paths)} pictures failed', file=sys.stderr)
    return 1 if failed else 0


def _segment(net: Segmenter, path: Path, name: str, arguments: argparse.Namespace) -> str:
    """Write the results of one picture and return a summary line."""
    given = given_options(arguments, SegmentSettings)
    people = arguments.people or bool(given.keys() - set(_OF_THE_MASK))
    image = read_picture(path)
    drawing = from_options(arguments, PictureSettings)
    confidence = overlay_needs_confidence(drawing.overlay_effect)
    result = net.segment(image, from_options(arguments, SegmentSettings), people=people, confidence=confidence)
    pictures = draw_pictures(image, result, drawing, net.settings.part_ids)
    written = write_pictures(arguments.output, pictures, f'{name}_', arguments.pictures)
    found = f'{result.mask.mean():.1%} person'
    if result.people is not None:
        persons = result.people.persons
        written += write_files(arguments.output, {f'{name}_people.json': describe_people(persons)}, arguments.pictures)
        found = f'{found}, {len(persons)} {"person" if len(persons) == 1 else "people"}'
    return f'{path}: {found}; {", ".join(map(str, written))}'
