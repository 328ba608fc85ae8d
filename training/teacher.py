"""The teacher: official networks' outputs on the training pictures, averaged over views and kept on disk.

Logits are averaged as logits, offsets as pixels of the canvas. What decides edges (segments, parts and heatmaps) is
kept for every 8 pixels, the smooth rest for every 16.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from bodypix_ros.models.bodypix.heads import PEOPLE_HEADS, head_slices
from bodypix_ros.models.network import load_network
from bodypix_ros.settings import NetworkSettings

from .mirror import mirror_heads
from .pictures import CANVAS, Pictures, open_pictures

FINE, COARSE = 8, 16
"""Canvas pixels between stored cells."""

FINE_HEADS = ('segments', 'part_heatmaps', 'heatmaps')
COARSE_HEADS = ('short_offsets', 'displacement_fwd', 'displacement_bwd', 'long_offsets')
FINE_CHANNELS, COARSE_CHANNELS = 42, 132
_SLICES = head_slices(PEOPLE_HEADS)
_MAPS = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """One look of one network at a picture: 'MULTIPLIER:HEIGHTxWIDTH[:mirrored]', sizes as shares of the canvas."""

    multiplier: float
    height: float
    width: float
    mirrored: bool

    @classmethod
    def parse(cls, text: str) -> View:
        """Read a view as the command line gives it, such as '0.75:1x1:mirrored'."""
        multiplier, size, *rest = text.split(':')
        height, width = size.split('x')
        return cls(float(multiplier), float(height), float(width), rest == ['mirrored'])


DEFAULT_VIEWS = (
    '0.75:1x1', '0.75:1x1:mirrored', '0.5:1x1', '0.5:1x1:mirrored',
    '0.75:0.75x1', '0.75:1x0.75:mirrored', '0.75:1.5x1.5', '0.5:1.5x1.5:mirrored',
)  # fmt: skip
"""Both networks, plain and mirrored, and looks at other scales and aspects: some publishers squeezed pictures."""


class Teacher:
    """The official networks 0.75 (2-byte weights) and 0.50 at stride 8, dilated as they were trained."""

    def __init__(self, views: tuple[View, ...], model_url: str, model_dir: str, threads: int) -> None:
        self.views = views
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._sessions = {}
        for multiplier in {view.multiplier for view in views}:
            settings = NetworkSettings(
                multiplier=multiplier,
                quant_bytes=2 if multiplier == 0.75 else 4,
                stride=FINE,
                dilation='trained',
                checkpoint='official',
                model_url=model_url,
                model_dir=model_dir,
                allow_download=True,
            )
            network = load_network(settings, people=True)
            providers = [name for name in onnxruntime.get_available_providers() if name.startswith(('CUDA', 'CPU'))]
            self._sessions[multiplier] = onnxruntime.InferenceSession(network.onnx, options, providers=providers)

    def look(self, picture: NDArray[np.uint8]) -> _MAPS:
        """Return the mean of all views, (174, h, w) float32 in the order of PEOPLE_HEADS, for every 8 pixels."""
        return np.mean([self._look(picture, view) for view in self.views], axis=0, dtype=np.float32)

    def _look(self, picture: NDArray[np.uint8], view: View) -> _MAPS:
        height, width = picture.shape[:2]
        seen_height, seen_width = _share(height, view.height), _share(width, view.width)
        seen = picture[:, ::-1] if view.mirrored else picture
        resized = cv2.resize(seen, (seen_width, seen_height), interpolation=cv2.INTER_LINEAR)
        inputs = (resized.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        output = self._sessions[view.multiplier].run(None, {'input': np.ascontiguousarray(inputs)})[0][0]
        if view.mirrored:
            output = mirror_heads(output)
        return _to_grid(output, (height - 1) / (seen_height - 1), (width - 1) / (seen_width - 1), height, width)


def _share(size: int, share: float) -> int:
    return size if share == 1 else max(round((size - 1) * share / COARSE), 4) * COARSE + 1


def _to_grid(output: _MAPS, stretch_y: float, stretch_x: float, height: int, width: int) -> _MAPS:
    """Bring a view's output to the canvas: cells every 8 pixels, offsets in pixels of the canvas."""
    rows, columns = (height - 1) // FINE + 1, (width - 1) // FINE + 1
    if output.shape[1:] == (rows, columns):
        return output
    maps = _resample(output, rows, axis=1)
    maps = _resample(maps, columns, axis=2)
    for head in COARSE_HEADS:
        vectors = maps[_SLICES[head]]
        half = len(vectors) // 2
        vectors[:half] *= stretch_y
        vectors[half:] *= stretch_x
    return maps


def _resample(maps: _MAPS, size: int, axis: int) -> _MAPS:
    """Interpolate along an axis so that its first and last cells stay where they are."""
    positions = np.linspace(0, maps.shape[axis] - 1, size)
    low = np.minimum(positions.astype(np.intp), maps.shape[axis] - 2)
    shape = [1, 1, 1]
    shape[axis] = size
    weight = (positions - low).astype(np.float32).reshape(shape)
    return np.take(maps, low, axis) * (1 - weight) + np.take(maps, low + 1, axis) * weight


@dataclass(frozen=True)
class Targets:
    """What the teacher says of every picture, memory-mapped; cells beside a picture are 0.

    Attributes:
        fine: (n, 42, 51, 51) float16: segments, part_heatmaps and heatmaps, logits.
        coarse: (n, 132, 26, 26) float16: the offsets, canvas pixels.
    """

    fine: NDArray[np.float16]
    coarse: NDArray[np.float16]


def open_targets(cache: Path, pictures: int, mode: str = 'r') -> Targets:
    """Open the kept targets, or with mode 'w+' make room for them."""
    fine, coarse = cache / 'teacher_fine.npy', cache / 'teacher_coarse.npy'
    if mode == 'r':
        return Targets(np.load(fine, mmap_mode='r'), np.load(coarse, mmap_mode='r'))
    mode = 'r+' if fine.is_file() and coarse.is_file() else 'w+'
    cells = (CANVAS - 1) // FINE + 1, (CANVAS - 1) // COARSE + 1
    make = np.lib.format.open_memmap
    return Targets(
        make(fine, mode=mode, dtype=np.float16, shape=(pictures, FINE_CHANNELS, cells[0], cells[0])),
        make(coarse, mode=mode, dtype=np.float16, shape=(pictures, COARSE_CHANNELS, cells[1], cells[1])),
    )


def _remaining(cache: Path, indices: range) -> Iterator[int]:
    """Yield the pictures that are not done, and note each when the next is asked for."""
    journal = cache / 'teacher_done.txt'
    done = {int(line) for line in journal.read_text().split()} if journal.is_file() else set()
    with journal.open('a') as notes:
        for index in tqdm(indices, 'asking the teacher'):
            if index in done:
                continue
            yield index
            notes.write(f'{index}\n')
            notes.flush()


def ask_teacher(teacher: Teacher, pictures: Pictures, cache: Path, indices: range) -> None:
    """Write the targets of pictures; a later call goes on where an earlier one was stopped."""
    targets = open_targets(cache, len(pictures), 'w+')
    fine = np.concatenate([np.arange(174)[_SLICES[head]] for head in FINE_HEADS])
    coarse = np.concatenate([np.arange(174)[_SLICES[head]] for head in COARSE_HEADS])
    for index in _remaining(cache, indices):
        maps = teacher.look(pictures.picture(index))
        rows, columns = maps.shape[1:]
        targets.fine[index, :, :rows, :columns] = maps[fine]
        targets.coarse[index, :, : (rows + 1) // 2, : (columns + 1) // 2] = maps[coarse, ::2, ::2]
    targets.fine.flush()
    targets.coarse.flush()


def main() -> None:
    """Ask the teacher about every training picture."""
    parser = argparse.ArgumentParser(prog='python -m training.teacher', description=__doc__.splitlines()[0])
    parser.add_argument('pictures', type=Path, help='folder of training pictures (.jpg)')
    parser.add_argument('--cache', type=Path, required=True, help='folder for decoded pictures and targets')
    parser.add_argument('--views', nargs='+', default=list(DEFAULT_VIEWS), help=View.__doc__)
    parser.add_argument('--model-url', default='', help='https: or file: address that stands for the official server')
    parser.add_argument('--model-dir', default='', help='folder that keeps the official weights')
    parser.add_argument('--threads', type=int, default=1, help='on busy machines, several processes do better')
    parser.add_argument('--share', default='0/1', help="which share of the pictures: '0/2' and '1/2' for two processes")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    pictures = open_pictures(options.pictures, options.cache)
    views = tuple(View.parse(text) for text in options.views)
    teacher = Teacher(views, options.model_url, options.model_dir, options.threads)
    started = time.monotonic()
    first, step = map(int, options.share.split('/'))
    ask_teacher(teacher, pictures, options.cache, range(first, len(pictures), step))
    logging.info('%d views of %d pictures: %.0f s', len(views), len(pictures), time.monotonic() - started)


if __name__ == '__main__':
    main()
