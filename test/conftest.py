# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What many tests need: the shared folder of golden data, real weights and real pictures."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

os.environ['ORT_DISABLE_TELEMETRY'] = '1'  # for tests that import onnxruntime directly

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope='session')
def shared() -> Path:
    """The folder of golden data, weights and pictures that lies beside the checkout (or at $BODYPIX_SHARED)."""
    folder = Path(os.environ.get('BODYPIX_SHARED', REPOSITORY.parent / 'shared'))
    if not (folder / 'golden' / 'manifest.json').is_file():
        pytest.skip(f'needs the golden data; {folder} is not there (set BODYPIX_SHARED)')
    return folder


@pytest.fixture(scope='session')
def server(shared: Path) -> str:
    """The address of a folder laid out like the official server."""
    return (shared / 'tfjs-models').resolve().as_uri()


@pytest.fixture(scope='session')
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder that all tests of one run share."""
    return str(tmp_path_factory.mktemp('models'))


@pytest.fixture(scope='session')
def astronaut() -> NDArray[np.uint8]:
    """The one picture of a person that every fresh machine can have: (512, 512, 3) uint8 BGR."""
    data = pytest.importorskip('skimage.data', reason='needs the picture of scikit-image')
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture(scope='session')
def mediapipe_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache folder with MediaPipe's .tflite files, from the packages or files in $BODYPIX_MEDIAPIPE.

    The folder is filled, for example, by `pip download --no-deps mediapipe==0.10.21` and
    `npm pack @mediapipe/pose@0.5.1675469404`. Packages that lack a network do not matter: its tests are skipped.
    """
    from bodypix_ros.models.mediapipe.archives import contains_files, import_files
    from bodypix_ros.settings import NetworkSettings

    pytest.importorskip('tflite', reason='needs the package tflite')
    folder = Path(os.environ.get('BODYPIX_MEDIAPIPE', ''))
    settings = NetworkSettings(model_dir=str(tmp_path_factory.mktemp('mediapipe')))
    archives = [*folder.rglob('mediapipe-*.whl'), *folder.rglob('mediapipe-*.tgz')]
    sources = [str(path) for path in [folder, *archives]] if os.environ.get('BODYPIX_MEDIAPIPE') else []
    imported = [import_files(source, settings) for source in sources if contains_files(source)]
    if not imported:
        pytest.skip("needs MediaPipe's files; set BODYPIX_MEDIAPIPE to a folder with its wheel and packages of npm")
    return settings.model_dir
