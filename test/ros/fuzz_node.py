# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Random parameters, images and transitions for a running node: `python fuzz_node.py [--share 0.01] [--seed 1]`.

The whole run is 3,000 sets of parameters, 10,000 malformed images, 3,000 compressed images and 300 lifecycle rounds.
After each kind, and now and then during it, the node has to give the same mask as before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

import cv2
import numpy as np
from lifecycle_msgs.srv import ChangeState, GetState
from numpy.typing import NDArray
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from robot import BEST_EFFORT, Process, Robot, own_domain, pixels
from sensor_msgs.msg import CompressedImage, Image

from bodypix_ros.encodings import ENCODINGS
from bodypix_ros.msg import Stats
from bodypix_ros.settings import GROUPS, NetworkSettings, all_settings

COUNTS = {'parameters': 3000, 'images': 10_000, 'compressed': 3000, 'lifecycle': 300}
TEXTS = ('', 'auto', 'low', '~nosuchuser/x', '/', '\0', 'ä' * 300, 'x' * 5000, '[', 'true', '1e9', 'mask', '../..')
NUMBERS = (-(2**63), -1, 0, 1, 2, 8, 16, 90, 255, 2**31, 2**63 - 1)
DOUBLES = (float('nan'), float('inf'), -1.0, 0.0, 0.3, 0.5, 1.0, 1e308)
FIXED = ('require_gpu', 'provider', 'autostart', 'fallback')
"""Not set: these may end the node, as they should."""


class Fuzz:
    """A node, a robot around it, and a random generator."""

    def __init__(self, robot: Robot, process: Process, picture: NDArray[np.uint8], seed: int) -> None:
        self.robot, self.process, self.picture = robot, process, picture
        self.random = np.random.default_rng(seed)
        self.defaults = self._parameters(all_settings())
        self.stream = cv2.imencode('.jpg', picture)[1].tobytes()
        robot.subscribe('mask')
        robot.subscribe('packed/mask')
        robot.subscribe('bodypix/stats', Stats)
        self.mask = self._answer()
        assert 0.02 < (self.mask == 255).mean() < 0.9

    def check(self) -> None:
        """Compare the mask with the first one, with all parameters back at their defaults."""
        assert self.process.alive, self.process.log
        results = self._call_set([one for one in self.defaults if one.name not in FIXED])
        assert [one.reason for one in results if not one.successful] == []
        self.robot.next('bodypix/stats', lambda stats: stats.state == 'active' and stats.model)
        assert (self._answer() == self.mask).mean() > 0.9999
        assert 'Traceback' not in self.process.log

    def parameters(self, count: int) -> None:
        """Set random parameters, one by one and several at a time."""
        live = [one.name for group in GROUPS if group is not NetworkSettings for one in group.describe()]
        every = [one.name for one in all_settings()]
        for number in range(count):
            # A change of the model costs a second of loading, so most changes are of the other parameters.
            names = every if self.random.random() < 0.1 else live
            chosen = [self._parameter(str(self.random.choice(names))) for _ in range(self.random.integers(1, 4))]
            if self.random.random() < 0.1:
                chosen.append(Parameter(name=self._text(), value=self._value()))
            self._call_set([one for one in chosen if one.name not in FIXED])
            if number % 500 == 499:
                self.check()

    def images(self, count: int) -> None:
        """Publish malformed images; each is counted as bad or answered in its size."""
        good = self.robot.message(self.picture)
        for number in range(count):
            self.robot.show(self._malformed())
            self.robot.spin(0.001)
            if number % 100 == 99:
                assert self.process.alive, self.process.log
        self.robot.answer(good, ['mask'])
        self._all_counted()

    def compressed(self, count: int) -> None:
        """Publish damaged compressed images to the node of the namespace packed."""
        for number in range(count):
            self.robot.show(self._compressed(self._damaged()), 'packed/image/compressed')
            self.robot.spin(0.002)
            if number % 100 == 99:
                assert self.process.alive, self.process.log
        self.robot.answer(self._compressed(self.stream), ['packed/mask'], 'packed/image/compressed')

    def lifecycle(self, count: int) -> None:
        """Request random transitions, possible and impossible ones, while images come in."""
        image = self.robot.message(self.picture)
        for _ in range(count):
            self.robot.show(image)
            request = ChangeState.Request()
            request.transition.id = int(self.random.choice([1, 2, 3, 4, 1, 2, 3, 4, 0, 8, 60, 97, 255]))
            self.robot.call(ChangeState, 'bodypix/change_state', request)
        for transition in (1, 3):
            request = ChangeState.Request()
            request.transition.id = transition
            self.robot.call(ChangeState, 'bodypix/change_state', request)
        state = self.robot.call(GetState, 'bodypix/get_state', GetState.Request()).current_state.label
        assert state == 'active', state

    def _answer(self) -> NDArray[Any]:
        return pixels(self.robot.answer(self.robot.message(self.picture), ['mask'])['mask']).copy()

    def _all_counted(self) -> None:
        """Wait until each image that came in is counted as exactly one of out, dropped and bad."""

        def counted(stats: Stats) -> bool:
            camera = stats.cameras[0]
            return bool(camera.frames_in == camera.frames_out + camera.frames_dropped + camera.frames_bad)

        self.robot.next('bodypix/stats', counted)

    def _call_set(self, parameters: list[Parameter]) -> Any:
        if self.random.random() < 0.2:
            request = SetParametersAtomically.Request(parameters=parameters)
            answer = self.robot.call(SetParametersAtomically, 'bodypix/set_parameters_atomically', request)
            self._check_result(answer.result)
        request = SetParameters.Request(parameters=parameters)
        results = self.robot.call(SetParameters, 'bodypix/set_parameters', request).results
        assert len(results) == len(parameters)
        for result in results:
            self._check_result(result)
        return results

    @staticmethod
    def _check_result(result: Any) -> None:
        assert result.successful or result.reason
        assert len(result.reason) <= 1000

    def _parameter(self, name: str) -> Parameter:
        setting = next(one for one in all_settings() if one.name == name)
        if setting.choices and self.random.random() < 0.4:
            choice = setting.choices[int(self.random.integers(len(setting.choices)))]
            return Parameter(name=name, value=_as_value(choice))
        return Parameter(name=name, value=self._value())

    def _value(self) -> ParameterValue:
        value = ParameterValue(type=int(self.random.choice([*range(10), 77])))
        value.bool_value = bool(self.random.integers(2))
        value.integer_value = int(NUMBERS[self.random.integers(len(NUMBERS))])
        value.double_value = float(self.random.choice(DOUBLES))
        value.string_value = self._text()
        value.string_array_value = [self._text() for _ in range(self.random.integers(4))]
        value.double_array_value = [0.5] * int(self.random.integers(4))
        value.integer_array_value = [3] * int(self.random.integers(4))
        value.bool_array_value = [True] * int(self.random.integers(4))
        value.byte_array_value = [b'x'] * int(self.random.integers(4))
        return value

    def _text(self) -> str:
        return TEXTS[self.random.integers(len(TEXTS))].replace('\0', '')

    def _malformed(self) -> Image:
        message = self.robot.message(self.picture)
        if self.random.random() < 0.7:
            message.encoding = str(self.random.choice([*ENCODINGS, '', 'jpeg', 'ä', 'bgr8; x', 'x' * 500]))
        sizes = [0, 1, 2, 3, 15, 16, 239, 240, 320, 321, 2**14, 2**16, 2**32 - 1]
        for field in ('height', 'width', 'step'):
            if self.random.random() < 0.4:
                setattr(message, field, int(self.random.choice(sizes)))
        if self.random.random() < 0.3:
            message.data = message.data[: int(self.random.integers(len(message.data)))]
        message.is_bigendian = int(self.random.choice([0, 0, 1, 255]))
        message.header.stamp.sec = int(self.random.choice([-(2**31), -1, 0, 1, 2**31 - 1]))
        return message

    def _damaged(self) -> bytes:
        data = bytearray(self.stream)
        kind = self.random.integers(5)
        if kind == 0:
            return bytes(data[: int(self.random.integers(len(data)))])
        if kind == 1:
            return bytes(self.random.integers(0, 256, int(self.random.integers(1, 5000)), np.uint8))
        if kind == 2:
            return bytes(data) + bytes([int(self.random.choice([0, 255]))]) * int(self.random.integers(2000))
        for _ in range(int(self.random.integers(1, 20))):
            data[int(self.random.integers(len(data)))] = int(self.random.integers(256))
        return bytes(data)

    def _compressed(self, data: bytes) -> CompressedImage:
        message = CompressedImage(header=self.robot.header())
        message.format = str(self.random.choice(['jpeg', 'png', '', 'bgr8; jpeg compressed bgr8', 'bayer_rggb8; jpeg']))
        message.data = data
        return message

    @staticmethod
    def _parameters(settings: Any) -> list[Parameter]:
        # With our own model, since settings of BodyPix that are given would select BodyPix.
        values = {one.name: one.default for one in settings if not one.read_only} | {'model': 'bodypix_ros'}
        return [Parameter(name=name, value=_as_value(value)) for name, value in values.items()]


def _as_value(value: Any) -> ParameterValue:
    if isinstance(value, bool):
        return ParameterValue(type=1, bool_value=value)
    if isinstance(value, int):
        return ParameterValue(type=2, integer_value=value)
    if isinstance(value, float):
        return ParameterValue(type=3, double_value=value)
    if isinstance(value, str):
        return ParameterValue(type=4, string_value=value)
    return ParameterValue(type=9, string_array_value=list(value))


def run(share: float, seed: int, folder: Path, picture: NDArray[np.uint8]) -> None:
    """Run a share of the whole; an assertion fails where the node does."""
    with own_domain() as domain, Robot(domain) as robot:
        fixed = ('-p', 'provider:=cpu', '-p', f'model_dir:={folder / "models"}')
        process = Process(domain, folder / 'log.txt', *fixed)
        packed = Process(
            domain, folder / 'packed.txt', *fixed, '-r', '__ns:=/packed', '-p', 'image_transport:=compressed'
        )
        robot.camera('packed/image/compressed', BEST_EFFORT, CompressedImage)
        fuzz = Fuzz(robot, process, picture, seed)
        for kind, count in COUNTS.items():
            started_s = time.monotonic()
            getattr(fuzz, kind)(max(1, round(count * share)))
            fuzz.check()
            assert packed.alive, packed.log
            print(f'{kind}: {max(1, round(count * share))} in {time.monotonic() - started_s:.0f} s')
        for one in (process, packed):
            assert one.stop() == 0
            assert 'Traceback' not in one.log, one.log


def main() -> None:
    """Parse the command line and run."""
    from skimage import data

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--share', type=float, default=1.0, help='share of the whole run (default: %(default)g)')
    parser.add_argument('--seed', type=int, default=1)
    arguments = parser.parse_args()
    picture = np.ascontiguousarray(cv2.resize(data.astronaut()[..., ::-1], (320, 240)))
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.share, arguments.seed, Path(folder), picture)


if __name__ == '__main__':
    main()
