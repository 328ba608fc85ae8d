# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix bag`: anonymises the images of bags, or adds masks, parts and people. Does not require ROS."""

from __future__ import annotations

import argparse
import importlib
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..anonymizer import SEARCH_SETTINGS
from ..errors import BodyPixError
from ..recordings.bags.job import ANONYMIZED, PRODUCTS, BagJob
from ..recordings.bags.storage import SUFFIXES
from ..setting import Setting
from ..settings import AnonymizeSettings, NetworkSettings, NodeSettings, SegmentSettings
from .failures import continuable
from .options import add_number, add_options, check_effect, from_options, given_options, read_names
from .progress import ProgressBar

if TYPE_CHECKING:
    from ..recordings.bags.plan import BagPlan
    from ..recordings.bags.run import BagTarget

_WORKERS = Setting(
    'workers', int, 0, 'number of processes, which share the CPU cores; 0 means one per core', minimum=0, maximum=1024
)
_CHUNK_FRAMES = Setting(
    'chunk_frames', int, 500, 'maximum number of images of a topic that a process takes at a time', minimum=1
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the bags, what is written, and all settings that affect the results."""
    parser.add_argument(
        'bags', nargs='+', metavar='IN', help='bags: .bag, .mcap or .db3 files, or folders with metadata.yaml'
    )
    products = '; '.join(f'{name}: {purpose}' for name, purpose in PRODUCTS.items())
    parser.add_argument('output', metavar='OUT', help='the new bag; with several bags, the folder for the new bags')
    parser.add_argument(
        '--write',
        type=read_names(PRODUCTS),
        required=True,
        metavar='LIST',
        help=f'what to write, separated by commas. {products}',
    )
    parser.add_argument(
        '--topics',
        action='append',
        default=[],
        metavar='PATTERN',
        help="image topics to process, such as '/camera/*'; may be repeated (default: all)",
    )
    parser.add_argument(
        '--exclude',
        action='append',
        default=[],
        metavar='PATTERN',
        help='image topics to copy as they are; may be repeated',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace an existing output')
    parser.add_argument('--dry-run', action='store_true', help='read the bags and print what would be done')
    parser.add_argument(
        '--cluster',
        action='store_true',
        help='use a Ray cluster, started on this machine if RAY_ADDRESS is not set; IN and OUT may be addresses '
        'such as s3://bucket/drive.mcap, and OUT is the folder for the new bags',
    )
    add_number(parser, _WORKERS)
    add_number(parser, _CHUNK_FRAMES)
    add_options(parser, AnonymizeSettings)
    add_options(parser, NodeSettings, only=('mono16_bits',))
    add_options(parser, NetworkSettings, without=('threads',))
    add_options(parser, SegmentSettings, without=('flip_horizontal',))


def run(arguments: argparse.Namespace) -> int:
    """Process the bags and print a summary of each; return 1 if images could not be processed."""
    check_effect(arguments, {ANONYMIZED: AnonymizeSettings})
    _check_arguments(arguments)
    _check_packages('run', 'bag')
    if arguments.cluster:
        _check_packages('cluster', 'cluster')
    job = _job(arguments)
    if arguments.cluster:
        reports = _run_on_cluster(job, arguments)
    else:
        targets = _targets([Path(bag) for bag in arguments.bags], Path(arguments.output))
        if arguments.dry_run:
            return _print_plans(targets, job)
        reports = _run_here(targets, job, arguments)
    for report in reports:
        print(_summary(report))
    return int(any(report['failed'] for report in reports))


def _check_packages(module: str, extra: str) -> None:
    """Raise BodyPixError if the packages of an extra are missing."""
    try:
        importlib.import_module(f'..recordings.bags.{module}', __package__)
    except ImportError as error:
        raise BodyPixError(
            f'bags need more packages ({error}); in the folder of this repository, run: pip install ".[{extra}]"'
        ) from error


def _run_here(targets: Sequence[BagTarget], job: BagJob, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from ..recordings.bags.run import run_bags
    from ..recordings.pool import available_cores

    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # each bag has a lock file
    cores = available_cores()
    with continuable(), ProgressBar('image') as progress:
        return run_bags(targets, job, arguments.workers or cores, cores, arguments.overwrite, progress)


def _run_on_cluster(job: BagJob, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from ..recordings.bags.cluster import run_on_cluster

    with continuable(), ProgressBar('image') as progress:
        return run_on_cluster(arguments.bags, arguments.output, job, arguments.workers, arguments.overwrite, progress)


def _job(arguments: argparse.Namespace) -> BagJob:
    anonymize = ANONYMIZED in arguments.write
    base = SEARCH_SETTINGS if anonymize else SegmentSettings()
    return BagJob(
        network=from_options(arguments, NetworkSettings),
        given=tuple(sorted(given_options(arguments, NetworkSettings))),
        segment=base.changed(given_options(arguments, SegmentSettings)),
        anonymize=from_options(arguments, AnonymizeSettings) if anonymize else None,
        write=tuple(name for name in arguments.write if name != ANONYMIZED),
        topics=tuple(arguments.topics) or ('*',),
        exclude=tuple(arguments.exclude),
        mono16_bits=from_options(arguments, NodeSettings).mono16_bits,
        chunk_frames=arguments.chunk_frames,
    )


def _targets(bags: Sequence[Path], output: Path) -> list[BagTarget]:
    from ..recordings.bags.run import BagTarget

    if len(bags) == 1:
        _check_suffix(bags[0], output)
        return [BagTarget(bags[0], output)]
    return [BagTarget(bag, output / bag.name) for bag in bags]


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Raise BodyPixError if a path is empty or requires a cluster, or if bags or options conflict."""
    paths = (*arguments.bags, arguments.output)
    if '' in paths:
        raise BodyPixError('IN and OUT must be paths, got an empty string')
    names = [PurePosixPath(bag).name for bag in arguments.bags]
    for name in names:
        if names.count(name) > 1:
            raise BodyPixError(f'several bags have the name {name}; process them with separate commands')
    for path in paths:
        if '://' in path and not arguments.cluster:
            raise BodyPixError(
                f'addresses such as {path} require --cluster; without it, IN and OUT must be local paths'
            )
    if arguments.cluster and arguments.dry_run:
        raise BodyPixError('--dry-run cannot be combined with --cluster; run it on a local copy of the bag')


def _check_suffix(bag: Path, output: Path) -> None:
    """Check that the name of the new bag fits its format, by which programs recognise it."""
    if bag.is_file() and output.suffix != bag.suffix:
        raise BodyPixError(f'{output} must end with {bag.suffix}: the new bag has the format of {bag}')
    if bag.is_dir() and output.suffix in SUFFIXES:
        raise BodyPixError(f'{output} must not end with {output.suffix}: the new bag is a folder like {bag}')


def _print_plans(targets: Sequence[BagTarget], job: BagJob) -> int:
    from ..recordings.bags.bag import open_bag
    from ..recordings.bags.plan import make_plan

    for target in targets:
        with tempfile.TemporaryDirectory(prefix='bodypix-bag') as work:
            plan = make_plan(open_bag(target.source, Path(work)), job)
        print('\n'.join([f'{target.source} -> {target.path}', *_plan_lines(plan, job)]))
    return 0


def _plan_lines(plan: BagPlan, job: BagJob) -> list[str]:
    what = [
        *([] if job.anonymize is None else [f'anonymise {job.anonymize.anonymize}']),
        *(f'add {one}' for one in job.write),
    ]
    lines = [
        f'  {topic.name}: {topic.frames} images (chunks: {len(topic.chunks)}): {", ".join(what)}'
        + (f'; {topic.unreadable} cannot be read' if topic.unreadable else '')
        for topic in plan.topics
    ]
    lines += [f'  {name}: copied as it is ({reason})' for name, reason in plan.skipped.items()]
    return lines + [f'  --exclude {pattern}: matches no image topic' for pattern in plan.unused]


def _summary(report: dict[str, Any]) -> str:
    failed = f', {report["failed"]} failed' if report['failed'] else ''
    copied = report['copied_image_topics'] if report['anonymize'] else {}
    unused = report['unused_exclude_patterns']
    warnings = [
        *([f'not anonymised, people may be recognisable: {", ".join(copied)}'] if copied else []),
        *([f'no image topic matches --exclude {", ".join(unused)}'] if unused else []),
    ]
    people = f', {report["frames_with_people"]} with people' if 'people' in report else ''
    doubtful = f', {report["doubtful"]} doubtful' if report['anonymize'] else ''
    return '\n'.join(
        [
            f'{report["input"]}: {report["frames"]} images{people}{doubtful}{failed}; see the report and the contact '
            'sheet next to the new bag',
            *warnings,
        ]
    )
