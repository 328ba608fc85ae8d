# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each frame is segmented as its outputs require and published, and a failure costs one frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from bodypix_ros.anonymizer import SEARCH_SETTINGS
from bodypix_ros.errors import BodyPixError
from bodypix_ros.image_layout import BadImage
from bodypix_ros.ros import inference_worker
from bodypix_ros.ros.camera import Wanted
from bodypix_ros.ros.frame_queue import LatestFrameQueue
from bodypix_ros.ros.inference_worker import InferenceWorker
from bodypix_ros.ros.outputs import Need, Output
from bodypix_ros.ros.parameters import Parameters
from bodypix_ros.ros.stats import FrameStats
from bodypix_ros.segmentation import Segmentation, VideoState
from bodypix_ros.settings import PictureSettings, SegmentSettings


class Publisher:
    """A fake publisher of an output."""

    def __init__(self, topic: str, *needs: Need) -> None:
        self.output = Output(topic, object, lambda *_: True, lambda _: frozenset(needs))


def wanted_of(*publishers: Any) -> Wanted:
    each = {one: one.output.needs(PictureSettings()) for one in publishers}
    shown = any('anonymized' not in needs for needs in each.values())
    return Wanted(each, frozenset[Need]().union(*each.values()), shown)


class Camera:
    """A fake camera."""

    def __init__(self, name: str, *wanted: Publisher) -> None:
        self.name, self.stats = name, FrameStats(name)
        publishers: Any = wanted or (Publisher('mask'),)
        self.wanted = wanted_of(*publishers)
        self.camera_info = None
        self.history = SimpleNamespace(
            update=lambda image, found, *_: (found, ()), anonymize=self._anonymize, video=VideoState()
        )
        self.anonymized: list[Any] = []  # what anonymising returns or raises, image by image
        self.images = SimpleNamespace(topic=f'/{name}/image')
        self.bad: list[str] = []

    def _anonymize(self, *_: Any) -> Any:
        result = self.anonymized.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def report_bad(self, error: BadImage) -> None:
        self.bad.append(str(error))

    def frame(self, value: int = 0, sec: int = 1, size: tuple[int, int] = (4, 6)) -> Any:
        """Return a frame of a grey image."""
        image = np.full((*size, 3), value, np.uint8)
        header = Header(stamp=Time(sec=sec))
        return SimpleNamespace(
            camera=self, header=header, size=size, read=lambda: image, arrived_s=time.monotonic(), receive_ms=0.1
        )

    @property
    def outcome(self) -> tuple[int, int, int]:
        """Frames out, dropped and bad."""
        counts = self.stats.counts
        return counts.frames_out, counts.frames_dropped, counts.frames_bad


class Model:
    """A fake segmenter: images of value 13 fail; `people_error` and `hands_error` are raised if these are requested."""

    def __init__(self, provider: str, has_parts: bool) -> None:
        self.provider, self.has_parts = provider, has_parts
        self.network = SimpleNamespace(model='bodypix_ros')
        self.settings = SimpleNamespace(part_ids='bodypix1')
        self.batches: list[int] = []
        self.prepared: list[tuple[int, int]] = []
        self.people_error: Exception | None = None
        self.states: list[VideoState] = []
        self.settings_used: list[SegmentSettings] = []
        self.hands_error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def run_once(self) -> Any:
        return nullcontext()

    def prepare(self, height: int, width: int, settings: Any) -> None:
        self.prepared.append((height, width))

    def segment_batch(
        self, images: Any, settings: Any, *, states: Any = (), people: bool = False, **_: Any
    ) -> list[Segmentation]:
        self.batches.append(len(images))
        self.states += states
        self.settings_used.append(settings)
        self.gate.wait(30.0)
        if any((image == 13).all() for image in images):
            raise RuntimeError('bad luck')
        if people and self.people_error is not None:
            raise self.people_error
        if settings.hands and self.hands_error is not None:
            raise self.hands_error
        found: Any = SimpleNamespace() if people else None
        return [Segmentation(image[..., 0] > 100, people=found) for image in images]


class Bench:
    """A worker with its queue and a model."""

    def __init__(self, provider: str = 'cpu', has_parts: bool = True, **parameters: Any) -> None:
        self.queue: LatestFrameQueue[Any] = LatestFrameQueue()
        self.model = Model(provider, has_parts)
        clock: Any = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=3 * 10**9))
        settings = Parameters().changed(parameters)
        self.worker = InferenceWorker(self.queue, self.model, settings, clock, [(480, 640)])  # type: ignore[arg-type]

    def process(self, *frames: Any) -> None:
        """Put frames into the queue at once, and wait until all are counted."""

        def counted() -> int:
            return sum(sum(frame.camera.outcome) for frame in frames)

        before = counted()
        with self.queue._changed:
            for frame in frames:
                self.queue.put(frame.camera.name, frame)
        wait_until(lambda: counted() == before + len(frames) and not self.worker.busy_s)


def wait_until(condition: Callable[[], Any]) -> None:
    end_s = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < end_s, 'nothing came'
        time.sleep(0.002)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What was published: topics and results. A result whose stamp has 666 nanoseconds cannot be drawn."""
    results: list[tuple[str, Any]] = []

    def publish(wanted: Any, result: Any) -> dict[str, str]:
        if result.header.stamp.nanosec == 666:
            return {one.output.topic: 'no paint' for one in wanted}
        results.extend((one.output.topic, result) for one in wanted)
        return {}

    monkeypatch.setattr(inference_worker, 'publish_outputs', publish)
    return results


@pytest.fixture
def bench(published: list[Any]) -> Iterator[Callable[..., Bench]]:
    """Makes benches; their workers are stopped at the end."""
    benches: list[Bench] = []

    def make(provider: str = 'cpu', **parameters: Any) -> Bench:
        benches.append(Bench(provider, **parameters))
        return benches[-1]

    yield make
    for one in benches:
        one.model.gate.set()
        assert one.worker.stop(10.0)


def test_a_frame_is_segmented_and_published_with_its_header(bench: Any, published: list[Any]) -> None:
    camera = Camera('a')
    frame = camera.frame(200)
    bench().process(frame)
    ((topic, result),) = published
    assert (topic, result.header, result.model) == ('mask', frame.header, 'bodypix_ros')
    assert result.segmentation.mask.all()
    assert camera.outcome == (1, 0, 0)
    assert camera.stats.report(1.0).age.p50_ms == 2000.0


def test_announced_sizes_are_prepared_before_the_first_frame(bench: Any) -> None:
    one = bench()
    one.process(Camera('a').frame())
    assert one.model.prepared == [(480, 640)]


def test_sizes_of_sideways_cameras_are_prepared_upright(bench: Any) -> None:
    one = bench(rotate=270)
    one.process(Camera('a').frame())
    assert one.model.prepared == [(640, 480)]


def test_a_cpu_publishes_each_camera_as_soon_as_it_is_ready(bench: Any) -> None:
    one = bench()
    one.process(Camera('a').frame(), Camera('b').frame())
    assert one.model.batches == [1, 1]


def test_a_gpu_runs_frames_of_equal_size_as_one_batch(bench: Any) -> None:
    one = bench('cuda')
    one.process(Camera('a').frame(), Camera('b').frame())
    assert one.model.batches == [2]
    assert one.worker.take_batch_size() == 2.0


def test_a_frame_that_fails_affects_no_other_frame(bench: Any, published: list[Any]) -> None:
    one, good, bad = bench('cuda'), Camera('good'), Camera('bad')
    one.process(good.frame(200), bad.frame(13))
    assert (good.outcome, bad.outcome) == ((1, 0, 0), (0, 1, 0))
    assert one.worker.take_failure() == 'RuntimeError: bad luck'
    assert one.worker.take_failure() == ''
    assert len(published) == 1


@pytest.mark.parametrize('sec', [-5, 0])
def test_a_stamp_that_is_not_set_or_before_the_epoch_has_no_age(bench: Any, sec: int) -> None:
    camera = Camera('a')
    bench().process(camera.frame(sec=sec))
    assert camera.outcome == (1, 0, 0)
    assert np.isnan(camera.stats.report(1.0).age.p50_ms)


def test_a_frame_that_cannot_be_read_is_bad(bench: Any) -> None:
    camera = Camera('a')
    frame = camera.frame()

    def read() -> None:
        raise BadImage('stream', 'cut off')

    frame.read = read
    bench().process(frame)
    assert (camera.outcome, camera.bad) == ((0, 0, 1), ['cut off'])


def test_an_unexpected_error_while_reading_drops_the_frame(bench: Any) -> None:
    camera, one = Camera('a'), bench()
    frame = camera.frame()
    frame.read = lambda: 1 / 0
    one.process(frame)
    assert camera.outcome == (0, 1, 0)
    assert one.worker.take_failure() == 'ZeroDivisionError: division by zero'


def test_a_drawing_that_fails_drops_the_frame_and_says_why(bench: Any) -> None:
    camera, one = Camera('a'), bench()
    frame = camera.frame()
    frame.header.stamp.nanosec = 666
    one.process(frame)
    assert camera.outcome == (0, 1, 0)
    assert one.worker.take_failure() == 'mask was not published: no paint'


def test_a_frame_that_is_no_longer_wanted_is_dropped(bench: Any) -> None:
    camera, one = Camera('a'), bench()
    camera.wanted = Wanted()
    one.process(camera.frame())
    assert (camera.outcome, one.model.batches) == ((0, 1, 0), [])


def test_without_people_the_mask_goes_out_and_people_are_tried_again_later(
    bench: Any, published: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, one = Camera('a', Publisher('mask'), Publisher('people', 'people')), bench()
    one.model.people_error = BodyPixError('no heads')
    one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask']
    assert one.worker.people_error == 'no heads'
    one.model.people_error = None
    one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask', 'mask'], 'not tried again at once'
    monkeypatch.setattr(one.worker._frames.people, '_retry_s', 0.0)
    one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask', 'mask', 'mask', 'people']
    assert one.worker.people_error == ''


def test_topics_of_parts_are_named_if_the_model_has_none(bench: Any, published: list[Any]) -> None:
    camera, one = (
        Camera('a', Publisher('mask'), Publisher('parts', 'parts'), Publisher('people', 'people')),
        bench(has_parts=False),
    )
    one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask', 'people']
    assert one.worker.topics_without_parts == ['parts']
    assert camera.outcome == (1, 0, 0)
    camera.wanted = wanted_of(Publisher('mask'))
    one.process(camera.frame())
    assert one.worker.topics_without_parts == []


def test_each_camera_has_its_own_state(bench: Any) -> None:
    one, first, second = bench(), Camera('a'), Camera('b')
    for camera in (first, second, first):
        one.process(camera.frame())
    states = [id(state) for state in one.model.states]
    assert states == [id(first.history.video), id(second.history.video), id(first.history.video)]


def test_without_hands_everything_else_is_published_and_hands_are_tried_again(
    bench: Any, published: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, one = Camera('a', Publisher('mask'), Publisher('people', 'people')), bench(hands=True)
    one.model.hands_error = BodyPixError('no files')
    one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask', 'people']
    assert (one.worker.hands_error, one.worker.people_error) == ('no files', '')
    assert one.model.batches == [1, 1]
    one.process(camera.frame())
    assert one.model.batches == [1, 1, 1], 'not tried again at once'
    one.model.hands_error = None
    monkeypatch.setattr(one.worker._frames.hands, '_retry_s', 0.0)
    one.process(camera.frame())
    assert one.model.batches == [1, 1, 1, 1]
    assert one.worker.hands_error == ''


def test_a_sideways_camera_gets_results_in_its_own_orientation(bench: Any, published: list[Any]) -> None:
    frame = Camera('a').frame()
    frame.read()[0, 0] = 200
    bench(rotate=90).process(frame)
    mask = published[0][1].segmentation.mask
    assert mask.shape == (4, 6)
    assert np.argwhere(mask).tolist() == [[0, 0]]


def test_a_worker_that_does_not_return_is_abandoned_and_publishes_nothing(bench: Any, published: list[Any]) -> None:
    camera, one = Camera('a', Publisher('people', 'people')), bench()
    updates: list[Any] = []
    camera.history.update = lambda image, found, *_: (updates.append(found) or found, ())
    one.model.gate.clear()
    one.queue.put('a', camera.frame())
    wait_until(lambda: one.worker.busy_s > 0)
    assert not one.worker.stop(0.05)
    assert (one.worker.stopping, one.worker.running) == (True, True)
    assert camera.outcome == (0, 1, 0)
    one.model.gate.set()
    wait_until(lambda: not one.worker.running)
    assert (camera.outcome, published) == ((0, 1, 0), [])
    assert updates == [], 'another worker may already use the history'


ANONYMIZED = Publisher('anonymized', 'anonymized')


def test_an_anonymised_image_reaches_its_output_and_doubts_are_counted(bench: Any, published: list[Any]) -> None:
    camera, one = Camera('a', ANONYMIZED), bench()
    camera.anonymized = [SimpleNamespace(doubtful=''), SimpleNamespace(doubtful='1 head')]
    expected = list(camera.anonymized)
    for _ in range(2):
        one.process(camera.frame())
    assert [result.anonymized for _, result in published] == expected
    assert (camera.stats.not_anonymized, camera.stats.doubtful) == (0, 1)


def test_an_image_that_is_not_anonymised_is_counted_and_its_result_has_the_reason(
    bench: Any, published: list[Any]
) -> None:
    camera, one = Camera('a', Publisher('mask'), ANONYMIZED), bench()
    error = ValueError('no memory')
    camera.anonymized = [error]
    one.process(camera.frame())
    assert [result.anonymized for _, result in published] == [error, error]
    assert (camera.stats.not_anonymized, camera.stats.doubtful) == (1, 0)


def test_without_people_no_image_is_anonymised(bench: Any, published: list[Any]) -> None:
    camera, one = Camera('a', Publisher('mask'), ANONYMIZED), bench()
    one.model.people_error = BodyPixError('no heads')
    for _ in range(2):
        one.process(camera.frame())
    assert [topic for topic, _ in published] == ['mask', 'anonymized'] * 2
    assert [str(result.anonymized) for _, result in published] == ['people were not found: no heads'] * 4
    assert camera.stats.not_anonymized == 2
    assert one.model.batches == [1, 1, 1], 'people are not searched for again at once'


def test_a_frame_of_which_only_the_anonymised_image_is_wanted_is_dropped_without_people(
    bench: Any, published: list[Any]
) -> None:
    camera, one = Camera('a', ANONYMIZED), bench()
    one.model.people_error = BodyPixError('no heads')
    one.process(camera.frame())
    assert (camera.outcome, camera.stats.not_anonymized, published) == ((0, 1, 0), 1, [])
    assert one.worker.take_failure() == 'people were not found: no heads'


def test_without_its_output_nothing_is_anonymised(bench: Any, published: list[Any]) -> None:
    camera = Camera('a', Publisher('people', 'people'))
    bench().process(camera.frame())
    assert published[0][1].anonymized is None


STRICT = {'threshold': 0.9, 'score_threshold': 0.8, 'max_people': 1, 'hands': True, 'refine': True}


def test_what_is_anonymised_does_not_depend_on_the_settings_of_other_outputs(bench: Any) -> None:
    camera, one = Camera('a', ANONYMIZED), bench(**STRICT)
    camera.anonymized = [SimpleNamespace(doubtful='')]
    one.process(camera.frame())
    assert one.model.settings_used == [SEARCH_SETTINGS], 'the model runs once'
    assert one.model.states == []


def test_other_outputs_are_made_with_their_own_settings_and_state(bench: Any, published: list[Any]) -> None:
    camera, one = Camera('a', Publisher('people', 'people'), ANONYMIZED), bench(**STRICT)
    camera.anonymized = [SimpleNamespace(doubtful='')]
    one.process(camera.frame())
    assert one.model.settings_used == [SegmentSettings(**STRICT), SEARCH_SETTINGS]
    assert one.model.states == [camera.history.video], 'the search does not change the state'
    assert [topic for topic, _ in published] == ['people', 'anonymized']


def test_a_batch_is_searched_for_people_only_where_that_is_wanted(bench: Any, published: list[Any]) -> None:
    cameras = [Camera('a'), Camera('b', ANONYMIZED), Camera('c', Publisher('mask'), ANONYMIZED)]
    for camera, name in zip(cameras, 'abc', strict=True):
        camera.anonymized = [SimpleNamespace(doubtful='', name=name)]
    one = bench('cuda')
    one.process(*(camera.frame(value) for camera, value in zip(cameras, (0, 200, 0), strict=True)))
    assert one.model.batches == [2, 2]
    assert [(topic, result.segmentation.mask.all()) for topic, result in published] == [
        ('mask', False), ('anonymized', True), ('mask', False), ('anonymized', False),
    ]  # fmt: skip
    assert [getattr(result.anonymized, 'name', '') for _, result in published] == ['', 'b', 'c', 'c']
