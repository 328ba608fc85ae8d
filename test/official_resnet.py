# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BodyPix 2's graph of ResNet50 as TensorFlow.js reads it, written anew.

Every operation, input, stride, dilation and padding is that of the published files for stride 16 and 32.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = dict[str, Any]
Weight = NDArray[Any]

_PREFIX = 'resnet_v1_50'
_HEADS = {
    f'{_PREFIX}/displacement_bwd_2/BiasAdd': 'displacement_bwd_2',
    f'{_PREFIX}/displacement_fwd_2/BiasAdd': 'displacement_fwd_2',
    'float_heatmaps': 'heatmap_2',
    'float_long_offsets': 'embedding_2',
    'float_short_offsets': 'offset_2',
    'float_part_heatmaps': 'part_heatmap_2',
    'float_segments': 'segment_2',
    'float_part_offsets': 'part_offset_2',  # clipped to 0..1 in the published graph; BodyPix never reads it
}


def paddings() -> dict[str, Weight]:
    """The borders that the graph reads from its weights: three pixels before the 7x7, one before strided 3x3."""
    return {
        f'{_PREFIX}/Pad/paddings': np.array([[0, 0], [3, 3], [3, 3], [0, 0]], np.int32),
        f'{_PREFIX}/Pad_1/paddings': np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32),
    }


def topology(weights: dict[str, Weight], stride: int) -> dict[str, Any]:
    """Return the graph's JSON for stride 16 or 32.

    In stride 16 the dilations are malformed, [2, 2, 1, 1], as they are in the published file.
    """
    shape = {'shape': _sizes(1, -1, -1, 3)}
    nodes: list[Node] = [
        {'name': 'sub_2', 'op': 'Placeholder', 'attr': {'dtype': {'type': 'DT_FLOAT'}, 'shape': shape}}
    ]
    nodes += [_constant(name, values) for name, values in weights.items()]
    value = _pad(nodes, f'{_PREFIX}/Pad', 'sub_2', f'{_PREFIX}/Pad/paddings')
    value = _layer(nodes, value, f'{_PREFIX}/conv1', strides=2, padding='VALID', relu=True)
    value = _pad(nodes, f'{_PREFIX}/Pad_1', value, f'{_PREFIX}/Pad_1/paddings')
    value = _max_pool(nodes, f'{_PREFIX}/pool1/MaxPool', value, size=3, stride=2, padding='VALID')
    for block, units in enumerate((3, 4, 6, 3), start=1):
        for unit in range(1, units + 1):
            last = unit == units and block < 4
            step = 1 if stride == 16 and block == 3 else 2
            rate = 2 if stride == 16 and block == 4 else 1
            name = f'{_PREFIX}/block{block}/unit_{unit}/bottleneck_v1'
            value = _unit(nodes, value, name, step if last else None, rate, projected=unit == 1)
    for name, layer in _HEADS.items():
        _biased_convolution(nodes, value, name, f'{_PREFIX}/{layer}')
    return {'format': 'graph-model', 'modelTopology': {'node': nodes, 'versions': {'producer': 27}}}


def _unit(nodes: list[Node], value: str, name: str, step: int | None, rate: int, projected: bool) -> str:
    """Append a bottleneck; `step` is that of a block's last unit, which is padded by hand even where it is one."""
    past = value
    if projected:
        past = _layer(nodes, value, f'{name}/shortcut')
    elif step is not None:
        past = _max_pool(nodes, f'{name}/shortcut/MaxPool', value, size=1, stride=step, padding='SAME')
    branch = _layer(nodes, value, f'{name}/conv1', relu=True)
    if step is not None:
        branch = _pad(nodes, f'{name}/Pad', branch, f'{_PREFIX}/Pad_1/paddings')
    padding = 'SAME' if step is None else 'VALID'
    branch = _layer(nodes, branch, f'{name}/conv2', strides=step or 1, rate=rate, padding=padding, relu=True)
    branch = _layer(nodes, branch, f'{name}/conv3')
    nodes.append({'name': f'{name}/add', 'op': 'Add', 'input': [branch, past], 'attr': {'T': {'type': 'DT_FLOAT'}}})
    return _relu(nodes, f'{name}/Relu', f'{name}/add')


def _layer(nodes: list[Node], value: str, name: str, *, relu: bool = False, **options: Any) -> str:
    added = _biased_convolution(nodes, value, f'{name}/BatchNorm/batchnorm_1/add_1', name, **options)
    return _relu(nodes, f'{name}/Relu', added) if relu else added


def _biased_convolution(
    nodes: list[Node], value: str, name: str, layer: str, strides: int = 1, rate: int = 1, padding: str = 'SAME'
) -> str:
    attributes = {
        'strides': _integers(1, strides, strides, 1),
        'dilations': _integers(rate, rate, 1, 1),
        'padding': _text(padding),
        'data_format': _text('NHWC'),
        'T': {'type': 'DT_FLOAT'},
    }
    inputs = [value, f'{layer}/weights']
    nodes.append({'name': f'{name}/conv', 'op': 'Conv2D', 'input': inputs, 'attr': attributes})
    inputs = [f'{name}/conv', f'{layer}/Conv2D_bias']
    nodes.append({'name': name, 'op': 'BiasAdd', 'input': inputs, 'attr': {'T': {'type': 'DT_FLOAT'}}})
    return name


def _max_pool(nodes: list[Node], name: str, value: str, *, size: int, stride: int, padding: str) -> str:
    attributes = {
        'ksize': _integers(1, size, size, 1),
        'strides': _integers(1, stride, stride, 1),
        'padding': _text(padding),
        'T': {'type': 'DT_FLOAT'},
    }
    nodes.append({'name': name, 'op': 'MaxPool', 'input': [value], 'attr': attributes})
    return name


def _pad(nodes: list[Node], name: str, value: str, borders: str) -> str:
    attributes = {'T': {'type': 'DT_FLOAT'}, 'Tpaddings': {'type': 'DT_INT32'}}
    nodes.append({'name': name, 'op': 'Pad', 'input': [value, borders], 'attr': attributes})
    return name


def _relu(nodes: list[Node], name: str, value: str) -> str:
    nodes.append({'name': name, 'op': 'Relu', 'input': [value], 'attr': {'T': {'type': 'DT_FLOAT'}}})
    return name


def _constant(name: str, values: Weight) -> Node:
    kind = {'type': 'DT_INT32' if values.dtype == np.int32 else 'DT_FLOAT'}
    tensor = {'dtype': kind['type'], 'tensorShape': _sizes(*values.shape)}
    return {'name': name, 'op': 'Const', 'attr': {'dtype': kind, 'value': {'tensor': tensor}}}


def _sizes(*values: int) -> dict[str, Any]:
    return {'dim': [{'size': str(value)} for value in values]}


def _integers(*values: int) -> dict[str, Any]:
    return {'list': {'i': [str(value) for value in values]}}


def _text(value: str) -> dict[str, str]:
    return {'s': base64.b64encode(value.encode()).decode()}
