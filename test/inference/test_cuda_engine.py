# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The engine of a GPU, run on a CPU: sessions, batches, and what comes back."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
from golden import Golden
from gpu_on_cpu import HostBackend, constant_network, cpu_engine, cuda_engine, own_network, real_network

from bodypix_ros.inference.cuda_engine import batch_for, describe_size, group_indices, largest_batch
from bodypix_ros.inference.cuda_session import LabelRequest
from bodypix_ros.inference.engine import network_geometry
from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.parity import compare, person_pictures
from bodypix_ros.models.network import Network


@pytest.fixture(scope='module')
def everybody() -> Network:
    """A network that sees part 3 of a person everywhere."""
    logits = np.full(25, -4, np.float32)
    logits[[0, 4]] = 4
    return constant_network(logits)


@pytest.mark.parametrize('name', ['karolina_640x480__s16__rmedium', 'messi_548x342__s8d22__rmedium'])
@pytest.mark.parametrize(('half', 'mask_share', 'parts_share'), [(False, 1e-5, 1e-4), (True, 2e-3, 3e-3)])
def test_results_equal_the_javascript_library(shared, server, model_dir, name, half, mask_share, parts_share) -> None:
    case = Golden.load(shared, name)
    network = real_network(server, model_dir, stride=case.stride, dilation=case.dilation)
    engine = cuda_engine(network, HostBackend(half))
    geometry = network_geometry(network, case.resolution, 'cpu', *case.image.shape[:2])
    engine.open(geometry, 1)
    for threshold in (0.5, 0.7, 0.5):
        (found,) = engine.run([case.image], geometry, 1, LabelRequest(threshold))
        assert np.mean(found.mask != case.outputs[f'person_t{threshold}'].astype(bool)) <= mask_share
        assert np.mean(found.parts != case.outputs[f'parts_t{threshold}']) <= parts_share


@pytest.mark.parametrize('count', [1, 2, 3, 5])
def test_every_picture_of_several_batches_gets_its_own_result(count) -> None:
    network = own_network()
    geometry = network_geometry(network, 97, 'cuda', 90, 120)
    engine, cpu = cuda_engine(network), cpu_engine(network)
    engine.open(geometry, 2)
    images = [image for image, _ in zip(person_pictures(90, 120), range(count), strict=False)]
    found = engine.run(images, geometry, 2, LabelRequest(0.5, confidence=True))
    expected = cpu.segment([(image, geometry) for image in images], 0.5, parts=True, confidence=True)
    assert len(found) == count
    for one, other in zip(found, expected, strict=True):
        assert compare(one, other).largest <= 1e-3
        assert np.abs(one.confidence.astype(int) - other.confidence).max() <= 1


def test_the_heads_of_people_come_with_them(everybody) -> None:
    network = own_network(people=True)
    geometry = network_geometry(network, 97, 'cuda', 90, 120)
    image = next(person_pictures(90, 120))
    engine, cpu = cuda_engine(network), cpu_engine(network)
    engine.open(geometry, 1)
    (found,) = engine.run([image], geometry, 1, LabelRequest(0.5))
    (expected,) = cpu.segment([(image, geometry)], 0.5, parts=True)
    assert found.heads.keys() == expected.heads.keys() >= {'heatmaps', 'long_offsets'}
    for name, head in expected.heads.items():
        assert np.allclose(found.heads[name], head, atol=1e-3)


def test_the_default_threshold_of_our_network_is_uploaded_although_its_logit_is_zero() -> None:
    network = own_network()
    geometry = network_geometry(network, 97, 'cuda', 90, 120)
    engine, cpu = cuda_engine(network), cpu_engine(network)
    engine.open(geometry, 1)  # with memory that is not cleared, see HostDevice
    image = next(person_pictures(90, 120))
    (found,) = engine.run([image], geometry, 1, LabelRequest(0.5))
    assert np.mean(found.mask != cpu.segment([(image, geometry)], 0.5, parts=True)[0].mask) <= 1e-3


def test_masks_alone_have_no_parts(everybody) -> None:
    geometry = bodypix2_geometry(20, 30, 'full', 16)
    engine = cuda_engine(everybody)
    engine.open(geometry, 1)
    image = np.zeros((20, 30, 3), np.uint8)
    (found,) = engine.run([image], geometry, 1, LabelRequest(0.5, parts=False))
    assert found.parts is None
    assert found.confidence is None
    assert found.mask.dtype == np.bool_
    assert found.mask.all()
    assert found.heads == {}
    assert not engine.run([image], geometry, 1, LabelRequest(0.99, parts=False))[0].mask.any()


def test_each_kind_of_request_is_recorded_once_for_each_of_two_buffers(everybody) -> None:
    backend = HostBackend()
    engine = cuda_engine(everybody, backend)
    geometry = bodypix2_geometry(20, 30, 'full', 16)
    engine.open(geometry, 1)
    before = backend.device.recordings
    images = [np.zeros((20, 30, 3), np.uint8)] * 4
    for _ in range(3):
        engine.run(images, geometry, 1, LabelRequest(0.5, confidence=True))
    assert backend.device.recordings == before + 2


def test_a_result_is_not_changed_by_the_next_picture() -> None:
    network = own_network()
    geometry = network_geometry(network, 97, 'cuda', 90, 120)
    engine = cuda_engine(network)
    engine.open(geometry, 1)
    first, second = (image for image, _ in zip(person_pictures(90, 120), range(2), strict=False))
    (found,) = engine.run([first], geometry, 1, LabelRequest(0.5))
    mask, parts = found.mask.copy(), found.parts.copy()
    (other,) = engine.run([second], geometry, 1, LabelRequest(0.5))
    assert np.array_equal(found.mask, mask)
    assert np.array_equal(found.parts, parts)
    assert not np.array_equal(other.mask, mask)


def test_a_session_works_in_another_thread_than_the_one_that_opened_it(everybody) -> None:
    geometry = bodypix2_geometry(20, 30, 'full', 16)
    engine = cuda_engine(everybody)
    opener = Thread(target=engine.open, args=(geometry, 1))
    opener.start()
    opener.join()
    (found,) = engine.run([np.zeros((20, 30, 3), np.uint8)], geometry, 1, LabelRequest(0.5))
    assert np.all(found.parts == 3)


def test_timings_are_given_by_stage(everybody) -> None:
    geometry = bodypix2_geometry(20, 30, 'full', 16)
    engine = cuda_engine(everybody)
    engine.open(geometry, 1)
    timings = engine.run([np.zeros((20, 30, 3), np.uint8)], geometry, 1, LabelRequest(0.5))[0].timings
    assert min(timings.preprocess_ms, timings.inference_ms, timings.postprocess_ms) > 0


def test_batches_are_powers_of_two() -> None:
    geometry = bodypix2_geometry(480, 640, 'full', 16)
    assert [batch_for(geometry, count) for count in (1, 2, 3, 4, 5, 8, 9, 100)] == [1, 2, 4, 4, 8, 8, 8, 8]


@pytest.mark.parametrize(
    ('size', 'expected'),
    [((480, 640), 8), ((720, 1280), 8), ((1080, 1920), 2), ((2160, 3840), 1), ((8000, 8000), 1)],
)
def test_large_pictures_run_in_smaller_batches(size, expected) -> None:
    assert largest_batch(bodypix2_geometry(*size, 'full', 16)) == expected


def test_the_network_input_counts_where_it_is_larger_than_the_picture() -> None:
    assert largest_batch(bodypix2_geometry(720, 1280, 2.0, 16)) == 2


def test_equal_keys_are_grouped_in_the_order_in_which_they_come() -> None:
    assert group_indices(['a', 'b', 'a', 'c', 'b']) == [[0, 2], [1, 4], [3]]


def test_sizes_are_described_as_people_write_them() -> None:
    geometry = bodypix2_geometry(480, 640, 'full', 16)
    assert [describe_size(geometry, batch) for batch in (1, 8)] == ['640x480', '8 of 640x480']
