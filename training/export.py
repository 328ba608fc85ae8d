"""Weights files: what a run writes and the package reads.

    python -m training.export RUN WEIGHTS

An .npz archive of float32 arrays by the names of the network's state dict, batch norm not folded.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

CHECKPOINT = 'checkpoint.pt'
"""File of a run's state in its folder."""


def write_weights(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write the state dict of a network, without the counters of batch norm.

    Raises:
        ValueError: a weight is not finite; the text names it.
    """
    arrays = {
        name: tensor.detach().float().cpu().numpy() for name, tensor in state.items() if tensor.is_floating_point()
    }
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise ValueError(f'{name} holds values that are not finite: the run has diverged; lower the learning rate')
    part = path.with_suffix('.part.npz')
    np.savez(part, **arrays)
    part.replace(path)


def main() -> None:
    """Write the averaged weights of a run."""
    parser = argparse.ArgumentParser(prog='python -m training.export', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('run', type=Path, help='folder of a run of training.train')
    parser.add_argument('weights', type=Path, help='the .npz file to write')
    options = parser.parse_args()
    write_weights(options.weights, torch.load(options.run / CHECKPOINT, weights_only=True)['average'])


if __name__ == '__main__':
    main()
