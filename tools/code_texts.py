# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The texts in the source code of the package, with `…` for each value that is inserted at run time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HOLE = '…'
"""Stands for an inserted value."""

_PERCENT_CODE = re.compile(r'%(\.\d+)?[sdfg]')

LEVELS = ('OK', 'WARN', 'ERROR')


class StatusText(NamedTuple):
    """A diagnostic status: its level (OK, WARN or ERROR), its kind in one or two words, and its sentence."""

    level: str
    kind: str
    text: str


def texts_of(folder: Path) -> set[str]:
    """Return all strings of the Python files in a folder, without docstrings; adjacent literals are one string."""
    texts = set()
    for path in folder.rglob('*.py'):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding='utf-8'))))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        literals = {node for node in nodes if isinstance(node, (ast.Constant, ast.JoinedStr))}
        texts |= {_PERCENT_CODE.sub(HOLE, _text(node)) for node in literals - docstrings}
    return texts


def statuses_of(path: Path) -> list[StatusText]:
    """Return each `Status(Level.X, 'kind', text)` of a file, in order; a name is replaced by its assigned text."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [status for function in sorted(functions, key=lambda one: one.lineno) for status in _statuses(function)]


def _statuses(function: ast.FunctionDef) -> Iterator[StatusText]:
    values: dict[str, ast.expr] = {}
    nodes = [node for node in ast.walk(function) if isinstance(node, (ast.Assign, ast.Call))]
    for node in sorted(nodes, key=lambda one: one.lineno):
        if isinstance(node, ast.Assign):
            values |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node.func, ast.Name) and node.func.id == 'Status':
            level, kind, text = node.args
            yield StatusText(_level(level, values), _text(kind, values), _text(text, values))


def _level(node: ast.expr, values: dict[str, ast.expr]) -> str:
    value = values.get(node.id, node) if isinstance(node, ast.Name) else node
    found = {one.attr for one in ast.walk(value) if isinstance(one, ast.Attribute) and one.attr in LEVELS}
    return ' or '.join(level for level in LEVELS if level in found)


def _text(node: ast.expr, values: dict[str, ast.expr] | None = None) -> str:
    """Return the text of an expression; `values` are those of local variables."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return ''.join(_text(value, values) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, values)
    if isinstance(node, ast.Name) and values and node.id in values:
        return _text(values[node.id], {name: value for name, value in values.items() if name != node.id})
    return HOLE
