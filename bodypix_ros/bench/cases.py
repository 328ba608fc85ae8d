# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cases of a benchmark: every requested combination of image size, network and batch size."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError
from ..setting import Value
from ..settings import NetworkSettings


@dataclass(frozen=True)
class Case:
    """One combination to measure.

    Attributes:
        width: of the images, pixels.
        height: of the images, pixels.
        batch: number of images per call.
        network: settings of the network.
    """

    width: int
    height: int
    batch: int
    network: NetworkSettings

    @property
    def title(self) -> str:
        """A short description: '640x480, 0.75, stride 16, medium'."""
        network = self.network
        words = [f'{self.width}x{self.height}', *_network_words(network), str(network.internal_resolution)]
        if self.batch > 1:
            words.append(f'batch of {self.batch}')
        if network.precision != 'auto':
            words.append(network.precision)
        if network.threads:
            words.append('1 thread' if network.threads == 1 else f'{network.threads} threads')
        return ', '.join(words)

    def images(self, picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Return the batch: the picture, (H, W, 3) uint8, fitted into the size of this case, `batch` times."""
        return [fit(picture, self.width, self.height)] * self.batch


def all_cases(
    sizes: Sequence[tuple[int, int]],
    batches: Sequence[int],
    base: NetworkSettings,
    choices: Mapping[str, Iterable[Value]],
) -> Iterator[Case]:
    """Yield every combination.

    Args:
        sizes: (width, height) of the images, pixels.
        batches: numbers of images per call.
        base: the settings that all cases share.
        choices: the values to combine, by name of the setting.

    Raises:
        SettingError: a value is out of range.
    """
    combinations: list[dict[str, Any]] = [
        dict(zip(choices, values, strict=True)) for values in product(*choices.values())
    ]
    networks = [dataclasses.replace(base, **combination) for combination in combinations]
    for network, (width, height), batch in product(networks, sizes, batches):
        yield Case(width, height, batch, network)


def astronaut() -> NDArray[np.uint8]:
    """Return the default picture, which scikit-image contains: (512, 512, 3) uint8 BGR.

    Raises:
        BodyPixError: scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise BodyPixError(
            'the default picture requires scikit-image, which is not installed: run `pip install scikit-image` '
            'or pass --picture FILE'
        ) from error
    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def fit(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale a picture to fit into a frame, keeping its aspect ratio; replicate its borders to fill the frame.

    Args:
        picture: (H, W, 3) uint8.
        width: of the frame, pixels.
        height: of the frame, pixels.

    Returns:
        (height, width, 3) uint8.
    """
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner_width = max(1, min(width, round(picture.shape[1] * scale)))
    inner_height = max(1, min(height, round(picture.shape[0] * scale)))
    inner = cv2.resize(picture, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    right, bottom = width - inner_width - left, height - inner_height - top
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)


def _network_words(network: NetworkSettings) -> list[str]:
    if network.model not in ('auto', 'bodypix'):
        return [network.model]
    backbone = 'ResNet50' if network.architecture == 'resnet50' else f'{network.multiplier:.2f}'
    return [backbone, f'stride {network.stride}']
