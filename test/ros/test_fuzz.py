# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A hundredth of `fuzz_node.py`, always the same one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.mark.slow
def test_the_node_survives_random_parameters_images_and_transitions(
    tmp_path: Path, astronaut: NDArray[np.uint8]
) -> None:
    from ros.fuzz_node import run

    run(0.01, 1, tmp_path, np.ascontiguousarray(cv2.resize(astronaut, (320, 240))))
