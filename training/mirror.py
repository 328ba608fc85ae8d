# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network's output channels, and what mirroring a picture does to them: sides change places, x changes its sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.parts import KEYPOINTS, mirrored

FINE_CHANNELS = 25
"""Person, then the 24 parts in the order of BodyPix 2."""

HEADS = {
    'heatmaps': slice(0, 17),
    'short_offsets': slice(17, 51),
    'displacement_fwd': slice(51, 83),
    'displacement_bwd': slice(83, 115),
    'long_offsets': slice(115, 149),
}
"""Channels of each head among the pose channels. Offsets: first all dy, then all dx."""

POSE_CHANNELS = 149

EDGES = (
    (0, 1), (1, 3), (0, 2), (2, 4), (0, 5), (5, 7), (7, 9), (5, 11), (11, 13), (13, 15),
    (0, 6), (6, 8), (8, 10), (6, 12), (12, 14), (14, 16),
)  # fmt: skip
"""Parent and child keypoint of each displacement channel. Source: BodyPix 2.2 `poseChain`."""

_OTHER_SIDE = {'left': 'right', 'right': 'left'}


def _mirrored_keypoint(name: str) -> int:
    side, _, rest = name.partition('_')
    return KEYPOINTS.index(f'{_OTHER_SIDE[side]}_{rest}' if side in _OTHER_SIDE else name)


MIRRORED_KEYPOINTS = tuple(_mirrored_keypoint(name) for name in KEYPOINTS)
MIRRORED_PARTS = tuple(int(part) for part in mirrored('bodypix2')[:-1])
MIRRORED_EDGES = tuple(EDGES.index((MIRRORED_KEYPOINTS[parent], MIRRORED_KEYPOINTS[child])) for parent, child in EDGES)


def _mirrored_channels() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return, for the fine and then the pose channels, the one that each becomes, and the sign that it takes."""
    order = [np.array([0]), 1 + np.array(MIRRORED_PARTS), FINE_CHANNELS + np.array(MIRRORED_KEYPOINTS)]
    signs = [np.ones(FINE_CHANNELS + len(KEYPOINTS))]
    vectors = {
        'short_offsets': MIRRORED_KEYPOINTS,
        'displacement_fwd': MIRRORED_EDGES,
        'displacement_bwd': MIRRORED_EDGES,
        'long_offsets': MIRRORED_KEYPOINTS,
    }
    for head, others in vectors.items():
        start, count = FINE_CHANNELS + HEADS[head].start, len(others)
        order += [start + np.array(others), start + count + np.array(others)]
        signs += [np.ones(count), -np.ones(count)]
    return np.concatenate(order).astype(np.intp), np.concatenate(signs).astype(np.float32)


MIRRORED_CHANNELS, MIRRORED_SIGNS = _mirrored_channels()
"""(174,) each: the order of BodyPix 2's heads and of ours."""


def mirror_heads(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the output for a mirrored picture into the output for the picture itself, and the other way round.

    Args:
        output: (174, h, w), fine channels and then pose channels of one size; w cells that begin and end at the
            picture's edges.
    """
    return output[MIRRORED_CHANNELS, :, ::-1] * MIRRORED_SIGNS[:, None, None]
