# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The masks of `body-segmentation`, the successor of BodyPix in JavaScript, which stores values in RGBA pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ..checks import require_between, require_channels, require_labels, require_plane, require_same_size
from ..errors import ImageError
from ..parts import PARTS, PartIds, part_names
from ..segmentation import Segmentation
from .labels import Labels, Rgba, paint, select
from .masks import OPAQUE_BLACK, TRANSPARENT, paint_mask

Masks = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
"""(H, W, 4) uint8, value in the first channel and opacity in the last; or one such array per person."""

PERSON_VALUE = 255
"""The value of person pixels if parts were not requested."""

_PERSON = {PERSON_VALUE: 'person'}


@dataclass(frozen=True, eq=False)
class BodySegmentation:
    """One mask and the meaning of its values, an element of what `segmentPeople` returns.

    Attributes:
        mask: (H, W, 4) uint8, value in the first channel and opacity in the last.
        labels: names of the values, by value.
    """

    mask: NDArray[np.uint8]
    labels: Mapping[int, str]

    @property
    def values(self) -> NDArray[np.uint8]:
        """The values, (H, W) uint8."""
        return self.mask[..., 0]

    @property
    def probability(self) -> NDArray[np.float32]:
        """The probability of the foreground, (H, W) float32, 0..1; 0 or 1 for masks without probabilities."""
        return np.divide(self.mask[..., 3], np.float32(255), dtype=np.float32)

    def value_to_label(self, value: int) -> str:
        """Return the name of a value, like `maskValueToLabel`.

        Raises:
            ImageError: the value has no name.
        """
        if value not in self.labels:
            known = f'{min(self.labels)}..{max(self.labels)}' if len(self.labels) > 1 else str(*self.labels)
            raise ImageError(f'a mask value must be {known}, got {value}')
        return self.labels[value]


def segment_people(
    segmentation: Segmentation, *, multiple: bool = False, parts: bool = False, part_ids: PartIds = 'bodypix1'
) -> list[BodySegmentation]:
    """Convert a segmentation to the form of `segmentPeople` in body-segmentation.

    The mask contains probabilities if the segmentation has a confidence and neither `multiple` nor `parts` is set, as
    those of selfie segmentation and BlazePose in JavaScript; otherwise pixels are foreground or background, as those of
    BodyPix in JavaScript.

    Args:
        segmentation: of an image, with whatever is to be converted.
        multiple: whether to return one mask for each person, like `multiSegmentation`.
        parts: whether the values are body parts, like `segmentBodyParts`.
        part_ids: numbering of the parts; body-segmentation uses that of BodyPix 2.

    Returns:
        One element, or one for each person.

    Raises:
        ImageError: people or parts are needed and were not requested, or the model has none.

    Source: body-segmentation 1.0, the segmenters `body_pix` and `selfie_segmentation_tfjs`.
    """
    labels, people = segmentation.parts, segmentation.people
    if parts and labels is None:
        raise ImageError('parts requires a segmentation with body parts; call segment(..., parts=True)')
    if multiple and people is None:
        raise ImageError('multiple requires a segmentation with people; call segment(..., people=True)')
    if parts and labels is not None:
        names = dict(enumerate(part_names(part_ids)))
        single = (
            [labels] if people is None or not multiple else [people.parts_of(one, labels) for one in people.persons]
        )
        return [BodySegmentation(encode_parts(one), names) for one in single]
    if people is not None and multiple:
        return [BodySegmentation(encode_person(people.mask_of(one)), _PERSON) for one in people.persons]
    if segmentation.confidence is not None:
        return [BodySegmentation(encode_confidence(segmentation.confidence), dict.fromkeys(range(256), 'person'))]
    return [BodySegmentation(encode_person(segmentation.mask), _PERSON)]


def encode_confidence(confidence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert probabilities, (H, W) uint8, 0..255, to (H, W, 4): (p, 0, 0, p), as MediaPipe's masks in JavaScript."""
    require_plane('confidence', confidence, np.uint8)
    nothing = np.zeros_like(confidence)
    return np.stack([confidence, nothing, nothing, confidence], axis=-1)


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
    people = [masks] if masks is None or isinstance(masks, np.ndarray) else list(masks)
    for number, one in enumerate(people):
        require_channels('a mask', one, 4)
        require_same_size('the first mask', people[0], f'mask {number + 1}', one)
    return people


def _opaque(mask: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    """Return 255 where the mask reaches the threshold, 0 elsewhere."""
    require_between('threshold', threshold, 0, 1)
    # JavaScript rounds halves up: 0.5 is 128.
    return (mask[..., 3] >= int(255 * threshold + 0.5)).astype(np.uint8) * np.uint8(255)
