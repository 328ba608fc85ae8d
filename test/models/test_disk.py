"""Files that are whole or absent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.disk import write_whole, writing


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / 'new' / 'a', b'first')
    write_whole(tmp_path / 'new' / 'a', b'second')
    assert (tmp_path / 'new' / 'a').read_bytes() == b'second'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a']


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / 'a', b'first')

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(ModelError, match='the disk is full: .*/a cannot be written; make room or set model_dir'):
        write_whole(tmp_path / 'a', b'second')
    assert (tmp_path / 'a').read_bytes() == b'first'
    assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.parametrize(
    ('code', 'text'),
    [
        (
            errno.ENOSPC,
            'the disk is full: /weights cannot be written; make room or set model_dir to a folder on another',
        ),
        (
            errno.EDQUOT,
            'the disk is full: /weights cannot be written; make room or set model_dir to a folder on another',
        ),
        (errno.EACCES, 'no permission to write /weights (Permission denied); give this user the right to write there'),
        (errno.EROFS, 'no permission to write /weights (Read-only file system); give this user the right to write'),
        (errno.ENOTDIR, '/weights cannot be written (Not a directory); set model_dir to a folder that can be'),
    ],
)
def test_what_the_disk_refuses_is_said_with_what_to_do(code: int, text: str) -> None:
    with pytest.raises(ModelError) as raised, writing(Path('/weights')):
        raise OSError(code, os.strerror(code))
    assert str(raised.value).startswith(text)
