# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads .tflite files: operators, tensors and constants of the first subgraph, sparse ones expanded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, shorten
from ..disk import guarded

_DTYPES = {0: '<f4', 1: '<f2', 2: '<i4'}  # by tflite.TensorType
_COUNT_LIMIT = 20_000  # tensors or operators; the largest of our files has 1,098 tensors
_ELEMENT_LIMIT = 1 << 26  # of all constants together
_OPTIONS = {
    'ADD': 'AddOptions',
    'AVERAGE_POOL_2D': 'Pool2DOptions',
    'CONCATENATION': 'ConcatenationOptions',
    'CONV_2D': 'Conv2DOptions',
    'DEPTHWISE_CONV_2D': 'DepthwiseConv2DOptions',
    'DEPTH_TO_SPACE': 'DepthToSpaceOptions',
    'FULLY_CONNECTED': 'FullyConnectedOptions',
    'MAX_POOL_2D': 'Pool2DOptions',
    'MEAN': 'ReducerOptions',
    'MUL': 'MulOptions',
    'RESIZE_BILINEAR': 'ResizeBilinearOptions',
}
"""The classes of the schema for the options of each operator that has any."""

Constant = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        name: such as 'CONV_2D'; that of a custom operator is its own, such as 'Convolution2DTransposeBias'.
        inputs: indices of its input tensors.
        output: index of its output tensor.
        options: its options as the class of the schema, None if it has none.
        custom: the options of a custom operator, as in the file.
    """

    name: str
    inputs: tuple[int, ...]
    output: int
    options: Any
    custom: bytes


@dataclass(frozen=True)
class TfliteGraph:
    """The first subgraph of a .tflite file.

    Attributes:
        shapes: of each tensor, with a batch of 1 and channels last.
        constants: the values of constant tensors by index, float32, float16 or int32.
        operators: in the order of execution.
        inputs: indices of the input tensors.
        outputs: indices of the output tensors.
    """

    shapes: tuple[Shape, ...]
    constants: dict[int, Constant]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(data: bytes, title: str) -> TfliteGraph:
    """Return the graph in a .tflite file.

    Args:
        data: the content of the file; it is not trusted.
        title: for error texts, such as the path of the file.

    Raises:
        ModelError: the package tflite is missing, or the content is damaged or not a .tflite file.
    """
    try:
        import tflite
    except ImportError as error:
        raise ModelError(
            f'reading {title} requires the package tflite, which is not installed; run `pip install tflite`'
        ) from error
    if data[4:8] != b'TFL3':
        raise ModelError(f'{title} must be a .tflite file, which has TFL3 in its bytes 5 to 8, got {data[4:8]!r}')
    with guarded(f'reading {title}'):
        model = tflite.Model.GetRootAs(data, 0)
        return _Reader(tflite, model, title).graph()


class _Reader:
    """Converts the tables of a file. Its accessors check nothing but the end of the file."""

    def __init__(self, schema: Any, model: Any, title: str) -> None:
        self._schema = schema
        self._model = model
        self._subgraph = model.Subgraphs(0)
        self._title = title
        self._elements = 0

    def graph(self) -> TfliteGraph:
        """Return the subgraph."""
        subgraph = self._subgraph
        tensors = [subgraph.Tensors(i) for i in range(self._count(subgraph.TensorsLength(), 'tensors'))]
        shapes = [_integers(tensor.ShapeAsNumpy(), tensor.ShapeLength()) for tensor in tensors]
        if any(size < 1 for shape in shapes for size in shape):
            raise ModelError(f'{self._title} must have tensors of a fixed, positive size')
        names = {value: name for name, value in vars(self._schema.BuiltinOperator).items() if isinstance(value, int)}
        operators = [
            self._operator(subgraph.Operators(i), names)
            for i in range(self._count(subgraph.OperatorsLength(), 'operators'))
        ]
        constants = {}
        for i, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True)):
            constant = self._constant(tensor, shape)
            if constant is not None:
                constants[i] = constant
        inputs = _integers(subgraph.InputsAsNumpy(), subgraph.InputsLength())
        outputs = _integers(subgraph.OutputsAsNumpy(), subgraph.OutputsLength())
        return TfliteGraph(tuple(shapes), constants, tuple(operators), inputs, outputs)

    def _count(self, count: int, kind: str) -> int:
        if not 0 < count <= _COUNT_LIMIT:
            raise ModelError(f'{self._title} must have 1 to {_COUNT_LIMIT} {kind}, got {count}')
        return count

    def _operator(self, table: Any, names: dict[int, str]) -> Operator:
        code = self._model.OperatorCodes(table.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # files of before 2020 have only the latter
        name = names.get(number, f'number {number}')
        if name == 'CUSTOM':
            name = shorten(code.CustomCode().decode())
        outputs = _integers(table.OutputsAsNumpy(), table.OutputsLength())
        if len(outputs) != 1:
            raise ModelError(f'{self._title}: the operator {name} must have one output, got {len(outputs)}')
        custom = bytes(table.CustomOptionsAsNumpy()) if table.CustomOptionsLength() else b''
        return Operator(
            name, _integers(table.InputsAsNumpy(), table.InputsLength()), outputs[0], self._options(table, name), custom
        )

    def _options(self, table: Any, name: str) -> Any:
        if name not in _OPTIONS:
            return None
        options, union = getattr(self._schema, _OPTIONS[name])(), table.BuiltinOptions()
        if union is None:
            raise ModelError(f'{self._title}: the operator {name} has no options')
        options.Init(union.Bytes, union.Pos)
        return options

    def _constant(self, tensor: Any, shape: Shape) -> Constant | None:
        buffer = self._model.Buffers(tensor.Buffer())
        if buffer.DataLength() == 0:
            return None
        if tensor.Type() not in _DTYPES:
            raise ModelError(
                f'{self._title}: constants must be float32, float16 or int32 (0, 1, 2), got type {tensor.Type()}'
            )
        self._elements += math.prod(shape)
        if self._elements > _ELEMENT_LIMIT:
            raise ModelError(f'{self._title} has more than {_ELEMENT_LIMIT} constant values')
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), _DTYPES[tensor.Type()])
        sparsity = tensor.Sparsity()
        values = values.reshape(shape) if sparsity is None else _expand(values, shape, sparsity)
        if not np.isfinite(values).all():
            raise ModelError(f'{self._title} contains weights that are not finite numbers')
        return values


def _integers(values: Any, length: int) -> Shape:
    return tuple(map(int, values)) if length else ()


def _expand(values: Constant, shape: Shape, sparsity: Any) -> Constant:
    """Return the dense array of a sparse tensor in which each level is one axis, outermost first.

    Source: the comments on SparsityParameters and DimensionMetadata in the schema of TensorFlow Lite.

    Args:
        values: (V,), the values that are stored.
        shape: of the result.
        sparsity: SparsityParameters of the schema.

    Raises:
        ModelError: the levels are blocks or in another order, or contradict the shape.
    """
    order = _integers(sparsity.TraversalOrderAsNumpy(), sparsity.TraversalOrderLength())
    if order != tuple(range(len(shape))) or sparsity.BlockMapLength() or sparsity.DimMetadataLength() != len(shape):
        raise ModelError(f'sparse weights must be stored axis by axis, got the order {order} for the shape {shape}')
    total = math.prod(shape)
    positions = np.zeros(1, np.int64)  # of each node of the current level in the flattened axes so far
    for level, size in enumerate(shape):
        metadata = sparsity.DimMetadata(level)
        if metadata.Format() == 0:  # dense
            if len(positions) * size > total:
                raise ModelError(f'sparse weights of shape {shape} have more than {total} values')
            positions = (positions[:, np.newaxis] * size + np.arange(size)).ravel()
        else:
            segments = _index_vector(metadata.ArraySegments(), metadata.ArraySegmentsType())
            indices = _index_vector(metadata.ArrayIndices(), metadata.ArrayIndicesType())
            _check_level(segments, indices, len(positions), size)
            positions = np.repeat(positions, np.diff(segments)) * size + indices
    dense = np.zeros(total, values.dtype)
    dense[positions] = values
    return dense.reshape(shape)


def _check_level(segments: NDArray[np.int64], indices: NDArray[np.int64], nodes: int, size: int) -> None:
    """Raise ModelError unless the segments divide the indices among the nodes, and the indices are below the size."""
    divided = len(segments) == nodes + 1 and segments[0] == 0 and segments[-1] == len(indices)
    if not divided or (np.diff(segments) < 0).any() or (indices < 0).any() or (indices >= size).any():
        raise ModelError(f'sparse weights have indices that do not match {nodes} nodes and an axis of size {size}')


def _index_vector(table: Any, kind: int) -> NDArray[np.int64]:
    """Return a vector of a SparseIndexVector, which has 32, 16 or 8 bits."""
    import tflite

    classes = {1: tflite.Int32Vector, 2: tflite.Uint16Vector, 3: tflite.Uint8Vector}
    vector = classes[kind]()
    vector.Init(table.Bytes, table.Pos)
    values: NDArray[np.int64] = np.asarray(vector.ValuesAsNumpy()).astype(np.int64)
    return values
