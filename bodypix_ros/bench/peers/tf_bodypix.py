"""tf-bodypix with TensorFlow: mask and part ids."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .service import Prepared, Request, serve


def prepare(request: Request) -> Prepared:
    """Load the network."""
    from tf_bodypix.api import load_model

    model = load_model(
        request.graph,
        output_stride=request.stride,
        architecture_name='mobilenet_v1',
        internal_resolution=request.resolution,
    )
    picture = request.read_picture()

    def segment() -> NDArray[Any]:
        result = model.predict_single(picture)
        mask = np.asarray(result.get_mask(threshold=request.threshold))
        np.asarray(result.get_scaled_part_segmentation(mask))
        return mask

    versions = ', '.join(f'{name} {_version(name)}' for name in ('tf-bodypix', 'tensorflow'))
    return Prepared(versions, segment)


def _version(package: str) -> str:
    for name in (package, f'{package}-cpu'):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return 'of unknown version'


if __name__ == '__main__':
    serve(prepare)
