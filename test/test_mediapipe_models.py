# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's models behind the public interface; with their weights where these are on this machine."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import onnxruntime
import pytest

import bodypix_ros
from bodypix_ros import Segmenter, VideoState
from bodypix_ros.errors import ImageError, ModelError, ProviderError
from bodypix_ros.inference.mediapipe import session
from bodypix_ros.models.mediapipe import files
from bodypix_ros.parts import BLAZEPOSE_KEYPOINTS, KEYPOINTS, opposite_side
from bodypix_ros.people import Person
from bodypix_ros.render import draw_bokeh, render_overlay
from bodypix_ros.settings import BLAZEPOSE_MODELS, SELFIE_MODELS


def load(model: str, folder: str, **changes: object) -> Segmenter:
    try:
        return bodypix_ros.load(model=model, model_dir=folder, provider='cpu', **changes)
    except ModelError as error:
        pytest.skip(f'needs the weights of {model}: {error}')


@pytest.fixture(scope='module')
def own() -> Segmenter:
    return bodypix_ros.load(provider='cpu')


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.count_nonzero(first & second) / np.count_nonzero(first | second))


@pytest.mark.parametrize('model', [*SELFIE_MODELS, *BLAZEPOSE_MODELS])
def test_every_model_segments_a_person(mediapipe_dir, astronaut, own, model) -> None:
    net = load(model, mediapipe_dir)
    assert net.network.model == model
    assert net.network.name.startswith('MediaPipe ')
    assert net.model_reason == f'model {model} was requested'
    assert (net.has_parts, net.provider) == (False, 'cpu')
    found = net.segment(astronaut, confidence=True)
    assert found.parts is None
    assert overlap(found.mask, own.segment(astronaut).mask) > 0.6  # the selfie models include a part of the flag
    assert np.array_equal(found.mask, found.confidence > 127)
    np.testing.assert_array_equal(net.segment_batch([astronaut[:400], astronaut])[1].mask, found.mask)


@pytest.mark.parametrize('model', ['selfie_general', 'blazepose_full'])
def test_a_mirrored_view_gives_mirrored_masks(mediapipe_dir, astronaut, model) -> None:
    net = load(model, mediapipe_dir)
    flipped = net.segment(astronaut, flip_horizontal=True, confidence=True)
    mirror_image = net.segment(astronaut[:, ::-1], confidence=True)
    np.testing.assert_array_equal(flipped.mask, mirror_image.mask[:, ::-1])
    np.testing.assert_array_equal(flipped.confidence, mirror_image.confidence[:, ::-1])


def the_person(net: Segmenter, image: np.ndarray, **changes: object) -> Person:
    (person,) = net.segment(image, people=True, **changes).people.persons
    return person


@pytest.mark.parametrize('model', BLAZEPOSE_MODELS)
def test_blazepose_finds_33_keypoints_in_pixels_and_in_metres(mediapipe_dir, astronaut, own, model) -> None:
    net = load(model, mediapipe_dir)
    person = the_person(net, astronaut)
    assert tuple(point.name for point in person.keypoints) == BLAZEPOSE_KEYPOINTS
    assert tuple(point.name for point in person.world_keypoints) == BLAZEPOSE_KEYPOINTS
    ours = {point.name: point for point in the_person(own, astronaut).keypoints}
    points = {point.name: point for point in person.keypoints}
    for name in KEYPOINTS[:5]:  # the head
        assert np.hypot(points[name].x - ours[name].x, points[name].y - ours[name].y) < 25
    assert points['nose'].z < points['left_ear'].z  # she looks into the camera
    world = {point.name: point for point in person.world_keypoints}
    shoulders_m = np.subtract(*[(p.x, p.y, p.z) for p in (world['left_shoulder'], world['right_shoulder'])])
    assert 0.25 < np.linalg.norm(shoulders_m) < 0.45
    assert person.box is not None
    assert person.area_px > 80_000


def test_left_and_right_are_those_of_the_person_in_a_mirrored_view(mediapipe_dir, astronaut) -> None:
    net = load('blazepose_full', mediapipe_dir)
    flipped, mirror_image = (
        the_person(net, astronaut, flip_horizontal=True), the_person(net, astronaut[:, ::-1])
    )  # fmt: skip
    others = {point.name: point for point in mirror_image.keypoints}
    for point in flipped.keypoints:
        other = others[opposite_side(point.name)]
        assert (point.x, point.y, point.z) == (511 - other.x, other.y, other.z)


def test_one_person_needs_only_the_detector_of_mediapipe(mediapipe_dir, astronaut) -> None:
    net = load('blazepose_full', mediapipe_dir)
    one, several = the_person(net, astronaut, max_people=1), the_person(net, astronaut)
    distances = [
        np.hypot(a.x - b.x, a.y - b.y)
        for a, b in zip(one.keypoints, several.keypoints, strict=True)
        if min(a.score, b.score) > 0.9
    ]
    assert len(distances) > 10
    assert np.median(distances) < 20


def test_a_person_is_followed_through_a_video(mediapipe_dir, astronaut) -> None:
    net, state = load('blazepose_lite', mediapipe_dir), VideoState()
    for shift in range(0, 60, 10):
        image = np.roll(astronaut, shift, axis=1)
        person = the_person(net, image, state=state)
        nose = person.keypoints[0]
        assert np.hypot(nose.x - 223 - shift, nose.y - 117) < 40
        assert len(state.regions) == 1


def test_several_people_are_separated(mediapipe_dir, shared) -> None:
    image = cv2.imread(str(shared / 'images' / 'demo' / 'three_people_1049x861.jpg'))
    people = load('blazepose_full', mediapipe_dir).segment(image, people=True).people
    assert len(people.persons) == 3
    assert set(np.unique(people.labels)) == {0, 1, 2, 3}
    columns = sorted(np.nonzero(people.mask_of(person))[1].mean() for person in people.persons)
    assert min(np.diff(columns)) > 150


def test_selfies_of_people_are_instances(mediapipe_dir, astronaut) -> None:
    net = load('selfie_general', mediapipe_dir)
    found = net.segment(astronaut, people=True, selfie_crop='people')
    (person,) = found.people.persons
    assert [point.name for point in person.keypoints] == list(KEYPOINTS)
    assert person.area_px > 80_000
    with pytest.raises(ModelError, match='selfie_general does not separate people: set selfie_crop to people'):
        net.segment(astronaut, people=True)


def test_overlays_need_no_parts(mediapipe_dir, astronaut) -> None:
    found = load('selfie_general', mediapipe_dir).segment(astronaut)
    assert draw_bokeh(astronaut, found.mask).shape == astronaut.shape
    with pytest.raises(ImageError, match='overlay_effect parts requires body parts'):
        render_overlay(astronaut, found)


@pytest.fixture
def no_files(tmp_path, monkeypatch) -> str:
    """An empty cache on a machine without packages of MediaPipe."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files.importlib.util, 'find_spec', lambda _name: None)
    return str(tmp_path)


def test_missing_weights_are_explained(no_files) -> None:
    with pytest.raises(ModelError, match=r'selfie_landscape was not found on this machine; fetch .*\.tflite \(Google'):
        bodypix_ros.load(model='selfie_landscape', model_dir=no_files)


def test_all_missing_weights_of_a_model_are_named_at_once(no_files) -> None:
    expected = (
        'pose_detection and pose_landmarks_full were not found on this machine; fetch pose_detection.tflite and '
        'pose_landmark_full.tflite (Google, Apache-2.0) with `bodypix models fetch pose_detection pose_landmarks_full`'
    )
    with pytest.raises(ModelError) as raised:
        bodypix_ros.load(model='blazepose_full', model_dir=no_files)
    assert str(raised.value).startswith(expected)


@pytest.mark.parametrize('model', ['selfie_general', 'blazepose_lite'])
@pytest.mark.parametrize('correct', [True, False])
def test_a_gpu_is_used_only_if_its_results_are_correct(mediapipe_dir, astronaut, monkeypatch, model, correct) -> None:
    load(model, mediapipe_dir)

    class Gpu:
        """A session that says that it is a GPU; wrong by a constant if it is not correct."""

        def __init__(self, onnx: bytes) -> None:
            self._session = onnxruntime.InferenceSession(onnx, providers=['CPUExecutionProvider'])

        def get_outputs(self) -> list:
            return self._session.get_outputs()

        def run(self, names: list, feed: dict) -> list:
            return [values if correct else values + 1 for values in self._session.run(names, feed)]

    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: ['CUDAExecutionProvider'])
    monkeypatch.setattr(session, '_open_cuda', lambda onnx, _device_id: ('CUDA device 0', Gpu(onnx)))
    net = bodypix_ros.load(model=model, model_dir=mediapipe_dir)
    assert net.provider == ('cuda' if correct else 'cpu')
    assert ('verified against the CPU' if correct else 'disagrees with the CPU') in net.provider_reason
    expected = load(model, mediapipe_dir).segment(astronaut, max_people=1)
    np.testing.assert_array_equal(net.segment(astronaut, max_people=1).mask, expected.mask)
    if not correct:
        with pytest.raises(ProviderError, match='require_gpu is true, but CUDA device 0 disagrees with the CPU'):
            bodypix_ros.load(model=model, model_dir=mediapipe_dir, require_gpu=True)


def modules_after(program: str) -> set[str]:
    """Return the names of the modules that a program has imported at its end."""
    program = f'import sys, numpy, bodypix_ros\n{program}\nprint(*sys.modules)'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


def test_the_default_model_loads_nothing_of_the_others() -> None:
    loaded = modules_after(
        "net = bodypix_ros.load(provider='cpu'); net.segment(numpy.zeros((64, 64, 3), 'u1'), people=True)"
    )
    assert not {name for name in loaded if 'mediapipe' in name or name == 'tflite'}


def test_models_of_mediapipe_load_our_network_only_if_they_need_it(mediapipe_dir) -> None:
    load('blazepose_lite', mediapipe_dir)
    load('selfie_general', mediapipe_dir)
    image = "numpy.zeros((64, 64, 3), 'u1')"
    for model in ('blazepose_lite', 'selfie_general'):
        loaded = modules_after(
            f"net = bodypix_ros.load(model={model!r}, model_dir={mediapipe_dir!r}, provider='cpu')\n"
            f'net.segment({image}, max_people=1)'
        )
        assert not {name for name in loaded if name.startswith('bodypix_ros.models.own') or name == 'tflite'}
        assert 'bodypix_ros.inference.mediapipe.session' in loaded
