# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measuring one case."""

from __future__ import annotations

import numpy as np
import pytest

from bodypix_ros.bench import frame_bench
from bodypix_ros.bench.cases import Case
from bodypix_ros.bench.frame_bench import measure_case, measure_new_process
from bodypix_ros.bench.report import STAGES
from bodypix_ros.errors import BodyPixError
from bodypix_ros.settings import NetworkSettings


def test_a_case_has_every_stage_in_order(astronaut: np.ndarray, model_dir: str) -> None:
    settings = NetworkSettings(model='bodypix_ros', internal_resolution=193, model_dir=model_dir, provider='cpu')
    report = measure_case(Case(320, 240, 2, settings), astronaut, 0.1)
    assert [stage for stage in STAGES if stage in report.stages_ms] == list(report.stages_ms)
    assert set(STAGES) - {'receive', 'publish'} <= set(report.stages_ms)  # these need ROS
    assert report.provider == 'cpu'
    assert report.person > 0.05
    assert report.stages_ms['whole frame'] == report.frame.median_ms
    assert all(ms > 0 for ms in report.stages_ms.values())
    assert report.vs_bare is not None
    assert report.vs_bare.time > 0
    assert report.first_mask_ms > report.frame.median_ms
    assert report.peak_mb > 50


def test_a_process_that_fails_is_an_error_with_its_last_line(
    astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_bench, '_NEW_PROCESS', 'import no_such_module')
    with pytest.raises(BodyPixError, match='the new process failed: ModuleNotFoundError: .*no_such_module'):
        measure_new_process(Case(64, 48, 1, NetworkSettings()), astronaut)
