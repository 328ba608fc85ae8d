"""Events of publishers and subscriptions, where this rclpy has them; where not, a timer of the node looks instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks


def publisher_events(on_matched: Callable[[], None]) -> PublisherEventCallbacks:
    """Call back when a subscriber comes or goes."""
    return _with_matched(PublisherEventCallbacks, on_matched)


def subscription_events(
    on_matched: Callable[[], None], on_incompatible_qos: Callable[[Any], None]
) -> SubscriptionEventCallbacks:
    """Call back when a publisher comes or goes, and when one offers less than is asked for."""
    return _with_matched(SubscriptionEventCallbacks, on_matched, incompatible_qos=on_incompatible_qos)


def _with_matched(kind: Any, on_matched: Callable[[], None], **others: Callable[[Any], None]) -> Any:
    try:
        return kind(matched=lambda _: on_matched(), **others)
    except TypeError:  # before Jazzy
        return kind(**others)
