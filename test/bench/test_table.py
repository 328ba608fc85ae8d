"""Reports as text."""

from __future__ import annotations

from bench_reports import case_report, comparison, node_report, report

from bodypix_ros.bench.table import align, case_table, comparison_text, node_table, report_text, stage_table
from bodypix_ros.bench.turns import Noise


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split('  ') if cell.strip()]


def test_a_case_is_a_line_with_ratios_first() -> None:
    header, line = case_table([case_report()]).splitlines()
    assert dict(zip(_cells(header), _cells(line), strict=True)) == {
        'case': '640x480, 0.50, stride 16, auto, batch of 2',
        'network sees': '321x241',
        'on': 'cpu',
        'kernels': 'numba',
        'x bare': '1.25',
        'at best': '1.20',
        'CPU': '1.30',
        'median ms': '5.00',
        'p95 ms': '8.00',
        'frames/s': '400',  # two pictures in 5 ms
        'CPU ms/frame': '4.50',
        'first mask s': '0.61',
        'peak MB': '242',
        'quiet': '7 of 10',
    }


def test_stages_stand_in_the_order_of_a_frames_way() -> None:
    header, line = stage_table([case_report()]).splitlines()
    assert _cells(header) == ['median ms', 'preprocess', 'inference', 'whole frame']
    assert _cells(line)[1:] == ['1.00', '4.00', '5.00']


def test_a_gpu_has_a_whole_frame_and_no_stages() -> None:
    *_, gpu = stage_table([case_report(), case_report('cuda')]).splitlines()
    assert _cells(gpu)[1:] == ['-', '-', '5.00']
    _, line = case_table([case_report('cuda')]).splitlines()
    assert _cells(line)[4:7] == ['-', '-', '-']


def test_peers_are_compared_picture_by_picture() -> None:
    header, ours, slow, *_ = comparison_text(comparison()).splitlines()
    slow_cells = dict(zip(_cells(header), _cells(slow), strict=True))
    assert slow_cells['x ours'] == '8.00'
    assert slow_cells['CPU'] == '8.20'
    assert slow_cells['frames/s'] == '100'  # one picture in 10 ms
    assert slow_cells['CPU ms/frame'] == '20.00'
    assert slow_cells['p95 ms'] == '125'
    assert slow_cells['person'] == '-'
    ours_cells = dict(zip(_cells(header), _cells(ours), strict=True))
    assert (ours_cells['frames/s'], ours_cells['CPU ms/frame'], ours_cells['person']) == ('200', '10.00', '31.0%')


def test_the_node_is_a_line_with_what_it_adds_to_the_network() -> None:
    header, line = node_table([node_report()]).splitlines()
    cells = dict(zip(_cells(header), _cells(line), strict=True))
    assert (cells['Hz'], cells['frames'], cells['dropped']) == ('30', '240', '1')
    assert (cells['inference'], cells['age'], cells['age - inference'], cells['arrival']) == (
        '2.00',
        '4.75',
        '2.75',
        '5.25',
    )
    assert (cells['CPU ms/frame'], cells['first mask s']) == ('5.50', '1.53')
    assert _cells(node_table([node_report(None)]).splitlines()[1])[-2] == '-'


def test_how_far_the_numbers_can_be_trusted_and_who_is_missing_is_said() -> None:
    *_, ours, slow, absent, noise = comparison_text(comparison()).splitlines()
    assert (ours, slow) == ('ours: what it does; ours 1.0', 'slow: what it does; slow 1.0')
    assert noise == '12 rounds, hardly one quiet, so all count; other programs used 0.80 of a processor'
    assert absent == 'other is left out: it is not installed'
    assert '12 rounds, the 9 quiet ones count; other programs used 0.00 of a processor' in comparison_text(
        comparison(Noise(12, 9, -0.01))
    )
    assert 'pip install psutil' in comparison_text(comparison(Noise(12, 0, None)))


def test_the_whole_report_ends_with_the_machine_and_names_network_and_provider() -> None:
    text = report_text(report())
    assert text.endswith('\n\nprocessor A CPU, processors 2')
    assert '4-byte weights, stride 16 on cpu: the provider cpu was asked for' in text


def test_numbers_are_aligned_to_the_right_and_words_to_the_left() -> None:
    assert align([('name', 'ms', 'what'), ('a', '5.0', 'x'), ('long name', '10.0', 'y')]).splitlines() == [
        'name         ms  what',
        'a           5.0  x',
        'long name  10.0  y',
    ]
