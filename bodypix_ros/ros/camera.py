"""One camera: its images in, its results out, and what becomes of its frames."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from ..settings import NodeSettings
from .frame import Frame
from .image_msg import BadImage
from .outputs import OUTPUTS, Result
from .publisher import Publisher
from .qos import SMALL_INPUT
from .source import ImageSource
from .stats import Tally


class Camera:
    """Passes on the frames of one camera while somebody wants them, and publishes what is made of them.

    `publish`, `wanted` and `reject` may be called by any thread, the others by the executor's alone.
    """

    def __init__(
        self, node: Node, name: str, settings: NodeSettings, on_frame: Callable[[Camera, Frame], None]
    ) -> None:
        """Open the topics of the outputs.

        Args:
            node: on which everything stands.
            name: of the camera, before its topics; empty for none.
            settings: of the node.
            on_frame: called with each image that can be worked on.
        """
        self.name = name
        self.prefix = f'{name}/' if name else ''
        self.tally = Tally(name)
        self.settings = settings
        self.active = False
        self.camera_info: CameraInfo | None = None
        self._node, self._on_frame = node, on_frame
        self.source = ImageSource(
            node,
            f'{self.prefix}image',
            settings.image_transport == 'compressed',
            self._accept,
            self._refuse,
        )
        self._info_subscription: Subscription | None = None
        self._publishers = [Publisher(node, self.prefix + one.topic, one, self.follow) for one in OUTPUTS]

    def wanted(self) -> list[Publisher]:
        """Return the outputs that are to be made of the next frame."""
        return [one for one in self._publishers if not self.settings.lazy or one.has_subscribers]

    def activate(self) -> None:
        """Receive images, as soon as somebody wants them."""
        self.active = True
        self.follow()

    def deactivate(self) -> None:
        """Receive no more images."""
        self.active = False
        self.follow()

    def follow(self) -> None:
        """Open, close or change the subscriptions, as subscribers, publishers and settings come and change."""
        wanted = self.wanted() if self.active else []
        if wanted:
            self.source.follow(self.settings.qos)
        else:
            self.source.close()
        self._follow_info(any(one.output.needs_info for one in wanted))

    def publish(self, result: Result, wanted: list[Publisher]) -> None:
        """Publish the wanted outputs of one frame."""
        for publisher in wanted:
            publisher.publish(result)

    def reject(self, error: BadImage) -> None:
        """Count an image that cannot be read, and say so once for each kind of defect."""
        if self.tally.reject(error):
            bad = self.tally.counts.frames_bad
            self._node.get_logger().warning(f'{self.source.topic}: {error}; frame dropped ({bad} so far)')

    def destroy(self) -> None:
        """Close all topics. No other thread may publish any more."""
        self.deactivate()
        for publisher in self._publishers:
            publisher.destroy()
        self._publishers = []

    def _accept(self, frame: Frame) -> None:
        self.tally.count(frames_in=1)
        self._on_frame(self, frame)

    def _refuse(self, error: BadImage) -> None:
        self.tally.count(frames_in=1)
        self.reject(error)

    def _follow_info(self, wanted: bool) -> None:
        if wanted and self._info_subscription is None:
            self._info_subscription = self._node.create_subscription(
                CameraInfo, f'{self.prefix}camera_info', self._keep_info, SMALL_INPUT
            )
        elif not wanted and self._info_subscription is not None:
            self._node.destroy_subscription(self._info_subscription)
            self._info_subscription = None
            self.camera_info = None

    def _keep_info(self, message: CameraInfo) -> None:
        self.camera_info = message
