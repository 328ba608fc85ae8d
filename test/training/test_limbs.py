# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The measure of parts on athletes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('torch', reason='the training needs PyTorch')
pytest.importorskip('scipy', reason='the readers of the collections need SciPy')
limbs = pytest.importorskip('training.limbs', reason='the training is not beside the package')

from bodypix_ros.parts import KEYPOINTS, part_names  # noqa: E402


def test_a_limb_lies_between_two_visible_joints() -> None:
    keypoints = np.zeros((17, 3))
    keypoints[KEYPOINTS.index('left_elbow')] = 10, 20, 2
    keypoints[KEYPOINTS.index('left_wrist')] = 30, 60, 2
    keypoints[KEYPOINTS.index('left_shoulder')] = 5, 5, 0
    ((side, name, middle),) = limbs.labelled_limbs(keypoints)
    assert (side, name, middle.tolist()) == ('left', 'lower_arm', [20.0, 40.0])


@pytest.mark.parametrize(
    ('part', 'verdict'),
    [
        ('left_lower_arm_front', 'right'),
        ('left_lower_arm_back', 'right'),
        ('right_lower_arm_front', 'side'),
        ('left_upper_arm_front', 'wrong'),
        ('torso_front', 'wrong'),
    ],
)
def test_front_and_back_of_a_limb_are_right(part: str, verdict: str) -> None:
    limb = ('left', 'lower_arm', np.zeros(2))
    assert limbs.judge(limb, True, part_names('bodypix2').index(part)) == verdict
    assert limbs.judge(limb, False, 0) == 'missed'
