# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks`: compares this package with other programs for person segmentation."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bodypix_ros.bench.machine import describe_machine
from bodypix_ros.bench.tables import require_matplotlib
from bodypix_ros.cli.bench import add_case_arguments, check_output, read_cases, read_input, read_seconds, write_text
from bodypix_ros.cli.progress import ProgressBar
from bodypix_ros.errors import BodyPixError

from .compare import compare, comparisons_json, comparisons_text, draw_comparisons
from .processes import PEERS, Installations


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        return run(parse(words))
    except BodyPixError as error:
        print(f'benchmarks: {error}', file=sys.stderr)
        return 1


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks', description=__doc__)
    names = [peer.name for peer in PEERS]
    parser.add_argument(
        '--peers', nargs='+', choices=names, metavar='NAME', help=f'some of {", ".join(names)} (default: all)'
    )
    parser.add_argument('--node-modules', type=Path, metavar='DIR', help='folder of Node.js packages, for tfjs')
    parser.add_argument(
        '--peer-python',
        action='append',
        default=[],
        metavar='FILE',
        help='Python interpreter of an environment in which other programs are installed; may be repeated',
    )
    parser.add_argument('--plot', type=Path, metavar='FILE', help='write a bar chart; requires matplotlib')
    add_case_arguments(parser)
    return parser.parse_args(words)


def run(arguments: argparse.Namespace) -> int:
    """Run all cases and print the results."""
    cases, seconds, picture = read_cases(arguments), read_seconds(arguments), read_input(arguments)
    installed = Installations(tuple(map(find_program, arguments.peer_python)), arguments.node_modules)
    for path in (arguments.json, arguments.plot):
        check_output(path)
    if arguments.plot is not None:
        require_matplotlib()
    peers = [peer for peer in PEERS if not arguments.peers or peer.name in arguments.peers]
    machine, comparisons = describe_machine(), []
    with ProgressBar() as progress:
        for case in cases:
            progress(case.title, 0, 1)
            comparisons.append(compare(case, peers, picture, seconds, installed))
            progress(case.title, 1, 1)
    print(comparisons_text(machine, comparisons))
    if arguments.json is not None:
        write_text(arguments.json, comparisons_json(machine, comparisons))
    if arguments.plot is not None:
        draw_comparisons(comparisons, arguments.plot)
    return 0


def find_program(name: str) -> str:
    """Return the path of a program.

    Raises:
        BodyPixError: it is not on PATH.
    """
    path = shutil.which(name)
    if path is None:
        raise BodyPixError(f'--peer-python must be a Python interpreter, got {name!r}')
    return path


if __name__ == '__main__':
    sys.exit(main())
