# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports with given numbers."""

from __future__ import annotations

from bodypix_ros.bench.cases import Case
from bodypix_ros.bench.report import CaseReport, NodeReport, Report
from bodypix_ros.bench.timing import Interference, Ratio, Summary
from bodypix_ros.settings import NetworkSettings

CASE = Case(640, 480, 2, NetworkSettings(model='bodypix', multiplier=0.5))


def case_report(provider: str = 'cpu') -> CaseReport:
    on_cpu = provider == 'cpu'
    stages_ms = {'preprocess': 0.5, 'inference': 4.0, 'postprocess': 0.25, 'whole frame': 5.0}
    return CaseReport(
        case=CASE,
        network='official MobileNetV1 0.50, 4-byte weights, stride 16',
        provider=provider,
        provider_reason='provider is cpu',
        kernels='numba',
        input_size=(321, 241),
        person=0.31,
        frame=Summary(4.5, 5.0, 8.0, 9.0),
        stages_ms={**stages_ms, 'bare network': 3.75} if on_cpu else stages_ms,
        vs_bare=Ratio(1.25, 1.2, 1.3) if on_cpu else None,
        first_mask_ms=612.0,
        peak_mb=242.4,
        interference=Interference(10, 7, 0.05),
    )


def node_report(cpu_ms: float | None = 5.5) -> NodeReport:
    stages_ms = dict(zip(NodeReport.STAGES, (0.05, 0.5, 0.25, 2.0, 0.5, 0.3, 4.75), strict=True))
    return NodeReport(CASE, 'a network', 'cpu', 30.0, 1530.0, 240, 1, stages_ms, 5.25, cpu_ms)


def report() -> Report:
    return Report({'processor': 'A CPU', 'processors': 2}, [case_report()], [node_report()])
