"""The executable `bodypix_node`: wires cameras to one network."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import rclpy
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from std_srvs.srv import SetBool

from ..errors import BodyPixError, ProviderError, SettingError
from ..models.progress import Progress
from ..segmenter import BodyPix
from ..settings import NetworkSettings
from . import parameters
from .camera import Camera
from .events import has_matched_events
from .frame import Frame
from .keeper import NetworkKeeper
from .loader import Load
from .log import forward_logging
from .pipeline import Pipeline, Task
from .reporter import Reporter
from .schedule import Schedule
from .signals import Ending
from .transport import TransportWatch, complete_environment
from .worker import Worker

ChangeStateCallback = Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]

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
        self._settings = parameters.declare(self)
        self._cameras: list[Camera] = []
        self._schedule: Schedule[Task] = Schedule()
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
        self._watch_parameters()
        self._guard_transitions()

    @property
    def state(self) -> str:
        """Where the node is in its life: 'unconfigured', 'inactive', 'active' or 'finalized'."""
        label: str = self._state_machine.current_state[1]
        return label

    @property
    def busy(self) -> bool:
        """Whether a thread is still loading a network."""
        return self._keeper.busy

    def start(self) -> None:
        """Configure and activate, where the settings say so."""
        if self._settings.node.autostart:
            self.trigger_configure()
            self.trigger_activate()

    def stop(self) -> None:
        """Stop working, before the node is destroyed."""
        self._stop_working()
        self._keeper.abandon()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the topics and begin to load the network."""
        self._schedule.limit(self._settings.node.max_rate_hz)
        self._cameras = [Camera(self, name, self._settings.node, self._file) for name in self._settings.node.cameras]
        self._keeper.begin(self._settings.network)
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
            self._pipeline = Pipeline(net, self._settings, self._age_ms)
            self._start_working()
        elif net is not None:
            self._return_to(net.settings)
        else:
            self._refuse(error)

    def _return_to(self, settings: NetworkSettings) -> None:
        """Set the parameters of the network back to what they were."""
        values = parameters.plain_values(settings)
        self.set_parameters_atomically([Parameter(name, value=value) for name, value in values.items()])

    def _refuse(self, error: Exception) -> None:
        """Go back to the state before the configuration; where a GPU is required, end."""
        if self.state == 'active':
            self.trigger_deactivate()
        self.trigger_cleanup()
        if isinstance(error, ProviderError) and self._settings.network.require_gpu:
            self.refusal = error

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data and self.state == 'unconfigured':
            self.trigger_configure()
        if request.data and self.state == 'inactive':
            self.trigger_activate()
        elif not request.data and self.state == 'active':
            self.trigger_deactivate()
        response.success = (self.state == 'active') == request.data
        response.message = self.state
        return response

    def _guard_transitions(self) -> None:
        """Refuse transitions that are not possible; rclpy raises an error instead, which would end the node."""
        for service in self.services:
            if service.srv_type is ChangeState:
                service.callback = partial(self._change_state, service.callback)

    def _change_state(
        self, change: ChangeStateCallback, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return change(request, response)
        except RuntimeError:
            name = request.transition.label or request.transition.id
            self.get_logger().warning(f'transition {name} is not possible while the node is {self.state}')
            response.success = False
            return response

    def _watch_parameters(self) -> None:
        if hasattr(self, 'add_post_set_parameters_callback'):
            self.add_on_set_parameters_callback(self._check_parameters)
            self.add_post_set_parameters_callback(self._take_parameters)
        else:  # Humble
            self.add_on_set_parameters_callback(self._check_and_take_parameters)

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            parameters.check_change(self._settings, _values(changes), configured=bool(self._cameras))
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _take_parameters(self, changes: list[Parameter]) -> None:
        self._settings = self._settings.changed(_values(changes))
        self._schedule.limit(self._settings.node.max_rate_hz)
        if self._pipeline is not None:
            self._pipeline.parameters = self._settings
        for camera in self._cameras:
            camera.settings = self._settings.node
        self._follow()
        asked = self._keeper.asked
        if asked is not None and asked != self._settings.network:
            self._keeper.begin(self._settings.network)

    def _check_and_take_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        result = self._check_parameters(changes)
        if result.successful:
            self._take_parameters(changes)
        return result

    def _follow(self) -> None:
        for camera in self._cameras:
            camera.follow()

    def _report(self) -> None:
        self._follow()
        self._reporter.report(self.state, self._cameras, self._keeper, self._pipeline)

    def _age_ms(self, stamp: Any) -> float:
        now = self.get_clock().now()
        return float((now - Time.from_msg(stamp, clock_type=now.clock_type)).nanoseconds * 1e-6)


def _values(changes: list[Parameter]) -> dict[str, Any]:
    return {change.name: change.value for change in changes}


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
