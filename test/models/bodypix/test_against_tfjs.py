# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our networks against TensorFlow.js itself; for development, where it is installed.

In some folder `npm install --legacy-peer-deps @tensorflow/tfjs@4.22.0 @tensorflow-models/body-pix@2.2.1
body-pix-1@npm:@tensorflow-models/body-pix@1.1.2`, then let NODE_PATH be its node_modules.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from checkpoints import write_checkpoint
from numpy.typing import NDArray
from official_resnet import paddings, topology
from official_shapes import mobilenet_shapes, noise, resnet_shapes

from bodypix_ros import BodyPix
from bodypix_ros.models.bodypix.heads import HEAD_LAYERS
from bodypix_ros.models.network import Network, load_network
from bodypix_ros.settings import NetworkSettings

Array = NDArray[np.float32]
RunJavaScript = Callable[..., dict[str, Array]]

SCRIPT = Path(__file__).parents[2] / 'javascript' / 'run.js'
PACKAGES = ('@tensorflow/tfjs', '@tensorflow-models/body-pix', 'body-pix-1')
OUTPUTS = {
    'segments': 'float_segments',
    'part_heatmaps': 'float_part_heatmaps',
    'heatmaps': 'float_heatmaps',
    'short_offsets': 'float_short_offsets',
    'displacement_fwd': '{}/displacement_fwd_2/BiasAdd',
    'displacement_bwd': '{}/displacement_bwd_2/BiasAdd',
    'long_offsets': 'float_long_offsets',
}
MOBILENETS = [
    (0.5, 'savedmodel/bodypix/mobilenet/float/050'),
    (0.75, 'savedmodel/bodypix/mobilenet/quant2/075'),
    (1.0, 'savedmodel/bodypix/mobilenet/quant1/100'),
    (1.0, 'derived/mobilenet-100-mixed-float32'),
]


@pytest.fixture(scope='session')
def node() -> str:
    """The path of a node that finds the packages."""
    path = shutil.which('node')
    requires = ''.join(f"require('{package}/package.json');" for package in PACKAGES)
    if path is None or subprocess.run([path, '-e', requires], capture_output=True).returncode != 0:
        pytest.skip(f'needs node, and {", ".join(PACKAGES)} under NODE_PATH; see the top of this file')
    return path


@pytest.fixture
def javascript(node: str, tmp_path: Path) -> RunJavaScript:
    """Lets run.js work on an input, (..., h, w, 3) float32; returns its outputs by name."""
    return lambda run, image, **request: _run_javascript(node, tmp_path / 'javascript', image, {'run': run, **request})


def _run_javascript(node: str, folder: Path, image: Array, request: dict[str, Any]) -> dict[str, Array]:
    folder.mkdir(exist_ok=True)
    image.astype('<f4').tofile(folder / 'input.f32')
    request |= {'input': folder / 'input.f32', 'shape': image.shape, 'folder': folder}
    (folder / 'request.json').write_text(json.dumps(request, default=str))
    subprocess.run([node, SCRIPT, folder / 'request.json'], check=True, env=os.environ, timeout=170)
    shapes = json.loads((folder / 'shapes.json').read_text())
    return {
        name: np.fromfile(folder / f'{name}.f32', '<f4').reshape(shape).squeeze(tuple(range(len(shape) - 3)))
        for name, shape in shapes.items()
    }


def _run(network: Network, image: Array) -> dict[str, Array]:
    session = onnxruntime.InferenceSession(network.onnx, providers=['CPUExecutionProvider'])
    output = session.run(None, {'input': image.transpose(2, 0, 1)[None]})[0][0]
    return {name: output[head.channels].transpose(1, 2, 0) for name, head in network.heads.items()}


def _assert_same(ours: dict[str, Array], theirs: dict[str, Array]) -> None:
    """Each head within a thousandth of its own largest value."""
    assert ours.keys() == theirs.keys()
    for head, expected in theirs.items():
        assert ours[head].shape == expected.shape, head
        assert np.ptp(expected) > 0.1, f'{head} shows nothing'
        assert np.abs(ours[head] - expected).max() <= 1e-3 * np.abs(expected).max(), head


def _image(height: int, width: int) -> Array:
    return np.random.default_rng(7).uniform(-1, 1, (height, width, 3)).astype(np.float32)


def _picture(shared: Path, name: str) -> NDArray[np.uint8]:
    image = cv2.imread(str(shared / 'golden' / 'images' / f'{name}.png'))
    assert image is not None
    return image.astype(np.uint8)


def _graph(document: dict[str, Any], path: Path, dilation: str) -> Path:
    """Write a graph as it was published for 'tfjs', or with its malformed dilations mended for 'trained'."""
    for one in document['modelTopology']['node']:
        values = one['attr'].get('dilations', {}).get('list', {}).get('i', ['1'])
        if dilation == 'trained' and values[0] != '1':
            values[:] = ['1', *values[:2], '1']
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize('dilation', ['tfjs', 'trained'])
@pytest.mark.parametrize('stride', [8, 16])
@pytest.mark.parametrize(('multiplier', 'folder'), MOBILENETS)
def test_real_mobilenets_equal_their_published_graphs(
    javascript: RunJavaScript,
    shared: Path,
    tmp_path: Path,
    multiplier: float,
    folder: str,
    stride: int,
    dilation: str,
) -> None:
    source = shared.resolve() / 'tfjs-models' / folder / f'model-stride{stride}.json'
    settings = NetworkSettings(
        model='bodypix',
        multiplier=multiplier,
        stride=stride,
        dilation=dilation,
        checkpoint=str(source.parent),
        model_dir=str(tmp_path),
    )
    theirs = javascript(
        'graph',
        _image(97, 129)[None],
        topology=_graph(json.loads(source.read_text()), tmp_path / 'graph.json', dilation),
        weights=source,
        outputs={head: name.format('MobilenetV1') for head, name in OUTPUTS.items()},
    )
    _assert_same(_run(load_network(settings, people=True), _image(97, 129)), theirs)


@pytest.mark.parametrize(('stride', 'dilation'), [(16, 'tfjs'), (16, 'trained'), (32, 'trained')])
def test_a_resnet_of_noise_equals_its_published_graph(
    javascript: RunJavaScript, tmp_path: Path, stride: int, dilation: str
) -> None:
    weights = {**paddings(), **noise(resnet_shapes())}
    checkpoint = write_checkpoint(tmp_path / 'checkpoint', 'model-stride16.json', weights)
    settings = NetworkSettings(
        model='bodypix',
        architecture='resnet50',
        stride=stride,
        dilation=dilation,
        checkpoint=str(checkpoint),
        model_dir=str(tmp_path),
    )
    theirs = javascript(
        'graph',
        _image(65, 97)[None],
        topology=_graph(topology(weights, stride), tmp_path / 'graph.json', dilation),
        weights=checkpoint / 'model-stride16.json',
        outputs={head: name.format('resnet_v1_50') for head, name in OUTPUTS.items()},
    )
    _assert_same(_run(load_network(settings, people=True), _image(65, 97)), theirs)


@pytest.mark.slow
@pytest.mark.parametrize('stride', [16, 32])
def test_a_resnet_of_noise_segments_as_bodypix_2(
    javascript: RunJavaScript, shared: Path, tmp_path: Path, stride: int
) -> None:
    weights = {**paddings(), **noise(resnet_shapes())}
    for layer in HEAD_LAYERS.values():
        weights[f'resnet_v1_50/{layer}/weights'] *= np.float32(0.02)  # else all scores are 0 or 1
    settings = NetworkSettings(
        model='bodypix',
        architecture='resnet50',
        stride=stride,
        dilation='tfjs',
        checkpoint=str(tmp_path / 'checkpoint'),
        model_dir=str(tmp_path),
        internal_resolution=0.25,
        part_ids='bodypix2',
        provider='cpu',
    )
    write_checkpoint(tmp_path / 'checkpoint', 'model-stride16.json', weights)
    small = cv2.resize(_picture(shared, 'astronaut_512x512'), (129, 129)).astype(np.float32)
    outputs = _run(load_network(settings), small - np.float32(115))
    for head, values in outputs.items():  # half of the picture shall be a person of many parts
        weights[f'resnet_v1_50/{HEAD_LAYERS[head]}/Conv2D_bias'] -= np.median(values, axis=(0, 1))
    checkpoint = write_checkpoint(tmp_path / 'checkpoint', 'model-stride16.json', weights)
    theirs = javascript(
        'bodypix2',
        _picture(shared, 'astronaut_512x512')[..., ::-1].astype(np.float32),
        topology=_graph(topology(weights, stride), tmp_path / 'graph.json', 'tfjs'),
        weights=checkpoint / 'model-stride16.json',
        stride=stride,
        options={'internalResolution': 0.25, 'segmentationThreshold': 0.5},
    )['parts']
    ours = BodyPix.load(settings).segment(_picture(shared, 'astronaut_512x512'), threshold=0.5)
    assert ours.parts is not None
    assert 0.2 < ours.mask.mean() < 0.8
    assert len(np.unique(theirs)) > 10
    assert np.mean(ours.parts == theirs) >= 0.9999


@pytest.mark.parametrize('stride', [8, 16, 32])
@pytest.mark.parametrize('multiplier', [0.25, 0.5, 0.75, 1.0])
def test_a_bodypix_1_of_noise_equals_its_javascript(
    javascript: RunJavaScript, tmp_path: Path, multiplier: float, stride: int
) -> None:
    weights = noise(mobilenet_shapes(multiplier, version=1))
    checkpoint = write_checkpoint(tmp_path / 'checkpoint', 'model.json', weights)
    settings = NetworkSettings(
        model='bodypix',
        version=1,
        multiplier=multiplier,
        stride=stride,
        checkpoint=str(checkpoint),
        model_dir=str(tmp_path),
    )
    theirs = javascript(
        'bodypix1Network',
        (_image(97, 129) + 1) * np.float32(127.5),
        weights=checkpoint / 'model.json',
        multiplier=multiplier,
        stride=stride,
    )
    _assert_same(_run(load_network(settings), _image(97, 129)), theirs)


@pytest.mark.parametrize('stride', [8, 16, 32])
@pytest.mark.parametrize('picture', ['astronaut_512x512', 'karolina_640x480'])
def test_bodypix_1_segments_as_its_javascript(
    javascript: RunJavaScript, shared: Path, tmp_path: Path, picture: str, stride: int
) -> None:
    # Real weights of BodyPix 2 fit into BodyPix 1, and show real people; their part numbers mean nothing here.
    folder = shared.resolve() / 'tfjs-models' / 'savedmodel' / 'bodypix' / 'mobilenet' / 'float' / '050'
    image = _picture(shared, picture)
    theirs = javascript(
        'bodypix1',
        image[..., ::-1].astype(np.float32),
        weights=folder / 'model-stride16.json',
        multiplier=0.5,
        stride=stride,
    )
    net = BodyPix.load(
        version=1, multiplier=0.5, stride=stride, checkpoint=str(folder), model_dir=str(tmp_path), provider='cpu'
    )
    ours = net.segment(image, threshold=0.5)
    assert ours.parts is not None
    assert 0.05 < ours.mask.mean() < 0.95
    assert np.mean(ours.mask == theirs['mask'].astype(bool)) >= 0.9999
    assert np.mean(ours.parts == theirs['parts']) >= 0.9999
