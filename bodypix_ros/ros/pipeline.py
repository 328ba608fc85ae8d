"""From a batch of frames to published results: what the worker does."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..segmentation import Segmentation
from ..segmenter import BodyPix
from .frame import Frame
from .image_msg import BadImage
from .outputs import Result
from .parameters import Parameters
from .publisher import ImagePublisher


@dataclass(frozen=True)
class _Job:
    """A frame that was read: its picture, (H, W, 3) uint8 BGR, what it is wanted for, and how long it took so far."""

    frame: Frame
    picture: NDArray[np.uint8]
    wanted: list[ImagePublisher]
    receive_ms: float
    wait_ms: float


class Pipeline:
    """Reads, segments and publishes batches of frames with one network."""

    def __init__(self, net: BodyPix, parameters: Parameters, age_ms: Callable[[Any], float]) -> None:
        """Take a network to work with.

        Args:
            net: the network; another may take its place between two batches.
            parameters: of the node; likewise.
            age_ms: gives the milliseconds since a stamp.
        """
        self.net, self.parameters = net, parameters
        self._age_ms = age_ms

    def alike(self, frame: Frame) -> Hashable:
        """Return the size of the frame's network input: those of equal size run as one batch."""
        if frame.size is None:
            return None
        geometry = self.net.geometry(*frame.size)
        return geometry.input_height, geometry.input_width

    def work(self, frames: list[Frame]) -> None:
        """Segment a batch and publish the results."""
        parameters = self.parameters
        jobs = _read(frames)
        if not jobs:
            return
        parts = any(publisher.output.needs_parts(parameters) for job in jobs for publisher in job.wanted)
        segmentations = self.net.segment_batch([job.picture for job in jobs], parameters.segment, parts=parts)
        for job, segmentation in zip(jobs, segmentations, strict=True):
            self._publish(job, segmentation, parameters)

    def _publish(self, job: _Job, segmentation: Segmentation, parameters: Parameters) -> None:
        started_s = time.monotonic()
        camera = job.frame.camera
        camera.publish(job.frame, Result(job.picture, segmentation, parameters), job.wanted)
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


def _read(frames: list[Frame]) -> list[_Job]:
    """Convert the frames that somebody wants to BGR; those that cannot be read are counted and left out."""
    taken_s = time.monotonic()
    jobs = []
    for frame in frames:
        wanted = frame.camera.wanted()
        if not wanted:
            continue
        started_s = time.monotonic()
        try:
            picture = frame.read()
        except BadImage as error:
            frame.camera.count_bad(error)
            continue
        receive_ms = frame.receive_ms + (time.monotonic() - started_s) * 1e3
        jobs.append(_Job(frame, picture, wanted, receive_ms, wait_ms=(taken_s - frame.arrived_s) * 1e3))
    return jobs
