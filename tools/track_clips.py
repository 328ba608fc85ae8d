#!/usr/bin/env python3
# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Track the people in video clips: count ids and gestures, and draw the ids into a strip of images.

tools/track_clips.py [--frames 160] [--strip strip.png] CLIP...
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros.gestures import GestureDetector
from bodypix_ros.people import CERTAIN, Person
from bodypix_ros.tracking import Tracker

TILE_HEIGHT = 300
STRIP_WIDTH = 1640

Image = NDArray[np.uint8]


def frames_of(clip: Path, count: int) -> Iterator[tuple[float, Image]]:
    """Yield the first frames of a clip with their times in seconds."""
    capture = cv2.VideoCapture(str(clip))
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    for number in range(count):
        read, image = capture.read()
        if not read:
            return
        yield number / rate_hz, image


def draw(image: Image, people: Sequence[Person], ids: Sequence[int], stamp_s: float) -> Image:
    """Return a small image with the certain keypoints and the ids of all people, in the colour of the id."""
    scale = TILE_HEIGHT / image.shape[0]
    drawn = cv2.resize(image, (round(image.shape[1] * scale), TILE_HEIGHT), None, 0, 0, cv2.INTER_AREA)
    for person, number in zip(people, ids, strict=True):
        color = tuple(map(int, np.random.default_rng(number).integers(80, 256, 3))) if number else (160, 160, 160)
        points = [(point.x, point.y) for point in person.keypoints if point.score >= CERTAIN]
        for x, y in points:
            cv2.circle(drawn, (round(x * scale), round(y * scale)), 2, color, -1)
        left, top = np.min(points, axis=0) * scale if points else (0, 0)
        write(drawn, str(number), (int(left) - 4, max(int(top) - 8, 20)), color)
    write(drawn, f'{stamp_s:.1f} s', (6, TILE_HEIGHT - 8), (255, 255, 255))
    return drawn


def write(drawn: Image, text: str, place: tuple[int, int], color: tuple[int, ...]) -> None:
    """Write outlined text into a picture."""
    for width, ink in ((5, (0, 0, 0)), (2, color)):
        cv2.putText(drawn, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, ink, width, cv2.LINE_AA)


def arrange(pictures: Sequence[Image]) -> Image:
    """Arrange images of equal size in rows that fill the width of the strip."""
    in_row = max(STRIP_WIDTH // pictures[0].shape[1], 1)
    blank = np.zeros_like(pictures[0])
    padded = [*pictures, *[blank] * (-len(pictures) % in_row)]
    rows = [np.hstack(padded[start : start + in_row]) for start in range(0, len(padded), in_row)]
    strip = np.vstack(rows)
    return cv2.copyMakeBorder(strip, 0, 4, 0, STRIP_WIDTH - strip.shape[1], cv2.BORDER_CONSTANT)


def track(network: bodypix_ros.Segmenter, clip: Path, count: int, count_drawn: int) -> list[Image]:
    """Print the people and gestures found in a clip and return some of its frames with the ids."""
    tracker, detector = Tracker(), GestureDetector()
    seen: defaultdict[int, list[float]] = defaultdict(list)
    gestures: Counter[str] = Counter()
    pictures = []
    for stamp_s, image in frames_of(clip, count):
        found = network.segment(image, people=True).people
        people = found.persons if found else ()
        ids = tracker.update(people, stamp_s)
        for number in ids:
            seen[number].append(stamp_s)
        gestures.update(str(one.kind.name) for person in detector.update(people, ids, stamp_s) for one in person)
        pictures.append(draw(image, people, ids, stamp_s))
    print(
        f'{clip.name}: {len(pictures)} frames, {sum(map(len, seen.values()))} people, {len(seen[0])} of them without id'
    )
    for number, times in sorted(seen.items()):
        if number:
            print(f'  id {number}: {len(times)} frames, {times[0]:.1f} to {times[-1]:.1f} s')
    print(f'  gestures, frames: {dict(gestures) or "none"}')
    chosen = np.linspace(0, len(pictures) - 1, min(count_drawn, len(pictures))).round().astype(int)
    return [pictures[index] for index in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('clips', nargs='+', type=Path, metavar='CLIP')
    parser.add_argument('--frames', type=int, default=160, help='frames per clip')
    parser.add_argument('--pictures', type=int, default=8, help='frames per clip in the strip')
    parser.add_argument('--strip', type=Path, help='PNG file to write')
    arguments = parser.parse_args()
    network = bodypix_ros.load()
    strips = [arrange(track(network, clip, arguments.frames, arguments.pictures)) for clip in arguments.clips]
    if arguments.strip:
        cv2.imwrite(str(arguments.strip), np.vstack(strips))


if __name__ == '__main__':
    main()
