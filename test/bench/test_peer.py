"""Who is compared, and how each is found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bodypix_ros.bench.peer import OURS, PEERS, AbsentPeer, Peer, Tools

BY_NAME = {peer.name: peer for peer in PEERS}
ABSENT = Peer('ghost', 'nothing', 'ghost', needs=('no_such_module',), install='pip install ghost')


def test_every_program_is_there() -> None:
    programs = Path(sys.modules['bodypix_ros.bench.peer'].__file__ or '').parent / 'peers'
    for peer in (OURS, *PEERS):
        assert (programs / f'{peer.program}.{"js" if peer.backend else "py"}').is_file()


def test_what_needs_nothing_runs_in_this_python() -> None:
    command = BY_NAME['floor'].command(Tools())
    assert command == [sys.executable, '-m', 'bodypix_ros.bench.peers.floor']


def test_a_program_in_python_that_is_not_installed_is_said_with_a_sentence() -> None:
    expected = (
        'ghost is left out: no Python that was named has no_such_module; `pip install ghost`, '
        'and name its Python with --peer-python where it is not this one'
    )
    with pytest.raises(AbsentPeer) as raised:
        ABSENT.command(Tools((sys.executable, '/no/such/python')))
    assert str(raised.value) == expected


def test_another_python_is_taken_where_this_one_lacks_what_is_needed(tmp_path: Path) -> None:
    other = tmp_path / 'python'
    other.write_text('#!/bin/sh\nexit 0\n')  # says yes to everything
    other.chmod(0o755)
    assert ABSENT.command(Tools((str(other),)))[0] == str(other)


def test_without_node_the_javascript_library_is_said_to_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', '')
    with pytest.raises(AbsentPeer, match='tfjs-node is left out: node is not on the PATH; install Node.js'):
        BY_NAME['tfjs-node'].command(Tools())


def test_packages_of_node_are_looked_for_in_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / 'bin' / 'node'
    node.parent.mkdir()
    node.touch(0o755)
    monkeypatch.setenv('PATH', str(node.parent))
    with pytest.raises(AbsentPeer, match='name the folder with --node-modules'):
        BY_NAME['tfjs-wasm'].command(Tools())
    tools = Tools(node_modules=tmp_path)
    with pytest.raises(AbsentPeer, match='has no @tensorflow-models/body-pix, @tensorflow/tfjs, .*; `npm install'):
        BY_NAME['tfjs-wasm'].command(tools)
    for name in BY_NAME['tfjs-wasm'].needs:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / 'package.json').touch()
    command = BY_NAME['tfjs-wasm'].command(tools)
    assert command[0] == str(node)
    assert Path(command[1]).name == 'bodypix.js'
