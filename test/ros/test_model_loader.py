# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which model runs, and what happens where its weights are absent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from robot import Process, Robot, value_of

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models.mediapipe import source
from bodypix_ros.msg import Stats
from bodypix_ros.ros.model_loader import LOADING, ModelLoader, ModelRequest, check_change
from bodypix_ros.settings import NetworkSettings


def request(given: tuple[str, ...] = (), fallback: bool = True, **settings: Any) -> ModelRequest:
    return ModelRequest(NetworkSettings(**settings), frozenset(given), fallback)


class Loading:
    """A loader with loads that wait for a result."""

    def __init__(self) -> None:
        self.asked: list[ModelRequest] = []
        self.done = threading.Event()
        self.ends: list[Any] = []
        self.loader = ModelLoader(self._load, self.done.set)

    def _load(self, asked: ModelRequest, progress: Any) -> Any:
        progress('reading', 1, 4)
        self.asked.append(asked)
        while not self.ends:
            time.sleep(0.001)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    def finish(self, *ends: Any) -> bool:
        """Let the loads end with models or errors, and collect."""
        self.ends.extend(ends)
        assert self.done.wait(20.0)
        self.done.clear()
        return self.loader.collect()


def test_a_model_is_loaded_in_the_background_and_collected() -> None:
    one, wanted = Loading(), request(threads=1)
    one.loader.begin(wanted)
    assert (one.loader.model, one.loader.request, one.loader.busy) == (None, wanted, True)
    assert not one.loader.collect()
    assert one.finish('a model')
    assert one.loader.model is not None
    assert (one.loader.model.segmenter, one.loader.model.request, one.loader.task) == ('a model', wanted, '')
    assert not one.loader.collect()


def test_progress_is_reported_in_words() -> None:
    one = Loading()
    one.loader.begin(request())
    while one.loader.task == LOADING:
        time.sleep(0.001)
    assert one.loader.task == 'reading (25%)'
    assert one.finish('a model')


def test_a_model_that_cannot_be_loaded_leaves_the_one_before() -> None:
    one = Loading()
    one.loader.begin(request())
    assert one.finish('first')
    one.loader.begin(request(given=('multiplier',), multiplier=1.0))
    assert one.finish(ModelError('no weights'))
    assert (one.loader.model.segmenter, str(one.loader.error)) == ('first', 'no weights')  # type: ignore[union-attr]
    assert one.loader.request == request()
    one.loader.begin(request(threads=1))
    assert one.finish('second')
    assert (one.loader.model.segmenter, one.loader.error) == ('second', None)  # type: ignore[union-attr]


def test_an_abandoned_load_changes_nothing() -> None:
    one = Loading()
    one.loader.begin(request())
    one.loader.abandon()
    one.ends.append('late')
    while one.loader.busy:
        time.sleep(0.001)
    assert not one.loader.collect()
    assert (one.loader.model, one.done.is_set()) == (None, False)


def test_requests_that_follow_each_other_quickly_are_not_all_loaded() -> None:
    one = Loading()
    for threads in range(1, 20):
        one.loader.begin(request(threads=threads))
    one.ends.extend(str(number) for number in range(20))
    while one.loader.busy:
        time.sleep(0.001)
    assert one.loader.collect()
    assert one.loader.model is not None
    assert one.loader.model.request.settings.threads == 19
    assert len(one.asked) <= 3


def test_without_weights_our_own_model_runs_and_the_reason_is_kept() -> None:
    one = Loading()
    one.loader.begin(request(model='bodypix', precision='int8', threads=1))
    assert one.finish(ModelError('no weights'), 'ours')
    model = one.loader.model
    assert model is not None
    assert (model.segmenter, model.fallback_reason) == ('ours', 'no weights')
    assert one.asked[1].settings == NetworkSettings(model='auto', precision='auto', threads=1)
    one.loader.begin(request(model='bodypix', threads=2))
    assert one.finish(ModelError('still none'), 'ours again')
    assert one.loader.model.fallback_reason == 'still none'  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ('wanted', 'error'),
    [
        (request(model='bodypix', fallback=False), ModelError('no weights')),
        (request(), ModelError('damaged')),
        (request(model='bodypix'), SettingError('wrong')),
    ],
)
def test_otherwise_there_is_no_model_and_an_error(wanted: ModelRequest, error: Exception) -> None:
    one = Loading()
    one.loader.begin(wanted)
    assert one.finish(error)
    assert (one.loader.model, one.loader.error) == (None, error)


def test_only_a_change_that_asks_for_other_weights_is_refused(tmp_path: Path) -> None:
    absent = {'model': 'bodypix', 'model_dir': str(tmp_path)}
    check_change(request(**absent), request(**absent, threads=3, stride=8))
    check_change(request(), request(part_ids='bodypix2', precision='fp32'))
    check_change(request(), request(**absent, allow_download=True))
    with pytest.raises(ModelError, match='^MobileNetV1 0.75, 4-byte weights are not in the cache: download them'):
        check_change(request(), request(**absent))
    with pytest.raises(ModelError, match='^MobileNetV1 1.00'):
        check_change(request(), request(given=('multiplier',), multiplier=1.0, model_dir=str(tmp_path)))


def test_a_change_to_a_model_of_mediapipe_needs_all_its_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = {'pose_detection'}
    monkeypatch.setattr(source, 'find_file', lambda model, _: tmp_path if model.name in present else None)
    wanted = request(model='blazepose_full', model_dir=str(tmp_path))
    with pytest.raises(ModelError, match='^pose_landmarks_full was not found on this machine; fetch '):
        check_change(request(), wanted)
    check_change(wanted, request(model='blazepose_full', model_dir=str(tmp_path), threads=2))  # the same networks
    check_change(request(), request(model='blazepose_full', model_dir=str(tmp_path), allow_download=True))
    present.add('pose_landmarks_full')
    check_change(request(), wanted)


@pytest.mark.parametrize('argument', ['model:=bodypix', 'multiplier:=0.75'])
def test_the_node_runs_our_model_with_a_warning_and_accepts_changes(
    robot: Robot, start_plain: Callable[..., Process], argument: str, astronaut: NDArray[np.uint8]
) -> None:
    space = 'absent_' + argument.partition(':')[0]
    process = start_plain('-r', f'__ns:=/{space}', '-p', argument)
    robot.until_logged(process, 'running bodypix_ros instead (set fallback to false to refuse)')
    robot.subscribe(f'{space}/bodypix/stats', Stats)
    robot.subscribe(f'{space}/mask')
    stats = robot.next(f'{space}/bodypix/stats', lambda stats: stats.model)
    assert stats.model == 'bodypix_ros 1.0'
    assert 'MobileNetV1 0.75' in stats.model_reason
    status = robot.diagnosis('network', lambda status: status.level == b'\1', node=f'{space}/bodypix')
    assert status.message.startswith('running bodypix_ros 1.0 instead of the requested model: ')
    assert value_of(status, 'reason of the model') == stats.model_reason
    assert robot.set('threads', 1, node=f'{space}/bodypix') == ''
    assert robot.answer(robot.message(astronaut), [f'{space}/mask'], f'{space}/image')


def test_a_setting_of_bodypix_selects_it(robot: Robot, start: Callable[..., Process]) -> None:
    process = start('-r', '__ns:=/explicit')
    robot.until_logged(process, '(multiplier and checkpoint are settings of bodypix) on cpu')
