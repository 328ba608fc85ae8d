"""The network on the CPU: preprocessing and decoding by kernels, the convolutions by ONNX Runtime."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from ..models.network import Network
from ..segmentation import Timings
from .decode import Numbers
from .decoded import Decoded, Image, Picture, Provider
from .geometry import Geometry
from .kernels import Kernels

# A thread that waits for work first spins and then sleeps. ONNX Runtime's own choice is to spin for milliseconds, which
# costs a third of the processor time of a camera's frames and, on a busy machine, takes the processor from those that
# are waited for. Before 1.26 it cannot be told otherwise and passes over this.
_SPIN_BRIEFLY = {'session.intra_op.spin_duration_us': '100', 'session.intra_op.spin_backoff_max': '8'}

# Slower, but right where a processor would add products of bytes in 16 bits, which overflow.
_ADD_IN_32_BITS = {'session.x64quantprecision': '1'}


def open_cpu_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a session of a network, from 'input' (N, 3, h, w) to 'heads', float32.

    Args:
        model: serialised ONNX.
        threads: 0 is one for each physical core.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    for name, value in {**_SPIN_BRIEFLY, **({} if _has_vnni() else _ADD_IN_32_BITS)}.items():
        options.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def _has_vnni() -> bool:
    """Say whether this is an x86 processor that adds products of bytes in 32 bits; others do not ask."""
    try:
        return 'vnni' in Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        return False


class CpuEngine:
    """An `Engine` of the CPU.

    Pictures run one by one: as a batch they take up to a quarter longer, since less of each stays in the cache, and
    several times the memory.
    """

    provider: Provider = 'cpu'

    def __init__(self, network: Network, numbers: Numbers, kernels: Kernels, reason: str, threads: int = 0) -> None:
        """Open a session.

        Args:
            network: what to run.
            numbers: (25,) int8, the part id of each channel and then BACKGROUND.
            kernels: what prepares and decodes frames.
            reason: why the CPU runs the network, as a sentence.
            threads: that run the network; 0 is one for each physical core.
        """
        self.reason = reason
        self.session = open_cpu_session(network.onnx, threads)
        self._network, self._numbers, self._kernels = network, numbers, kernels

    def segment(self, pictures: Sequence[Picture], threshold: float, *, parts: bool) -> list[Decoded]:
        """See `Engine.segment`."""
        return [self._segment_one(image, geometry, threshold, parts) for image, geometry in pictures]

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Do nothing: a picture of a new size waits for nothing here."""

    def _segment_one(self, image: Image, geometry: Geometry, threshold: float, parts: bool) -> Decoded:
        started = time.perf_counter()
        inputs = np.empty((1, 3, geometry.input_height, geometry.input_width), np.float32)
        self._kernels.preprocess(image, geometry, self._network.architecture, out=inputs[0])
        preprocessed = time.perf_counter()
        output = self.session.run(None, {'input': inputs})[0][0]
        inferred = time.perf_counter()
        heads = {name: output[channels] for name, channels in self._network.heads.items()}
        mask = self._kernels.decode_mask(heads['segments'][0], geometry, threshold)
        labels = None
        if parts:
            labels = self._kernels.decode_parts(heads['part_heatmaps'], mask, geometry, self._numbers)
        timings = Timings(
            preprocess_ms=(preprocessed - started) * 1e3,
            inference_ms=(inferred - preprocessed) * 1e3,
            postprocess_ms=(time.perf_counter() - inferred) * 1e3,
        )
        return Decoded(mask, labels, heads, timings)
