"""From pictures to the network's input, in the graph."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from golden import CASES_WITH_LOGITS, Golden
from onnx import TensorProto, helper

from bodypix_ros.inference.geometry import Geometry, bodypix1_geometry, bodypix2_geometry
from bodypix_ros.inference.gpu.frame_input import append_input
from bodypix_ros.inference.numpy_kernels import preprocess
from bodypix_ros.models.graph import Nodes


def _input(images: np.ndarray, geometry: Geometry, architecture: str) -> np.ndarray:
    """What the graph makes of (N, H, W, 3) pictures: (N, 3, h, w)."""
    nodes = Nodes()
    append_input(nodes, 'pictures', geometry, len(images), architecture)
    model = nodes.model(
        [helper.make_tensor_value_info('pictures', TensorProto.UINT8, images.shape)],
        [helper.make_tensor_value_info('input', TensorProto.FLOAT, [len(images), 3, 'h', 'w'])],
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    return session.run(None, {'pictures': images})[0]


@pytest.mark.parametrize('name', CASES_WITH_LOGITS)
def test_it_equals_the_input_of_the_javascript_library(shared, name) -> None:
    case = Golden.load(shared, name)
    geometry = bodypix2_geometry(*case.image.shape[:2], case.resolution, case.stride)
    expected = case.arrays('input')['input_resized'].transpose(2, 0, 1) / 127.5 - 1
    assert np.allclose(_input(case.image[None], geometry, 'mobilenet_v1')[0], expected, atol=1e-5)


@pytest.mark.parametrize('architecture', ['mobilenet_v1', 'resnet50'])
@pytest.mark.parametrize('size', [(97, 131), (60, 200), (1, 1), (1, 50), (50, 1)])
def test_it_equals_the_cpu_path(architecture, size) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    geometries = [bodypix2_geometry(*size, share, stride) for share in (0.5, 1.7) for stride in (8, 16)]
    for geometry in [*geometries, bodypix1_geometry(*size, 16)]:
        expected = np.empty((2, 3, geometry.input_height, geometry.input_width), np.float32)
        for image, place in zip(images, expected, strict=True):
            preprocess(image, geometry, architecture, out=place)
        assert np.allclose(_input(images, geometry, architecture), expected, rtol=0, atol=1e-4)
