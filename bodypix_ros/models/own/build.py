# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The graph of our network: EfficientNet-Lite0, a decoder from stride 32 to stride 4, and two outputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..graph import GraphBuilder
from .weights import Weights


class _Stage(NamedTuple):
    """Blocks of one resolution; the first has the stride of the stage, the others 1."""

    blocks: int
    stride: int
    expanded: bool


_STAGES = (
    _Stage(1, 1, False),
    _Stage(2, 2, True),
    _Stage(2, 2, True),
    _Stage(3, 2, True),
    _Stage(3, 1, True),
    _Stage(4, 2, True),
    _Stage(1, 1, True),
)
"""EfficientNet-Lite0 after its stem of stride 2."""

FINE_CHANNELS, POSE_CHANNELS = 25, 149


def build_own(weights: Weights, *, people: bool) -> onnx.ModelProto:
    """Build the network.

    Args:
        weights: with batch norm folded, see `weights`.
        people: whether to include the output 'pose'.

    Returns:
        A model from 'input' (N, 3, h, w) float32, RGB in -1..1, h and w a multiple of 16 plus one, to
        'fine' (N, 25, (h - 1) / 4 + 1, (w - 1) / 4 + 1): logits of a person and of the 24 parts (BodyPix 2 order), and
        'pose' (N, 149, (h - 1) / 16 + 1, (w - 1) / 16 + 1): 17 heatmaps, 34 short offsets, 32 forward and 32 backward
        displacements and 34 long offsets, as in BodyPix.

    Raises:
        ModelError: weights are missing.
    """
    graph = _OwnGraph(weights)
    stride4, stride8, stride16, stride32 = graph.encoder('input')
    context = graph.multiply(graph.conv(stride32, 'c5', relu=True), graph.attention(stride32))
    features = graph.separable(graph.merge(context, stride16, 'l4'), 's4')
    pose = graph.conv(graph.separable(features, 'pose.0'), 'pose.1', output='pose') if people else None
    features = graph.separable(graph.merge(graph.conv(features, 't4', relu=True), stride8, 'l3'), 's3')
    features = graph.separable(graph.merge(graph.conv(features, 't3', relu=True), stride4, 'l2'), 's2')
    graph.conv(graph.separable(features, 's1'), 'fine', output='fine')
    outputs = [helper.make_tensor_value_info('fine', TensorProto.FLOAT, ['n', FINE_CHANNELS, 'h4', 'w4'])]
    if pose is not None:
        outputs.append(helper.make_tensor_value_info('pose', TensorProto.FLOAT, ['n', POSE_CHANNELS, 'h16', 'w16']))
    return graph.model([helper.make_tensor_value_info('input', TensorProto.FLOAT, ['n', 3, 'h', 'w'])], outputs)


class _OwnGraph(GraphBuilder):
    """The building blocks of our network; all methods take and return names of values."""

    def encoder(self, value: str) -> list[str]:
        """Append EfficientNet-Lite0; return its features at strides 4, 8, 16 and 32."""
        value = self.conv(value, 'enc.stem', stride=2, relu=True)
        ends, index = [], 0
        for stage in _STAGES:
            for block in range(stage.blocks):
                value = self._block(value, f'enc.blocks.{index}', stage, stage.stride if block == 0 else 1, block > 0)
                index += 1
            ends.append(value)
        return [ends[1], ends[2], ends[4], ends[6]]

    def _block(self, value: str, name: str, stage: _Stage, stride: int, residual: bool) -> str:
        """Append an inverted residual: expand, filter each channel, project."""
        wide = self.conv(value, f'{name}.expand', relu=True) if stage.expanded else value
        wide = self.conv(wide, f'{name}.dw', stride=stride, relu=True)
        narrow = self.conv(wide, f'{name}.proj')
        return self.add('Add', [value, narrow], f'{name}/sum') if residual else narrow

    def separable(self, value: str, name: str) -> str:
        """Append a depthwise convolution without activation and a pointwise one with Relu6."""
        return self.conv(self.conv(value, f'{name}.0'), f'{name}.1', relu=True)

    def attention(self, value: str) -> str:
        """Append a weight of each channel, 0..1, from the mean of the whole picture: (N, channels, 1, 1)."""
        mean = self.add('GlobalAveragePool', [value], 'pool/mean')
        return self.add('HardSigmoid', [self.conv(mean, 'pool.0')], 'pool/gate', alpha=1 / 6, beta=0.5)

    def multiply(self, value: str, factor: str) -> str:
        """Append a product."""
        return self.add('Mul', [value, factor], f'{value}/gated')

    def merge(self, coarse: str, fine: str, name: str) -> str:
        """Upsample coarse features to the size of finer ones (aligned corners), and add a projection of the latter."""
        lateral = self.conv(fine, name, relu=True)
        size = self.add('Shape', [lateral], f'{name}/shape')
        size = self.add('Slice', [size, *self._bounds(2, 4)], f'{name}/size')
        channels = self.add('Slice', [self.add('Shape', [coarse], f'{name}/coarse'), *self._bounds(0, 2)], f'{name}/nc')
        enlarged = self.add(
            'Resize',
            [coarse, '', '', self.add('Concat', [channels, size], f'{name}/target', axis=0)],
            f'{name}/enlarged',
            mode='linear',
            coordinate_transformation_mode='align_corners',
        )
        return self.add('Add', [enlarged, lateral], f'{name}/sum')

    def _bounds(self, start: int, stop: int) -> list[str]:
        return [self.constant(f'int{one}', np.array([one], np.int64)) for one in (start, stop)]

    def conv(self, value: str, name: str, *, stride: int = 1, relu: bool = False, output: str = '') -> str:
        """Append the convolution with this name in the weights; it is depthwise if its kernels have one input."""
        kernel = self.weight(f'{name}/kernel')
        groups = kernel.shape[0] if kernel.shape[1] == 1 else 1
        result = self.convolution(
            value, output or name, kernel, self.weight(f'{name}/bias'), stride=stride, groups=groups
        )
        if not relu:
            return result
        low, high = self.constant('zero', np.float32(0)), self.constant('six', np.float32(6))
        return self.add('Clip', [result, low, high], f'{name}/relu6')
