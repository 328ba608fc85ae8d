"""The mean of the student's recent selves, which is steadier than the last one."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Exponential moving average of a module's weights and of its batch norm's statistics.

    Args:
        module: the one that learns.
        decay: weight of the past at each step, once there is one.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the module as it is after this step."""
        decay = min(self._decay, (1 + step) / (10 + step))
        now = module.state_dict()
        for name, value in self.module.state_dict().items():
            if value.is_floating_point():
                value.lerp_(now[name], 1 - decay)
            else:
                value.copy_(now[name])
