# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags of each format are copied with everything they contain."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip('rosbags', reason='needs bodypix_ros[bag]')

from bags import (
    FORMATS,
    IMAGES,
    START_NS,
    STEP_NS,
    WORDS,
    clip_messages,
    connections_of,
    image_message,
    read_bag,
    word_message,
    write_bag,
)
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from rosbags.rosbag1 import Writer as Writer1

from bodypix_ros.recordings.bags.bag import open_bag
from bodypix_ros.recordings.bags.messages import definition_of
from bodypix_ros.recordings.bags.sqlite import _writing
from bodypix_ros.recordings.bags.storage import BagError, NewTopic, RawMessage, Wire, reading


def keep(_: RawMessage) -> None:
    """Copy every message."""


@pytest.fixture
def messages(astronaut: NDArray[np.uint8], request: pytest.FixtureRequest) -> list[RawMessage]:
    wire = 'ros1' if request.getfixturevalue('form') == 'ros1' else 'cdr'
    pictures = [np.roll(astronaut[::8, ::8], shift, 1) for shift in range(4)]
    return list(clip_messages(pictures, wire))  # type: ignore[arg-type]


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def copy(source: Path, tmp_path: Path, edit: Any = keep, added: Any = ()) -> Path:
    target = tmp_path / 'copies' / source.name
    target.parent.mkdir()
    open_bag(source, tmp_path / 'work').rewrite(target, edit, added)
    return target


def test_a_copy_has_the_same_messages_and_connections(form: str, messages: list[RawMessage], tmp_path: Path) -> None:
    source = write_bag(tmp_path, form, messages)
    target = copy(source, tmp_path)
    assert read_bag(target) == read_bag(source)
    assert connections_of(target) == connections_of(source)
    assert len(read_bag(target)) == 16


@pytest.mark.parametrize('form', ['ros1'], indirect=True)
@pytest.mark.parametrize('compression', ['bz2', 'lz4'])
def test_the_compression_of_ros1_is_kept(
    form: str, messages: list[RawMessage], compression: str, tmp_path: Path
) -> None:
    source = write_bag(tmp_path, form, messages, compression)
    target = copy(source, tmp_path)
    assert read_bag(target) == read_bag(source)
    assert f'compression={compression}'.encode() in target.read_bytes()


@pytest.mark.parametrize(
    ('form', 'compression'),
    [('sqlite3', 'file'), ('sqlite3', 'message'), ('mcap', 'file'), ('mcap', 'storage')],
    indirect=['form'],
)
def test_the_compression_of_rosbag2_is_kept(
    form: str, messages: list[RawMessage], compression: str, tmp_path: Path
) -> None:
    source = write_bag(tmp_path, form, messages, compression)
    target = copy(source, tmp_path)
    assert read_bag(target) == read_bag(source)
    assert (target / 'metadata.yaml').read_bytes() == (source / 'metadata.yaml').read_bytes()
    assert {path.name for path in target.iterdir()} == {path.name for path in source.iterdir()}


def test_messages_are_replaced_and_added(form: str, messages: list[RawMessage], tmp_path: Path) -> None:
    wire = messages[0].wire
    new_word = word_message('new', 0, wire).data

    def edit(message: RawMessage) -> Any:
        return [(WORDS, new_word), ('/added', message.data)] if message.topic == WORDS else None

    source = write_bag(tmp_path, form, messages)
    definition, digest = definition_of('std_msgs/msg/String', wire)
    name = next(iter(open_bag(source, tmp_path).files))
    added = NewTopic('/added', 'std_msgs/msg/String', WORDS, definition, digest, {name: 4})
    target = copy(source, tmp_path, edit, [added])
    before, after = read_bag(source), read_bag(target)
    assert [one for one in after if one[0] not in (WORDS, '/added')] == [one for one in before if one[0] != WORDS]
    assert [one[3] for one in after if one[0] == WORDS] == [new_word] * 4
    assert [one[2:] for one in after if one[0] == '/added'] == [one[2:] for one in before if one[0] == WORDS]
    connections = connections_of(target)
    assert connections['/added'][0] == 'std_msgs/msg/String'
    assert connections['/added'][1:3] == connections[WORDS][1:3]
    if form != 'ros1':
        assert connections['/added'][3] == connections[WORDS][3]  # the quality of service
        metadata = (target / 'metadata.yaml').read_text()
        assert 'message_count: 20' in metadata


def test_a_database_is_copied_with_all_its_tables(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    source = write_bag(tmp_path, 'sqlite3', list(clip_messages([astronaut[::8, ::8]], 'cdr'))) / 'drive.db3'
    target = copy(source, tmp_path)
    with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
        assert list(other.iterdump()) == list(one.iterdump())


def test_a_database_of_humble_without_definitions_is_copied(tmp_path: Path) -> None:
    source = tmp_path / 'old.db3'
    with sqlite3.connect(source) as database:
        database.executescript(
            'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, '
            'serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);'
            'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, '
            'data BLOB NOT NULL);'
            "INSERT INTO topics VALUES(3, '/own', 'my_msgs/msg/Own', 'cdr', '- history: 1');"
            "INSERT INTO messages VALUES(1, 3, 20, x'aa'), (2, 3, 10, x'bb');"
        )
    target = copy(source, tmp_path)
    with sqlite3.connect(target) as database:
        assert database.execute('SELECT * FROM messages').fetchall() == [(1, 3, 20, b'\xaa'), (2, 3, 10, b'\xbb')]
        assert database.execute('SELECT * FROM topics').fetchall() == [
            (3, '/own', 'my_msgs/msg/Own', 'cdr', '- history: 1')
        ]


def test_an_mcap_file_is_copied_with_all_its_records(tmp_path: Path) -> None:
    source = tmp_path / 'all.mcap'
    with source.open('wb') as file:
        writer = Writer(file, compression=CompressionType.LZ4)
        writer.start(profile='ros2', library='recorder')
        schema = writer.register_schema('my_msgs/msg/Own', 'ros2msg', b'uint8 value')
        channel = writer.register_channel('/own', 'cdr', schema, {'offered_qos_profiles': '- depth: 3'})
        writer.add_message(channel, log_time=20, data=b'a', publish_time=15, sequence=4)
        writer.add_attachment(1, 2, 'map.txt', 'text/plain', b'a map')
        writer.add_message(channel, log_time=10, data=b'b', publish_time=5, sequence=3)
        writer.add_metadata('site', {'city': 'Kyoto'})
        writer.finish()
    target = copy(source, tmp_path)
    for path in (source, target):
        with path.open('rb') as file:
            reader = make_reader(file)
            summary = reader.get_summary()
            assert summary is not None
            assert reader.get_header().library == 'recorder'
            assert [one.compression for one in summary.chunk_indexes] == ['lz4'] * len(summary.chunk_indexes)
            assert [one.metadata for one in summary.channels.values()] == [{'offered_qos_profiles': '- depth: 3'}]
            assert [(one.name, one.data) for one in reader.iter_attachments()] == [('map.txt', b'a map')]
            assert [one.metadata for one in reader.iter_metadata()] == [{'city': 'Kyoto'}]
            found = [message for _, _, message in reader.iter_messages(log_time_order=False)]
            assert [(one.log_time, one.publish_time, one.sequence, one.data) for one in found] == [
                (20, 15, 4, b'a'),
                (10, 5, 3, b'b'),
            ]


def test_messages_in_a_period_come_by_time(form: str, messages: list[RawMessage], tmp_path: Path) -> None:
    bag = open_bag(write_bag(tmp_path, form, messages[::-1]), tmp_path)
    found = list(bag.between(IMAGES, START_NS + STEP_NS, START_NS + 3 * STEP_NS))
    assert [one.stamp_ns for one in found] == [START_NS + STEP_NS, START_NS + 2 * STEP_NS]
    assert found[0].data == next(
        one.data for one in messages if one.topic == IMAGES and one.stamp_ns == found[0].stamp_ns
    )


def test_the_messages_of_a_split_bag_are_merged(astronaut: NDArray[np.uint8], tmp_path: Path) -> None:
    """As `ros2 bag record --max-bag-size` writes it: one folder, two files."""
    pictures = [astronaut[::8, ::8]] * 2
    first = write_bag(tmp_path, 'mcap', list(clip_messages(pictures, 'cdr')))
    later = [one._replace(stamp_ns=one.stamp_ns + 10**9) for one in clip_messages(pictures, 'cdr')]
    second = write_bag(tmp_path, 'mcap', later, name='later')
    (second / 'later.mcap').rename(first / 'drive_1.mcap')
    metadata = first / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('- drive.mcap', '- drive.mcap\n  - drive_1.mcap', 1))
    target = copy(first, tmp_path)
    assert {path.name for path in target.iterdir()} == {'drive.mcap', 'drive_1.mcap', 'metadata.yaml'}
    bag = open_bag(target, tmp_path)
    assert [one.stamp_ns for one in bag.between(IMAGES, 0, 2**62)] == [
        START_NS, START_NS + STEP_NS, START_NS + 10**9, START_NS + 10**9 + STEP_NS
    ]  # fmt: skip


@pytest.mark.parametrize('form', ['ros1', 'mcap'])
def test_a_topic_with_two_types_is_refused(form: str, tmp_path: Path) -> None:
    wire: Wire = 'ros1' if form == 'ros1' else 'cdr'
    image = image_message(np.zeros((8, 8, 3), np.uint8), 'bgr8', wire=wire)
    word = word_message('x', START_NS, wire)
    path = tmp_path / ('two.bag' if form == 'ros1' else 'two.mcap')
    if form == 'ros1':
        with Writer1(path) as writer:
            for one in (image, word):
                definition, digest = definition_of(one.msgtype, wire)
                writer.write(writer.add_connection('/x', one.msgtype, msgdef=definition, md5sum=digest), 1, one.data)
    else:
        with path.open('wb') as file:
            plain = Writer(file)
            plain.start()
            for one in (image, word):
                schema = plain.register_schema(one.msgtype, 'ros2msg', b'')
                plain.add_message(plain.register_channel('/x', 'cdr', schema), 1, one.data, 1)
            plain.finish()
    with pytest.raises(BagError, match=r'/x has messages of the types sensor_msgs/msg/Image and std_msgs/msg/String'):
        open_bag(path, tmp_path).topics()


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BagError, match='does not exist; expected a bag'):
        open_bag(tmp_path / 'nothing', tmp_path)
    with pytest.raises(BagError, match=r'has no metadata.yaml; run `ros2 bag reindex`'):
        open_bag(tmp_path, tmp_path)
    other = tmp_path / 'notes.txt'
    other.write_text('x')
    with pytest.raises(BagError, match=r'is not a bag; expected .bag, .mcap, .db3 or a folder'):
        open_bag(other, tmp_path)
    source = write_bag(tmp_path, 'mcap', [image_message(np.zeros((8, 8, 3), np.uint8), 'bgr8')]) / 'drive.mcap'
    source.write_bytes(source.read_bytes()[:-40])
    with pytest.raises(BagError, match='damaged or was not closed after recording'):
        open_bag(source, tmp_path).topics()
    database = tmp_path / 'open.db3'
    database.write_bytes(b'')
    (tmp_path / 'open.db3-wal').write_bytes(b'not yet written')
    with pytest.raises(BagError, match='was not closed after recording; run `ros2 bag reindex`'):
        open_bag(database, tmp_path).topics()
    damaged = write_bag(tmp_path, 'sqlite3', [image_message(np.zeros((8, 8, 3), np.uint8), 'bgr8')] * 40, name='cut')
    database = damaged / 'cut.db3'
    database.write_bytes(database.read_bytes()[:20_000])
    with pytest.raises(BagError, match=r'cut.db3 cannot be read \(.*\); expected a database of rosbag2'):
        list(open_bag(database, tmp_path).between(IMAGES, 0, 2**62))
    bag = tmp_path / 'broken.bag'
    bag.write_bytes(b'#ROSBAG V2.0\n')
    with pytest.raises(BagError, match=r'broken.bag cannot be read'):
        open_bag(bag, tmp_path).topics()


@pytest.mark.parametrize('form', ['ros1', 'sqlite3', 'mcap'])
def test_every_fault_of_a_damaged_bag_is_a_bag_error(form: str, tmp_path: Path) -> None:
    wire: Any = 'ros1' if form == 'ros1' else 'cdr'
    pictures = [np.full((6, 8, 3), number, np.uint8) for number in range(3)]
    source = write_bag(tmp_path, form, list(clip_messages(pictures, wire)))
    file = source if source.is_file() else next(path for path in source.iterdir() if path.suffix != '.yaml')
    data = file.read_bytes()
    random = np.random.default_rng(0)
    failures = 0
    for number in range(40):
        damaged = bytearray(data[: random.integers(1, len(data))] if number % 2 else data)
        for place in random.integers(0, len(damaged), 20):
            damaged[place] ^= 0x55
        file.write_bytes(damaged)
        try:
            bag = open_bag(source, tmp_path / 'work')
            for topic in bag.topics():
                list(bag.between(topic, 0, 2**63 - 1))
            bag.rewrite(tmp_path / f'copy{number}{file.suffix if source.is_file() else ""}', keep, [])
        except BagError as error:
            assert str(file) in str(error)
            failures += 1
    assert failures > 10


def test_a_damaged_metadata_file_is_named(tmp_path: Path) -> None:
    source = write_bag(tmp_path, 'mcap', [image_message(np.zeros((8, 8, 3), np.uint8), 'bgr8')])
    for content in (b'', b'text', b'[1]', b'rosbag2_bagfile_information: {}', b'\xff\xfe: ', b'a: [b'):
        (source / 'metadata.yaml').write_bytes(content)
        with pytest.raises(
            BagError, match=r'drive/metadata.yaml cannot be read \(.*\); run `ros2 bag reindex` on .*/drive'
        ):
            open_bag(source, tmp_path)


def test_a_bag_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / 'secret.mcap'
    file.touch()
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    with pytest.raises(BagError, match=r'secret.mcap cannot be read: permission denied; change'):
        open_bag(file, tmp_path)


def test_a_full_disk_is_not_a_fault_of_the_bag(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match='No space left on device') as raised,
        reading(tmp_path / 'in.db3', 'expected a database'),
        _writing(tmp_path / 'out.db3') as copy,
    ):
        copy.execute('PRAGMA max_page_count=2')
        copy.execute('CREATE TABLE messages (data)')
        copy.execute('INSERT INTO messages VALUES (zeroblob(100000))')
    assert raised.value.errno == errno.ENOSPC


def test_a_channel_without_its_schema_is_a_fault_of_the_bag(tmp_path: Path) -> None:
    path = tmp_path / 'odd.mcap'
    with path.open('wb') as file:
        writer = Writer(file, use_chunking=False)
        writer.start(profile='ros2')
        writer.add_message(writer.register_channel('/x', 'cdr', 7), START_NS, b'', START_NS)
        writer.finish()
    with pytest.raises(
        BagError, match=r'odd.mcap is damaged: a record refers to schema or channel 7, which is missing; if it'
    ):
        open_bag(path, tmp_path).rewrite(tmp_path / 'copy.mcap', keep, [])
