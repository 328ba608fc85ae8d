# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Record what MediaPipe Pose finds in photographs: the reference of test/inference/mediapipe/test_blazepose_parity.py.

Run it with a Python that has mediapipe 0.10.21; see test/data/mediapipe/README.md for the models that it needs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import mediapipe
import numpy as np
from mediapipe.python.solution_base import SolutionBase
from numpy.typing import NDArray

MODELS = ('lite', 'full', 'heavy')  # model_complexity 0, 1, 2
GRAPH = 'mediapipe/modules/pose_landmark/pose_landmark_cpu.binarypb'
OUTPUTS = (
    'pose_landmarks', 'pose_world_landmarks', 'segmentation_mask', 'pose_rect_from_detection',
    'pose_rect_from_landmarks',
)  # fmt: skip

PICTURES = (
    *(f'demo/{name}' for name in (
        '1p_2_handshake.jpg', 'asl_book_640x480.jpg', 'astronaut_512.jpg', 'baseball_two.jpg',
        'bedroom_two_960x540.jpg', 'child_broccoli.jpg', 'dog_walk_1280x720.jpg', 'juggle_1280x720.jpg', 'kitchen.jpg',
        'man_mirror_camera.jpg', 'portrait_820x1024.jpg', 'skier.jpg', 'squat_720x1280.jpg',
        'three_people_1049x861.jpg', 'yoga_beach_1000x667.jpg',
    )),
    *(f'validation/images/{name}' for name in (
        'ccp_0371.jpg', 'coco_000000012448.jpg', 'coco_000000087038.jpg', 'coco_000000293802.jpg',
        'coco_000000308394.jpg', 'coco_000000328757.jpg', 'coco_000000386912.jpg', 'coco_000000456496.jpg',
        'coco_000000515289.jpg',
    )),
    *(f'train/{name}' for name in (
        'hd2_000000262862.jpg', 'lspet_im00177.jpg', 'lspet_im00364.jpg', 'lspet_im00533.jpg', 'lspet_im01142.jpg',
        'lspet_im02489.jpg',
    )),
)  # fmt: skip
"""People who stand, sit, squat, jump, ski, ride, lie and stand on their hands; near, far and cropped."""


def main() -> None:
    """Run MediaPipe on all pictures with all models and write the reference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('images', type=Path, help='folder with demo, validation and train')
    parser.add_argument('output', type=Path, help='.npz file to write')
    options = parser.parse_args()
    arrays: dict[str, Any] = {'pictures': np.array(PICTURES), 'mediapipe': np.array(mediapipe.__version__)}
    for complexity, model in enumerate(MODELS):
        results = [measure(np.asarray(cv2.imread(str(options.images / picture))), complexity) for picture in PICTURES]
        for name in ('landmarks', 'world', 'region', 'next_region'):
            arrays[f'{model}_{name}'] = np.stack([result[name] for result in results])
        arrays[f'{model}_masks'] = np.packbits(np.concatenate([result['mask'].ravel() for result in results]))
    np.savez_compressed(options.output, **arrays)


def measure(image: NDArray[np.uint8], complexity: int) -> dict[str, NDArray[Any]]:
    """Return landmarks, world landmarks, mask, region and region for the next image of the person in a BGR picture.

    The options are those of `mediapipe.solutions.pose.Pose(static_image_mode=True, enable_segmentation=True)`; used
    directly, the graph also returns the presence of the landmarks and the regions. Each picture has a graph of its own,
    because the region for the next image is smoothed even in static image mode.

    Raises:
        ValueError: MediaPipe found nobody.
    """
    options = {
        'model_complexity': complexity,
        'smooth_landmarks': False,
        'enable_segmentation': True,
        'smooth_segmentation': False,
        'use_prev_landmarks': False,
    }
    height, width = image.shape[:2]
    with SolutionBase(binary_graph_path=GRAPH, side_inputs=options, outputs=list(OUTPUTS)) as pose:
        found = pose.process({'image': cv2.cvtColor(image, cv2.COLOR_BGR2RGB)})
    if not found.pose_landmarks:
        raise ValueError(f'MediaPipe found nobody with model_complexity {complexity}; remove the picture from PICTURES')
    return {
        'landmarks': rows(found.pose_landmarks) * np.array([width, height, width, 1, 1], np.float32),
        'world': rows(found.pose_world_landmarks)[:, :3],
        'mask': found.segmentation_mask > 0.5,
        'region': region(found.pose_rect_from_detection, width, height),
        'next_region': region(found.pose_rect_from_landmarks, width, height),
    }


def region(rect: Any, width: int, height: int) -> NDArray[np.float32]:
    """Return x, y and size in pixels and angle in radians of a NormalizedRect of a picture, (4,) float32."""
    return np.array([rect.x_center * width, rect.y_center * height, rect.width * width, rect.rotation], np.float32)


def rows(landmarks: Any) -> NDArray[np.float32]:
    """Return x, y, z, visibility and presence of each landmark, (33, 5) float32."""
    return np.array([(one.x, one.y, one.z, one.visibility, one.presence) for one in landmarks.landmark], np.float32)


if __name__ == '__main__':
    main()
