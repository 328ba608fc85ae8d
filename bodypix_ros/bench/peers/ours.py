"""This package itself: mask and parts of a batch of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import BodyPix, __version__
from ...settings import NetworkSettings
from .service import Prepared, Request, serve


def prepare(request: Request) -> Prepared:
    """Load the network."""
    net = BodyPix.load(NetworkSettings(**request.settings))
    images = [np.ascontiguousarray(request.read_picture()[..., ::-1])] * request.batch

    def segment() -> NDArray[Any]:
        return net.segment_batch(images, threshold=request.threshold)[0].mask

    return Prepared(f'bodypix_ros {__version__} on {net.provider}', segment)


if __name__ == '__main__':
    serve(prepare)
