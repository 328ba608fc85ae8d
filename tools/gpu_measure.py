# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure the GPU: parity with the JavaScript library and with the CPU, and times compared with the bare network.

    python tools/gpu_measure.py --golden ../shared/golden --seconds 60

Continues after failures. Requires the weights of BodyPix (BODYPIX_MODEL_URL) and a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import bodypix_ros
from bodypix_ros.inference.cuda_engine import CudaEngine, size_and_batch
from bodypix_ros.inference.cuda_provider import CudaBackend
from bodypix_ros.inference.cuda_session import CudaSession, LabelRequest
from bodypix_ros.inference.engine import CpuEngine, network_geometry
from bodypix_ros.inference.geometry import Geometry
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.inference.parity import compare, person_pictures
from bodypix_ros.models.network import Network, load_network
from bodypix_ros.onnx_runtime import onnxruntime
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import NetworkSettings

NUMBERS = renumbering('bodypix2', 'bodypix2')
START = time.perf_counter()

# network, resolution, height, width, batch size of the session, images per call
TIMES = (
    ('0.5', 'medium', 480, 640, 1, (1,)),
    ('ours', 'auto', 480, 640, 1, (1,)),
    ('0.5', 'medium', 480, 640, 8, (8, 16, 32)),
    ('ours', 'auto', 480, 640, 8, (8, 16, 32)),
    ('0.75', 'medium', 480, 640, 1, (1,)),
    ('0.75', 'full', 480, 640, 1, (1,)),
    ('0.75', 'medium', 480, 640, 8, (8, 16)),
    ('ours', 'auto', 720, 1280, 1, (1,)),
    ('ours', 'auto', 1080, 1920, 1, (1,)),
    ('0.5', 'full', 480, 640, 1, (1,)),
    ('0.5', 'full', 720, 1280, 1, (1,)),
    ('0.75', 'full', 1080, 1920, 1, (1,)),
    ('0.5', 'full', 480, 640, 8, (8, 16)),
    ('ours', 'auto', 720, 1280, 8, (8, 16)),
    ('ours', 'auto', 1080, 1920, 2, (8, 16)),
    ('0.75', 'full', 720, 1280, 8, (8,)),
)


def say(*words: Any) -> None:
    print(f'[{time.perf_counter() - START:6.1f}]', *words, flush=True)


def attempt(name: str, work: Callable[..., object], *arguments: Any) -> None:
    """Run a section; if it fails, print the error and continue."""
    say('==', name)
    try:
        work(*arguments)
    except Exception:
        say('FAILED', name)
        traceback.print_exc()


def network_for(kind: str, *, stride: int = 16, dilation: str = 'trained', people: bool = False) -> Network:
    """Return a network by name: 'ours', '0.5' or '0.75'."""
    if kind == 'ours':
        return load_network(NetworkSettings(model='bodypix_ros'), people=people)
    settings = NetworkSettings(
        model='bodypix',
        multiplier=float(kind),
        quant_bytes=4 if kind == '0.5' else 2,
        stride=stride,
        dilation=dilation,
        allow_download=True,
    )
    return load_network(settings, people=people)


def open_gpu(network: Network, geometry: Geometry, batch: int, *, half: bool) -> tuple[CudaEngine, CudaSession]:
    engine = CudaEngine(network, NUMBERS, CudaBackend(0, half=half))
    engine.open(geometry, batch)
    return engine, engine._sessions[size_and_batch(geometry, batch)]


def check_golden_case(golden: Path, case: dict[str, Any], half: bool) -> str:
    """Return a line with the difference between a case and the JavaScript library."""
    image = np.asarray(cv2.imread(str(golden / case['image'])), np.uint8)
    network = network_for('0.5', stride=case['stride'], dilation='trained' if case['variant'] == 'd22' else 'tfjs')
    geometry = network_geometry(network, case['internalResolution'], 'cpu', *image.shape[:2])
    engine, session = open_gpu(network, geometry, 1, half=half)
    inner = (slice(None, -1), slice(None, -1))  # TensorFlow.js loses the last row or column of some sizes
    counts = []
    with np.load(golden / case['id'] / 'outputs.npz') as outputs:
        for threshold in (0.2, 0.5, 0.7):
            (found,) = engine.run([image], geometry, 1, LabelRequest(threshold))
            mask = np.sum((found.mask != outputs[f'person_t{threshold}'].astype(bool))[inner])
            parts = np.sum((np.asarray(found.parts) != outputs[f'parts_t{threshold}'])[inner])
            counts.append(f'{mask}/{parts}')
    return (
        f'{case["id"]:36} {"fp16" if half else "fp32"} differing pixels of {image.shape[0] * image.shape[1]}, '
        f'mask/parts at 0.2 0.5 0.7: {" ".join(counts)}; recorded {session.recorded}'
    )


def check_against_cpu(kind: str, height: int, width: int, batch: int, half: bool, people: bool) -> str:
    """Return a line with the difference between GPU and CPU on images with people."""
    network = network_for(kind, people=people)
    geometry = network_geometry(network, 'auto', 'cuda', height, width)
    images = list(islice(person_pictures(height, width), batch + 1))
    engine, session = open_gpu(network, geometry, batch, half=half)
    found = engine.run(images, geometry, batch, LabelRequest(0.5, confidence=True))
    cpu = CpuEngine(network, NUMBERS, choose_kernels('numpy'), 'reference', 4)
    expected = cpu.segment([(image, geometry) for image in images], 0.5, parts=True, confidence=True)
    worst = max((compare(one, other) for one, other in zip(found, expected, strict=True)), key=lambda one: one.largest)
    heads = {name: float(np.abs(head - expected[0].heads[name]).max()) for name, head in found[0].heads.items()}
    return (
        f'{kind} {width}x{height} batch {batch} {"fp16" if half else "fp32"}: mask {worst.mask:.4%} parts '
        f'{worst.parts:.4%} confidence {worst.confidence:.4%} differ; recorded {session.recorded}; heads {heads}'
    )


def check_parity(golden: Path, workers: int) -> None:
    """Print a line for each golden case and for several sizes and batches, in both precisions."""
    cases = json.loads((golden / 'manifest.json').read_text())['cases']
    present = [case for case in cases if (golden / case['id'] / 'outputs.npz').is_file()]
    sizes = ((480, 640, 8, False), (720, 1280, 2, False), (1080, 1920, 1, False), (333, 517, 3, True))
    tasks: list[tuple[Any, ...]] = [
        (check_golden_case, golden, case, half) for case in present for half in (False, True)
    ]
    for half in (False, True):
        tasks += [
            (check_against_cpu, kind, height, width, batch, half, people)
            for kind in ('ours', '0.75')
            for height, width, batch, people in sizes
        ]
    with ProcessPoolExecutor(workers) as pool:
        for line in pool.map(_run_task, tasks):
            say(line)


def _run_task(task: tuple[Any, ...]) -> str:
    function, *arguments = task
    try:
        return str(function(*arguments))
    except Exception:
        return f'FAILED {arguments}: {traceback.format_exc()}'


def median_ms(work: Callable[[], Any], seconds: float = 0.5) -> float:
    """Return the median time of a call, milliseconds."""
    for _ in range(5):
        work()
    spent_ms: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(spent_ms) < 5:
        started = time.perf_counter()
        work()
        spent_ms.append((time.perf_counter() - started) * 1e3)
    return float(np.median(spent_ms))


def time_session(kind: str, resolution: str, height: int, width: int, batch: int, calls: tuple[int, ...]) -> None:
    """Print the times of one session: host to host, the bare network, and the network between our kernels."""
    network = network_for(kind)
    geometry = network_geometry(network, resolution, 'cuda', height, width)
    started = time.perf_counter()
    engine, session = open_gpu(network, geometry, batch, half=True)
    opened_s = time.perf_counter() - started
    stream, request, slot = session._compute, LabelRequest(0.5), session._slots[0]
    bare = session._device.record(stream, session._runner.enqueue)

    def run_bare() -> None:
        bare()
        stream.mark()()

    def run_on_device() -> None:
        session._launch(slot, request)
        stream.mark()()

    bare_ms, device_ms = median_ms(run_bare), median_ms(run_on_device)
    images = list(islice(person_pictures(height, width), max(calls)))
    say(
        f'{kind} {width}x{height} {resolution}, session of {batch}: bare network {bare_ms:.3f} ms, with our kernels '
        f'{device_ms:.3f}; opened in {opened_s:.1f} s'
    )
    for count in calls:
        some = images[:count]

        def run_call(some: list[Any] = some) -> Any:
            return engine.run(some, geometry, batch, request)

        call_ms, timings = median_ms(run_call), run_call()[0].timings
        say(
            f'    call of {count}: {call_ms:.3f} ms host to host, {count / call_ms * 1e3:.0f} frames/s, '
            f'{call_ms / count * batch / bare_ms:.2f} times the bare network; copy in {timings.preprocess_ms:.3f}, '
            f'run {timings.inference_ms:.3f}, copy out {timings.postprocess_ms:.3f}'
        )


def use_api() -> None:
    """Use the public interface: load our network, change the image size, and call it from another thread."""
    started = time.perf_counter()
    net = bodypix_ros.load(provider='cuda', require_gpu=True)
    say(f'loaded in {time.perf_counter() - started:.1f} s: {net.provider_reason}')
    small, large = next(person_pictures(480, 640)), next(person_pictures(720, 1280))
    expected = net.segment(small)
    say(f'640x480: {median_ms(lambda: net.segment(small)):.3f} ms')
    frames_ms: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < 8:
        before = time.perf_counter()
        net.segment(large)
        frames_ms.append((time.perf_counter() - before) * 1e3)
    say(f'after a change to 1280x720: slowest {max(frames_ms):.1f} ms, last {frames_ms[-1]:.3f} ms')
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append((net.segment(small), median_ms(lambda: net.segment(small)))))
    thread.start()
    thread.join()
    say('from another thread: equal', np.array_equal(found[0][0].mask, expected.mask), f'{found[0][1]:.3f} ms')
    say('at the end:', net.provider_reason)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--golden', type=Path, help='folder with the results of the JavaScript library')
    parser.add_argument('--seconds', type=float, default=100, help='do not start another timing after this time')
    parser.add_argument('--workers', type=int, default=8, help='number of processes that check parity')
    arguments = parser.parse_args()
    say(sys.version.split()[0], onnxruntime.__version__, onnxruntime.get_available_providers(), os.cpu_count(), 'CPUs')
    query = ['nvidia-smi', '--query-gpu=name,driver_version,pcie.link.gen.current', '--format=csv,noheader']
    attempt('GPU', lambda: say(subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()))
    if arguments.golden:
        attempt('parity', check_parity, arguments.golden, arguments.workers)
    attempt('public interface', use_api)
    for case in TIMES:
        if time.perf_counter() - START < arguments.seconds:
            attempt('times', time_session, *case)
    say('done')


if __name__ == '__main__':
    main()
