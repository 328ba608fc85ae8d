# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure what the setting `refine` changes: person IoU, boundary F and CPU time, as the table of docs/edges.md.

python tools/score_edges.py ../shared/images
python tools/score_edges.py ../shared/images --set model=bodypix multiplier=0.75 quant_bytes=2 model_dir=...
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from score_network import read_arguments, read_examples

import bodypix_ros
from bodypix_ros.inference.bodypix_pipeline import BodyPixPipeline
from bodypix_ros.inference.kernels import shared_kernels
from bodypix_ros.refine import refine_segmentation
from training.scores import boundary_score, overlap

REPETITIONS = 20
SIZE = 640, 480


def main() -> None:
    folder, net, settings = read_arguments(__doc__.splitlines()[0], 'validation/')
    examples = list(read_examples(folder / 'validation'))
    scores: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    seen: dict[str, int] = {}
    for image, truth, counted, name in examples:
        collection = name.split('_')[0]
        seen[collection] = seen.get(collection, 0) + 1
        half = 'used for tuning' if seen[collection] % 2 else 'held out'
        for refine in (False, True):
            mask = net.segment(image, settings.changed({'refine': refine}), parts=False).mask
            score = overlap(mask, truth, counted), boundary_score(mask, truth, counted)
            scores.setdefault((half, refine), []).append(score)
    print(f'{net.network.name}, internal_resolution {net.settings.internal_resolution}')
    for (half, refine), values in scores.items():
        iou, boundary = 100 * np.mean(values, axis=0)
        state = 'refined' if refine else 'plain'
        print(f'{half} ({len(values)} pictures), {state}: person IoU {iou:.1f} %, boundary F {boundary:.1f} %')
    if isinstance(net.pipeline, BodyPixPipeline):
        times_ms = [_time_ms(net, net.pipeline, image) for image, *_ in examples[::8]]
        width, height = SIZE
        print(f'CPU time of refining {width}x{height}, all threads: median {np.median(times_ms):.2f} ms')


def _time_ms(net: bodypix_ros.Segmenter, pipeline: BodyPixPipeline, image: NDArray[np.uint8]) -> float:
    """Return the shortest CPU time of some repetitions, which other processes disturb least, milliseconds."""
    image = np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    found = net.segment(image, parts=False, confidence=True)
    cell_px = pipeline.geometry(*image.shape[:2]).cell_px
    edge_filter = shared_kernels(net.settings.kernels).edge_filter
    times_s = []
    for _ in range(REPETITIONS):
        started_s = time.process_time()
        refine_segmentation(image, found, 0.5, cell_px, edge_filter)
        times_s.append(time.process_time() - started_s)
    return min(times_s) * 1e3


if __name__ == '__main__':
    main()
