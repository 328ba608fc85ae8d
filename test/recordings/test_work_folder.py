# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from bodypix_ros.errors import BodyPixError
from bodypix_ros.recordings.work_folder import Checkpoint, WorkFolder, check_output, file_versions

JOB = {'source': 'in.mp4', 'threshold': 0.5}


def prepare(output: Path, frames: int = 7, job: dict[str, object] = JOB) -> WorkFolder:
    """Return the folder of a run that saved a checkpoint, and ended without publishing."""
    with WorkFolder(output, job) as work:
        assert work.resume() is None
        (work.result / 'old.txt').write_text('old')
        work.save(Checkpoint(frames, b'state\nof\x00it'))
    return work


def test_a_run_continues_from_the_checkpoint_of_the_same_job(tmp_path: Path) -> None:
    prepare(tmp_path / 'out')
    with WorkFolder(tmp_path / 'out', dict(reversed(JOB.items()))) as work:
        assert work.resume() == Checkpoint(7, b'state\nof\x00it')
        assert (work.result / 'old.txt').read_text() == 'old'


def test_the_results_of_another_job_are_discarded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    prepare(tmp_path / 'out')
    with WorkFolder(tmp_path / 'out', {**JOB, 'threshold': 0.7}) as work:
        assert work.resume() is None
        assert list(work.result.iterdir()) == []
    assert [record.message for record in caplog.records] == [
        f'{tmp_path}/out.partial contains results of another input or of other settings; starting again'
    ]


def test_results_without_a_checkpoint_are_discarded(tmp_path: Path) -> None:
    prepare(tmp_path / 'out')
    (tmp_path / 'out.partial' / 'state').unlink()
    with WorkFolder(tmp_path / 'out', JOB) as work:
        assert work.resume() is None
        assert list(work.result.iterdir()) == []


def test_a_checkpoint_whose_result_was_published_is_discarded(tmp_path: Path) -> None:
    prepare(tmp_path / 'out')
    (tmp_path / 'out.partial' / 'result').rename(tmp_path / 'out')
    with WorkFolder(tmp_path / 'out', JOB) as work:
        assert work.resume() is None


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with (
        WorkFolder(tmp_path / 'out', JOB),
        pytest.raises(BodyPixError, match='another process is writing .*/out;'),
    ):
        WorkFolder(tmp_path / 'out', JOB)


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(BodyPixError, match=r'failed to create .*/file/out.partial \(Not a directory\); choose another'):
        WorkFolder(tmp_path / 'file' / 'out', JOB)


@pytest.mark.parametrize('old', ['', 'file', 'folder'])
@pytest.mark.parametrize('new', ['file', 'folder'])
def test_publishing_replaces_the_output(old: str, new: str, tmp_path: Path) -> None:
    output = tmp_path / 'out'
    if old == 'folder':
        output.mkdir()
        (output / 'old.txt').write_text('old')
    elif old == 'file':
        output.write_text('old')
    with WorkFolder(output, JOB) as work:
        work.restart()
        (work.result / ('out' if new == 'file' else 'new.txt')).write_text('new')
        work.publish()
    assert [path.name for path in tmp_path.iterdir()] == ['out']
    assert (output if new == 'file' else output / 'new.txt').read_text() == 'new'
    assert new == 'file' or [path.name for path in output.iterdir()] == ['new.txt']


@pytest.mark.parametrize('source', ['in.mp4', '.', 'out', 'out/in.mp4'])
def test_an_output_that_would_change_the_input_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(BodyPixError, match=f'{tmp_path}/out would change the input .*; choose another output'):
        output = tmp_path / ('in.mp4' if source == 'in.mp4' else 'out')
        if source == 'in.mp4':
            output = tmp_path / 'out'
            (tmp_path / 'in.mp4').write_bytes(b'')
            output.symlink_to(tmp_path / 'in.mp4')
        check_output(output, tmp_path / source, overwrite=True)


def test_an_existing_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'out.mp4').write_text('')
    with pytest.raises(BodyPixError, match='out.mp4 exists; choose another output, or add --overwrite to replace it'):
        check_output(tmp_path / 'out.mp4', None, overwrite=False)
    check_output(tmp_path / 'out.mp4', None, overwrite=True)


def test_a_folder_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    check_output(tmp_path / 'out', None, overwrite=False)
    (tmp_path / 'out' / 'thesis.pdf').write_text('')
    with pytest.raises(BodyPixError, match='out is a folder without a report.json and is not replaced;'):
        check_output(tmp_path / 'out', None, overwrite=True)
    (tmp_path / 'out' / 'report.json').write_text('{}')
    check_output(tmp_path / 'out', None, overwrite=True)


def test_a_part_of_the_result_can_be_published(tmp_path: Path) -> None:
    with WorkFolder(tmp_path / 'out', JOB) as work:
        work.resume()
        (work.result / 'out').mkdir()
        (work.result / 'out' / 'metadata.yaml').write_text('new')
        work.publish(work.result / 'out')
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob('*')] == ['out', 'out/metadata.yaml']


def test_versions_are_those_of_all_files(tmp_path: Path) -> None:
    file = tmp_path / 'below' / 'a.db3'
    file.parent.mkdir()
    file.write_bytes(b'four')
    expected = ('a.db3', 4, str(file.stat().st_mtime_ns))
    assert file_versions(tmp_path) == file_versions(file) == [expected]
    assert file_versions(tmp_path / 'missing') == []
