"""The training pictures, decoded once: one memory-mapped array that every epoch reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

CANVAS = 401
"""Height and width of a canvas, pixels: a multiple of every output stride, plus one."""

_GRID = 16
_PICTURES, _INDEX = 'pictures.npy', 'pictures.json'


@dataclass(frozen=True)
class Pictures:
    """All training pictures, each in the upper left corner of a canvas of its own.

    Attributes:
        names: file names.
        sizes: (n, 2) int32, height and width of each picture on its canvas; multiples of 16, plus one.
        pixels: (n, CANVAS, CANVAS, 3) uint8 RGB, memory-mapped, black beside the picture.
    """

    names: tuple[str, ...]
    sizes: NDArray[np.int32]
    pixels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.names)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """Return one picture without the rest of its canvas, (h, w, 3) uint8 RGB."""
        height, width = self.sizes[index]
        return self.pixels[index, :height, :width]


def open_pictures(folder: Path, cache: Path) -> Pictures:
    """Return all JPEG pictures of a folder, decoded now or by an earlier call."""
    files = sorted(folder.glob('*.jpg'))
    if not files:
        raise FileNotFoundError(f'{folder} holds no .jpg pictures to train on')
    if not (cache / _INDEX).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _decode(files, cache)
    index = json.loads((cache / _INDEX).read_text())
    pixels = np.load(cache / _PICTURES, mmap_mode='r')
    return Pictures(tuple(index['names']), np.array(index['sizes'], np.int32), pixels)


def legal_size(size: float) -> int:
    """Return the multiple of 16, plus one, that is nearest to a size in pixels and at most the canvas's."""
    return min(max(round((size - 1) / _GRID), 4) * _GRID + 1, CANVAS)


def _decode(files: list[Path], cache: Path) -> None:
    shape = (len(files), CANVAS, CANVAS, 3)
    canvases = np.lib.format.open_memmap(cache / _PICTURES, mode='w+', dtype=np.uint8, shape=shape)
    sizes = []
    for canvas, file in zip(canvases, tqdm(files, 'decoding pictures'), strict=True):
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        shrink = (CANVAS - 1) / max(image.shape[:2])
        height, width = (legal_size(size * shrink) for size in image.shape[:2])
        way = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
        canvas[:height, :width] = cv2.resize(image, (width, height), interpolation=way)[..., ::-1]
        sizes.append((height, width))
    canvases.flush()
    (cache / _INDEX).write_text(json.dumps({'names': [file.name for file in files], 'sizes': sizes}))
