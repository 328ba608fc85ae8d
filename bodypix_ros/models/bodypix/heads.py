# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The heads of a BodyPix network: the meaning of its output channels."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ModelError

HEAD_CHANNELS: dict[str, int] = {
    'segments': 1,
    'part_heatmaps': 24,
    'heatmaps': 17,
    'short_offsets': 34,
    'displacement_fwd': 32,
    'displacement_bwd': 32,
    'long_offsets': 34,
}
"""Channels of each head. Offsets: first all dy, then all dx, pixels of the network's input; the others are logits."""

HEAD_LAYERS: dict[str, str] = {
    'segments': 'segment_2',
    'part_heatmaps': 'part_heatmap_2',
    'heatmaps': 'heatmap_2',
    'short_offsets': 'offset_2',
    'displacement_fwd': 'displacement_fwd_2',
    'displacement_bwd': 'displacement_bwd_2',
    'long_offsets': 'embedding_2',
}
"""Name of each head's layer in the official checkpoints of both architectures."""

MASK_HEADS = ('segments', 'part_heatmaps')
PEOPLE_HEADS = (*MASK_HEADS, 'heatmaps', 'short_offsets', 'displacement_fwd', 'displacement_bwd', 'long_offsets')


def wanted_heads(version: int, *, people: bool) -> tuple[str, ...]:
    """Return the heads for masks and parts and, if requested, for people.

    Args:
        version: of BodyPix, 1 or 2.
        people: whether poses and instances are needed.

    Raises:
        ModelError: people are requested of BodyPix 1.
    """
    if people and version == 1:
        raise ModelError(
            'people require version 2, got 1: the checkpoints of BodyPix 1 support masks and parts, but not people; '
            'set version to 2, or model to bodypix_ros'
        )
    return PEOPLE_HEADS if people else MASK_HEADS


def head_slices(heads: Sequence[str]) -> dict[str, slice]:
    """Return each head's channel range in an output that contains the given heads in order."""
    slices, start = {}, 0
    for head in heads:
        slices[head] = slice(start, start + HEAD_CHANNELS[head])
        start += HEAD_CHANNELS[head]
    return slices
