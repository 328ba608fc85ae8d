# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What people read is plain technical English, as in the documentation of ROS 2."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

BANNED = {
    r'mend(s|ed|ing)?': 'fix, repair',
    r'(be|is|are|was|were) had\b(?! been)': 'be available, be obtained',
    r'so many': 'the number of, at most N',
    r'told|tells?|telling': 'specify, report, receive, distinguish',
    r'bears?': 'have, contain',
    r'houses?': 'package, project',
    r'rooms?': 'module, package, space',
    r'knows? (nothing of|no)': 'does not depend on',
    r'of no use': 'unused, useless',
    r'(goes|go|going|went) on': 'continue',
    r'worked? on': 'process',
    r'(stands?|stood) (beside|under|below|above|once)': 'is next to, is in',
    r'(lies?|lay) (beside|under)': 'is next to, is in',
    r'whose \w+( \w+)? (it|they) (is|are)': 'that it belongs to',
    r'do(es)? as well': 'is sufficient',
    r'(has|have) stopped to': 'stopped publishing',
    r'to be shared between': 'not thread-safe',
    r'(is|are|was|were) not (there|here|on this machine)': 'does not exist, is not installed, is not in the cache',
    r'at hand': 'available',
    r'shall': 'must, should',
    r'for the asking': 'on request',
    r'hold from the next': 'take effect at the next',
    r'none is believed': 'verified',
    r'in so far as|in how far': 'how far, whether',
    r'(for|to) who': 'for users who',
    r'come(s)? (again|to nothing)': 'repeat',
    r'is no (file|folder|picture|image|label|number|person|model|network)\w*': 'is not a',
    r'(what|which) is no': 'that is not',
    r'let go of': 'release',
    r'nobody asked': 'not requested',
    r'likeliest': 'most likely',
    r'by means of': 'with, through',
    r'likewise': 'the same, also',
    r'laid out like': 'with the layout of',
    r'given up': 'aborted',
    r'gives? what': 'has the same result as',
    r'in words': 'as text',
    r'for want of': 'because ... is missing',
    r'commonest': 'common',
    r'over and over': 'in a loop, repeatedly',
    r'any more': 'no longer',
    r'as of (a|an|the)': 'such as, for example',
    r'cut-outs?': 'cutout',
    r'of PyPI': 'from PyPI',
    r'on this computer': 'on this machine',
    r'(exists|finished) already': 'already exists',
    r'prevents? that': 'prevent ... from',
}
"""Phrases that read as translated, as regular expressions, and what to write instead."""

PATTERNS = {re.compile(rf'\b(?:{phrase})\b', re.IGNORECASE): better for phrase, better in BANNED.items()}

DOCUMENTS = ('*.md', 'docs/**/*.md', 'benchmarks/*.md', 'training/*.md', 'bodypix_ros/**/*.md')
CODE = ('bodypix_ros/**/*.py', 'benchmarks/*.py', 'launch/*.py', 'tools/*.py', 'training/*.py', 'setup.py')
OTHERS = (
    'config/*', 'msg/*', 'srv/*', 'package.xml', 'setup.cfg', 'pyproject.toml', 'CMakeLists.txt', 'Makefile',
    'MANIFEST.in', '.gitignore', '.ci/run', '.github/**/*', 'docker/*',
    'mkdocs.yml', '.pre-commit-config.yaml', 'benchmarks/*.js', 'bodypix_ros/**/*.cu',
)  # fmt: skip


STRING, COMMENT = 'string', 'comment'
KINDS = {tokenize.STRING: STRING, tokenize.COMMENT: COMMENT}
for _part in ('FSTRING_START', 'FSTRING_MIDDLE', 'FSTRING_END'):  # Python 3.12 splits f-strings into tokens
    if hasattr(tokenize, _part):
        KINDS[getattr(tokenize, _part)] = STRING


class Text(NamedTuple):
    """A piece of text that people read, and where it starts."""

    file: Path
    line: int
    text: str


def files(patterns: tuple[str, ...]) -> list[Path]:
    """Return the files of the repository that match, without generated messages."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    generated = (('bodypix_ros', 'msg'), ('bodypix_ros', 'srv'))
    return sorted(path for path in found if path.relative_to(ROOT).parts[:2] not in generated)


def paragraphs_of(path: Path) -> Iterator[Text]:
    """Yield the paragraphs of a document, with their lines joined: a phrase may span two lines."""
    start, words = 0, []
    for number, line in enumerate([*path.read_text(encoding='utf-8').split('\n'), ''], start=1):
        if line.strip():
            start = start if words else number
            words.append(line.strip().lstrip('#').strip())
        elif words:
            yield Text(path, start, ' '.join(words))
            words = []


def strings_of(path: Path) -> Iterator[Text]:
    """Yield the strings and comments of a Python file; consecutive ones are joined, since sentences span lines."""
    kind, start, text = '', 0, ''
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding='utf-8')).readline):
        new_kind = KINDS.get(token.type, '')
        if token.type in (tokenize.NL, tokenize.NEWLINE):
            continue
        if text and new_kind != kind:
            yield Text(path, start, text)
            text = ''
        if new_kind:
            kind, start = new_kind, start if text else token.start[0]
            text += f' {plain(token.string).strip()}' if new_kind == COMMENT else plain(token.string)


def plain(token: str) -> str:
    """Return the text of a string or comment token without quotes, comment signs and line breaks."""
    token = re.sub(r'^(#+|[rRbBfFuU]{0,2}("""|\'\'\'|"|\'))', '', token)
    return re.sub(r'\s+', ' ', re.sub(r'("""|\'\'\'|"|\')$', '', token))


def texts() -> Iterator[Text]:
    """Yield everything that people read."""
    for path in files(CODE):
        yield from strings_of(path)
    for path in files((*DOCUMENTS, *OTHERS)):
        if path.suffix != '.rviz':
            yield from paragraphs_of(path)


def banned(text: str) -> Iterator[str]:
    """Yield the banned phrases of a text, each with what precedes and follows it and what to write instead."""
    for pattern, better in PATTERNS.items():
        for match in pattern.finditer(text):
            context = text[max(0, match.start() - 40) : match.end() + 40]
            yield f'{match.group()!r} in {context!r}; better: {better}'


@pytest.mark.parametrize(
    'text',
    [
        'camera has stopped to publish', 'weights is not on this machine', 'images cannot be worked on', 'Mend that',
        'So many people are told apart, at most', 'the others hold from the next image on',
        'so that none is believed that cannot', 'Not to be shared between threads', 'no weights can be had',
    ],
)  # fmt: skip
def test_the_phrases_of_version_0_1_are_found(text: str) -> None:
    assert list(banned(text))


@pytest.mark.parametrize(
    'text', ['Publishes the person mask.', 'Recommended order', 'The bathroom has a door', 'it retells', 'had been set']
)
def test_plain_english_is_not_found(text: str) -> None:
    assert list(banned(text)) == []


def test_strings_and_comments_are_joined_across_lines(tmp_path: Path) -> None:
    file = tmp_path / 'code.py'
    file.write_text("# work\n# on it\nx = f'so'\ny = ('so '\n     'many')\n")
    assert [(text.line, text.text.strip()) for text in strings_of(file)] == [
        (1, 'work on it'),
        (3, 'so'),
        (4, 'so many'),
    ]


def test_paragraphs_are_joined_across_lines(tmp_path: Path) -> None:
    file = tmp_path / 'page.md'
    file.write_text('# Title\n\nso\nmany\n')
    assert [(text.line, text.text) for text in paragraphs_of(file)] == [(1, 'Title'), (3, 'so many')]


def test_no_text_contains_a_banned_phrase() -> None:
    found = [f'{text.file.relative_to(ROOT)}:{text.line}: {phrase}' for text in texts() for phrase in banned(text.text)]
    assert not found, '\n'.join(found)
