#!/usr/bin/env python3
"""Make config/bodypix.yaml from the package's settings: `tools/params_file.py --write` brings it up to date."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bodypix_ros.setting import Setting, Settings  # noqa: E402  # from this checkout
from bodypix_ros.settings import GROUPS  # noqa: E402

PARAMS_FILE = ROOT / 'config' / 'bodypix.yaml'
_HEAD = """\
# Every parameter of the node with its default. Copy this file, change what you need, leave out the rest, then
#   ros2 launch bodypix_ros bodypix.launch.py params_file:=my_parameters.yaml
# Those with * may change while the node runs: ros2 param set /bodypix threshold 0.6
# Made by tools/params_file.py.
/**:
  ros__parameters:
"""


def params_file() -> str:
    """Return a file of parameters, as text, that sets each to its default and says what it means."""
    return _HEAD + '\n'.join(map(_section, GROUPS))


def _section(group: type[Settings]) -> str:
    title = (group.__doc__ or '').splitlines()[0].split(':')[0].rstrip('.')
    return f'    # ---- {title} ----\n' + ''.join(map(_entry, group.describe()))


def _entry(setting: Setting) -> str:
    live = '* ' if setting.live else ''
    range_text = f' [{setting.range_text}]' if setting.choices or setting.kind in (int, float) else ''
    comment = textwrap.fill(
        f'{live}{setting.description}{range_text}', 116, initial_indent='    # ', subsequent_indent='    #   '
    )
    return f'\n{comment}\n    {setting.name}: {json.dumps(setting.default)}\n'


if __name__ == '__main__':
    if sys.argv[1:] == ['--write']:
        PARAMS_FILE.write_text(params_file())
    else:
        print(params_file(), end='')
