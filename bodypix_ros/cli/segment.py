"""`bodypix segment`: picture files in; masks, labels and overlays out. Needs no ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..segmenter import BodyPix
from ..settings import NetworkSettings, PictureSettings, SegmentSettings
from .options import add_options, from_options
from .pictures import draw_pictures, read_picture, write_pictures
from .progress import ProgressBar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pictures and every setting."""
    parser.add_argument('pictures', nargs='+', type=Path, metavar='PICTURE', help='JPEG, PNG or the like')
    parser.add_argument('--output', type=Path, required=True, metavar='DIR', help='folder for the PNG files')
    for group in (NetworkSettings, SegmentSettings, PictureSettings):
        add_options(parser, group)


def run(arguments: argparse.Namespace) -> int:
    """Segment every picture and say what was found."""
    frame_settings = from_options(arguments, SegmentSettings)
    picture_settings = from_options(arguments, PictureSettings)
    with ProgressBar() as progress:
        net = BodyPix.load(from_options(arguments, NetworkSettings, allow_download=True), progress=progress)
    for path in arguments.pictures:
        image = read_picture(path)
        result = net.segment(image, frame_settings)
        pictures = draw_pictures(image, result, picture_settings, net.settings.part_ids)
        written = write_pictures(arguments.output, pictures, prefix=f'{path.stem}_')
        print(f'{path}: {result.mask.mean():.1%} person; {", ".join(map(str, written))}')
    return 0
