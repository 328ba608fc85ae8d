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
