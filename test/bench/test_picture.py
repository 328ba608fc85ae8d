"""A picture of a person in any size."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bodypix_ros.bench.picture import astronaut, fit
from bodypix_ros.errors import BodyPixError


@pytest.mark.parametrize(('width', 'height'), [(640, 480), (480, 640), (1920, 1080), (100, 100), (3, 200), (1, 1)])
def test_the_whole_picture_is_in_the_frame_and_its_borders_fill_the_rest(width: int, height: int) -> None:
    picture = np.zeros((50, 100, 3), np.uint8)
    picture[:, :50] = 200
    frame = fit(picture, width, height)
    assert frame.shape == (height, width, 3)
    assert frame.flags.c_contiguous
    if width > 2:
        assert frame[0, 0, 0] == frame[-1, 0, 0] == 200
        assert frame[0, -1, 0] == frame[-1, -1, 0] == 0


def test_the_astronaut_comes_in_bgr(astronaut: np.ndarray) -> None:
    from bodypix_ros.bench.picture import astronaut as ours

    assert np.array_equal(ours(), astronaut)


def test_without_scikit_image_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'skimage', None)
    with pytest.raises(BodyPixError, match='scikit-image, which is not installed; .* or give a --picture'):
        astronaut()
