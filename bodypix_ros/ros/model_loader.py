# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Loads models without blocking the node, and keeps the last model that was loaded successfully."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ..errors import ModelError, describe_error
from ..models.catalogue import find_checkpoint
from ..models.network import BODYPIX, OWN, resolve_settings
from ..models.progress import Progress
from ..models.source import source_at_hand
from ..segmenter import Segmenter, load
from ..settings import NetworkSettings

_LOG = logging.getLogger(__name__)
LOADING = 'loading the model'
_MAX_THREADS = 2
"""One thread that loads, and one that finishes an abandoned load; further requests wait for one of them."""


@dataclass(frozen=True)
class ModelRequest:
    """The model that the parameters select.

    Attributes:
        settings: settings of the network.
        given: names of the settings that were given explicitly.
        fallback: whether our own model may run if the weights of the requested one are missing.
    """

    settings: NetworkSettings
    given: frozenset[str] = frozenset()
    fallback: bool = True

    def resolve(self) -> NetworkSettings:
        """Return the settings with a concrete model.

        Raises:
            SettingError: the settings cannot be combined.
        """
        return resolve_settings(self.settings, self.given)[0]


@dataclass(frozen=True)
class LoadedModel:
    """A loaded model: the request, its segmenter, and why it is not the requested one (empty if it is)."""

    request: ModelRequest
    segmenter: Segmenter
    fallback_reason: str = ''


Load = Callable[[ModelRequest, Progress], Segmenter]
"""Loads the requested model and reports its progress; raises a BodyPixError with the reason if that fails."""


def load_model(request: ModelRequest, progress: Progress) -> Segmenter:
    """Load the requested model."""
    return load(request.settings, given=request.given, progress=progress)


class ModelLoader:
    """Loads models one after another and keeps the last one that was loaded successfully.

    Must be used in the executor thread.

    Attributes:
        model: the current model; None before the first model is loaded.
        error: why the last model failed to load; None if it was loaded.
        task: progress of loading a model; empty if none is being loaded.
    """

    def __init__(self, load: Load, on_done: Callable[[], None]) -> None:
        """Create a loader without a model.

        Args:
            load: loads a model; called in a separate thread.
            on_done: called from that thread when `collect` has a result.
        """
        self._load, self._on_done = load, on_done
        self._executor = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix='model loader')
        self._pending: Future[LoadedModel] | None = None
        self._pending_request: ModelRequest | None = None
        self._futures: list[Future[LoadedModel]] = []
        self.model: LoadedModel | None = None
        self.error: Exception | None = None
        self.task = ''

    @property
    def request(self) -> ModelRequest | None:
        """The request that is being loaded, otherwise that of the current model; None if there is neither."""
        if self._pending_request is not None:
            return self._pending_request
        return self.model.request if self.model is not None else None

    @property
    def busy(self) -> bool:
        """Whether a thread is loading a model, including an abandoned one."""
        return any(not future.done() for future in self._futures)

    def begin(self, request: ModelRequest) -> None:
        """Start loading a model; the current one keeps running until it is loaded."""
        self.abandon()
        _LOG.info(LOADING)
        self.task = LOADING
        # After a failed change the previous model keeps running; the fallback is for a node without a model.
        may_fall_back = request.fallback and (self.model is None or bool(self.model.fallback_reason))
        self._pending_request = request
        future = self._pending = self._executor.submit(self._run, request, may_fall_back)
        self._futures = [one for one in self._futures if not one.done()] + [future]
        future.add_done_callback(self._signal)

    def collect(self) -> bool:
        """Take the loaded model or the reason for the failure; return whether there was a result."""
        if self._pending is None or not self._pending.done():
            return False
        self.error = None
        try:
            self.model = self._pending.result()
        except Exception as error:
            self.error = error
            _LOG.debug('the model was not loaded', exc_info=error)
        self.abandon()
        return True

    def abandon(self) -> None:
        """Discard the model that is being loaded; its thread cannot be stopped."""
        if self._pending is not None:
            self._pending.cancel()
        self._pending = self._pending_request = None
        self.task = ''

    def unload(self) -> None:
        """Free the model, and stop loading."""
        self.abandon()
        self.model = None

    def _signal(self, future: Future[LoadedModel]) -> None:
        if future is self._pending:
            self._on_done()

    def _run(self, request: ModelRequest, may_fall_back: bool) -> LoadedModel:
        def report(task: str, done: int, total: int) -> None:
            if self._pending_request is request:
                self.task = f'{task} ({done / total:.0%})' if total else task

        try:
            return LoadedModel(request, self._load(request, report))
        except ModelError as error:
            if not may_fall_back or request.resolve().model == OWN:
                raise
            _LOG.warning('%s; running %s instead (set fallback to false to refuse)', error, OWN)
            own = ModelRequest(_own_settings(request.settings))
            return LoadedModel(request, self._load(own, report), describe_error(error))


def check_change(before: ModelRequest, after: ModelRequest) -> None:
    """Check quickly whether the parameters may change from one model to another while the node runs.

    A change that requires other weights is rejected if they are missing. Any other change is accepted, also while our
    own model runs as a fallback.

    Raises:
        SettingError: the model does not exist.
        ModelError: its weights are missing and must not be downloaded, or are damaged.
    """
    settings = after.resolve()
    if settings.model == OWN or _weights_of(settings) == _weights_of(before.resolve()):
        return
    if settings.model != BODYPIX:
        from ..models.mediapipe.source import require_networks  # only needed for these models

        require_networks(settings.model, settings)
        return
    if source_at_hand(settings) is None and not settings.allow_download:
        raise ModelError(
            f'{find_checkpoint(settings).title} are not in the cache: download them with '
            '`bodypix models fetch`, copy them with `bodypix models import`, or start the node with allow_download '
            'set to true'
        )


def _own_settings(settings: NetworkSettings) -> NetworkSettings:
    """Return the settings without those that our own model does not have."""
    precision = 'auto' if settings.precision == 'int8' else settings.precision
    return dataclasses.replace(settings, model='auto', checkpoint='official', precision=precision)


def _weights_of(settings: NetworkSettings) -> tuple[object, ...]:
    """Return the settings that determine the required weights."""
    names = ('model', 'version', 'architecture', 'multiplier', 'quant_bytes', 'checkpoint')
    return tuple(getattr(settings, name) for name in names)
