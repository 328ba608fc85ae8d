# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix check`: verifies and times the network on this machine, and reports what is missing for a GPU."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np

from .. import __version__
from ..errors import ProviderError
from ..inference.diagnosis import diagnose
from ..inference.kernel_compiler import prepare_kernels
from ..inference.parity import FP16, FP32, compare, person_pictures
from ..models.network import BODYPIX
from ..segmentation import Segmentation, Timings
from ..segmenter import Segmenter, load
from ..setting import Setting
from ..settings import NetworkSettings
from .models_build import Size, read_size
from .options import add_number, add_options, from_options, given_options
from .progress import ProgressBar

_SIZES: tuple[Size, ...] = ((640, 480), (1280, 720))
_BATCH = Setting('batch', int, 1, 'images per call', minimum=1)
_SECONDS = 0.5
"""Duration of the timing of each size."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add sizes, batch and the settings of the network."""
    parser.add_argument(
        '--size',
        dest='sizes',
        action='append',
        type=read_size,
        metavar='WIDTHxHEIGHT',
        help='image size; may be repeated (default: 640x480 and 1280x720)',
    )
    add_number(parser, _BATCH)
    add_options(parser, NetworkSettings)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; return 1 if GPU results are wrong, or if a requested or complete GPU is not used."""
    findings = diagnose(getattr(arguments, 'device_id', 0))
    print(f'{"bodypix_ros":14}{__version__}, Python {platform.python_version()} on {platform.platform()}')
    for finding in findings:
        print(f'{finding.subject:14}{finding.text}')
    settings = from_options(arguments, NetworkSettings)
    prepare_kernels(settings.kernels)
    try:
        with _errors_only(), ProgressBar() as progress:
            net = load(settings, given=given_options(arguments, NetworkSettings), progress=progress)
            print(f'{"network":14}{net.network.name} ({net.model_reason})')
            print(f'{"provider":14}{net.provider}: {net.provider_reason}')
            wrong = [_check_size(net, size, arguments.batch) for size in arguments.sizes or _SIZES]
    except ProviderError as error:
        print(f'{"provider":14}none: {error}')
        return 1
    if net.provider != 'cpu' or settings.provider == 'cpu':
        return int(any(wrong))
    remedies = [finding.remedy for finding in findings if finding.remedy]
    if remedies:
        print('\nFor a GPU:\n' + '\n'.join(f'- {remedy}' for remedy in remedies))
    else:
        print(f'\nThe GPU is not used: {net.provider_reason}.')
    return int(not remedies or settings.provider in ('cuda', 'tensorrt'))


@contextmanager
def _errors_only() -> Iterator[None]:
    """Suppress our log below errors: the report contains the same information."""
    logger = logging.getLogger('bodypix_ros')
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_size(net: Segmenter, size: Size, batch: int) -> bool:
    """Print a line for one size; return whether the results are wrong."""
    width, height = size
    started = time.perf_counter()
    net.prepare(height, width, batch)
    prepared_s = time.perf_counter() - started
    images = list(islice(person_pictures(height, width), batch))
    found = net.segment_batch(images, confidence=True)
    wrong, verdict = _compare_with_cpu(net, images, found)
    stages, frame_ms = _time(net, images)
    print(
        f'{f"{width}x{height}":14}{verdict}; {frame_ms:.2f} ms ({1e3 * batch / frame_ms:.0f} frames/s): '
        f'preprocess {stages.preprocess_ms:.2f}, inference {stages.inference_ms:.2f}, '
        f'postprocess {stages.postprocess_ms:.2f} ms; prepared in {prepared_s:.1f} s'
    )
    return wrong


def _compare_with_cpu(net: Segmenter, images: list[np.ndarray], found: list[Segmentation]) -> tuple[bool, str]:
    """Return whether results are wrong, and how far they differ from those of the CPU."""
    if net.provider == 'cpu':
        return False, 'on the CPU'
    resolution = net.settings.internal_resolution
    if resolution == 'auto' and net.network.model == BODYPIX:
        resolution = 'full'  # the meaning of auto on a GPU
    settings = dataclasses.replace(net.settings, provider='cpu', internal_resolution=resolution, require_gpu=False)
    expected = load(settings).segment_batch(images, confidence=True)
    tolerance = FP32 if net.settings.precision == 'fp32' else FP16
    differences = [compare(one, other) for one, other in zip(found, expected, strict=True)]
    worst = max(differences, key=lambda difference: difference.largest)
    wrong = any(difference.exceeds(tolerance) for difference in differences)
    return wrong, (
        f'{"WRONG" if wrong else "correct"}: {1 - worst.mask:.3%} of the mask and {1 - worst.parts:.3%} of the parts '
        'match the CPU'
    )


def _time(net: Segmenter, images: list[np.ndarray]) -> tuple[Timings, float]:
    """Return the median times of each stage and of a whole call, milliseconds."""
    calls_ms: list[float] = []
    stages: list[tuple[float, float, float]] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or len(calls_ms) < 3:
        started = time.perf_counter()
        timings = net.segment_batch(images)[0].timings
        calls_ms.append((time.perf_counter() - started) * 1e3)
        stages.append((timings.preprocess_ms, timings.inference_ms, timings.postprocess_ms))
    return Timings(*(float(value) for value in np.median(np.array(stages), axis=0))), float(np.median(calls_ms))
