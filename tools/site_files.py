# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hook of MkDocs: adds the files outside docs/ that the documents link to, so that their links work on the site too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = PurePosixPath('docs')
_LINK = re.compile(r'(?<=\]\()([^)#\s]+)')


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the documents of the navigation that are outside docs/, then all files that documents link to."""
    from mkdocs.structure.files import File

    added = {path for path in _paths_of(config['nav']) if not (ROOT / DOCS / path).is_file()}
    waiting = [*added, *(str(DOCS / file.src_uri) for file in files.documentation_pages())]
    while waiting:
        source = waiting.pop()
        if not source.endswith('.md'):
            continue
        for link in _LINK.findall((ROOT / source).read_text(encoding='utf-8')):
            target = _target(source, link)
            if (ROOT / target).is_file() and DOCS not in PurePosixPath(target).parents and target not in added:
                added.add(target)
                waiting.append(target)
    for path in sorted(added):
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the relative links of a page from the layout of the repository to that of the site."""
    uri = page.file.src_uri
    source = uri if (ROOT / uri).is_file() else str(DOCS / uri)

    def rewrite(match: re.Match[str]) -> str:
        target = _target(source, match[1])
        if '://' in match[1] or not (ROOT / target).is_file():
            return match[1]
        in_site = os.path.relpath(target, DOCS) if DOCS in PurePosixPath(target).parents else target
        return os.path.relpath(in_site, PurePosixPath(uri).parent)

    return _LINK.sub(rewrite, markdown)


def _target(source: str, link: str) -> str:
    """Return the path in the repository that a link in a document leads to."""
    return os.path.normpath(PurePosixPath(source).parent / link)


def _paths_of(nav: Any) -> Iterator[str]:
    """Yield the paths of a navigation, which consists of nested lists and dictionaries."""
    if isinstance(nav, str):
        yield nav
    for one in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _paths_of(one)
