"""The `bodypix` command: finds the verb and runs it."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import BodyPixError

# One line a verb: the name of its module in this folder, and what it is good for. A verb's module has
# `add_arguments(parser)` and `run(arguments) -> exit status`; it is imported only when its verb is used.
VERBS = {
    'demo': 'run the node on a picture, a video or a camera and show what it publishes',
    'segment': 'find people in picture files',
    'models': 'list, fetch, import and build from weights',
    'bench': 'measure how long everything takes here, stage by stage and beside others',
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 1 where an error of ours was said on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(format='%(message)s', level=logging.INFO)
    parsed = _parser(words).parse_args(words)
    try:
        status = int(parsed.run(parsed))
        sys.stdout.flush()
        return status
    except BodyPixError as error:
        print(f'bodypix: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads our output has enough of it; keep the interpreter's last flush quiet too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; the verb that is asked for knows its options, the others are listed only."""
    parser = argparse.ArgumentParser(prog='bodypix', description='Find people and their body parts in pictures.')
    parser.add_argument('--version', action='version', version=f'bodypix_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    for verb, purpose in VERBS.items():
        of_verb = verbs.add_parser(verb, help=purpose, description=f'{purpose[0].upper()}{purpose[1:]}.')
        if words and words[0] == verb:
            module = importlib.import_module(f'.{verb}', __package__)
            module.add_arguments(of_verb)
            of_verb.set_defaults(run=module.run)
    return parser


if __name__ == '__main__':
    sys.exit(main())
