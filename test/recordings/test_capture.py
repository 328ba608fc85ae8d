# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import clips
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bodypix_ros.errors import ImageError
from bodypix_ros.recordings import capture
from bodypix_ros.recordings.frames import open_frames


class Handler(BaseHTTPRequestHandler):
    """Serves `server.replies`, one per request, then errors."""

    def do_GET(self) -> None:
        kind, length, data = next(self.server.replies, ('', 0, b''))  # type: ignore[attr-defined]
        if not kind:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header('Content-Type', kind)
        if length:
            self.send_header('Content-Length', str(length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local server; `waits_s` are the times for which the reader waited."""
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as running:
        running.waits_s = []  # type: ignore[attr-defined]
        monkeypatch.setattr(capture.time, 'sleep', running.waits_s.append)  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def address(server: Any) -> str:
    return f'http://me:secret@127.0.0.1:{server.server_port}/clip'


def read_greys(server: Any, replies: list[tuple[str, int, bytes]]) -> tuple[Any, list[float]]:
    server.replies = iter(replies)
    with open_frames(address(server)) as source:
        return source, [float(frame.image.mean()) for frame in source]


def motion_jpeg(greys: list[int]) -> tuple[str, int, bytes]:
    pictures = [cv2.imencode('.jpg', clips.picture(grey))[1].tobytes() for grey in greys]
    parts = [b'--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n' % (len(p), p) for p in pictures]
    return 'multipart/x-mixed-replace;boundary=x', 0, b''.join(parts)


def test_an_interrupted_video_continues_at_the_same_frame(
    server: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    greys = clips.write_greys(tmp_path / 'clip.avi', 40)
    data = (tmp_path / 'clip.avi').read_bytes()
    half = ('video/x-msvideo', len(data), data[: len(data) // 2])
    source, found = read_greys(server, [half, ('video/x-msvideo', len(data), data)])
    assert found == pytest.approx(greys, abs=2)
    assert (source.count, source.live, source.rate_hz) == (40, False, 12.5)
    (line,) = caplog.messages
    assert line.startswith(f'http://127.0.0.1:{server.server_port}/clip was interrupted after ')
    assert line.endswith(' frames; reconnecting')
    assert server.waits_s == [0.5]


def test_a_video_that_does_not_come_back_is_an_error(server: Any, tmp_path: Path) -> None:
    clips.write_greys(tmp_path / 'clip.avi', 40)
    data = (tmp_path / 'clip.avi').read_bytes()
    text = r'/clip: the connection was lost after \d+ of 40 frames and could not be restored; run the same command'
    with pytest.raises(ImageError, match=text):
        read_greys(server, [('video/x-msvideo', len(data), data[: len(data) // 2])])
    assert server.waits_s == [0.5, 1.0, 2.0, 4.0, 4.0]


def test_a_live_stream_continues_with_its_current_frame_and_ends(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    greys = [20 * number for number in range(1, 11)]
    source, found = read_greys(server, [motion_jpeg(greys[:5]), motion_jpeg(greys[5:])])
    assert found == pytest.approx(greys, abs=2)
    assert (source.count, source.live) == (0, True)
    assert caplog.messages[-1] == (
        f'http://127.0.0.1:{server.server_port}/clip ended: no frames after 5 attempts to reconnect'
    )
    assert 'secret' not in caplog.text


def test_an_address_that_cannot_be_opened(server: Any) -> None:
    with pytest.raises(ImageError) as error:
        read_greys(server, [])
    assert str(error.value) == (
        f'http://127.0.0.1:{server.server_port}/clip cannot be opened; check the address and the network connection'
    )


class Webcam:
    """Stands in for cv2.VideoCapture: sends three frames, of which the second fails once, and is then unplugged."""

    opened: Any = None

    def __init__(self, device: object) -> None:
        Webcam.opened = device
        self.grabs = iter([True, False, True, True])
        self.grey = 0
        self.released = False

    def isOpened(self) -> bool:
        return Webcam.opened != '/dev/null'

    def get(self, _: int) -> float:
        return 15.0

    def grab(self) -> bool:
        self.grey += 10
        return next(self.grabs, False)

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        return True, clips.picture(self.grey)

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize(('device', 'opened'), [('0', 0), ('/dev/zero', '/dev/zero')])
def test_frames_of_a_camera_have_the_time_of_their_arrival(
    device: str, opened: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(capture.cv2, 'VideoCapture', Webcam)
    times = iter([100.0, 100.5, 100.75])
    monkeypatch.setattr(capture.time, 'monotonic', lambda: next(times))
    with open_frames(device) as source:
        found = list(source)
    assert Webcam.opened == opened
    assert [(frame.index, frame.stamp_s, frame.image[0, 0, 0]) for frame in found] == [
        (0, 0.0, 10), (1, 0.5, 30), (2, 0.75, 40),
    ]  # fmt: skip
    assert (source.live, source.count, source.bad_frames, source.rate_hz) == (True, 0, 1, 15.0)
    assert source._capture.released  # type: ignore[attr-defined]
    assert caplog.messages == [f'camera {device} stopped sending frames']


def test_a_camera_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture.cv2, 'VideoCapture', Webcam)
    with pytest.raises(ImageError, match='camera /dev/null cannot be opened; check that it is connected and that no'):
        open_frames('/dev/null')
