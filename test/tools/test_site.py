# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The documentation site builds without warnings, has a page for each document, and loads nothing from other hosts."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bodypix_ros
from bodypix_ros.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec('mkdocs') is None:
        pytest.skip("mkdocs is not installed: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', folder]
    environment = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    assert 'WARNING' not in done.stderr
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    for document in (ROOT / 'docs').rglob('*.md'):
        assert (site / document.relative_to(ROOT / 'docs')).with_suffix('.html').is_file()
    for page in ('CHANGELOG.html', 'CONTRIBUTING.html', 'benchmarks/index.html'):
        assert (site / page).is_file()


def test_files_outside_the_documents_are_copied_and_linked(site: Path) -> None:
    page = (site / 'tutorials' / 'nav2.html').read_text(encoding='utf-8')
    assert 'href="../config/nav2_people_layer.yaml"' in page
    assert (site / 'config/nav2_people_layer.yaml').read_text() == (ROOT / 'config/nav2_people_layer.yaml').read_text()
    card = site / 'bodypix_ros/models/own/data'
    assert 'src="astronaut.jpg"' in (card / 'MODEL_CARD.html').read_text(encoding='utf-8')
    assert (card / 'astronaut.jpg').is_file()


def test_the_programming_interface_comes_from_the_docstrings(site: Path) -> None:
    text = re.sub('<[^>]+>', '', (site / 'api.html').read_text(encoding='utf-8'))
    for thing in (bodypix_ros.load, bodypix_ros.Segmenter.segment, SettingError):
        assert inspect.cleandoc(thing.__doc__ or '').split('\n')[0] in text


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob('*.html'))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding='utf-8')
        loaded = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="(\w+://[^"]*)"', text)
        loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|preconnect|icon)"[^>]*href="(\w+://[^"]*)"', text)
        assert loaded == [], page.name
