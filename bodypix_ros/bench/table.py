"""Reports as tables that people read in a terminal. Ratios come first: they are steadier than times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from .report import CaseReport, Comparison, NodeReport, PeerReport, Report
from .stages import STAGES, WHOLE
from .summary import Ratio
from .turns import ENOUGH


def report_text(report: Report) -> str:
    """Return the whole report as text."""
    paragraphs = []
    if report.cases:
        paragraphs += [case_table(report.cases), stage_table(report.cases), networks_text(report.cases)]
    paragraphs += [comparison_text(comparison) for comparison in report.comparisons]
    if report.nodes:
        paragraphs.append(node_table(report.nodes))
    machine = ', '.join(f'{name} {value}' for name, value in report.machine.items())
    return '\n\n'.join([*paragraphs, machine])


def case_table(cases: Sequence[CaseReport]) -> str:
    """Return one line for each case: the whole frame."""
    header = (
        'case', 'network sees', 'on', 'kernels', 'x bare', 'at best', 'CPU', 'median ms', 'p95 ms', 'frames/s',
        'CPU ms/frame', 'first mask s', 'peak MB', 'quiet',
    )  # fmt: skip
    return align([header, *map(_case_row, cases)])


def _case_row(report: CaseReport) -> tuple[str, ...]:
    whole, batch = report.stages[WHOLE], report.case.batch
    return (
        report.case.title,
        'x'.join(map(str, report.input_size)),
        report.provider,
        report.kernels,
        *_ratio(report.times_bare),
        _ms(whole.median_ms),
        _ms(whole.p95_ms),
        f'{1e3 * batch / whole.median_ms:.0f}',
        _ms(whole.cpu_ms / batch),
        f'{report.first_mask_ms / 1e3:.2f}',
        f'{report.peak_mb:.0f}',
        f'{report.noise.quiet} of {report.noise.rounds}',
    )


def stage_table(cases: Sequence[CaseReport]) -> str:
    """Return the median milliseconds of each stage, one line for each case."""
    present = set(chain.from_iterable(report.stages for report in cases))
    stages = [stage for stage in STAGES if stage in present]
    return align([('median ms', *stages), *(_stage_row(report, stages) for report in cases)])


def _stage_row(report: CaseReport, stages: Sequence[str]) -> tuple[str, ...]:
    times = (_ms(report.stages[stage].median_ms) if stage in report.stages else '-' for stage in stages)
    return report.case.title, *times


def networks_text(cases: Sequence[CaseReport]) -> str:
    """Say which networks ran, and why where they did."""
    return '\n'.join(dict.fromkeys(f'{one.network} on {one.provider}: {one.reason}' for one in cases))


def comparison_text(comparison: Comparison) -> str:
    """Return all programs on one case, what they are, and a sentence for each that is missing."""
    header = (
        comparison.case.title, 'x ours', 'at best', 'CPU', 'median ms', 'p95 ms', 'frames/s', 'CPU ms/frame', 'person',
        'first mask s', 'peak MB',
    )  # fmt: skip
    rows = [_peer_row(peer, comparison.case.batch) for peer in comparison.peers]
    legend = [f'{peer.name}: {peer.what}; {peer.title}' for peer in comparison.peers]
    return '\n'.join([align([header, *rows]), *legend, *comparison.absent, noise_text(comparison)])


def _peer_row(peer: PeerReport, batch: int) -> tuple[str, ...]:
    summary, pictures = peer.summary, batch if peer.knows_batches else 1
    return (
        peer.name,
        *_ratio(peer.times_ours),
        _ms(summary.median_ms),
        _ms(summary.p95_ms),
        f'{1e3 * pictures / summary.median_ms:.0f}',
        _ms(summary.cpu_ms / pictures),
        '-' if peer.person is None else f'{peer.person:.1%}',
        f'{peer.first_ms / 1e3:.2f}',
        f'{peer.peak_mb:.0f}',
    )


def node_table(nodes: Sequence[NodeReport]) -> str:
    """Return one line for each case on which the node was watched; stages in milliseconds."""
    header = (
        'node', 'on', 'Hz', 'frames', 'dropped', *NodeReport.STAGES, 'age - inference', 'arrival', 'CPU ms/frame',
        'first mask s',
    )  # fmt: skip
    return align([header, *map(_node_row, nodes)])


def _node_row(node: NodeReport) -> tuple[str, ...]:
    return (
        node.case.title,
        node.provider,
        f'{node.rate_hz:g}',
        str(node.frames),
        str(node.dropped),
        *(_ms(node.stages[stage]) for stage in NodeReport.STAGES),
        _ms(node.stages['age'] - node.stages['inference']),
        _ms(node.arrival_ms),
        '-' if node.cpu_ms is None else _ms(node.cpu_ms),
        f'{node.first_mask_ms / 1e3:.2f}',
    )


def noise_text(comparison: Comparison) -> str:
    """Say in how far a comparison's numbers can be trusted."""
    noise = comparison.noise
    if noise.others is None:
        return f'{noise.rounds} rounds; how busy other programs were is not known: pip install psutil'
    which = f'the {noise.quiet} quiet ones count' if noise.quiet >= ENOUGH else 'hardly one quiet, so all count'
    return f'{noise.rounds} rounds, {which}; other programs used {max(noise.others, 0.0):.2f} of a processor'


def align(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equal length as lines whose columns stand below each other; words to the left, numbers right."""
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


def _ms(value: float) -> str:
    return f'{value:.2f}' if value < 100 else f'{value:.0f}'


def _ratio(ratio: Ratio | None) -> tuple[str, str, str]:
    """Return the cells of a ratio: by the clock, by the clock at best, in processor time."""
    return ('-', '-', '-') if ratio is None else (f'{ratio.time:.2f}', f'{ratio.best:.2f}', f'{ratio.cpu:.2f}')
