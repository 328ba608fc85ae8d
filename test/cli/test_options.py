# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings as command line options."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bodypix_ros.cli.options import add_number, add_options, from_options, given_options, read_folder
from bodypix_ros.errors import SettingError
from bodypix_ros.setting import Setting
from bodypix_ros.settings import NetworkSettings, PictureSettings, SegmentSettings


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser, NetworkSettings)
    add_options(parser, SegmentSettings)
    return parser.parse_args(words)


def _refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as raised:
        _parse(*words)
    assert raised.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_no_option_gives_the_defaults() -> None:
    assert from_options(_parse(), NetworkSettings) == NetworkSettings()
    assert from_options(_parse(), SegmentSettings) == SegmentSettings()
    assert given_options(_parse(), NetworkSettings) == {}


def test_options_come_back_in_the_types_of_their_settings() -> None:
    arguments = _parse(
        '--multiplier=0.5', '--quant-bytes=2', '--architecture=resnet50', '--allow-download', '--no-require-gpu',
        '--internal-resolution=0.4', '--model-dir=/srv', '--threshold=0.7',
    )  # fmt: skip
    assert from_options(arguments, NetworkSettings) == NetworkSettings(
        multiplier=0.5,
        quant_bytes=2,
        architecture='resnet50',
        allow_download=True,
        internal_resolution=0.4,
        model_dir='/srv',
    )
    assert from_options(arguments, SegmentSettings).threshold == 0.7
    assert given_options(arguments, NetworkSettings)['require_gpu'] is False


def test_a_default_that_is_given_counts_as_given() -> None:
    assert given_options(_parse('--multiplier=0.75'), NetworkSettings) == {'multiplier': 0.75}


def test_options_without_effect_can_be_left_out() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, PictureSettings, without=('parts_encoding',))
    text = parser.format_help()
    assert '--parts-encoding' not in text
    assert '--overlay-effect' in text


def test_a_folder_of_a_user_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/home/ros')
    assert read_folder('~/out') == Path('/home/ros/out')
    assert read_folder('out~') == Path('out~')
    with pytest.raises(argparse.ArgumentTypeError, match='expected a path, got an empty string'):
        read_folder('')


def test_a_folder_of_an_unknown_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--output', type=read_folder)
    with pytest.raises(SystemExit):
        parser.parse_args(['--output=~nosuchuser/x'])
    text = "argument --output: the home folder of the user in '~nosuchuser/x' is unknown"
    assert capsys.readouterr().err.splitlines()[-1].endswith(text)


def test_a_verb_can_fix_a_setting() -> None:
    assert from_options(_parse('--stride=8'), NetworkSettings, stride=32).stride == 32


def test_a_named_resolution_stays_a_name() -> None:
    assert from_options(_parse('--internal-resolution', 'high'), NetworkSettings).internal_resolution == 'high'


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['--stride', '12'], 'argument --stride: stride must be 8, 16 or 32, got 12'),
        (['--stride', 'wide'], "argument --stride: stride must be 8, 16 or 32, got 'wide'"),
        (['--threshold', '1.5'], 'argument --threshold: threshold must be between 0 and 1, got 1.5'),
        (['--threshold', 'nan'], 'argument --threshold: threshold must be between 0 and 1, got nan'),
        (['--part-ids', 'coco'], "argument --part-ids: part_ids must be bodypix1 or bodypix2, got 'coco'"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_settings_own_sentence(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _refusal(capsys, *words).endswith(text)


def test_text_that_is_no_resolution_is_refused_with_the_settings_own_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SettingError) as expected:
        NetworkSettings(internal_resolution='3')
    assert str(expected.value).endswith("got '3'")
    assert _refusal(capsys, '--internal-resolution', '3').endswith(f'argument --internal-resolution: {expected.value}')


def test_help_gives_choices_descriptions_and_defaults() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, NetworkSettings, only=('stride', 'require_gpu', 'model_dir', 'device_id'))
    text = ' '.join(parser.format_help().split())
    assert '--stride {8,16,32} network input pixels per output cell; smaller is finer and slower (default: 16)' in text
    assert '--require-gpu, --no-require-gpu refuse to run if the network does not run on a GPU with' in text
    assert 'correct results (default: false)' in text
    assert '--device-id N' in text
    assert "--model-dir TEXT folder for the weights; empty means the user's cache folder" in text
    assert '--multiplier' not in text


def test_the_options_of_a_class_have_a_title() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, NetworkSettings)
    assert 'The network, its execution provider and its resolution: --model' in ' '.join(parser.format_help().split())


def test_help_begins_with_a_small_letter_unless_with_a_name() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, NetworkSettings, only=('threads', 'version', 'quant_bytes'))
    text = ' '.join(parser.format_help().split())
    assert '--version {1,2} BodyPix version' in text
    assert '--threads N CPU threads' in text
    assert '--quant-bytes {1,2,4} bytes per' in text


def test_a_number_of_a_verb_is_checked_like_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_number(parser, Setting('chunk_frames', int, 500, 'images per chunk', minimum=1))
    assert parser.parse_args([]).chunk_frames == 500
    assert parser.parse_args(['--chunk-frames', '7']).chunk_frames == 7
    assert '--chunk-frames N images per chunk (default: 500)' in ' '.join(parser.format_help().split())
    with pytest.raises(SystemExit):
        parser.parse_args(['--chunk-frames', '0'])
    assert capsys.readouterr().err.endswith('argument --chunk-frames: chunk_frames must be at least 1, got 0\n')
