"""The part of a frame's graph that turns pictures into the network's input."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from ...models.graph import Nodes
from ..geometry import Geometry, Taps
from ..numpy_kernels import normalisation


def append_input(nodes: Nodes, pictures: str, geometry: Geometry, batch: int, architecture: str) -> None:
    """Append padding, resizing and normalisation of pictures into the network's 'input'.

    Colours are put into planes by the gathering of columns: rows of width * 3 bytes BGR become rows of 3 * input_width
    values, first all R, then all G, then all B.

    Args:
        nodes: the graph so far.
        pictures: name of the pictures, (N, H, W, 3) uint8 BGR.
        geometry: of the pictures.
        batch: N.
        architecture: 'mobilenet_v1' or 'resnet50', see `preprocess.preprocess`.
    """
    scale, offsets = normalisation(architecture)
    flat = _reshape(nodes, pictures, [batch, geometry.height, geometry.width * 3], 'input/flat')
    rows = _interpolate(nodes, flat, geometry.input_rows, axis=1, name='input/rows')
    columns = _planar(geometry.input_columns, scale)
    values = _interpolate(nodes, rows, columns, axis=2, name='input/columns')
    shift = nodes.constant('input/offsets', np.repeat(offsets, geometry.input_width))
    values = nodes.add('Add', [values, shift], 'input/shifted')
    values = _reshape(nodes, values, [batch, geometry.input_height, 3, geometry.input_width], 'input/striped')
    nodes.add('Transpose', [values], 'input', perm=[0, 2, 1, 3])


def _reshape(nodes: Nodes, value: str, shape: list[int], name: str) -> str:
    return nodes.add('Reshape', [value, nodes.constant(f'{name}/shape', np.array(shape, np.int64))], name)


def _planar(columns: Taps, scale: np.float32) -> Taps:
    """Return taps from interleaved BGR columns to R, G and B planes of columns, one beside the other, times `scale`."""
    return Taps(
        np.concatenate([columns.low * 3 + channel for channel in (2, 1, 0)]),
        np.concatenate([columns.high * 3 + channel for channel in (2, 1, 0)]),
        np.tile(columns.low_weight * scale, 3),
        np.tile(columns.high_weight * scale, 3),
    )


def _interpolate(nodes: Nodes, value: str, taps: Taps, axis: int, name: str) -> str:
    """Append a linear interpolation of (N, rows, columns): of uint8 along axis 1, of float32 along axis 2."""
    weighted = []
    for side, indices, weights in (('low', taps.low, taps.low_weight), ('high', taps.high, taps.high_weight)):
        chosen = nodes.constant(f'{name}/{side}/indices', indices.astype(np.int32))
        gathered = nodes.add('Gather', [value, chosen], f'{name}/{side}', axis=axis)
        if axis == 1:  # the first of the two, of bytes
            gathered = nodes.add('Cast', [gathered], f'{name}/{side}/float', to=TensorProto.FLOAT)
        factors = nodes.constant(f'{name}/{side}/weights', weights.reshape(-1, *[1] * (2 - axis)))
        weighted.append(nodes.add('Mul', [gathered, factors], f'{name}/{side}/weighted'))
    return nodes.add('Add', weighted, name)
