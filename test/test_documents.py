# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The documents say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from documents import DOCUMENTS, ROOT


def tool(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a program of tools/."""
    monkeypatch.syspath_prepend(ROOT / 'tools')
    specification = importlib.util.spec_from_file_location(name, ROOT / 'tools' / f'{name}.py')
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_pages_of_the_nodes_list_every_parameter_and_every_diagnostic(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tool('tables', monkeypatch)
    assert {document.name for document in tables.DOCUMENTS} == {'bodypix_node.md', 'depth_filter.md'}
    for document, settings in tables.DOCUMENTS.items():
        text = document.read_text()
        assert tables.updated(document) == text, 'run tools/tables.py --write'
        for setting in settings:
            assert f'| `{setting.name}`' in text
        for text_of_kind in ('| ERROR | no publisher | `… has no publisher: start ', '| OK | idle | `'):
            assert text_of_kind in text


def test_each_line_of_the_log_in_troubleshooting_is_in_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = tool('code_texts', monkeypatch).texts_of(ROOT / 'bodypix_ros')
    quotes = re.findall(r'^### `(.+)`$', (ROOT / 'docs/troubleshooting.md').read_text(), re.MULTILINE)
    assert len(quotes) > 20
    for quote in quotes:
        pattern = re.compile('.*'.join(map(re.escape, quote.split('…'))))
        assert any(map(pattern.search, texts)), quote


def test_texts_of_the_code_have_an_ellipsis_for_each_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code_texts = tool('code_texts', monkeypatch)
    file = tmp_path / 'code.py'
    file.write_text(
        '"""A docstring."""\nLOG.info("%s: %.1f s", a, b)\n'
        'def f(x):\n    more = f"run {x}"\n    text = f"no {x}, " f"so {more}"\n'
        '    return Status(Level.WARN, "bad", text)\n'
    )
    assert code_texts.texts_of(tmp_path) >= {'…: … s', 'run …', 'bad'}
    assert 'A docstring.' not in code_texts.texts_of(tmp_path)
    assert code_texts.statuses_of(file) == [('WARN', 'bad', 'no …, so run …')]


def test_links_inside_the_documents_lead_somewhere() -> None:
    assert len(DOCUMENTS) > 20
    for document in DOCUMENTS:
        for target in local_links(document.read_text()):
            assert (document.parent / target).exists(), f'{document.name}: {target}'


def local_links(text: str) -> list[str]:
    """Return the targets of the links of a document that are files, without anchors."""
    links = [piece.partition(')')[0] for piece in text.split('](')[1:]]
    return [link.partition('#')[0] for link in links if not link.startswith(('http', '#'))]
