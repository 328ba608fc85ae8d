# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each network of MediaPipe as ONNX gives what its .tflite file gives in LiteRT."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bodypix_ros.models.mediapipe.catalogue import CATALOGUE, MediaPipeModel
from bodypix_ros.models.mediapipe.source import load_onnx
from bodypix_ros.models.mediapipe.tflite_file import read_tflite
from bodypix_ros.settings import NetworkSettings

TOLERANCE = 1e-4
"""Relative to the largest value of an output, or absolute where that is below 1."""

TOLERANCES = {'mask': 3e-4, 'segmentation': 1e-3}
"""Of outputs in which rounding errors are larger, in the same way in both.

Against the same graph in float64, the mask of the selfie networks is wrong by up to 1.7e-4 in LiteRT and 0.8e-4 in
ONNX Runtime, the logits of the segmentation (up to 1,700) by 3.3e-1 and 4.9e-1.
"""

Array = NDArray[np.float32]


def inputs(model: MediaPipeModel, picture: NDArray[np.uint8]) -> Array:
    """Return noise, a picture and its mirror image, (3, height, width, 3) float32 in the range of the network."""
    height, width = model.size
    resized = cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2RGB) / 255
    noise = np.random.default_rng(1).random(resized.shape)
    low, high = model.input_range
    return (np.stack([noise, resized, resized[:, ::-1]]) * (high - low) + low).astype(np.float32)


@cache
def references(path: Path, name: str, data: bytes) -> list[Array]:
    """Return the outputs of LiteRT for each input, in the order of the file, channels first."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()
    graph = read_tflite(path.read_bytes(), name)
    outputs: list[list[Array]] = []
    for picture in np.frombuffer(data, np.float32).reshape(-1, *graph.shapes[graph.inputs[0]]):
        interpreter.set_tensor(graph.inputs[0], picture)
        interpreter.invoke()
        outputs.append([np.array(interpreter.get_tensor(i)) for i in graph.outputs])
    stacked = [np.concatenate(values) for values in zip(*outputs, strict=True)]
    return [values.transpose(0, 3, 1, 2) if values.ndim == 4 else values for values in stacked]


@pytest.mark.parametrize('batch', [1, 3])
@pytest.mark.parametrize('model', CATALOGUE, ids=lambda model: model.name)
def test_outputs_are_those_of_litert(
    model: MediaPipeModel, batch: int, mediapipe_dir: str, astronaut: NDArray[np.uint8]
) -> None:
    pytest.importorskip('ai_edge_litert', reason='needs the package ai-edge-litert')
    path = Path(mediapipe_dir, 'mediapipe', f'{model.name}.tflite')
    if not path.is_file():
        pytest.skip(f'needs {model.file_name}, which is not in BODYPIX_MEDIAPIPE')
    pictures = inputs(model, astronaut)
    onnx = load_onnx(model.name, NetworkSettings(model_dir=mediapipe_dir))
    session = onnxruntime.InferenceSession(onnx, providers=['CPUExecutionProvider'])
    batches = [
        session.run(list(model.outputs), {'input': pictures[i : i + batch].transpose(0, 3, 1, 2)})
        for i in range(0, len(pictures), batch)
    ]
    expected = references(path, model.name, pictures.tobytes())
    for (name, shape), parts, reference in zip(
        model.outputs.items(), zip(*batches, strict=True), expected, strict=True
    ):
        output = np.concatenate(parts)
        assert output.shape == (len(pictures), *shape) == reference.shape, name
        tolerance = TOLERANCES.get(name, TOLERANCE)
        assert np.abs(output - reference).max() <= tolerance * max(1.0, np.abs(reference).max()), name
