"""Pictures to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..palettes import BLACK, palette_colors
from ..parts import PartIds
from ..render import colorize_parts, render_overlay
from ..segmentation import Segmentation
from ..settings import PictureSettings

Pictures = Mapping[str, NDArray[Any]]


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture file as (H, W, 3) uint8 BGR.

    Raises:
        ImageError: it is missing or not a picture.
    """
    if not path.is_file():
        raise ImageError(f'{path} is not there; expected a picture file')
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ImageError(f'{path} is not a picture that OpenCV can read')
    return np.asarray(picture, np.uint8)


def draw_pictures(
    image: NDArray[np.uint8], result: Segmentation, settings: PictureSettings, part_ids: PartIds
) -> Pictures:
    """Return what the node would publish for a picture, by topic: mask, parts, parts_color, overlay; BGR or grey."""
    assert result.parts is not None
    colors = palette_colors(settings.overlay_palette, part_ids, background=BLACK)
    return {
        'mask': result.mask.view(np.uint8) * np.uint8(255),
        'parts': result.parts.view(np.uint8),
        'parts_color': colorize_parts(result.parts, colors)[..., ::-1],
        'overlay': render_overlay(image, result, settings, part_ids),
    }


def write_pictures(folder: Path, pictures: Pictures, prefix: str = '') -> list[Path]:
    """Write each picture as PREFIX<name>.png and return the paths.

    Raises:
        ImageError: the folder or a file cannot be written.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            path = folder / f'{prefix}{name}.png'
            path.write_bytes(cv2.imencode('.png', picture)[1].tobytes())
            paths.append(path)
    except OSError as error:
        raise ImageError(f'{folder} cannot be written ({error.strerror}); choose another --output') from error
    return paths
