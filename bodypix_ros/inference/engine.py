"""Engines run one network on one provider, from pictures to labels: the interface, and the engine of the CPU."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..models.network import OWN, Network
from ..onnx_runtime import onnxruntime
from ..segmentation import Timings
from .geometry import Geometry, bodypix1_geometry, bodypix2_geometry, own_geometry
from .kernels import Kernels
from .numpy_kernels import Confidence, Image, Labels, Mask, Numbers

Picture = tuple[Image, Geometry]
"""(H, W, 3) uint8 BGR, and the geometry of its size."""

Heads = Mapping[str, NDArray[np.float32]]
Provider = Literal['tensorrt', 'cuda', 'cpu']


@dataclass(frozen=True)
class Decoded:
    """One picture's result, before people are separated.

    Attributes:
        mask: (H, W) bool, true where a person is.
        parts: (H, W) int8, part id 0..23, -1 background; None if parts were not requested.
        heads: the network's raw output by head, (channels, cells, cells) float32 each; empty if an engine does not
            hand out what nobody needs any more.
        timings: milliseconds by stage.
        confidence: (H, W) uint8, 255 times the probability of a person; None if it was not requested.
    """

    mask: Mask
    parts: Labels | None
    heads: Heads
    timings: Timings
    confidence: Confidence | None = None


class Engine(Protocol):
    """Runs one network on one provider, from pictures to labels. Not thread-safe."""

    @property
    def provider(self) -> Provider:
        """What really runs the network."""

    @property
    def reason(self) -> str:
        """Why that provider runs, as a sentence."""

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """Find the people in some pictures.

        Args:
            pictures: images and their geometries; sizes may differ.
            threshold: a pixel is a person where its score is strictly above it, 0..1.
            parts: whether to label body parts, too.
            confidence: whether to return the probabilities, too.

        Returns:
            One result for each picture, in their order.
        """

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Prepare for `count` pictures of a size at once, so that the first ones do not wait."""


def network_geometry(
    network: Network, resolution: str | float, provider: Provider, height: int, width: int
) -> Geometry:
    """Return the sizes, paddings and taps between a picture and a network.

    Args:
        network: the network.
        resolution: low, medium, high, full, 0.1..2.0, for our network a number of pixels, or auto: for BodyPix medium
            on a CPU and full on a GPU, for ours the same number of pixels everywhere.
        provider: what runs the network.
        height: of the picture, pixels.
        width: of the picture, pixels.
    """
    if network.model == OWN:
        return own_geometry(height, width, resolution)
    if network.version == 1:
        return bodypix1_geometry(height, width, network.stride)
    if resolution == 'auto':
        resolution = 'medium' if provider == 'cpu' else 'full'
    return bodypix2_geometry(height, width, resolution, network.stride)


# A thread that waits for work first spins and then sleeps. By default, ONNX Runtime spins for milliseconds, which costs
# a third of the processor time of a camera's frames and, on a busy machine, delays the threads that are waited for.
# Versions before 1.26 ignore these entries.
_SPIN_BRIEFLY = {'session.intra_op.spin_duration_us': '100', 'session.intra_op.spin_backoff_max': '8'}

# Slower, but right where a processor would add products of bytes in 16 bits, which overflow.
_ADD_IN_32_BITS = {'session.x64quantprecision': '1'}


def open_cpu_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a session of a network with the input 'input' (N, 3, h, w) float32.

    Args:
        model: serialised ONNX.
        threads: 0 is one for each physical core, within the CPU quota of the container.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or quota_threads()
    for name, value in {**_SPIN_BRIEFLY, **({} if _has_vnni() else _ADD_IN_32_BITS)}.items():
        options.add_session_config_entry(name, value)
    return onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])


def quota_threads(root: Path = Path('/')) -> int:
    """Return how many threads the CPU quota of this process's control group allows, 0 where there is no quota.

    A container with a quota of two CPUs sees all cores of its machine; threads beyond the quota only wait for it.

    Args:
        root: of the file system, other than / in tests.
    """
    quotas = [quota for folder in _control_groups(root) if (quota := _cpu_quota(folder)) is not None]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    allowed = math.ceil(min(quotas)) if quotas else 0
    return max(allowed, 1) if quotas and allowed < cores else 0


def _control_groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control group and of all above it, of version 1 and 2."""
    mount = root / 'sys/fs/cgroup'
    try:
        lines = (root / 'proc/self/cgroup').read_text(encoding='utf-8').splitlines()
    except OSError:
        lines = []
    for line in [*lines, '0::/', '0:cpu:/']:
        controllers, _, path = line.partition(':')[2].partition(':')
        if controllers in ('', 'cpu', 'cpu,cpuacct', 'cpuacct,cpu'):
            group = Path(path.lstrip('/'))
            yield from (mount / controllers / above for above in (group, *group.parents))


def _cpu_quota(folder: Path) -> float | None:
    """Return the CPUs that a control group may use, None if it has no limit."""
    try:
        if (folder / 'cpu.max').is_file():
            quota, period = (folder / 'cpu.max').read_text(encoding='utf-8').split()
        else:
            quota, period = (
                (folder / f'cpu.cfs_{name}_us').read_text(encoding='utf-8').strip() for name in ('quota', 'period')
            )
        cpus = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):  # 'max' is not a number
        return None
    return cpus if cpus > 0 else None  # -1 is no limit


def _has_vnni() -> bool:
    """Return whether this is an x86 processor that adds products of bytes in 32 bits."""
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
            threads: that run the network; 0 is one for each physical core, within the CPU quota.
        """
        self.reason = reason
        self.session = open_cpu_session(network.onnx, threads)
        self._network, self._numbers, self._kernels = network, numbers, kernels
        self._inputs = np.empty((1, 3, 0, 0), np.float32)
        self._outputs = sorted({head.output for head in network.heads.values()})

    def segment(
        self, pictures: Sequence[Picture], threshold: float, *, parts: bool, confidence: bool = False
    ) -> list[Decoded]:
        """See `Engine.segment`."""
        return [self._segment_one(image, geometry, threshold, parts, confidence) for image, geometry in pictures]

    def prepare(self, geometry: Geometry, count: int, *, parts: bool) -> None:
        """Do nothing: a picture of a new size waits for nothing here."""

    def _inputs_for(self, geometry: Geometry) -> NDArray[np.float32]:
        """Return memory for the network's input; that of the last picture, where it fits, needs no new pages."""
        shape = (1, 3, geometry.input_height, geometry.input_width)
        if self._inputs.shape != shape:
            self._inputs = np.empty(shape, np.float32)
        return self._inputs

    def _segment_one(
        self, image: Image, geometry: Geometry, threshold: float, parts: bool, confidence: bool
    ) -> Decoded:
        started = time.perf_counter()
        inputs = self._inputs_for(geometry)
        self._kernels.preprocess(image, geometry, self._network.architecture, out=inputs[0])
        preprocessed = time.perf_counter()
        outputs = dict(zip(self._outputs, self.session.run(self._outputs, {'input': inputs}), strict=True))
        inferred = time.perf_counter()
        heads = {name: outputs[head.output][0, head.channels] for name, head in self._network.heads.items()}
        segments = heads['segments'][0]
        mask = self._kernels.decode_mask(segments, geometry, threshold)
        labels = None
        if parts:
            labels = self._kernels.decode_parts(heads['part_heatmaps'], mask, geometry, self._numbers)
        rated = self._kernels.decode_confidence(segments, geometry) if confidence else None
        timings = Timings(
            preprocess_ms=(preprocessed - started) * 1e3,
            inference_ms=(inferred - preprocessed) * 1e3,
            postprocess_ms=(time.perf_counter() - inferred) * 1e3,
        )
        return Decoded(mask, labels, heads, timings, rated)
