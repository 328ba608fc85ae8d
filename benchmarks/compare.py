# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs this package and other programs side by side on one case, and presents the results."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bodypix_ros.bench.cases import Case
from bodypix_ros.bench.tables import align, machine_text, ms_cell, ratio_cells, require_matplotlib, save_figure
from bodypix_ros.bench.timing import MIN_ROUNDS, Burst, Interference, Ratio, Summary, time_interleaved

from .processes import OURS, Installations, Peer, PeerError, PeerNotAvailableError, PeerProcess, start_peer

SCHEMA = 2
"""Version of the JSON schema; incremented with every incompatible change."""

_BURST_MS = 250.0


@dataclass(frozen=True)
class PeerReport:
    """Results of one program on one case.

    Attributes:
        name: on the command line.
        description: what it runs.
        title: its name with versions.
        supports_batches: whether its calls are of the whole batch.
        vs_ours: its calls relative to those of this package, for the same number of images.
        summary: statistics of its calls.
        person: fraction of the picture that it labels as a person, 0..1; None if it returns no mask.
        first_call_ms: from the start of its process to the end of its first call.
        peak_mb: peak memory of its process.
    """

    name: str
    description: str
    title: str
    supports_batches: bool
    vs_ours: Ratio
    summary: Summary
    person: float | None
    first_call_ms: float
    peak_mb: float


@dataclass(frozen=True)
class Comparison:
    """Results of all programs on one case.

    Attributes:
        case: the case.
        peers: results, this package first.
        skipped: a sentence for each program that did not run.
        interference: load of other processes.
    """

    case: Case
    peers: list[PeerReport]
    skipped: list[str]
    interference: Interference


def compare(
    case: Case, peers: Sequence[Peer], picture: NDArray[np.uint8], seconds: float, installed: Installations
) -> Comparison:
    """Run this package and other programs side by side, each in a new process, in interleaved bursts.

    Args:
        case: the case.
        peers: the other programs.
        picture: (H, W, 3) uint8 BGR; fitted into the size of the case.
        seconds: minimum duration.
        installed: where programs may be installed.

    Raises:
        BodyPixError: this package failed to run the case.
    """
    skipped: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = {OURS.name: (OURS, stack.enter_context(start_peer(OURS, case, picture, installed, folder)))}
        for peer in peers:
            try:
                process = start_peer(peer, case, picture, installed, folder)
            except PeerNotAvailableError as reason:
                skipped.append(f'skipped {reason}')
            except PeerError as error:
                skipped.append(f'skipped {peer.name}: {error}')
            else:
                running[peer.name] = peer, stack.enter_context(process)
        rounds = time_interleaved({name: process for name, (_, process) in running.items()}, seconds, _BURST_MS)
        bursts = rounds.quiet_bursts()
        reports = [_report(peer, process, bursts, case) for peer, process in running.values()]
    return Comparison(case, reports, skipped, rounds.interference)


def _report(peer: Peer, process: PeerProcess, bursts: dict[str, list[Burst]], case: Case) -> PeerReport:
    scale = 1.0 if peer.supports_batches else float(case.batch)
    return PeerReport(
        name=peer.name,
        description=peer.description,
        title=process.title,
        supports_batches=peer.supports_batches,
        vs_ours=Ratio.of(bursts[peer.name], bursts[OURS.name], scale),
        summary=Summary.of(bursts[peer.name]),
        person=process.person,
        first_call_ms=process.first_call_ms,
        peak_mb=process.peak_mb,
    )


def comparisons_text(machine: dict[str, str | int | float], comparisons: Sequence[Comparison]) -> str:
    """Return all results as text."""
    return '\n\n'.join([*map(comparison_text, comparisons), machine_text(machine)])


def comparison_text(comparison: Comparison) -> str:
    """Return a table of all programs on one case, their descriptions, and a sentence for each that did not run."""
    header = (
        comparison.case.title, 'x ours', 'best', 'CPU', 'median ms', 'p95 ms', 'frames/s', 'CPU ms/frame', 'person',
        'first mask s', 'peak MB',
    )  # fmt: skip
    rows = [_peer_row(peer, comparison.case.batch) for peer in comparison.peers]
    legend = [f'{peer.name}: {peer.description}; {peer.title}' for peer in comparison.peers]
    return '\n'.join([align([header, *rows]), *legend, *comparison.skipped, interference_text(comparison.interference)])


def _peer_row(peer: PeerReport, batch: int) -> tuple[str, ...]:
    summary, images = peer.summary, batch if peer.supports_batches else 1
    return (
        peer.name,
        *ratio_cells(peer.vs_ours),
        ms_cell(summary.median_ms),
        ms_cell(summary.p95_ms),
        f'{1e3 * images / summary.median_ms:.0f}',
        ms_cell(summary.cpu_ms / images),
        '-' if peer.person is None else f'{peer.person:.1%}',
        f'{peer.first_call_ms / 1e3:.2f}',
        f'{peer.peak_mb:.0f}',
    )


def interference_text(interference: Interference) -> str:
    """Return how much other processes may have affected a result."""
    rounds = f'{interference.rounds} rounds'
    if interference.load is None:
        return f'{rounds}; the load of other processes is unknown: pip install psutil'
    enough = interference.quiet >= MIN_ROUNDS
    used = f'{interference.quiet} quiet ones used' if enough else 'too few quiet ones, all used'
    return f'{rounds}, {used}; median load of other processes: {max(interference.load, 0.0):.2f} processors'


def comparisons_json(machine: dict[str, str | int | float], comparisons: Sequence[Comparison]) -> str:
    """Return all results as JSON, with the version of the schema."""
    values = {'schema': SCHEMA, 'machine': machine, 'comparisons': [dataclasses.asdict(one) for one in comparisons]}
    return json.dumps(values, indent=1)


def draw_comparisons(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write a bar chart of the times relative to this package; the suffix of the path determines the file format.

    Raises:
        BodyPixError: matplotlib is not installed, or the file cannot be written.
    """
    figure = require_matplotlib()(figsize=(10, 1 + 2.5 * len(comparisons)), layout='constrained')
    for axes, comparison in zip(figure.subplots(len(comparisons), 1, squeeze=False)[:, 0], comparisons, strict=True):
        bars = axes.barh([peer.name for peer in comparison.peers], [peer.vs_ours.time for peer in comparison.peers])
        axes.bar_label(bars, fmt='%.2f', padding=3)
        axes.invert_yaxis()
        axes.set_xscale('log')
        axes.set_xlabel('time relative to bodypix_ros')
        axes.set_title(comparison.case.title)
    save_figure(figure, path)
