"""MediaPipe's selfie segmentation: a person mask from a small network of its own, no parts."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from numpy.typing import NDArray

from .service import Prepared, Request, serve


def prepare(request: Request) -> Prepared:
    """Load the general network, whose input is 256x256."""
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    segmenter = SelfieSegmentation(model_selection=0)
    picture = request.read_picture()

    def segment() -> NDArray[Any]:
        mask: NDArray[Any] = segmenter.process(picture).segmentation_mask > request.threshold
        return mask

    return Prepared(f'MediaPipe {metadata.version("mediapipe")}', segment)


if __name__ == '__main__':
    serve(prepare)
