# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix compile`: compiles the kernels for this machine in advance, for example while a container is built."""

from __future__ import annotations

import argparse

from ..errors import ProviderError
from ..inference import kernel_compiler


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no options."""


def run(_: argparse.Namespace) -> int:
    """Compile the kernels unless the cache contains them, and print the folder.

    Raises:
        ProviderError: numba is not installed or does not work.
        OSError: the cache folder is not writable.
    """
    if not kernel_compiler.is_installed():
        raise ProviderError('numba is not installed, so there is nothing to compile; run `pip install numba`')
    kernel_compiler.prepare_kernels('numba')
    print(f'the compiled kernels are in {kernel_compiler.kernel_folder()}')
    return 0
