# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights files: what a run writes and the package reads.

    python -m training.export WEIGHTS --run RUN [--mix EARLIER.npz --share 0.5]

An .npz archive of float32 arrays by the names of the network's state dict, batch norm not folded. A run that started
from earlier weights can be mixed with them: the mean of the two is often better than either. Source: Wortsman et al.,
Model soups (2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CHECKPOINT = 'checkpoint.pt'
"""File of a run's state in its folder."""

Weights = dict[str, NDArray[np.float32]]


def to_arrays(state: Mapping[str, Tensor]) -> Weights:
    """Return the state dict of a network as arrays, without the counters of batch norm."""
    return {name: tensor.detach().float().cpu().numpy() for name, tensor in state.items() if tensor.is_floating_point()}


def read_weights(path: Path) -> Weights:
    """Read a weights file as float32."""
    with np.load(path) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files}


def write_weights(path: Path, weights: Weights) -> None:
    """Write a weights file.

    Raises:
        ValueError: a weight is not finite; the text names it.
    """
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise ValueError(f'{name} holds values that are not finite: the run has diverged; lower the learning rate')
    part = path.with_suffix('.part.npz')
    arrays: dict[str, Any] = dict(weights)
    np.savez(part, **arrays)
    part.replace(path)


def mix(weights: Weights, earlier: Weights, share: float) -> Weights:
    """Return the weighted mean of two sets of weights.

    Args:
        weights: of a run.
        earlier: what the run started from.
        share: of the run's weights, 0..1.

    Raises:
        ValueError: the names of the weights differ.
    """
    if weights.keys() != earlier.keys():
        raise ValueError(
            f'weights of different networks: {sorted(weights.keys() ^ earlier.keys())} are in one file only'
        )
    return {name: (share * values + (1 - share) * earlier[name]).astype(np.float32) for name, values in weights.items()}


def main() -> None:
    """Write the averaged weights of a run."""
    parser = argparse.ArgumentParser(prog='python -m training.export', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('weights', type=Path, help='the .npz file to write')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--run', type=Path, help='folder of a run of training.train')
    source.add_argument('--from-weights', type=Path, help='weights file that training.train has written')
    parser.add_argument('--mix', type=Path, help='weights file that the run started from')
    parser.add_argument('--share', type=float, default=0.5, help='share of the run where it is mixed, 0..1')
    options = parser.parse_args()
    if options.run:
        weights = to_arrays(torch.load(options.run / CHECKPOINT, map_location='cpu', weights_only=True)['average'])
    else:
        weights = read_weights(options.from_weights)
    if options.mix:
        weights = mix(weights, read_weights(options.mix), options.share)
    write_weights(options.weights, weights)


if __name__ == '__main__':
    main()
