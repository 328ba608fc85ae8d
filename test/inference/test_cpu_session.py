# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkpoints import whole_network

from bodypix_ros.inference.engine import open_cpu_session
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS


@pytest.fixture(scope='module')
def model() -> bytes:
    """A narrow network of noise."""
    built: bytes = build_onnx(
        whole_network(0.25), 'mobilenet_v1', 0.25, 16, 'trained', MASK_HEADS, 2
    ).SerializeToString()
    return built


@pytest.mark.parametrize('threads', [0, 1, 3])
def test_threads_are_as_many_as_asked_for_and_spin_briefly(model: bytes, threads: int) -> None:
    options = open_cpu_session(model, threads).get_session_options()
    assert options.intra_op_num_threads == threads
    assert options.get_session_config_entry('session.intra_op.spin_duration_us') == '100'


@pytest.mark.parametrize(('flags', 'slow'), [('avx2 avx512_vnni', False), ('avx2 avx_vnni', False), ('avx2', True)])
def test_only_processors_whose_sums_of_bytes_overflow_take_the_slower_way(
    model: bytes, monkeypatch: pytest.MonkeyPatch, flags: str, slow: bool
) -> None:
    monkeypatch.setattr(Path, 'read_text', lambda *_, **__: f'model name: A CPU\nflags: fpu {flags} sse\n')
    options = open_cpu_session(model).get_session_options()
    if slow:
        assert options.get_session_config_entry('session.x64quantprecision') == '1'
    else:
        with pytest.raises(RuntimeError, match='x64quantprecision'):
            options.get_session_config_entry('session.x64quantprecision')
