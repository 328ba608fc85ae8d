"""Measuring cases, and comparing programs on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from ..inference.kernels import choose_kernels
from ..segmenter import BodyPix
from .case import Case
from .peer import OURS, AbsentPeer, Peer
from .picture import fit
from .process import PeerError, PeerProcess
from .report import CaseReport, Comparison, PeerReport
from .stages import BARE, WHOLE, Scene, stage_jobs
from .summary import Ratio, Summary
from .turns import Burst, runner_of, take_turns
from .workshop import Workshop

_PEER_BURST_MS = 250.0


def measure_case(case: Case, picture: NDArray[np.uint8], seconds: float, workshop: Workshop) -> CaseReport:
    """Time the stages of one case, in turns.

    Args:
        case: what to measure.
        picture: (H, W, 3) uint8 BGR; seen in the case's size.
        seconds: how long, at least.
        workshop: starts the fresh process that gives the time to the first mask and the memory.
    """
    net = BodyPix.load(case.network)
    scene = Scene(net, [fit(picture, case.width, case.height)] * case.batch)
    rounds = take_turns({stage: runner_of(job) for stage, job in stage_jobs(scene).items()}, seconds)
    bursts = rounds.trusted()
    with workshop.start(OURS, case) as fresh:
        fresh(1)
    bare = bursts.get(BARE)
    return CaseReport(
        case=case,
        network=net.network.name,
        provider=net.provider,
        reason=net.provider_reason,
        kernels=choose_kernels(net.settings.kernels).name,
        input_size=(scene.geometry.input_width, scene.geometry.input_height),
        person=float(net.segment(scene.images[0]).mask.mean()),
        stages={stage: Summary.of(of_stage) for stage, of_stage in bursts.items()},
        times_bare=Ratio.of(bursts[WHOLE], bare) if bare else None,
        first_mask_ms=fresh.first_ms,
        peak_mb=fresh.peak_mb,
        noise=rounds.noise,
    )


def compare(case: Case, peers: Sequence[Peer], seconds: float, workshop: Workshop) -> Comparison:
    """Run ourselves and other programs side by side, each in a fresh process, one burst each by turns.

    Args:
        case: what all of them do.
        peers: the others.
        seconds: how long, at least.
        workshop: starts them.
    """
    absent: list[str] = []
    with ExitStack() as stack:
        running = {OURS.name: (OURS, stack.enter_context(workshop.start(OURS, case)))}
        for peer in peers:
            try:
                running[peer.name] = peer, stack.enter_context(workshop.start(peer, case))
            except AbsentPeer as absence:
                absent.append(str(absence))
            except PeerError as error:
                absent.append(f'{peer.name} is left out: {error}')
        rounds = take_turns({name: process for name, (_, process) in running.items()}, seconds, _PEER_BURST_MS)
        reports = [_report(peer, process, rounds.trusted(), case) for peer, process in running.values()]
    return Comparison(case, reports, absent, rounds.noise)


def _report(peer: Peer, process: PeerProcess, bursts: dict[str, list[Burst]], case: Case) -> PeerReport:
    """Return one program's figures. Who knows no batches does one picture in a call where ours does a whole batch."""
    theirs, ours = bursts[peer.name], bursts[OURS.name]
    scale = 1.0 if peer.knows_batches else float(case.batch)
    return PeerReport(
        name=peer.name,
        what=peer.what,
        title=process.title,
        knows_batches=peer.knows_batches,
        times_ours=Ratio.of(theirs, ours, scale),
        summary=Summary.of(theirs),
        person=process.person,
        first_ms=process.first_ms,
        peak_mb=process.peak_mb,
    )
