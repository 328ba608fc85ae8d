#!/usr/bin/env python3
"""Make the tables of the README from the package's settings: `tools/tables.py --write` brings the README up to date."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bodypix_ros.setting import Setting  # noqa: E402  # from this checkout
from bodypix_ros.settings import all_settings  # noqa: E402

README = ROOT / 'README.md'
_BEGIN, _END = '<!-- parameters: made by tools/tables.py -->', '<!-- end of parameters -->'


def parameter_table() -> str:
    """Return all settings as a Markdown table."""
    rows = ['| parameter | default | range | what |', '|---|---|---|---|', *map(_row, all_settings())]
    return '\n'.join(rows)


def _row(setting: Setting) -> str:
    live = '' if setting.live else ' †'
    return f'| `{setting.name}`{live} | {_value(setting.default)} | {setting.range_text} | {setting.description} |'


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ', '.join(value) or 'none'
    return (str(value).lower() if isinstance(value, bool) else str(value)) or 'empty'


def with_tables(text: str) -> str:
    """Return a text whose tables between the marks are up to date."""
    pattern = re.compile(f'{re.escape(_BEGIN)}.*?{re.escape(_END)}', re.DOTALL)
    return pattern.sub(lambda _: f'{_BEGIN}\n{parameter_table()}\n{_END}', text)


if __name__ == '__main__':
    if sys.argv[1:] == ['--write']:
        README.write_text(with_tables(README.read_text()))
    else:
        print(parameter_table())
