"""`bodypix demo`: the real node and a camera in processes of their own, and pictures of what came out."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BodyPixError, ModelError
from ..models.download import AbsentError
from ..models.network import load_network
from ..models.source import OFFICIAL
from ..ros.executable import as_parameters, prepare_environment, running
from ..settings import NetworkSettings
from .options import add_options, from_options
from .pictures import write_pictures
from .progress import ProgressBar

if TYPE_CHECKING:
    from ..ros.collector import Collector

_NAMESPACE = '/bodypix_demo'
_FIRST_RESULT_S = 60.0
_WHICH_NETWORK = ('version', 'architecture', 'multiplier', 'quant_bytes', 'checkpoint')
# Where none was asked for: a server that stands for the official one may not have every checkpoint.
_ALTERNATIVES: tuple[dict[str, Any], ...] = ({'quant_bytes': 2}, {'multiplier': 0.5})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source, the time and every setting of the network."""
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument('--image', dest='source', metavar='FILE', help='show a picture (default: an astronaut)')
    sources.add_argument('--video', dest='source', metavar='FILE', help='play a video file, over and over')
    sources.add_argument('--device', dest='source', metavar='/dev/videoN', help='use a camera')
    parser.add_argument('--seconds', type=float, default=5.0, help='how long to measure (default: %(default)g)')
    parser.add_argument('--output', type=Path, required=True, metavar='DIR', help='folder for the PNG files')
    add_options(parser, NetworkSettings)


def run(arguments: argparse.Namespace) -> int:
    """Run the node on the source, write what it published, and say how fast it was."""
    settings = _settings_at_hand(arguments)
    prepare_environment('the demo')
    from ..ros.collector import collecting

    with ExitStack() as stack:
        source = arguments.source or _astronaut(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        camera = [f'source:={Path(source).resolve()}']
        processes = [
            stack.enter_context(running('bodypix_ros.ros.node', _NAMESPACE, as_parameters(settings))),
            stack.enter_context(running('bodypix_ros.ros.virtual_camera', _NAMESPACE, camera)),
        ]
        collector = stack.enter_context(collecting(_NAMESPACE))

        def ended() -> bool:
            return any(process.poll() is not None for process in processes)

        collector.wait(lambda: collector.complete or ended(), _FIRST_RESULT_S)
        if not collector.complete:
            raise BodyPixError('no results came; the lines above say what the node or the camera lacks')
        collector.measure(arguments.seconds)
        _report(collector, write_pictures(arguments.output, collector.pictures()))
    return 0


def _settings_at_hand(arguments: argparse.Namespace) -> NetworkSettings:
    """Return settings whose checkpoint is here, fetching it where that is possible.

    Raises:
        ModelError: there is no checkpoint to be had; the text is about the first choice.
    """
    asked = from_options(arguments, NetworkSettings, allow_download=True)
    choices = _choices(asked, free=not any(name in vars(arguments) for name in _WHICH_NETWORK))
    errors: list[ModelError] = []
    for choice in choices:
        reachable = all(isinstance(error, AbsentError) for error in errors)  # else only the cache is left to ask
        try:
            with ProgressBar() as progress:
                name = load_network(dataclasses.replace(choice, allow_download=reachable), progress=progress).name
        except ModelError as error:
            errors.append(error)
            continue
        if errors:
            print(f'{errors[0]}\nGoing on with what is there: {name}.', file=sys.stderr)
        return choice
    raise errors[0]


def _choices(asked: NetworkSettings, *, free: bool) -> list[NetworkSettings]:
    """Return what to try in turn: what was asked for, where that was nothing others like it, if any."""
    if asked.checkpoint != OFFICIAL:
        return [asked]
    return [asked, *(dataclasses.replace(asked, **other) for other in _ALTERNATIVES if free)]


def _astronaut(folder: Path) -> str:
    try:
        from skimage import data  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise BodyPixError(
            'the picture of the demo is in scikit-image, which is not installed; give an --image'
        ) from error
    (path,) = write_pictures(folder, {'astronaut': data.astronaut()[..., ::-1]})
    return str(path)


def _report(collector: Collector, paths: Sequence[Path]) -> None:
    stats = collector.stats
    assert stats is not None
    median_ms, p95_ms = np.percentile(collector.latencies_ms, (50, 95))
    print(f'network   {stats.model}')
    print(f'provider  {stats.provider}: {stats.device}')
    print(f'rate      {collector.rate_hz:.1f} masks a second, from {stats.cameras[0].rate_in_hz:.1f} images a second')
    print(f'latency   {median_ms:.1f} ms median, {p95_ms:.1f} ms p95, from the stamp of an image to its mask')
    for path in paths:
        print(f'picture   {path.resolve()}')
