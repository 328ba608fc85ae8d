# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The results of a benchmark, as dataclasses and as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .cases import Case
from .timing import Interference, Ratio, Summary

SCHEMA = 2
"""Version of the JSON schema; incremented with every incompatible change."""

RECEIVE, RENDER, PUBLISH = 'receive', 'render', 'publish'
FRAME, MASK_ONLY, WITH_PEOPLE, BARE = 'whole frame', 'mask only', 'with people', 'bare network'
STAGES = (
    RECEIVE,
    'preprocess',
    'inference',
    'postprocess',
    FRAME,
    MASK_ONLY,
    WITH_PEOPLE,
    RENDER,
    PUBLISH,
    BARE,
)
"""What is measured of a case, in the order of the tables.

`whole frame` is `segment_batch`, from pixels to mask and parts; `preprocess`, `inference` and `postprocess` are its own
timings. `mask only` and `with people` are the same call without parts and with people. `receive` and `publish` are the
conversions of messages without DDS. `bare network` is `session.run` alone.
"""


@dataclass(frozen=True)
class CaseReport:
    """Results of one case.

    Attributes:
        case: the case.
        network: name of the network.
        provider: the provider that ran it.
        provider_reason: why this provider was chosen.
        kernels: implementation of preprocessing and decoding.
        input_size: width and height of the network input, pixels.
        person: fraction of the image that is labelled as a person, 0..1.
        frame: statistics of the whole frame, for the whole batch.
        stages_ms: median milliseconds for the whole batch, by name; see STAGES.
        vs_bare: the whole frame relative to the bare network; None on a GPU.
        first_mask_ms: from the start of a new process to its first mask.
        peak_mb: peak memory of that process.
        interference: load of other processes.
    """

    case: Case
    network: str
    provider: str
    provider_reason: str
    kernels: str
    input_size: tuple[int, int]
    person: float
    frame: Summary
    stages_ms: dict[str, float]
    vs_bare: Ratio | None
    first_mask_ms: float
    peak_mb: float
    interference: Interference


@dataclass(frozen=True)
class NodeReport:
    """Results of the node on one case, with a camera and a subscriber of mask and parts in separate processes.

    Attributes:
        case: the case.
        network: name of the network.
        provider: the provider that ran it.
        rate_hz: frame rate of the camera.
        first_mask_ms: from the start of the node's process to the arrival of its first mask.
        frames: number of frames whose results were published during the measurement.
        dropped: number of frames that were replaced by newer ones before they were processed.
        stages_ms: median milliseconds from the node's statistics; `age` is from the stamp of the image to the
            publication of its results, including the transport from the camera.
        latency_ms: median, from the stamp of the image to the arrival of its mask at the subscriber.
        cpu_ms: CPU time of the node per frame; None if psutil is not installed.
    """

    STAGES: ClassVar = ('receive', 'wait', 'preprocess', 'inference', 'postprocess', 'publish', 'age')

    case: Case
    network: str
    provider: str
    rate_hz: float
    first_mask_ms: float
    frames: int
    dropped: int
    stages_ms: dict[str, float]
    latency_ms: float
    cpu_ms: float | None


@dataclass(frozen=True)
class Report:
    """Results of a whole run."""

    machine: dict[str, str | int | float]
    cases: list[CaseReport] = field(default_factory=list)
    nodes: list[NodeReport] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the report as JSON, with the version of its schema."""
        values: dict[str, Any] = {'schema': SCHEMA, **dataclasses.asdict(self)}
        return json.dumps(values, indent=1)
