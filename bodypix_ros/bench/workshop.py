"""A folder with what the programs that are compared need: the picture, their requests, and a way to this package."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ..inference.geometry import bodypix2_geometry
from ..models.source import source_at_hand
from ..settings import RESOLUTIONS, SegmentSettings
from .case import Case
from .peer import AbsentPeer, Peer, Tools
from .peers.service import Request
from .picture import fit
from .process import PeerProcess

_PACKAGE = Path(__file__).resolve().parents[1]
_LIMIT_S = 900.0


class Workshop:
    """Starts programs that are compared; use it in a `with`, which ends with its folder."""

    def __init__(self, picture: NDArray[np.uint8], tools: Tools) -> None:
        """Open a workshop.

        Args:
            picture: (H, W, 3) uint8 BGR; each case sees it in its own size.
            tools: where programs may be installed.
        """
        self._picture, self._tools = picture, tools
        self._temporary = tempfile.TemporaryDirectory()
        self._folder = Path(self._temporary.name)
        # Another Python must find this package, but not what is installed beside it.
        (self._folder / _PACKAGE.name).symlink_to(_PACKAGE)

    def start(self, peer: Peer, case: Case) -> PeerProcess:
        """Start a program on a case and wait for the end of its first call.

        Raises:
            AbsentPeer: it is not installed, or the model that it wants is not here.
            PeerError: it does not start.
        """
        command = self._command(peer, case)
        paths = [str(self._folder), *filter(None, [os.environ.get('PYTHONPATH')])]
        environment = {'PYTHONPATH': os.pathsep.join(paths), 'TF_CPP_MIN_LOG_LEVEL': '2'}
        return PeerProcess(command, environment, _LIMIT_S)

    def _command(self, peer: Peer, case: Case) -> Sequence[str]:
        command = peer.command(self._tools)
        request = self._folder / f'{peer.name}.json'
        request.write_text(json.dumps(dataclasses.asdict(self._request(peer, case))))
        return [*command, str(request)]

    def _request(self, peer: Peer, case: Case) -> Request:
        network = case.network
        resolution = 'medium' if network.internal_resolution == 'auto' else network.internal_resolution
        geometry = bodypix2_geometry(case.height, case.width, resolution, network.stride)
        return Request(
            picture=str(self._write_picture(case)),
            width=case.width,
            height=case.height,
            batch=case.batch,
            graph=str(_official_graph(peer, case)) if peer.needs_graph else '',
            stride=network.stride,
            resolution=RESOLUTIONS[resolution] if isinstance(resolution, str) else resolution,
            input_height=geometry.input_height,
            input_width=geometry.input_width,
            threshold=SegmentSettings().threshold,
            settings=dataclasses.asdict(dataclasses.replace(network, internal_resolution=resolution)),
            node_modules=str((self._tools.node_modules or Path()).resolve()),
            backend=peer.backend,
        )

    def _write_picture(self, case: Case) -> Path:
        path = self._folder / f'{case.width}x{case.height}.rgb'
        if not path.is_file():
            fit(self._picture, case.width, case.height)[..., ::-1].tofile(path)
        return path

    def __enter__(self) -> Workshop:
        """Return the workshop itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder."""
        self._temporary.cleanup()


def _official_graph(peer: Peer, case: Case) -> Path:
    """Return the file of the TensorFlow.js model of the case's stride.

    Raises:
        AbsentPeer: it is not among the weights that are here.
    """
    source = source_at_hand(case.network)
    name = f'model-stride{case.network.stride}.json'
    if source is None or not (source.folder / name).is_file():
        where = 'the cache' if source is None else source.folder
        raise AbsentPeer(f'{peer.name} is left out: it runs the official {name}, which is not in {where}')
    return source.folder / name
