"""The heads of a BodyPix network: what its output channels mean."""

from __future__ import annotations

from collections.abc import Sequence

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

MASK_HEADS = ('segments', 'part_heatmaps')
PEOPLE_HEADS = (*MASK_HEADS, 'heatmaps', 'short_offsets', 'displacement_fwd', 'displacement_bwd', 'long_offsets')


def head_slices(heads: Sequence[str]) -> dict[str, slice]:
    """Return each head's channel range in an output that holds the given heads one after the other."""
    slices, start = {}, 0
    for head in heads:
        slices[head] = slice(start, start + HEAD_CHANNELS[head])
        start += HEAD_CHANNELS[head]
    return slices
