# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A GPU that gives wrong results is not used, whatever is wrong with it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from threading import Event, Lock

import numpy as np
import pytest
from gpu_on_cpu import constant_network, cpu_engine, own_network

from bodypix_ros.errors import ProviderError
from bodypix_ros.inference import verified_engine as module
from bodypix_ros.inference.cuda_engine import describe_size
from bodypix_ros.inference.cuda_session import LabelRequest
from bodypix_ros.inference.engine import CpuEngine, Decoded, Provider, network_geometry
from bodypix_ros.inference.geometry import Geometry
from bodypix_ros.inference.parity import FP16, FP32, person_pictures
from bodypix_ros.inference.verified_engine import VerifiedEngine
from bodypix_ros.models.network import Network

Fault = Callable[['FakeGpu', list[Decoded]], list[Decoded]]

NETWORK = own_network()
HEIGHT, WIDTH = 90, 120


class FakeGpu:
    """Gives what the CPU gives, except for a fault."""

    provider: Provider = 'cuda'
    title = 'CUDA'

    def __init__(self, network: Network = NETWORK, fault: Fault | None = None) -> None:
        self._cpu, self._fault = cpu_engine(network), fault  # of its own: engines are not thread-safe
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.runs = 0
        self.last: list[Decoded] = []

    def open(self, geometry: Geometry, batch: int) -> None:
        self.opened.append(describe_size(geometry, batch))

    def close(self, geometry: Geometry, batch: int) -> None:
        self.closed.append(describe_size(geometry, batch))

    def run(self, images: Sequence[np.ndarray], geometry: Geometry, batch: int, request: LabelRequest) -> list[Decoded]:
        self.runs += 1
        pictures = [(image, geometry) for image in images]
        found = self._cpu.segment(pictures, request.threshold, parts=request.parts, confidence=request.confidence)
        results = self._fault(self, found) if self._fault else found
        self.last = found
        return results


def _changed(decoded: Decoded, change: Callable[[np.ndarray], np.ndarray]) -> Decoded:
    arrays = {name: getattr(decoded, name) for name in ('mask', 'parts', 'confidence')}
    changed = {name: change(array) for name, array in arrays.items() if array is not None}
    return dataclasses.replace(decoded, **changed)


def zeros(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [_changed(one, np.zeros_like) for one in found]


def noise(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    generator = np.random.default_rng(0)
    return [_changed(one, lambda array: generator.integers(0, 2, array.shape).astype(array.dtype)) for one in found]


def last_frame(gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [*gpu.last[-1:], *found[:-1]] if gpu.last else found


def last_picture(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [found[0], *found[:-1]]


def shifted(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [_changed(one, lambda array: np.roll(array, 2, axis=1)) for one in found]


def wrong_third_place(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [_changed(one, np.zeros_like) if place == 2 else one for place, one in enumerate(found)]


def wrong_parts(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [
        one if one.parts is None else dataclasses.replace(one, parts=np.where(one.parts == 0, 1, one.parts))
        for one in found
    ]


def faint(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [
        one if one.confidence is None else dataclasses.replace(one, confidence=(one.confidence * 0.8).astype(np.uint8))
        for one in found
    ]


def masks_alone(_gpu: FakeGpu, found: list[Decoded]) -> list[Decoded]:
    return [_changed(one, np.zeros_like) if one.parts is None else one for one in found]


@pytest.fixture(scope='module')
def cpu() -> CpuEngine:
    return cpu_engine(NETWORK)


def _geometry(height: int = HEIGHT, width: int = WIDTH) -> Geometry:
    return network_geometry(NETWORK, 97, 'cuda', height, width)


def _wait_for_the_opener(engine: VerifiedEngine) -> None:
    assert engine._opener is not None
    engine._opener.join(timeout=60)
    assert not engine._opener.is_alive()


def test_a_gpu_that_is_right_runs(cpu, caplog) -> None:
    gpu = FakeGpu()
    engine = VerifiedEngine(gpu, cpu, FP32)
    with caplog.at_level(logging.WARNING):
        engine.prepare(_geometry(), 3, parts=True)
    assert (engine.provider, engine.reason) == ('cuda', 'CUDA, verified against the CPU')
    assert gpu.opened == ['4 of 120x90']
    assert caplog.messages == []
    runs = gpu.runs
    images = [image for image, _ in zip(person_pictures(HEIGHT, WIDTH), range(3), strict=False)]
    found = engine.segment([(image, _geometry()) for image in images], 0.5, parts=True)
    assert gpu.runs == runs + 1
    assert all(one.mask.any() for one in found)


@pytest.mark.parametrize(
    ('fault', 'batch'),
    [
        (zeros, 1), (noise, 1), (last_frame, 1), (last_picture, 1), (shifted, 1), (wrong_parts, 1), (faint, 1),
        (masks_alone, 1), (zeros, 4), (last_frame, 4), (shifted, 4), (wrong_third_place, 4),
    ],
)  # fmt: skip
def test_a_gpu_that_is_wrong_never_publishes(cpu, fault, batch, caplog) -> None:
    gpu = FakeGpu(fault=fault)
    engine = VerifiedEngine(gpu, cpu, FP16)
    with caplog.at_level(logging.WARNING):
        engine.prepare(_geometry(), batch, parts=True)
    size = '120x90' if batch == 1 else '4 of 120x90'
    assert engine.provider == 'cpu'
    (message,) = caplog.messages
    assert message.startswith('CUDA disagrees with the CPU on ')
    assert message.endswith(f' % of the pixels at {size}; running on the CPU')
    assert engine.reason == message
    assert gpu.closed == [size]
    runs = gpu.runs
    pictures = [(image, _geometry()) for image, _ in zip(person_pictures(HEIGHT, WIDTH), range(batch), strict=False)]
    found = engine.segment(pictures, 0.5, parts=True, confidence=True)
    expected = cpu.segment(pictures, 0.5, parts=True, confidence=True)
    assert gpu.runs == runs
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert np.array_equal(one.parts, other.parts)
        assert np.array_equal(one.confidence, other.confidence)


def test_an_empty_mask_is_reported_with_the_share_of_people(cpu, caplog) -> None:
    engine = VerifiedEngine(FakeGpu(fault=zeros), cpu, FP16)
    (image, *_) = person_pictures(HEIGHT, WIDTH)
    (expected,) = cpu.segment([(image, _geometry())], 0.5, parts=True)
    with pytest.raises(ProviderError) as caught:
        engine.verify(_geometry(), 1)
    share = float(str(caught.value).split(' on ')[1].split(' %')[0])
    assert share >= 100 * expected.mask.mean() - 1


def test_a_required_gpu_that_is_wrong_is_refused(cpu) -> None:
    engine = VerifiedEngine(FakeGpu(fault=shifted), cpu, FP16, require_gpu=True)
    sentence = 'require_gpu is true, but CUDA disagrees with the CPU on .* at 120x90; run `bodypix check`, or set '
    with pytest.raises(ProviderError, match=sentence):
        engine.prepare(_geometry(), 1, parts=True)
    with pytest.raises(ProviderError, match=sentence):
        engine.segment([(np.zeros((HEIGHT, WIDTH, 3), np.uint8), _geometry())], 0.5, parts=True)


def test_a_new_size_is_served_by_the_cpu_until_the_gpu_is_verified(cpu) -> None:
    gpu = FakeGpu()
    engine = VerifiedEngine(gpu, cpu, FP32)
    picture = next(person_pictures(HEIGHT, WIDTH)), _geometry()
    engine.segment([picture], 0.5, parts=True)
    assert gpu.opened == []  # a single picture of a size is not worth a session
    engine.segment([picture], 0.5, parts=True)
    _wait_for_the_opener(engine)
    assert gpu.opened == ['120x90']
    runs = gpu.runs
    engine.segment([picture], 0.5, parts=True)
    assert gpu.runs == runs + 1


def test_frames_do_not_wait_while_a_session_is_opened(cpu) -> None:
    gpu, engine_may_open = FakeGpu(), Event()
    gpu.open = lambda _geometry, _batch: engine_may_open.wait(timeout=60)  # type: ignore[method-assign, assignment]
    engine = VerifiedEngine(gpu, cpu, FP32)
    picture = next(person_pictures(HEIGHT, WIDTH)), _geometry()
    for _ in range(4):
        (found,) = engine.segment([picture], 0.5, parts=True)
        assert found.mask.any()
    assert gpu.runs == 0
    engine_may_open.set()
    _wait_for_the_opener(engine)
    engine.segment([picture], 0.5, parts=True)
    assert gpu.runs > 0


def test_the_cpu_runs_one_picture_at_a_time(cpu) -> None:
    class Exclusive:
        provider: Provider = 'cpu'
        reason = ''
        inside = Lock()

        def segment(self, *given: object, **options: object) -> list[Decoded]:
            assert self.inside.acquire(blocking=False), 'two threads are in one engine'
            try:
                return cpu.segment(*given, **options)
            finally:
                self.inside.release()

        def prepare(self, *given: object, **options: object) -> None:
            pass

    engine = VerifiedEngine(FakeGpu(), Exclusive(), FP32)
    picture = next(person_pictures(HEIGHT, WIDTH)), _geometry()
    for _ in range(2):
        engine.segment([picture], 0.5, parts=True)
    while engine._opener.is_alive():
        (found,) = engine.segment([(picture[0][:60, :80], _geometry(60, 80))], 0.5, parts=True)
        assert found.mask.shape == (60, 80)
    assert engine.provider == 'cuda'


def test_a_fault_found_in_the_background_is_reported_and_the_cpu_goes_on_serving(cpu, caplog) -> None:
    engine = VerifiedEngine(FakeGpu(fault=shifted), cpu, FP16)
    picture = next(person_pictures(HEIGHT, WIDTH)), _geometry()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            engine.segment([picture], 0.5, parts=True)
        _wait_for_the_opener(engine)
        (found,) = engine.segment([picture], 0.5, parts=True)
    assert engine.provider == 'cpu'
    assert 'disagrees with the CPU' in caplog.text
    assert found.mask.any()


def test_a_smaller_batch_runs_until_the_larger_one_is_verified(cpu) -> None:
    gpu = FakeGpu()
    engine = VerifiedEngine(gpu, cpu, FP32)
    engine.prepare(_geometry(), 1, parts=True)
    runs = gpu.runs
    pictures = [(image, _geometry()) for image, _ in zip(person_pictures(HEIGHT, WIDTH), range(2), strict=False)]
    assert len(engine.segment(pictures, 0.5, parts=True)) == 2
    assert (gpu.opened, gpu.runs) == (['120x90'], runs + 1)


def test_a_gpu_that_fails_while_it_runs_is_replaced_by_the_cpu(cpu, caplog) -> None:
    gpu = FakeGpu()
    engine = VerifiedEngine(gpu, cpu, FP32)
    engine.prepare(_geometry(), 1, parts=True)

    def fail(*_given: object) -> list[Decoded]:
        raise RuntimeError('an illegal memory access was encountered\nmore lines')

    gpu.run = fail  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING):
        (found,) = engine.segment([(next(person_pictures(HEIGHT, WIDTH)), _geometry())], 0.5, parts=True)
    assert found.mask.any()
    assert caplog.messages == ['CUDA failed on 120x90: an illegal memory access was encountered; running on the CPU']
    assert engine.provider == 'cpu'


def test_sizes_in_which_nobody_can_be_found_are_left_to_the_cpu() -> None:
    nobody = constant_network(np.full(25, -4, np.float32))
    cpu = cpu_engine(nobody)
    gpu = FakeGpu(nobody)
    engine = VerifiedEngine(gpu, cpu, FP32)
    geometry = network_geometry(nobody, 'full', 'cuda', 20, 30)
    engine.prepare(geometry, 1, parts=True)
    assert (gpu.opened, engine.provider) == ([], 'cuda')
    assert not engine.segment([(np.zeros((20, 30, 3), np.uint8), geometry)], 0.5, parts=True)[0].mask.any()
    assert engine._opener is None


def test_the_size_that_was_not_used_for_the_longest_time_makes_way(cpu, monkeypatch) -> None:
    monkeypatch.setattr(module, 'MOST_SESSIONS', 2)
    gpu = FakeGpu()
    engine = VerifiedEngine(gpu, cpu, FP32)
    sizes = [(90, 120), (60, 80), (90, 120), (120, 90)]
    for size in sizes:
        engine.prepare(_geometry(*size), 1, parts=True)
        engine.segment([(next(person_pictures(*size)), _geometry(*size))], 0.5, parts=True)
    assert gpu.opened == ['120x90', '80x60', '90x120']
    assert gpu.closed == ['80x60']


def test_pictures_of_several_sizes_come_back_in_their_order(cpu) -> None:
    engine = VerifiedEngine(FakeGpu(), cpu, FP32)
    sizes = [(90, 120), (60, 80), (90, 120), (60, 80)]
    for size in sizes[:2]:
        engine.prepare(_geometry(*size), 2, parts=True)
    found = engine.segment([(next(person_pictures(*size)), _geometry(*size)) for size in sizes], 0.5, parts=False)
    assert [one.mask.shape for one in found] == sizes
    assert all(one.parts is None for one in found)


def test_the_reason_says_what_else_there_is_to_say(cpu) -> None:
    engine = VerifiedEngine(FakeGpu(), cpu, FP32, remark='; TensorRT is not installed')
    assert engine.reason == 'CUDA, verified against the CPU; TensorRT is not installed'
