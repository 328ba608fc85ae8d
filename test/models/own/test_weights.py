# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folding, packing and reading the weights of our network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.own.weights import fold_batch_norm, read_weights, write_weights


def _state() -> dict[str, np.ndarray]:
    noise = np.random.default_rng(0)
    return {
        'layer.0.weight': noise.normal(size=(4, 3, 3, 3)).astype(np.float32),
        'layer.1.weight': noise.uniform(0.5, 2, 4).astype(np.float32),
        'layer.1.bias': noise.normal(size=4).astype(np.float32),
        'layer.1.running_mean': noise.normal(size=4).astype(np.float32),
        'layer.1.running_var': noise.uniform(0.1, 2, 4).astype(np.float32),
        'pose.1.weight': noise.normal(size=(149, 4, 1, 1)).astype(np.float32),
        'pose.1.bias': noise.normal(size=149).astype(np.float32),
    }


def test_a_folded_convolution_gives_what_convolution_and_batch_norm_give() -> None:
    state = _state()
    folded = fold_batch_norm(state)
    patch = np.random.default_rng(1).normal(size=(3, 3, 3)).astype(np.float32)
    plain = (state['layer.0.weight'] * patch).sum(axis=(1, 2, 3))
    centred = (plain - state['layer.1.running_mean']) / np.sqrt(state['layer.1.running_var'] + 1e-3)
    expected = centred * state['layer.1.weight'] + state['layer.1.bias']
    found = (folded['layer/kernel'] * patch).sum(axis=(1, 2, 3)) + folded['layer/bias']
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_convolution_without_batch_norm_keeps_its_weights() -> None:
    state = _state()
    folded = fold_batch_norm(state)
    assert sorted(folded) == ['layer/bias', 'layer/kernel', 'pose.1/bias', 'pose.1/kernel']
    assert np.array_equal(folded['pose.1/kernel'], state['pose.1.weight'])
    assert np.array_equal(folded['pose.1/bias'], state['pose.1.bias'])


def test_packed_weights_are_within_half_a_step(tmp_path: Path) -> None:
    folded = fold_batch_norm(_state())
    folded['layer/kernel'][2] = 0
    write_weights(tmp_path / 'weights.npz', folded)
    found = read_weights(tmp_path / 'weights.npz')
    assert found.keys() == folded.keys()
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}
    step = np.abs(folded['layer/kernel']).max(axis=(1, 2, 3), keepdims=True) / 127
    assert np.all(np.abs(found['layer/kernel'] - folded['layer/kernel']) <= step * 0.501)
    assert np.all(found['layer/kernel'][2] == 0)
    assert np.array_equal(found['layer/bias'], folded['layer/bias'])
    assert np.array_equal(found['pose.1/bias'], folded['pose.1/bias'])


@pytest.mark.parametrize('content', [None, b'', b'PK\x03\x04 nonsense', b'\x93NUMPY'])
def test_a_missing_or_damaged_file_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / 'weights.npz'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match='failed to read the weights of bodypix_ros from .*; reinstall the package'):
        read_weights(path)
