"""The two ends of a frame's way in ROS: from message to array, and from array to message."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..encodings import to_bgr
from ..parts import PartIds
from ..segmentation import Segmentation
from ..settings import PictureSettings
from .turns import Job

_PUBLISHED = ('mask', 'parts')


def message_jobs(images: Sequence[NDArray[np.uint8]], result: Segmentation, part_ids: PartIds) -> dict[str, Job]:
    """Return the jobs of receiving pictures and of publishing masks and parts; none where there is no ROS.

    What the middleware does between processes is not in them: see the node's own `~/stats` for that.
    """
    try:
        from sensor_msgs.msg import Image

        from ..ros.image_msg import fill, view_pixels
        from ..ros.outputs import OUTPUTS, Result
    except ImportError:
        return {}
    received = [Image() for _ in images]
    for message, image in zip(received, images, strict=True):
        fill(message, message.header, image, 'bgr8')
    outputs = [(output, output.kind()) for output in OUTPUTS if output.topic in _PUBLISHED]
    results = [Result(received[0].header, image, result, part_ids, PictureSettings()) for image in images]

    def receive() -> None:
        for message in received:
            to_bgr(*view_pixels(message))

    def publish() -> None:
        for one in results:
            for output, message in outputs:
                output.write(message, one)

    return {'receive': receive, 'publish': publish}
