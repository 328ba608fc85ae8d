# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The public face, on real pictures with real weights."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import onnxruntime
import pytest
import reference
from golden import CASES, THRESHOLDS, Golden
from gpu_on_cpu import HostBackend

from bodypix_ros import BodyPix
from bodypix_ros.errors import ImageError, SettingError
from bodypix_ros.inference import cuda_provider
from bodypix_ros.inference.numpy_kernels import preprocess
from bodypix_ros.parts import mirrored, part_names, renumbering


@cache
def _load(server: str, model_dir: str, **changes: object) -> BodyPix:
    return BodyPix.load(
        model_url=server, model_dir=model_dir, allow_download=True, provider='cpu', multiplier=0.5, **changes
    )


@pytest.fixture(scope='module')
def net(server: str, model_dir: str) -> BodyPix:
    return _load(server, model_dir)


def _scores(net: BodyPix, image: np.ndarray) -> np.ndarray:
    """The scores of the segments and of the 24 parts, (25, H, W), computed plainly."""
    geometry = net.pipeline.geometry(*image.shape[:2])
    planes = np.empty((1, 3, geometry.input_height, geometry.input_width), np.float32)
    preprocess(image, geometry, 'mobilenet_v1', out=planes[0])
    return reference.scores(net.pipeline.runner.session.run(None, {'input': planes})[0][0], geometry)


@pytest.mark.parametrize('name', CASES)
def test_masks_and_parts_equal_the_javascript_library(shared, server, model_dir, name) -> None:
    case = Golden.load(shared, name)
    net = _load(
        server,
        model_dir,
        stride=case.stride,
        dilation=case.dilation,
        internal_resolution=case.resolution,
        part_ids='bodypix2',
    )
    scores = _scores(net, case.image)
    second, first = np.sort(scores[1:], axis=0)[-2:]
    for threshold in THRESHOLDS:
        result = net.segment(case.image, threshold=threshold)
        wrong_mask = result.mask != case.outputs[f'person_t{threshold}'].astype(bool)
        wrong_parts = result.parts != case.outputs[f'parts_t{threshold}']
        assert wrong_mask.mean() <= 1e-4
        assert wrong_parts.mean() <= 1e-4
        near_threshold = np.abs(scores[0] - threshold) < 1e-4
        assert near_threshold[wrong_mask].all()
        assert (near_threshold | (first - second < 1e-4))[wrong_parts].all()


def test_parts_carry_the_numbers_of_bodypix1_unless_told_otherwise(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'karolina_640x480__s16__rmedium')
    parts = _load(server, model_dir).segment(case.image).parts
    expected = renumbering('bodypix2', 'bodypix1')[case.outputs['parts_t0.5']]
    assert np.mean(parts != expected) <= 1e-4
    assert parts.dtype == np.int8


def test_a_batch_gives_what_single_pictures_give(shared, net) -> None:
    names = ('karolina_640x480__s16__rmedium', 'messi_548x342__s16__rmedium', 'astronaut_512x512__s16__rmedium')
    images = [Golden.load(shared, name).image for name in names]
    images.append(images[0][:, ::-1])
    together = net.segment_batch(images, threshold=0.6)
    for image, result in zip(images, together, strict=True):
        alone = net.segment(image, threshold=0.6)
        assert np.mean(result.mask != alone.mask) < 1e-5
        assert np.mean(result.parts != alone.parts) < 1e-5
        assert result.mask.shape == image.shape[:2]


def test_parts_are_left_out_when_not_asked_for(astronaut, net) -> None:
    with_parts, without = net.segment(astronaut), net.segment(astronaut, parts=False)
    assert without.parts is None
    assert np.array_equal(with_parts.mask, without.mask)
    assert np.array_equal(with_parts.mask, with_parts.parts >= 0)


def test_flipping_shows_the_network_a_mirrored_picture_and_answers_in_the_cameras_frame(astronaut, net) -> None:
    flipped = net.segment(astronaut, flip_horizontal=True)
    of_mirror_image = net.segment(astronaut[:, ::-1])
    assert np.array_equal(flipped.mask, of_mirror_image.mask[:, ::-1])
    assert np.array_equal(flipped.parts, mirrored('bodypix1')[of_mirror_image.parts[:, ::-1]])
    plain = net.segment(astronaut)
    assert np.mean(flipped.mask == plain.mask) > 0.97  # the same person at the same place
    left, right = part_names('bodypix1').index('left_face'), part_names('bodypix1').index('right_face')
    for part in (left, right):
        overlap = np.sum((flipped.parts == part) & (plain.parts == part))
        assert overlap > 0.6 * np.sum(plain.parts == part)


def test_timings_are_given_by_stage(astronaut, net) -> None:
    timings = net.segment(astronaut).timings
    assert timings.preprocess_ms > 0
    assert timings.inference_ms > 0
    assert timings.postprocess_ms > 0


def test_what_runs_and_why_is_said(net) -> None:
    assert net.provider == 'cpu'
    assert net.provider_reason == 'the provider cpu was requested'
    assert 'MobileNetV1 0.50' in net.network.name


def test_numpy_and_numba_give_equal_results(server, model_dir, shared) -> None:
    pytest.importorskip('numba', reason='numba is not installed')
    image = Golden.load(shared, 'three_people_1049x861__s16__rmedium').image
    compiled, plain = (_load(server, model_dir, kernels=name).segment(image) for name in ('numba', 'numpy'))
    assert np.mean(compiled.mask != plain.mask) < 1e-5
    assert np.mean(compiled.parts != plain.parts) < 1e-4


def test_auto_resolution_is_medium_on_a_cpu(net) -> None:
    geometry = net.pipeline.geometry(480, 640)
    assert (geometry.input_height, geometry.input_width) == (241, 321)


@pytest.mark.parametrize('size', [(1, 1), (2, 300), (300, 2), (17, 33)])
def test_the_smallest_pictures_are_segmented(net, size) -> None:
    result = net.segment(np.full((*size, 3), 127, np.uint8))
    assert result.mask.shape == result.parts.shape == size


def test_a_view_that_is_not_contiguous_is_read_as_it_is(astronaut, net) -> None:
    view = astronaut[10:500:2, 5:400]
    assert np.array_equal(net.segment(view).parts, net.segment(np.ascontiguousarray(view)).parts)


def test_a_wrong_setting_is_refused_before_anything_runs(astronaut, net) -> None:
    with pytest.raises(SettingError, match='threshold must be between 0 and 1, got 1.5'):
        net.segment(astronaut, threshold=1.5)
    with pytest.raises(SettingError, match='stride must be 8, 16 or 32, got 12'):
        BodyPix.load(stride=12)
    with pytest.raises(ImageError, match=r'got \(512, 512\) of type uint8'):
        net.segment(astronaut[..., 0])


@pytest.fixture
def on_gpu(server: str, model_dir: str, monkeypatch: pytest.MonkeyPatch) -> BodyPix:
    """A network on a GPU, whose graphs really run on the CPU."""
    monkeypatch.setattr(cuda_provider, 'CudaBackend', lambda _device_id, half: HostBackend(half))
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CUDAExecutionProvider'])
    return BodyPix.load(
        model_url=server, model_dir=model_dir, allow_download=True, provider='auto', multiplier=0.5, precision='fp32'
    )


def test_a_gpu_gives_what_the_cpu_gives(server, model_dir, shared, on_gpu) -> None:
    image = Golden.load(shared, 'karolina_640x480__s16__rmedium').image
    on_cpu = _load(server, model_dir, internal_resolution='full')
    assert on_gpu.provider == 'cuda'
    for options in ({}, {'flip_horizontal': True}, {'threshold': 0.7, 'parts': False}):
        found, expected = on_gpu.segment(image, **options), on_cpu.segment(image, **options)
        assert np.mean(found.mask != expected.mask) <= 1e-4
        assert (found.parts is None) == (expected.parts is None)
        if found.parts is not None:
            assert np.mean(found.parts != expected.parts) <= 1e-4
        assert found.mask.dtype == bool


def test_a_gpu_separates_people_as_the_cpu_does(server, model_dir, shared, on_gpu) -> None:
    image = Golden.load(shared, 'karolina_640x480__s16__rmedium').image
    on_cpu = _load(server, model_dir, internal_resolution='full')
    found, expected = on_gpu.segment(image, people=True).people, on_cpu.segment(image, people=True).people
    assert len(found.persons) == len(expected.persons) > 0
    assert np.mean(found.labels != expected.labels) <= 1e-3


def test_auto_resolution_is_full_on_a_gpu(on_gpu) -> None:
    geometry = on_gpu.pipeline.geometry(480, 640)
    assert (geometry.input_height, geometry.input_width) == (481, 641)


def test_what_is_prepared_need_not_be_opened_for_the_first_picture(on_gpu, monkeypatch) -> None:
    on_gpu.prepare(200, 300, 2)
    monkeypatch.setattr(HostBackend, 'open', lambda *_given: pytest.fail('the session was opened again'))
    assert len(on_gpu.segment_batch([np.zeros((200, 300, 3), np.uint8)] * 2)) == 2


def test_the_cpu_loads_nothing_that_only_a_gpu_needs(server, model_dir, net) -> None:
    program = f"""
import sys
from bodypix_ros import BodyPix
BodyPix.load(model_url={server!r}, model_dir={model_dir!r}, multiplier=0.5)
print([name for name in sys.modules if name == 'onnx' or name.startswith('bodypix_ros.inference.cuda')])
"""
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == '[]\n'
