# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of several people and what the real network says about them; and synthetic heads with known answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from golden import Golden
from numpy.typing import NDArray

from bodypix_ros.inference.geometry import Geometry, bodypix2_geometry
from bodypix_ros.inference.numpy_kernels import preprocess
from bodypix_ros.models.bodypix.heads import HEAD_CHANNELS, MASK_HEADS
from bodypix_ros.models.network import load_network
from bodypix_ros.parts import KEYPOINTS
from bodypix_ros.people import Keypoint, Pose
from bodypix_ros.settings import NetworkSettings

Heads = dict[str, NDArray[np.float32]]

CROWDS = {
    'train/tfpose_ski.jpg': 5,
    'demo/three_people_1049x861.jpg': 3,
    'demo/1p_2_handshake.jpg': 2,
    'demo/baseball_two.jpg': 2,
}
"""Pictures in shared/images and how many people the 0.50 network tells apart in them."""


def crowd(shared: Path, name: str) -> NDArray[np.uint8]:
    """One of these pictures, uint8 BGR, its longer side 640 pixels."""
    image = cv2.imread(str(shared / 'images' / name))
    assert image is not None, name
    scale = 640 / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


@cache
def _session(
    server: str, model_dir: str, stride: int, dilation: str
) -> tuple[onnxruntime.InferenceSession, dict[str, slice]]:
    settings = NetworkSettings(
        model='bodypix',
        multiplier=0.5,
        stride=stride,
        dilation=dilation,
        model_url=server,
        model_dir=model_dir,
        allow_download=True,
    )
    network = load_network(settings, people=True)
    return onnxruntime.InferenceSession(network.onnx, providers=['CPUExecutionProvider']), {
        name: head.channels for name, head in network.heads.items()
    }


def heads_of(
    image: NDArray[np.uint8],
    geometry: Geometry,
    server: str,
    model_dir: str,
    dilation: str = 'trained',
) -> Heads:
    """The raw output of the 0.50 network for a BGR picture, by head."""
    session, channels = _session(server, model_dir, geometry.stride, dilation)
    planes = np.empty((1, 3, geometry.input_height, geometry.input_width), np.float32)
    preprocess(image, geometry, 'mobilenet_v1', out=planes[0])
    output = session.run(None, {'input': planes})[0][0]
    return {name: output[where] for name, where in channels.items()}


def golden_heads(case: Golden, server: str, model_dir: str) -> tuple[Geometry, Heads]:
    """The geometry of a golden case, and what our network says about its picture."""
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    return geometry, heads_of(case.image, geometry, server, model_dir, case.dilation)


def empty_heads(geometry: Geometry) -> Heads:
    """Heads of a picture without people: scores of nearly 0, offsets of 0."""
    heads = {}
    for name, channels in HEAD_CHANNELS.items():
        stride = geometry.stride if name in MASK_HEADS else geometry.pose_stride
        cells = (geometry.input_height - 1) // stride + 1, (geometry.input_width - 1) // stride + 1
        heads[name] = np.zeros((channels, *cells), np.float32)
    for logits in ('segments', 'part_heatmaps', 'heatmaps'):
        heads[logits] -= 20
    return heads


def pose_at(*places: tuple[float, float, float], score: float = 0.9) -> Pose:
    """A pose whose first keypoints are at the given x and y with the given score; the others have the score 0."""
    known = [*places, *[(0.0, 0.0, 0.0)] * (len(KEYPOINTS) - len(places))]
    return Pose(score, tuple(Keypoint(name, *place) for name, place in zip(KEYPOINTS, known, strict=True)))
