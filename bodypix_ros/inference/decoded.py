"""What a network and its decoding give for one picture, and what an engine is that gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network
from ..models.source import BUILTIN
from ..segmentation import Timings
from .geometry import Geometry, bodypix1_geometry, bodypix2_geometry

Image = NDArray[np.uint8]
Picture = tuple[Image, Geometry]
"""(H, W, 3) uint8 BGR, and the geometry of its size."""

Heads = Mapping[str, NDArray[np.float32]]
Provider = Literal['tensorrt', 'cuda', 'cpu']


@dataclass(frozen=True)
class Decoded:
    """One picture's result, before people are told apart.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None where parts were not asked for.
        heads: the network's raw output by head, (channels, output_height, output_width) float32 each; empty where an
            engine keeps to itself what nobody needs any more.
        timings: milliseconds by stage.
    """

    mask: NDArray[np.bool_]
    parts: NDArray[np.int8] | None
    heads: Heads
    timings: Timings


class Engine(Protocol):
    """Runs one network on one provider, from pictures to labels. Not to be shared between threads."""

    @property
    def provider(self) -> Provider:
        """What really runs the network."""

    @property
    def reason(self) -> str:
        """Why that provider runs, as a sentence."""

    def segment(self, pictures: Sequence[Picture], threshold: float, *, parts: bool) -> list[Decoded]:
        """Find the people in some pictures.

        Args:
            pictures: images and their geometries; sizes may differ.
            threshold: a pixel is a person where its score is strictly above it, 0..1.
            parts: whether to label body parts, too.

        Returns:
            One result for each picture, in their order.
        """

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Do ahead what the first `count` pictures of a size would have to wait for."""


def network_geometry(
    network: Network, resolution: str | float, provider: Provider, height: int, width: int
) -> Geometry:
    """Return the sizes, paddings and taps between a picture and a network.

    Args:
        network: the network.
        resolution: low, medium, high, full, 0.1..2.0, or auto: medium on a CPU, full on a GPU. The built-in network
            has learned from small pictures and sees less at full, so for it auto is medium everywhere.
        provider: what runs the network.
        height: of the picture, pixels.
        width: of the picture, pixels.
    """
    if network.version == 1:
        return bodypix1_geometry(height, width, network.stride)
    if resolution == 'auto':
        resolution = 'medium' if provider == 'cpu' or network.checkpoint == BUILTIN else 'full'
    return bodypix2_geometry(height, width, resolution, network.stride)
