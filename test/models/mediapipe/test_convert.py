# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every operator on small networks that the test writes, computed with NumPy and OpenCV, and by LiteRT if installed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ModelError
from bodypix_ros.models.mediapipe.convert import build_onnx

pytest.importorskip('tflite', reason='needs the package tflite')

from tflite_writer import TfliteWriter

SAME, VALID = 0, 1
RELU, RELU6 = 1, 3
Array = NDArray[np.float32]
_RANDOM = np.random.default_rng(3)


def random(*shape: int) -> Array:
    return _RANDOM.normal(size=shape).astype(np.float32)


PICTURES = random(2, 6, 8, 3)
"""Two inputs with channels last, (2, 6, 8, 3)."""


def network(
    add: Callable[[TfliteWriter, int, int], None], shape: tuple[int, ...], source: tuple[int, ...] = (6, 8, 3)
) -> bytes:
    """Return a file with one operator, which `add` appends, from the input to an output of this shape."""
    writer = TfliteWriter()
    first, last = writer.tensor((1, *source)), writer.tensor((1, *shape))
    add(writer, first, last)
    return writer.finish([first], [last])


def run(data: bytes, shape: tuple[int, ...], pictures: Array = PICTURES) -> Array:
    """Return the output of the ONNX for a batch, with channels last."""
    first = (*shape[2:], *shape[:2]) if len(shape) == 3 else shape
    model = build_onnx(data, 'test.tflite', pictures.shape[1:3], {'output': first})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    output = session.run(None, {'input': pictures.transpose(0, 3, 1, 2)})[0]
    return output.transpose(0, 2, 3, 1) if output.ndim == 4 else output


def check(data: bytes, shape: tuple[int, ...], expected: Array) -> None:
    """Compare the ONNX with the expected output, and with LiteRT where it is installed."""
    output = run(data, shape)
    assert output.shape == (2, *shape)
    np.testing.assert_allclose(output, expected, atol=1e-5)
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for picture, one in zip(PICTURES, output, strict=True):
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], picture[np.newaxis])
        interpreter.invoke()
        np.testing.assert_allclose(
            one, interpreter.get_tensor(interpreter.get_output_details()[0]['index'])[0], atol=1e-5
        )


def convolved(pictures: Array, kernel: Array, bias: Array, stride: int, top: int, left: int) -> Array:
    """Convolve with loops over the taps; kernel (out, height, width, in), padding at the top and on the left."""
    count, height, width, _ = pictures.shape
    rows, columns = -(-height // stride), -(-width // stride)
    padded = np.pad(pictures, ((0, 0), (top, 9), (left, 9), (0, 0)))
    output = np.zeros((count, rows, columns, len(kernel)), np.float32) + bias
    for y in range(kernel.shape[1]):
        for x in range(kernel.shape[2]):
            taps = padded[:, y : y + rows * stride : stride, x : x + columns * stride : stride]
            output += taps @ kernel[:, y, x].T
    return output


def test_same_padding_adds_the_odd_pixel_at_bottom_and_right() -> None:
    kernel, bias = random(4, 3, 3, 3), random(4)
    data = network(
        lambda writer, first, last: writer.operator(
            'CONV_2D', [first, writer.constant(kernel), writer.constant(bias)], last, 'Conv2DOptions',
            Padding=SAME, StrideH=2, StrideW=2, DilationHFactor=1, DilationWFactor=1, FusedActivationFunction=RELU6,
        ),
        (3, 4, 4),
    )  # fmt: skip
    check(data, (3, 4, 4), np.clip(convolved(PICTURES, kernel, bias, 2, 0, 0), 0, 6))


def test_a_depthwise_convolution_has_a_kernel_for_each_channel() -> None:
    kernel, bias = random(1, 3, 3, 3), random(3)
    data = network(
        lambda writer, first, last: writer.operator(
            'DEPTHWISE_CONV_2D', [first, writer.constant(kernel), writer.constant(bias)], last,
            'DepthwiseConv2DOptions', Padding=SAME, StrideH=1, StrideW=1, DepthMultiplier=1,
            DilationHFactor=1, DilationWFactor=1,
        ),
        (6, 8, 3),
    )  # fmt: skip
    dense = np.zeros((3, 3, 3, 3), np.float32)
    for channel in range(3):
        dense[channel, :, :, channel] = kernel[0, :, :, channel]
    check(data, (6, 8, 3), convolved(PICTURES, dense, bias, 1, 1, 1))


def test_weights_of_float16_are_converted() -> None:
    slope = np.array([[[0.1, 0.2, 0.3]]], np.float16)

    def add(writer: TfliteWriter, first: int, last: int) -> None:
        slopes = writer.operator('DEQUANTIZE', [writer.constant(slope)], writer.tensor((1, 1, 3)))
        writer.operator('PRELU', [first, slopes], last)

    check(network(add, (6, 8, 3)), (6, 8, 3), np.where(PICTURES < 0, PICTURES * slope.astype(np.float32), PICTURES))


def test_sparse_weights_are_expanded() -> None:
    kernel = random(5, 1, 1, 3)
    kernel[[0, 2, 2, 4], 0, 0, [1, 0, 2, 0]] = 0

    def add(writer: TfliteWriter, first: int, last: int) -> None:
        dense = writer.operator('DENSIFY', [writer.sparse(kernel)], writer.tensor(kernel.shape), 'DensifyOptions')
        writer.operator(
            'CONV_2D', [first, dense, writer.constant(np.zeros(5, np.float32))], last, 'Conv2DOptions',
            Padding=VALID, StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1,
        )  # fmt: skip

    output = run(network(add, (6, 8, 5)), (6, 8, 5))  # LiteRT accepts DENSIFY of float32 only with XNNPACK
    np.testing.assert_allclose(output, PICTURES @ kernel[:, 0, 0].T, atol=1e-5)


def test_the_transposed_convolution_of_mediapipe_doubles_the_size() -> None:
    kernel, bias = random(1, 2, 2, 3), random(1)
    data = network(
        lambda writer, first, last: writer.custom(
            'Convolution2DTransposeBias', [first, writer.constant(kernel), writer.constant(bias)], last,
            np.array([1, 2, 2], '<i4').tobytes(),
        ),
        (12, 16, 1),
    )  # fmt: skip
    expected = np.zeros((2, 12, 16, 1), np.float32)
    for y in range(2):
        for x in range(2):
            expected[:, y::2, x::2, 0] = PICTURES @ kernel[0, y, x] + bias
    np.testing.assert_allclose(run(data, (12, 16, 1)), expected, atol=1e-5)


def test_bilinear_resizing_with_half_pixel_centers_is_that_of_opencv() -> None:
    data = network(
        lambda writer, first, last: writer.operator(
            'RESIZE_BILINEAR', [first, writer.constant(np.array([12, 16], np.int32))], last, 'ResizeBilinearOptions',
            HalfPixelCenters=True,
        ),
        (12, 16, 3),
    )  # fmt: skip
    check(data, (12, 16, 3), np.stack([cv2.resize(picture, (16, 12)) for picture in PICTURES]))


def test_depth_to_space_takes_the_channels_of_a_block_in_rows() -> None:
    data = network(
        lambda writer, first, last: writer.operator(
            'DEPTH_TO_SPACE', [
                writer.operator(
                    'CONV_2D',
                    [first, writer.constant(np.eye(8, 3, dtype=np.float32).reshape(8, 1, 1, 3)),
                     writer.constant(np.arange(8, dtype=np.float32))],
                    writer.tensor((1, 6, 8, 8)), 'Conv2DOptions', Padding=VALID, StrideH=1, StrideW=1,
                    DilationHFactor=1, DilationWFactor=1,
                )
            ], last, 'DepthToSpaceOptions', BlockSize=2,
        ),
        (12, 16, 2),
    )  # fmt: skip
    deep = np.arange(8, dtype=np.float32) + np.pad(PICTURES, ((0, 0), (0, 0), (0, 0), (0, 5)))
    expected = np.zeros((2, 12, 16, 2), np.float32)
    for y in range(2):
        for x in range(2):
            expected[:, y::2, x::2] = deep[..., (2 * y + x) * 2 : (2 * y + x) * 2 + 2]
    check(data, (12, 16, 2), expected)


@pytest.mark.parametrize(('operator', 'function'), [('MAX_POOL_2D', np.max), ('AVERAGE_POOL_2D', np.mean)])
def test_pooling(operator: str, function: Callable[..., Array]) -> None:
    data = network(
        lambda writer, first, last: writer.operator(
            operator, [first], last, 'Pool2DOptions', Padding=VALID, StrideH=2, StrideW=2, FilterHeight=2,
            FilterWidth=2,
        ),
        (3, 4, 3),
    )  # fmt: skip
    check(data, (3, 4, 3), function(PICTURES.reshape(2, 3, 2, 4, 2, 3), axis=(2, 4)))


def test_pads_are_those_of_height_width_and_channels() -> None:
    amounts = np.array([[0, 0], [1, 2], [3, 0], [0, 4]], np.int32)
    data = network(
        lambda writer, first, last: writer.operator(
            'PAD', [first, writer.constant(amounts)], last, 'PadOptions'
        ),
        (9, 11, 7),
    )  # fmt: skip
    check(data, (9, 11, 7), np.pad(PICTURES, amounts.tolist()))


def test_a_table_of_rows_is_flattened_with_channels_last() -> None:
    def add(writer: TfliteWriter, first: int, last: int) -> None:
        target = writer.constant(np.array([1, -1, 3], np.int32))
        rows = writer.operator('RESHAPE', [first, target], writer.tensor((1, 48, 3)), 'ReshapeOptions')
        writer.operator('CONCATENATION', [rows, rows], last, 'ConcatenationOptions', Axis=1)

    rows = PICTURES.reshape(2, 48, 3)
    check(network(add, (96, 3)), (96, 3), np.concatenate([rows, rows], axis=1))


def test_mean_and_matrix() -> None:
    weights, bias = random(4, 3), random(4)

    def add(writer: TfliteWriter, first: int, last: int) -> None:
        axes = writer.constant(np.array([1, 2], np.int32))
        mean = writer.operator('MEAN', [first, axes], writer.tensor((1, 3)), 'ReducerOptions', KeepDims=False)
        product = writer.operator(
            'FULLY_CONNECTED',
            [mean, writer.constant(weights), writer.constant(bias)],
            writer.tensor((1, 4)),
            'FullyConnectedOptions',
        )
        writer.operator('LOGISTIC', [product], last)

    product = PICTURES.mean(axis=(1, 2)) @ weights.T + bias
    check(network(add, (4,)), (4,), 1 / (1 + np.exp(-product)))


def test_sums_products_and_activations() -> None:
    def add(writer: TfliteWriter, first: int, last: int) -> None:
        swished = writer.operator('HARD_SWISH', [first], writer.tensor((1, 6, 8, 3)))
        positive = writer.operator('RELU', [first], writer.tensor((1, 6, 8, 3)))
        factor = writer.constant(np.array([1, 2, 3], np.float32).reshape(1, 1, 1, 3))
        product = writer.operator('MUL', [positive, factor], writer.tensor((1, 6, 8, 3)), 'MulOptions')
        writer.operator('ADD', [swished, product], last, 'AddOptions', FusedActivationFunction=RELU)

    swished = PICTURES * np.clip(PICTURES + 3, 0, 6) / 6
    product = np.maximum(PICTURES, 0) * np.array([1, 2, 3])
    check(network(add, (6, 8, 3)), (6, 8, 3), np.maximum(swished + product, 0))


def test_an_unknown_operator_is_named() -> None:
    data = network(lambda writer, first, last: writer.operator('FLOOR', [first], last), (6, 8, 3))
    with pytest.raises(ModelError, match='test.tflite has the operator FLOOR, which is not supported'):
        run(data, (6, 8, 3))


def test_a_network_of_other_shapes_is_refused() -> None:
    data = network(lambda writer, first, last: writer.operator('RELU', [first], last), (6, 8, 3))
    with pytest.raises(ModelError, match='must have an input and outputs of the shapes'):
        run(data, (6, 8, 4))


def test_a_tensor_that_is_used_before_it_is_computed_is_an_error() -> None:
    data = network(lambda writer, first, last: writer.operator('RELU', [writer.tensor((1, 6, 8, 3))], last), (6, 8, 3))
    with pytest.raises(ModelError, match='RELU uses the tensor 2 before it is computed'):
        run(data, (6, 8, 3))


def test_a_shape_that_contradicts_the_operators_is_an_error() -> None:
    def add(writer: TfliteWriter, first: int, last: int) -> None:
        wrong = writer.operator('RELU', [first], writer.tensor((1, 6, 9, 3)))
        writer.operator('MUL', [wrong, wrong], last, 'MulOptions')

    with pytest.raises(ModelError, match='must have the shape'):
        run(network(add, (6, 8, 3)), (6, 8, 3))
