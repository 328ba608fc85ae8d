"""The masks of `body-segmentation`, the successor of BodyPix in JavaScript, which stores values in RGBA pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from ..parts import PARTS
from .checks import require_between, require_channels, require_labels, require_same_size
from .labels import Labels, Rgba, paint, select
from .masks import OPAQUE_BLACK, TRANSPARENT, paint_mask

Masks = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
"""(H, W, 4) uint8, value in the first channel and opacity in the last; or one such array per person."""

PERSON_VALUE = 255
"""The value of person pixels if parts were not requested."""


def encode_person(mask: Labels) -> NDArray[np.uint8]:
    """Convert a person mask, (H, W) bool or 0 and 1, to (H, W, 4): (255, 0, 0, 255) for a person, 0 elsewhere."""
    require_labels('mask', mask)
    colors = np.zeros((256, 4), np.uint8)
    colors[255] = (PERSON_VALUE, 0, 0, 255)
    return paint(select(mask, (1,)), colors)


def encode_parts(parts: Labels) -> NDArray[np.uint8]:
    """Convert part ids, (H, W), -1 background, to (H, W, 4): (id, 0, 0, 255) for a part, (24, 0, 0, 0) elsewhere."""
    require_labels('parts', parts)
    pixels = np.zeros((*parts.shape, 4), np.uint8)
    pixels[..., 0] = np.where(parts < 0, len(PARTS), parts)
    pixels[..., 3] = np.where(parts < 0, 0, 255)
    return pixels


@overload
def to_binary_mask(
    masks: NDArray[np.uint8],
    foreground: Rgba = ...,
    background: Rgba = ...,
    contour: bool = ...,
    threshold: float = ...,
    values: Iterable[int] = ...,
) -> NDArray[np.uint8]: ...
@overload
def to_binary_mask(
    masks: Sequence[NDArray[np.uint8]],
    foreground: Rgba = ...,
    background: Rgba = ...,
    contour: bool = ...,
    threshold: float = ...,
    values: Iterable[int] = ...,
) -> NDArray[np.uint8] | None: ...
def to_binary_mask(
    masks: Masks,
    foreground: Rgba = TRANSPARENT,
    background: Rgba = OPAQUE_BLACK,
    contour: bool = False,
    threshold: float = 0.5,
    values: Iterable[int] = range(256),
) -> NDArray[np.uint8] | None:
    """Draw foreground and background in two colours, as an overlay for an image.

    Args:
        masks: (H, W, 4) uint8 as returned by `encode_person` or `encode_parts`, or one per person.
        foreground: RGBA of pixels that reach the threshold and whose value is in `values`, for any of the people.
        background: RGBA of all other pixels.
        contour: whether to draw the outline of each person in cyan.
        threshold: minimum opacity of the foreground, 0..1.
        values: values of the foreground.

    Returns:
        (H, W, 4) uint8 RGBA; None for an empty sequence.

    Raises:
        ImageError: a mask has a wrong shape or type, or the sizes differ.
        SettingError: threshold is out of range.

    Source: body-segmentation 1.0 `toBinaryMask`.
    """
    wanted = list(values)
    planes = [select(one[..., 0], wanted) & _opaque(one, threshold) for one in _as_masks(masks)]
    return paint_mask(planes, foreground, background, contour) if planes else None


@overload
def to_colored_mask(
    masks: NDArray[np.uint8], colors: NDArray[np.uint8], background: Rgba = ..., threshold: float = ...
) -> NDArray[np.uint8]: ...
@overload
def to_colored_mask(
    masks: Sequence[NDArray[np.uint8]], colors: NDArray[np.uint8], background: Rgba = ..., threshold: float = ...
) -> NDArray[np.uint8] | None: ...
def to_colored_mask(
    masks: Masks, colors: NDArray[np.uint8], background: Rgba = OPAQUE_BLACK, threshold: float = 0.5
) -> NDArray[np.uint8] | None:
    """Draw each value in its colour, as an overlay for an image.

    Args:
        masks: (H, W, 4) uint8 as returned by `encode_person` or `encode_parts`, or one per person; later people
            cover earlier ones.
        colors: (N, 3) uint8 RGB or (N, 4) RGBA; row v is the colour of value v.
        background: RGBA of pixels below the threshold.
        threshold: minimum opacity of the foreground, 0..1.

    Returns:
        (H, W, 4) uint8 RGBA; None for an empty sequence.

    Raises:
        ImageError: a value has no colour, a mask has a wrong shape or type, or the sizes differ.
        SettingError: threshold is out of range.

    Source: body-segmentation 1.0 `toColoredMask`.
    """
    table = np.full((len(colors), 4), 255, np.uint8)
    table[:, : colors.shape[1]] = colors
    people = _as_masks(masks)
    if not people:
        return None
    picture = np.empty_like(people[0])
    picture[:] = background
    for one in people:
        opaque = _opaque(one, threshold) > 0
        highest = one[..., 0].max(initial=0, where=opaque)
        if highest >= len(table) and opaque.any():
            raise ImageError(f'value {highest} has no colour: {len(table)} colours were given')
        np.copyto(picture, paint(one[..., 0], table), where=opaque[..., np.newaxis])
    return picture


def _as_masks(masks: Masks) -> list[NDArray[np.uint8]]:
    people = [masks] if isinstance(masks, np.ndarray) else list(masks)
    for number, one in enumerate(people):
        require_channels('a mask', one, 4)
        require_same_size('the first mask', people[0], f'mask {number + 1}', one)
    return people


def _opaque(mask: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    """Return 255 where the mask reaches the threshold, 0 elsewhere."""
    require_between('threshold', threshold, 0, 1)
    # JavaScript rounds halves up: 0.5 is 128.
    return (mask[..., 3] >= int(255 * threshold + 0.5)).astype(np.uint8) * np.uint8(255)
