# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sessions of MediaPipe's networks; a GPU is used only while its outputs equal those of the CPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import ProviderError, SettingError, first_line
from ...onnx_runtime import onnxruntime
from ...settings import NetworkSettings
from ..cpu_session import open_cpu_session
from ..engine import Provider, Runner
from ..parity import person_pictures
from ..providers import open_on_provider
from .regions import network_input

_LOG = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Outputs = dict[str, Floats]

MOST_CROPS = 8
"""Maximum batch size; larger batches are divided, which bounds the memory and the number of verified batch sizes."""

_TOLERANCE = 1e-3
"""Allowed difference of a GPU in fp32 from the CPU, as a fraction of the largest value of the output."""


class Session(Runner, Protocol):
    """Runs one network. Thread-safe."""

    def run(self, inputs: Floats) -> Outputs:
        """Run the network.

        Args:
            inputs: (N, 3, h, w) float32 RGB in the range of the network, N at least 1.

        Returns:
            Each output by its name, (N, ...) float32.

        Raises:
            ProviderError: a GPU is required, but failed or has other results than the CPU.
        """


def open_session(name: str, onnx: bytes, settings: NetworkSettings) -> Session:
    """Open a network of MediaPipe on the requested provider.

    On a GPU the network runs in fp32. `precision` does not apply: these networks are small, and their coordinates lose
    accuracy in fp16. TensorRT, which would build an engine for each batch size, is replaced by CUDA.

    Args:
        name: of the network, for messages.
        onnx: serialised ModelProto from 'input' (N, 3, h, w) float32 to named float32 outputs of batch N.
        settings: the provider, and its options.

    Raises:
        SettingError: precision is int8, which these networks do not support.
        ProviderError: a GPU is required and does not run the network with the results of the CPU.
    """
    if settings.precision == 'int8':
        raise SettingError(
            f'precision int8 is for BodyPix with mobilenet_v1, got model {settings.model}; set precision to auto'
        )

    def open_cpu(reason: str) -> Session:
        return CpuSession(onnx, settings.threads, reason)

    def open_gpu(provider: Provider, remark: str) -> Session:
        if provider != 'cuda':
            raise ProviderError("MediaPipe's networks do not run on TensorRT")
        title, gpu = _open_cuda(onnx, settings.device_id)
        cpu = CpuSession(onnx, settings.threads, f'{title} was refused')
        session = VerifiedSession(name, title, gpu, cpu, require_gpu=settings.require_gpu, remark=remark)
        session.verify()
        return session

    return open_on_provider(settings, open_gpu, open_cpu)


def _open_cuda(onnx: bytes, device_id: int) -> tuple[str, onnxruntime.InferenceSession]:
    """Open a network on ONNX Runtime's CUDA provider in fp32; return the title of the device and the session.

    Raises:
        ProviderError: CUDA is incomplete, or fails to load the network.
    """
    from ..cuda_provider import NAME, cuda_options, load_device  # slow to import, and only needed with a GPU

    device = load_device(device_id)
    options = cuda_options(device_id, device.stream(), 1, half=False)
    options.pop('user_compute_stream')  # this session has its own
    try:
        session = onnxruntime.InferenceSession(onnx, providers=[(NAME, options)])
    except Exception as error:  # of many kinds, from ONNX Runtime and CUDA
        raise ProviderError(f'CUDA failed to load the network: {first_line(error)}') from error
    if NAME not in session.get_providers():
        raise ProviderError('CUDA failed to load the network, so ONNX Runtime selected the CPU')
    return f'CUDA device {device_id} ({device.name}), fp32', session


class LazySession:
    """A session that is opened when it is first run."""

    def __init__(self, opener: Callable[[], Session]) -> None:
        """Keep a function that opens a session."""
        self._opener = opener

    @cached_property
    def _session(self) -> Session:
        return self._opener()

    def run(self, inputs: Floats) -> Outputs:
        """See `Session.run`."""
        return self._session.run(inputs)


class CpuSession:
    """The `Session` for the CPU; it runs one input after the other, which is as fast and uses less memory."""

    provider: Provider = 'cpu'

    def __init__(self, onnx: bytes, threads: int, reason: str) -> None:
        """Open the network; see `open_cpu_session` for `threads`."""
        self.reason = reason
        self._session = open_cpu_session(onnx, threads)

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the input, pixels."""
        height, width = self._session.get_inputs()[0].shape[2:]
        return int(height), int(width)

    def run(self, inputs: Floats) -> Outputs:
        """See `Session.run`."""
        return _joined([_run(self._session, inputs[index : index + 1]) for index in range(len(inputs))])


class VerifiedSession:
    """A `Session` on a GPU.

    The outputs are compared with those of the CPU when the session is opened, and once for each other batch size. A
    GPU with different outputs, or one that fails, is not used again: the CPU runs the network, or with `require_gpu`
    an error is raised.
    """

    def __init__(
        self,
        name: str,
        title: str,
        gpu: onnxruntime.InferenceSession,
        cpu: CpuSession,
        *,
        require_gpu: bool = False,
        remark: str = '',
    ) -> None:
        """Combine two sessions of the same network.

        Args:
            name: of the network.
            title: human-readable provider, device and precision.
            gpu: the session to verify.
            cpu: the reference.
            require_gpu: whether to raise an error instead of running on the CPU.
            remark: addition to `reason`.
        """
        self._name, self._title, self._gpu, self._cpu = name, title, gpu, cpu
        self._require_gpu, self._remark = require_gpu, remark
        self._refusal = ''
        self._verified: set[int] = set()
        self._lock = Lock()

    @property
    def provider(self) -> Provider:
        """See `Session.provider`."""
        return 'cpu' if self._refusal else 'cuda'

    @property
    def reason(self) -> str:
        """See `Session.reason`."""
        return self._refusal or f'{self._title}, verified against the CPU{self._remark}'

    def verify(self) -> None:
        """Compare the outputs for one and for two packaged pictures of a person with those of the CPU.

        Raises:
            ProviderError: the GPU fails, or its outputs differ.
        """
        pictures = network_input(list(islice(person_pictures(*self._cpu.input_size), 2)), 0, 1)
        for count in (1, 2):
            trouble = self._try(pictures[:count])[1]
            if trouble:
                raise ProviderError(trouble)

    def run(self, inputs: Floats) -> Outputs:
        """See `Session.run`."""
        starts = range(0, len(inputs), MOST_CROPS)
        return _joined([self._run_chunk(inputs[start : start + MOST_CROPS]) for start in starts])

    def _run_chunk(self, inputs: Floats) -> Outputs:
        with self._lock:
            if not self._refusal:
                outputs, trouble = self._try(inputs)
                if outputs is not None:
                    return outputs
                self._refuse(trouble)
        if self._require_gpu:
            raise ProviderError(
                f'require_gpu is true, but {self._refusal}; run `bodypix check`, or set require_gpu to false'
            )
        return self._cpu.run(inputs)

    def _try(self, inputs: Floats) -> tuple[Outputs | None, str]:
        """Return the outputs of the GPU, or None and what is wrong with them."""
        try:
            outputs = _run(self._gpu, inputs)
        except Exception as error:  # of many kinds, from ONNX Runtime and CUDA: device lost, out of memory
            return None, f'{self._title} failed on {self._name}: {first_line(error)}'
        if len(inputs) not in self._verified:
            name, difference = _largest_difference(outputs, self._cpu.run(inputs))
            if not difference <= _TOLERANCE:  # NaN fails too
                return None, (
                    f'{self._title} disagrees with the CPU on {self._name}: output {name!r} differs by '
                    f'{difference:.1%} of its largest value for a batch of {len(inputs)}'
                )
            self._verified.add(len(inputs))
        return outputs, ''

    def _refuse(self, trouble: str) -> None:
        self._refusal = trouble
        if not self._require_gpu:
            _LOG.warning('%s; running on the CPU', trouble)


def _run(session: onnxruntime.InferenceSession, inputs: Floats) -> Outputs:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {'input': inputs}), strict=True))


def _joined(batches: Sequence[Outputs]) -> Outputs:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _largest_difference(found: Outputs, expected: Outputs) -> tuple[str, float]:
    """Return the name of the output that differs most, and by what fraction of its largest expected value."""
    differences = {
        name: float(np.max(np.abs(found[name] - values)) / max(float(np.max(np.abs(values))), 1e-6))
        if found[name].shape == values.shape
        else float('inf')
        for name, values in expected.items()
    }
    name = max(differences, key=lambda one: (np.isnan(differences[one]), differences[one]))
    return name, differences[name]
