# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The public interface with the network in this package: nothing but the package and a picture is needed."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from checkpoints import whole_network, write_checkpoint

import bodypix_ros
from bodypix_ros import BodyPix, Segmenter, VideoState
from bodypix_ros.errors import ImageError, ModelError, SettingError
from bodypix_ros.models.network import load_network, resolve_model, resolve_settings
from bodypix_ros.settings import BODYPIX_ONLY, NetworkSettings, SegmentSettings


@pytest.fixture(scope='module')
def net() -> Segmenter:
    return bodypix_ros.load(provider='cpu')


def test_the_default_is_the_network_in_the_package(net: Segmenter) -> None:
    assert net.network.name == 'bodypix_ros 1.0'
    assert net.network.model == 'bodypix_ros'
    assert net.model_reason == 'bodypix_ros is the default'
    assert net.settings.model == 'bodypix_ros'
    assert net.network.stride == 4


def test_numpy_and_numba_give_equal_results(net: Segmenter, astronaut) -> None:
    pytest.importorskip('numba', reason='numba is not installed')
    plain = bodypix_ros.load(provider='cpu', kernels='numpy').segment(astronaut, confidence=True)
    compiled = net.segment(astronaut, confidence=True)
    assert np.mean(plain.mask != compiled.mask) < 1e-5
    assert np.mean(plain.parts != compiled.parts) < 1e-5
    assert np.abs(plain.confidence.astype(int) - compiled.confidence).max() <= 1


def test_the_confidence_is_there_where_it_was_asked_for(net: Segmenter, astronaut) -> None:
    assert net.segment(astronaut).confidence is None
    found = net.segment(astronaut, confidence=True)
    assert found.confidence.shape == astronaut.shape[:2]
    assert found.confidence.dtype == np.uint8
    assert np.array_equal(found.mask, found.confidence > 127)
    mirrored = net.segment(astronaut, flip_horizontal=True, confidence=True)
    assert np.array_equal(mirrored.mask, mirrored.confidence > 127)


def test_the_network_costs_the_same_whatever_the_size_of_the_picture(net: Segmenter) -> None:
    sizes = {(net.pipeline.geometry(*size).input_height, net.pipeline.geometry(*size).input_width)
             for size in ((360, 640), (720, 1280), (1080, 1920), (2160, 3840))}  # fmt: skip
    assert sizes == {(257, 449)}


def test_the_resolution_may_be_a_number_of_pixels(astronaut) -> None:
    net = bodypix_ros.load(provider='cpu', internal_resolution=257)
    assert net.pipeline.geometry(512, 512).input_width == 257
    assert net.segment(astronaut).mask[300, 150]


def test_threads_may_share_a_segmenter(net: Segmenter, astronaut) -> None:
    pictures = [astronaut, astronaut[:200], astronaut[:, :300], astronaut[::2, ::2]] * 3
    alone = [net.segment(picture).parts for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: net.segment(picture, people=True).parts, pictures))
    for one, other in zip(alone, together, strict=True):
        assert np.mean(one != other) < 1e-3  # the network with people is another graph


def test_a_generator_of_images_is_a_batch(net: Segmenter, astronaut) -> None:
    results = net.segment_batch(picture for picture in (astronaut, astronaut[:100]))
    assert [one.mask.shape for one in results] == [(512, 512), (100, 512)]
    assert net.segment_batch([]) == []


@pytest.mark.parametrize(
    ('images', 'said'),
    [
        (None, 'images must be a list of images, got NoneType'),
        ([None], 'got NoneType; cv2.imread returns None'),
        (['people.jpg'], 'got str'),
        (np.zeros((4, 4, 3), np.uint8), r'got \(4, 4, 3\) of type uint8; segment takes a single image'),
    ],
)
def test_what_is_no_list_of_images_is_refused(net: Segmenter, images, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        net.segment_batch(images)


@pytest.mark.parametrize(
    ('states', 'text'),
    [
        ([VideoState()], 'states must be one per image, got 1 for 2 images'),
        (VideoState(), r'states must be a list of VideoState or None, got VideoState\(size=None'),
        ([None, 5], r'states must be a list of VideoState or None, got \[None, 5\]'),
    ],
)
def test_states_are_one_for_each_image(net: Segmenter, astronaut, states, text: str) -> None:
    with pytest.raises(SettingError, match=text):
        net.segment_batch([astronaut, astronaut], states=states)


@pytest.mark.parametrize(
    ('size', 'text'),
    [
        ((0, 640), 'height must be an integer of at least 1, got 0'),
        ((480, 640.0), 'width must be an integer of at least 1, got 640.0'),
        ((480, 640, -1), 'count must be an integer of at least 1, got -1'),
        ((480, 640, 1, {'threshold': 0.5}), 'settings must be SegmentSettings, got dict'),
    ],
)
def test_impossible_sizes_are_not_prepared(net: Segmenter, size, text: str) -> None:
    with pytest.raises(SettingError, match=text):
        net.prepare(*size)
    net.prepare(np.int64(480), np.int64(640))  # type: ignore[arg-type]


def test_numbers_of_numpy_and_paths_are_settings(net: Segmenter, astronaut, tmp_path: Path) -> None:
    masks = [net.segment(astronaut, threshold=value).mask for value in (0.75, np.float32(0.75), np.float64(0.75))]
    assert np.array_equal(masks[0], masks[1])
    assert np.array_equal(masks[0], masks[2])
    settings = NetworkSettings(threads=np.int64(2), model_dir=tmp_path, require_gpu=np.bool_(False))  # type: ignore[arg-type]
    assert (settings.threads, settings.model_dir, settings.require_gpu) == (2, str(tmp_path), False)


def test_a_misspelled_setting_is_refused_with_its_right_name(net: Segmenter, astronaut) -> None:
    with pytest.raises(SettingError, match='setting treshold does not exist here; did you mean threshold?'):
        net.segment(astronaut, treshold=0.5)
    with pytest.raises(SettingError, match='setting multiplyer does not exist here; did you mean multiplier?'):
        bodypix_ros.load(multiplyer=0.5)
    with pytest.raises(SettingError, match='settings must be SegmentSettings, got NetworkSettings'):
        net.segment(astronaut, NetworkSettings())  # type: ignore[arg-type]


def test_settings_of_bodypix_alone_select_it(tmp_path: Path) -> None:
    absent = {'model_dir': str(tmp_path), 'model_url': tmp_path.as_uri()}
    for changes in ({'multiplier': 0.75}, {'stride': 16}, {'model': 'bodypix'}):
        with pytest.raises(ModelError, match='fetch'):
            bodypix_ros.load(**changes, **absent)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match='fetch'):
        bodypix_ros.load(NetworkSettings(multiplier=0.5, **absent))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match='fetch'):
        BodyPix.load(**absent)


def test_bodypix_loads_no_other_model() -> None:
    with pytest.raises(SettingError, match="BodyPix.load loads the model bodypix, got 'bodypix_ros'"):
        BodyPix.load(model='bodypix_ros')
    with pytest.raises(SettingError, match="BodyPix.load loads the model bodypix, got 'bodypix_ros'"):
        BodyPix.load(NetworkSettings(model='bodypix_ros'))


@pytest.mark.parametrize(
    ('settings', 'given', 'model', 'reason'),
    [
        ({}, (), 'bodypix_ros', 'bodypix_ros is the default'),
        ({}, ('threads', 'model_dir'), 'bodypix_ros', 'bodypix_ros is the default'),
        ({}, ('multiplier',), 'bodypix', 'multiplier is a setting of bodypix'),
        ({}, ('stride', 'threads', 'multiplier'), 'bodypix', 'multiplier and stride are settings of bodypix'),
        ({'model': 'bodypix'}, (), 'bodypix', 'model bodypix was requested'),
        ({'model': 'bodypix_ros'}, (), 'bodypix_ros', 'model bodypix_ros was requested'),
        (
            {'model': 'bodypix_ros'},
            ('stride',),
            'bodypix_ros',
            'model bodypix_ros was requested; stride is a setting of bodypix and ignored',
        ),
        (
            {'checkpoint': 'builtin'},
            ('checkpoint',),
            'bodypix_ros',
            "checkpoint 'builtin' of version 0.1 means bodypix_ros",
        ),
    ],
)
def test_the_model_follows_what_was_given(settings, given, model: str, reason: str) -> None:
    assert resolve_model(NetworkSettings(**settings), given) == (model, reason)


def test_every_setting_of_bodypix_alone_selects_it() -> None:
    assert {resolve_model(NetworkSettings(), (name,))[0] for name in BODYPIX_ONLY} == {'bodypix'}


def test_checkpoints_of_version_0_1_are_understood_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    settings, _ = resolve_settings(NetworkSettings(checkpoint='builtin'), ('checkpoint',))
    assert (settings.model, settings.checkpoint) == ('bodypix_ros', 'official')
    settings, _ = resolve_settings(NetworkSettings(checkpoint='auto'), ('checkpoint',))
    assert (settings.model, settings.checkpoint) == ('bodypix', 'official')
    assert [one.getMessage() for one in caplog.records] == [
        "checkpoint 'builtin' is deprecated; set model to bodypix_ros",
        "checkpoint 'auto' is deprecated; set checkpoint to official",
    ]
    with pytest.raises(SettingError, match="got 'builtin'.*set model to bodypix_ros"):
        resolve_settings(NetworkSettings(model='bodypix', checkpoint='builtin'))


def test_pixels_are_for_our_network_alone(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / 'weights', 'model-stride16.json', whole_network(0.5))
    with pytest.raises(SettingError, match='got 449 pixels; set a fraction, or set model to bodypix_ros'):
        BodyPix.load(internal_resolution=449, multiplier=0.5, checkpoint=str(folder), model_dir=str(tmp_path))


def test_absent_weights_are_reported_before_a_resolution_that_our_network_supports(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='weights are not in'):
        BodyPix.load(internal_resolution=449, model_dir=str(tmp_path))


def test_int8_is_for_bodypix_alone() -> None:
    with pytest.raises(SettingError, match='precision int8 is for BodyPix with mobilenet_v1, got model bodypix_ros'):
        load_network(NetworkSettings(model='bodypix_ros', precision='int8', provider='cpu'))


@pytest.mark.parametrize('size', [(1, 1), (2, 300), (300, 2), (17, 33)])
def test_the_smallest_pictures_are_segmented(net: Segmenter, size: tuple[int, int]) -> None:
    result = net.segment(np.full((*size, 3), 127, np.uint8), people=True, confidence=True)
    assert result.mask.shape == result.parts.shape == result.confidence.shape == size


def test_settings_of_a_call_win_over_settings_given_as_a_whole(net: Segmenter, astronaut) -> None:
    strict = net.segment(astronaut, SegmentSettings(threshold=0.99))
    lax = net.segment(astronaut, SegmentSettings(threshold=0.99), threshold=0.01)
    assert strict.mask.sum() < lax.mask.sum()


def test_the_network_runs_once_for_an_image_with_several_settings(net: Segmenter, astronaut) -> None:
    image, search = astronaut.copy(), SegmentSettings(threshold=0.3, score_threshold=0.2)
    shown = net.segment(image)
    searched = net.segment(image, search, people=True, confidence=True)
    with net.run_once():
        again = net.segment(image)
        found = net.segment(image, search, people=True, confidence=True)
    assert again.timings.inference_ms > 0
    assert (found.timings.preprocess_ms, found.timings.inference_ms) == (0, 0)
    np.testing.assert_array_equal(again.mask, shown.mask)
    np.testing.assert_array_equal(again.parts, shown.parts)
    np.testing.assert_array_equal(found.mask, searched.mask)
    np.testing.assert_array_equal(found.confidence, searched.confidence)
    assert found.people.persons == searched.people.persons
    image[:] = 0
    assert not net.segment(image).mask.any(), 'after the block, an image may change'
