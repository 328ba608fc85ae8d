"""`bodypix bench`: how long everything takes here, stage by stage and beside others."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from ..bench.case import Case, all_cases, parse_size
from ..bench.machine import describe_machine
from ..bench.node import measure_node
from ..bench.peer import PEERS, Tools
from ..bench.picture import astronaut
from ..bench.plot import draw_plot, require_matplotlib
from ..bench.report import Report
from ..bench.run import compare, measure_case
from ..bench.table import report_text
from ..bench.workshop import Workshop
from ..errors import BodyPixError, SettingError
from ..pictures import read_picture
from ..settings import NetworkSettings
from .options import add_options, from_options, setting_reader
from .progress import ProgressBar

SIZES = ('640x480', '1280x720', '1920x1080')
_QUICK_S = 0.5
_CHOICES = {
    'multipliers': 'multiplier',
    'strides': 'stride',
    'resolutions': 'internal_resolution',
    'providers': 'provider',
    'precisions': 'precision',
    'kernels': 'kernels',
    'threads': 'threads',
}
"""Options that take several values, and the setting that each of them is of."""

_FIXED = ('version', 'architecture', 'quant_bytes', 'dilation', 'checkpoint', 'model_dir', 'model_url', 'device_id')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is measured, for how long, and where it goes."""
    add = parser.add_argument
    sizes = ' '.join(SIZES)
    add('--sizes', nargs='+', type=_size, metavar='WxH', help=f'of the pictures, pixels (default: {sizes})')
    add('--batches', nargs='+', type=int, default=[1], metavar='N', help='pictures at a time (default: 1)')
    _add_choices(parser)
    add_options(parser, NetworkSettings, only=_FIXED)
    add('--picture', type=Path, metavar='FILE', help='what is seen (default: an astronaut)')
    add('--seconds', type=float, default=5.0, metavar='X', help='for each case (default: %(default)g)')
    add('--quick', action='store_true', help='a trial of a few seconds: one size, half a second')
    add('--json', type=Path, metavar='FILE', help='write all figures there')
    add('--plot', type=Path, metavar='FILE', help='draw them there, as .png, .svg or .pdf; needs matplotlib')
    _add_peers(parser)
    add('--node', action='store_true', help='watch the node instead, fed by a camera in a process of its own')
    add('--rate-hz', type=float, default=30.0, metavar='X', help="that camera's rate (default: %(default)g)")


def _add_choices(parser: argparse.ArgumentParser) -> None:
    settings = {setting.name: setting for setting in NetworkSettings.describe()}
    for option, name in _CHOICES.items():
        setting = settings[name]
        parser.add_argument(
            f'--{option}',
            dest=_destination(name),
            nargs='+',
            type=setting_reader(setting),
            default=[setting.default],
            metavar='X',
            help=f'values of {name}, {setting.range_text} (default: {setting.default})',
        )


def _add_peers(parser: argparse.ArgumentParser) -> None:
    names = [peer.name for peer in PEERS]
    parser.add_argument(
        '--against',
        nargs='*',
        choices=names,
        metavar='NAME',
        help=f'compare with others instead: all that are installed, or some of {", ".join(names)}',
    )
    parser.add_argument('--node-modules', type=Path, metavar='DIR', help='folder of packages of Node.js, for tfjs')
    parser.add_argument(
        '--peer-python',
        action='append',
        default=[],
        metavar='FILE',
        help='a Python that others are installed in; may be given several times',
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure, and say what was found."""
    cases = _cases(arguments)
    seconds = _QUICK_S if arguments.quick else arguments.seconds
    picture = astronaut() if arguments.picture is None else read_picture(arguments.picture)
    _check_files(arguments)
    report = Report(describe_machine())
    tools = Tools(tuple(map(_program, arguments.peer_python)), arguments.node_modules)
    with Workshop(picture, tools) as workshop, ProgressBar() as progress:
        for case in cases:
            progress(case.title, 0, 1)
            if arguments.node:
                report.nodes.append(measure_node(case, picture, arguments.rate_hz, seconds))
            elif arguments.against is None:
                report.cases.append(measure_case(case, picture, seconds, workshop))
            else:
                peers = [peer for peer in PEERS if not arguments.against or peer.name in arguments.against]
                report.comparisons.append(compare(case, peers, seconds, workshop))
            progress(case.title, 1, 1)
    print(report_text(report))
    if arguments.json is not None:
        _write(arguments.json, report.to_json())
    if arguments.plot is not None:
        draw_plot(report, arguments.plot)
    return 0


def _cases(arguments: argparse.Namespace) -> list[Case]:
    base = from_options(arguments, NetworkSettings, allow_download=True)
    choices = {name: getattr(arguments, _destination(name)) for name in _CHOICES.values()}
    sizes = arguments.sizes or [parse_size(size) for size in (SIZES[:1] if arguments.quick else SIZES)]
    if min(arguments.batches) < 1:
        raise SettingError(f'batches must be at least 1, got {min(arguments.batches)}')
    return list(all_cases(sizes, arguments.batches, base, choices))


def _destination(name: str) -> str:
    """Return where the values of a setting are kept: not under its own name, which is for one value."""
    return f'each_{name}'


def _size(text: str) -> tuple[int, int]:
    try:
        return parse_size(text)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _program(name: str) -> str:
    """Return the path of a program that was named.

    Raises:
        BodyPixError: there is none.
    """
    path = shutil.which(name)
    if path is None:
        raise BodyPixError(f'--peer-python must name a Python interpreter, got {name!r}')
    return path


def _check_files(arguments: argparse.Namespace) -> None:
    """Find out before anything is measured what could not be written in the end."""
    for path in filter(None, (arguments.json, arguments.plot)):
        if not path.parent.is_dir():
            raise BodyPixError(f'{path} cannot be written: its folder is not there')
    if arguments.plot is not None:
        require_matplotlib()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise BodyPixError(f'{path} cannot be written ({error.strerror})') from error
