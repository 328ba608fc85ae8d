"""The student: MobileNetV1 as the package builds it, with batch norm while it learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS, PEOPLE_HEADS
from bodypix_ros.models.bodypix.mobilenet import LAYERS, layer_plan

STRIDE = 16
"""Output stride that the student learns at, which is its natural one."""

_WIDTHS = (64, 128, 128, 256, 256, *[512] * (LAYERS - 5))  # the narrow checkpoints do not double at layer 12
_FIRST_WIDTH = 32
OUTPUTS = sum(HEAD_CHANNELS[head] for head in PEOPLE_HEADS)


class Block(nn.Sequential):
    """Convolution, batch norm, Relu6."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1):
        padding = dilation * (kernel - 1) // 2
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
            nn.ReLU6(inplace=True),
        )

    @property
    def convolution(self) -> nn.Conv2d:
        """The convolution, which has no bias."""
        return self[0]

    @property
    def norm(self) -> nn.BatchNorm2d:
        """The batch norm after it."""
        return self[1]


class Student(nn.Module):
    """From pictures to all heads of BodyPix.

    Args:
        multiplier: width, 0.25, 0.5 or 0.75.
    """

    def __init__(self, multiplier: float) -> None:
        super().__init__()
        self.multiplier = multiplier
        width = round(_FIRST_WIDTH * multiplier)
        self.first = Block(3, width, 3, stride=2)
        self.depthwise, self.pointwise = nn.ModuleList(), nn.ModuleList()
        for layer, full in zip(layer_plan(multiplier, STRIDE), _WIDTHS, strict=True):
            self.depthwise.append(Block(width, width, 3, layer.stride, layer.rate, groups=width))
            self.pointwise.append(Block(width, round(full * multiplier), 1))
            width = round(full * multiplier)
        self.heads = nn.Conv2d(width, OUTPUTS, 1)
        self.apply(_start)
        with torch.no_grad():
            self.heads.bias[: 1 + HEAD_CHANNELS['part_heatmaps'] + HEAD_CHANNELS['heatmaps']] = -2.0

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (n, 174, h / 16 + 1, w / 16 + 1), heads in the order of PEOPLE_HEADS.

        Args:
            pictures: (n, 3, h + 1, w + 1) RGB in -1..1; h and w multiples of 16.
        """
        value = self.first(pictures)
        for depthwise, pointwise in zip(self.depthwise, self.pointwise, strict=True):
            value = pointwise(depthwise(value))
        return self.heads(value)


def _start(module: nn.Module) -> None:
    """Begin with random numbers."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
        if module.bias is not None:
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
