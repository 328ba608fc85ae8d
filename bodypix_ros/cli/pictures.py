# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes results to files: images as PNG, people as JSON. Files are replaced atomically."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BodyPixError
from ..palettes import BLACK, palette_colors
from ..parts import PartIds
from ..people import Person
from ..recordings.people_json import describe_person
from ..recordings.writers import encode_png
from ..render import colorize_parts, cut_out, render_overlay, settings_without_parts
from ..segmentation import Segmentation
from ..settings import PictureSettings

Pictures = Mapping[str, NDArray[Any]]


def draw_pictures(
    image: NDArray[np.uint8], result: Segmentation, settings: PictureSettings, part_ids: PartIds
) -> Pictures:
    """Return the images that the node would publish for a picture, by topic; BGR or grey.

    These are mask, parts and parts_color if the model has parts, overlay, and instances if people were requested. With
    the effect cutout and without a background, the overlay is transparent there: BGRA.

    Raises:
        ImageError: the effect of the overlay is blur_faces, and the model has no parts.
    """
    pictures: dict[str, NDArray[Any]] = {'mask': result.mask.view(np.uint8) * np.uint8(255)}
    if result.parts is not None:
        colors = palette_colors(settings.overlay_palette, part_ids, background=BLACK)
        pictures['parts'] = result.parts.view(np.uint8)
        pictures['parts_color'] = colorize_parts(result.parts, colors)[..., ::-1]
    if settings.overlay_effect == 'cutout' and not settings.overlay_background:
        pictures['overlay'] = cut_out(image, result)
    else:
        pictures['overlay'] = render_overlay(image, result, settings_without_parts(settings, result), part_ids)
    if result.people is not None:
        pictures['instances'] = result.people.labels
    return pictures


def describe_people(persons: Sequence[Person]) -> bytes:
    """Return people as JSON: a list of objects with the fields of `bodypix_ros.people.Person`."""
    return json.dumps([describe_person(person) for person in persons], indent=1, allow_nan=False).encode()


def write_pictures(folder: Path, pictures: Pictures, prefix: str = '', inputs: Collection[Path] = ()) -> list[Path]:
    """Write each picture as PREFIX<name>.png and return the paths.

    Args:
        folder: created if it does not exist.
        pictures: by name, (H, W), (H, W, 3) uint8 BGR or (H, W, 4) uint8 BGRA.
        prefix: of the file names.
        inputs: files that are never overwritten.

    Raises:
        BodyPixError: the folder or a file cannot be written, or a file is one of the inputs.
    """
    create_folder(folder)
    files = {f'{prefix}{name}.png': encode_png(picture) for name, picture in pictures.items()}
    return write_files(folder, files, inputs)


def create_folder(folder: Path) -> None:
    """Create a folder and its parents, unless it exists.

    Raises:
        BodyPixError: the folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(folder, error) from error


def write_files(folder: Path, files: Mapping[str, bytes], inputs: Collection[Path] = ()) -> list[Path]:
    """Write files by name and return their paths.

    Raises:
        BodyPixError: a file cannot be written or is one of the inputs; nothing is written in the second case.
    """
    paths = [folder / name for name in files]
    for clash in {_place(path) for path in inputs} & {_place(path) for path in paths}:
        raise BodyPixError(f'{clash} is one of the inputs and is not overwritten; choose another --output')
    try:
        for path, data in zip(paths, files.values(), strict=True):
            _write_whole(path, data)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return paths


def _write_whole(path: Path, data: bytes) -> None:
    """Write to a temporary file and rename it, so that the path never refers to a partially written file."""
    part = path.with_name(f'.bodypix-{os.getpid()}.part')
    try:
        part.write_bytes(data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _place(path: Path) -> Path:
    """Return the path of a directory entry; links are not followed, because renaming replaces the link."""
    return Path(os.path.realpath(path.parent)) / path.name


def _unwritable(folder: Path, error: OSError) -> BodyPixError:
    remedy = 'free some space, or choose' if error.errno in (errno.ENOSPC, errno.EDQUOT) else 'choose'
    return BodyPixError(f'failed to write to {folder} ({error.strerror}); {remedy} another --output')
