# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The public interface: load a network once, then segment pictures with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .checks import describe_value, require_channels
from .errors import ImageError, SettingError, quoted
from .hand_pixels import draw_hands
from .inference.bodypix_pipeline import BodyPixPipeline
from .inference.numpy_kernels import Image
from .inference.pipeline import Pipeline, Request
from .models.network import BODYPIX, Model, load_network, resolve_settings
from .models.progress import Progress, no_progress
from .segmentation import Segmentation, Timings, VideoState
from .setting import Settings
from .settings import BLAZEPOSE_MODELS, SELFIE_MODELS, NetworkSettings, SegmentSettings

if TYPE_CHECKING:
    from .inference.mediapipe.person_hands import PersonHands

_LOG = logging.getLogger(__name__)
S = TypeVar('S', bound=Settings)


def load(
    settings: NetworkSettings | None = None,
    *,
    given: Collection[str] | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Segmenter:
    """Load a model.

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
        >>> found = net.segment(cv2.imread('street.jpg'), threshold=0.5)
        >>> found.mask.mean()  # fraction of the image that shows people
    """
    settings = _changed(NetworkSettings, settings, changes)
    if given is None:
        given = {one.name for one in settings.describe() if getattr(settings, one.name) != one.default} | changes.keys()
    settings, reason = resolve_settings(settings, given)
    return Segmenter(_open_pipeline(settings, progress or no_progress), settings, reason)


def _open_pipeline(settings: NetworkSettings, progress: Progress) -> Pipeline:
    """Open a concrete model; each imports and loads only what it needs."""
    if settings.model in SELFIE_MODELS:
        from .inference.mediapipe.selfie import SelfiePipeline

        return SelfiePipeline(settings, progress)
    if settings.model in BLAZEPOSE_MODELS:
        from .inference.mediapipe.blazepose_pipeline import BlazePosePipeline

        return BlazePosePipeline(settings, progress)
    return BodyPixPipeline(load_network(settings, progress=progress), settings)


class Segmenter:
    """A loaded model that converts images to masks, part labels and people.

    Thread-safe: concurrent calls run one after the other.

    Attributes:
        settings: with which the model was opened.
        model_reason: why this model was chosen, as a clause.
        pipeline: the model; not thread-safe.
    """

    def __init__(self, pipeline: Pipeline, settings: NetworkSettings, model_reason: str = '') -> None:
        """Create a segmenter for an open model; `load` also opens the model.

        Args:
            pipeline: the model.
            settings: with which it was opened.
            model_reason: why this model was chosen, as a clause.
        """
        self.settings = settings
        self.model_reason = model_reason
        self.pipeline = pipeline
        self._hands: PersonHands | None = None
        self._lock = RLock()
        pipeline.warm_up()
        _LOG.info('%s%s on %s (%s)', self.network.name, self._because(), self.provider, self.provider_reason)

    @property
    def network(self) -> Model:
        """The model that runs: its name, and the value of the setting `model`."""
        return self.pipeline.network

    @property
    def has_parts(self) -> bool:
        """Whether the model labels body parts."""
        return self.pipeline.has_parts

    @property
    def provider(self) -> str:
        """The execution provider that runs the model: 'tensorrt', 'cuda' or 'cpu'."""
        return self.pipeline.runner.provider

    @property
    def provider_reason(self) -> str:
        """Why this provider was chosen, as a clause."""
        return self.pipeline.runner.reason

    def segment(
        self,
        image: Image,
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        confidence: bool = False,
        state: VideoState | None = None,
        **changes: Any,
    ) -> Segmentation:
        """Segment one image.

        Args:
            image: (H, W, 3) uint8 BGR.
            settings: of this call; None for the defaults.
            parts: whether to label body parts, if the model has them.
            people: whether to separate people, which the setting `hands` implies; the first such call may load a
                larger network.
            confidence: whether to return the probability of each pixel.
            state: of the camera if this is an image of a video, see `VideoState`; None for a single picture.
            changes: single settings by name, such as `threshold=0.7`.

        Raises:
            ImageError: the image has a wrong shape or type.
            SettingError: a setting does not exist, or a value is invalid.
            ModelError: people were requested of a model that cannot separate them: BodyPix 1, or selfie segmentation
                of the whole picture; or the networks that find hands are missing.
            ProviderError: a GPU is required, but failed or had wrong results.
        """
        return self.segment_batch(
            [image], settings, parts=parts, people=people, confidence=confidence, states=[state], **changes
        )[0]

    def segment_batch(
        self,
        images: Iterable[Image],
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
        confidence: bool = False,
        states: Sequence[VideoState | None] | None = None,
        **changes: Any,
    ) -> list[Segmentation]:
        """Segment several images; on a GPU, images of equal size run as one batch.

        Args:
            images: (H, W, 3) uint8 BGR each; sizes may differ.
            settings: of this call; None for the defaults.
            parts: whether to label body parts, if the model has them.
            people: whether to separate people.
            confidence: whether to return the probability of each pixel.
            states: of the camera of each image, see `segment`; None for single pictures.
            changes: single settings by name.

        Returns:
            One result per image, in the same order.

        Raises: see `segment`.
        """
        settings = _changed(SegmentSettings, settings, changes)
        if not isinstance(images, Iterable) or getattr(images, 'ndim', 0) == 3:
            raise ImageError(
                f'images must be a list of images, got {describe_value(images)}; segment takes a single image'
            )
        images = list(images)
        for image in images:
            if not _is_bgr(image):
                require_channels('an image', image, 3)
        states = _check_states(states, len(images))
        flipped = settings.flip_horizontal
        seen = [image[:, ::-1] for image in images] if flipped else images
        with self._lock:
            request = Request(parts, people or settings.hands, confidence)
            found = self.pipeline.segment(seen, settings, request, states)
            found = [one.mirrored(self.settings.part_ids) for one in found] if flipped else found
            if settings.hands:
                found = [self._with_hands(*one) for one in zip(images, found, states, strict=True)]
        return found

    @contextmanager
    def run_once(self) -> Iterator[None]:
        """Within the block, run the network only once for each image that is segmented with several settings.

        This saves time with BodyPix and bodypix_ros on a CPU; otherwise, the block has no effect. Images are recognised
        by the identity of their arrays, which must not be changed within the block. Other threads wait for its end.
        """
        with self._lock, self.pipeline.run_once():
            yield

    def prepare(
        self,
        height: int,
        width: int,
        count: int = 1,
        settings: SegmentSettings | None = None,
        *,
        parts: bool = True,
        people: bool = False,
    ) -> None:
        """Prepare for images of a size, so that the first ones are not delayed; quick on a CPU.

        Args:
            height: of the images, pixels.
            width: of the images, pixels.
            count: number of images in a call of `segment_batch`.
            settings: of the calls; None for the defaults.
            parts: whether body parts will be requested.
            people: whether people will be requested.

        Raises:
            SettingError: a number is not a positive integer, or the settings are of another class.
            ProviderError: images of this size do not run on the GPU.
        """
        for name, value in (('height', height), ('width', width), ('count', count)):
            if not isinstance(value, (int, np.integer)) or value < 1:
                raise SettingError(f'{name} must be an integer of at least 1, got {quoted(value)}')
        settings = _changed(SegmentSettings, settings, {})
        with self._lock:
            self.pipeline.prepare(height, width, count, settings, Request(parts, people))

    def _with_hands(self, image: Image, found: Segmentation, state: VideoState | None) -> Segmentation:
        """Add the hands of the people; the networks are loaded when hands are first requested."""
        started = time.perf_counter()
        if self._hands is None:
            from .inference.mediapipe.person_hands import open_hands

            self._hands = open_hands(self.settings)
        if found.people is not None:
            hands = self._hands.find(image, found.people.persons, state)
            found = draw_hands(found, hands, self.settings.part_ids)
        spent = Timings(postprocess_ms=(time.perf_counter() - started) * 1e3)
        return replace(found, timings=found.timings + spent)

    def _because(self) -> str:
        return f' ({self.model_reason})' if self.model_reason else ''


class BodyPix(Segmenter):
    """A `Segmenter` for Google's BodyPix, the model `bodypix`.

    Example:
        >>> net = BodyPix.load(multiplier=0.5, stride=16)
        >>> found = net.segment(cv2.imread('street.jpg'), threshold=0.5)
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
        return cls(_open_pipeline(settings, progress or no_progress), settings, reason)


def _is_bgr(image: Image) -> bool:
    """Return whether `require_channels` accepts an image, so that a frame does not pass through one more module."""
    return isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.shape[2:] == (3,) and image.size > 0


def _check_states(states: Sequence[VideoState | None] | None, count: int) -> Sequence[VideoState | None]:
    """Return the state of each of `count` images.

    Raises:
        SettingError: the number of states differs, or one of them is not a VideoState.
    """
    if states is None:
        return [None] * count
    if not isinstance(states, Sequence) or not all(one is None or isinstance(one, VideoState) for one in states):
        raise SettingError(f'states must be a list of VideoState or None, got {quoted(states)}')
    if len(states) != count:
        raise SettingError(f'states must be one per image, got {len(states)} for {count} images')
    return states


def _changed(kind: type[S], settings: S | None, changes: dict[str, Any]) -> S:
    """Return the settings, or the defaults of their class, with changes.

    Raises:
        SettingError: the settings are of another class, or a change is invalid.
    """
    if settings is not None and not isinstance(settings, kind):
        raise SettingError(f'settings must be {kind.__name__}, got {type(settings).__name__}')
    settings = settings or kind()
    return settings.changed(changes) if changes else settings
