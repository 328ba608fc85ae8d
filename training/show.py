"""Draw what networks say of pictures, side by side, for the model card."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bodypix_ros import BodyPix
from bodypix_ros.render import render_overlay
from bodypix_ros.settings import NetworkSettings

_HEIGHT = 240
"""Height of a drawn picture, pixels."""

_QUALITY = 80


def draw_comparison(image: NDArray[np.uint8], networks: list[BodyPix]) -> NDArray[np.uint8]:
    """Return the picture and the parts that each network sees, side by side, (240, w, 3) uint8 BGR."""
    seen = [image, *(render_overlay(image, network.segment(image)) for network in networks)]
    width = round(image.shape[1] * _HEIGHT / image.shape[0])
    return np.hstack([cv2.resize(one, (width, _HEIGHT), interpolation=cv2.INTER_AREA) for one in seen])


def main() -> None:
    """Write one JPEG file for each picture."""
    parser = argparse.ArgumentParser(prog='python -m training.show', description=__doc__)
    parser.add_argument('pictures', nargs='+', type=Path)
    parser.add_argument('--output', type=Path, required=True, help='folder for the JPEG files')
    parser.add_argument('--networks', nargs='+', metavar='CHECKPOINT=MULTIPLIER', default=['builtin=0.25'])
    parser.add_argument('--model-url', default='', help='https: or file: address that stands for the official server')
    parser.add_argument('--model-dir', default='', help='folder that keeps the official weights')
    options = parser.parse_args()
    networks = []
    for text in options.networks:
        checkpoint, multiplier = text.split('=')
        settings = NetworkSettings(
            checkpoint=checkpoint,
            multiplier=float(multiplier),
            model_url=options.model_url,
            model_dir=options.model_dir,
            allow_download=True,
            internal_resolution='medium',
        )
        networks.append(BodyPix.load(settings))
    for picture in options.pictures:
        drawn = draw_comparison(cv2.imread(str(picture), cv2.IMREAD_COLOR), networks)
        path = options.output / f'{picture.stem}.jpg'
        cv2.imwrite(str(path), drawn, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        print(path)


if __name__ == '__main__':
    main()
