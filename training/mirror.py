"""What a mirrored picture does to the network's outputs: left and right change places, and x changes its sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.models.bodypix.heads import PEOPLE_HEADS, head_slices
from bodypix_ros.parts import KEYPOINTS, mirrored

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
    """Return, for each channel of all heads, the one that it becomes, and the sign that it takes."""
    singles = {'segments': (0,), 'part_heatmaps': MIRRORED_PARTS, 'heatmaps': MIRRORED_KEYPOINTS}
    vectors = {
        'short_offsets': MIRRORED_KEYPOINTS,
        'displacement_fwd': MIRRORED_EDGES,
        'displacement_bwd': MIRRORED_EDGES,
        'long_offsets': MIRRORED_KEYPOINTS,
    }
    order, signs = [], []
    for head, channels in head_slices(PEOPLE_HEADS).items():
        others = np.array(singles.get(head) or vectors[head])
        order.append(channels.start + others)
        signs.append(np.ones(len(others)))
        if head in vectors:  # after all dy, all dx
            order.append(channels.start + len(others) + others)
            signs.append(-np.ones(len(others)))
    return np.concatenate(order).astype(np.intp), np.concatenate(signs).astype(np.float32)


MIRRORED_CHANNELS, MIRRORED_SIGNS = _mirrored_channels()
"""(174,) each, in the order of PEOPLE_HEADS."""


def mirror_heads(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the output for a mirrored picture into the output for the picture itself, and the other way round.

    Args:
        output: (174, h, w), all heads in the order of PEOPLE_HEADS; w cells that begin and end at the picture's edges.
    """
    return output[MIRRORED_CHANNELS, :, ::-1] * MIRRORED_SIGNS[:, None, None]
