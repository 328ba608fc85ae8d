"""The public face: load a network once, then ask it where people are."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .inference.geometry import Geometry, bodypix1_geometry, bodypix2_geometry
from .inference.kernels import choose_kernels
from .inference.multi_person import find_people
from .inference.preprocess import check_image
from .inference.providers import Execution, open_session
from .models.network import Network, load_network
from .models.progress import Progress
from .parts import mirrored, renumbering
from .segmentation import Segmentation, Timings
from .settings import NetworkSettings, SegmentSettings

_LOG = logging.getLogger(__name__)
Image = NDArray[np.uint8]
Heads = dict[str, NDArray[np.float32]]


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
        self._kernels = choose_kernels(self.settings.kernels)
        self._execution = self._execute(network)
        self._people_engine: tuple[Network, Execution] | None = None
        self._numbers = renumbering(network.part_ids, self.settings.part_ids)
        self._warm_up()
        _LOG.info('%s on %s (%s), %s kernels', network.name, self.provider, self.provider_reason, self._kernels.name)

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
        """What really runs the network: 'cuda' or 'cpu'."""
        return self._execution.provider

    @property
    def provider_reason(self) -> str:
        """Why that provider runs, as a sentence."""
        return self._execution.reason

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
        """Find the people in several pictures; those of equal network input size run as one batch.

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
        geometries = [self.geometry(*image.shape[:2]) for image in images]
        results: dict[int, Segmentation] = {}
        for indices in _equal_inputs(geometries):
            batch = [(images[index], geometries[index]) for index in indices]
            results.update(zip(indices, self._segment_equal(batch, settings, parts, people), strict=True))
        return [results[index] for index in range(len(images))]

    def geometry(self, height: int, width: int) -> Geometry:
        """Return the sizes, paddings and taps between a picture of this size and the network."""
        if self.network.version == 1:
            return bodypix1_geometry(height, width, self.network.stride)
        resolution = self.settings.internal_resolution
        if resolution == 'auto':
            resolution = 'medium' if self.provider == 'cpu' else 'full'
        return bodypix2_geometry(height, width, resolution, self.network.stride)

    def _execute(self, network: Network) -> Execution:
        return open_session(
            network.onnx,
            self.settings.provider,
            require_gpu=self.settings.require_gpu,
            device_id=self.settings.device_id,
        )

    def _warm_up(self) -> None:
        """Run everything once, so that the first frame does not pay for compilation and first allocations."""
        noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
        self.segment(noise, threshold=0.01)

    def _engine(self, people: bool) -> tuple[Network, Execution]:
        """Return the network with the heads that are wanted; that with all of them is loaded when first asked for."""
        if not people:
            return self.network, self._execution
        if self._people_engine is None:
            network = load_network(self.settings, people=True)
            self._people_engine = network, self._execute(network)
        return self._people_engine

    def _segment_equal(
        self, batch: list[tuple[Image, Geometry]], settings: SegmentSettings, parts: bool, people: bool
    ) -> Iterator[Segmentation]:
        """Segment pictures whose network inputs have the same size."""
        started = time.perf_counter()
        first = batch[0][1]
        inputs = np.empty((len(batch), 3, first.input_height, first.input_width), np.float32)
        for place, (image, geometry) in zip(inputs, batch, strict=True):
            seen = image[:, ::-1] if settings.flip_horizontal else image
            self._kernels.preprocess(seen, geometry, self.network.architecture, out=place)
        preprocessed = time.perf_counter()
        network, execution = self._engine(people)
        outputs = execution.session.run(None, {'input': inputs})[0]
        inferred = time.perf_counter()
        for output, (_, geometry) in zip(outputs, batch, strict=True):
            decoding = time.perf_counter()
            heads = {name: output[channels] for name, channels in network.heads.items()}
            result = self._decode(heads, geometry, settings, parts, people)
            timings = Timings(
                preprocess_ms=(preprocessed - started) * 1e3,
                inference_ms=(inferred - preprocessed) * 1e3,
                postprocess_ms=(time.perf_counter() - decoding) * 1e3,
            )
            yield dataclasses.replace(result, timings=timings)

    def _decode(
        self, heads: Heads, geometry: Geometry, settings: SegmentSettings, parts: bool, people: bool
    ) -> Segmentation:
        mask = self._kernels.decode_mask(heads['segments'][0], geometry, settings.threshold)
        labels = None
        if parts:
            labels = self._kernels.decode_parts(heads['part_heatmaps'], mask, geometry, self._numbers)
        flipped = settings.flip_horizontal
        part_ids = self.settings.part_ids
        if flipped:
            mask = np.ascontiguousarray(mask[:, ::-1])
            labels = None if labels is None else mirrored(part_ids)[labels[:, ::-1]]
        found = None
        if people:
            found = find_people(heads, mask, labels, geometry, settings, part_ids, mirrored=flipped)
        return Segmentation(mask, labels, found)


def _equal_inputs(geometries: list[Geometry]) -> Iterable[list[int]]:
    """Group indices of geometries by the size of the network input."""

    def size(index: int) -> tuple[int, int]:
        return geometries[index].input_height, geometries[index].input_width

    for _, group in groupby(sorted(range(len(geometries)), key=size), key=size):
        yield list(group)
