# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags are anonymised, and continued after they were interrupted."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import bag_stand_in
import cv2
import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

pytest.importorskip('rosbags', reason='needs bodypix_ros[bag]')

from bags import (
    FORMATS,
    IMAGES,
    INFO,
    JPEGS,
    START_NS,
    STEP_NS,
    WORDS,
    clip_messages,
    connections_of,
    image_message,
    read_bag,
    write_bag,
)
from mcap.reader import make_reader
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Writer2

import bodypix_ros
from bodypix_ros.anonymizer import SEARCH_SETTINGS, Anonymizer
from bodypix_ros.errors import BodyPixError, ModelError
from bodypix_ros.recordings.bags import messages as bag_messages
from bodypix_ros.recordings.bags import run as bag_run
from bodypix_ros.recordings.bags.bag import open_bag
from bodypix_ros.recordings.bags.job import BagJob
from bodypix_ros.recordings.bags.plan import make_plan
from bodypix_ros.recordings.bags.run import BagTarget, run_bags
from bodypix_ros.recordings.bags.storage import BagError, RawMessage, TopicInfo
from bodypix_ros.recordings.frames import with_upcoming
from bodypix_ros.settings import AnonymizeSettings

ANONYMIZE = AnonymizeSettings(anonymize='heads', anonymize_style='fill', anonymize_hold_s=0.1)
JOB = BagJob(anonymize=ANONYMIZE, chunk_frames=5)
FRAMES = 17


@pytest.fixture
def pictures(astronaut: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Pictures in which the stand-in finds a moving head, or nobody: see its first value."""
    small = np.asarray(cv2.resize(astronaut, (160, 120), interpolation=cv2.INTER_AREA), np.uint8)
    pictures = []
    for number in range(FRAMES):
        pictures.append(small.copy())
        pictures[-1][:16, :16] = (number % 16) * 2 + (number % 4 != 3)
    return pictures


@pytest.fixture(params=FORMATS)
def bag(request: pytest.FixtureRequest, pictures: list[NDArray[np.uint8]], tmp_path: Path) -> Path:
    wire = 'ros1' if request.param == 'ros1' else 'cdr'
    return write_bag(tmp_path, request.param, list(clip_messages(pictures, wire)))  # type: ignore[arg-type]


@pytest.fixture
def mcap(pictures: list[NDArray[np.uint8]], tmp_path: Path) -> Path:
    return write_bag(tmp_path, 'mcap', list(clip_messages(pictures, 'cdr')))


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Run the tasks in this process, except in the tests of processes: starting one takes a second."""

    def run_here(
        tasks: Sequence[Any], start: Any, workers: int, *, threads: int, progress: Any, done: Any
    ) -> dict[int, str]:
        if tasks:
            work = start(threads)
            for task in tasks:
                work(task, progress)
                done(task)
        return {}

    if 'in_processes' not in request.node.name:
        monkeypatch.setattr(bag_run, 'run_tasks', run_here)


def run(source: Path, target: Path, job: BagJob = JOB, load: Any = bag_stand_in.load) -> dict[str, Any]:
    return run_bags([BagTarget(source, target)], job, 1, 1, load=load)[0]


def of_topic(path: Path, topic: str) -> list[tuple[str, str, int, bytes]]:
    return [one for one in read_bag(path) if one[0] == topic]


def content_of(message: tuple[str, str, int, bytes], wire: Any = 'cdr') -> Any:
    return bag_messages.read(RawMessage(*message, wire))


def test_heads_are_covered_and_everything_else_is_the_same(bag: Path, pictures: Any, tmp_path: Path) -> None:
    target = tmp_path / 'out' / bag.name
    report = run(bag, target)
    wire = 'ros1' if bag.suffix == '.bag' else 'cdr'
    before, after = read_bag(bag), read_bag(target)
    assert [one[:3] for one in after] == [one[:3] for one in before]
    assert connections_of(target) == connections_of(bag)
    for topic in (INFO, WORDS):
        assert of_topic(target, topic) == of_topic(bag, topic)
    anonymizer = Anonymizer(ANONYMIZE, independent=True)
    net = bag_stand_in.StandIn()
    originals = of_topic(bag, IMAGES)
    found = [
        anonymizer.detect(net.segment(picture, None), old[2] / 1e9)
        for picture, old in zip(pictures, originals, strict=True)
    ]
    detections = with_upcoming(found, ANONYMIZE.anonymize_hold_s)
    for old, new, picture, both in zip(originals, of_topic(target, IMAGES), pictures, detections, strict=True):
        expected = anonymizer.cover(picture, *both).image
        content = content_of(new, wire)
        assert (content.data.reshape(120, 160, 3) == expected).all()
        assert content.header == content_of(old, wire).header
        if (expected == picture).all():
            assert new == old
    assert report['frames'] == 2 * FRAMES
    assert report['topics'][IMAGES]['frames_with_people'] == 13
    assert report['copied_topics'] == {INFO: FRAMES, WORDS: FRAMES}
    assert report['failed'] == 0
    assert json.loads((tmp_path / 'out' / f'{bag.name}.report.json').read_text()) == report
    sheet = cv2.imread(str(tmp_path / 'out' / f'{bag.name}.contact_sheet.png'))
    assert sheet.shape[1] == 4 * 488 + 8
    assert {path.name for path in target.parent.iterdir()} == {
        bag.name, f'{bag.name}.contact_sheet.png', f'{bag.name}.report.json'
    }  # fmt: skip


def test_masks_and_people_are_added(bag: Path, pictures: Any, tmp_path: Path) -> None:
    target = tmp_path / 'out' / bag.name
    wire = 'ros1' if bag.suffix == '.bag' else 'cdr'
    run(bag, target, dataclasses.replace(JOB, anonymize=None, write=('mask', 'parts', 'people')))
    before, after = read_bag(bag), read_bag(target)
    added = {f'{topic}/{name}' for topic in (IMAGES, JPEGS) for name in ('mask', 'parts', 'people')}
    assert [one for one in after if one[0] not in added] == before
    images = of_topic(bag, IMAGES)
    for name in ('mask', 'parts', 'people'):
        assert [one[2] for one in of_topic(target, f'{IMAGES}/{name}')] == [one[2] for one in images]
    found = bag_stand_in.StandIn().segment(pictures[4], None)
    mask = content_of(of_topic(target, f'{IMAGES}/mask')[4], wire)
    assert (mask.encoding, mask.step) == ('mono8', 160)
    assert (mask.data.reshape(120, 160) == found.mask * np.uint8(255)).all()
    assert mask.header == content_of(images[4], wire).header
    parts = content_of(of_topic(target, f'{IMAGES}/parts')[4], wire)
    assert (parts.encoding, (parts.data.view(np.int8).reshape(120, 160) == found.parts).all()) == ('8SC1', True)
    people = content_of(of_topic(target, f'{IMAGES}/people')[4], wire)
    (person,) = people.people
    assert (people.height, people.width, people.model, people.keypoint_set) == (120, 160, 'bodypix_ros', 'coco17')
    assert (person.id, person.box.width, person.keypoints[0].name) == (1, 20, 'nose')
    assert np.isnan(person.keypoints[0].z)
    if wire == 'cdr':
        assert connections_of(target)[f'{IMAGES}/mask'][3] == connections_of(target)[IMAGES][3]  # quality of service


@pytest.mark.parametrize('chunk_frames', [1, 4, 100])
def test_the_result_does_not_depend_on_the_chunks(mcap: Path, chunk_frames: int, tmp_path: Path) -> None:
    expected, target = tmp_path / 'expected', tmp_path / 'target'
    run(mcap, expected)
    run(mcap, target, dataclasses.replace(JOB, chunk_frames=chunk_frames))
    assert read_bag(target) == read_bag(expected)


def test_images_out_of_order_are_matched_with_their_results(pictures: Any, tmp_path: Path) -> None:
    messages = [image_message(picture, 'bgr8', START_NS + number * STEP_NS) for number, picture in enumerate(pictures)]
    random.Random(1).shuffle(messages)
    shuffled, ordered = tmp_path / 'shuffled', tmp_path / 'ordered'
    run(write_bag(tmp_path, 'sqlite3', messages, name='mixed'), shuffled)
    run(write_bag(tmp_path, 'sqlite3', sorted(messages, key=lambda one: one.stamp_ns)), ordered)
    assert read_bag(shuffled) == read_bag(ordered)


def test_an_mcap_file_of_ros1_is_processed(pictures: Any, tmp_path: Path) -> None:
    message = image_message(pictures[1], 'bgr8', wire='ros1')
    definition, _ = bag_messages.definition_of(message.msgtype, 'ros1')
    source = tmp_path / 'ros1.mcap'
    with source.open('wb') as file:
        writer = McapWriter(file)
        writer.start(profile='ros1')
        schema = writer.register_schema('sensor_msgs/Image', 'ros1msg', definition.encode())
        channel = writer.register_channel(IMAGES, 'ros1', schema, {'callerid': '/camera'})
        writer.add_message(channel, START_NS, message.data, START_NS)
        writer.finish()
    run(source, tmp_path / 'out.mcap', dataclasses.replace(JOB, write=('mask', 'people')))
    with (tmp_path / 'out.mcap').open('rb') as file:
        found = {channel.topic: (schema, channel, one) for schema, channel, one in make_reader(file).iter_messages()}
    assert list(found) == [IMAGES, f'{IMAGES}/mask', f'{IMAGES}/people']
    schema, channel, mask = found[f'{IMAGES}/mask']
    assert (schema.name, schema.encoding, channel.message_encoding) == ('sensor_msgs/Image', 'ros1msg', 'ros1')
    content = content_of((IMAGES, bag_messages.IMAGE, 0, mask.data), 'ros1')
    assert content.data.reshape(120, 160)[10, 20] == 255
    assert found[f'{IMAGES}/people'][0].name == 'bodypix_ros/PersonArray'


def test_an_image_that_fails_is_blank_and_in_the_report(pictures: Any, tmp_path: Path) -> None:
    pictures[3][0, 0] = 200
    messages = [image_message(picture, 'bgr8', START_NS + number * STEP_NS) for number, picture in enumerate(pictures)]
    messages.append(messages[5]._replace(stamp_ns=START_NS + 10**9, data=messages[5].data[:999]))
    source = write_bag(tmp_path, 'mcap', messages)
    report = run(source, tmp_path / 'out')
    found = of_topic(tmp_path / 'out', IMAGES)
    assert content_of(found[3]).data.max() == 0
    assert content_of(found[3]).header == content_of(of_topic(source, IMAGES)[3]).header
    assert content_of(found[-1]).height == 0
    assert content_of(found[4]).data.max() > 0
    assert [(error['frame'], error['topic']) for error in report['errors']] == [(3, IMAGES), (FRAMES, IMAGES)]
    assert report['errors'][0]['reason'] == 'RuntimeError: a fault of ours'
    assert report['failed'] == 2


def test_topics_that_cannot_be_anonymised_are_refused_unless_they_are_excluded(pictures: Any, tmp_path: Path) -> None:
    depth = image_message(np.full((120, 160), 900, np.uint16), '16UC1', topic='/depth/image')
    source = write_bag(tmp_path, 'mcap', [image_message(pictures[0], 'bgr8'), depth])
    with pytest.raises(BagError, match=r"/depth/image cannot be anonymised: encoding '16UC1' .* --exclude /depth"):
        run(source, tmp_path / 'out')
    assert {path.name for path in tmp_path.iterdir()} == {'drive'}
    report = run(source, tmp_path / 'out', dataclasses.replace(JOB, exclude=('/depth/*',)))
    assert of_topic(tmp_path / 'out', '/depth/image') == of_topic(source, '/depth/image')
    assert report['copied_image_topics'] == {'/depth/image': 'not selected'}


def test_depth_images_are_skipped_if_topics_are_only_added(pictures: Any, tmp_path: Path) -> None:
    depth = image_message(np.full((120, 160), 900, np.uint16), '16UC1', topic='/depth/image')
    source = write_bag(tmp_path, 'mcap', [image_message(pictures[0], 'bgr8'), depth])
    report = run(source, tmp_path / 'out', dataclasses.replace(JOB, anonymize=None, write=('mask',)))
    assert report['copied_image_topics'] == {'/depth/image': "encoding '16UC1' is that of depth images"}
    assert len(read_bag(tmp_path / 'out')) == 3


def test_only_selected_topics_are_processed(mcap: Path, tmp_path: Path) -> None:
    report = run(mcap, tmp_path / 'out', dataclasses.replace(JOB, topics=('/rear/*',)))
    assert list(report['topics']) == [JPEGS]
    assert of_topic(tmp_path / 'out', IMAGES) == of_topic(mcap, IMAGES)
    assert of_topic(tmp_path / 'out', JPEGS) != of_topic(mcap, JPEGS)


def test_a_bag_without_images_to_process_is_an_error(mcap: Path, tmp_path: Path) -> None:
    with pytest.raises(BagError, match=f'has no image topic that matches /front; image topics: {IMAGES}, {JPEGS}'):
        run(mcap, tmp_path / 'out', dataclasses.replace(JOB, topics=('/front',)))


def test_every_pattern_of_topics_must_match(mcap: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BagError, match=f'drive has no image topic that matches /frnt/\\*; image topics: {IMAGES}, {JPEGS}'
    ):
        run(mcap, tmp_path / 'out', dataclasses.replace(JOB, topics=('/rear/*', '/frnt/*')))
    assert [path.name for path in tmp_path.iterdir()] == ['drive']


def test_patterns_of_exclude_that_match_nothing_are_in_the_report(mcap: Path, tmp_path: Path) -> None:
    report = run(mcap, tmp_path / 'out', dataclasses.replace(JOB, exclude=('/rear/*', '/depht', INFO)))
    assert report['unused_exclude_patterns'] == ['/depht', INFO]
    assert report['copied_image_topics'] == {JPEGS: 'not selected'}


def test_people_are_counted_only_if_they_are_separated(mcap: Path, tmp_path: Path) -> None:
    report = run(mcap, tmp_path / 'mask', dataclasses.replace(JOB, anonymize=None, write=('mask',)))
    assert not {'people', 'frames_with_people'} & (report.keys() | report['topics'][IMAGES].keys())
    report = run(mcap, tmp_path / 'people', dataclasses.replace(JOB, anonymize=None, write=('people',)))
    assert (report['people'], report['frames_with_people']) == (26, 26)


def test_chunks_have_about_equal_length(mcap: Path, tmp_path: Path) -> None:
    plan = make_plan(open_bag(mcap, tmp_path), dataclasses.replace(JOB, chunk_frames=8))
    assert [chunk.frames for chunk in plan.topics[0].chunks] == [6, 6, 5]


def test_a_bag_is_written_before_the_others_are_processed(mcap: Path, tmp_path: Path, monkeypatch: Any) -> None:
    targets = [BagTarget(mcap, tmp_path / name) for name in ('one', 'two')]
    real = bag_run.process_chunk

    def process(bag: Any, chunk: Any, job: Any, net: Any, target: Path, report: Any) -> None:
        if target.is_relative_to(tmp_path / 'two.partial'):
            assert targets[0].path.exists()
            assert targets[0].report.exists()
        real(bag, chunk, job, net, target, report)

    monkeypatch.setattr(bag_run, 'process_chunk', process)
    assert len(run_bags(targets, JOB, 1, 1, load=bag_stand_in.load)) == 2


def test_the_threads_of_the_workers_share_the_cores(mcap: Path, tmp_path: Path, monkeypatch: Any) -> None:
    used: list[tuple[int, int]] = []

    def run_tasks(tasks: Any, start: Any, workers: int, *, threads: int, **_: Any) -> dict[int, str]:
        used.append((len(tasks), threads))
        return {}

    monkeypatch.setattr(bag_run, 'run_tasks', run_tasks)
    for name, workers, chunk_frames in (('a', 8, 100), ('b', 3, 1), ('c', 16, 1)):
        job = dataclasses.replace(JOB, chunk_frames=chunk_frames)
        run_bags([BagTarget(mcap, tmp_path / name)], job, workers, 8, load=bag_stand_in.load)
    assert used == [(2, 4), (2 * FRAMES, 2), (2 * FRAMES, 1)]


def test_many_bags_need_few_open_files(pictures: Any, tmp_path: Path) -> None:
    sources = [
        write_bag(tmp_path, 'ros1', [image_message(pictures[1], 'bgr8', wire='ros1')], name=str(number))
        for number in range(20)
    ]
    open_files: list[int] = []

    def load(*_: Any, **__: Any) -> Any:
        open_files.append(len(os.listdir('/proc/self/fd')))
        return bag_stand_in.StandIn()

    before = len(os.listdir('/proc/self/fd'))
    targets = [BagTarget(source, tmp_path / 'out' / source.name) for source in sources]
    run_bags(targets, JOB, 1, 1, load=load)
    assert open_files[0] - before < 1.5 * len(sources)  # a lock for each, and readers that are not yet collected


def test_a_topic_that_exists_is_not_added(pictures: Any, tmp_path: Path) -> None:
    messages = [image_message(pictures[0], 'bgr8'), image_message(pictures[0], 'bgr8', topic=f'{IMAGES}/mask')]
    source = write_bag(tmp_path, 'mcap', messages)
    with pytest.raises(BagError, match=f'already has a topic {IMAGES}/mask; '):
        run(source, tmp_path / 'out', dataclasses.replace(JOB, anonymize=None, write=('mask',)))


def test_nothing_is_overwritten(mcap: Path, tmp_path: Path) -> None:
    for target in (mcap, mcap / 'inside', mcap.parent):
        with pytest.raises(BodyPixError, match='would change the input .* which is never overwritten'):
            run_bags([BagTarget(mcap, target)], JOB, 1, 1, overwrite=True)
    other = tmp_path / 'out'
    other.mkdir()
    (other / 'mine').touch()
    with pytest.raises(BodyPixError, match='out exists; choose another output, or add --overwrite'):
        run(mcap, other)
    with pytest.raises(
        BodyPixError, match=r'out is not replaced: without out\.report\.json next to it, it is not an output'
    ):
        run_bags([BagTarget(mcap, other)], JOB, 1, 1, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {'drive', 'out'}


def test_another_recording_is_not_replaced_if_the_output_was_forgotten(mcap: Path, tmp_path: Path) -> None:
    file = mcap / 'drive.mcap'
    other = tmp_path / 'tuesday.mcap'
    other.write_bytes(file.read_bytes())
    with pytest.raises(
        BodyPixError, match=r'tuesday.mcap is not replaced: without tuesday.mcap.report.json next to it'
    ):
        run_bags([BagTarget(file, other)], JOB, 1, 1, overwrite=True)
    assert other.read_bytes() == file.read_bytes()


def test_an_output_is_replaced_on_request(bag: Path, tmp_path: Path) -> None:
    targets = [BagTarget(bag, tmp_path / 'out' / bag.name)]
    (old,) = run_bags(targets, dataclasses.replace(JOB, anonymize=None, write=('mask',)), 1, 1, load=bag_stand_in.load)
    (report,) = run_bags(targets, JOB, 1, 1, overwrite=True, load=bag_stand_in.load)
    assert (old['write'], report['write']) == (['mask'], [])
    assert json.loads(targets[0].report.read_text()) == report
    assert {one[0] for one in read_bag(targets[0].path)} == {IMAGES, JPEGS, INFO, WORDS}
    assert len(list((tmp_path / 'out').iterdir())) == 3


def test_a_finished_bag_is_not_processed_again(mcap: Path, tmp_path: Path) -> None:
    report = run(mcap, tmp_path / 'out')
    (tmp_path / 'out.partial').mkdir()  # of a run that was killed at its end
    assert run(mcap, tmp_path / 'out', load=bag_stand_in.fail_to_load) == report
    assert not (tmp_path / 'out.partial').exists()
    with pytest.raises(BodyPixError, match='out exists; choose another output, or add --overwrite'):
        run(mcap, tmp_path / 'out', dataclasses.replace(JOB, exclude=('/rear/*',)))


def test_an_interrupted_run_with_other_settings_starts_again(
    mcap: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for job in (JOB, JOB, dataclasses.replace(JOB, write=('mask',))):
        with pytest.raises(ModelError, match='the weights are missing'):
            run(mcap, tmp_path / 'out', job, bag_stand_in.fail_to_load)
        (tmp_path / 'out.partial' / 'pieces' / '000-000000.zip').touch()
    assert [record.message for record in caplog.records] == [
        f'{tmp_path}/out.partial contains results of another input or of other settings; starting again'
    ]
    run(mcap, tmp_path / 'out')


def test_parts_of_a_network_without_parts_are_refused(mcap: Path, tmp_path: Path) -> None:
    job = dataclasses.replace(JOB, anonymize=None, write=('parts',))
    with pytest.raises(ModelError, match='has no parts; use --model bodypix_ros, or --write without parts'):
        run(mcap, tmp_path / 'out', job, bag_stand_in.load_without_parts)
    job = dataclasses.replace(job, write=('people',))
    report = run(mcap, tmp_path / 'other', job, bag_stand_in.load_without_parts)
    assert report['failed'] == 0
    assert content_of(of_topic(tmp_path / 'other', f'{IMAGES}/people')[4]).part_ids == ''


def test_videos_in_messages_are_refused_unless_they_are_excluded(pictures: Any, tmp_path: Path) -> None:
    source = tmp_path / 'video.mcap'
    with source.open('wb') as file:
        writer = McapWriter(file)
        writer.start(profile='ros2')
        for topic, msgtype in ((IMAGES, bag_messages.IMAGE), ('/video', 'foxglove_msgs/msg/CompressedVideo')):
            channel = writer.register_channel(topic, 'cdr', writer.register_schema(msgtype, 'ros2msg', b''))
            writer.add_message(channel, START_NS, image_message(pictures[1], 'bgr8').data, START_NS)
        writer.finish()
    with pytest.raises(
        BagError, match='/video cannot be anonymised: the type foxglove_msgs/msg/CompressedVideo is not'
    ):
        run(source, tmp_path / 'out.mcap')
    report = run(source, tmp_path / 'out.mcap', dataclasses.replace(JOB, exclude=('/video',)))
    assert report['copied_image_topics'] == {'/video': 'type foxglove_msgs/msg/CompressedVideo'}


def test_a_full_disk_is_an_error_after_which_a_run_continues(
    mcap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_nothing(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(bag_run, 'write_bag', write_nothing)
        with pytest.raises(BodyPixError, match=r'failed to write .*/out \(No space left on device\); free some space'):
            run(mcap, tmp_path / 'out')
    monkeypatch.setattr(bag_run, 'process_chunk', lambda *_: pytest.fail('a chunk was processed again'))
    assert run(mcap, tmp_path / 'out')['frames'] == 2 * FRAMES


def test_a_disk_that_is_full_from_the_beginning_is_an_error(
    mcap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_nothing(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, 'write_text', write_nothing)
    with pytest.raises(BodyPixError, match=r'failed to write .*/out \(No space left on device\); free some space'):
        run(mcap, tmp_path / 'out')
    assert [path.name for path in tmp_path.iterdir()] == ['drive']


@pytest.mark.parametrize(
    'definition',
    [
        'std_msgs/Header header\nsensor_msgs/Image[] views',
        'View[] views\n' + '=' * 80 + '\nMSG: lab_msgs/View\nsensor_msgs/msg/CompressedImage image',
        'module lab_msgs { module msg { struct Views { sequence<sensor_msgs::msg::Image> views; }; }; };',
    ],
)
def test_a_definition_with_a_field_of_images_is_recognised(definition: str) -> None:
    assert bag_messages.contains_images(TopicInfo('lab_msgs/msg/Views', 'cdr', definition))


def test_a_comment_about_images_is_no_image() -> None:
    assert not bag_messages.contains_images(
        TopicInfo('lab_msgs/msg/Size', 'cdr', '# of a sensor_msgs/Image\nint32 size')
    )
    assert not bag_messages.contains_images(TopicInfo('sensor_msgs/msg/CameraInfo', 'cdr'))
    assert bag_messages.contains_images(TopicInfo('stereo_msgs/msg/DisparityImage', 'cdr'))


@pytest.mark.parametrize('form', FORMATS)
def test_a_topic_whose_messages_contain_images_is_refused(form: str, pictures: Any, tmp_path: Path) -> None:
    definition = 'string note\nsensor_msgs/Image image\n'
    source = tmp_path / ('tagged.bag' if form == 'ros1' else 'tagged')
    data = image_message(pictures[1], 'bgr8', wire='ros1' if form == 'ros1' else 'cdr')
    writer: Any
    if form == 'ros1':
        writer, details = Writer1(source), {'md5sum': '0' * 32}
    else:
        plugin = StoragePlugin.MCAP if form == 'mcap' else StoragePlugin.SQLITE3
        writer, details = Writer2(source, version=9, storage_plugin=plugin), {'rihs01': 'RIHS01_0'}
    with writer:
        known, digest = bag_messages.definition_of(bag_messages.IMAGE, data.wire)
        images = writer.add_connection(IMAGES, bag_messages.IMAGE, msgdef=known, **dict.fromkeys(details, digest))
        tagged = writer.add_connection('/tagged', 'lab_msgs/msg/Tagged', msgdef=definition, **details)
        writer.write(images, START_NS, data.data)
        writer.write(tagged, START_NS, b'unknown')
    with pytest.raises(BagError, match='/tagged cannot be anonymised: the type lab_msgs/msg/Tagged is not supported'):
        run(source, tmp_path / f'out{source.suffix}')
    report = run(source, tmp_path / f'out{source.suffix}', dataclasses.replace(JOB, exclude=('/tagged',)))
    assert report['copied_image_topics'] == {'/tagged': 'type lab_msgs/msg/Tagged'}


def test_a_second_process_waits_its_turn(mcap: Path, tmp_path: Path) -> None:
    work = tmp_path / 'out.partial'
    work.mkdir()
    with FileLock(work / 'lock'), pytest.raises(BodyPixError, match='another process is writing'):
        run(mcap, tmp_path / 'out')
    assert work.exists()
    run(mcap, tmp_path / 'out')


def test_several_bags_are_processed_in_processes(mcap: Path, pictures: Any, tmp_path: Path) -> None:
    second = write_bag(tmp_path, 'ros1', [image_message(pictures[1], 'bgr8', wire='ros1')], name='second')
    targets = [BagTarget(mcap, tmp_path / 'out' / 'one'), BagTarget(second, tmp_path / 'out' / 'two.bag')]
    calls: list[tuple[str, int, int]] = []
    reports = run_bags(targets, JOB, 2, 1, progress=lambda *call: calls.append(call), load=bag_stand_in.load)
    assert [report['frames'] for report in reports] == [2 * FRAMES, 1]
    images = 2 * FRAMES + 1
    assert sorted(calls) == [('processing', done, images) for done in range(images + 1)]
    assert (tmp_path / 'out' / 'two.bag').is_file()


@cache
def own_network(*_: object, **__: object) -> bodypix_ros.Segmenter:
    return bodypix_ros.load(provider='cpu')


@pytest.mark.slow
@pytest.mark.parametrize('form', FORMATS)
def test_people_of_a_real_clip_are_covered_whatever_the_chunks(form: str, shared: Path, tmp_path: Path) -> None:
    clip = cv2.VideoCapture(str(shared / 'images' / 'video' / 'vtest.avi'))
    frames = [np.asarray(cv2.resize(clip.read()[1], (384, 288)), np.uint8) for _ in range(16)]
    wire = 'ros1' if form == 'ros1' else 'cdr'
    source = write_bag(tmp_path, form, list(clip_messages(frames, wire)))  # type: ignore[arg-type]
    job = BagJob(anonymize=AnonymizeSettings(anonymize_hold_s=0.2), segment=SEARCH_SETTINGS)
    report = run(source, tmp_path / 'whole', dataclasses.replace(job, chunk_frames=100), own_network)
    run(source, tmp_path / 'chunks', dataclasses.replace(job, chunk_frames=5), own_network)
    read = {name: read_bag(tmp_path / name, form) for name in ('whole', 'chunks')}
    assert read['whole'] == read['chunks']
    before = read_bag(source)
    assert [one[:3] for one in read['whole']] == [one[:3] for one in before]
    for old, new in zip(before, read['whole'], strict=True):
        assert (old == new) == (old[0] in (INFO, WORDS))
    assert report['topics'][IMAGES]['frames_with_people'] == report['topics'][JPEGS]['frames_with_people'] == 16


KILLED = """
import sys
from pathlib import Path
import bag_stand_in
from bodypix_ros.recordings.bags.bag import open_bag
from bodypix_ros.recordings.bags.job import BagJob
from bodypix_ros.recordings.bags.plan import make_plan
from bodypix_ros.recordings.bags.run import BagTarget, run_bags
from bodypix_ros.settings import AnonymizeSettings
if __name__ == '__main__':
    settings = AnonymizeSettings(anonymize='heads', anonymize_style='fill', anonymize_hold_s=0.1)
    job = BagJob(anonymize=settings, write=('mask',), chunk_frames=5)
    run_bags([BagTarget(Path(sys.argv[1]), Path(sys.argv[2]))], job, 2, 1, load=bag_stand_in.load_slowly)
"""


def test_the_kernels_are_ready_before_the_network_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise, an interrupted run and a complete one would process different images with numpy."""
    calls: list[object] = []
    monkeypatch.setattr('bodypix_ros.recordings.bags.job.prepare_kernels', calls.append)
    JOB.open_network(lambda settings, given: calls.append(settings), threads=1)
    assert calls == ['auto', dataclasses.replace(JOB.network, threads=1)]


@pytest.mark.slow
def test_a_run_that_is_killed_continues_with_the_same_result(mcap: Path, tmp_path: Path) -> None:
    """$BODYPIX_KILLS is the number of moments at which it is killed."""
    program = tmp_path / 'killed.py'
    program.write_text(KILLED)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}

    def start(target: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, program, mcap, target], env=environment)

    started = time.monotonic()
    assert start(tmp_path / 'expected').wait() == 0
    duration_s = time.monotonic() - started
    expected = [path.read_bytes() for path in sorted((tmp_path / 'expected').rglob('*'))]
    moments = random.Random(0)
    interrupted = 0
    for kill in range(int(os.environ.get('BODYPIX_KILLS', '4'))):
        target = tmp_path / str(kill) / 'expected'
        target.parent.mkdir()
        process = start(target)
        try:
            process.wait(moments.uniform(0.2, 1.0) * duration_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            interrupted += 1
            assert not target.exists() or [path.read_bytes() for path in sorted(target.rglob('*'))] == expected
        assert start(target).wait() == 0
        assert [path.read_bytes() for path in sorted(target.rglob('*'))] == expected
        assert sorted(path.name for path in target.parent.iterdir()) == [
            'expected', 'expected.contact_sheet.png', 'expected.report.json'
        ]  # fmt: skip
    assert interrupted
