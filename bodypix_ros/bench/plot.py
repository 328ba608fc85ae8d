"""A report as a picture: where the time of a frame goes, and how we stand beside others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BodyPixError
from .report import CaseReport, Comparison, Report
from .stages import STAGES, WHOLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def require_matplotlib() -> type[Figure]:
    """Return matplotlib's figure.

    Raises:
        BodyPixError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BodyPixError('a plot needs matplotlib, which is not installed; pip install matplotlib') from error
    return Figure


def draw_plot(report: Report, path: Path) -> None:
    """Write a picture file of the report, of the kind that its suffix says.

    Raises:
        BodyPixError: matplotlib is not installed, or the file cannot be written.
    """
    panels = bool(report.cases) + len(report.comparisons)
    figure = require_matplotlib()(figsize=(10, 1 + 2.5 * panels), layout='constrained')
    axes = list(figure.subplots(panels, 1, squeeze=False)[:, 0])
    if report.cases:
        _draw_stages(axes.pop(0), report.cases)
    for comparison in report.comparisons:
        _draw_comparison(axes.pop(0), comparison)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise BodyPixError(f'the plot cannot be written to {path}: {error}') from error


def _draw_stages(axes: Any, cases: list[CaseReport]) -> None:
    titles = [report.case.title for report in cases]
    begins = [0.0] * len(cases)
    for stage in STAGES[:-1]:
        lengths = [report.stages[stage].median_ms if stage in report.stages else 0.0 for report in cases]
        if any(lengths):
            axes.barh(titles, lengths, left=begins, label=stage)
            begins = [begin + length for begin, length in zip(begins, lengths, strict=True)]
    axes.plot([report.stages[WHOLE].median_ms for report in cases], titles, 'k|', markersize=20, label=WHOLE)
    axes.invert_yaxis()
    axes.set_xlabel('milliseconds, median')
    axes.legend(fontsize='small')


def _draw_comparison(axes: Any, comparison: Comparison) -> None:
    names = [peer.name for peer in comparison.peers]
    bars = axes.barh(names, [peer.times_ours.time for peer in comparison.peers])
    axes.bar_label(bars, fmt='%.2f', padding=3)
    axes.invert_yaxis()
    axes.set_xscale('log')
    axes.set_xlabel('times as long as ours')
    axes.set_title(comparison.case.title)
