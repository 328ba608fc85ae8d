"""Options of ONNX Runtime's GPU providers.

What they bring is known from their descriptions, not measured here: docs/gpu.md says how to measure it.
"""

from __future__ import annotations

import re
from pathlib import Path

import onnxruntime

Options = dict[str, str]

TENSORRT_SINCE = (1, 21)
"""The first ONNX Runtime that can keep single operators away from TensorRT."""

_SINCE = {'use_tf32': (1, 18), 'prefer_nhwc': (1, 20)}
"""Options that older versions do not know, or know but were built without."""

AROUND_THE_NETWORK = ('Gather', 'Greater', 'Mul', 'Reshape', 'Resize', 'Sigmoid', 'Split', 'Transpose', 'Where')
"""Operators before and after the network: TensorRT would compute them in fp16 too, and labels would change."""

_SMALLEST_ENGINE = 10
"""So few operators are not worth a TensorRT engine: what is left of the preprocessing has fewer, every network more."""


def runtime_version() -> tuple[int, int]:
    """Return the version of ONNX Runtime: (1, 21)."""
    major, minor = re.findall(r'\d+', onnxruntime.__version__)[:2]
    return int(major), int(minor)


def cuda_options(device_id: int, *, half: bool, graph: bool) -> Options:
    """Return the options of CUDAExecutionProvider.

    Args:
        device_id: number of the GPU.
        half: the network computes in fp16.
        graph: record the work of a frame once and replay it as one, which saves a hundred launches. All operators
            must run on the GPU then, and inputs and outputs stay where they are.
    """
    options = {
        'device_id': str(device_id),
        'enable_cuda_graph': str(int(graph)),
        # TensorFloat-32 would round the factors to 10 bits: fp32 results would no longer equal the CPU's.
        'use_tf32': '0',
        # Tensor cores read channels last; in fp32 there are none to feed, and the transposes would remain.
        'prefer_nhwc': str(int(half)),
        # A size is run millions of times and prepared once.
        'cudnn_conv_algo_search': 'EXHAUSTIVE',
        'cudnn_conv_use_max_workspace': '1',
        # Doubling would take gigabytes for the maps of large pictures.
        'arena_extend_strategy': 'kSameAsRequested',
    }
    known = runtime_version()
    return {name: value for name, value in options.items() if known >= _SINCE.get(name, (0, 0))}


def tensorrt_options(device_id: int, *, half: bool, folder: Path) -> Options:
    """Return the options of TensorrtExecutionProvider.

    Args:
        device_id: number of the GPU.
        half: engines may compute in fp16.
        folder: keeps the engines.
    """
    return {
        'device_id': str(device_id),
        'trt_fp16_enable': str(int(half)),
        'trt_op_types_to_exclude': ','.join(AROUND_THE_NETWORK),
        'trt_min_subgraph_size': str(_SMALLEST_ENGINE),
        'trt_engine_cache_enable': '1',
        'trt_engine_cache_path': str(folder),
        'trt_timing_cache_enable': '1',
        'trt_timing_cache_path': str(folder.parent),
    }
