# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The executable `bodypix_camera`: `bodypix_camera --ros-args -p source:=street.mp4`."""

from __future__ import annotations

import sys
import traceback

from ..ros.main import ShutdownSignals


def main(args: list[str] | None = None) -> int:
    """Publish a picture, a video file or a video device until SIGINT, SIGTERM or SIGHUP.

    Returns:
        0, the exit status after a signal.

    Raises:
        SystemExit: after an error, with one line for stderr and exit status 1. `--log-level debug` logs the traceback.
    """
    signals = ShutdownSignals()
    try:
        _run(args, signals)
    except Exception as error:
        sys.exit(f'bodypix_camera: {" ".join(str(error).split()) or repr(error)}')
    finally:
        signals.ignore_more()
    return 0


def _run(args: list[str] | None, signals: ShutdownSignals) -> None:
    # These imports take about a second; signals are already handled.
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    from ..ros.transport import complete_environment
    from .camera_node import VirtualCamera

    complete_environment()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        executor = SingleThreadedExecutor()
        camera = VirtualCamera()
        executor.add_node(camera)
        # Unlike `executor.wake`, which continues to wait for the next frame, this ends `spin_once`.
        signals.on_request(camera.create_guard_condition(lambda: None).trigger)
        while not signals.requested:
            executor.spin_once()
    except Exception:
        rclpy.logging.get_logger('virtual_camera').debug(traceback.format_exc())
        raise
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    sys.exit(main())
