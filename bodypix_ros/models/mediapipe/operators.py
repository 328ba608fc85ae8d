# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The operators of .tflite files in terms of ONNX.

In .tflite files pictures are (N, height, width, channels), in ONNX (N, channels, height, width).

Source: the reference kernels of TensorFlow Lite, and for Convolution2DTransposeBias MediaPipe's custom operator.
"""

from __future__ import annotations

import struct

import numpy as np

from ...errors import ModelError
from .conversion import CHANNELS_FIRST, Conversion
from .tflite_file import Constant, Operator, Shape

_SAME = 0  # tflite.Padding.SAME
_CUSTOM_SAME = 1  # kTfLitePaddingSame of the C structures in custom options


def keep_constant(conversion: Conversion, operator: Operator) -> None:
    """DEQUANTIZE of float16 and DENSIFY: the reader has expanded sparse constants, and `constant` converts float16."""
    conversion.constants[operator.output] = conversion.constant(operator, 0)


def convolve(conversion: Conversion, operator: Operator) -> None:
    """CONV_2D; weights (out, height, width, in)."""
    kernel = conversion.constant(operator, 1).transpose(CHANNELS_FIRST)
    _convolve(conversion, operator, kernel, 1)


def convolve_depthwise(conversion: Conversion, operator: Operator) -> None:
    """DEPTHWISE_CONV_2D; weights (1, height, width, out)."""
    kernel = conversion.constant(operator, 1).transpose(3, 0, 1, 2)
    _convolve(conversion, operator, kernel, conversion.shape(operator)[3])


def _convolve(conversion: Conversion, operator: Operator, kernel: Constant, groups: int) -> None:
    options = operator.options
    strides = (options.StrideH(), options.StrideW())
    dilations = (options.DilationHFactor(), options.DilationWFactor())
    window = [(size - 1) * dilation + 1 for size, dilation in zip(kernel.shape[2:], dilations, strict=True)]
    conversion.emit(
        operator,
        'Conv',
        [
            conversion.value(operator),
            conversion.weights(operator, 'kernel', kernel),
            conversion.weights(operator, 'bias', conversion.bias(operator, 2, len(kernel))),
        ],
        kernel_shape=kernel.shape[2:],
        strides=strides,
        dilations=dilations,
        pads=_pads(options.Padding(), conversion.shape(operator)[1:3], window, strides),
        group=groups,
    )


def _pads(padding: int, sizes: Shape, window: list[int], strides: tuple[int, int]) -> list[int]:
    """Return the padding at top, left, bottom and right; SAME adds the odd pixel at bottom and right."""
    if padding != _SAME:
        return [0, 0, 0, 0]
    totals = [
        max((-(-size // stride) - 1) * stride + extent - size, 0)
        for size, extent, stride in zip(sizes, window, strides, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def convolve_transposed(conversion: Conversion, operator: Operator) -> None:
    """Convolution2DTransposeBias of MediaPipe; weights (out, height, width, in)."""
    padding, stride_x, stride_y = struct.unpack('<3i', operator.custom[:12])
    kernel = conversion.constant(operator, 1).transpose(3, 0, 1, 2)
    if (padding, stride_y, stride_x) != (_CUSTOM_SAME, *kernel.shape[2:]):
        raise ModelError(
            f'{operator.name} must have SAME padding (1) and strides equal to its kernel {kernel.shape[2:]}, got '
            f'padding {padding} and strides {(stride_y, stride_x)}'
        )
    conversion.emit(
        operator,
        'ConvTranspose',
        [
            conversion.value(operator),
            conversion.weights(operator, 'kernel', kernel),
            conversion.weights(operator, 'bias', conversion.bias(operator, 2, kernel.shape[1])),
        ],
        kernel_shape=kernel.shape[2:],
        strides=(stride_y, stride_x),
    )


def average_pool(conversion: Conversion, operator: Operator) -> None:
    """AVERAGE_POOL_2D; padding does not count."""
    _pool(conversion, operator, 'AveragePool', count_include_pad=0)


def max_pool(conversion: Conversion, operator: Operator) -> None:
    """MAX_POOL_2D."""
    _pool(conversion, operator, 'MaxPool')


def _pool(conversion: Conversion, operator: Operator, onnx_operator: str, **attributes: int) -> None:
    options = operator.options
    window, strides = [options.FilterHeight(), options.FilterWidth()], (options.StrideH(), options.StrideW())
    pads = _pads(options.Padding(), conversion.shape(operator)[1:3], window, strides)
    conversion.emit(
        operator,
        onnx_operator,
        [conversion.value(operator)],
        kernel_shape=window,
        strides=strides,
        pads=pads,
        **attributes,
    )


def multiply_matrix(conversion: Conversion, operator: Operator) -> None:
    """FULLY_CONNECTED of a table (N, in); weights (out, in)."""
    weights = conversion.constant(operator, 1)
    if len(conversion.shape(operator)) != 2:
        raise ModelError(f'{operator.name} must have an input of two axes, got {conversion.shape(operator)}')
    conversion.emit(
        operator,
        'Gemm',
        [
            conversion.value(operator),
            conversion.weights(operator, 'weights', weights),
            conversion.weights(operator, 'bias', conversion.bias(operator, 2, len(weights))),
        ],
        transB=1,
    )


def add(conversion: Conversion, operator: Operator) -> None:
    """ADD."""
    _elementwise(conversion, operator, 'Add')


def multiply(conversion: Conversion, operator: Operator) -> None:
    """MUL."""
    _elementwise(conversion, operator, 'Mul')


def _elementwise(conversion: Conversion, operator: Operator, onnx_operator: str) -> None:
    """Append an operator with two inputs, which are broadcast only if they have the same number of axes."""
    shapes = [conversion.shape(operator, position) for position in (0, 1)]
    if len(shapes[0]) != len(shapes[1]):
        raise ModelError(f'{operator.name} must have inputs with the same number of axes, got {shapes}')
    conversion.emit(operator, onnx_operator, [conversion.value(operator, 0), conversion.value(operator, 1)])


def hard_swish(conversion: Conversion, operator: Operator) -> None:
    """HARD_SWISH: x * clip(x + 3, 0, 6) / 6."""
    conversion.emit(operator, 'HardSwish', [conversion.value(operator)])


def logistic(conversion: Conversion, operator: Operator) -> None:
    """LOGISTIC."""
    conversion.emit(operator, 'Sigmoid', [conversion.value(operator)])


def relu(conversion: Conversion, operator: Operator) -> None:
    """RELU."""
    conversion.emit(operator, 'Relu', [conversion.value(operator)])


def prelu(conversion: Conversion, operator: Operator) -> None:
    """PRELU with one slope for each channel, (1, 1, channels)."""
    slope = conversion.constant(operator, 1)
    if slope.shape[:-1] != (1, 1):
        raise ModelError(f'{operator.name} must have slopes of shape (1, 1, channels), got {slope.shape}')
    conversion.emit(
        operator, 'PRelu', [conversion.value(operator), conversion.weights(operator, 'slope', slope.reshape(-1, 1, 1))]
    )


def mean(conversion: Conversion, operator: Operator) -> None:
    """MEAN over height and width."""
    axes = conversion.constant(operator, 1).ravel().tolist()
    if sorted(axes) != [1, 2] or len(conversion.shape(operator)) != 4:
        raise ModelError(f'{operator.name} must be over the axes 1 and 2 of a picture, got the axes {axes}')
    conversion.emit(
        operator, 'ReduceMean', [conversion.value(operator)], axes=[2, 3], keepdims=int(operator.options.KeepDims())
    )


def pad(conversion: Conversion, operator: Operator) -> None:
    """PAD with zeros; the amounts are (axes, 2), before and after."""
    amounts = conversion.constant(operator, 1)
    if amounts.shape != (4, 2) or amounts[0].any() or amounts.min() < 0:
        raise ModelError(f'{operator.name} must extend the axes 1 to 3 of a picture, got {amounts.tolist()}')
    pads = amounts[list(CHANNELS_FIRST)].T.ravel().astype(np.int64)
    conversion.emit(operator, 'Pad', [conversion.value(operator), conversion.weights(operator, 'pads', pads)])


def concatenate(conversion: Conversion, operator: Operator) -> None:
    """CONCATENATION along any axis but the batch."""
    shape = conversion.output_shape(operator)
    axis = operator.options.Axis() % len(shape)
    if axis == 0:
        raise ModelError(f'{operator.name} must not be along the batch')
    axis = CHANNELS_FIRST.index(axis) if len(shape) == 4 else axis
    values = [conversion.value(operator, position) for position in range(len(operator.inputs))]
    conversion.emit(operator, 'Concat', values, axis=axis)


def depth_to_space(conversion: Conversion, operator: Operator) -> None:
    """DEPTH_TO_SPACE."""
    conversion.emit(
        operator, 'DepthToSpace', [conversion.value(operator)], blocksize=operator.options.BlockSize(), mode='DCR'
    )


def reshape(conversion: Conversion, operator: Operator) -> None:
    """RESHAPE that keeps the batch, which is 1 in the file and copied from the input in ONNX."""
    shape, target = conversion.shape(operator), conversion.output_shape(operator)
    if shape[:1] != (1,) or target[:1] != (1,) or len(target) == 4:
        raise ModelError(f'{operator.name} must flatten a batch of 1, got {shape} to {target}')
    value = conversion.value(operator)
    if len(shape) == 4:
        value = conversion.helper(operator, 'Transpose', [value], perm=[0, 2, 3, 1])
    sizes = conversion.weights(operator, 'shape', np.array([0, *target[1:]], np.int64))
    conversion.emit(operator, 'Reshape', [value, sizes])


def resize_bilinear(conversion: Conversion, operator: Operator) -> None:
    """RESIZE_BILINEAR by a whole factor."""
    shape, target = conversion.shape(operator), conversion.output_shape(operator)
    factors = [after // before for before, after in zip(shape[1:3], target[1:3], strict=True)]
    if operator.options.AlignCorners() or [size * by for size, by in zip(shape[1:3], factors, strict=True)] != [
        *target[1:3]
    ]:
        raise ModelError(
            f'{operator.name} must enlarge by a whole factor without align_corners, got {shape} to {target}'
        )
    scales = conversion.weights(operator, 'scales', np.array([1, 1, *factors], np.float32))
    conversion.emit(
        operator,
        'Resize',
        [conversion.value(operator), '', scales],
        mode='linear',
        coordinate_transformation_mode='half_pixel' if operator.options.HalfPixelCenters() else 'asymmetric',
    )
