"""What ONNX Runtime's GPU providers are told."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
from gpu_on_cpu import SAME_NUMBERS, real_network

from bodypix_ros.inference.geometry import bodypix2_geometry
from bodypix_ros.inference.gpu.frame_graph import build_frame_graph
from bodypix_ros.inference.gpu.options import (
    AROUND_THE_NETWORK,
    cuda_options,
    runtime_version,
    tensorrt_options,
)


@pytest.mark.parametrize(('text', 'version'), [('1.31.1', (1, 31)), ('1.18.0+cu118', (1, 18)), ('1.20.dev2', (1, 20))])
def test_the_version_of_onnx_runtime_is_read(monkeypatch, text, version) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', text)
    assert runtime_version() == version


def test_cuda_records_graphs_without_tensor_float_32(monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    assert cuda_options(1, half=True, graph=True) == {
        'device_id': '1',
        'enable_cuda_graph': '1',
        'use_tf32': '0',
        'prefer_nhwc': '1',
        'cudnn_conv_algo_search': 'EXHAUSTIVE',
        'cudnn_conv_use_max_workspace': '1',
        'arena_extend_strategy': 'kSameAsRequested',
    }


def test_fp32_keeps_channels_first(monkeypatch) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    options = cuda_options(0, half=False, graph=False)
    assert (options['prefer_nhwc'], options['enable_cuda_graph']) == ('0', '0')


@pytest.mark.parametrize(
    ('version', 'missing'), [('1.17.3', {'use_tf32', 'prefer_nhwc'}), ('1.19.2', {'prefer_nhwc'}), ('1.20.0', set())]
)
def test_an_older_onnx_runtime_is_not_told_what_it_does_not_know(monkeypatch, version, missing) -> None:
    monkeypatch.setattr(onnxruntime, '__version__', '1.31.1')
    everything = set(cuda_options(0, half=True, graph=True))
    monkeypatch.setattr(onnxruntime, '__version__', version)
    assert everything - set(cuda_options(0, half=True, graph=True)) == missing


def test_tensorrt_keeps_its_engines_in_their_own_folder_and_shares_timings() -> None:
    options = tensorrt_options(2, half=True, folder=Path('/cache/tensorrt/abc'))
    assert options['device_id'] == '2'
    assert (options['trt_engine_cache_enable'], options['trt_engine_cache_path']) == ('1', '/cache/tensorrt/abc')
    assert (options['trt_timing_cache_enable'], options['trt_timing_cache_path']) == ('1', '/cache/tensorrt')


@pytest.mark.parametrize(('half', 'expected'), [(True, '1'), (False, '0')])
def test_tensorrt_computes_in_fp16_when_it_may(half, expected) -> None:
    assert tensorrt_options(0, half=half, folder=Path('x'))['trt_fp16_enable'] == expected


def test_tensorrt_gets_the_whole_network_and_nothing_around_it(server, model_dir) -> None:
    network = real_network(server, model_dir, people=True)
    of_network = {node.op_type for node in onnx.load_from_string(network.onnx).graph.node}
    assert of_network.isdisjoint(AROUND_THE_NETWORK)
    geometry = bodypix2_geometry(480, 640, 'medium', 16)
    graph = onnx.load_from_string(build_frame_graph(network, geometry, 1, SAME_NUMBERS, parts=True, half=False)).graph
    left = [node.op_type for node in graph.node if node.op_type not in {*AROUND_THE_NETWORK, *of_network}]
    smallest = int(tensorrt_options(0, half=True, folder=Path('x'))['trt_min_subgraph_size'])
    assert set(left) == {'Add', 'Cast'}  # ResNet50 has Add as well, so they cannot be excluded by name
    assert len(left) < smallest < len(onnx.load_from_string(network.onnx).graph.node)
