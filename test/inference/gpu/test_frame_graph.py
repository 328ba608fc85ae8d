"""The whole frame in one graph: it must give what preprocessing, network and decoding give one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from golden import CASES, THRESHOLDS, Golden
from gpu_on_cpu import SAME_NUMBERS, CpuBackend, constant_network, cpu_engine, gpu_engine, real_network

from bodypix_ros.inference.engine import Decoded, Engine
from bodypix_ros.inference.geometry import Geometry, bodypix1_geometry, bodypix2_geometry
from bodypix_ros.inference.gpu.frame_graph import build_frame_graph
from bodypix_ros.models.network import Network
from bodypix_ros.parts import renumbering

# Operators and types that ONNX Runtime's CUDA provider has in opset 17 (its docs/OperatorKernels.md). Others would run
# on the CPU, in the middle of the frame.
ON_CUDA = {
    *('Add', 'Cast', 'Clip', 'Conv', 'Gather', 'Greater', 'MaxPool', 'Mul'),
    *('Relu', 'Reshape', 'Resize', 'Sigmoid', 'Split', 'Transpose', 'Where'),
}


def _segment(
    engine: Engine, image: np.ndarray, geometry: Geometry, threshold: float = 0.5, parts: bool = True
) -> Decoded:
    return engine.segment([(image, geometry)], threshold, parts=parts)[0]


def _noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


def _of_case(case: Golden, server: str, model_dir: str) -> tuple[Network, Geometry]:
    network = real_network(server, model_dir, stride=case.stride, dilation=case.dilation)
    return network, bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)


@pytest.mark.parametrize('name', CASES)
def test_fp32_equals_the_cpu_path_and_the_javascript_library(shared, server, model_dir, name) -> None:
    case = Golden.load(shared, name)
    network, geometry = _of_case(case, server, model_dir)
    whole, steps = gpu_engine(network), cpu_engine(network)
    for threshold in THRESHOLDS:
        result = _segment(whole, case.image, geometry, threshold)
        assert np.mean(result.mask != case.outputs[f'person_t{threshold}'].astype(bool)) <= 1e-4
        assert np.mean(result.parts != case.outputs[f'parts_t{threshold}']) <= 1e-4
    expected = _segment(steps, case.image, geometry, threshold)
    assert np.mean(result.mask != expected.mask) <= 1e-4
    assert np.mean(result.parts != expected.parts) <= 1e-4


@pytest.mark.parametrize('name', ['messi_548x342__s16__rfull', 'karolina_640x480__s8__rmedium'])
@pytest.mark.parametrize('threshold', [0.2, 0.5])
def test_fp16_changes_two_pixels_in_a_thousand_at_most(shared, server, model_dir, name, threshold) -> None:
    case = Golden.load(shared, name)
    network, geometry = _of_case(case, server, model_dir)
    full = _segment(gpu_engine(network), case.image, geometry, threshold)
    half = _segment(gpu_engine(network, CpuBackend(half=True)), case.image, geometry, threshold)
    for exact, rounded in ((full.mask, half.mask), (full.parts, half.parts)):
        assert 0 < np.mean(exact != rounded) <= 2e-3


def test_a_batch_gives_each_picture_its_own_result(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'messi_548x342__s16__rmedium')
    network, geometry = _of_case(case, server, model_dir)
    images = [case.image, case.image[:, ::-1], _noise(*case.image.shape[:2])]
    engine = gpu_engine(network)
    together = engine.segment([(image, geometry) for image in images], 0.5, parts=True)
    for image, result in zip(images, together, strict=True):
        alone = _segment(engine, image, geometry)
        assert np.mean(result.mask != alone.mask) < 1e-5
        assert np.mean(result.parts != alone.parts) < 1e-5
    assert np.mean(together[0].mask != together[1].mask) > 0.1


def test_the_mask_alone_equals_the_mask_with_parts(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'karolina_640x480__s16__rmedium')
    network, geometry = _of_case(case, server, model_dir)
    engine = gpu_engine(network)
    alone = _segment(engine, case.image, geometry, parts=False)
    assert alone.parts is None
    assert np.array_equal(alone.mask, _segment(engine, case.image, geometry).mask)


def test_the_threshold_changes_without_a_new_session(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'messi_548x342__s16__rmedium')
    network, geometry = _of_case(case, server, model_dir)
    backend = CpuBackend()
    engine = gpu_engine(network, backend)
    areas = [_segment(engine, case.image, geometry, threshold).mask.sum() for threshold in (0.2, 0.7, 0.2)]
    assert areas[0] == areas[2] > areas[1] > 0
    assert backend.opened == ['548x342']


def test_parts_are_numbered_as_they_are_asked_for(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'messi_548x342__s16__rmedium')
    network, geometry = _of_case(case, server, model_dir)
    plain = _segment(gpu_engine(network), case.image, geometry)
    numbers = renumbering('bodypix2', 'bodypix1')
    renumbered = _segment(gpu_engine(network, numbers=numbers), case.image, geometry)
    assert np.array_equal(renumbered.parts, numbers[plain.parts])
    assert not np.array_equal(renumbered.parts, plain.parts)


def test_the_heads_that_people_need_come_out_raw(shared, server, model_dir) -> None:
    case = Golden.load(shared, 'messi_548x342__s16__rmedium')
    network = real_network(server, model_dir, people=True)
    geometry = _of_case(case, server, model_dir)[1]
    expected = _segment(cpu_engine(network), case.image, geometry)
    for half, tolerance in ((False, 1e-3), (True, 1)):
        found = _segment(gpu_engine(network, CpuBackend(half)), case.image, geometry)
        assert set(found.heads) == set(network.heads)
        for name, head in expected.heads.items():
            assert found.heads[name].dtype == np.float32
            assert np.allclose(found.heads[name], head, atol=tolerance)


def test_without_people_no_heads_cross_the_bus(server, model_dir) -> None:
    geometry = bodypix2_geometry(97, 131, 'full', 16)
    assert _segment(gpu_engine(real_network(server, model_dir)), _noise(97, 131), geometry).heads == {}


@pytest.mark.parametrize('size', [(1, 1), (1, 50), (50, 1), (2, 300), (97, 131), (300, 17)])
@pytest.mark.parametrize('resolution', [0.5, 1.7])
def test_every_size_of_picture_works(server, model_dir, size, resolution) -> None:
    network = real_network(server, model_dir)
    geometry, image = bodypix2_geometry(*size, resolution, 16), _noise(*size)
    found, expected = (
        _segment(gpu_engine(network), image, geometry, 0.05),
        _segment(cpu_engine(network), image, geometry, 0.05),
    )
    assert found.mask.shape == found.parts.shape == size
    assert np.sum(found.mask != expected.mask) <= 1
    assert np.sum(found.parts != expected.parts) <= 1


@pytest.mark.parametrize('cut', [np.s_[:], np.s_[:, 200:300], np.s_[100:300]])
def test_bodypix1_squashes_before_it_interpolates(shared, server, model_dir, cut) -> None:
    image = Golden.load(shared, 'karolina_640x480__s16__rmedium').image[cut]
    network, geometry = real_network(server, model_dir), bodypix1_geometry(*image.shape[:2], 16)
    found, expected = _segment(gpu_engine(network), image, geometry), _segment(cpu_engine(network), image, geometry)
    assert 0.05 < expected.mask.mean() < 0.95
    assert np.sum(found.mask != expected.mask) <= 3
    assert np.sum(found.parts != expected.parts) <= 3


def _constant(scores: Sequence[tuple[int, float]], person: float) -> Network:
    """A network that gives channel scores, and -4 where none is named."""
    logits = np.full(25, -4, np.float32)
    logits[0] = person
    for channel, score in scores:
        logits[1 + channel] = score
    return constant_network(logits)


@pytest.mark.parametrize('equal', [(7, 19), (8, 15, 16), (0, 23), (22, 23), (5, 6)])
def test_the_first_of_equal_parts_wins(equal) -> None:
    network = _constant([(channel, 2) for channel in equal], person=5)
    parts = _segment(gpu_engine(network), _noise(33, 33), bodypix2_geometry(33, 33, 'full', 16)).parts
    assert np.all(parts == equal[0])


@pytest.mark.parametrize('channel', range(24))
def test_each_part_wins_where_it_is_the_likeliest(channel) -> None:
    network = _constant([(channel, 2), ((channel + 1) % 24, 1), ((channel + 8) % 24, 1.5)], person=5)
    parts = _segment(gpu_engine(network), _noise(33, 33), bodypix2_geometry(33, 33, 'full', 16)).parts
    assert np.all(parts == channel)


def test_the_threshold_is_strict() -> None:
    engine, geometry = gpu_engine(_constant([], person=0)), bodypix2_geometry(33, 33, 'full', 16)
    assert not _segment(engine, _noise(33, 33), geometry, 0.5).mask.any()
    assert _segment(engine, _noise(33, 33), geometry, 0.4999).mask.all()


@pytest.mark.parametrize('size', [(768, 1024), (1080, 1920), (342, 548), (480, 641)])
def test_the_last_row_and_column_are_not_lost(size) -> None:
    engine = gpu_engine(_constant([], person=5))
    for geometry in (bodypix2_geometry(*size, 'medium', 16), bodypix1_geometry(*size, 16)):
        assert _segment(engine, np.zeros((*size, 3), np.uint8), geometry, parts=False).mask.all()


def test_where_nobody_is_no_part_is() -> None:
    found = _segment(gpu_engine(_constant([(3, 9)], person=-9)), _noise(33, 33), bodypix2_geometry(33, 33, 'full', 16))
    assert found.parts.dtype == np.int8
    assert np.all(found.parts == -1)


@pytest.mark.parametrize('half', [False, True])
def test_every_operator_is_one_that_cuda_has(server, model_dir, half) -> None:
    network = real_network(server, model_dir, people=True)
    geometry = bodypix2_geometry(480, 640, 'medium', 16)
    graph = onnx.load_from_string(build_frame_graph(network, geometry, 1, SAME_NUMBERS, parts=True, half=half)).graph
    assert {node.op_type for node in graph.node} <= ON_CUDA
    gathered = {node.output[0] for node in graph.node if node.op_type == 'Where'}
    ids = [one for one in graph.output if one.name in gathered]
    assert [one.type.tensor_type.elem_type for one in ids] == [onnx.TensorProto.UINT8]  # int8 has no Where on CUDA
