# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags of ROS 1."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rosbags.interfaces import Connection, ConnectionExtRosbag1
from rosbags.rosbag1 import Reader, Writer
from rosbags.rosbag1.reader import decompressors

from .storage import Edit, NewTopic, RawMessage, TopicInfo, by_name, reading

_FORMATS = {'bz2': Writer.CompressionFormat.BZ2, 'lz4': Writer.CompressionFormat.LZ4}
_ADVICE = 'if it is damaged or was not closed after recording, try `rosbag reindex` or `rosbag fix`'


class Ros1Storage:
    """A .bag file. Its messages are stored in the order of their time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def topics(self) -> Mapping[str, TopicInfo]:
        """Return the topics."""
        connections = self._reader.connections
        return by_name((one.topic, TopicInfo(one.msgtype, 'ros1', one.msgdef.data)) for one in connections)

    def stored(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield the messages of some topics by time."""
        for connection, stamp_ns, data in self._messages(topics):
            yield RawMessage(connection.topic, connection.msgtype, stamp_ns, data, 'ros1')

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the messages of a topic in [start_ns, stop_ns) by time."""
        for connection, stamp_ns, data in self._messages([topic], start_ns, stop_ns):
            yield RawMessage(connection.topic, connection.msgtype, stamp_ns, data, 'ros1')

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced the messages; the compression is kept."""
        writer = Writer(target)
        if compression := _compression(self._reader):
            writer.set_compression(compression)
        with writer:
            connections = _copy_connections(self._reader, writer)
            new = {one.name: _add_topic(writer, one) for one in added}
            for source, stamp_ns, data in self._messages([one.topic for one in self._reader.connections]):
                message = RawMessage(source.topic, source.msgtype, stamp_ns, data, 'ros1')
                for topic, content in edit(message) or [(source.topic, data)]:
                    connection = connections[source.id] if topic == source.topic else new[topic]
                    writer.write(connection, stamp_ns, content)

    def _messages(self, topics: Collection[str], *times_ns: int) -> Iterator[tuple[Connection, int, bytes]]:
        connections = [one for one in self._reader.connections if one.topic in topics]
        if connections:  # for an empty list, the reader yields all messages
            with reading(self.path, _ADVICE):
                yield from self._reader.messages(connections, *times_ns)

    @cached_property
    def _reader(self) -> Reader:
        """The reader, which remains open: it reads the index of the whole bag when it is opened."""
        with reading(self.path, _ADVICE):
            reader = Reader(self.path)
            reader.open()
        return reader


def _compression(reader: Reader) -> Writer.CompressionFormat | None:
    """Return the compression of the first chunk, which rosbag record uses for all."""
    names = {function: name for name, function in decompressors.items()}
    return next((_FORMATS.get(names[chunk.decompressor]) for chunk in reader.chunks.values()), None)


def _copy_connections(reader: Reader, writer: Writer) -> dict[int, Connection]:
    """Add the connections of a bag to its copy; those that differ by their number alone become one."""
    copies: dict[tuple[Any, ...], Connection] = {}
    connections = {}
    for source in reader.connections:
        extension = source.ext
        assert isinstance(extension, ConnectionExtRosbag1)
        key = (source.topic, source.msgtype, source.msgdef, source.digest, *extension)
        if key not in copies:
            copies[key] = writer.add_connection(
                source.topic,
                source.msgtype,
                msgdef=source.msgdef.data,
                md5sum=source.digest,
                callerid=extension.callerid,
                latching=extension.latching,
            )
        connections[source.id] = copies[key]
    return connections


def _add_topic(writer: Writer, topic: NewTopic) -> Connection:
    return writer.add_connection(topic.name, topic.msgtype, msgdef=topic.definition, md5sum=topic.digest)
