#!/usr/bin/env python3
"""Track the people of video clips: count ids and gestures, and draw the ids into a strip of pictures.

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
from bodypix_ros.people import Person
from bodypix_ros.tracking import MIN_KEYPOINT_SCORE, Tracker

STRIP_PICTURES = 6
TILE_HEIGHT = 300

Image = NDArray[np.uint8]


def frames_of(clip: Path, count: int) -> Iterator[tuple[float, Image]]:
    """Give the first frames of a clip with their times in seconds."""
    capture = cv2.VideoCapture(str(clip))
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    for number in range(count):
        read, image = capture.read()
        if not read:
            return
        yield number / rate_hz, image


def draw(image: Image, people: Sequence[Person], ids: Sequence[int], stamp_s: float) -> Image:
    """Return the picture with the keypoints of everybody in the colour of the id, and the id above them."""
    drawn = image.copy()
    for person, number in zip(people, ids, strict=True):
        color = tuple(map(int, np.random.default_rng(number).integers(60, 256, 3))) if number else (128, 128, 128)
        points = [(round(point.x), round(point.y)) for point in person.keypoints if point.score >= MIN_KEYPOINT_SCORE]
        for point in points:
            cv2.circle(drawn, point, max(image.shape[0] // 200, 2), color, -1)
        left, top = np.min(points, axis=0) if points else (0, 0)
        scale = image.shape[0] / 500
        cv2.putText(drawn, str(number), (int(left), int(top) - 4), cv2.FONT_HERSHEY_SIMPLEX, scale, color, 2)
    cv2.putText(drawn, f'{stamp_s:.1f} s', (5, image.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 255), 2)
    return cv2.resize(drawn, (round(image.shape[1] * TILE_HEIGHT / image.shape[0]), TILE_HEIGHT))


def track(network: bodypix_ros.Segmenter, clip: Path, count: int) -> list[Image]:
    """Print what is found in a clip and return some of its frames with the ids."""
    tracker, detector = Tracker(), GestureDetector()
    seen: defaultdict[int, list[float]] = defaultdict(list)
    gestures: Counter[str] = Counter()
    pictures = []
    for stamp_s, image in frames_of(clip, count):
        found = network.segment(image, parts=False, people=True).people
        people = found.persons if found else ()
        ids = tracker.update(people, stamp_s)
        for number in ids:
            seen[number].append(stamp_s)
        gestures.update(str(one.kind.name) for person in detector.update(people, ids, stamp_s) for one in person)
        pictures.append(draw(image, people, ids, stamp_s))
    print(
        f'{clip.name}: {len(pictures)} frames, {sum(map(len, seen.values()))} people, of them {len(seen[0])} without id'
    )
    for number, times in sorted(seen.items()):
        if number:
            print(f'  id {number}: {len(times)} frames, {times[0]:.1f} to {times[-1]:.1f} s')
    print(f'  gestures, frames: {dict(gestures) or "none"}')
    chosen = np.linspace(0, len(pictures) - 1, min(STRIP_PICTURES, len(pictures))).round().astype(int)
    return [pictures[index] for index in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('clips', nargs='+', type=Path, metavar='CLIP')
    parser.add_argument('--frames', type=int, default=160, help='of each clip')
    parser.add_argument('--strip', type=Path, help='PNG to write: one row of pictures for each clip')
    arguments = parser.parse_args()
    network = bodypix_ros.load()
    rows = [np.hstack(track(network, clip, arguments.frames)) for clip in arguments.clips]
    if arguments.strip:
        width = max(row.shape[1] for row in rows)
        rows = [cv2.copyMakeBorder(row, 0, 4, 0, width - row.shape[1], cv2.BORDER_CONSTANT) for row in rows]
        cv2.imwrite(str(arguments.strip), np.vstack(rows))


if __name__ == '__main__':
    main()
