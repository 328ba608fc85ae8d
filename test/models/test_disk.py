# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of the cache."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from bodypix_ros.errors import ModelError, SettingError, quoted
from bodypix_ros.models import disk
from bodypix_ros.models.disk import (
    NO_CACHE,
    cache_folder,
    guarded,
    locked,
    named_folder,
    read_file,
    read_json,
    replacing,
    write_whole,
    writing,
)


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / 'new' / 'a', b'first')
    write_whole(tmp_path / 'new' / 'a', b'second')
    assert (tmp_path / 'new' / 'a').read_bytes() == b'second'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a']


@pytest.mark.parametrize('kind', ['folder', 'full folder', 'loop', 'dangling link'])
def test_whatever_is_in_the_place_of_a_file_is_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / 'a'
    if kind == 'loop':
        path.symlink_to('a')
    elif kind == 'dangling link':
        path.symlink_to('nothing')
    else:
        path.mkdir()
        if kind == 'full folder':
            (path / 'b').write_bytes(b'')
    write_whole(path, b'new')
    assert path.read_bytes() == b'new'
    assert [one.name for one in tmp_path.iterdir()] == ['a']


def test_a_link_to_a_folder_is_replaced_and_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'b').write_bytes(b'kept')
    (tmp_path / 'a').symlink_to('elsewhere')
    write_whole(tmp_path / 'a', b'new')
    assert (tmp_path / 'a').read_bytes() == b'new'
    assert (tmp_path / 'elsewhere' / 'b').read_bytes() == b'kept'


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / 'a', b'first')

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(ModelError, match='the disk is full: .*/a cannot be written; free some space or set model_dir'):
        write_whole(tmp_path / 'a', b'second')
    assert (tmp_path / 'a').read_bytes() == b'first'
    assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.parametrize(
    ('code', 'text'),
    [
        (errno.ENOSPC, 'the disk is full: /weights cannot be written; free some space or set model_dir to a folder'),
        (errno.EDQUOT, 'the disk is full: /weights cannot be written; free some space or set model_dir to a folder'),
        (errno.EACCES, 'no permission to write /weights (Permission denied); grant this user write permission or set'),
        (errno.EROFS, 'no permission to write /weights (Read-only file system); grant this user write permission or'),
        (errno.ENOTDIR, '/weights cannot be written (Not a directory); set model_dir to another folder'),
    ],
)
def test_what_the_disk_refuses_is_a_sentence(code: int, text: str) -> None:
    with pytest.raises(ModelError) as raised, writing(Path('/weights')):
        raise OSError(code, os.strerror(code))
    assert str(raised.value).startswith(text)


def test_a_path_with_a_null_byte_cannot_be_written() -> None:
    with pytest.raises(ModelError) as raised:
        write_whole(Path('/tmp/a\0b/c'), b'')
    assert str(raised.value) == (
        "'/tmp/a\\x00b/c' is not a valid path (embedded null byte); set model_dir to another folder"
    )


def test_the_cache_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/home/somebody')
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    assert cache_folder() == Path('/home/somebody/.cache/bodypix_ros')


def _old_platformdirs(name: str) -> Path:
    return Path('~/.cache', name)


def _new_platformdirs(name: str) -> Path:
    raise RuntimeError('could not determine the home directory')


@pytest.mark.parametrize('answer', [_old_platformdirs, _new_platformdirs])
def test_without_a_home_folder_there_is_no_cache(
    answer: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(disk, 'user_cache_path', answer)
    monkeypatch.chdir(tmp_path)
    assert cache_folder() == NO_CACHE
    with pytest.raises(ModelError) as raised:
        write_whole(cache_folder() / 'a' / 'b', b'')
    assert str(raised.value) == (
        'there is no cache folder, because this user has no home folder; set model_dir or HOME'
    )
    with pytest.raises(ModelError, match='because this user has no home folder'), locked(cache_folder() / 'a'):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_installed_platformdirs_is_one_of_the_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('HOME', raising=False)
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr('pwd.getpwuid', lambda uid: {}[uid])
    assert cache_folder() == NO_CACHE


def test_a_folder_may_be_given_relative_to_a_home_and_need_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/home/somebody')
    assert named_folder('~/models', 'model_dir') == Path('/home/somebody/models')
    assert named_folder('/srv/models', 'model_dir') == Path('/srv/models')


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('~nosuchuser/x', 'Could not determine home directory.'),
        ('/tmp/a\0b', 'embedded null byte'),
        ('{loop}/x', 'Too many levels of symbolic links'),
        ('x' * 5000, 'File name too long'),
    ],
)
def test_what_is_not_a_path_of_a_folder_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / 'loop').symlink_to('loop')
    text = text.format(loop=tmp_path / 'loop')
    with pytest.raises(SettingError) as raised:
        named_folder(text, 'model_dir')
    assert str(raised.value) == f'model_dir must be the path of a folder, got {quoted(text)} ({reason})'
    assert len(quoted(text)) <= 200


def test_only_regular_files_of_a_limited_size_are_read(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'123')
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'loop').symlink_to('loop')
    assert read_file(tmp_path / 'a', 3) == b'123'
    for name, reason in {
        'a': 'has 3 bytes, expected at most 2',
        'pipe': 'is not a regular file',
        '.': 'is not a regular file',
        'loop': 'cannot be read (Too many levels of symbolic links)',
        'nothing': 'cannot be read (No such file or directory)',
    }.items():
        with pytest.raises(ModelError) as raised:
            read_file(tmp_path / name, 2)
        assert str(raised.value) == f'{tmp_path / name} {reason}'


@pytest.mark.parametrize('text', [b'', b'{', b'[1]', b'3', b'[' * 60_000, b'\xff\xfe', b'1' * 5000, b'\0' * 100])
def test_what_is_no_json_object_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / 'a.json').write_bytes(text)
    with pytest.raises(ModelError, match=r'a\.json (is not a JSON file|must contain a JSON object)'):
        read_json(tmp_path / 'a.json')


def test_unforeseen_exceptions_become_model_errors() -> None:
    with pytest.raises(ModelError) as raised, guarded('reading the cache'):
        raise RecursionError('too\ndeep')
    assert str(raised.value) == 'reading the cache failed: RecursionError: too deep'
    with pytest.raises(SettingError, match='ours'), guarded('reading the cache'):
        raise SettingError('ours')
    with pytest.raises(KeyboardInterrupt), guarded('reading the cache'):
        raise KeyboardInterrupt


def test_a_locked_folder_is_created_and_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / 'a' / 'b'):
            assert (tmp_path / 'a' / 'b').is_dir()


def test_an_error_unlocks_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='inside'), locked(tmp_path):
        raise ValueError('inside')
    with locked(tmp_path):
        pass


def test_a_process_that_never_unlocks_is_not_waited_for_endlessly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, 'LOCK_TIMEOUT_S', 0.01)
    with FileLock(str(tmp_path / '.lock')), pytest.raises(ModelError) as raised, locked(tmp_path):
        pass
    assert str(raised.value) == f'another process has held {tmp_path}/.lock for 0.01 s; end it and try again'


def test_a_folder_in_the_place_of_the_lock_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / '.lock').mkdir()
    with pytest.raises(ModelError, match=f'{tmp_path} cannot be written .*; set model_dir'), locked(tmp_path):
        pass


def test_a_file_is_on_the_disk_before_it_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(disk.os, 'fsync', lambda descriptor: calls.append('fsync'))
    monkeypatch.setattr(disk.os, 'replace', lambda new, path: calls.append('replace'))
    with replacing(tmp_path / 'a') as new:
        new.write_bytes(b'first')
    assert calls == ['fsync', 'replace']
