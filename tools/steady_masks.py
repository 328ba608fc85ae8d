#!/usr/bin/env python3
# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure the smoothing of masks: flicker, errors in motion, lag and cost. Prints the tables of docs/smoothing.md.

tools/steady_masks.py [--network]    --network also measures the flicker of the network on a noisy photograph
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from bodypix_ros.segmentation import Segmentation
from bodypix_ros.smoothing import MaskSmoother

HEIGHT, WIDTH = 480, 640
RATE_HZ = 15.0
THRESHOLD = 0.5
START = 5
"""Number of frames before the measurement of a still scene."""

Mask = NDArray[np.bool_]


class Frame(NamedTuple):
    """One frame of a scene: the image, the mask of the network, the smoothed mask, and the ground truth."""

    image: NDArray[np.uint8]
    network: Mask
    smoothed: Mask
    truth: Mask
    cost_ms: float


class Scene:
    """A person in front of a background, both photographs, with camera noise and a noisy confidence at the edges."""

    def __init__(self, confidence_noise: float = 0.2, camera_noise: float = 4.0) -> None:
        """Set the standard deviations of the confidence at 0.5, 0..1, and of the camera noise, grey levels."""
        self._random = np.random.default_rng(0)
        self._confidence_noise, self._camera_noise = confidence_noise, camera_noise
        self._background = cv2.resize(skimage.data.coffee()[..., ::-1], (WIDTH, HEIGHT))
        self._person = cv2.resize(skimage.data.astronaut()[..., ::-1], (200, 360))

    def film(self, places: Sequence[int | None]) -> Iterator[Frame]:
        """Yield a frame with the person at each column in turn; None for the empty background."""
        smoother = MaskSmoother()
        for number, place in enumerate(places):
            image, truth = self._shoot(place)
            found = as_segmentation(self._guess(truth))
            started = time.process_time()
            smoothed = smoother.update(image, found, THRESHOLD, number / RATE_HZ)
            cost_ms = (time.process_time() - started) * 1e3
            yield Frame(image, found.mask, smoothed.mask, truth, cost_ms)

    def _shoot(self, place: int | None) -> tuple[NDArray[np.uint8], Mask]:
        image, truth = self._background.copy(), np.zeros((HEIGHT, WIDTH), np.uint8)
        if place is not None:
            image[100:460, place : place + 200] = self._person
            cv2.ellipse(truth, (place + 100, 280), (90, 170), 0, 0, 360, 1, -1)
        return with_noise(image, self._camera_noise, self._random), truth > 0

    def _guess(self, truth: Mask) -> NDArray[np.uint8]:
        """Return a confidence: the ground truth with soft edges and new noise in patches of 8 pixels."""
        soft = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), 4)
        noise = self._random.normal(0, 1, (HEIGHT // 8, WIDTH // 8)).astype(np.float32)
        noise = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 1), (WIDTH, HEIGHT))
        noise *= self._confidence_noise / noise.std()
        return np.round(255 * np.clip(soft + noise * np.sqrt(4 * soft * (1 - soft)), 0, 1)).astype(np.uint8)


def as_segmentation(confidence: NDArray[np.uint8]) -> Segmentation:
    """Return a segmentation with this confidence; all person pixels have part 5."""
    mask = confidence > THRESHOLD * 255
    return Segmentation(mask, np.where(mask, 5, -1).astype(np.int8), confidence=confidence)


def with_noise(image: NDArray[np.uint8], deviation: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the image with Gaussian noise."""
    return np.clip(image + random.normal(0, deviation, image.shape), 0, 255).astype(np.uint8)


def flicker(masks: Sequence[Mask]) -> float:
    """Return the fraction of pixels that change between consecutive masks, mean over the sequence."""
    return float(np.mean([(before ^ after).mean() for before, after in pairwise(masks)]))


def error(masks: Sequence[Mask], truths: Sequence[Mask]) -> float:
    """Return the number of wrong pixels relative to those of the person, mean over the sequence."""
    return float(np.mean([(mask ^ truth).sum() / truth.sum() for mask, truth in zip(masks, truths, strict=True)]))


def lag_frames(frames: Sequence[Frame], moved: int) -> int:
    """Return the number of frames in which the mask covers the area that a person left before frame number `moved`.

    The area is covered while the smoothed mask contains at least 1 % more of its pixels than the mask of the network.
    """
    for lag, frame in enumerate(frames[moved:]):
        old = frames[moved - 1].truth & ~frame.truth
        if (frame.smoothed & old).sum() <= (frame.network & old).sum() + 0.01 * old.sum():
            return lag
    return len(frames) - moved


def photograph_flicker(frames: int = 20, camera_noise: float = 6.0) -> tuple[float, float]:
    """Return the flicker of bodypix_ros, without and with smoothing, on a photograph with camera noise."""
    import bodypix_ros

    network, smoother, random = bodypix_ros.load(provider='cpu'), MaskSmoother(), np.random.default_rng(0)
    photograph = cv2.resize(np.ascontiguousarray(skimage.data.astronaut()[..., ::-1]), (480, 480))
    plain, steady = [], []
    for number in range(frames + START):
        image = with_noise(photograph, camera_noise, random)
        found = network.segment(image, confidence=True)
        plain.append(found.mask)
        steady.append(smoother.update(image, found, THRESHOLD, number / RATE_HZ).mask)
    return flicker(plain[START:]), flicker(steady[START:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--network', action='store_true', help='also run the network on a photograph')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print('| scene | measured | network alone | smoothed |\n|---|---|---|---|')
    for noise in (0.1, 0.2, 0.3):
        frames = list(Scene(noise).film([200] * (25 + START)))[START:]
        plain, steady = flicker([one.network for one in frames]), flicker([one.smoothed for one in frames])
        print(f'| still, confidence ± {noise} | pixels that change | {plain:.3%} | {steady:.3%} |')
    still_ms = np.median([one.cost_ms for one in frames])
    if arguments.network:
        plain, steady = photograph_flicker()
        print(f'| photograph, camera noise ± 6, bodypix_ros | pixels that change | {plain:.3%} | {steady:.3%} |')
    for step in (3, 10, 25):
        frames = list(Scene().film(range(20, 20 + 15 * step, step)))[START:]
        truths = [one.truth for one in frames]
        plain, steady = (
            error(masks, truths) for masks in zip(*[(one.network, one.smoothed) for one in frames], strict=True)
        )
        print(f'| walks {step} pixels per frame | wrong pixels, relative to the person | {plain:.2%} | {steady:.2%} |')
    moving_ms = np.median([one.cost_ms for one in frames])
    for name, place in (('disappears', None), ('jumps by 250 pixels', 350), ('jumps by 40 pixels', 140)):
        lag = lag_frames(list(Scene().film([100] * START + [place] * 10)), START)
        print(f'| {name} | lag, frames | 0 | {lag} |')
    print(f'\nCPU time per frame of {WIDTH}x{HEIGHT}: {still_ms:.1f} ms still, {moving_ms:.1f} ms in motion')


if __name__ == '__main__':
    main()
