"""From a batch of frames to published results: what the worker does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError
from ..segmentation import Segmentation
from ..segmenter import BodyPix
from .camera import Camera
from .frame import Frame
from .image_msg import BadImage
from .outputs import Result
from .parameters import Parameters
from .publisher import Publisher

_LOG = logging.getLogger(__name__)
Task = tuple[Camera, Frame]


@dataclass(frozen=True)
class _Job:
    """A frame that was read: its picture, (H, W, 3) uint8 BGR, what it is wanted for, and how long it took so far."""

    camera: Camera
    frame: Frame
    picture: NDArray[np.uint8]
    wanted: list[Publisher]
    receive_ms: float
    wait_ms: float


class Pipeline:
    """Reads, segments and publishes batches of frames with one network."""

    def __init__(self, net: BodyPix, parameters: Parameters, age_ms: Callable[[Any], float]) -> None:
        """Take a network to work with.

        Args:
            net: the network.
            parameters: of the node; others may take their place between two batches.
            age_ms: gives the milliseconds since a stamp.
        """
        self.net, self.parameters = net, parameters
        self._age_ms = age_ms
        self._no_people = False
        self._trouble = ''
        self._batches: list[int] = []

    def alike(self, task: Task) -> Hashable:
        """Return the size of the frame's network input: those of equal size run as one batch."""
        size = task[1].size
        if size is None:
            return None
        try:
            geometry = self.net.geometry(*size)
        except Exception:  # whatever it is: working on that frame will tell
            return size
        return geometry.input_height, geometry.input_width

    def work(self, tasks: list[Task]) -> None:
        """Segment a batch and publish the results. Whatever goes wrong is told, and costs these frames alone."""
        try:
            self._work(tasks)
        except Exception as error:
            for camera, _ in tasks:
                camera.tally.count(frames_dropped=1)
            self._trouble = str(error) if isinstance(error, BodyPixError) else f'{type(error).__name__}: {error}'

    def take_trouble(self) -> str:
        """Return what went wrong since the last call; empty where nothing did."""
        trouble, self._trouble = self._trouble, ''
        return trouble

    def take_batch_size(self) -> float:
        """Return the mean number of frames of the batches since the last call; NaN where there were none."""
        batches, self._batches = self._batches, []
        return float(np.mean(batches)) if batches else float('nan')

    def _work(self, tasks: list[Task]) -> None:
        jobs = self._read(tasks)
        if not jobs:
            return
        parameters = self.parameters
        self._batches.append(len(jobs))
        for job, segmentation in zip(jobs, self._segment(jobs, parameters), strict=True):
            self._publish(job, segmentation, parameters)

    def _read(self, tasks: list[Task]) -> list[_Job]:
        """Convert the frames that somebody wants to BGR; those that cannot be read are counted and left out."""
        taken_s = time.monotonic()
        jobs = []
        for camera, frame in tasks:
            wanted = [one for one in camera.wanted() if not (self._no_people and one.output.needs_people)]
            if not wanted:
                camera.tally.count(frames_dropped=1)
                continue
            started_s = time.monotonic()
            try:
                picture = frame.read()
            except BadImage as error:
                camera.reject(error)
                continue
            receive_ms = frame.receive_ms + (time.monotonic() - started_s) * 1e3
            jobs.append(_Job(camera, frame, picture, wanted, receive_ms, (taken_s - frame.arrived_s) * 1e3))
        return jobs

    def _segment(self, jobs: list[_Job], parameters: Parameters) -> list[Segmentation]:
        pictures = [job.picture for job in jobs]
        outputs = [one.output for job in jobs for one in job.wanted]
        parts = any(output.needs_parts(parameters.picture) for output in outputs)
        if any(output.needs_people for output in outputs) and not self._no_people:
            try:
                return self.net.segment_batch(pictures, parameters.segment, parts=parts, people=True)
            except BodyPixError as error:
                # Not every checkpoint can tell people apart; masks and parts go on without.
                self._no_people = True
                _LOG.error('there are no people and instances: %s', error)
        return self.net.segment_batch(pictures, parameters.segment, parts=parts)

    def _publish(self, job: _Job, segmentation: Segmentation, parameters: Parameters) -> None:
        started_s = time.monotonic()
        camera = job.camera
        result = Result(
            job.frame.header,
            job.picture,
            segmentation,
            self.net.settings.part_ids,
            parameters.picture,
            camera.camera_info,
        )
        camera.publish(result, [one for one in job.wanted if not (self._no_people and one.output.needs_people)])
        camera.tally.count(frames_out=1)
        camera.tally.time(
            receive=job.receive_ms,
            wait=job.wait_ms,
            preprocess=segmentation.timings.preprocess_ms,
            inference=segmentation.timings.inference_ms,
            postprocess=segmentation.timings.postprocess_ms,
            publish=(time.monotonic() - started_s) * 1e3,
            age=self._age_ms(job.frame.header.stamp),
        )
