# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes small .tflite files, with which the reader is tested where MediaPipe's files are absent."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

_TYPES = {'float32': 0, 'float16': 1, 'int32': 2}


class TfliteWriter:
    """A .tflite file under construction. Tensors are referred to by their indices."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(0)
        self._buffers = [self._buffer(b'')]
        self._tensors: list[int] = []
        self._operators: list[int] = []
        self._codes: list[int] = []

    def tensor(self, shape: tuple[int, ...]) -> int:
        """Add a tensor that is computed, or an input."""
        return self._tensor(shape, 0, 0, 0)

    def constant(self, values: NDArray[Any]) -> int:
        """Add a constant tensor of float32, float16 or int32."""
        self._buffers.append(self._buffer(values.tobytes()))
        return self._tensor(values.shape, _TYPES[values.dtype.name], len(self._buffers) - 1, 0)

    def sparse(self, values: NDArray[Any]) -> int:
        """Add a constant tensor with the last axis stored sparsely, as in MediaPipe's pose detection."""
        rows = values.reshape(-1, values.shape[-1])
        kept = rows != 0
        segments = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
        levels = [self._dense_level(size) for size in values.shape[:-1]]
        levels.append(self._sparse_level(segments, np.nonzero(kept)[1].astype(np.uint8)))
        dimensions = self._offsets(levels)
        order = self._vector(np.arange(values.ndim, dtype=np.int32))
        tflite.SparsityParametersStart(self._builder)
        tflite.SparsityParametersAddTraversalOrder(self._builder, order)
        tflite.SparsityParametersAddDimMetadata(self._builder, dimensions)
        sparsity = tflite.SparsityParametersEnd(self._builder)
        self._buffers.append(self._buffer(rows[kept].tobytes()))
        return self._tensor(values.shape, _TYPES[values.dtype.name], len(self._buffers) - 1, sparsity)

    def operator(self, name: str, inputs: list[int], output: int, kind: str = '', **options: int) -> int:
        """Append an operator and return its output.

        Args:
            name: such as 'CONV_2D'.
            inputs: indices of the input tensors.
            output: index of the output tensor.
            kind: the class of the schema for the options, such as 'Conv2DOptions'; empty if there are none.
            options: their fields, such as StrideH=2.
        """
        number = getattr(tflite.BuiltinOperator, name)
        table = None
        if kind:
            getattr(tflite, f'{kind}Start')(self._builder)
            for field, value in options.items():
                getattr(tflite, f'{kind}Add{field}')(self._builder, value)
            table = getattr(tflite, f'{kind}End')(self._builder)
        return self._append(number, '', inputs, output, kind, table, b'')

    def custom(self, name: str, inputs: list[int], output: int, options: bytes) -> int:
        """Append a custom operator and return its output."""
        return self._append(tflite.BuiltinOperator.CUSTOM, name, inputs, output, '', None, options)

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        """Return the file."""
        builder = self._builder
        tensors, operators = self._offsets(self._tensors), self._offsets(self._operators)
        first, last = self._vector(np.array(inputs, np.int32)), self._vector(np.array(outputs, np.int32))
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        tflite.SubGraphAddInputs(builder, first)
        tflite.SubGraphAddOutputs(builder, last)
        tflite.SubGraphAddOperators(builder, operators)
        subgraphs = self._offsets([tflite.SubGraphEnd(builder)])
        codes, buffers = self._offsets(self._codes), self._offsets(self._buffers)
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, 3)
        tflite.ModelAddOperatorCodes(builder, codes)
        tflite.ModelAddSubgraphs(builder, subgraphs)
        tflite.ModelAddBuffers(builder, buffers)
        builder.Finish(tflite.ModelEnd(builder), file_identifier=b'TFL3')
        return bytes(builder.Output())

    def _append(
        self, number: int, custom: str, inputs: list[int], output: int, kind: str, table: int | None, options: bytes
    ) -> int:
        builder = self._builder
        self._codes.append(self._code(number, custom))
        sources, targets = self._vector(np.array(inputs, np.int32)), self._vector(np.array([output], np.int32))
        custom_options = self._vector(np.frombuffer(options, np.uint8)) if options else None
        tflite.OperatorStart(builder)
        tflite.OperatorAddOpcodeIndex(builder, len(self._codes) - 1)
        tflite.OperatorAddInputs(builder, sources)
        tflite.OperatorAddOutputs(builder, targets)
        if table is not None:
            tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, kind))
            tflite.OperatorAddBuiltinOptions(builder, table)
        if custom_options is not None:
            tflite.OperatorAddCustomOptions(builder, custom_options)
        self._operators.append(tflite.OperatorEnd(builder))
        return output

    def _code(self, number: int, custom: str) -> int:
        name = self._builder.CreateString(custom) if custom else None
        tflite.OperatorCodeStart(self._builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self._builder, min(number, 127))
        tflite.OperatorCodeAddBuiltinCode(self._builder, number)
        tflite.OperatorCodeAddVersion(self._builder, 1)
        if name is not None:
            tflite.OperatorCodeAddCustomCode(self._builder, name)
        return tflite.OperatorCodeEnd(self._builder)

    def _tensor(self, shape: tuple[int, ...], kind: int, buffer: int, sparsity: int) -> int:
        name, sizes = self._builder.CreateString(f'tensor{len(self._tensors)}'), self._vector(np.array(shape, np.int32))
        tflite.TensorStart(self._builder)
        tflite.TensorAddShape(self._builder, sizes)
        tflite.TensorAddType(self._builder, kind)
        tflite.TensorAddBuffer(self._builder, buffer)
        tflite.TensorAddName(self._builder, name)
        if sparsity:
            tflite.TensorAddSparsity(self._builder, sparsity)
        self._tensors.append(tflite.TensorEnd(self._builder))
        return len(self._tensors) - 1

    def _buffer(self, data: bytes) -> int:
        self._builder.StartVector(1, len(data), 16)
        self._builder.head -= len(data)
        self._builder.Bytes[self._builder.head : self._builder.head + len(data)] = data
        content = self._builder.EndVector()
        tflite.BufferStart(self._builder)
        tflite.BufferAddData(self._builder, content)
        return tflite.BufferEnd(self._builder)

    def _dense_level(self, size: int) -> int:
        tflite.DimensionMetadataStart(self._builder)
        tflite.DimensionMetadataAddFormat(self._builder, 0)
        tflite.DimensionMetadataAddDenseSize(self._builder, size)
        return tflite.DimensionMetadataEnd(self._builder)

    def _sparse_level(self, segments: NDArray[np.int32], indices: NDArray[np.uint8]) -> int:
        offsets = self._vector(segments)
        tflite.Int32VectorStart(self._builder)
        tflite.Int32VectorAddValues(self._builder, offsets)
        segment_table = tflite.Int32VectorEnd(self._builder)
        offsets = self._vector(indices)
        tflite.Uint8VectorStart(self._builder)
        tflite.Uint8VectorAddValues(self._builder, offsets)
        index_table = tflite.Uint8VectorEnd(self._builder)
        tflite.DimensionMetadataStart(self._builder)
        tflite.DimensionMetadataAddFormat(self._builder, 1)
        tflite.DimensionMetadataAddArraySegmentsType(self._builder, 1)
        tflite.DimensionMetadataAddArraySegments(self._builder, segment_table)
        tflite.DimensionMetadataAddArrayIndicesType(self._builder, 3)
        tflite.DimensionMetadataAddArrayIndices(self._builder, index_table)
        return tflite.DimensionMetadataEnd(self._builder)

    def _vector(self, values: NDArray[Any]) -> int:
        return self._builder.CreateNumpyVector(values)

    def _offsets(self, offsets: list[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return self._builder.EndVector()
