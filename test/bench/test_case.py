"""What is measured."""

from __future__ import annotations

import pytest

from bodypix_ros.bench.case import Case, all_cases, parse_size
from bodypix_ros.errors import SettingError
from bodypix_ros.settings import NetworkSettings


def test_every_combination_is_a_case() -> None:
    choices = {'multiplier': [0.5, 0.75], 'stride': [8, 16]}
    cases = list(all_cases([(640, 480), (64, 48)], [1, 4], NetworkSettings(quant_bytes=2), choices))
    assert len(cases) == 16
    assert len(set(cases)) == 16
    assert {case.network.quant_bytes for case in cases} == {2}
    assert cases[0] == Case(640, 480, 1, NetworkSettings(quant_bytes=2, multiplier=0.5, stride=8))


def test_a_title_says_what_is_not_the_default() -> None:
    assert Case(640, 480, 1, NetworkSettings()).title == '640x480, 0.75, stride 16, auto'
    special = NetworkSettings(
        architecture='resnet50', internal_resolution='full', precision='fp32', threads=1, stride=32
    )
    assert Case(64, 48, 8, special).title == '64x48, ResNet50, stride 32, full, batch of 8, fp32, 1 thread'


def test_a_size_is_width_and_height() -> None:
    assert parse_size('1920x1080') == (1920, 1080)


@pytest.mark.parametrize('text', ['640', '640x', '640x480x3', '0x480', '-640x480', '640*480'])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(SettingError, match='a size must be WIDTHxHEIGHT such as 640x480, got '):
        parse_size(text)
