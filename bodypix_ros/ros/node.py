# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node: its lifecycle, and the connection of cameras, model and worker."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool

from ..errors import ProviderError, log_error
from ..segmenter import Segmenter
from .camera import Camera, CameraFrame
from .compat import guard_services, has_matched_events, state_of
from .diagnostics import Diagnostics
from .frame_queue import LatestFrameQueue
from .inference_worker import InferenceWorker
from .label_info import LabelInfoPublisher
from .model_loader import Load, LoadedModel, ModelLoader, check_change, load_model
from .parameters import NodeParameters, unknown_overrides, unmatched_files
from .services import FollowService, SegmentService

_LOG = logging.getLogger(__name__)
_REPORT_PERIOD_S = 1.0
_POLL_PERIOD_S = 0.1
_STOP_S = 0.7
"""Maximum time for which a transition waits for the worker."""


class BodyPixNode(LifecycleNode):
    """Segments people in the images of one or several cameras.

    Configuring opens the topics and starts loading the model; activating starts receiving images and publishing
    results.

    Attributes:
        fatal: why the process must end because of `require_gpu`; None otherwise.
    """

    def __init__(self, load: Load = load_model, arguments: list[str] | None = None, **options: Any) -> None:
        """Declare the parameters and open the topics that do not belong to a camera.

        Args:
            load: loads a model.
            arguments: command line arguments including those of ROS; None for those of the process.
            options: options of rclpy's node.

        Raises:
            SettingError: a parameter has an invalid value.
        """
        super().__init__('bodypix', **options)
        self.fatal: Exception | None = None
        self._cameras: list[Camera] = []
        self._labels: LabelInfoPublisher | None = None
        self._queue: LatestFrameQueue[CameraFrame] = LatestFrameQueue()
        self._worker: InferenceWorker | None = None
        self._abandoned: list[InferenceWorker] = []
        self._node_parameters = NodeParameters(self, self._on_parameters, check_change)
        self._loader = ModelLoader(load, self.create_guard_condition(self._on_model).trigger)
        self._diagnostics = Diagnostics(self)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_REPORT_PERIOD_S, self._report, clock=steady)
        if not has_matched_events():
            self.create_timer(_POLL_PERIOD_S, self._follow, clock=steady)
        self.create_service(SetBool, '~/enable', self._enable)
        FollowService(self, self._cameras)
        guard_services(self)
        SegmentService(self, self._segmenter, lambda: self._node_parameters.now)
        arguments = sys.argv if arguments is None else arguments
        for text in [*unknown_overrides(self), *unmatched_files(arguments, self.get_fully_qualified_name())]:
            self.get_logger().warning(text)

    @property
    def busy(self) -> bool:
        """Whether a thread is still loading a model."""
        return self._loader.busy

    def start(self) -> None:
        """Configure and activate the node if `autostart` is true."""
        if self._node_parameters.now.node.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def stop(self) -> None:
        """Stop receiving and publishing within two seconds, before the node is destroyed."""
        self._attempt('stop', self._stop_processing)
        self._loader.abandon()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the topics and start loading the model."""
        return self._attempt('configure', self._configure, undo=self._close_topics)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start receiving images, and publish results as soon as the model is loaded."""
        return self._attempt('activate', self._activate, undo=self._stop_processing)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop receiving and publishing; the model remains loaded."""
        return self._attempt('deactivate', self._stop_processing)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the topics and free the model."""
        return self._attempt('clean up', self._clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything."""
        return self.on_cleanup(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything; the node can be configured again."""
        return self.on_cleanup(state)

    def _attempt(
        self, name: str, action: Callable[[], None], undo: Callable[[], None] = lambda: None
    ) -> TransitionCallbackReturn:
        """Run a transition; if it fails, log the reason (rclpy does not) and return to the previous state."""
        try:
            action()
        except Exception as error:
            log_error(_LOG, f'failed to {name}', error)
            undo()
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        parameters = self._node_parameters.now
        self._node_parameters.topics_open = True
        self._queue.limit_rate(parameters.node.max_rate_hz)
        for name in parameters.node.cameras or ('',):
            camera = Camera(self, name, parameters, self._queue)
            self._cameras.append(camera)
            camera.open()
        self._labels = LabelInfoPublisher(self, [camera.prefix for camera in self._cameras])
        self._loader.begin(parameters.model_request)

    def _activate(self) -> None:
        for camera in self._cameras:
            camera.activate()
        self._start_worker()

    def _clean_up(self) -> None:
        self._stop_processing()
        self._loader.unload()
        self._close_topics()

    def _close_topics(self) -> None:
        while self._cameras:
            self._cameras.pop().close()
        if self._labels is not None:
            self._labels.destroy()
            self._labels = None
        self._node_parameters.topics_open = False

    def _start_worker(self) -> None:
        active = any(camera.active for camera in self._cameras)
        model = self._loader.model
        if active and model is not None and self._worker is None:
            sizes = {camera.announced_size for camera in self._cameras if camera.announced_size is not None}
            self._worker = InferenceWorker(
                self._queue, model.segmenter, self._node_parameters.now, self.get_clock(), sorted(sizes)
            )

    def _stop_processing(self) -> None:
        for camera in self._cameras:
            camera.deactivate()
        self._stop_worker()
        for camera in self._cameras:
            camera.stats.subscription.frames_dropped += self._queue.remove(camera.name)

    def _stop_worker(self) -> None:
        worker, self._worker = self._worker, None
        self._abandoned = [one for one in self._abandoned if one.running]
        if worker is not None and not worker.stop(_STOP_S):
            self._abandoned.append(worker)
            self.get_logger().error(f'the model has not returned for {worker.busy_s:.1f} s; its result is discarded')

    def _on_model(self) -> None:
        """Use the loaded model, or keep the previous one."""
        try:
            if self._loader.collect():
                self._apply_model(self._loader.model, self._loader.error)
        except Exception as error:
            log_error(_LOG, 'failed to use the model', error)

    def _apply_model(self, model: LoadedModel | None, error: Exception | None) -> None:
        if model is None:
            assert error is not None, 'a finished loader has a model or an error'
            self._give_up(error)
        elif error is not None:
            self._node_parameters.restore_model(model.request)
        else:
            self._stop_worker()
            self._publish_labels()
            self._start_worker()

    def _publish_labels(self) -> None:
        if self._labels is not None and self._loader.model is not None:
            part_ids, now = self._loader.model.segmenter.settings.part_ids, self._node_parameters.now
            self._labels.publish(part_ids, now.picture.semantic_classes, now.segment.threshold)

    def _segmenter(self) -> Segmenter | None:
        return None if self._loader.model is None else self._loader.model.segmenter

    def _give_up(self, error: Exception) -> None:
        """Return to the unconfigured state, or end the process if a GPU is required."""
        if state_of(self) == 'active':
            self.trigger_deactivate()
        self.trigger_cleanup()
        if isinstance(error, ProviderError) and self._node_parameters.now.network.require_gpu:
            self.fatal = error

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data and state_of(self) == 'unconfigured':
            self.trigger_configure()
        if request.data and state_of(self) == 'inactive':
            self.trigger_activate()
        elif not request.data and state_of(self) == 'active':
            self.trigger_deactivate()
        response.success = (state_of(self) == 'active') == request.data
        response.message = state_of(self)
        return response

    def _on_parameters(self) -> None:
        parameters = self._node_parameters.now
        self._queue.limit_rate(parameters.node.max_rate_hz)
        if self._worker is not None:
            self._worker.parameters = parameters
        for camera in self._cameras:
            camera.parameters = parameters
        self._follow()
        self._publish_labels()
        if self._loader.request not in (None, parameters.model_request):
            self._loader.begin(parameters.model_request)

    def _follow(self) -> None:
        for camera in self._cameras:
            camera.follow()

    def _report(self) -> None:
        try:
            self._follow()
            workers = [*self._abandoned, *([self._worker] if self._worker is not None else [])]
            self._diagnostics.report(state_of(self), self._cameras, self._loader, workers)
        except Exception as error:
            log_error(_LOG, 'failed to report', error)
