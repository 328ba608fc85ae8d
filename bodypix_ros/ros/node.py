"""The executable `bodypix_node`: wires cameras to one network."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time

from bodypix_ros.msg import Stats

from ..errors import BodyPixError, SettingError
from ..segmenter import BodyPix
from ..settings import NetworkSettings
from . import parameters
from .camera import Camera
from .frame import Frame
from .loader import Loader
from .log import forward_logging
from .pipeline import Pipeline
from .qos import OUTPUT
from .schedule import Schedule
from .signals import Ending
from .worker import Worker

_STATS_PERIOD_S = 1.0


class BodyPixNode(LifecycleNode):
    """Finds people in the images of one or several cameras.

    Configuring loads the network, in a thread of its own; activating receives images and publishes.
    """

    def __init__(self, load: Callable[[NetworkSettings], BodyPix] = BodyPix.load, **options: Any) -> None:
        """Declare the parameters and open the node's own topics.

        Args:
            load: loads the network.
            options: of rclpy's node.

        Raises:
            SettingError: a parameter was given a value that it cannot have.
        """
        super().__init__('bodypix', **options)
        self._load = load
        self._settings = parameters.declare(self)
        self._cameras: list[Camera] = []
        self._schedule: Schedule[Frame] = Schedule()
        self._loader: Loader | None = None
        self._pipeline: Pipeline | None = None
        self._worker: Worker[Frame] | None = None
        self._active = False
        self._network_loaded = self.create_guard_condition(self._on_loaded)
        self._stats_publisher = self.create_publisher(Stats, '~/stats', OUTPUT)
        self.create_timer(_STATS_PERIOD_S, self._on_second, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.add_on_set_parameters_callback(self._on_set_parameters)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the topics and begin to load the network."""
        self._cameras = [Camera(self, name, self._schedule, self._settings) for name in self._settings.node.cameras]
        self._begin_loading(self._settings.network)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Receive images and publish results."""
        self._active = True
        for camera in self._cameras:
            camera.open()
        self._start_working()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop receiving and publishing; the network stays."""
        self._stop_working()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the topics and free the network's memory."""
        self._stop_working()
        self._loader = self._pipeline = None
        for camera in self._cameras:
            camera.destroy()
        self._cameras = []
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything."""
        return self.on_cleanup(state)

    @property
    def loading(self) -> bool:
        """Whether a network is being loaded."""
        return self._loader is not None and self._loader.running

    def stop(self) -> None:
        """Stop working, before the node is destroyed."""
        self._stop_working()
        if self._loader is not None:
            self._loader.abandon()

    def _begin_loading(self, settings: NetworkSettings) -> None:
        self.get_logger().info('loading the network')
        self._loader = Loader(settings, self._load, self._network_loaded.trigger)

    def _on_loaded(self) -> None:
        loader, self._loader = self._loader, None
        if loader is None or (loader.net is None and loader.error is None):
            self._loader = loader
            return
        if loader.net is None:
            self._loading_failed(loader.error)
            return
        self._pipeline = Pipeline(loader.net, self._settings, self._age_ms)
        self._start_working()

    def _loading_failed(self, error: Exception | None) -> None:
        self.get_logger().error(f'the network cannot be loaded: {error}')
        if self._active:
            self.trigger_deactivate()
        self.trigger_cleanup()

    def _start_working(self) -> None:
        if self._active and self._pipeline is not None and self._worker is None:
            self._worker = Worker(self._schedule, self._pipeline.alike, self._work)

    def _stop_working(self) -> None:
        self._active = False
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        for camera in self._cameras:
            camera.close()

    def _work(self, frames: list[Frame]) -> None:
        """Work on a batch; a frame that cannot be worked on must not end the thread."""
        assert self._pipeline is not None
        try:
            self._pipeline.work(frames)
        except Exception as error:
            if self.context.ok():  # else publishers were closed under us at the end of the process
                self.get_logger().error(f'{type(error).__name__}: {error}', throttle_duration_sec=10.0)

    def _on_set_parameters(self, changes: list[Any]) -> SetParametersResult:
        try:
            settings = self._settings.changed({change.name: change.value for change in changes})
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self._cameras and settings.network != self._settings.network:
            return SetParametersResult(successful=False, reason='clean up first')
        self._settings = settings
        for camera in self._cameras:
            camera.parameters = settings
        if self._pipeline is not None:
            self._pipeline.parameters = settings
        return SetParametersResult(successful=True)

    def _on_second(self) -> None:
        for camera in self._cameras:
            camera.follow()
        message = Stats(period_s=_STATS_PERIOD_S, state='loading the network' if self.loading else 'active')
        message.header.stamp = self.get_clock().now().to_msg()
        if self._pipeline is not None:
            net = self._pipeline.net
            message.model, message.provider, message.device = net.network.name, net.provider, net.provider_reason
        message.cameras = [camera.tally.report(_STATS_PERIOD_S, 'ok') for camera in self._cameras]
        self._stats_publisher.publish(message)

    def _age_ms(self, stamp: Any) -> float:
        now = self.get_clock().now()
        return float((now - Time.from_msg(stamp, clock_type=now.clock_type)).nanoseconds * 1e-6)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status."""
    ending = Ending()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = BodyPixNode()
    except BodyPixError as error:
        rclpy.logging.get_logger('bodypix').fatal(str(error))
        return 2
    with forward_logging(logging.getLogger('bodypix_ros'), node.get_logger()):
        _spin(node, ending)
        ending.ignore_more()
        node.stop()
    node.destroy_node()
    rclpy.shutdown()
    if node.loading:  # a thread inside of C++ cannot be stopped, and must not be torn out of it either
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0


def _spin(node: BodyPixNode, ending: Ending) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    ending.call(executor.wake)
    if node.get_parameter('autostart').value:
        node.trigger_configure()
        node.trigger_activate()
    while not ending.requested:
        executor.spin_once()
    executor.shutdown()


if __name__ == '__main__':
    sys.exit(main())
