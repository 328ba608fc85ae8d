"""The executable `bodypix_node`: wires cameras to one network."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from std_srvs.srv import SetBool

from ..errors import BodyPixError, ProviderError
from ..models.progress import Progress
from ..segmenter import BodyPix
from ..settings import NetworkSettings
from .camera import Camera
from .events import has_matched_events
from .frame import Frame
from .keeper import NetworkKeeper, require_at_hand
from .label_info import LabelInfoPublisher
from .loader import Load
from .log import forward_logging
from .parameters import ParameterWatch
from .pipeline import Pipeline, Task
from .reporter import Reporter
from .schedule import Schedule
from .signals import Ending
from .transitions import guard_transitions, state_of
from .transport import TransportWatch, complete_environment
from .worker import Worker

_REPORT_PERIOD_S = 1.0
_POLL_PERIOD_S = 0.1


def load_network(settings: NetworkSettings, progress: Progress) -> BodyPix:
    """Load the network that the settings ask for."""
    return BodyPix.load(settings, progress=progress)


class BodyPixNode(LifecycleNode):
    """Finds people in the images of one or several cameras.

    Configuring opens the topics and begins to load the network; activating receives images and publishes.
    """

    def __init__(self, load: Load = load_network, **options: Any) -> None:
        """Declare the parameters and open the node's own topics.

        Args:
            load: loads a network.
            options: of rclpy's node.

        Raises:
            SettingError: a parameter was given a value that it cannot have.
        """
        super().__init__('bodypix', **options)
        self._watch = ParameterWatch(self, self._on_parameters, require_at_hand)
        self._cameras: list[Camera] = []
        self._schedule: Schedule[Task] = Schedule()
        self._labels: LabelInfoPublisher | None = None
        self._pipeline: Pipeline | None = None
        self._worker: Worker[Task] | None = None
        self._transport = TransportWatch()
        self.refusal: Exception | None = None
        """Why the node must not run, where `require_gpu` says so."""

        network_collected = self.create_guard_condition(self._on_network)
        self._keeper = NetworkKeeper(load, network_collected.trigger)
        self._reporter = Reporter(self)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_REPORT_PERIOD_S, self._report, clock=steady)
        if not has_matched_events():
            self.create_timer(_POLL_PERIOD_S, self._follow, clock=steady)
        self.create_service(SetBool, '~/enable', self._enable)
        guard_transitions(self)

    @property
    def busy(self) -> bool:
        """Whether a thread is still loading a network."""
        return self._keeper.busy

    def start(self) -> None:
        """Configure and activate, where the settings say so."""
        if self._watch.now.node.autostart:
            self.trigger_configure()
            self.trigger_activate()

    def stop(self) -> None:
        """Stop working, before the node is destroyed."""
        self._stop_working()
        self._keeper.abandon()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the topics and begin to load the network."""
        self._watch.frozen = True
        self._schedule.limit(self._watch.now.node.max_rate_hz)
        self._cameras = [Camera(self, name, self._watch.now.node, self._file) for name in self._watch.now.node.cameras]
        self._labels = LabelInfoPublisher(self, [f'{camera.prefix}label_info' for camera in self._cameras])
        self._keeper.begin(self._watch.now.network)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Receive images and publish results, as soon as the network is there."""
        for camera in self._cameras:
            camera.activate()
        self._start_working()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop receiving and publishing; the network stays."""
        self._stop_working()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the topics and free the network's memory."""
        self._stop_working()
        self._keeper.drop()
        self._pipeline = None
        for camera in self._cameras:
            camera.destroy()
        self._cameras = []
        self._watch.frozen = False
        if self._labels is not None:
            self._labels.destroy()
            self._labels = None
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything."""
        return self.on_cleanup(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything; the node can be configured again."""
        return self.on_cleanup(state)

    def _start_working(self) -> None:
        active = any(camera.active for camera in self._cameras)
        if active and self._pipeline is not None and self._worker is None:
            self._worker = Worker(self._schedule, self._pipeline.alike, self._pipeline.work)

    def _stop_working(self) -> None:
        for camera in self._cameras:
            camera.deactivate()
        self._stop_worker()
        for camera in self._cameras:
            if self._schedule.clear(camera.name):
                camera.tally.count(frames_dropped=1)

    def _stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _file(self, camera: Camera, frame: Frame) -> None:
        if self._schedule.file(camera.name, (camera, frame)):
            camera.tally.count(frames_dropped=1)
        advice = self._transport.advice(frame.data_bytes)
        if advice:
            self.get_logger().warning(advice)

    def _on_network(self) -> None:
        """Put a network that was loaded in the place of the one before, or tell why there is none."""
        if not self._keeper.collect():
            return
        error, net = self._keeper.error, self._keeper.net
        if error is None:
            assert net is not None
            self._stop_worker()
            self._pipeline = Pipeline(net, self._watch.now, self._age_ms)
            self._tell_labels(net)
            self._start_working()
        elif net is not None:
            self._watch.restore(self._keeper.settings)
        else:
            self._refuse(error)

    def _tell_labels(self, net: BodyPix) -> None:
        if self._labels is not None:
            self._labels.publish(net.settings.part_ids, self._watch.now.segment.threshold)

    def _refuse(self, error: Exception) -> None:
        """Go back to the state before the configuration; where a GPU is required, end."""
        if state_of(self) == 'active':
            self.trigger_deactivate()
        self.trigger_cleanup()
        if isinstance(error, ProviderError) and self._watch.now.network.require_gpu:
            self.refusal = error

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
        settings = self._watch.now
        self._schedule.limit(settings.node.max_rate_hz)
        if self._pipeline is not None:
            self._pipeline.parameters = settings
            self._tell_labels(self._pipeline.net)
        for camera in self._cameras:
            camera.settings = settings.node
        self._follow()
        if self._keeper.asked not in (None, settings.network):
            self._keeper.begin(settings.network)

    def _follow(self) -> None:
        for camera in self._cameras:
            camera.follow()

    def _report(self) -> None:
        self._follow()
        self._reporter.report(state_of(self), self._cameras, self._keeper, self._pipeline)

    def _age_ms(self, stamp: Any) -> float:
        now = self.get_clock().now()
        return float((now - Time.from_msg(stamp, clock_type=now.clock_type)).nanoseconds * 1e-6)


def main(args: list[str] | None = None, load: Load = load_network) -> int:
    """Run the node until SIGINT or SIGTERM.

    Returns:
        The exit status: 0; 1 where a GPU is required and there is none; 2 where a parameter is wrong.
    """
    ending = Ending()
    complete_environment()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = BodyPixNode(load)
    except BodyPixError as error:
        rclpy.logging.get_logger('bodypix').fatal(str(error))
        return 2
    with forward_logging(logging.getLogger('bodypix_ros'), node.get_logger()):
        _spin(node, ending)
        ending.ignore_more()
        node.stop()
    if node.refusal is not None:
        node.get_logger().fatal(str(node.refusal))
    status = 0 if node.refusal is None else 1
    node.destroy_node()
    rclpy.shutdown()
    if node.busy:  # a thread inside of C++ cannot be stopped, and must not be torn out of it either
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _spin(node: BodyPixNode, ending: Ending) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    ending.call(executor.wake)
    node.start()
    while not ending.requested and node.refusal is None:
        executor.spin_once()
    executor.shutdown()


if __name__ == '__main__':
    sys.exit(main())
