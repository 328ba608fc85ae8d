"""The public interface: load a network once, then segment pictures with it."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Collection, Iterable
from threading import RLock
from typing import Any, TypeVar

import numpy as np

from .errors import ImageError, SettingError
from .inference.engine import Decoded, Engine, network_geometry
from .inference.geometry import Geometry
from .inference.numpy_kernels import Image
from .inference.people.find_people import find_people
from .inference.providers import SAMPLE_SIZE, open_engine
from .models.network import BODYPIX, OWN, Network, load_network, resolve_settings
from .models.progress import Progress
from .parts import mirrored, renumbering
from .refine import refine_segmentation
from .segmentation import Segmentation
from .setting import Settings
from .settings import NetworkSettings, SegmentSettings

_LOG = logging.getLogger(__name__)
S = TypeVar('S', bound=Settings)


def load(
    settings: NetworkSettings | None = None,
    *,
    given: Collection[str] | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Segmenter:
    """Load a network.

    Without arguments this is bodypix_ros, the network included in this package. Settings that only BodyPix has, such
    as `multiplier`, select BodyPix.

    Args:
        settings: what to load; None for the defaults.
        given: names of the settings that were given explicitly. If None, these are the names among `changes` and
            those whose values in `settings` differ from the defaults.
        progress: called with the progress of downloading and building.
        changes: single settings by name, such as `multiplier=0.5`.

    Raises:
        SettingError: a setting does not exist, or a value is invalid.
        ModelError: the weights are missing and must not be downloaded, or are damaged.
        ProviderError: a GPU is required and does not run the network.

    Example:
        >>> net = bodypix_ros.load()
        >>> people = net.segment(cv2.imread('street.jpg'), threshold=0.5)
        >>> people.mask.mean()  # fraction of the image that shows people
    """
    settings = _changed(NetworkSettings, settings, changes)
    if given is None:
        given = {one.name for one in settings.describe() if getattr(settings, one.name) != one.default} | changes.keys()
    settings, reason = resolve_settings(settings, given)
    return Segmenter(load_network(settings, progress=progress), settings, reason)


class Segmenter:
    """A loaded network that converts images to masks, part labels and people.

    Thread-safe: concurrent calls run one after the other.
    """

    def __init__(self, network: Network, settings: NetworkSettings | None = None, model_reason: str = '') -> None:
        """Create a segmenter for a network; `load` also finds the network.

        Args:
            network: the network.
            settings: of these, the provider and its options, the resolution and the numbering of parts are used here.
            model_reason: why this model was chosen, as a clause.

        Raises:
            ProviderError: a GPU is required and does not run the network.
        """
        self.settings = settings or NetworkSettings(model=network.model)
        self.network = network
        self.model_reason = model_reason
        self._lock = RLock()
        self._engine = self._open(network)
        self._people_engine: Engine | None = None
        self._warm_up()
        _LOG.info('%s%s on %s (%s)', network.name, self._because(), self.provider, self.provider_reason)

    @property
    def provider(self) -> str:
        """The execution provider that runs the network: 'tensorrt', 'cuda' or 'cpu'."""
        return self._engine.provider

    @property
    def provider_reason(self) -> str:
        """Why this provider was chosen, as a clause."""
        return self._engine.reason

    def segment(
        self,
        image: Image,
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        confidence: bool = False,
        **changes: Any,
    ) -> Segmentation:
        """Segment one image.

        Args:
            image: (H, W, 3) uint8 BGR.
            settings: of this call; None for the defaults.
            parts: whether to label body parts.
            people: whether to separate people; the first such call loads a larger network.
            confidence: whether to return the probability of each pixel.
            changes: single settings by name, such as `threshold=0.7`.

        Raises:
            ImageError: the image has a wrong shape or type.
            SettingError: a setting does not exist, or a value is invalid.
            ModelError: people were requested of BodyPix 1, which cannot separate them.
        """
        return self.segment_batch([image], settings, parts=parts, people=people, confidence=confidence, **changes)[0]

    def segment_batch(
        self,
        images: Iterable[Image],
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        confidence: bool = False,
        **changes: Any,
    ) -> list[Segmentation]:
        """Segment several images; on a GPU, images of equal size run as one batch.

        Args:
            images: (H, W, 3) uint8 BGR each; sizes may differ.
            settings: of this call; None for the defaults.
            parts: whether to label body parts.
            people: whether to separate people.
            confidence: whether to return the probability of each pixel.
            changes: single settings by name.

        Returns:
            One result per image, in the same order.

        Raises: see `segment`.
        """
        settings = _changed(SegmentSettings, settings, changes)
        if not isinstance(images, Iterable):
            raise ImageError(f'segment_batch expects a list of images, got {type(images).__name__}')
        images = list(images)
        for image in images:
            check_image(image)
        pictures = [
            (image[:, ::-1] if settings.flip_horizontal else image, self.geometry(*image.shape[:2])) for image in images
        ]
        with self._lock:
            engine = self._engine_for(people)
            found = engine.segment(pictures, settings.threshold, parts=parts, confidence=confidence or settings.refine)
        if settings.refine:
            found = [
                _refine(decoded, *picture, settings.threshold) for decoded, picture in zip(found, pictures, strict=True)
            ]
        if not confidence:
            found = [dataclasses.replace(decoded, confidence=None) for decoded in found]
        return [
            self._finish(decoded, geometry, settings, people)
            for decoded, (_, geometry) in zip(found, pictures, strict=True)
        ]

    def prepare(self, height: int, width: int, count: int = 1, *, parts: bool = True, people: bool = False) -> None:
        """Prepare for images of a size, so that the first ones are not delayed; quick on a CPU.

        Args:
            height: of the images, pixels.
            width: of the images, pixels.
            count: number of images in a call of `segment_batch`.
            parts: whether body parts will be requested.
            people: whether people will be requested.

        Raises:
            ProviderError: images of this size do not run on the GPU.
        """
        with self._lock:
            self._engine_for(people).prepare(self.geometry(height, width), count, parts=parts)

    def geometry(self, height: int, width: int) -> Geometry:
        """Return the sizes, paddings and interpolation taps between an image of this size and the network."""
        return network_geometry(self.network, self.settings.internal_resolution, self._engine.provider, height, width)

    def _open(self, network: Network) -> Engine:
        return open_engine(network, renumbering(network.part_ids, self.settings.part_ids), self.settings)

    def _warm_up(self) -> None:
        """Run everything once, so that compilation and first allocations do not delay the first frame."""
        noise = np.random.default_rng(0).integers(0, 256, (*SAMPLE_SIZE, 3), np.uint8)
        self.segment(noise, threshold=0.01)

    def _because(self) -> str:
        return f' ({self.model_reason})' if self.model_reason else ''

    def _engine_for(self, people: bool) -> Engine:
        """Return the engine with the requested heads; the one with all heads is loaded at its first use."""
        if not people:
            return self._engine
        if self._people_engine is None:
            settings = dataclasses.replace(self.settings, model=self.network.model)
            self._people_engine = self._open(load_network(settings, people=True))
        return self._people_engine

    def _finish(self, decoded: Decoded, geometry: Geometry, settings: SegmentSettings, people: bool) -> Segmentation:
        """Undo the mirroring of `flip_horizontal`, and separate people."""
        started = time.perf_counter()
        mask, labels, confidence = decoded.mask, decoded.parts, decoded.confidence
        flipped = settings.flip_horizontal
        part_ids = self.settings.part_ids
        if flipped:
            mask = np.ascontiguousarray(mask[:, ::-1])
            labels = None if labels is None else mirrored(part_ids)[labels[:, ::-1]]
            confidence = None if confidence is None else np.ascontiguousarray(confidence[:, ::-1])
        found = None
        if people:
            found = find_people(
                decoded.heads,
                mask,
                labels,
                geometry,
                settings,
                part_ids,
                mirrored=flipped,
                against_mask=self.network.model == OWN,
            )
        spent_ms = decoded.timings.postprocess_ms + (time.perf_counter() - started) * 1e3
        timings = dataclasses.replace(decoded.timings, postprocess_ms=spent_ms)
        return Segmentation(mask, labels, found, timings, confidence)


class BodyPix(Segmenter):
    """A `Segmenter` for Google's BodyPix, the model `bodypix`.

    Example:
        >>> net = BodyPix.load(multiplier=0.5, stride=16)
        >>> people = net.segment(cv2.imread('street.jpg'), threshold=0.5)
    """

    @classmethod
    def load(
        cls, settings: NetworkSettings | None = None, *, progress: Progress | None = None, **changes: Any
    ) -> BodyPix:
        """Load BodyPix, like the function `load(model='bodypix', ...)`.

        Raises:
            SettingError: a setting does not exist, a value is invalid, or another model is requested.
            ModelError: the weights are missing and must not be downloaded, or are damaged.
            ProviderError: a GPU is required and does not run the network.
        """
        settings = _changed(NetworkSettings, settings, changes)
        if settings.model not in (BODYPIX, 'auto'):
            raise SettingError(f'BodyPix.load loads the model bodypix, got {settings.model!r}; use bodypix_ros.load')
        settings, reason = resolve_settings(settings.changed({'model': BODYPIX}))
        return cls(load_network(settings, progress=progress), settings, reason)


def check_image(image: Image) -> None:
    """Raise ImageError unless the image is (H, W, 3) uint8 with at least one pixel."""
    expected = 'an image must be (height, width, 3) uint8 BGR with at least one pixel'
    if not isinstance(image, np.ndarray):
        hint = '; cv2.imread returns None for a file that it cannot read' if image is None else ''
        raise ImageError(f'{expected}, got {type(image).__name__}{hint}')
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ImageError(f'{expected}, got shape {image.shape} of {image.dtype}')


def _refine(decoded: Decoded, image: Image, geometry: Geometry, threshold: float) -> Decoded:
    """Move the edges of the mask onto the edges of the image, before people are separated."""
    started = time.perf_counter()
    found = Segmentation(decoded.mask, decoded.parts, confidence=decoded.confidence)
    refined = refine_segmentation(image, found, threshold, geometry.cell_px)
    spent_ms = decoded.timings.postprocess_ms + (time.perf_counter() - started) * 1e3
    timings = dataclasses.replace(decoded.timings, postprocess_ms=spent_ms)
    return dataclasses.replace(
        decoded, mask=refined.mask, parts=refined.parts, confidence=refined.confidence, timings=timings
    )


def _changed(kind: type[S], settings: S | None, changes: dict[str, Any]) -> S:
    """Return the settings, or the defaults of their class, with changes.

    Raises:
        SettingError: the settings are of another class, or a change is invalid.
    """
    if settings is not None and not isinstance(settings, kind):
        raise SettingError(f'settings must be {kind.__name__}, got {type(settings).__name__}')
    settings = settings or kind()
    return settings.changed(changes) if changes else settings
