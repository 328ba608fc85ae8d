# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The list of MediaPipe's networks."""

from __future__ import annotations

import re

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.models.mediapipe.catalogue import CATALOGUE, NETWORKS, find_model, find_models, model_with_sum
from bodypix_ros.settings import BLAZEPOSE_MODELS, SELFIE_MODELS


def test_names_and_sums_are_unique() -> None:
    sums = [sha256 for model in CATALOGUE for sha256 in model.sums]
    assert len(set(sums)) == len(sums) == 15
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE) == 9
    assert all(re.fullmatch('[0-9a-f]{64}', sha256) for sha256 in sums)


def test_a_model_consists_of_networks_of_the_catalogue() -> None:
    assert NETWORKS.keys() > {*SELFIE_MODELS, *BLAZEPOSE_MODELS}
    assert {find_model(name) for names in NETWORKS.values() for name in names} == set(CATALOGUE)
    assert [network.name for network in find_models('blazepose_heavy')] == ['pose_detection', 'pose_landmarks_heavy']
    assert [network.name for network in find_models('palm_detection')] == ['palm_detection']


def test_file_names_are_those_of_google() -> None:
    assert find_model('hand_landmarks').file_name == 'hand_landmark_full.tflite'
    assert find_model('selfie_general').file_name == 'selfie_segmentation.tflite'


def test_a_file_is_recognised_by_its_sum() -> None:
    model = model_with_sum('59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe')
    assert model is not None
    assert model.name == 'pose_landmarks_heavy'
    assert model_with_sum('0' * 64) is None


def test_an_unknown_name_is_an_error_with_all_names() -> None:
    with pytest.raises(SettingError, match=r"must be one of selfie_general, .*hands, .*, got 'blazepose_huge'"):
        find_models('blazepose_huge')
