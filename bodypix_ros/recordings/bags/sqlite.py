# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The .db3 files of rosbag2."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .metadata import add_topics
from .storage import BagError, Edit, NewTopic, RawMessage, TopicInfo, by_name, reading


class Sqlite3Storage:
    """A .db3 file. The copy has the same tables, whatever version of rosbag2 wrote it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def topics(self) -> Mapping[str, TopicInfo]:
        """Return the topics."""
        with self._open() as database:
            definitions = _definitions(database)
            return by_name(
                (name, TopicInfo(msgtype, 'cdr', definitions.get(msgtype, '')))
                for _, name, msgtype in _topic_rows(database)
            )

    def stored(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield the messages of some topics in the order of their ids."""
        yield from self._select(topics, '', 'id')

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the messages of a topic in [start_ns, stop_ns) by time."""
        yield from self._select([topic], 'AND timestamp >= ? AND timestamp < ?', 'timestamp, id', start_ns, stop_ns)

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced the messages."""
        with self._open() as source, _writing(target) as copy:
            copy.execute('PRAGMA journal_mode=OFF')  # an incomplete copy is discarded
            copy.execute('PRAGMA synchronous=OFF')
            copy.execute('BEGIN')
            _copy_tables(source, copy)
            ids = {one.name: _add_topic(copy, one) for one in added}
            _add_to_metadata(copy, added)
            _copy_messages(source, copy, edit, ids)
            copy.commit()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        log = self.path.with_name(f'{self.path.name}-wal')
        if log.exists() and log.stat().st_size:
            raise BagError(f'{self.path} was not closed after recording; run `ros2 bag reindex` on its folder first')
        address = f'file:{quote(str(self.path))}?mode=ro&immutable=1'
        with (
            reading(self.path, 'expected a database of rosbag2'),
            closing(sqlite3.connect(address, uri=True)) as opened,
        ):
            yield opened

    def _select(self, topics: Collection[str], where: str, order: str, *values: int) -> Iterator[RawMessage]:
        with self._open() as database:
            rows = {key: (name, msgtype) for key, name, msgtype in _topic_rows(database) if name in topics}
            marks = ','.join('?' * len(rows))
            query = (
                f'SELECT topic_id, timestamp, data FROM messages WHERE topic_id IN ({marks}) {where} ORDER BY {order}'
            )
            for key, stamp_ns, data in database.execute(query, (*rows, *values)):
                yield RawMessage(*rows[key], stamp_ns, data, 'cdr')


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a new database; a full disk is an OSError, as for other files."""
    with closing(sqlite3.connect(path)) as copy:
        try:
            yield copy
        except sqlite3.OperationalError as error:
            if 'disk is full' in str(error):  # the codes of the errors are available since Python 3.11
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
            raise


def _topic_rows(database: sqlite3.Connection) -> list[tuple[int, str, str]]:
    return database.execute('SELECT id, name, type FROM topics ORDER BY id').fetchall()


def _definitions(database: sqlite3.Connection) -> dict[str, str]:
    """Return the message definitions by type; rosbag2 stores them since Iron."""
    if not _has_table(database, 'message_definitions'):
        return {}
    return dict(database.execute('SELECT topic_type, encoded_message_definition FROM message_definitions').fetchall())


def _has_table(database: sqlite3.Connection, name: str) -> bool:
    query = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(database.execute(query, (name,)).fetchone()[0])


def _copy_tables(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Create all tables and indexes, and copy all rows but those of the messages."""
    objects = source.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    )
    for kind, name, sql in objects.fetchall():
        copy.execute(sql)
        if kind == 'table' and name != 'messages':
            for row in source.execute(f'SELECT * FROM "{name}"'):
                copy.execute(f'INSERT INTO "{name}" VALUES ({",".join("?" * len(row))})', row)
    version = source.execute('PRAGMA user_version').fetchone()[0]
    copy.execute(f'PRAGMA user_version={int(version)}')


def _copy_messages(source: sqlite3.Connection, copy: sqlite3.Connection, edit: Edit, added: Mapping[str, int]) -> None:
    topics = {key: (name, msgtype) for key, name, msgtype in _topic_rows(source)}
    rows = source.execute('SELECT * FROM messages ORDER BY id')
    columns = [column[0] for column in rows.description]
    of_id, of_topic, of_stamp, of_data = map(columns.index, ('id', 'topic_id', 'timestamp', 'data'))
    insert = f'INSERT INTO messages VALUES ({",".join("?" * len(columns))})'
    for row in rows:
        topic, msgtype = topics[row[of_topic]]
        edited = edit(RawMessage(topic, msgtype, row[of_stamp], row[of_data], 'cdr'))
        for name, data in edited or [(topic, row[of_data])]:
            values: list[Any] = list(row)
            values[of_topic], values[of_data] = added.get(name, row[of_topic]), data
            if added:
                values[of_id] = None  # the next one, so that the order of the ids remains that of the messages
            copy.execute(insert, values)


def _add_topic(copy: sqlite3.Connection, topic: NewTopic) -> int:
    """Add a topic and the definition of its type; return the id of the topic."""
    like = copy.execute('SELECT * FROM topics WHERE name = ?', (topic.like,))
    row = dict(zip([column[0] for column in like.description], like.fetchone(), strict=True))
    row |= {'name': topic.name, 'type': topic.msgtype}
    if 'type_description_hash' in row:
        row['type_description_hash'] = topic.digest
    del row['id']
    key = _insert(copy, 'topics', row)
    if _has_table(copy, 'message_definitions'):
        known = copy.execute('SELECT COUNT(*) FROM message_definitions WHERE topic_type = ?', (topic.msgtype,))
        if not known.fetchone()[0]:
            _insert(
                copy,
                'message_definitions',
                {
                    'topic_type': topic.msgtype,
                    'encoding': 'ros2msg',
                    'encoded_message_definition': topic.definition,
                    'type_description_hash': topic.digest,
                },
            )
    return key


def _insert(database: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    marks = ','.join('?' * len(row))
    cursor = database.execute(f'INSERT INTO {table} ({",".join(row)}) VALUES ({marks})', tuple(row.values()))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _add_to_metadata(copy: sqlite3.Connection, added: Sequence[NewTopic]) -> None:
    """Add topics to the copy of metadata.yaml in the database, which recent versions of rosbag2 write."""
    if added and _has_table(copy, 'metadata'):
        for key, text in copy.execute('SELECT id, metadata FROM metadata').fetchall():
            copy.execute('UPDATE metadata SET metadata = ? WHERE id = ?', (add_topics(text, added), key))
