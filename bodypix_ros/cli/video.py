# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix video`: writes masks, overlays, anonymised videos, cutouts and people of a video. Does not require ROS."""

from __future__ import annotations

import argparse
import dataclasses
import math
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..anonymizer import SEARCH_SETTINGS
from ..inference.kernel_compiler import prepare_kernels
from ..recordings.frames import DEFAULT_RATE_HZ, MAX_RATE_HZ
from ..recordings.products import PRODUCTS, Doubt, ProductMaker, ProductSettings
from ..recordings.video import Summary, VideoJob, convert_video
from ..segmenter import load
from ..setting import Setting
from ..settings import AnonymizeSettings, NetworkSettings, PictureSettings, SegmentSettings, TrackingSettings
from .failures import continuable
from .options import (
    OF_MESSAGES,
    add_number,
    add_options,
    check_effect,
    from_options,
    given_options,
    read_folder,
    read_names,
)
from .progress import ProgressBar

_SECONDS = Setting('seconds', float, 0.0, 'duration to read, such as 10 for a camera', minimum=0.001)
_RATE_HZ = Setting(
    'rate_hz', float, DEFAULT_RATE_HZ, 'frame rate of a folder of pictures', minimum=0.001, maximum=MAX_RATE_HZ
)
_FOR_A_NODE = ('follow_hold_s',)
_MAX_SPANS = 10  # that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the input, the output and all settings that affect the results."""
    parser.add_argument(
        'input', metavar='IN',
        help='video file, folder of pictures, camera (/dev/video0 or 0), or address (rtsp://, http://, ...)',
    )  # fmt: skip
    parser.add_argument(
        'output', type=read_folder, metavar='OUT',
        help='file for one product (.mp4, .mov, .mkv or .webm; .jsonl for people), or folder',
    )  # fmt: skip
    products = '; '.join(f'{name}: {purpose}' for name, purpose in PRODUCTS.items())
    parser.add_argument(
        '--write', type=read_names(PRODUCTS), default=('overlay',), metavar='LIST',
        help=f'what to write, separated by commas (default: overlay). {products}',
    )  # fmt: skip
    parser.add_argument(
        '--png', action='store_true',
        help='write a PNG file for each frame instead of a video; implied if both IN and OUT are folders',
    )  # fmt: skip
    parser.add_argument(
        '--no-audio',
        dest='audio',
        action='store_false',
        help='do not copy the audio: people can be recognised by their voices',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace an existing output')
    add_number(parser, _SECONDS, default=None, help=_SECONDS.description)
    add_number(parser, _RATE_HZ)
    for group in (NetworkSettings, SegmentSettings, AnonymizeSettings):
        add_options(parser, group)
    add_options(parser, PictureSettings, without=OF_MESSAGES)
    add_options(parser, TrackingSettings, without=_FOR_A_NODE)


def run(arguments: argparse.Namespace) -> int:
    """Convert the video and print what was found.

    SIGINT and SIGTERM complete the output of a camera or live stream. For files, they end the process; the same command
    continues later.
    """
    job = VideoJob(
        source=arguments.input,
        output=arguments.output,
        products=arguments.write,
        png=arguments.png,
        audio=arguments.audio,
        overwrite=arguments.overwrite,
        seconds=arguments.seconds or math.inf,
        rate_hz=arguments.rate_hz,
    )
    job.check()
    check_effect(arguments, {'anonymized': AnonymizeSettings, 'overlay': PictureSettings})
    usual = SEARCH_SETTINGS if job.products == ('anonymized',) else SegmentSettings()
    settings = ProductSettings(
        usual.changed(given_options(arguments, SegmentSettings)),
        from_options(arguments, PictureSettings),
        from_options(arguments, TrackingSettings),
        from_options(arguments, AnonymizeSettings),
    )
    with ProgressBar() as progress:
        given: dict[str, Any] = given_options(arguments, NetworkSettings)
        prepare_kernels(from_options(arguments, NetworkSettings).kernels)
        net = load(progress=progress, **given)
    maker = ProductMaker(net, job.products, settings, net.settings.part_ids)
    described = {'network': dataclasses.asdict(net.settings), **dataclasses.asdict(settings)}
    with continuable(), ProgressBar('frame') as progress, _stop_requests(job) as stop:
        summary = convert_video(job, maker, described, progress=progress, stop=stop)
    _print(job, summary)
    return 0


@contextmanager
def _stop_requests(job: VideoJob) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether SIGINT or SIGTERM was received; the second signal ends the process.

    With a file as the input, signals end the process as usual: the next run continues.
    """
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        requested = True
        restore()

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    numbers = (signal.SIGINT, signal.SIGTERM) if job.path is None else ()
    previous = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, request)
    try:
        yield lambda: requested
    finally:
        restore()


def _print(job: VideoJob, summary: Summary) -> None:
    found = f'{summary.frames} {"frame" if summary.frames == 1 else "frames"}'
    if summary.bad_frames:
        found += f', {summary.bad_frames} skipped because they cannot be decoded'
    if summary.people:
        found += f', at most {summary.people} {"person" if summary.people == 1 else "people"} in one frame'
    print(f'{job.source_text}: {found}; {job.output}')
    if summary.doubts:
        share = len(summary.doubts) / summary.frames
        print(f'check the anonymised video: faces could be visible in {len(summary.doubts)} frames ({share:.0%})')
    spans = _join_doubts(summary.doubts)
    for first, last in spans[:_MAX_SPANS]:
        print(f'  {first.stamp_s:.2f} s to {last.stamp_s:.2f} s: {first.reason}')
    if len(spans) > _MAX_SPANS:
        print(f'  and {len(spans) - _MAX_SPANS} more times')


def _join_doubts(doubts: Sequence[Doubt]) -> list[tuple[Doubt, Doubt]]:
    """Return the first and the last of consecutive frames with the same reason."""
    spans: list[tuple[Doubt, Doubt]] = []
    for doubt in doubts:
        if spans and doubt.index == spans[-1][1].index + 1 and doubt.reason == spans[-1][0].reason:
            spans[-1] = spans[-1][0], doubt
        else:
            spans.append((doubt, doubt))
    return spans
