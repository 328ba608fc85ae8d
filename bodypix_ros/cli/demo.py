# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix demo`: runs the node and a virtual camera as separate processes and writes the published images as files."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..demo.processes import CAMERA, NODE, Stop, StopSignals, prepare_environment, running
from ..errors import BodyPixError
from ..setting import Setting, Value
from ..settings import NetworkSettings
from .options import add_number, add_options, given_options, read_folder

if TYPE_CHECKING:
    from ..demo.result_collector import ResultCollector

_NAMESPACE = '/bodypix_demo'
_FIRST_RESULT_TIMEOUT_S = 120.0
_SECONDS = Setting(
    'seconds', float, 5.0, 'duration of the measurement of rate and latency', minimum=0.1, maximum=3600.0
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source, the duration and all settings of the network."""
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument('--image', dest='source', metavar='FILE', help='show a picture (default: an astronaut)')
    sources.add_argument('--video', dest='source', metavar='FILE', help='play a video file in a loop')
    sources.add_argument('--device', dest='source', metavar='/dev/videoN', help='use a camera')
    add_number(parser, _SECONDS)
    parser.add_argument('--output', type=read_folder, required=True, metavar='DIR', help='folder for the PNG files')
    add_options(parser, NetworkSettings)


def run(arguments: argparse.Namespace) -> int:
    """Run the node on the source, print the network, rate and latency, and write the published images as PNG files.

    SIGINT, SIGTERM and SIGHUP end it with status 0. All processes that it started have ended when it returns.
    """
    signals = StopSignals()
    try:
        with ExitStack() as stack, signals:
            _show(arguments, signals, stack)
    except (Stop, Exception):
        if not signals.received:  # else also an ImportError, which a module may raise where its import is interrupted
            raise
        signals.ignore_more()
    return 0


def _show(arguments: argparse.Namespace, signals: StopSignals, stack: ExitStack) -> None:
    prepare_environment('bodypix demo')
    from ..demo.result_collector import collecting, topics_of

    parameters = {'allow_download': True, **given_options(arguments, NetworkSettings)}
    topics = topics_of(_load(parameters))
    source = arguments.source or _astronaut(Path(stack.enter_context(tempfile.TemporaryDirectory())))
    camera = {'source': str(Path(source).absolute())}
    with signals.delayed():
        processes = [
            stack.enter_context(running(NODE, _NAMESPACE, parameters)),
            stack.enter_context(running(CAMERA, _NAMESPACE, camera)),
        ]
    collector = stack.enter_context(collecting(_NAMESPACE, topics))

    def any_ended() -> bool:
        return any(process.poll() is not None for process in processes)

    collector.wait(lambda: collector.complete or any_ended(), _FIRST_RESULT_TIMEOUT_S)
    if not collector.complete:
        raise BodyPixError('no results were received; see the log of the node and of the camera above')
    _report_network(collector)
    collector.measure(arguments.seconds)
    if not collector.arrivals_s:
        raise BodyPixError(f'no mask was received within {arguments.seconds:g} s; increase --seconds')
    _report(collector, _write_pictures(arguments.output, collector, Path(source)))


def _load(parameters: Mapping[str, Value]) -> str:
    """Download and build the model before the node does, with a progress bar, and return its concrete name.

    Raises:
        ModelError: the weights are missing and cannot be downloaded; the text says how to get them.
    """
    from ..models.network import obtain_model, resolve_settings
    from .progress import ProgressBar

    settings, _ = resolve_settings(NetworkSettings(**parameters), parameters)  # type: ignore[arg-type]
    with ProgressBar() as progress:
        obtain_model(settings, progress)
    return settings.model


def _astronaut(folder: Path) -> str:
    from .pictures import write_pictures

    try:
        from skimage import data  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise BodyPixError(
            'the default picture is part of scikit-image, which is not installed; pass --image FILE'
        ) from error
    (path,) = write_pictures(folder, {'astronaut': data.astronaut()[..., ::-1]})
    return str(path)


def _write_pictures(folder: Path, collector: ResultCollector, source: Path) -> Sequence[Path]:
    from .pictures import write_pictures

    return write_pictures(folder, collector.pictures(), inputs=[source])


def _report_network(collector: ResultCollector) -> None:
    stats = collector.stats
    assert stats is not None, 'the results are complete'
    print(f'network   {stats.model} on {stats.provider}: {stats.model_reason}; {stats.device}', flush=True)


def _report(collector: ResultCollector, paths: Sequence[Path]) -> None:
    import numpy as np

    stats = collector.stats
    assert stats is not None, 'the results are complete'
    median_ms, p95_ms = np.percentile(collector.latencies_ms, (50, 95))
    print(
        f'rate      {collector.rate_hz:.1f} masks per second from {stats.cameras[0].rate_in_hz:.1f} images per second'
    )
    print(f'latency   {median_ms:.1f} ms median, {p95_ms:.1f} ms p95, from the stamp of an image to its mask')
    for path in paths:
        print(f'picture   {path.resolve()}')
