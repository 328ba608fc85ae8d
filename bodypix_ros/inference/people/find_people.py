# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts the output of the network to the people in an image: their poses, pixels and parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...parts import PartIds
from ...people import People, describe_persons
from ...settings import SegmentSettings
from ..geometry import Geometry
from .instances import assign_pixels
from .poses import decode_poses


def find_people(
    heads: Mapping[str, NDArray[np.float32]],
    mask: NDArray[np.bool_],
    parts: NDArray[np.int8] | None,
    geometry: Geometry,
    settings: SegmentSettings,
    part_ids: PartIds,
    *,
    against_mask: bool = False,
) -> People:
    """Separate the people in one image.

    Args:
        heads: the network's raw output by head, each (channels, rows, columns) float32: heatmaps, short_offsets,
            displacement_fwd, displacement_bwd, long_offsets, and segments with `against_mask`.
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23 or -1; None if parts were not requested.
        geometry: of the image.
        settings: all but the threshold of the mask.
        part_ids: numbering of `parts`.
        against_mask: see `decode_poses`.

    Returns:
        The people whose pose reaches `score_threshold`. A person who is very close or half hidden often shows too few
        keypoints for that; the pixels are then assigned to other people or to nobody.

    Source: BodyPix 2.2 `segmentMultiPerson`, `segmentMultiPersonParts`.
    """
    poses = decode_poses(heads, geometry, settings, against_mask=against_mask)
    strong = [pose for pose in poses if pose.score >= settings.score_threshold]
    labels = assign_pixels(mask, strong, heads['long_offsets'], geometry, settings)
    return People(describe_persons(labels, parts, strong, part_ids), labels, poses)
