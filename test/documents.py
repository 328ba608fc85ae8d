# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The documents of the repository and the blocks of commands and code in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').rglob('*.md'))]
_FENCE = re.compile(r'^ *```(\w*)$')
_NOT_RUN = re.compile(r'<!-- not run by the tests: (.+) -->')


class Block(NamedTuple):
    """A fenced block: where it is, its language, its text, and why the tests do not run it (empty if they do)."""

    document: str
    line: int
    language: str
    text: str
    not_run: str


def blocks_of(document: Path) -> list[Block]:
    """Return the fenced blocks of a document, without their indentation."""
    lines = document.read_text(encoding='utf-8').split('\n')
    fences = [number for number, line in enumerate(lines) if _FENCE.match(line)]
    assert len(fences) % 2 == 0, f'{document}: a fence is not closed'
    found = []
    for start, end in zip(fences[::2], fences[1::2], strict=True):
        indent = len(lines[start]) - len(lines[start].lstrip())
        language, note = _FENCE.match(lines[start]), _NOT_RUN.search(lines[start - 1])
        assert language is not None
        text = '\n'.join(line[indent:] for line in lines[start + 1 : end])
        name = str(document.relative_to(ROOT))
        found.append(Block(name, start + 1, language[1], text, note[1] if note else ''))
    return found


def table_of(document: Path, marker: str) -> list[list[str]]:
    """Return the cells of the rows of the table after a comment, without its header."""
    lines = document.read_text(encoding='utf-8').partition(marker)[2].strip().split('\n')
    rows = []
    for line in lines[2:]:
        if not line.startswith('|'):
            break
        rows.append([cell.strip() for cell in line.strip('|').split(' | ')])
    return rows
