# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag: its files, its metadata and its compression."""

from __future__ import annotations

import heapq
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...models.disk import replacing
from .metadata import add_topics, file_names
from .storage import BagError, Edit, NewTopic, RawMessage, Storage, TopicInfo, by_name, open_storage, reading

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_METADATA = 'metadata.yaml'


@dataclass(frozen=True)
class Bag:
    """An opened bag.

    Attributes:
        path: of the bag, a file or a folder.
        files: its files by name, as listed in metadata.yaml; a single one if the bag is a file.
        metadata: content of metadata.yaml; empty if the bag is a file.
        compressed_files: whether each file is compressed as a whole; `files` are then decompressed copies.
    """

    path: Path
    files: Mapping[str, Storage]
    metadata: str = ''
    compressed_files: bool = False

    def topics(self) -> dict[str, TopicInfo]:
        """Return the topics of all files."""
        return by_name(item for storage in self.files.values() for item in storage.topics().items())

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the messages of a topic in [start_ns, stop_ns) by time, those of equal time in stored order."""
        files = [storage.between(topic, start_ns, stop_ns) for storage in self.files.values()]
        return heapq.merge(*files, key=lambda message: message.stamp_ns)

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced messages; see `Storage.rewrite`.

        Args:
            target: path of the new bag, which does not exist.
            edit: called with each message, file by file.
            added: new topics.
        """
        if not self.metadata:
            (storage,) = self.files.values()
            storage.rewrite(target, edit, added)
            return
        target.mkdir()
        for name, storage in self.files.items():
            if self.compressed_files:
                plain = target / Path(name).stem
                storage.rewrite(plain, edit, added)
                with plain.open('rb') as source, zstd.open(target / name, 'wb') as packed:
                    shutil.copyfileobj(source, packed)
                plain.unlink()
            else:
                storage.rewrite(target / name, edit, added)
        metadata = add_topics(self.metadata, added) if added else self.metadata
        (target / _METADATA).write_text(metadata, encoding='utf-8')


class MessageCompressed:
    """A storage in which rosbag2 compressed each message with zstd."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.path = storage.path

    def topics(self) -> Mapping[str, TopicInfo]:
        """Return the topics."""
        return self._storage.topics()

    def stored(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield the decompressed messages of some topics in stored order."""
        return map(_decompress, self._storage.stored(topics))

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the decompressed messages of a topic in [start_ns, stop_ns) by time."""
        return map(_decompress, self._storage.between(topic, start_ns, stop_ns))

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced messages; it is called with compressed ones."""

        def compress(message: RawMessage) -> Sequence[tuple[str, bytes]] | None:
            edited = edit(message)
            return edited and [(topic, data if data is message.data else zstd.compress(data)) for topic, data in edited]

        self._storage.rewrite(target, compress, added)


def open_bag(path: Path, work: Path) -> Bag:
    """Open a bag of any format.

    Args:
        path: a .bag, .mcap or .db3 file, or the folder of a bag of rosbag2.
        work: folder for the decompressed files of a bag whose files are compressed; created when needed.

    Raises:
        BagError: it does not exist or is not a bag.
    """
    if not path.exists():
        raise BagError(f'{path} does not exist; expected a bag')
    if path.is_file():
        return Bag(path, {path.name: open_storage(path)})
    if not (path / _METADATA).exists():
        raise BagError(f'{path} has no metadata.yaml; run `ros2 bag reindex` on it first')
    with reading(path / _METADATA, f'run `ros2 bag reindex` on {path} first'):
        metadata = (path / _METADATA).read_text(encoding='utf-8')
        names, mode = file_names(metadata)
    if mode.lower() == 'file':
        storages = {name: open_storage(_decompressed(path / name, work)) for name in names}
        return Bag(path, storages, metadata, compressed_files=True)
    opened = {name: open_storage(path / name) for name in names}
    if mode.lower() == 'message':
        return Bag(path, {name: MessageCompressed(storage) for name, storage in opened.items()}, metadata)
    for storage in opened.values():
        if not storage.path.exists():
            raise BagError(f'{storage.path} is listed in metadata.yaml but does not exist')
    return Bag(path, opened, metadata)


def _decompressed(path: Path, work: Path) -> Path:
    """Return the decompressed copy of a file, which is made once."""
    copy = work / path.stem
    if not copy.exists():
        with (
            reading(path, 'it must be complete'),
            zstd.open(path, 'rb') as source,
            replacing(copy) as part,
            part.open('wb') as plain,
        ):
            shutil.copyfileobj(source, plain)
    return copy


def _decompress(message: RawMessage) -> RawMessage:
    """Decompress a message; a damaged one becomes empty, and is then treated as an image that cannot be read."""
    try:
        return message._replace(data=zstd.decompress(message.data))
    except zstd.ZstdError:
        return message._replace(data=b'')
