# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports as text tables and as plots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from ..errors import BodyPixError
from .report import FRAME, STAGES, CaseReport, NodeReport, Report
from .timing import Ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLOTTED = ('preprocess', 'inference', 'postprocess')


def report_text(report: Report) -> str:
    """Return the whole report as text."""
    paragraphs = []
    if report.cases:
        paragraphs += [case_table(report.cases), stage_table(report.cases), networks_text(report.cases)]
    if report.nodes:
        paragraphs.append(node_table(report.nodes))
    return '\n\n'.join([*paragraphs, machine_text(report.machine)])


def case_table(cases: Sequence[CaseReport]) -> str:
    """Return one line per case. Ratios come first: they vary less than times."""
    header = (
        'case', 'network input', 'provider', 'kernels', 'x bare', 'best', 'CPU', 'median ms', 'p95 ms', 'frames/s',
        'CPU ms/frame', 'first mask s', 'peak MB', 'quiet rounds',
    )  # fmt: skip
    return align([header, *map(_case_row, cases)])


def _case_row(report: CaseReport) -> tuple[str, ...]:
    frame, batch = report.frame, report.case.batch
    return (
        report.case.title,
        'x'.join(map(str, report.input_size)),
        report.provider,
        report.kernels,
        *ratio_cells(report.vs_bare),
        ms_cell(frame.median_ms),
        ms_cell(frame.p95_ms),
        f'{1e3 * batch / frame.median_ms:.0f}',
        ms_cell(frame.cpu_ms / batch),
        f'{report.first_mask_ms / 1e3:.2f}',
        f'{report.peak_mb:.0f}',
        f'{report.interference.quiet} of {report.interference.rounds}',
    )


def stage_table(cases: Sequence[CaseReport]) -> str:
    """Return the median milliseconds of each stage, one line per case."""
    present = set(chain.from_iterable(report.stages_ms for report in cases))
    stages = [stage for stage in STAGES if stage in present]
    rows = [
        (one.case.title, *(ms_cell(one.stages_ms[stage]) if stage in one.stages_ms else '-' for stage in stages))
        for one in cases
    ]
    return align([('median ms', *stages), *rows])


def networks_text(cases: Sequence[CaseReport]) -> str:
    """Return which networks ran on which providers, and why."""
    return '\n'.join(dict.fromkeys(f'{one.network} on {one.provider}: {one.provider_reason}' for one in cases))


def node_table(nodes: Sequence[NodeReport]) -> str:
    """Return one line per case of the node; stages in milliseconds."""
    header = (
        'node', 'provider', 'Hz', 'frames', 'dropped', *NodeReport.STAGES, 'age - inference', 'latency',
        'CPU ms/frame', 'first mask s',
    )  # fmt: skip
    return align([header, *map(_node_row, nodes)])


def _node_row(node: NodeReport) -> tuple[str, ...]:
    return (
        node.case.title,
        node.provider,
        f'{node.rate_hz:g}',
        str(node.frames),
        str(node.dropped),
        *(ms_cell(node.stages_ms[stage]) for stage in NodeReport.STAGES),
        ms_cell(node.stages_ms['age'] - node.stages_ms['inference']),
        ms_cell(node.latency_ms),
        '-' if node.cpu_ms is None else ms_cell(node.cpu_ms),
        f'{node.first_mask_ms / 1e3:.2f}',
    )


def machine_text(machine: dict[str, str | int | float]) -> str:
    """Return the description of the machine as one line."""
    return ', '.join(f'{name} {value}' for name, value in machine.items())


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equal length as aligned columns: text to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    is_number = [any(cell[:1].isdigit() for cell in column[1:]) for column in zip(*rows, strict=True)]
    is_number[0] = False
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, is_number, strict=True)
        ]
        lines.append('  '.join(cells).rstrip())
    return '\n'.join(lines)


def ms_cell(value: float) -> str:
    """Return milliseconds with two digits, or none from 100 on."""
    return f'{value:.2f}' if value < 100 else f'{value:.0f}'


def ratio_cells(ratio: Ratio | None) -> tuple[str, str, str]:
    """Return the cells of a ratio: wall clock time, best wall clock time, CPU time."""
    return ('-', '-', '-') if ratio is None else (f'{ratio.time:.2f}', f'{ratio.best:.2f}', f'{ratio.cpu:.2f}')


def require_matplotlib() -> type[Figure]:
    """Return the Figure class of matplotlib, which stores its list of fonts in the cache folder of this package.

    Raises:
        BodyPixError: matplotlib is not installed.
    """
    os.environ.setdefault('MPLCONFIGDIR', str(user_cache_path('bodypix_ros') / 'matplotlib'))
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BodyPixError('--plot requires matplotlib, which is not installed: pip install matplotlib') from error
    return Figure


def draw_plot(cases: Sequence[CaseReport], path: Path) -> None:
    """Write a bar chart of the stages; the suffix of the path determines the file format.

    Raises:
        BodyPixError: matplotlib is not installed, or the file cannot be written.
    """
    figure = require_matplotlib()(figsize=(10, 1.5 + 0.5 * len(cases)), layout='constrained')
    axes = figure.subplots()
    titles = [report.case.title for report in cases]
    left = [0.0] * len(cases)
    for stage in _PLOTTED:
        lengths = [report.stages_ms[stage] for report in cases]
        axes.barh(titles, lengths, left=left, label=stage)
        left = [start + length for start, length in zip(left, lengths, strict=True)]
    axes.plot([report.frame.median_ms for report in cases], titles, 'k|', markersize=20, label=FRAME)
    axes.invert_yaxis()
    axes.set_xlabel('milliseconds, median')
    axes.legend(fontsize='small')
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the suffix of the path determines the file format.

    Raises:
        BodyPixError: the file cannot be written.
    """
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise BodyPixError(f'failed to write the plot to {path}: {error}') from error
