"""The documents say what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def _tables() -> ModuleType:
    specification = importlib.util.spec_from_file_location('tables', ROOT / 'tools' / 'tables.py')
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_documents_list_every_parameter_as_the_settings_have_it() -> None:
    tables = _tables()
    assert {'README.md', 'depth.md'} <= {document.name for document in tables.DOCUMENTS}
    for document, settings in tables.DOCUMENTS.items():
        text = document.read_text()
        assert tables.with_tables(text, settings) == text, 'run tools/tables.py --write'
        for setting in settings:
            assert f'| `{setting.name}`' in text


def test_links_inside_the_documents_lead_somewhere() -> None:
    for document in [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]:
        for target in _local_links(document.read_text()):
            assert (document.parent / target).exists(), f'{document.name}: {target}'


def _local_links(text: str) -> list[str]:
    links = [piece.partition(')')[0] for piece in text.split('](')[1:]]
    return [link.partition('#')[0] for link in links if not link.startswith(('http', '#'))]
