# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Importing .tflite files from files, folders and archives, hostile ones included."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from bodypix_ros.errors import ModelError
from bodypix_ros.models.mediapipe import archives, catalogue, files
from bodypix_ros.models.mediapipe.archives import contains_files, import_files
from bodypix_ros.models.mediapipe.catalogue import MediaPipeModel
from bodypix_ros.settings import NetworkSettings

CONTENT = b'\x00\x00\x00\x00TFL3 of a test'
PACKED = b'handedness ' + CONTENT
MODEL = MediaPipeModel(
    'hand_landmarks', 'a/hand.tflite', (hashlib.sha256(CONTENT).hexdigest(),), (4, 4), (0, 1), {}, 'x', 'y'
)


@pytest.fixture(autouse=True)
def catalogue_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue list the file of the test, and the packed file that contains it."""
    monkeypatch.setattr(catalogue, 'CATALOGUE', (MODEL,))
    monkeypatch.setitem(files.PACKED_FILES, hashlib.sha256(PACKED).hexdigest(), (11, len(PACKED)))


@pytest.fixture
def settings(tmp_path: Path) -> NetworkSettings:
    """Settings with an empty cache."""
    return NetworkSettings(model_dir=str(tmp_path / 'cache'))


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, 'w:gz') as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def imported(source: Path, settings: NetworkSettings) -> bytes:
    """Import a source, which must contain the one network, and return the file in the cache."""
    assert import_files(str(source), settings) == (MODEL,)
    return Path(settings.model_dir, 'mediapipe', 'hand_landmarks.tflite').read_bytes()


@pytest.mark.parametrize('name', ['package/hand.tflite', '/etc/hand.tflite', '../../../hand.tflite'])
def test_the_paths_in_archives_do_not_matter(name: str, settings: NetworkSettings, tmp_path: Path) -> None:
    members = {'README.md': b'read me', name: CONTENT}
    assert imported(write_tar(tmp_path / 'hands.tgz', members), settings) == CONTENT
    assert imported(write_zip(tmp_path / 'mediapipe.whl', members), settings) == CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ['cache', 'hands.tgz', 'mediapipe.whl']


def test_files_and_folders_are_imported(settings: NetworkSettings, tmp_path: Path) -> None:
    folder = tmp_path / 'node_modules' / 'hands'
    folder.mkdir(parents=True)
    (folder / 'any_name.tflite').write_bytes(CONTENT)
    (folder / 'other.tflite').write_bytes(b'other')
    assert imported(tmp_path / 'node_modules', settings) == CONTENT
    assert imported(folder / 'any_name.tflite', settings) == CONTENT


def test_a_packed_file_is_cut_at_its_known_borders(settings: NetworkSettings, tmp_path: Path) -> None:
    assert imported(write_tar(tmp_path / 'a.tgz', {'hands_packed_assets.data': PACKED}), settings) == CONTENT


def test_files_with_unknown_sums_are_refused(settings: NetworkSettings, tmp_path: Path) -> None:
    path = write_zip(tmp_path / 'a.zip', {'a.tflite': CONTENT[:-1], 'b.tflite': b'', 'c.txt': CONTENT})
    with pytest.raises(ModelError, match='whose SHA-256 is known, got 2 files with other sums'):
        import_files(str(path), settings)
    assert not Path(settings.model_dir).exists()


def test_links_in_archives_are_ignored(settings: NetworkSettings, tmp_path: Path) -> None:
    path = tmp_path / 'links.tgz'
    with tarfile.open(path, 'w:gz') as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            member = tarfile.TarInfo('hand.tflite')
            member.type, member.linkname = kind, '/etc/passwd'
            archive.addfile(member)
    with pytest.raises(ModelError, match='got 0 files with other sums'):
        import_files(str(path), settings)


def test_archives_that_expand_too_far_are_refused(
    settings: NetworkSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, 'ARCHIVE_LIMIT_BYTES', 1 << 16)
    monkeypatch.setattr(archives, 'FILE_LIMIT_BYTES', 1 << 12)
    bomb = write_tar(tmp_path / 'bomb.tgz', {'big.bin': bytes(1 << 17), 'hand.tflite': CONTENT})
    with pytest.raises(ModelError, match=r'bomb\.tgz expands to more than 65536 bytes'):
        import_files(str(bomb), settings)
    for archive in (
        write_tar(tmp_path / 'long.tgz', {'hand.tflite': bytes(5000)}),
        write_zip(tmp_path / 'long.zip', {'hand.tflite': bytes(5000)}),
    ):
        with pytest.raises(ModelError, match=r'hand\.tflite has more than 4096 bytes'):
            import_files(str(archive), settings)
    with pytest.raises(ModelError, match=r'has 70000 bytes, expected at most 65536'):
        (tmp_path / 'large.tflite').write_bytes(bytes(70_000))
        import_files(str(tmp_path / 'large.tflite'), settings)


def test_archives_with_too_many_files_are_refused(
    settings: NetworkSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, 'FILES_LIMIT', 3)
    members = {f'{i}.txt': b'' for i in range(5)}
    for archive in (write_tar(tmp_path / 'many.tgz', members), write_zip(tmp_path / 'many.zip', members)):
        with pytest.raises(ModelError, match='contains more than 3 files'):
            import_files(str(archive), settings)


def test_damaged_archives_are_model_errors(settings: NetworkSettings, tmp_path: Path) -> None:
    whole = write_tar(tmp_path / 'a.tgz', {'hand.tflite': CONTENT * 100}).read_bytes()
    damaged = {
        'cut.tgz': whole[: len(whole) // 2],
        'noise.tgz': gzip.compress(b'no archive' * 100),
        'two.tgz': b'\x1f\x8b',
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError):
            import_files(str(tmp_path / name), settings)
    path = write_zip(tmp_path / 'a.zip', {'hand.tflite': CONTENT * 100})
    path.write_bytes(path.read_bytes().replace(b'TFL3', b'TFL4')[:40] + path.read_bytes()[44:])
    with pytest.raises(ModelError):
        import_files(str(path), settings)


def test_sources_with_files_are_recognised(tmp_path: Path) -> None:
    assert not contains_files(str(tmp_path))
    assert not contains_files(str(tmp_path / 'absent'))
    (tmp_path / 'a.tflite').write_bytes(b'')
    assert contains_files(str(tmp_path))
    assert contains_files(str(tmp_path / 'a.tflite'))
