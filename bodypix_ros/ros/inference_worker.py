# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The thread that takes frames from the queue, runs the model and publishes the results."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from rclpy.clock import Clock

from ..anonymizer import Anonymized
from ..errors import BodyPixError, describe_error
from ..image_layout import BadImage
from ..segmentation import Segmentation
from ..segmenter import Segmenter
from .camera import CameraFrame, Wanted
from .frame_queue import LatestFrameQueue
from .frame_segmenter import Found, FrameSegmenter, Job
from .outputs import OutputPublisher, publish_outputs
from .parameters import Parameters
from .result import Result, Track

_LOG = logging.getLogger(__name__)
_WAIT_S = 0.5


class InferenceWorker:
    """Takes frames from the queue, segments them and publishes the results, in a separate thread.

    A failure affects one frame, or one of its outputs, and is reported by `take_failure`.

    Attributes:
        parameters: of the node; may be replaced between two frames.
        topics_without_parts: wanted topics that are not published because the model has no body parts.
        started_s: when the thread was started, `time.monotonic`.
    """

    def __init__(
        self,
        queue: LatestFrameQueue[CameraFrame],
        segmenter: Segmenter,
        parameters: Parameters,
        clock: Clock,
        sizes: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Start the thread.

        Args:
            queue: of the received frames.
            segmenter: runs the model.
            parameters: of the node.
            clock: of the node, for the age of images.
            sizes: heights and widths of the images of the cameras, if known, to prepare for before the first frame.
        """
        self.parameters = parameters
        self.topics_without_parts: list[str] = []
        self.started_s = time.monotonic()
        self._queue, self._segmenter, self._clock, self._sizes = queue, segmenter, clock, sizes
        self._frames, self._failure = FrameSegmenter(segmenter), ''
        self._model, self._part_ids, self._has_parts = (
            segmenter.network.model, segmenter.settings.part_ids, segmenter.has_parts,
        )  # fmt: skip
        self._batch_sizes: list[int] = []
        self._open: list[CameraFrame] = []  # being processed, and not counted yet as out, dropped or bad
        self._open_lock = threading.Lock()
        self._since_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='inference worker', daemon=True)
        self._thread.start()

    @property
    def people_error(self) -> str:
        """Why people are currently not published; empty if they are."""
        return self._frames.people.error

    @property
    def hands_error(self) -> str:
        """Why hands are currently not found although they are requested; empty if they are."""
        return self._frames.hands.error

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether the worker has been asked to stop."""
        return self._stopping.is_set()

    @property
    def busy_s(self) -> float:
        """How long the worker has been processing the current frames, seconds; 0 while it waits."""
        since_s = self._since_s
        return time.monotonic() - since_s if since_s else 0.0

    def stop(self, timeout_s: float) -> bool:
        """Finish the current frames and end the thread. After the timeout, their results are discarded.

        Returns:
            Whether the thread has ended.
        """
        self._stopping.set()
        self._queue.wake()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return True
        with self._open_lock:
            abandoned, self._open = self._open, []
        for frame in abandoned:
            frame.camera.stats.subscription.frames_dropped += 1
        return False

    def take_failure(self) -> str:
        """Return what has failed since the last call; empty if nothing has."""
        failure, self._failure = self._failure, ''
        return failure

    def take_batch_size(self) -> float:
        """Return the mean number of frames of a run since the last call; NaN if there was none."""
        batches, self._batch_sizes = self._batch_sizes, []
        return float(np.mean(batches)) if batches else float('nan')

    def _run(self) -> None:
        self._prepare()
        while not self._stopping.is_set():
            frames = self._queue.get(_WAIT_S, batch=self._frames.runs_batches)
            if frames:
                self._since_s, self._open = time.monotonic(), list(frames)
                try:
                    self._process([job for frame in frames if (job := self._read(frame)) is not None])
                except Exception as error:  # the thread must continue, and each frame must be counted
                    for frame in frames:
                        self._drop(frame, error)
                self._since_s = 0.0

    def _prepare(self) -> None:
        """Prepare for the image sizes of the cameras."""
        for size in self._sizes:
            height, width = size[::-1] if self.parameters.node.rotate in (90, 270) else size
            try:
                self._segmenter.prepare(height, width, settings=self.parameters.segment)
            except Exception as error:
                _LOG.warning('preparing for images of %dx%d failed: %s', width, height, describe_error(error))
                _LOG.debug('prepare', exc_info=error)

    def _read(self, frame: CameraFrame) -> Job | None:
        """Convert a frame to BGR; return None if it is no longer wanted or cannot be read."""
        wanted, counts = frame.camera.wanted, frame.camera.stats.worker
        if not wanted.publishers:
            counts.frames_dropped += self._close(frame)
            return None
        started_s = time.monotonic()
        try:
            image = frame.read()
        except BadImage as error:
            counts.frames_bad += self._close(frame)
            frame.camera.report_bad(error)
            return None
        except Exception as error:
            self._drop(frame, error)
            return None
        receive_ms = frame.receive_ms + (time.monotonic() - started_s) * 1e3
        return Job(frame, image, wanted, receive_ms, (self._since_s - frame.arrived_s) * 1e3)

    def _process(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        parameters = self.parameters
        try:
            found = self._frames.segment(jobs, parameters)
        except Exception as error:
            if len(jobs) == 1:
                self._drop(jobs[0].frame, error)
            else:
                for job in jobs:  # a failure of one frame must not affect the others
                    self._process([job])
            return
        self._batch_sizes.append(len(jobs))
        for job, one in zip(jobs, found, strict=True):
            self._publish(job, one, parameters)

    def _publish(self, job: Job, found: Found, parameters: Parameters) -> None:
        with self._open_lock:
            if job.frame not in self._open:  # `stop` gave it up; the next worker may already use the camera's history
                return
        camera, header, started_s = job.frame.camera, job.frame.header, time.monotonic()
        anonymized = self._anonymize(job, found.searched, parameters) if 'anonymized' in job.wanted.needs else None
        if found.shown is None and found.searched is None:
            assert isinstance(anonymized, Exception), 'without a segmentation no image is anonymised'
            self._drop(job.frame, anonymized)
            return
        result = self._result(job, found, anonymized, parameters)
        if not self._close(job.frame):
            return
        wanted = self._possible(job.wanted, found.shown)
        failures = publish_outputs(wanted, result)
        if failures:
            self._failure = '; '.join(f'{topic} was not published: {why}' for topic, why in failures.items())
        if len(failures) == len(wanted):
            camera.stats.worker.frames_dropped += 1
            return
        now_s, timings = time.monotonic(), found.timings
        camera.stats.record_published(
            now_s,
            receive=job.receive_ms,
            wait=job.wait_ms,
            preprocess=timings.preprocess_ms,
            inference=timings.inference_ms,
            postprocess=timings.postprocess_ms,
            publish=(now_s - started_s) * 1e3,
            age=self._age_ms(header.stamp),
        )

    def _result(
        self, job: Job, found: Found, anonymized: Anonymized | Exception | None, parameters: Parameters
    ) -> Result:
        """Return the input of the messages, after updating the history of the camera."""
        camera, header = job.frame.camera, job.frame.header
        segmentation, tracks = found.shown or found.searched, tuple[Track, ...]()
        assert segmentation is not None, 'such a frame is dropped'
        if found.shown is not None and (parameters.tracking.smoothing or found.shown.people is not None):
            segmentation, tracks = camera.history.update(job.image, found.shown, header.stamp, parameters)
        return Result(
            header,
            job.image,
            segmentation,
            self._part_ids,
            parameters.picture,
            camera.camera_info,
            self._model,
            tracks,
            anonymized,
        )

    def _anonymize(self, job: Job, found: Segmentation | None, parameters: Parameters) -> Anonymized | Exception:
        """Return the anonymised image, or why there is none, and count failures and doubtful images."""
        camera, stamp = job.frame.camera, job.frame.header.stamp
        try:
            if found is None:
                raise BodyPixError(f'people were not found: {self._frames.search.error}')
            anonymized = camera.history.anonymize(job.image, found, stamp, parameters.anonymize, self._part_ids)
        except Exception as error:  # reported where the output is published
            camera.stats.not_anonymized += 1
            return error
        camera.stats.doubtful += bool(anonymized.doubtful)
        return anonymized

    def _possible(self, wanted: Wanted, shown: Segmentation | None) -> list[OutputPublisher]:
        """Return the publishers for which everything was found, and record the topics for which parts are missing."""
        has_people = shown is not None and shown.people is not None
        possible = [one for one, needs in wanted.publishers.items() if has_people or 'people' not in needs]
        without = [one for one in possible if 'parts' in wanted.publishers[one] and not self._has_parts]
        self.topics_without_parts = [one.output.topic for one in without]
        return [one for one in possible if one not in without]

    def _age_ms(self, stamp: Any) -> float:
        """Return the milliseconds since a stamp; NaN if it is not set or before the epoch."""
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        return (self._clock.now().nanoseconds - stamp_ns) * 1e-6 if stamp_ns > 0 else float('nan')

    def _drop(self, frame: CameraFrame, error: Exception) -> None:
        """Count a frame that could not be processed, and record the reason."""
        frame.camera.stats.worker.frames_dropped += self._close(frame)
        self._failure = describe_error(error)
        _LOG.debug('a frame of %s was dropped', frame.camera.images.topic, exc_info=error)

    def _close(self, frame: CameraFrame) -> bool:
        """Return whether the caller must count a frame; otherwise `stop` has already counted it."""
        with self._open_lock:
            if frame not in self._open:
                return False
            self._open.remove(frame)
            return True
