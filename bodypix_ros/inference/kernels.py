"""Which code prepares and decodes frames on the CPU: compiled by numba, or plain numpy."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ProviderError
from . import numpy_kernels as decode
from .geometry import Geometry
from .numpy_kernels import Labels, Mask, Numbers, Scores, preprocess

_LOG = logging.getLogger(__name__)


class Preprocess(Protocol):
    """See `numpy_kernels.preprocess`."""

    def __call__(self, image: NDArray[np.uint8], geometry: Geometry, architecture: str, out: Scores) -> None:
        """Pad, resize and normalise one picture into its place in a batch."""


class DecodeMask(Protocol):
    """See `numpy_kernels.decode_mask`."""

    def __call__(self, segment_logits: Scores, geometry: Geometry, threshold: float) -> Mask:
        """Say for each pixel whether it belongs to a person."""


class DecodeParts(Protocol):
    """See `numpy_kernels.decode_parts`."""

    def __call__(self, part_logits: Scores, mask: Mask, geometry: Geometry, numbers: Numbers) -> Labels:
        """Assign each person pixel the likeliest body part."""


@dataclass(frozen=True)
class Kernels:
    """One implementation of the work around the network."""

    name: str
    preprocess: Preprocess
    decode_mask: DecodeMask
    decode_parts: DecodeParts


NUMPY = Kernels('numpy', preprocess, decode.decode_mask, decode.decode_parts)


def choose_kernels(wanted: str) -> Kernels:
    """Return the wanted kernels; for 'auto' those of numba where it is installed.

    Raises:
        ProviderError: numba was asked for and cannot be imported.
    """
    if wanted == 'numpy':
        return NUMPY
    try:
        from . import numba_kernels as compiled
    except (ImportError, RuntimeError) as error:  # RuntimeError: numba finds no folder for its cache
        if wanted == 'numba':
            raise ProviderError(f'kernels is numba, which does not work here ({error}); pip install numba') from error
        _LOG.info('numba does not work here (%s), so frames take longer; pip install numba', error)
        return NUMPY
    return Kernels('numba', compiled.preprocess, compiled.decode_mask, compiled.decode_parts)
