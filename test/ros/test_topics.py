# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pages of the nodes list each topic that is published, with its type, and each parameter of the virtual camera."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='needs ROS')
pytest.importorskip('bodypix_ros.msg', reason='needs the messages of this package')

from documents import ROOT, table_of

from bodypix_ros.demo import camera_node
from bodypix_ros.ros import depth_outputs
from bodypix_ros.ros.depth_tf import TOPIC
from bodypix_ros.ros.outputs import OUTPUTS, Output

MARKER = '<!-- topics: checked by test/ros/test_topics.py -->'
OPTIONAL = {'vision_msgs', 'visualization_msgs', 'tf2_msgs'}


def type_of(output: Output) -> str:
    """Return the type of a topic as the documents write it, 'sensor_msgs/Image'."""
    return f'{output.kind.__module__.split(".")[0]}/{output.kind.__name__}'


def check(page: str, outputs: list[Output], others: set[str]) -> None:
    """Check that a page lists the outputs with their types, and otherwise only `others` and what needs OPTIONAL."""
    rows = {topic.strip('`'): kind.strip('`') for topic, kind, _ in table_of(ROOT / 'docs/nodes' / page, MARKER)}
    for output in outputs:
        assert rows[output.topic] == type_of(output)
    known = {output.topic for output in outputs} | others
    assert {topic for topic, kind in rows.items() if kind.split('/')[0] not in OPTIONAL} <= known


def test_bodypix_node() -> None:
    check('bodypix_node.md', list(OUTPUTS), set())


def test_depth_filter() -> None:
    outputs = [*depth_outputs.DEPTH, *depth_outputs.POINTS, *depth_outputs.PEOPLE]
    check('depth_filter.md', outputs, {'people/position', TOPIC, '/diagnostics'})


def test_bodypix_camera() -> None:
    text = (ROOT / 'docs/nodes/bodypix_camera.md').read_text(encoding='utf-8')
    rows = [row.split(' | ') for row in text.split('\n') if row.startswith('| `')]
    names = {row[0].strip('| `'): row[1] for row in rows[1:]}
    settings = (camera_node.SOURCE, camera_node.RATE_HZ, camera_node.FRAME_ID)
    assert set(names) == {one.name for one in settings}
    assert names['rate_hz'] == str(camera_node.RATE_HZ.default)
    assert names['frame_id'] == camera_node.FRAME_ID.default
