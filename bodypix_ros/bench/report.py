"""What a run of the benchmark found, as dataclasses and as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .case import Case
from .summary import Ratio, Summary
from .turns import Noise

SCHEMA = 1
"""Version of the JSON's form; it changes with every change that breaks a reader."""


@dataclass(frozen=True)
class CaseReport:
    """One case, measured in this process and in a fresh one.

    Attributes:
        case: what was measured.
        network: its name.
        provider: what really ran it.
        reason: why that.
        kernels: what prepared and decoded the frames.
        input_size: width and height of the network input, pixels.
        person: share of the picture that is a person, 0..1.
        stages: of the whole batch, by name, in the order of a frame's way.
        times_bare: a whole frame in terms of the inference alone; None on a GPU, which does both in one.
        first_mask_ms: from the start of a fresh process to its first mask.
        peak_mb: the most memory that this process held.
        noise: how much other programs disturbed.
    """

    case: Case
    network: str
    provider: str
    reason: str
    kernels: str
    input_size: tuple[int, int]
    person: float
    stages: dict[str, Summary]
    times_bare: Ratio | None
    first_mask_ms: float
    peak_mb: float
    noise: Noise


@dataclass(frozen=True)
class PeerReport:
    """One program on one case.

    Attributes:
        name: on the command line.
        what: what it is and does.
        title: with versions.
        knows_batches: its calls are of whole batches, not of one picture.
        times_ours: its calls in terms of ours.
        summary: of its calls.
        person: share of the picture that it takes for a person, 0..1; None where it finds none of that.
        first_ms: from the start of its process to the end of its first call.
        peak_mb: the most memory that its process held.
    """

    name: str
    what: str
    title: str
    knows_batches: bool
    times_ours: Ratio
    summary: Summary
    person: float | None
    first_ms: float
    peak_mb: float


@dataclass(frozen=True)
class Comparison:
    """All programs on one case, ourselves first, why some are missing, and how much others disturbed."""

    case: Case
    peers: list[PeerReport]
    absent: list[str]
    noise: Noise


@dataclass(frozen=True)
class NodeReport:
    """The node on one case, fed by a camera, with a listener to its masks and parts.

    Attributes:
        case: what was measured.
        network: its name.
        provider: what ran it.
        rate_hz: of the camera.
        first_mask_ms: from the start of the node's process to the arrival of its first mask.
        frames: whose results were published while it was watched.
        dropped: frames that newer ones replaced meanwhile.
        stages: median milliseconds as the node itself tells them; `age` is from an image's stamp to the publication
            of its results, the way from the camera included.
        arrival_ms: median, from an image's stamp to the arrival of its mask at the listener.
        cpu_ms: processor time of the node for each frame; None where it cannot be known.
    """

    STAGES: ClassVar = ('receive', 'wait', 'preprocess', 'inference', 'postprocess', 'publish', 'age')

    case: Case
    network: str
    provider: str
    rate_hz: float
    first_mask_ms: float
    frames: int
    dropped: int
    stages: dict[str, float]
    arrival_ms: float
    cpu_ms: float | None


@dataclass(frozen=True)
class Report:
    """A whole run."""

    machine: dict[str, str | int | float]
    cases: list[CaseReport] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    nodes: list[NodeReport] = field(default_factory=list)

    def to_json(self) -> str:
        """Return everything as JSON, with the version of its form."""
        values: dict[str, Any] = {'schema': SCHEMA, **dataclasses.asdict(self)}
        return json.dumps(values, indent=1)
