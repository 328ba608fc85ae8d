# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The services of the node: segment one image, and select the person to follow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from ..encodings import to_bgr
from ..errors import describe_error, quoted
from ..image_layout import view_layout
from ..rotation import rotate_back, rotate_image
from ..segmenter import Segmenter
from ..srv import Follow, Segment
from .camera import Camera
from .image_msg import convert_with_cv_bridge
from .outputs import OUTPUTS, OutputMessage
from .parameters import Parameters
from .result import Result

_LOG = logging.getLogger(__name__)
_MAX_CALLS = 4
"""Maximum number of pending calls of Segment; further calls are rejected."""


class FollowService:
    """The service `~/follow`."""

    def __init__(self, node: Node, cameras: Sequence[Camera]) -> None:
        """Open the service; `cameras` are those of the node at any time."""
        self._cameras = cameras
        node.create_service(Follow, '~/follow', self._follow)

    def _follow(self, request: Follow.Request, response: Follow.Response) -> Follow.Response:
        try:
            camera = self._find(request.camera)
            tracking = camera.parameters.tracking
            if not tracking.tracking and request.target != Follow.Request.STOP:
                raise ValueError('following requires track ids: set the parameter tracking to true')
            state = camera.history.follow(request.target, request.track_id, tracking.follow_hold_s)
        except ValueError as error:
            response.success, response.message = False, str(error)
            return response
        hint = (
            ''
            if 'people' in camera.wanted.needs
            else '; people are not detected until people/pose or people has a subscriber'
        )
        response.success, response.message = True, state + hint
        return response

    def _find(self, name: str) -> Camera:
        if not self._cameras:
            raise ValueError('the node has no cameras before it is configured')
        if not name and len(self._cameras) == 1:
            return self._cameras[0]
        for camera in self._cameras:
            if camera.name == name:
                return camera
        names = ', '.join(camera.name for camera in self._cameras)
        known = f'one of {names}' if names else 'empty, as the camera of this node has no name'
        raise ValueError(f'camera must be {known}; got {quoted(name)}')


class SegmentService:
    """The service `~/segment`. The model runs in a separate thread, so that the node continues."""

    def __init__(
        self, node: Node, segmenter: Callable[[], Segmenter | None], parameters: Callable[[], Parameters]
    ) -> None:
        """Open the service.

        Args:
            node: of the service.
            segmenter: returns the loaded model, or None.
            parameters: returns the parameters of the node.
        """
        self._node, self._segmenter, self._parameters = node, segmenter, parameters
        self._calls = 0
        # In a separate callback group, because a pending call blocks all other callbacks of its group.
        node.create_service(Segment, '~/segment', self._segment, callback_group=ReentrantCallbackGroup())

    async def _segment(self, request: Segment.Request, response: Segment.Response) -> Segment.Response:
        segmenter, parameters = self._segmenter(), self._parameters()
        if segmenter is None or self._calls >= _MAX_CALLS:
            response.success = False
            response.message = (
                'the model is not loaded; configure the node and wait until it is loaded'
                if segmenter is None
                else f'{self._calls} calls are waiting for the model; call again later'
            )
            return response
        executor = self._node.executor
        done = Future(executor=executor)

        def run() -> None:
            found = answer(segmenter, parameters, request)
            with suppress(Exception):  # the node may have been destroyed in the meantime
                done.set_result(found)
                executor.wake()

        self._calls += 1
        threading.Thread(target=run, name='segment service', daemon=True).start()
        try:
            return await done
        finally:
            self._calls -= 1


def answer(segmenter: Segmenter, parameters: Parameters, request: Segment.Request) -> Segment.Response:
    """Segment the image of a request like the topics of the node; errors are returned in the response."""
    response = Segment.Response()
    try:
        result = _result(segmenter, parameters, request)
        wanted = ['mask', 'parts', *(['people'] if request.people else [])]
        for output in OUTPUTS:
            if output.topic in wanted and (segmenter.has_parts or 'parts' not in output.needs(parameters.picture)):
                message = OutputMessage(output.kind)
                output.write(message, result)
                setattr(response, output.topic, message.content)
    except Exception as error:  # the caller must always receive a response
        _LOG.debug('segment', exc_info=error)
        return Segment.Response(success=False, message=describe_error(error))
    response.success = True
    if not segmenter.has_parts:
        response.message = f'{segmenter.network.name} has no body parts'
    return response


def _result(segmenter: Segmenter, parameters: Parameters, request: Any) -> Result:
    """Segment the image of a request."""
    node = parameters.node
    image = to_bgr(*view_layout(request.image, convert_with_cv_bridge), node.mono16_bits)
    upright = rotate_image(image, node.rotate)
    found = segmenter.segment_batch([upright], parameters.segment, parts=True, people=request.people)[0]
    return Result(
        request.image.header,
        image,
        rotate_back(found, node.rotate),
        segmenter.settings.part_ids,
        parameters.picture,
        model=segmenter.network.model,
    )
