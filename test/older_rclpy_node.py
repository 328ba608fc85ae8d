# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node on an rclpy that lacks what Humble's lacks: events of matching ends, callbacks after a change."""

from __future__ import annotations

import sys
from typing import Any

from rclpy import event_handler
from rclpy.node import Node


def without_newer_events(kind: type) -> type:
    """Return the event callbacks of an rclpy that knows neither matched ends nor incompatible types."""

    class Older(kind):  # type: ignore[misc]  # any class will do
        def __init__(self, *, use_default_callbacks: bool = True) -> None:
            super().__init__(use_default_callbacks=use_default_callbacks)
            del self.matched, self.incompatible_type

        def create_event_handlers(self, *arguments: Any) -> list[Any]:
            self.matched = self.incompatible_type = None
            handlers = super().create_event_handlers(*arguments)
            del self.matched, self.incompatible_type
            return list(handlers)

    return Older


event_handler.PublisherEventCallbacks = without_newer_events(event_handler.PublisherEventCallbacks)
event_handler.SubscriptionEventCallbacks = without_newer_events(event_handler.SubscriptionEventCallbacks)
del Node.add_post_set_parameters_callback

if __name__ == '__main__':
    from bodypix_ros.ros.compat import has_matched_events
    from bodypix_ros.ros.main import main

    assert not has_matched_events()
    sys.exit(main())
