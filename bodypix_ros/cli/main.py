# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `bodypix` command: parses the command line and runs the verb."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from .. import __version__
from .failures import report_failure

# The module of each verb in this folder, and its purpose. The module defines `add_arguments(parser)` and
# `run(arguments) -> exit status`; it is imported only if its verb is used.
VERBS = {
    'demo': 'run the node on a picture, a video or a camera and show what it publishes',
    'segment': 'find people in picture files',
    'video': 'find people in a video, a camera or a folder of pictures',
    'bag': 'anonymise the images of bags, or add masks, parts and people',
    'audit': 'search an anonymised recording for faces that may still be visible',
    'models': 'list, download, import and build models',
    'check': 'verify and time the network on this machine, and report what is missing for a GPU',
    'compile': 'compile the kernels for this machine in advance, so that the first start is fast',
    'bench': 'measure the latency of each stage on this machine',
}

_DEBUG = '--debug'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 1 after a failure, which is printed as one line on stderr.

    Tracebacks are printed with --debug, or if BODYPIX_DEBUG is set.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _prepare_streams()
    logging.basicConfig(format='%(message)s', level=logging.INFO, handlers=[_AboveProgressBar()])
    debug = _DEBUG in words or bool(os.environ.get('BODYPIX_DEBUG'))
    logging.getLogger('bodypix_ros').setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        status = _run([word for word in words if word != _DEBUG])
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # the reader of our output has closed the pipe
        status = 1
    except Exception as error:
        report_failure(error)
        status = 1
    return status if _close_stdout() else 1


def _run(words: Sequence[str]) -> int:
    parsed = _parser(words).parse_args(words)
    return int(parsed.run(parsed))


class _AboveProgressBar(logging.StreamHandler):  # type: ignore[type-arg]  # not subscriptable in Python 3.10
    """Writes log messages to stderr, above the progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm  # not needed for `bodypix --help`

        with tqdm.external_write_mode():
            super().emit(record)


class _ShortUsage(argparse.HelpFormatter):
    """Shows only the required arguments in the usage; a list of all options would hide the error message below it."""

    def add_usage(self, usage: Any, actions: Iterable[argparse.Action], groups: Any, prefix: Any = None) -> None:
        shown = [action for action in actions if action.required or action.dest == 'help']
        super().add_usage(usage, shown, (), prefix)


class _Parser(argparse.ArgumentParser):
    """A parser whose verbs and actions have the short usage."""

    def __init__(self, **details: Any) -> None:
        super().__init__(formatter_class=_ShortUsage, **details)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser. Only the given verb has its options, because importing those of all verbs is slow."""
    parser = _Parser(prog='bodypix', description='Find people and their body parts in pictures.')
    parser.add_argument('--version', action='version', version=f'bodypix_ros {__version__}')
    parser.add_argument(_DEBUG, action='store_true', help='print the traceback of an error; allowed after any verb')
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    given = next((word for word in words if not word.startswith('-')), None)
    for verb, purpose in VERBS.items():
        of_verb = verbs.add_parser(verb, help=purpose, description=f'{purpose[0].upper()}{purpose[1:]}.')
        if verb == given:
            module = importlib.import_module(f'.{verb}', __package__)
            module.add_arguments(of_verb)
            of_verb.set_defaults(run=module.run)
    return parser


def _prepare_streams() -> None:
    """Replace closed streams, and escape text that the terminal cannot display, such as some file names."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, 'w', encoding='utf-8')  # noqa: SIM115  # for the rest of the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, 'w', encoding='utf-8')  # noqa: SIM115  # for the rest of the process
        print('bodypix: stdout is closed; nothing is printed there', file=sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')


def _close_stdout() -> bool:
    """Flush stdout and return whether this succeeded; if not, prevent a second attempt of the interpreter at exit."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f'bodypix: failed to write to stdout ({error.strerror})', file=sys.stderr)
        return False
    return True


if __name__ == '__main__':
    sys.exit(main())
