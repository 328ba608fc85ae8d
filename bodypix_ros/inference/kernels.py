# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Selects the implementation of all CPU steps except the network: compiled by numba, or numpy and OpenCV."""

from __future__ import annotations

import dataclasses
import functools
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np

from ..errors import ProviderError, first_line
from ..models.disk import discard
from ..refine import OPENCV, EdgeFilter
from . import kernel_compiler
from . import numpy_kernels as decode
from .geometry import Geometry, bodypix2_geometry, own_geometry
from .numpy_kernels import Confidence, Image, Labels, Mask, Numbers, Scores, preprocess

_LOG = logging.getLogger(__name__)


class Preprocess(Protocol):
    """See `numpy_kernels.preprocess`."""

    def __call__(self, image: Image, geometry: Geometry, architecture: str, out: Scores) -> None:
        """Pad, resize and normalise one image into its position in a batch."""


class DecodeMask(Protocol):
    """See `numpy_kernels.decode_mask`."""

    def __call__(self, segment_logits: Scores, geometry: Geometry, threshold: float) -> Mask:
        """Return for each pixel whether it belongs to a person."""


class DecodeConfidence(Protocol):
    """See `numpy_kernels.decode_confidence`."""

    def __call__(self, segment_logits: Scores, geometry: Geometry) -> Confidence:
        """Return for each pixel the probability that it belongs to a person."""


class DecodeParts(Protocol):
    """See `numpy_kernels.decode_parts`."""

    def __call__(self, part_logits: Scores, mask: Mask, geometry: Geometry, numbers: Numbers) -> Labels:
        """Assign the most likely body part to each person pixel."""


@dataclass
class Kernels:
    """One implementation of preprocessing, decoding and the filter that refines edges."""

    name: str
    preprocess: Preprocess
    decode_mask: DecodeMask
    decode_parts: DecodeParts
    decode_confidence: DecodeConfidence
    edge_filter: EdgeFilter

    def adopt(self, other: Kernels) -> None:
        """Use the functions of another implementation from the next call on; the results are the same."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(other, field.name))


NUMPY = Kernels('numpy', preprocess, decode.decode_mask, decode.decode_parts, decode.decode_confidence, OPENCV)


def choose_kernels(wanted: str) -> Kernels:
    """Return the requested kernels; for 'auto' those of numba if they compile and run.

    With 'auto', if the cache does not contain the kernels of numba yet, those of numpy run until a separate process has
    compiled them.

    Raises:
        ProviderError: numba was requested and does not work.
    """
    if wanted == 'numpy':
        return dataclasses.replace(NUMPY)
    if kernel_compiler.is_installed() and not kernel_compiler.is_compiled():
        if wanted == 'auto':
            return _compile_in_background()
        _LOG.info('compiling the kernels, once on this machine; this takes about 10 s')
    try:
        return load_compiled()
    except ProviderError as error:
        if wanted == 'numba':
            raise
        level = logging.INFO if isinstance(error.__cause__, ImportError) else logging.WARNING
        _LOG.log(level, 'numba does not work here (%s), so frames take longer', _describe(error.__cause__ or error))
        _LOG.debug('numba failed', exc_info=True)
        return dataclasses.replace(NUMPY)


@functools.cache
def shared_kernels(wanted: str) -> Kernels:
    """Return `choose_kernels`, called once in this process, and log which kernels are used.

    Raises: see `choose_kernels`.
    """
    kernels = choose_kernels(wanted)
    _LOG.info('steps other than the network use %s on the CPU', kernels.name)
    return kernels


def load_compiled() -> Kernels:
    """Return the kernels of numba, compiled in this process or loaded from the cache, and record that it has them.

    Raises:
        ProviderError: numba is not installed or does not work.
    """
    try:
        from . import numba_kernels as compiled
        from . import numba_refine

        kernels = Kernels(
            'numba',
            compiled.preprocess,
            compiled.decode_mask,
            compiled.decode_parts,
            compiled.decode_confidence,
            EdgeFilter(numba_refine.fit_functions, numba_refine.paint_band),
        )
        try:
            _compile(kernels)
        except Exception as error:  # usually a damaged cache
            _LOG.warning('numba failed (%s); discarding its cache and recompiling the kernels', _describe(error))
            for module in (compiled, numba_refine):
                discard_cache(module)
            _compile(kernels)
    except Exception as error:  # numba's compiler and cache can fail in many ways, but numpy always works
        raise ProviderError(
            f'kernels is set to numba, which does not work here ({_describe(error)}); run `pip install numba`, '
            f'check its cache folder ($NUMBA_CACHE_DIR), or set kernels to numpy'
        ) from error
    with suppress(OSError):  # a folder that became read-only: the next process tries again
        kernel_compiler.mark_compiled()
    return kernels


def _compile_in_background() -> Kernels:
    """Return the kernels of numpy, which become those of numba once a separate process has compiled them."""
    kernels = dataclasses.replace(NUMPY)
    kernel_compiler.compile_in_background(lambda: kernels.adopt(load_compiled()))
    return kernels


def discard_cache(module: ModuleType) -> None:
    """Remove the numba cache of the functions of a module.

    Raises:
        OSError: a file cannot be removed.
    """
    stem = module.__name__.rpartition('.')[2]
    folders = {getattr(getattr(one, 'stats', None), 'cache_path', None) for one in vars(module).values()}
    for folder in filter(None, folders):
        for path in Path(folder).glob(f'{stem}.*.nb[ci]'):
            discard(path)


def _compile(kernels: Kernels) -> None:
    """Run every kernel once, so that problems of numba or its cache appear here."""
    image = np.zeros((40, 40, 3), np.uint8)
    for geometry in (own_geometry(40, 40, 'medium'), own_geometry(40, 40, 65), bodypix2_geometry(40, 40, 'full', 16)):
        kernels.preprocess(
            image, geometry, 'mobilenet_v1', np.empty((3, geometry.input_height, geometry.input_width), np.float32)
        )
        cells = (geometry.output_height, geometry.output_width)
        mask = kernels.decode_mask(np.ones(cells, np.float32), geometry, 0.5)
        kernels.decode_parts(np.zeros((24, *cells), np.float32), mask, geometry, np.arange(-1, 24, dtype=np.int8))
        kernels.decode_confidence(np.ones(cells, np.float32), geometry)
    confidence, parts = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.int8)
    functions = kernels.edge_filter.fit_functions(image, confidence, 1)
    band = np.ones_like(confidence)
    kernels.edge_filter.paint_band(image, functions, band, 1, 127, confidence, parts > 0, parts, parts)


def _describe(error: BaseException) -> str:
    """Return the first line of the text of an error, at most 200 characters."""
    return first_line(error)[:200]
