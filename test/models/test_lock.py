"""One process at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from bodypix_ros.errors import ModelError
from bodypix_ros.models import lock
from bodypix_ros.models.lock import locked


def test_the_folder_is_made_and_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / 'a' / 'b'):
            assert (tmp_path / 'a' / 'b').is_dir()


def test_an_error_lets_the_folder_go(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='inside'), locked(tmp_path):
        raise ValueError('inside')
    with locked(tmp_path):
        pass


def test_a_process_that_never_lets_go_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, 'LOCK_TIMEOUT_S', 0.01)
    with FileLock(str(tmp_path / '.lock')), pytest.raises(ModelError) as raised, locked(tmp_path):
        pass
    assert str(raised.value) == f'another process has held {tmp_path}/.lock for 0.01 s; end it and try again'


def test_no_permission_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(Path, 'mkdir', refuse)
    with pytest.raises(ModelError) as raised, locked(tmp_path):
        pass
    assert str(raised.value) == (
        f'no permission to write {tmp_path} (Permission denied); give this user the right to write there or set '
        'model_dir to another folder'
    )
