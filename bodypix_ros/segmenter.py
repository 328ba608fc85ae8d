"""The public face: load a network once, then ask it where people are."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inference.engine import Decoded, Engine, network_geometry
from .inference.geometry import Geometry
from .inference.numpy_kernels import check_image
from .inference.people.find_people import find_people
from .inference.providers import SAMPLE_SIZE, open_engine
from .models.network import Network, load_network
from .models.progress import Progress
from .parts import mirrored, renumbering
from .segmentation import Segmentation
from .settings import NetworkSettings, SegmentSettings

_LOG = logging.getLogger(__name__)
Image = NDArray[np.uint8]


class BodyPix:
    """BodyPix on ONNX Runtime: pictures in, masks and part labels out. Not to be shared between threads.

    Example:
        >>> net = BodyPix.load(multiplier=0.5, stride=16)
        >>> people = net.segment(cv2.imread('street.jpg'), threshold=0.5)
        >>> people.mask.mean()  # share of the picture that shows people
    """

    def __init__(self, network: Network, settings: NetworkSettings | None = None) -> None:
        """Put a network on its provider; `BodyPix.load` finds the network first.

        Raises:
            ProviderError: a GPU is required and does not run the network.
        """
        self.settings = settings or NetworkSettings()
        self.network = network
        self._engine = self._open(network)
        self._people_engine: Engine | None = None
        self._warm_up()
        _LOG.info('%s on %s (%s)', network.name, self.provider, self.provider_reason)

    @classmethod
    def load(
        cls, settings: NetworkSettings | None = None, *, progress: Progress | None = None, **changes: Any
    ) -> BodyPix:
        """Find the checkpoint, build its network and put it on its provider.

        Args:
            settings: what to load; the defaults where None.
            progress: told how far a fetch and a building are.
            changes: single settings by name, such as `multiplier=0.5`.

        Raises:
            SettingError: a setting has a value that it cannot have.
            ModelError: the checkpoint is not there and may not be fetched, or is broken.
            ProviderError: a GPU is required and does not run the network.
        """
        settings = dataclasses.replace(settings or NetworkSettings(), **changes)
        return cls(load_network(settings, progress=progress), settings)

    @property
    def provider(self) -> str:
        """What really runs the network: 'tensorrt', 'cuda' or 'cpu'."""
        return self._engine.provider

    @property
    def provider_reason(self) -> str:
        """Why that provider runs, as a sentence."""
        return self._engine.reason

    def segment(
        self,
        image: Image,
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        **changes: Any,
    ) -> Segmentation:
        """Find the people in one picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            settings: of this call; the defaults where None.
            parts: whether to label body parts, too.
            people: whether to tell people apart, too; the first call with it loads a larger network.
            changes: single settings by name, such as `threshold=0.7`.

        Raises:
            ImageError: the image has another shape or type.
            SettingError: a setting has a value that it cannot have.
            ModelError: the checkpoint cannot tell people apart: version 1 cannot.
        """
        return self.segment_batch([image], settings, parts=parts, people=people, **changes)[0]

    def segment_batch(
        self,
        images: Sequence[Image],
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        **changes: Any,
    ) -> list[Segmentation]:
        """Find the people in several pictures; on a GPU those of equal size run as one batch.

        Args:
            images: (H, W, 3) uint8 BGR each; sizes may differ.
            settings: of this call; the defaults where None.
            parts: whether to label body parts, too.
            people: whether to tell people apart, too.
            changes: single settings by name.

        Returns:
            One result for each picture, in their order.
        """
        settings = dataclasses.replace(settings or SegmentSettings(), **changes)
        for image in images:
            check_image(image)
        pictures = [
            (image[:, ::-1] if settings.flip_horizontal else image, self.geometry(*image.shape[:2])) for image in images
        ]
        found = self._engine_for(people).segment(pictures, settings.threshold, parts=parts)
        return [
            self._finish(decoded, geometry, settings, people)
            for decoded, (_, geometry) in zip(found, pictures, strict=True)
        ]

    def prepare(self, height: int, width: int, count: int = 1, *, parts: bool = True, people: bool = False) -> None:
        """Do ahead what the first pictures of a size would have to wait for; on a CPU that is next to nothing.

        Args:
            height: of the pictures, pixels.
            width: of the pictures, pixels.
            count: of pictures that `segment_batch` will be given at once.
            parts: whether body parts will be asked for.
            people: whether people will be asked for.

        Raises:
            ProviderError: pictures of this size do not run on the GPU.
        """
        self._engine_for(people).prepare(self.geometry(height, width), count, parts=parts)

    def geometry(self, height: int, width: int) -> Geometry:
        """Return the sizes, paddings and taps between a picture of this size and the network."""
        return network_geometry(self.network, self.settings.internal_resolution, self._engine.provider, height, width)

    def _open(self, network: Network) -> Engine:
        return open_engine(network, renumbering(network.part_ids, self.settings.part_ids), self.settings)

    def _warm_up(self) -> None:
        """Run everything once, so that the first frame does not pay for compilation and first allocations."""
        noise = np.random.default_rng(0).integers(0, 256, (*SAMPLE_SIZE, 3), np.uint8)
        self.segment(noise, threshold=0.01)

    def _engine_for(self, people: bool) -> Engine:
        """Return the engine with the heads that are wanted; that with all of them is loaded when first asked for."""
        if not people:
            return self._engine
        if self._people_engine is None:
            settings = dataclasses.replace(self.settings, checkpoint=self.network.checkpoint)  # the same weights
            self._people_engine = self._open(load_network(settings, people=True))
        return self._people_engine

    def _finish(self, decoded: Decoded, geometry: Geometry, settings: SegmentSettings, people: bool) -> Segmentation:
        """Bring a result into the camera's frame and tell people apart."""
        started = time.perf_counter()
        mask, labels = decoded.mask, decoded.parts
        flipped = settings.flip_horizontal
        part_ids = self.settings.part_ids
        if flipped:
            mask = np.ascontiguousarray(mask[:, ::-1])
            labels = None if labels is None else mirrored(part_ids)[labels[:, ::-1]]
        found = None
        if people:
            found = find_people(decoded.heads, mask, labels, geometry, settings, part_ids, mirrored=flipped)
        spent_ms = decoded.timings.postprocess_ms + (time.perf_counter() - started) * 1e3
        return Segmentation(mask, labels, found, dataclasses.replace(decoded.timings, postprocess_ms=spent_ms))
