# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix bench`: measures how long each stage of a frame takes on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..bench.cases import Case, all_cases, astronaut
from ..bench.frame_bench import measure_case
from ..bench.machine import describe_machine
from ..bench.node_bench import measure_node
from ..bench.report import Report
from ..bench.tables import draw_plot, report_text, require_matplotlib
from ..errors import BodyPixError, SettingError
from ..models.network import resolve_model
from ..pictures import read_picture
from ..setting import Setting
from ..settings import NetworkSettings
from .models_build import read_size
from .options import add_number, add_options, from_options, given_options, setting_reader
from .progress import ProgressBar

SIZES = ('640x480', '1280x720', '1920x1080')
_QUICK_S = 0.5
_BATCHES = Setting('batches', int, 1, 'images per call', minimum=1)
_SECONDS = Setting('seconds', float, 5.0, 'duration of each case', minimum=0.1, maximum=3600.0)
_RATE_HZ = Setting('rate_hz', float, 30.0, 'frame rate of the camera of --node', minimum=0.1, maximum=1000.0)
_CHOICES = {
    'models': 'model',
    'multipliers': 'multiplier',
    'strides': 'stride',
    'resolutions': 'internal_resolution',
    'providers': 'provider',
    'precisions': 'precision',
    'kernels': 'kernels',
    'threads': 'threads',
}
"""Options that accept several values, and the setting of each."""

_SINGLE = ('version', 'architecture', 'quant_bytes', 'dilation', 'checkpoint', 'model_dir', 'model_url', 'device_id')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_case_arguments(parser)
    add = parser.add_argument
    add('--plot', type=Path, metavar='FILE', help='write a bar chart: .png, .svg or .pdf; requires matplotlib')
    add('--node', action='store_true', help='measure the node instead, with a camera in a separate process')
    add_number(parser, _RATE_HZ)


def add_case_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that select the cases, their duration and the JSON file; see `read_cases`."""
    add = parser.add_argument
    sizes = ' '.join(SIZES)
    add('--sizes', nargs='+', type=read_size, metavar='WxH', help=f'image sizes, pixels (default: {sizes})')
    add_number(parser, _BATCHES, nargs='+', default=[1])
    _add_choices(parser)
    add_options(parser, NetworkSettings, only=_SINGLE)
    add('--picture', type=Path, metavar='FILE', help='input picture (default: the astronaut of scikit-image)')
    add_number(parser, _SECONDS)
    add('--quick', action='store_true', help='measure one size for half a second')
    add('--json', type=Path, metavar='FILE', help='write all results to this file')


def run(arguments: argparse.Namespace) -> int:
    """Measure all cases and print the results."""
    cases, seconds, picture = read_cases(arguments), read_seconds(arguments), read_input(arguments)
    check_output(arguments.json)
    if arguments.plot is not None:
        if arguments.node:
            raise SettingError('--plot is not available with --node; use --json')
        check_output(arguments.plot)
        require_matplotlib()
    report = Report(describe_machine())
    with ProgressBar() as progress:
        for case in cases:
            progress(case.title, 0, 1)
            if arguments.node:
                report.nodes.append(measure_node(case, picture, arguments.rate_hz, seconds))
            else:
                report.cases.append(measure_case(case, picture, seconds))
            progress(case.title, 1, 1)
    print(report_text(report))
    if arguments.json is not None:
        write_text(arguments.json, report.to_json())
    if arguments.plot is not None:
        draw_plot(report.cases, arguments.plot)
    return 0


def read_cases(arguments: argparse.Namespace) -> list[Case]:
    """Return the cases that the arguments select.

    Raises:
        SettingError: a value is out of range.
    """
    choices = {name: getattr(arguments, _destination(name)) for name in _CHOICES.values()}
    given = {name: values for name, values in choices.items() if values is not None}
    base = from_options(arguments, NetworkSettings, allow_download=True)
    model, _ = resolve_model(base, {*given, *given_options(arguments, NetworkSettings)})
    base = dataclasses.replace(base, model=model)  # the title of a case names its network
    sizes = arguments.sizes or [read_size(size) for size in (SIZES[:1] if arguments.quick else SIZES)]
    return list(all_cases(sizes, arguments.batches, base, given))


def read_seconds(arguments: argparse.Namespace) -> float:
    """Return the duration of each case."""
    return _QUICK_S if arguments.quick else float(arguments.seconds)


def read_input(arguments: argparse.Namespace) -> NDArray[np.uint8]:
    """Return the input picture, (H, W, 3) uint8 BGR.

    Raises:
        BodyPixError: the file is not a picture, or the default picture is not installed.
    """
    return astronaut() if arguments.picture is None else read_picture(arguments.picture)


def check_output(path: Path | None) -> None:
    """Check before the measurement that a file can be written after it.

    Raises:
        BodyPixError: its folder does not exist or cannot be written.
    """
    if path is not None and not path.parent.is_dir():
        raise BodyPixError(f'failed to write {path}: the folder does not exist')
    if path is not None and not os.access(path.parent, os.W_OK):
        raise BodyPixError(f'failed to write {path}: this user cannot write to the folder')


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        BodyPixError: the file cannot be written.
    """
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        raise BodyPixError(f'failed to write {path}: {error.strerror}') from error


def _add_choices(parser: argparse.ArgumentParser) -> None:
    settings = {setting.name: setting for setting in NetworkSettings.describe()}
    for option, name in _CHOICES.items():
        setting = settings[name]
        parser.add_argument(
            f'--{option}',
            dest=_destination(name),
            nargs='+',
            type=setting_reader(setting),
            metavar='X',
            help=f'values of {name}, {setting.range_text} (default: {setting.default})',
        )


def _destination(name: str) -> str:
    """Return the attribute that holds the values of a setting; its own name is reserved for a single value."""
    return f'each_{name}'
