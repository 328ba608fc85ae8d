# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measures one case: the frame and its stages in this process, start-up time and memory in a new one."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..encodings import encode_labels, to_bgr
from ..errors import BodyPixError, ModelError
from ..image_layout import view_layout
from ..inference.bodypix_pipeline import BodyPixPipeline
from ..inference.cpu_session import open_cpu_session
from ..inference.kernel_compiler import prepare_kernels
from ..inference.kernels import shared_kernels
from ..palettes import BLACK, palette_colors
from ..render import colorize_parts, render_overlay, settings_without_parts
from ..segmentation import Segmentation, Timings
from ..segmenter import Segmenter, load
from ..settings import PictureSettings
from .cases import Case
from .report import BARE, FRAME, MASK_ONLY, PUBLISH, RECEIVE, RENDER, STAGES, WITH_PEOPLE, CaseReport
from .timing import Job, Ratio, Summary, runner_of, time_interleaved

_NEW_PROCESS = """
import json, sys
import numpy as np
from bodypix_ros import load
from bodypix_ros.bench.machine import peak_memory_mb
from bodypix_ros.settings import NetworkSettings
load(NetworkSettings(**json.loads(sys.argv[2]))).segment_batch(list(np.load(sys.argv[1])))
print(peak_memory_mb(), flush=True)
"""
"""Segments a batch, from a file of (N, H, W, 3) uint8 BGR, and prints the peak memory in MB."""

_FRAME_STAGES = ('preprocess', 'inference', 'postprocess')

Images = Sequence[NDArray[np.uint8]]


class NewProcess(NamedTuple):
    """Time from the start of a process to its first mask, and the peak memory of the process."""

    first_mask_ms: float
    peak_mb: float


def measure_case(case: Case, picture: NDArray[np.uint8], seconds: float) -> CaseReport:
    """Measure one case.

    Args:
        case: the case.
        picture: (H, W, 3) uint8 BGR; fitted into the size of the case.
        seconds: minimum duration.

    Raises:
        BodyPixError: the model or provider is not available, or the new process failed.
    """
    prepare_kernels(case.network.kernels)
    net = load(case.network)
    images = case.images(picture)
    timings: list[list[Timings]] = []
    jobs = {**_segment_jobs(net, images, timings), **_output_jobs(net, images)}
    rounds = time_interleaved({name: runner_of(job) for name, job in jobs.items()}, seconds)
    bursts = rounds.quiet_bursts()
    summaries = {name: Summary.of(bursts[name]) for name in jobs}
    stages_ms = {
        stage: median(sum(getattr(one, f'{stage}_ms') for one in call) for call in timings) for stage in _FRAME_STAGES
    }
    stages_ms |= {name: summary.median_ms for name, summary in summaries.items()}
    input_height, input_width = net.pipeline.input_size(case.height, case.width)
    new_process = measure_new_process(case, picture)
    return CaseReport(
        case=case,
        network=net.network.name,
        provider=net.provider,
        provider_reason=net.provider_reason,
        kernels=shared_kernels(net.settings.kernels).name,
        input_size=(input_width, input_height),
        person=float(net.segment(images[0]).mask.mean()),
        frame=summaries[FRAME],
        stages_ms={stage: stages_ms[stage] for stage in STAGES if stage in stages_ms},
        vs_bare=Ratio.of(bursts[FRAME], bursts[BARE]) if BARE in bursts else None,
        first_mask_ms=new_process.first_mask_ms,
        peak_mb=new_process.peak_mb,
        interference=rounds.interference,
    )


def measure_new_process(case: Case, picture: NDArray[np.uint8]) -> NewProcess:
    """Start a Python process that loads the network of the case and segments one batch.

    Raises:
        BodyPixError: it failed; the text is the last line of its output.
    """
    with tempfile.TemporaryDirectory() as folder:
        images, errors = Path(folder, 'images.npy'), Path(folder, 'errors.txt')
        np.save(images, np.stack(case.images(picture)))
        settings = json.dumps(dataclasses.asdict(case.network))
        command = [sys.executable, '-c', _NEW_PROCESS, str(images), settings]
        started_s = time.perf_counter()
        with (
            errors.open('w', encoding='utf-8') as stderr,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
        ):
            assert process.stdout is not None
            line = process.stdout.readline()
            first_mask_ms = (time.perf_counter() - started_s) * 1e3
        if process.returncode:
            lines = errors.read_text(encoding='utf-8', errors='replace').strip().splitlines()
            raise BodyPixError(f'the new process failed: {(lines or ["no output"])[-1]}')
    return NewProcess(first_mask_ms, float(line))


def _segment_jobs(net: Segmenter, images: Images, timings: list[list[Timings]]) -> dict[str, Job]:
    """Return the jobs that run the network; each call of the whole frame appends timings that add up to its batch.

    The CPU processes the images of a batch one by one. On a GPU each image has the timings of its batch.
    """
    measured = images if net.provider == 'cpu' else images[:1]

    def segment_frame() -> None:
        results = net.segment_batch(images)
        timings.append([result.timings for result, _ in zip(results, measured, strict=False)])

    jobs: dict[str, Job] = {
        FRAME: segment_frame,
        MASK_ONLY: lambda: net.segment_batch(images, parts=False),
    }
    with suppress(ModelError):  # the model cannot separate people
        net.segment_batch(images, people=True)
        jobs[WITH_PEOPLE] = lambda: net.segment_batch(images, people=True)
    if net.provider == 'cpu' and isinstance(net.pipeline, BodyPixPipeline):
        jobs[BARE] = _bare_network(net.pipeline, net.settings.threads, images)
    return jobs


def _bare_network(pipeline: BodyPixPipeline, threads: int, images: Images) -> Job:
    """Return the job that runs the network in ONNX Runtime, image by image, as the CPU engine does."""
    session = open_cpu_session(pipeline.network.onnx, threads)
    shape = (1, 3, *pipeline.input_size(*images[0].shape[:2]))
    planes = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)

    def run() -> None:
        for _ in images:
            session.run(None, {'input': planes})

    return run


def _output_jobs(net: Segmenter, images: Images) -> dict[str, Job]:
    """Return the jobs of rendering and of converting messages; without ROS there are no messages."""
    result = net.segment(images[0])
    settings, part_ids = settings_without_parts(PictureSettings(), result), net.settings.part_ids
    colors = palette_colors(settings.overlay_palette, part_ids, background=BLACK)

    def render() -> None:
        for image in images:
            if result.parts is not None:
                colorize_parts(result.parts, colors)
            render_overlay(image, result, settings, part_ids)

    return {RENDER: render, **_message_jobs(images, result)}


def _message_jobs(images: Images, result: Segmentation) -> dict[str, Job]:
    """Return the jobs of reading image messages and of filling mask and parts messages, without DDS."""
    try:
        from sensor_msgs.msg import Image

        from ..ros.image_msg import fill
    except ImportError:
        return {}
    received, mask_msg, parts_msg = Image(), Image(), Image()
    fill(received, received.header, images[0], 'bgr8')

    def receive() -> None:
        for _ in images:
            to_bgr(*view_layout(received))

    def publish() -> None:
        for _ in images:
            fill(mask_msg, received.header, result.mask.view(np.uint8) * np.uint8(255), 'mono8')
            if result.parts is not None:
                fill(parts_msg, received.header, encode_labels(result.parts, '8SC1'), '8SC1')

    return {RECEIVE: receive, PUBLISH: publish}
