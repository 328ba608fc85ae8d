# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress bars on the terminal."""

from __future__ import annotations

import pytest

from bodypix_ros.cli.progress import ProgressBar


@pytest.mark.parametrize(
    ('unit', 'done', 'total', 'text'),
    [
        ('', 2048, 0, 'loading: 2.05kB ['),
        ('', 2048, 4096, 'loading:  50%'),
        ('', 1, 1, ' 1/1 ['),
        ('frame', 3, 0, 'loading: 3 frames ['),
    ],
)
def test_a_bar_shows_what_is_done(
    unit: str, done: int, total: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar(unit) as progress:
        progress('loading', 0, total)
        progress('loading', done, total)
    assert text in capsys.readouterr().err


def test_a_log_file_does_not_grow_with_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar('frame') as progress:
        for done in range(1000):
            progress('loading', done, 1000)
        during = capsys.readouterr().err
    assert during.count('\r') == 1  # stderr of this test is not a terminal
    assert 'loading: 100%' in capsys.readouterr().err
