# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='the training needs PyTorch')
export = pytest.importorskip('training.export', reason='the training is not beside the package')

from training.network import Network, load_weights  # noqa: E402


def test_a_weights_file_has_the_names_of_the_first_one(shared: Path, tmp_path: Path) -> None:
    export.write_weights(tmp_path / 'weights.npz', export.to_arrays(Network().state_dict()))
    written, first = (
        {name: values.shape for name, values in export.read_weights(path).items()}
        for path in (tmp_path / 'weights.npz', shared / 'own_network' / 'weights.npz')
    )
    assert written == first


def test_the_network_gives_the_reference_outputs(shared: Path) -> None:
    network = Network().eval()
    load_weights(network, shared / 'own_network' / 'weights.npz')
    with np.load(shared / 'own_network' / 'reference.npz') as reference, torch.no_grad():
        fine, pose = network(torch.from_numpy(reference['messi_548x342/input']))
        assert np.abs(fine.numpy() - reference['messi_548x342/fine']).max() < 1e-3
        assert np.abs(pose.numpy() - reference['messi_548x342/pose']).max() < 1e-2


def test_weights_are_mixed_by_their_share() -> None:
    mixed = export.mix({'a': np.array([4.0])}, {'a': np.array([0.0])}, 0.25)
    assert mixed['a'].tolist() == [1.0]
    assert mixed['a'].dtype == np.float32
    with pytest.raises(ValueError, match=r"weights of different networks: \['a', 'b'\] are in one file only"):
        export.mix({'a': np.zeros(1)}, {'b': np.zeros(1)}, 0.5)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='^a holds values that are not finite'):
        export.write_weights(tmp_path / 'weights.npz', {'a': np.array([np.nan], np.float32)})
    assert not list(tmp_path.iterdir())
