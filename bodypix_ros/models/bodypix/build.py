# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Builds the ONNX network of a BodyPix checkpoint."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from .mobilenet import build_mobilenet
from .resnet import build_resnet
from .tfjs import Weights


def build_onnx(
    weights: Weights,
    architecture: str,
    multiplier: float,
    stride: int,
    dilation: str,
    heads: Sequence[str],
    version: int,
) -> onnx.ModelProto:
    """Build the ONNX network of a checkpoint.

    Args:
        weights: tensors by their official names.
        architecture: 'mobilenet_v1' or 'resnet50'.
        multiplier: width of MobileNetV1; ignored for ResNet50.
        stride: 8, 16 or 32 input pixels per output cell.
        dilation: 'trained' or 'tfjs'; ignored for BodyPix 1, which never had the malformed dilations.
        heads: names of the heads, in the order of the output channels.
        version: of BodyPix, 1 or 2.

    Returns:
        A model from 'input' (N, 3, h, w) float32 to 'heads' (N, C, oh, ow) float32.

    Raises:
        ModelError: weights are missing, or their shapes do not match each other.
    """
    if architecture == 'resnet50':
        return build_resnet(weights, stride, dilation, heads)
    return build_mobilenet(weights, multiplier, stride, 'trained' if version == 1 else dilation, heads)
