# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node `depth_filter`: depth images and point clouds without people, and people in 3-D.

Data without people is for maps. It must not be used by anything that must stop for people.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import cv2
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from .. import msg
from ..depth.people_mask import Mask
from ..depth.registration import Points
from ..errors import describe_error, log_error
from ..image_layout import BadImage
from ..settings import DepthSettings
from . import depth_outputs
from .advice import StatusLog
from .camera import ImageSubscriber
from .compat import guard_services, has_matched_events
from .depth_followed import FollowedPosition
from .depth_msg import view_depth, view_mask, view_parts, view_points
from .depth_outputs import LocatedPeople
from .depth_processor import DepthImage, DepthProcessor, SeenPeople
from .depth_streams import Stream
from .depth_tf import PersonFrames
from .diagnostics import log_status, open_reports
from .parameters import declare_settings, unknown_overrides

_LOG = logging.getLogger(__name__)
_REPORT_PERIOD_S = 1.0
_POLL_PERIOD_S = 0.1
_CLOUDS = 10
"""Maximum number of clouds that wait for their masks; few, because they are large."""
_INCOMPLETE = 8
"""Maximum number of camera images that wait for the remaining messages of the segmentation node."""


class DepthFilterNode(Node):
    """Removes people from depth images and point clouds, and locates them."""

    fatal: Exception | None = None
    busy = False

    def __init__(self, **options: Any) -> None:
        """Declare the parameters and open the topics; `options` are those of rclpy's node.

        Raises:
            SettingError: a parameter has an invalid value.
        """
        super().__init__('depth_filter', **options)
        settings = DepthSettings.describe()
        self.settings = DepthSettings(**declare_settings(self, settings))
        self._processor = DepthProcessor()
        self._seen: dict[int, SeenPeople] = {}
        self._has_parts = True  # whether the model of the segmentation node has body parts
        self._open_topics()
        self._apply(self.settings)
        self._reports, self._status_log = open_reports(self), StatusLog()
        self._reported_s = time.monotonic()
        self.add_on_set_parameters_callback(self._set)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_REPORT_PERIOD_S, self._report, clock=steady)
        self.create_timer(_POLL_PERIOD_S, self._publish_ready, clock=steady)
        guard_services(self)
        for text in unknown_overrides(self, settings):
            self.get_logger().warning(text)

    def _open_topics(self) -> None:
        def subscriber(name: str, kind: type, receive: Callable[[Any], None]) -> ImageSubscriber:
            return ImageSubscriber(self, name, kind, receive)

        self._inputs = {
            'depth/image': subscriber('depth/image', Image, self._receive_depth),
            'depth/camera_info': subscriber('depth/camera_info', CameraInfo, self._receive_depth_info),
            'points': subscriber('points', PointCloud2, self._receive_points),
            'mask': subscriber('mask', Image, self._receive_mask),
            'camera_info': subscriber('camera_info', CameraInfo, self._receive_color_info),
            'people': subscriber('people', msg.PersonArray, self._receive_people),
            'instances': subscriber('instances', Image, self._receive_instances),
            'parts': subscriber('parts', Image, self._receive_parts),
            'people/pose': subscriber('people/pose', PoseStamped, self._receive_pose),
        }
        self._followed = FollowedPosition(self, self.follow)
        self._frames = PersonFrames(self, self.follow)

        def inputs(*names: str) -> dict[str, ImageSubscriber]:
            return {name: self._inputs[name] for name in names}

        self._depth: Stream[DepthImage, Mask] = Stream(
            self,
            'depth images',
            depth_outputs.DEPTH,
            inputs('depth/image', 'mask'),
            self._processor.filter_depth,
            self.follow,
        )
        self._points: Stream[tuple[PointCloud2, Points], Mask] = Stream(
            self,
            'points',
            depth_outputs.POINTS,
            inputs('points', 'mask'),
            self._processor.filter_points,
            self.follow,
            _CLOUDS,
        )
        self._people: Stream[DepthImage, SeenPeople] = Stream(
            self,
            'people',
            depth_outputs.PEOPLE,
            inputs('depth/image', 'depth/camera_info', 'people', 'instances', 'parts'),
            self._locate,
            self.follow,
        )
        self._streams: list[Stream[Any, Any]] = [self._depth, self._points, self._people]

    def start(self) -> None:
        """Start receiving."""
        self.follow()

    def stop(self) -> None:
        """Stop receiving."""
        for one in self._inputs.values():
            one.close()

    def follow(self) -> None:
        """Open and close subscriptions according to subscribers, publishers and settings."""
        followed = not self.settings.lazy or self._followed.publisher.has_subscribers
        self._people.needed = followed or self._frames.has_subscribers
        depth, points, people = (one.wanted for one in self._streams)
        wanted = {
            'depth/image': depth or people,
            'depth/camera_info': depth or people,
            'points': points,
            'mask': depth or points,
            'camera_info': bool(self.settings.depth_to_color) and (depth or points or people),
            'people': people,
            'instances': people,
            'parts': people and self._has_parts,
            'people/pose': followed,
        }
        for name, one in self._inputs.items():
            if wanted[name]:
                one.follow('auto')
            else:
                one.close()
        for stream in self._streams:
            if not stream.wanted:
                stream.close()

    def _set(self, changes: list[Parameter]) -> SetParametersResult:
        names = [one.name for one in DepthSettings.describe()]
        try:
            values = {one.name: one.value for one in changes if one.name in names}
            self._apply(self.settings.changed(values))
        except Exception as error:  # any exception rejects this change and must not end the node
            return SetParametersResult(successful=False, reason=describe_error(error))
        return SetParametersResult(successful=True)

    def _apply(self, settings: DepthSettings) -> None:
        self.settings = settings
        self._processor.apply(settings)
        for stream in self._streams:
            stream.settings = settings
        self._frames.enable(settings.publish_tf)
        self.follow()

    def _receive_depth(self, message: Image) -> None:
        wanted = [stream for stream in (self._depth, self._people) if stream.wanted]
        depth = self._read('depth/image', wanted, view_depth, message)
        if depth is not None:
            for stream in wanted:
                stream.add(_stamp_ns(message), DepthImage(message, depth))
            self._publish_ready()

    def _receive_points(self, message: PointCloud2) -> None:
        points = self._read('points', [self._points], view_points, message)
        if points is not None:
            self._points.add(_stamp_ns(message), (message, points))
            self._publish_ready()

    def _receive_mask(self, message: Image) -> None:
        mask = self._read('mask', [self._depth, self._points], view_mask, message)
        if mask is not None:
            people: Mask = cv2.threshold(mask, 0, 255, cv2.THRESH_BINARY)[1]
            for stream in (self._depth, self._points):
                stream.pairing.add_mask(_stamp_ns(message), people)
            self._publish_ready()

    def _receive_depth_info(self, message: CameraInfo) -> None:
        self._processor.depth_info = message

    def _receive_color_info(self, message: CameraInfo) -> None:
        self._processor.color_info = message

    def _receive_people(self, message: msg.PersonArray) -> None:
        has_parts = bool(message.part_ids)
        if has_parts != self._has_parts:
            self._has_parts = has_parts
            self.follow()
        self._complete(message, 'array', message)

    def _receive_pose(self, message: PoseStamped) -> None:
        self._followed.add_direction(_stamp_ns(message), message)

    def _locate(self, image: DepthImage, seen: SeenPeople | None, apart_s: float) -> LocatedPeople | None:
        people = self._processor.locate(image, seen, apart_s)
        if people is not None:
            self._followed.add_people(_stamp_ns(people.array), people)
            self._frames.publish(people)
        return people

    def _receive_instances(self, message: Image) -> None:
        self._complete(message, 'labels', self._read('instances', [self._people], view_mask, message))

    def _receive_parts(self, message: Image) -> None:
        self._complete(message, 'parts', self._read('parts', [self._people], view_parts, message))

    def _complete(self, message: Any, name: str, value: Any) -> None:
        """Keep a message of the segmentation node until all of the same stamp have arrived."""
        stamp_ns = _stamp_ns(message)
        seen = self._seen.setdefault(stamp_ns, SeenPeople())
        setattr(seen, name, value)
        if seen.complete:
            del self._seen[stamp_ns]  # the others may be newer: messages of different topics arrive in any order
            self._people.pairing.add_mask(stamp_ns, seen)
            self._publish_ready()
        while len(self._seen) > _INCOMPLETE:
            del self._seen[next(iter(self._seen))]

    def _read(self, name: str, streams: list[Any], view: Callable[[Any], Any], message: Any) -> Any:
        """Return the arrays of a message; None if it cannot be read, which is reported."""
        try:
            return view(message)
        except Exception as error:  # affects this message only
            defect = error if isinstance(error, BadImage) else BadImage('unexpected', describe_error(error))
            _LOG.debug('%s', name, exc_info=error)
            for stream in streams:
                stream.counts.came_in += name in ('depth/image', 'points')
                stream.counts.bad += name in ('depth/image', 'points')
                stream.report_bad(self._inputs[name].topic, defect)
            return None

    def _publish_ready(self) -> None:
        for stream in self._streams:
            stream.publish_ready()

    def _report(self) -> None:
        try:
            if not has_matched_events():
                self.follow()
            now_s = time.monotonic()
            reports = [stream.report(now_s - self._reported_s, now_s) for stream in self._streams]
            self._reported_s = now_s
            self._reports.publish(reports, hardware_id='cpu')
            for report in reports:
                if self._status_log.is_news(report.subject, report.status, now_s):
                    log_status(self.get_logger(), report.status)
        except Exception as error:
            log_error(_LOG, 'failed to report', error)


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
