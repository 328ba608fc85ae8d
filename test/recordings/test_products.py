# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import pickle

import clips
import numpy as np
import pytest
from numpy.typing import NDArray
from red_person_net import RedPersonNet

from bodypix_ros.anonymizer import SEARCH_SETTINGS
from bodypix_ros.recordings.frames import Frame, with_upcoming
from bodypix_ros.recordings.products import PRODUCTS, ProductMaker, ProductSettings
from bodypix_ros.render import cut_out, render_overlay
from bodypix_ros.segmentation import VideoState
from bodypix_ros.settings import AnonymizeSettings, PictureSettings, SegmentSettings, TrackingSettings

STEADY = ProductSettings(
    segment=SegmentSettings(threshold=0.6), tracking=TrackingSettings(smoothing=True, keypoint_smoothing=True)
)


def frames(count: int) -> list[Frame]:
    return [Frame(i, i / 10, image, f'{i:06}') for i, image in enumerate(clips.red_walk(count))]


def maker(*products: str, settings: ProductSettings | None = None) -> tuple[RedPersonNet, ProductMaker]:
    net = RedPersonNet()
    return net, ProductMaker(net, products, settings or ProductSettings())


def red(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return image[..., 2] > 127


def test_each_product_of_a_frame() -> None:
    (frame,) = frames(1)
    _, make = maker(*PRODUCTS)
    made = make.make(frame)
    assert set(made) == set(PRODUCTS)
    mask = red(frame.image)
    assert np.array_equal(made['mask'], mask * np.uint8(255))
    found = RedPersonNet().segment(
        frame.image, SegmentSettings(), parts=True, people=True, confidence=True, state=VideoState()
    )
    assert np.array_equal(made['overlay'], render_overlay(frame.image, found))
    assert np.array_equal(made['cutout'], cut_out(frame.image, found))
    assert made['anonymized'].shape == frame.image.shape
    assert not np.array_equal(made['anonymized'], frame.image)
    line = json.loads(made['people'])
    assert (line['index'], line['stamp_s'], line['name'], line['height'], line['width']) == (0, 0.0, '000000', 96, 128)
    (person,) = line['people']
    assert person['track_id'] == 1
    assert person['box'] == {'x': 5, 'y': 20, 'width': 20, 'height': 60}
    assert [part['name'] for part in person['parts']] == ['left_face']
    assert len(person['keypoints']) == 17
    assert make.people_seen == 1


@pytest.mark.parametrize(
    ('products', 'asked'),
    [
        (('mask',), (False, False, False)),
        (('cutout',), (False, False, True)),
        (('overlay',), (True, False, False)),
        (('people',), (True, True, False)),
        (('anonymized',), (True, True, True)),
        (('mask', 'people'), (True, True, False)),
    ],
)
def test_only_what_the_products_need_is_computed(products: tuple[str, ...], asked: tuple[bool, ...]) -> None:
    net, make = maker(*products)
    assert set(make.make(frames(1)[0])) == set(products)
    assert net.asked == [asked]


@pytest.mark.parametrize(('effect', 'confidence'), [('mask', False), ('cutout', True)])
def test_an_overlay_without_parts_does_not_compute_them(effect: str, confidence: bool) -> None:
    net, make = maker('overlay', settings=ProductSettings(picture=PictureSettings(overlay_effect=effect)))
    make.make(frames(1)[0])
    assert net.asked == [(False, False, confidence)]


def test_a_person_keeps_the_track_id() -> None:
    _, make = maker('people')
    lines = [json.loads(make.make(frame)['people']) for frame in frames(8)]
    assert [line['people'][0]['track_id'] for line in lines] == [1] * 8
    _, make = maker('people', settings=ProductSettings(tracking=TrackingSettings(tracking=False)))
    assert 'track_id' not in json.loads(make.make(frames(1)[0])['people'])['people'][0]


def test_smoothing_changes_the_masks_of_later_frames() -> None:
    _, plain = maker('mask', settings=ProductSettings(segment=STEADY.segment))
    _, steady = maker('mask', settings=STEADY)
    pairs = [(plain.make(frame)['mask'], steady.make(frame)['mask']) for frame in frames(5)]
    assert np.array_equal(*pairs[0])
    assert not any(np.array_equal(*pair) for pair in pairs[1:])


@pytest.mark.parametrize('border', [1, 4, 9])
def test_a_restored_state_gives_the_same_products(border: int) -> None:
    all_frames = frames(14)
    for frame in all_frames[5:12]:
        frame.image[...] = 50  # the person is lost for longer than the anonymiser holds it
    _, whole = maker(*PRODUCTS, settings=STEADY)
    expected = [whole.make(*both) for both in with_upcoming(all_frames, whole.upcoming_s)]
    _, first = maker(*PRODUCTS, settings=STEADY)
    for frame, upcoming in list(with_upcoming(all_frames, first.upcoming_s))[:border]:
        first.make(frame, upcoming)
    _, second = maker(*PRODUCTS, settings=STEADY)
    second.restore(first.save())
    rest = with_upcoming(all_frames[border:], second.upcoming_s)
    for (frame, upcoming), wanted in zip(rest, expected[border:], strict=True):
        made = second.make(frame, upcoming)
        for name in PRODUCTS:
            assert np.array_equal(made[name], wanted[name]), (frame.index, name)
    assert second.doubts == whole.doubts
    assert [doubt.index for doubt in whole.doubts] == [10]


def test_each_frame_is_searched_once_and_covered_where_people_are_found_next() -> None:
    missed, *others = frames(4)
    missed.image[...] = 50
    net, make = maker('anonymized', settings=ProductSettings(anonymize=AnonymizeSettings(anonymize_style='fill')))
    covered = make.make(missed, others)['anonymized'] != missed.image
    assert covered[red(others[0].image)].all()
    assert len(net.asked) == 4
    make.make(others[0], others[1:])
    assert len(net.asked) == 4


def test_a_forged_state_runs_no_code() -> None:
    class Forged:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ('false',)

    _, make = maker('mask')
    with pytest.raises(pickle.UnpicklingError, match=r'posix.system is not part of a saved state'):
        make.restore(pickle.dumps(Forged()))
    for module, name in (
        ('bodypix_ros.cli.failures', 'sys.exit'),  # another module, through one of ours
        ('bodypix_ros.segmenter', 'load'),  # a function
        ('bodypix_ros.recordings.video', 'Path'),  # a class of another package
        ('numpy', 'fromfile'),
    ):
        words = b''.join(b'\x8c' + bytes([len(word)]) + word.encode() for word in (module, name))
        with pytest.raises(pickle.UnpicklingError, match=f'{module}.{name} is not part of a saved state'):
            make.restore(b'\x80\x04' + words + b'\x93.')


def test_what_is_anonymised_does_not_depend_on_the_settings_of_other_products() -> None:
    (frame,) = frames(1)
    frame.image[frame.image[..., 2] > 127] = 0, 0, 140  # between the thresholds of both
    strict = ProductSettings(segment=SegmentSettings(threshold=0.9, score_threshold=0.9, max_people=1))
    net, make = maker('anonymized', 'mask', settings=strict)
    made = make.make(frame)
    assert net.asked == [(True, True, True), (False, False, False)]
    assert not made['mask'].any()
    _, alone = maker('anonymized', settings=ProductSettings(segment=SEARCH_SETTINGS))
    assert np.array_equal(made['anonymized'], alone.make(frame)['anonymized'])
    assert not np.array_equal(made['anonymized'], frame.image)


def test_the_anonymiser_gets_its_settings() -> None:
    (frame,) = frames(1)
    _, make = maker('anonymized', settings=ProductSettings(anonymize=AnonymizeSettings(anonymize_style='fill')))
    filled = make.make(frame)['anonymized']
    _, make = maker('anonymized')
    assert not np.array_equal(make.make(frame)['anonymized'], filled)
