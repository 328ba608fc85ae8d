# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finished networks kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import math
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
from official_shapes import Shapes, mobilenet_shapes, resnet_shapes
from onnx import helper, numpy_helper

from bodypix_ros.models import network_cache
from bodypix_ros.models.bodypix.build import build_onnx
from bodypix_ros.models.bodypix.heads import MASK_HEADS, PEOPLE_HEADS
from bodypix_ros.models.bodypix.quantise import quantise_mobilenet
from bodypix_ros.models.bodypix.tfjs import Weights
from bodypix_ros.models.network_cache import Recipe, keep_network, read_network

RECIPE = Recipe('digest', 2, 'mobilenet_v1', 0.5, 16, 'trained', ('segments', 'part_heatmaps'))


def test_a_network_is_read_as_it_was_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_network(tmp_path, RECIPE) is None
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, RECIPE) == b'network'
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'stride16-trained-2heads.json',
        'stride16-trained-2heads.onnx',
    ]
    assert caplog.records == []


@pytest.mark.parametrize(
    'change',
    [
        {'digest': 'other'},
        {'version': 1},
        {'architecture': 'resnet50'},
        {'multiplier': 0.75},
        {'stride': 8},
        {'dilation': 'tfjs'},
        {'heads': ('segments',)},
        {'heads': ('part_heatmaps', 'segments')},
    ],
)
def test_a_network_of_another_recipe_is_not_taken(change: dict[str, object], tmp_path: Path) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, dataclasses.replace(RECIPE, **change)) is None  # type: ignore[arg-type]


def test_a_new_graph_version_makes_kept_networks_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    monkeypatch.setattr(network_cache, 'GRAPH_VERSION', network_cache.GRAPH_VERSION + 1)
    assert read_network(tmp_path, RECIPE) is None


GRAPH_DIGESTS = {1: '3856053aea80ae9b'}
"""Digest of the graphs that each GRAPH_VERSION builds from the weights of this test."""


def test_graphs_change_with_their_version_alone() -> None:
    digest = hashlib.sha256()
    for model in _all_graphs():
        digest.update(_description(model).encode())
    assert digest.hexdigest()[:16] == GRAPH_DIGESTS.get(network_cache.GRAPH_VERSION), (
        'the graphs have changed: increase GRAPH_VERSION in network_cache.py, so that networks kept by an earlier '
        'version are built again, and record the new digest above'
    )


def _all_graphs() -> Iterator[onnx.ModelProto]:
    for multiplier in (0.25, 1.0):
        weights = _exact_weights(mobilenet_shapes(multiplier, 2))
        for stride, dilation in product((8, 16, 32), ('trained', 'tfjs')):
            yield build_onnx(weights, 'mobilenet_v1', multiplier, stride, dilation, MASK_HEADS, 2)
    people = build_onnx(_exact_weights(mobilenet_shapes(0.25, 2)), 'mobilenet_v1', 0.25, 16, 'trained', PEOPLE_HEADS, 2)
    yield people
    yield quantise_mobilenet(people)
    weights = _exact_weights(resnet_shapes(8))
    for stride, dilation in product((16, 32), ('trained', 'tfjs')):
        yield build_onnx(weights, 'resnet50', 1.0, stride, dilation, PEOPLE_HEADS, 2)


def _exact_weights(shapes: Shapes) -> Weights:
    """Return weights that are the same on every machine and with every version of numpy."""
    return {
        name: (np.arange(math.prod(shape)) % 251 - 125).astype(np.float32).reshape(shape) / np.float32(64)
        for name, shape in shapes.items()
    }


def _description(model: onnx.ModelProto) -> str:
    """Return what a graph computes, without what the version of the onnx package adds to it."""
    lines = [f'{one.domain}{one.version}' for one in model.opset_import]
    for node in model.graph.node:
        attributes = sorted((one.name, str(helper.get_attribute_value(one))) for one in node.attribute)
        lines.append(f'{node.op_type} {list(node.input)} {list(node.output)} {attributes}')
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        exact = values.dtype == np.float32 and not tensor.name.endswith('/steps')  # rounding may differ by machine
        sha256 = hashlib.sha256(values.tobytes()).hexdigest() if exact else ''
        lines.append(f'{tensor.name} {values.dtype} {values.shape} {sha256}')
    return '\n'.join(lines)


NETWORK, NOTE = 'stride16-trained-2heads.onnx', 'stride16-trained-2heads.json'


@pytest.mark.parametrize(
    ('name', 'data', 'reason'),
    [
        (NETWORK, b'netw0rk', 'its content has changed'),
        (NETWORK, b'', 'its content has changed'),
        (NOTE, b'{', '.json is not a JSON file'),
        (NOTE, b'[]', '.json must contain a JSON object, got list'),
        (NOTE, b'\xff', '.json is not a JSON file'),
        (NOTE, b'[' * 60_000, '.json is not a JSON file'),
        (NOTE, b'{}', 'its content has changed'),
        (NOTE, b'{"sha256": "%s"}' % hashlib.sha256(b'network').hexdigest().encode(), 'its content has changed'),
        (NOTE, b' ' * 100_000, '.json has 100000 bytes, expected at most 65536'),
    ],
)
def test_a_damaged_network_is_logged_and_replaced(
    name: str, data: bytes, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    (tmp_path / name).write_bytes(data)
    assert read_network(tmp_path, RECIPE) is None
    assert reason in _one_warning(caplog)
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, RECIPE) == b'network'


@pytest.mark.parametrize('name', [NETWORK, NOTE])
@pytest.mark.parametrize('kind', ['folder', 'loop', 'pipe'])
def test_what_is_in_the_place_of_a_network_is_replaced(
    kind: str, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    (tmp_path / name).unlink()
    if kind == 'folder':
        (tmp_path / name / 'something').mkdir(parents=True)
    elif kind == 'loop':
        (tmp_path / name).symlink_to(name)
    else:
        os.mkfifo(tmp_path / name)
    assert read_network(tmp_path, RECIPE) is None
    assert _one_warning(caplog).startswith(f'the cached network {tmp_path}/{NETWORK} is damaged (')
    keep_network(tmp_path, RECIPE, b'network')
    assert read_network(tmp_path, RECIPE) == b'network'


@pytest.mark.parametrize('name', [NETWORK, NOTE])
def test_half_a_network_is_none_at_all(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep_network(tmp_path, RECIPE, b'network')
    (tmp_path / name).unlink()
    assert read_network(tmp_path, RECIPE) is None
    assert caplog.records == []


def _one_warning(caplog: pytest.LogCaptureFixture) -> str:
    (warning,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    return warning


def test_a_network_that_cannot_be_kept_is_logged_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / 'file').write_text('')
    keep_network(tmp_path / 'file', RECIPE, b'network')
    (warning,) = [one.getMessage() for one in caplog.records]
    assert warning.startswith('the network cannot be cached and will be rebuilt at each start: ')
    assert warning.endswith('cannot be written (File exists); set model_dir to another folder')
    assert read_network(tmp_path / 'file', RECIPE) is None
