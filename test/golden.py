# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The golden cases: what the JavaScript library gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.2, 0.5, 0.7)
CASES = (
    'astronaut_512x512__s16__r0.37',
    'astronaut_512x512__s16__rmedium',
    'astronaut_512x512__s8__rmedium',
    'karolina_640x480__s16__r0.37',
    'karolina_640x480__s16__rfull',
    'karolina_640x480__s16__rmedium',
    'karolina_640x480__s8__rmedium',
    'karolina_640x480__s8d22__rmedium',
    'messi_548x342__s16__rfull',
    'messi_548x342__s16__rhigh',
    'messi_548x342__s16__rmedium',
    'messi_548x342__s8__rmedium',
    'messi_548x342__s8d22__rmedium',
    'three_people_1049x861__s16__rmedium',
    'three_people_1049x861__s8__rmedium',
    'three_people_1049x861__s8d22__rmedium',
)
CASES_WITH_LOGITS = (
    'astronaut_512x512__s16__r0.37',
    'karolina_640x480__s16__rmedium',
    'karolina_640x480__s8__rmedium',
    'karolina_640x480__s8d22__rmedium',
    'messi_548x342__s16__rmedium',
)


@dataclass(frozen=True)
class Golden:
    """One case: a picture, options, and the library's results."""

    name: str
    folder: Path
    options: dict[str, Any]

    @classmethod
    def load(cls, shared: Path, name: str) -> Golden:
        cases = json.loads((shared / 'golden' / 'manifest.json').read_text())['cases']
        return cls(name, shared / 'golden', next(case for case in cases if case['id'] == name))

    @property
    def stride(self) -> int:
        return int(self.options['stride'])

    @property
    def dilation(self) -> str:
        return 'trained' if self.options['variant'] == 'd22' else 'tfjs'

    @property
    def resolution(self) -> str | float:
        resolution: str | float = self.options['internalResolution']
        return resolution

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 BGR."""
        image = cv2.imread(str(self.folder / self.options['image']))
        assert image is not None, self.options['image']
        return image

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of input.npz, logits.npz or outputs.npz."""
        with np.load(self.folder / self.name / f'{name}.npz') as arrays:
            return dict(arrays)

    @cached_property
    def outputs(self) -> dict[str, NDArray[Any]]:
        return self.arrays('outputs')

    @property
    def poses(self) -> dict[str, Any]:
        poses: dict[str, Any] = json.loads((self.folder / self.name / 'poses.json').read_text())
        return poses
