"""Sessions by size and batch."""

from __future__ import annotations

import numpy as np
import pytest
from gpu_on_cpu import CpuBackend, constant_network, gpu_engine, real_network

from bodypix_ros.inference.engine import Picture
from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.gpu import engine as gpu
from bodypix_ros.inference.gpu.engine import GpuEngine, batch_for, group_indices, largest_batch
from bodypix_ros.models.network import Network


@pytest.fixture(scope='module')
def everybody() -> Network:
    """A network that sees part 3 of a person everywhere."""
    logits = np.full(25, -4, np.float32)
    logits[[0, 4]] = 4
    return constant_network(logits)


def _picture(height: int, width: int, seed: int = 0) -> Picture:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return noise, bodypix2_geometry(height, width, 'full', 16)


def test_batches_are_powers_of_two() -> None:
    assert [batch_for(count) for count in (1, 2, 3, 4, 5, 8, 9)] == [1, 2, 4, 4, 8, 8, 16]


def test_equal_keys_are_grouped_in_the_order_in_which_they_come() -> None:
    assert group_indices(['a', 'b', 'a', 'c', 'b']) == [[0, 2], [1, 4], [3]]


@pytest.mark.parametrize(
    ('size', 'expected'),
    [((480, 640), 16), ((720, 1280), 8), ((1080, 1920), 2), ((2160, 3840), 1), ((8000, 8000), 1)],
)
def test_large_pictures_run_in_smaller_batches(size, expected) -> None:
    assert largest_batch(bodypix2_geometry(*size, 'full', 16)) == expected


def test_the_network_input_counts_where_it_is_larger_than_the_picture() -> None:
    assert largest_batch(bodypix2_geometry(720, 1280, 2.0, 16)) == 2


def test_pictures_of_equal_size_run_together_and_come_back_in_their_order(everybody) -> None:
    backend = CpuBackend()
    engine = gpu_engine(everybody, backend)
    sizes = [(20, 30), (40, 50), (20, 30), (20, 30), (40, 50)]
    results = engine.segment([_picture(*size, seed) for seed, size in enumerate(sizes)], 0.5, parts=True)
    assert [result.mask.shape for result in results] == sizes
    assert all(np.all(result.parts == 3) for result in results)
    assert backend.opened == ['4 of 30x20', '2 of 50x40']


def test_more_pictures_than_a_batch_holds_run_in_several(everybody, monkeypatch) -> None:
    monkeypatch.setattr(gpu, 'MOST_PICTURES', 2)
    backend = CpuBackend()
    results = gpu_engine(everybody, backend).segment([_picture(20, 30, seed) for seed in range(5)], 0.5, parts=False)
    assert len(results) == 5
    assert backend.opened == ['2 of 30x20', '30x20']


def test_a_size_that_comes_again_opens_nothing(everybody) -> None:
    backend = CpuBackend()
    engine = gpu_engine(everybody, backend)
    for _ in range(3):
        engine.segment([_picture(20, 30)], 0.5, parts=True)
        engine.segment([_picture(40, 50)], 0.5, parts=True)
    assert backend.opened == ['30x20', '50x40']


def test_the_size_that_was_not_used_for_the_longest_time_makes_room(everybody, monkeypatch) -> None:
    monkeypatch.setattr(gpu, 'MOST_SESSIONS', 2)
    backend = CpuBackend()
    engine = gpu_engine(everybody, backend)
    for height in (20, 40, 20, 60, 20, 40):
        engine.segment([_picture(height, 30)], 0.5, parts=True)
    assert backend.opened == ['30x20', '30x40', '30x60', '30x40']


def test_what_was_prepared_is_not_opened_again(everybody) -> None:
    backend = CpuBackend()
    engine = gpu_engine(everybody, backend)
    engine.prepare(_picture(20, 30)[1], 3, parts=True)
    assert backend.opened == ['4 of 30x20']
    engine.segment([_picture(20, 30, seed) for seed in range(4)], 0.5, parts=True)
    assert backend.opened == ['4 of 30x20']


def test_masks_alone_need_no_session_of_their_own_where_one_is_dear(everybody) -> None:
    backend = CpuBackend(always_parts=True)
    engine = gpu_engine(everybody, backend)
    with_parts, alone = (engine.segment([_picture(20, 30)], 0.5, parts=parts)[0] for parts in (True, False))
    assert backend.opened == ['30x20']
    assert alone.parts is None
    assert np.array_equal(alone.mask, with_parts.mask)


def test_a_result_is_not_changed_by_the_next_picture(server, model_dir, astronaut) -> None:
    engine = gpu_engine(real_network(server, model_dir))
    geometry = bodypix2_geometry(512, 512, 'medium', 16)
    first = engine.segment([(astronaut, geometry)], 0.5, parts=True)[0]
    mask, parts = first.mask.copy(), first.parts.copy()
    other = engine.segment([(astronaut[::-1], geometry)], 0.5, parts=True)[0]
    assert np.array_equal(first.mask, mask)
    assert np.array_equal(first.parts, parts)
    assert not np.array_equal(other.mask, mask)


def test_the_reason_says_what_else_there_is_to_say(everybody) -> None:
    engine = GpuEngine(everybody, np.arange(25, dtype=np.int8), CpuBackend(), '; TensorRT is not installed')
    assert engine.provider == 'cuda'
    assert engine.reason == 'a test runs the network; TensorRT is not installed'


def test_timings_are_given_by_stage(everybody) -> None:
    timings = gpu_engine(everybody).segment([_picture(20, 30)], 0.5, parts=True)[0].timings
    assert min(timings.preprocess_ms, timings.inference_ms, timings.postprocess_ms) > 0
