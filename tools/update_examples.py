# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Regenerate the files that depend on the weights of our network: expected labels and the pictures of the model card.

python tools/update_examples.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros.models.own.weights import WEIGHTS_FILE
from bodypix_ros.render.overlay import render_overlay
from bodypix_ros.segmentation import Segmentation

PICTURES = Path(__file__).resolve().parent.parent / 'test' / 'data' / 'people'


def main() -> None:
    net = bodypix_ros.load(provider='cpu')
    for path in sorted(PICTURES.glob('*.png')):
        if path.stem.endswith('.labels'):
            continue
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        found = net.segment(image)
        assert found.parts is not None
        cv2.imwrite(str(path.with_suffix('.labels.png')), (found.parts + 1).astype(np.uint8))
        cv2.imwrite(
            str(WEIGHTS_FILE.parent / f'{path.stem}.jpg'), _example(image, found), [cv2.IMWRITE_JPEG_QUALITY, 85]
        )
        print(f'{path.stem}: {np.mean(found.mask):.1%} person')


def _example(image: NDArray[np.uint8], found: Segmentation) -> NDArray[np.uint8]:
    """Return the picture and its overlay, side by side."""
    return np.hstack([image, render_overlay(image, found)])


if __name__ == '__main__':
    main()
