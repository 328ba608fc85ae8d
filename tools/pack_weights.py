# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert the weights of a training run to the packaged weights of bodypix_ros: fold batch norm, round to one byte.

python tools/pack_weights.py WEIGHTS.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bodypix_ros.models.own.weights import WEIGHTS_FILE, fold_batch_norm, write_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('weights', type=Path, help='npz file with the trained float32 state, by PyTorch name')
    parser.add_argument('--output', type=Path, default=WEIGHTS_FILE, help='npz file to write (default: %(default)s)')
    options = parser.parse_args()
    with np.load(options.weights) as state:
        write_weights(options.output, fold_batch_norm(state))
    print(f'{options.output}: {options.output.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
