# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The list of public interfaces is that of the code: whoever changes an interface changes list and changelog."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('interfaces', ROOT / 'tools' / 'interfaces.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules['interfaces'] = module
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()
LISTED = TOOL.read_list()


@pytest.mark.parametrize('title', LISTED)
def test_an_interface_is_as_listed(title: str) -> None:
    found = TOOL.sections()
    if title.startswith('topics of ') and title not in found:
        pytest.skip('needs rclpy')
    assert found[title] == LISTED[title], 'run tools/interfaces.py --write, and describe the change in CHANGELOG.md'


def test_every_interface_is_listed() -> None:
    assert TOOL.sections().keys() <= LISTED.keys()
