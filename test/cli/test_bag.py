# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix bag`, as a student without ROS runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip('rosbags', reason='needs bodypix_ros[bag]')

from bags import IMAGES, JPEGS, clip_messages, image_message, read_bag, write_bag

from bodypix_ros.cli.main import main
from bodypix_ros.recordings.bags import run as bag_run
from bodypix_ros.recordings.bags.frames import ADDED
from bodypix_ros.recordings.bags.job import ANONYMIZED, PRODUCTS
from bodypix_ros.recordings.pool import available_cores
from bodypix_ros.settings import AnonymizeSettings, SegmentSettings


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the command passes to `run_bags`."""
    calls: list[tuple[Any, ...]] = []

    def run_bags(targets: Any, job: Any, workers: int, cores: int, *_: Any) -> list[dict[str, Any]]:
        calls.append((targets, job, workers, cores))
        return [
            {
                'input': target.source.name,
                'frames': 4,
                'people': 5,
                'frames_with_people': 3,
                'doubtful': 1,
                'failed': 0,
                'anonymize': job.anonymize,
                'copied_image_topics': {'/depth': 'not selected'},
                'unused_exclude_patterns': list(job.exclude),
            }
            for target in targets
        ]

    monkeypatch.setattr(bag_run, 'run_bags', run_bags)
    return calls


def test_options_become_the_job(jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        'bag in.mcap out.mcap --write anonymized,mask,people --anonymize people --anonymize-style fill --topics /a* '
        '--topics /b --exclude /a/depth --workers 3 --chunk-frames 60 --threshold 0.6 --multiplier 0.5 --mono16-bits 12'
    )
    assert main(words.split()) == 0
    ((targets, job, workers, cores),) = jobs
    assert [(target.source, target.path) for target in targets] == [(Path('in.mcap'), Path('out.mcap'))]
    assert (job.anonymize.anonymize, job.anonymize.anonymize_style) == ('people', 'fill')
    assert (job.topics, job.exclude, job.write) == (('/a*', '/b'), ('/a/depth',), ('mask', 'people'))
    assert (workers, cores, job.chunk_frames, job.segment.threshold) == (3, available_cores(), 60, 0.6)
    assert (job.segment.score_threshold, job.segment.max_people) == (0.2, 30)  # those that miss fewer people
    assert (job.network.multiplier, job.given, job.mono16_bits) == (0.5, ('multiplier',), 12)
    assert capsys.readouterr().out.startswith('in.mcap: 4 images, 3 with people, 1 doubtful; see the report')


def test_copied_images_are_named_if_the_others_are_anonymised(
    jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bag', 'in', 'out', '--write', 'anonymized']) == 0
    assert capsys.readouterr().out.splitlines()[1] == 'not anonymised, people may be recognisable: /depth'
    assert main(['bag', 'in', 'out', '--write', 'mask']) == 0
    assert 'recognisable' not in capsys.readouterr().out


def test_patterns_of_exclude_that_match_nothing_are_named(
    jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bag', 'in', 'out', '--write', 'mask', '--exclude', '/dept*', '--exclude', '/x']) == 0
    assert capsys.readouterr().out.splitlines()[1] == 'no image topic matches --exclude /dept*, /x'


def test_the_name_of_the_new_bag_must_fit_its_format(
    tmp_path: Path, jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'drive.bag'
    file.touch()
    assert main(['bag', str(file), 'safe.mcap', '--write', 'mask']) == 1
    assert 'safe.mcap must end with .bag: the new bag has the format of ' in capsys.readouterr().err
    assert main(['bag', str(tmp_path), 'safe.mcap', '--write', 'mask']) == 1
    assert 'safe.mcap must not end with .mcap: the new bag is a folder like ' in capsys.readouterr().err
    assert main(['bag', str(file), 'safe.bag', '--write', 'mask']) == 0


def test_several_bags_go_to_a_folder(jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', 'a/one.bag', 'b/two', 'out', '--write', 'mask']) == 0
    assert [target.path for target in jobs[0][0]] == [Path('out/one.bag'), Path('out/two')]
    assert (jobs[0][1].anonymize, jobs[0][1].segment) == (None, SegmentSettings())
    for words in ([], ['--cluster']):
        assert main(['bag', 's3://a/one.bag', 's3://b/one.bag', 'out', '--write', 'mask', *words]) == 1
        assert 'several bags have the name one.bag' in capsys.readouterr().err


def test_an_interrupted_command_says_that_it_can_continue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_bags(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bag_run, 'run_bags', run_bags)
    assert main(['bag', 'in', 'out', '--write', 'mask']) == 130
    assert capsys.readouterr().err == 'bodypix: interrupted; run the same command again to continue\n'


def test_empty_paths_are_refused(jobs: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    for paths in (['in', ''], ['', 'out'], ['in', '', 'out']):
        assert main(['bag', *paths, '--write', 'mask']) == 1
        assert capsys.readouterr().err == 'bodypix: IN and OUT must be paths, got an empty string\n'
    assert jobs == []


def test_a_dry_run_on_a_cluster_and_an_address_without_one_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['bag', 's3://a/in.bag', 's3://b/', '--write', 'mask', '--cluster', '--dry-run']) == 1
    assert '--dry-run cannot be combined with --cluster' in capsys.readouterr().err
    assert main(['bag', 'in.mcap', 's3://b/out.mcap', '--write', 'mask']) == 1
    assert 'addresses such as s3://b/out.mcap require --cluster' in capsys.readouterr().err


def test_anonymized_can_be_requested_like_the_added_topics(jobs: list[tuple[Any, ...]]) -> None:
    assert main(['bag', 'in', 'out', '--write', 'anonymized,mask']) == 0
    assert (jobs[0][1].anonymize, jobs[0][1].write) == (AnonymizeSettings(), ('mask',))


def test_what_to_do_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['bag', 'in', 'out'])
    assert 'the following arguments are required: --write' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(['bag', 'in', 'out', '--write', 'masks'])
    assert "expected names of anonymized, mask, parts, people, got 'masks'" in capsys.readouterr().err


def test_options_of_anonymising_are_refused_unless_images_are_anonymised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['bag', 'in', str(tmp_path / 'out'), '--write', 'mask', '--anonymize', 'faces', '--anonymize-hold-s', '1']
    assert main(words) == 1
    assert capsys.readouterr().err == (
        'bodypix: --anonymize, --anonymize-hold-s would have no effect, because anonymized is not written; '
        'add it to --write\n'
    )


def test_each_product_but_the_image_is_an_added_topic() -> None:
    assert set(ADDED) | {ANONYMIZED} == set(PRODUCTS)


@pytest.mark.parametrize(('module', 'words', 'extra'), [('run', [], 'bag'), ('cluster', ['--cluster'], 'cluster')])
def test_missing_packages_are_named(
    module: str, words: list[str], extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, f'bodypix_ros.recordings.bags.{module}', None)
    assert main(['bag', 'in', 'out', '--write', 'mask', *words]) == 1
    assert f'run: pip install ".[{extra}]"' in capsys.readouterr().err


def test_a_dry_run_prints_the_plan_and_writes_nothing(
    astronaut: NDArray[np.uint8], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = list(clip_messages([astronaut[::8, ::8]] * 3, 'cdr'))
    messages.append(image_message(np.zeros((8, 8), np.uint16), '16UC1', topic='/depth'))
    source = write_bag(tmp_path, 'mcap', messages)
    words = ['bag', str(source), str(tmp_path / 'out'), '--write=anonymized,mask', '--anonymize=faces', '--dry-run']
    assert main(words) == 1
    assert "/depth cannot be anonymised: encoding '16UC1'" in capsys.readouterr().err
    assert main([*words, '--exclude', '/depth', '--chunk-frames', '2']) == 0
    assert capsys.readouterr().out.splitlines() == [
        f'{source} -> {tmp_path / "out"}',
        f'  {IMAGES}: 3 images (chunks: 2): anonymise faces, add mask',
        f'  {JPEGS}: 3 images (chunks: 2): anonymise faces, add mask',
        '  /depth: copied as it is (not selected)',
    ]
    assert [path.name for path in tmp_path.iterdir()] == ['drive']


@pytest.mark.slow
def test_the_face_of_the_astronaut_is_covered(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    source = write_bag(tmp_path, 'sqlite3', [image_message(astronaut, 'bgr8')])
    assert (
        main(
            [
                'bag',
                str(source),
                str(tmp_path / 'out'),
                '--write',
                'anonymized',
                '--anonymize',
                'faces',
                '--workers',
                '1',
            ]
        )
        == 0
    )
    ((_, _, _, data),) = read_bag(tmp_path / 'out')
    image = np.frombuffer(data, np.uint8)[-astronaut.size :].reshape(astronaut.shape)
    face, rocket = (slice(80, 180), slice(180, 270)), (slice(100, 250), slice(400, 500))
    assert (image[face] != astronaut[face]).any(axis=2).mean() > 0.95
    assert (image[rocket] == astronaut[rocket]).all()
