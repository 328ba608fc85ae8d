"""Write a student as a TensorFlow.js checkpoint, so that the package reads it as it reads the official ones."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bodypix_ros.models.bodypix.heads import HEAD_LAYERS, PEOPLE_HEADS, head_slices

from .student import Block, Student
from .train import CHECKPOINT

MANIFEST, WEIGHTS_FILE = 'model-stride16.json', 'group1-shard1of1.bin'
_SCOPE = 'MobilenetV1'
_LEVELS = {1: (255, np.dtype('u1')), 2: (65535, np.dtype('<u2'))}
Weights = dict[str, NDArray[np.float32]]


def fold(student: Student) -> Weights:
    """Return the weights, batch norm folded into them, by their official names and in TensorFlow's layout."""
    kernel, bias = _fold_block(student.first)
    weights = {f'{_SCOPE}/Conv2d_0/weights': kernel.transpose(2, 3, 1, 0), f'{_SCOPE}/Conv2d_0/Conv2D_bias': bias}
    for index, (depthwise, pointwise) in enumerate(zip(student.depthwise, student.pointwise, strict=True), start=1):
        kernel, bias = _fold_block(depthwise)
        weights[f'{_SCOPE}/Conv2d_{index}_depthwise/depthwise_weights'] = kernel.transpose(2, 3, 0, 1)
        weights[f'{_SCOPE}/Conv2d_{index}_depthwise/depthwise_bias'] = bias
        kernel, bias = _fold_block(pointwise)
        weights[f'{_SCOPE}/Conv2d_{index}_pointwise/weights'] = kernel.transpose(2, 3, 1, 0)
        weights[f'{_SCOPE}/Conv2d_{index}_pointwise/Conv2D_bias'] = bias
    kernel, bias = _array(student.heads.weight), _array(student.heads.bias)
    for head, channels in head_slices(PEOPLE_HEADS).items():
        weights[f'{_SCOPE}/{HEAD_LAYERS[head]}/weights'] = kernel[channels].transpose(2, 3, 1, 0)
        weights[f'{_SCOPE}/{HEAD_LAYERS[head]}/Conv2D_bias'] = bias[channels]
    return weights


def write_checkpoint(folder: Path, weights: Weights, quant_bytes: int) -> None:
    """Write manifest and weights.

    Args:
        folder: is made where it is missing.
        weights: tensors by name.
        quant_bytes: bytes of each stored weight: 4, or 2 or 1 for whole numbers with a scale for each tensor.
    """
    entries, data = [], []
    for name, values in weights.items():
        entry: dict[str, Any] = {'name': name, 'shape': list(values.shape), 'dtype': 'float32'}
        stored = np.ascontiguousarray(values, np.float32)
        if quant_bytes != 4:
            stored, entry['quantization'] = _quantise(stored, quant_bytes)
        entries.append(entry)
        data.append(stored.tobytes())
    document = {
        'format': 'graph-model',
        'generatedBy': 'bodypix_ros training',
        'modelTopology': {},
        'weightsManifest': [{'paths': [WEIGHTS_FILE], 'weights': entries}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(json.dumps(document, separators=(',', ':')))
    (folder / WEIGHTS_FILE).write_bytes(b''.join(data))


def load_student(checkpoint: Path) -> Student:
    """Return the averaged student of a run's checkpoint."""
    state = torch.load(checkpoint, map_location='cpu', weights_only=True)
    student = Student(state['plan']['multiplier'])
    student.load_state_dict(state['average'])
    return student.eval()


def _fold_block(block: Block) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    norm = block.norm
    deviation = np.sqrt(_array(norm.running_var) + norm.eps)
    scale = _array(norm.weight) / deviation
    kernel = _array(block.convolution.weight) * scale[:, None, None, None]
    return kernel, _array(norm.bias) - _array(norm.running_mean) * scale


def _array(tensor: torch.Tensor | None) -> NDArray[np.float32]:
    if tensor is None:
        raise ValueError('the layer has no such weights')
    return tensor.detach().cpu().numpy()


def _quantise(values: NDArray[np.float32], quant_bytes: int) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return whole numbers and how they become values again; 0 stays exactly 0 where it lies between the extremes."""
    levels, dtype = _LEVELS[quant_bytes]
    low, high = float(values.min()), float(values.max())
    scale = (high - low) / levels or 1.0
    if low < 0 < high:
        low = round(low / scale) * scale
    stored = ((values.astype(np.float64) - low) / scale).round().clip(0, levels).astype(dtype)
    return stored, {'dtype': f'uint{8 * quant_bytes}', 'min': low, 'scale': scale}


def main() -> None:
    """Write the student of a run."""
    parser = argparse.ArgumentParser(prog='python -m training.export', description=__doc__)
    parser.add_argument('run', type=Path, help='folder of a run of training.train')
    parser.add_argument('folder', type=Path, help='where the TensorFlow.js checkpoint goes')
    parser.add_argument('--quant-bytes', type=int, choices=(1, 2, 4), default=2, help='bytes of each stored weight')
    options = parser.parse_args()
    write_checkpoint(options.folder, fold(load_student(options.run / CHECKPOINT)), options.quant_bytes)


if __name__ == '__main__':
    main()
