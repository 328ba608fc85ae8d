# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BodyPix on MobileNetV1 in PyTorch, read from TensorFlow.js files: the teacher. It runs in half precision on a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_SCOPE = 'MobilenetV1'
_HEADS = (
    'segment_2', 'part_heatmap_2', 'heatmap_2', 'offset_2', 'displacement_fwd_2', 'displacement_bwd_2', 'embedding_2',
)  # fmt: skip
_MANIFEST = 'model-stride16.json'
_STRIDED = (2, 4, 6)
"""Depthwise layers of stride 2, counted from 1, in a network of stride 16."""

_LAYERS = 13

STRIDE = 8
"""Pixels of the input between cells of the output."""


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read a TensorFlow.js checkpoint; quantised weights become float32 again.

    Args:
        folder: holds model-stride16.json and the files that its manifest names.
    """
    manifest = json.loads((folder / _MANIFEST).read_text())['weightsManifest'][0]
    data = b''.join((folder / path).read_bytes() for path in manifest['paths'])
    weights, offset = {}, 0
    for entry in manifest['weights']:
        quantisation = entry.get('quantization')
        dtype = np.dtype(quantisation['dtype'] if quantisation else entry['dtype'])
        values = np.frombuffer(data, dtype, int(np.prod(entry['shape'])), offset).astype(np.float64)
        offset += len(values) * dtype.itemsize
        if quantisation:
            values = values * quantisation['scale'] + quantisation['min']
        weights[entry['name']] = torch.from_numpy(values.reshape(entry['shape']).astype(np.float32))
    return weights


def layer_dilations(widest: bool) -> list[tuple[int, int]]:
    """Return stride and dilation of the 13 depthwise layers for an output of stride 8.

    Args:
        widest: multiplier 1.0, whose last layer was trained with stride 2 and runs dilated ever since.
    """
    layers = []
    for index in range(1, _LAYERS + 1):
        stride = 2 if index in _STRIDED[:-1] else 1
        dilation = 2 if index > _STRIDED[-1] else 1
        layers.append((stride, 2 * dilation if widest and index == _LAYERS else dilation))
    return layers


class BodyPix(nn.Module):
    """One official network at stride 8.

    Pointwise convolutions are matrix products, which need no search for an algorithm, whatever the input's size.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        weights = read_weights(folder)
        self._first = _Affine(weights, f'{_SCOPE}/Conv2d_0/weights', f'{_SCOPE}/Conv2d_0/Conv2D_bias')
        self._layers = [
            (
                _Affine(
                    weights, f'{name}_depthwise/depthwise_weights', f'{name}_depthwise/depthwise_bias', depthwise=True
                ),
                _Affine(weights, f'{name}_pointwise/weights', f'{name}_pointwise/Conv2D_bias'),
            )
            for name in _layer_names()
        ]
        self._registered = nn.ModuleList(layer for pair in self._layers for layer in pair)
        heads = [_Affine(weights, f'{_SCOPE}/{name}/weights', f'{_SCOPE}/{name}/Conv2D_bias') for name in _HEADS]
        self._heads = heads[0]
        self._heads.weight = torch.cat([head.weight for head in heads])
        self._heads.bias = torch.cat([head.bias for head in heads])
        self._dilations = layer_dilations(widest=self._first.weight.shape[0] == 32)

    def forward(self, x: Tensor) -> Tensor:
        """Return all heads, (n, 174, (h - 1) / 8 + 1, (w - 1) / 8 + 1) float32.

        Args:
            x: (n, 3, h, w) RGB in -1..1.
        """
        x = x.to(self._first.weight.dtype)
        x = functional.conv2d(x, self._first.weight, self._first.bias, 2, 1).clamp_(0, 6)
        for (stride, dilation), (depthwise, pointwise) in zip(self._dilations, self._layers, strict=True):
            x = functional.conv2d(
                x, depthwise.weight, depthwise.bias, stride, dilation, dilation, groups=x.shape[1]
            ).clamp_(0, 6)
            x = _multiply(x, pointwise).clamp_(0, 6)
        return _multiply(x, self._heads).float()


class _Affine(nn.Module):
    """Weights of a convolution in PyTorch's layout, and its bias."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: dict[str, Tensor], weight: str, bias: str, depthwise: bool = False) -> None:
        super().__init__()
        order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        self.register_buffer('weight', weights[weight].permute(order).contiguous())
        self.register_buffer('bias', weights[bias].reshape(-1))


def _layer_names() -> list[str]:
    return [f'{_SCOPE}/Conv2d_{index}' for index in range(1, _LAYERS + 1)]


def _multiply(x: Tensor, layer: _Affine) -> Tensor:
    """Apply a pointwise convolution."""
    product = torch.matmul(layer.weight.flatten(1), x.flatten(2))
    return product.add_(layer.bias[:, None]).reshape(*product.shape[:2], *x.shape[2:])
