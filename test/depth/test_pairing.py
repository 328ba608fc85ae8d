# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from bodypix_ros.depth.pairing import StampPairing

FRAME_NS = 33_333_333


def pairing_of(images: list[int], masks: list[int]) -> StampPairing[str, str]:
    """Return a pairing with images and masks at these frames; all images arrived at 0 s."""
    pairing: StampPairing[str, str] = StampPairing()
    for frame in images:
        pairing.add_image(frame * FRAME_NS, f'image {frame}', 0.0)
    for frame in masks:
        pairing.add_mask(frame * FRAME_NS, f'mask {frame}')
    return pairing


def test_an_image_waits_for_the_mask_of_its_own_stamp() -> None:
    pairing = pairing_of([7], [6])
    assert pairing.take(0.1, 0.05, 0.5) == []
    pairing.add_mask(7 * FRAME_NS, 'mask 7')
    (pair,) = pairing.take(0.1, 0.05, 0.5)
    assert (pair.image, pair.mask, pair.apart_s, pair.paired) == ('image 7', 'mask 7', 0.0, True)
    assert len(pairing) == 0


def test_images_between_two_masks_take_the_nearest_one() -> None:
    pairing = pairing_of([1, 2], [0, 3])
    one, two = pairing.take(0.0, 0.05, 0.5)
    assert (one.mask, two.mask) == ('mask 0', 'mask 3')
    assert round(one.apart_s, 3) == 0.033
    assert round(two.apart_s, 3) == -0.033


def test_an_image_that_waited_long_enough_takes_what_there_is() -> None:
    pairing = pairing_of([7], [6])
    (pair,) = pairing.take(0.5, 0.05, 0.5)
    assert (pair.mask, pair.paired) == ('mask 6', True)


def test_a_mask_outside_the_tolerance_is_not_paired() -> None:
    (pair,) = pairing_of([7], [0]).take(0.5, 0.05, 0.5)
    assert (pair.mask, pair.paired) == ('mask 0', False)
    (pair,) = pairing_of([7], []).take(0.5, 0.05, 0.5)
    assert (pair.mask, pair.paired) == (None, False)


def test_the_newest_images_win() -> None:
    pairing = pairing_of(list(range(40)), [])
    assert (len(pairing), pairing.dropped) == (30, 10)
    assert pairing.take(1.0, 0.05, 0.5)[0].image == 'image 10'


def test_time_that_goes_back_starts_anew() -> None:
    pairing = pairing_of([100, 101], [100])
    pairing.add_image(0, 'image 0', 0.0)
    assert (len(pairing), pairing.dropped) == (1, 2)
    assert pairing.take(0.1, 0.05, 0.5) == []
    pairing.add_mask(0, 'mask 0')
    assert [pair.mask for pair in pairing.take(0.1, 0.05, 0.5)] == ['mask 0']


def test_masks_that_go_back_replace_the_newer_ones() -> None:
    pairing = pairing_of([], [100])
    pairing.add_mask(0, 'mask 0')
    pairing.add_image(0, 'image 0', 0.0)
    assert [pair.mask for pair in pairing.take(0.1, 0.05, 0.5)] == ['mask 0']
