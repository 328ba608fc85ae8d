# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The image that the node publishes as `overlay`: the camera image with people highlighted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..checks import require_segmentation
from ..errors import ImageError
from ..palettes import palette_colors
from ..parts import BACKGROUND, PartIds
from ..segmentation import Segmentation
from ..settings import PictureSettings
from .bands import draw_in_bands
from .blend import mix
from .blur import MAX_BLUR_PX, blur_quickly, blur_reach_px
from .bokeh import FACE_IDS, surroundings
from .colors import Order, colorize_parts
from .cutout import replace_background
from .labels import paint, select
from .masks import CONTOUR, contour_strokes
from .pixelate import draw_pixelated_mask

_EDGE_BLUR_PX = 3
_NO_PARTS = np.empty((0, 0), np.int8)


@dataclass(frozen=True)
class _Scene:
    """The inputs of an effect. The mask is 1 for a person; parts are empty for effects that do not need them."""

    image: NDArray[np.uint8]
    segmentation: Segmentation
    mask: NDArray[np.uint8]
    parts: NDArray[np.int8]
    palette: NDArray[np.uint8]
    opacity: float
    background_file: str
    order: Order


def render_overlay(
    image: NDArray[np.uint8],
    segmentation: Segmentation,
    settings: PictureSettings | None = None,
    part_ids: PartIds = 'bodypix1',
    order: Order = 'bgr',
) -> NDArray[np.uint8]:
    """Highlight people in an image with the effect `settings.overlay_effect`.

    parts: body parts in the colours of `overlay_palette` with `overlay_opacity`; mask: background darkened by
    `overlay_opacity`; contour: outlines; pixelate: parts as coloured cells; bokeh: background blurred; blur_faces:
    faces blurred, which is not a reliable anonymisation because the network may miss faces; cutout: people in front of
    the picture `overlay_background`, with soft edges if the segmentation has the confidence; none: the image itself.
    Blurs scale with the image, so that they look the same at every size.

    Args:
        image: (H, W, 3) uint8.
        segmentation: the result for this image.
        settings: rendering settings; None for the defaults.
        part_ids: numbering of `segmentation.parts`.
        order: channel order of the image and of the result.

    Returns:
        (H, W, 3) uint8; a new array, except for the effect `none`.

    Raises:
        ImageError: an array has a wrong shape or type, the sizes differ, the effect requires parts and they were not
            requested, or the background cannot be read.
    """
    settings = settings or PictureSettings()
    effect, needs_parts = _EFFECTS[settings.overlay_effect]
    require_segmentation(image, segmentation)
    parts = segmentation.parts
    if parts is None and needs_parts:
        raise ImageError(
            f'overlay_effect {settings.overlay_effect} requires body parts, which were not requested or which the '
            'model does not have; bodypix_ros and bodypix have them'
        )
    scene = _Scene(
        image,
        segmentation,
        segmentation.mask.view(np.uint8),
        _NO_PARTS if parts is None else parts,
        palette_colors(settings.overlay_palette, part_ids),
        settings.overlay_opacity,
        settings.overlay_background,
        order,
    )
    return effect(scene)


def overlay_needs_parts(effect: str) -> bool:
    """Return whether an overlay effect requires body parts."""
    return _EFFECTS[effect][1]


def overlay_needs_confidence(effect: str) -> bool:
    """Return whether an overlay effect looks better with the probability of each pixel."""
    return effect == 'cutout'


def settings_without_parts(settings: PictureSettings, segmentation: Segmentation) -> PictureSettings:
    """Return the settings with an effect that is possible if the model has no parts: mask instead of parts or pixelate.

    Effects that hide something are not replaced.
    """
    if segmentation.parts is None and settings.overlay_effect in ('parts', 'pixelate'):
        return replace(settings, overlay_effect='mask')
    return settings


def _color_parts(scene: _Scene) -> NDArray[np.uint8]:
    def tint(image: NDArray[np.uint8], parts: NDArray[np.int8]) -> NDArray[np.uint8]:
        colors = colorize_parts(parts, scene.palette, scene.order)
        tinted = cv2.addWeighted(image, 1 - scene.opacity, colors, scene.opacity, 0)
        return np.asarray(cv2.copyTo(tinted, (parts != BACKGROUND).view(np.uint8), image.copy()), np.uint8)

    return draw_in_bands(tint, scene.image, scene.parts)


def _darken_background(scene: _Scene) -> NDArray[np.uint8]:
    def darken(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(cv2.copyTo(image, mask, cv2.convertScaleAbs(image, alpha=1 - scene.opacity)), np.uint8)

    return draw_in_bands(darken, scene.image, scene.mask)


def _draw_contours(scene: _Scene) -> NDArray[np.uint8]:
    color = np.array(CONTOUR[:3] if scene.order == 'rgb' else CONTOUR[2::-1])
    strokes = np.flatnonzero(contour_strokes([scene.mask]))
    drawing = np.array(scene.image)
    pixels = drawing.reshape(-1, 3)
    pixels[strokes] = np.rint(pixels[strokes] * (1 - scene.opacity) + color * scene.opacity)
    return drawing


def _pixelate_parts(scene: _Scene) -> NDArray[np.uint8]:
    opaque = np.insert(scene.palette[:-1], 3, 255, axis=1)
    mask = paint(np.ascontiguousarray(scene.parts).view(np.uint8), opaque)
    return draw_pixelated_mask(scene.image, mask, scene.opacity, order=scene.order)


def _blur_background(scene: _Scene) -> NDArray[np.uint8]:
    return _soften(scene.image, select(scene.mask, (0,)))


def _blur_faces(scene: _Scene) -> NDArray[np.uint8]:
    return _soften(scene.image, select(scene.parts, FACE_IDS))


def _cut_out(scene: _Scene) -> NDArray[np.uint8]:
    return replace_background(scene.image, scene.segmentation, scene.background_file, scene.order)


def _show_image(scene: _Scene) -> NDArray[np.uint8]:
    return scene.image


_EFFECTS: dict[str, tuple[Callable[[_Scene], NDArray[np.uint8]], bool]] = {
    'parts': (_color_parts, True),
    'mask': (_darken_background, False),
    'contour': (_draw_contours, False),
    'pixelate': (_pixelate_parts, True),
    'bokeh': (_blur_background, False),
    'blur_faces': (_blur_faces, True),
    'cutout': (_cut_out, False),
    'none': (_show_image, False),
}
"""The function of each overlay_effect, and whether it requires body parts."""


def _soften(image: NDArray[np.uint8], hidden: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur the image where `hidden`, (H, W), is 255: by 10 pixels for 480 rows, in proportion for other heights."""
    blur_px = min(max(image.shape[0] / 48, 1.0), MAX_BLUR_PX)
    drawing = image.copy()
    near = surroundings(hidden, blur_reach_px(blur_px) + blur_reach_px(_EDGE_BLUR_PX))
    if drawing[near].size:
        blurred = blur_quickly(image[near], blur_px)
        drawing[near] = mix(blurred, image[near], blur_quickly(hidden[near], _EDGE_BLUR_PX))
    return drawing
