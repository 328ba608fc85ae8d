"""The network that works, and the one that is being loaded to take its place."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import BodyPixError, ModelError
from ..models.catalogue import find_checkpoint
from ..models.source import source_at_hand
from ..segmenter import BodyPix
from ..settings import NetworkSettings
from .health import Finding, Level
from .loader import Load, Loader

_LOG = logging.getLogger(__name__)


class NetworkKeeper:
    """Loads networks one after the other; the last that could be loaded stays.

    Attributes:
        net: the network that works; None before the first is there.
        settings: what was asked for when it was loaded; the network may be another where `checkpoint` is auto.
        error: why the last one could not be loaded; None where it could.
    """

    def __init__(self, load: Load, wake: Callable[[], None]) -> None:
        """Keep nothing yet.

        Args:
            load: loads a network, in a thread of its own.
            wake: called from that thread when `collect` has something to collect.
        """
        self._load, self._wake = load, wake
        self._loader: Loader | None = None
        self._threads: list[Loader] = []
        self.net: BodyPix | None = None
        self.settings = NetworkSettings()
        self.error: Exception | None = None

    @property
    def asked(self) -> NetworkSettings | None:
        """Settings of the network that is being loaded, else of that which works; None where there is neither."""
        if self._loader is not None:
            return self._loader.settings
        return self.settings if self.net is not None else None

    @property
    def doing(self) -> str:
        """What is being done to load a network, in words; empty where none is being loaded."""
        return self._loader.doing if self._loader is not None else ''

    @property
    def busy(self) -> bool:
        """Whether a loading thread still lives, abandoned ones included."""
        return any(loader.running for loader in self._threads)

    def begin(self, settings: NetworkSettings) -> None:
        """Load a network; the one that works goes on until that is done."""
        self.abandon()
        _LOG.info('loading the network')
        self._loader = Loader(settings, self._load, self._wake)
        self._threads = [loader for loader in self._threads if loader.running] + [self._loader]

    def collect(self) -> bool:
        """Take what was loaded, or the reason why not; return whether there was either."""
        if self._loader is None or not self._loader.finished:
            return False
        self.error = self._loader.error
        if self._loader.net is not None:
            self.net, self.settings = self._loader.net, self._loader.settings
        self._loader = None
        return True

    def abandon(self) -> None:
        """Load no more."""
        if self._loader is not None:
            self._loader.abandon()
            self._loader = None

    def drop(self) -> None:
        """Let go of the network and of what is being loaded."""
        self.abandon()
        self.net = None

    def finding(self, trouble: str) -> Finding:
        """Tell how the network does; `trouble` is what went wrong when it ran lately, empty where nothing did."""
        if self.net is None:
            return self._finding_without()
        if trouble:
            return Finding(Level.ERROR, 'failing', f'images cannot be worked on: {trouble}')
        if self.error is not None:
            return Finding(
                Level.WARN,
                'unchanged',
                f'{self.net.network.name} goes on: {_sentence(self.error)}; parameters are back',
            )
        asked = self.settings.provider
        if asked not in ('auto', self.net.provider):
            return Finding(
                Level.WARN,
                'other provider',
                f'{asked} was asked for, {self.net.provider} runs: {self.net.provider_reason}',
            )
        return Finding(Level.OK, 'ok', f'{self.net.network.name} on {self.net.provider}')

    def _finding_without(self) -> Finding:
        if self._loader is not None:
            return Finding(Level.WARN, 'loading', self._loader.doing)
        if self.error is not None:
            return Finding(Level.ERROR, 'no network', f'the network cannot be loaded: {_sentence(self.error)}')
        return Finding(
            Level.OK, 'unconfigured', 'no network is loaded: configure the node, or call its service ~/enable'
        )


def require_at_hand(settings: NetworkSettings) -> None:
    """Check quickly whether a network can be had.

    Raises:
        SettingError: there is no such network.
        ModelError: its weights are not on this machine and must not be fetched, or are no sound checkpoint.
    """
    if source_at_hand(settings) is None and not settings.allow_download:
        raise ModelError(
            f'{find_checkpoint(settings).title} is not on this machine: set allow_download to true, '
            'or bring it with bodypix models import'
        )


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, BodyPixError) else f'{type(error).__name__}: {error}'
