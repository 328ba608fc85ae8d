# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports a failure in one line, with the traceback at debug level."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import BodyPixError, missing_package

_LOG = logging.getLogger(__name__)


@contextmanager
def continuable() -> Iterator[None]:
    """Say that the command can be continued if it is interrupted in the block."""
    try:
        yield
    except KeyboardInterrupt:
        print('bodypix: interrupted; run the same command again to continue', file=sys.stderr)
        raise


def report_failure(error: Exception, subject: str = '') -> None:
    """Print a failure on stderr as one line that begins with 'bodypix: '.

    Args:
        error: of this package; the type of any other error is printed as well, because it indicates a bug.
        subject: what was being processed, such as a file name; omitted if the error contains it.
    """
    text = missing_package(error) or str(error)
    if not isinstance(error, BodyPixError) and not missing_package(error):
        text = f'unexpected {type(error).__name__}: {text}; --debug shows the traceback'
    if subject and subject not in text:
        text = f'{subject}: {text}'
    print(f'bodypix: {" ".join(text.split())}', file=sys.stderr)
    _LOG.debug('Traceback of this error:', exc_info=error)
