"""Reports made up of given numbers."""

from __future__ import annotations

from bodypix_ros.bench.case import Case
from bodypix_ros.bench.report import CaseReport, Comparison, NodeReport, PeerReport, Report
from bodypix_ros.bench.summary import Ratio, Summary
from bodypix_ros.bench.turns import Noise
from bodypix_ros.settings import NetworkSettings

LOUD = Noise(12, 1, 0.8)
CASE = Case(640, 480, 2, NetworkSettings(multiplier=0.5))


def case_report(provider: str = 'cpu') -> CaseReport:
    stages = {
        'preprocess': Summary(0.9, 1.0, 1.5, 1.0),
        'inference': Summary(3.5, 4.0, 5.0, 7.0),
        'whole frame': Summary(4.5, 5.0, 8.0, 9.0),
    }
    on_gpu = provider != 'cpu'
    return CaseReport(
        case=CASE,
        network='official MobileNetV1 0.50, 4-byte weights, stride 16',
        provider=provider,
        reason='the provider cpu was asked for',
        kernels='numba',
        input_size=(321, 241),
        person=0.31,
        stages={'whole frame': stages['whole frame']} if on_gpu else stages,
        times_bare=None if on_gpu else Ratio(1.25, 1.2, 1.3),
        first_mask_ms=612.0,
        peak_mb=242.4,
        noise=Noise(10, 7, 0.05),
    )


def peer_report(name: str, times: float, *, knows_batches: bool) -> PeerReport:
    return PeerReport(
        name=name,
        what='what it does',
        title=f'{name} 1.0',
        knows_batches=knows_batches,
        times_ours=Ratio(times, times + 0.1, times + 0.2),
        summary=Summary(9.0, 10.0, 125.0, 20.0),
        person=0.31 if knows_batches else None,
        first_ms=1500.0,
        peak_mb=300.0,
    )


def comparison(noise: Noise = LOUD) -> Comparison:
    peers = [peer_report('ours', 1.0, knows_batches=True), peer_report('slow', 8.0, knows_batches=False)]
    return Comparison(CASE, peers, ['other is left out: it is not installed'], noise)


def node_report(cpu_ms: float | None = 5.5) -> NodeReport:
    stages = dict(zip(NodeReport.STAGES, (0.05, 0.5, 0.25, 2.0, 0.5, 0.3, 4.75), strict=True))
    return NodeReport(CASE, 'a network', 'cpu', 30.0, 1530.0, 240, 1, stages, 5.25, cpu_ms)


def report() -> Report:
    return Report({'processor': 'A CPU', 'processors': 2}, [case_report()], [comparison()], [node_report()])
