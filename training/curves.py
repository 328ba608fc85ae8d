"""Draw a run's log as curves."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

from .losses import WEIGHTS


def draw_curves(log: Path, picture: Path) -> None:
    """Draw losses and agreement with the teacher over time.

    Args:
        log: JSON lines that `training.train` wrote.
        picture: the PNG file to write.
    """
    records = [json.loads(line) for line in log.read_text().splitlines()]
    examined = [record for record in records if 'held_out_loss' in record]
    figure = Figure(figsize=(10, 4))
    left, right = figure.subplots(1, 2)
    minutes = [record['minutes'] for record in records]
    for name in ('loss', *WEIGHTS):
        left.plot(minutes, [record[name] for record in records], label=name)
    left.plot([r['minutes'] for r in examined], [r['held_out_loss'] for r in examined], 'k--', label='loss, held out')
    left.set(xlabel='minutes', ylabel='loss', yscale='log')
    for name, text in (('person_iou', 'person IoU'), ('part_agreement', 'part agreement')):
        values = [100 * record[f'held_out_{name}'] for record in examined]
        right.plot([record['minutes'] for record in examined], values, label=f'{text} with the teacher, held out')
    right.set(xlabel='minutes', ylabel='%')
    for axes in (left, right):
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=90)
