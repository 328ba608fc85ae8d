# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MCAP files of ROS 2, and of ROS 1."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcap.reader import SeekingReader
from mcap.records import Attachment, Channel, Header, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import CompressionType, Writer

from .metadata import add_topics
from .storage import BagError, Edit, NewTopic, RawMessage, TopicInfo, Wire, by_name, reading

_COMPRESSIONS = {'': CompressionType.NONE, 'lz4': CompressionType.LZ4, 'zstd': CompressionType.ZSTD}
_METADATA = 'rosbag2', 'serialized_metadata'
"""Name of the record, and its key, in which rosbag2 stores its metadata."""
_ADVICE = 'if it is damaged or was not closed after recording, run `mcap recover` on it first'


class McapStorage:
    """An .mcap file. The copy has all its records: attachments, metadata, publication times and sequence numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def topics(self) -> Mapping[str, TopicInfo]:
        """Return the topics; the whole file is read if it has no summary."""
        with self._open() as file:
            summary = SeekingReader(file).get_summary()
            if summary is not None and summary.channels:
                return by_name(
                    (channel.topic, _topic_info(channel, summary.schemas.get(channel.schema_id)))
                    for channel in summary.channels.values()
                )
        schemas: dict[int, Schema] = {}
        topics = []
        for record in self._records():
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                topics.append((record.topic, _topic_info(record, schemas.get(record.schema_id))))
        return by_name(topics)

    def stored(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield the messages of some topics in the order of the file."""
        with self._open() as file:
            for schema, channel, message in SeekingReader(file).iter_messages(topics, log_time_order=False):
                yield _raw(message, channel, schema)

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the messages of a topic in [start_ns, stop_ns) by time."""
        with self._open() as file:
            messages = SeekingReader(file).iter_messages([topic], starting_at=start_ns, ending_before=stop_ns)
            for schema, channel, message in messages:
                yield _raw(message, channel, schema)

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced the messages; the compression is kept."""
        with target.open('xb') as output:
            writer = Writer(output, compression=self._compression(), enable_crcs=True)
            try:
                _Copy(writer, edit, added).write(self._records())
            except KeyError as error:
                raise BagError(
                    f'{self.path} is damaged: a record refers to schema or channel {error}, which is missing; {_ADVICE}'
                ) from error
            writer.finish()

    def _compression(self) -> CompressionType:
        """Return the compression of the first chunk."""
        with self._open() as file:
            summary = SeekingReader(file).get_summary()
            chunks = summary.chunk_indexes if summary is not None else []
            return _COMPRESSIONS[chunks[0].compression] if chunks else CompressionType.NONE

    def _records(self) -> Iterator[Any]:
        """Yield all records in the order of the file."""
        with self._open() as file:
            yield from StreamReader(file).records

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """Open the file to read from it in the block."""
        with reading(self.path, _ADVICE), self.path.open('rb') as file:
            yield file


class _Copy:
    """The copy of an MCAP file, record by record."""

    def __init__(self, writer: Writer, edit: Edit, added: Sequence[NewTopic]) -> None:
        self._writer, self._edit, self._added = writer, edit, added
        self._schemas: dict[int, int] = {0: 0}
        self._schema_records: dict[int, Schema] = {}
        self._channels: dict[int, int] = {}
        self._channel_records: dict[int, Channel] = {}
        self._new: dict[str, int] = {}

    def write(self, records: Iterator[Any]) -> None:
        """Write all records. The summary is rebuilt; channels without messages may occur only there."""
        kinds: dict[type, Callable[[Any], None]] = {
            Header: lambda record: self._writer.start(profile=record.profile, library=record.library),
            Schema: self._add_schema,
            Channel: self._add_channel,
            Message: self._add_message,
            Attachment: lambda record: self._writer.add_attachment(
                record.create_time, record.log_time, record.name, record.media_type, record.data
            ),
            Metadata: self._add_metadata,
        }
        for record in records:
            if write := kinds.get(type(record)):
                write(record)

    def _add_schema(self, schema: Schema) -> None:
        if schema.id not in self._schemas:
            self._schemas[schema.id] = self._writer.register_schema(schema.name, schema.encoding, schema.data)
            self._schema_records[schema.id] = schema

    def _add_channel(self, channel: Channel) -> None:
        if channel.id not in self._channels:
            self._channels[channel.id] = self._writer.register_channel(
                channel.topic, channel.message_encoding, self._schemas[channel.schema_id], dict(channel.metadata)
            )
            self._channel_records[channel.id] = channel

    def _add_message(self, message: Message) -> None:
        channel = self._channel_records[message.channel_id]
        edited = self._edit(_raw(message, channel, self._schema_records.get(channel.schema_id)))
        for topic, data in edited or [(channel.topic, message.data)]:
            key = self._channels[channel.id] if topic == channel.topic else self._new_channel(topic, channel)
            self._writer.add_message(key, message.log_time, data, message.publish_time, message.sequence)

    def _new_channel(self, topic: str, like: Channel) -> int:
        """Return the channel of an added topic, which is registered with its first message."""
        if topic not in self._new:
            one = next(new for new in self._added if new.name == topic)
            schema_name = _schema_name(one.msgtype, like)
            schema = self._writer.register_schema(schema_name, _schema_encoding(like), one.definition.encode())
            metadata = dict(like.metadata)
            if 'topic_type_hash' in metadata:
                metadata['topic_type_hash'] = one.digest
            self._new[topic] = self._writer.register_channel(topic, like.message_encoding, schema, metadata)
        return self._new[topic]

    def _add_metadata(self, record: Metadata) -> None:
        content = dict(record.metadata)
        name, key = _METADATA
        if record.name == name and key in content and self._added:
            content[key] = add_topics(content[key], self._added)
        self._writer.add_metadata(record.name, content)


def _wire(channel: Channel) -> Wire:
    return 'ros1' if channel.message_encoding == 'ros1' else 'cdr'


def _topic_info(channel: Channel, schema: Schema | None) -> TopicInfo:
    definition = '' if schema is None else schema.data.decode(errors='replace')
    return TopicInfo(_msgtype(schema), _wire(channel), definition)


def _raw(message: Message, channel: Channel, schema: Schema | None) -> RawMessage:
    return RawMessage(channel.topic, _msgtype(schema), message.log_time, message.data, _wire(channel))


def _msgtype(schema: Schema | None) -> str:
    """Return the type in the form of ROS 2: pkg/msg/Name, where ROS 1 has pkg/Name."""
    name = schema.name if schema is not None else ''
    package, _, rest = name.partition('/')
    return f'{package}/msg/{rest}' if rest and '/' not in rest else name


def _schema_name(msgtype: str, like: Channel) -> str:
    return msgtype.replace('/msg/', '/') if _wire(like) == 'ros1' else msgtype


def _schema_encoding(like: Channel) -> str:
    return 'ros1msg' if _wire(like) == 'ros1' else 'ros2msg'
