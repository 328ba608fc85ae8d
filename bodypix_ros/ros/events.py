"""Events of publishers and subscriptions, where this rclpy has them; where not, the node's timer looks instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks


def publisher_events(on_change: Callable[[], None]) -> PublisherEventCallbacks:
    """Call back when a subscriber comes or goes."""
    return _events(PublisherEventCallbacks, {'matched': on_change})


def subscription_events(on_change: Callable[[], None]) -> SubscriptionEventCallbacks:
    """Call back when a publisher comes or goes, fitting or not."""
    return _events(
        SubscriptionEventCallbacks,
        {'matched': on_change, 'incompatible_qos': on_change, 'incompatible_type': on_change},
    )


def has_matched_events() -> bool:
    """Return whether this rclpy tells when two ends find each other; Jazzy is the first."""
    return hasattr(PublisherEventCallbacks(), 'matched')


def _events(kind: Any, callbacks: dict[str, Callable[[], None]]) -> Any:
    """Return the event callbacks of those events that this rclpy knows."""
    # Each event costs time whenever the executor wakes, so there are no others; subscribers hear of incompatible
    # quality of service on their own side.
    events = kind(use_default_callbacks=False)
    for name, callback in callbacks.items():
        if hasattr(events, name):
            setattr(events, name, lambda _, callback=callback: callback())
    return events
