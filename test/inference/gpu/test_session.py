"""A frame's graph on its provider, and its buffers."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from fake_cuda import FakeLibrary
from gpu_on_cpu import ON_CPU, SAME_NUMBERS, constant_network

from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.gpu import session as module
from bodypix_ros.inference.gpu.driver import Driver
from bodypix_ros.inference.gpu.frame_graph import build_frame_graph
from bodypix_ros.inference.gpu.session import FrameSession, Placement


@pytest.fixture(scope='module')
def graph() -> bytes:
    """A graph for two pictures of 30x20 that sees part 3 of a person everywhere, with a score of 0.73."""
    logits = np.full(25, -4, np.float32)
    logits[[0, 4]] = 1
    geometry = bodypix2_geometry(20, 30, 'full', 16)
    return build_frame_graph(constant_network(logits), geometry, 2, SAME_NUMBERS, parts=True, half=False)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    """A driver that hands out its own memory."""
    fake = FakeLibrary()
    monkeypatch.setattr(module, 'find_driver', lambda: Driver(fake))
    return fake


def _images(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 20, 30, 3), np.uint8))


def test_a_run_gives_as_many_results_as_there_are_pictures(graph) -> None:
    session = FrameSession(graph, ON_CPU)
    for count in (1, 2):
        arrays = session.run(_images(count), 0.5).arrays
        assert arrays['mask'].shape == arrays['parts'].shape == (count, 1, 20, 30)
        assert arrays['mask'].all()
        assert np.all(arrays['parts'] == 3)


def test_results_own_their_memory(graph) -> None:
    session = FrameSession(graph, ON_CPU)
    first = session.run(_images(1), 0.5).arrays['mask']
    session.run(_images(1), 0.9)
    assert first.all()


def test_pictures_are_read_as_views_too(graph) -> None:
    session = FrameSession(graph, ON_CPU)
    assert session.run([_images(1)[0][:, ::-1]], 0.5).arrays['mask'].all()


def test_the_threshold_is_uploaded_when_it_changes(graph, monkeypatch) -> None:
    session = FrameSession(graph, ON_CPU)
    uploads = []
    upload = FrameSession._upload
    monkeypatch.setattr(FrameSession, '_upload', lambda self, buffer: (uploads.append(buffer), upload(self, buffer)))
    masks = [session.run(_images(1), threshold).arrays['mask'].any() for threshold in (0.5, 0.5, 0.9, 0.9, 0.5)]
    assert masks == [True, True, False, False, True]
    thresholds = [buffer for buffer in uploads if buffer.host.size == 1]
    assert len(thresholds) == 3


@pytest.mark.filterwarnings('ignore:Specified provider')
def test_a_provider_that_cannot_be_loaded_is_not_believed(graph) -> None:
    with pytest.raises(RuntimeError, match='ONNX Runtime could not load CoreMLExecutionProvider'):
        FrameSession(graph, Placement((('CoreMLExecutionProvider', {}),), device='cpu', strict=False))


def test_a_strict_session_runs_nothing_on_the_cpu(graph) -> None:
    with pytest.raises(Exception, match='fallback to (the )?CPU'):
        FrameSession(graph, Placement(ON_CPU.providers, device='cpu', strict=True))


def test_page_locked_memory_holds_all_that_crosses_the_bus(graph, library) -> None:
    session = FrameSession(graph, ON_CPU)
    sizes = sorted(len(block) for block in library.blocks)
    assert sizes == sorted([2 * 20 * 30 * 3, 4, 2 * 20 * 30, 2 * 20 * 30])
    assert session.run(_images(2), 0.5).arrays['mask'].all()


@pytest.mark.parametrize('failing', ['', 'cuMemcpyDtoH_v2', 'cuMemAllocHost_v2'])
def test_results_of_a_gpu_come_straight_into_it_where_the_driver_can(graph, monkeypatch, failing) -> None:
    fake = FakeLibrary(failing)
    monkeypatch.setattr(module, 'find_driver', lambda: Driver(fake))
    session = FrameSession(graph, ON_CPU)
    session._placement = Placement(ON_CPU.providers, device='cuda', strict=False)  # as if its memory were a GPU's
    arrays = session.run(_images(2), 0.5).arrays
    assert fake.downloads == 2
    assert arrays['mask'].all()
    assert np.all(arrays['parts'] == 3)


def test_every_session_has_run_before_it_is_used(graph, monkeypatch) -> None:
    runs = []
    run = onnxruntime.InferenceSession.run_with_iobinding
    monkeypatch.setattr(
        onnxruntime.InferenceSession, 'run_with_iobinding', lambda *given: (runs.append(given), run(*given))
    )
    FrameSession(graph, ON_CPU)
    assert len(runs) == 3  # allocates, records, replays
