# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix models build`: prepares networks in advance, so that the first frames do not wait for them."""

from __future__ import annotations

import argparse

from .. import setting_parsers
from ..models.progress import Progress
from ..segmenter import Segmenter, load
from ..setting import Setting
from ..settings import NetworkSettings
from .options import add_number, add_options, from_options, given_options
from .progress import ProgressBar

Size = tuple[int, int]
_CAMERAS = Setting('cameras', int, 1, 'maximum number of cameras of each size', minimum=1, maximum=64)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sizes, the batches and the settings of the network."""
    parser.add_argument(
        '--size',
        dest='sizes',
        action='append',
        type=read_size,
        metavar='WIDTHxHEIGHT',
        help='image size, such as 640x480; may be repeated (default: 640x480)',
    )
    add_number(parser, _CAMERAS)
    parser.add_argument('--people', action='store_true', help='also prepare the network that separates people')
    add_options(parser, NetworkSettings)
    parser.set_defaults(act=build_models)


def build_models(arguments: argparse.Namespace) -> None:
    """Build the network, and on a GPU the sessions for each size and number of cameras."""
    with ProgressBar() as progress:
        settings, given = from_options(arguments, NetworkSettings), given_options(arguments, NetworkSettings)
        net = load(settings, given=given.keys(), progress=progress)
        prepare_sizes(net, arguments.sizes or [(640, 480)], arguments.cameras, arguments.people, progress)
    print(f'{net.network.name}: ready on {net.provider} ({net.provider_reason})')


def prepare_sizes(net: Segmenter, sizes: list[Size], cameras: int, people: bool, progress: Progress) -> None:
    """Prepare every size for 1 to `cameras` images at once.

    Args:
        net: the network.
        sizes: widths and heights, pixels.
        cameras: maximum number of cameras that publish images of each size.
        people: also prepare the network that separates people.
        progress: called before and after each size.
    """
    # Batches are padded to a power of two, so other sizes need not be built.
    counts = sorted({min(1 << power, cameras) for power in range(cameras.bit_length() + 1)})
    requests = [
        (size, count, with_people)
        for size in sizes
        for count in counts
        for with_people in ([False, True] if people else [False])
    ]
    for (width, height), count, with_people in requests:
        task = f'preparing {net.provider} for {count} of {width}x{height}{" with people" if with_people else ""}'
        progress(task, 0, 1)
        net.prepare(height, width, count, people=with_people)
        progress(task, 1, 1)


def read_size(text: str) -> Size:
    """Return the width and height of a text such as '640x480'; see `setting_parsers.read_size`."""
    try:
        return setting_parsers.read_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
