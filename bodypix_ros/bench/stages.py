"""The stages of a frame, each as a job of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from ..inference.engine import open_cpu_session
from ..inference.geometry import Geometry
from ..inference.kernels import Kernels, choose_kernels
from ..inference.people.find_people import find_people
from ..models.network import Network, load_network
from ..palettes import BLACK, palette_colors
from ..parts import renumbering
from ..render import colorize_parts, render_overlay
from ..segmentation import Segmentation
from ..segmenter import BodyPix
from ..settings import NetworkSettings, PictureSettings, SegmentSettings
from .messages import message_jobs
from .turns import Job

WHOLE = 'whole frame'
BARE = 'inference'
STAGES = ('receive', 'preprocess', BARE, 'decode mask', 'decode parts', 'people', 'render', 'publish', WHOLE)
"""In the order of a frame's way. `whole frame` is `segment_batch`, from pixels to mask and parts."""


@dataclass(frozen=True)
class Scene:
    """A batch of pictures and the network that looks at them."""

    net: BodyPix
    images: list[NDArray[np.uint8]]

    @property
    def geometry(self) -> Geometry:
        """Sizes between the pictures and the network."""
        return self.net.geometry(*self.images[0].shape[:2])


def stage_jobs(scene: Scene) -> dict[str, Job]:
    """Return a job for each stage that exists here; each does its stage for the whole batch.

    On a GPU the way from pixels to labels is one graph, so its stages are not told apart; without ROS there are no
    messages.
    """
    result = scene.net.segment_batch(scene.images)
    jobs: dict[str, Job] = {
        WHOLE: lambda: scene.net.segment_batch(scene.images),
        'render': _render(scene, result[0]),
        **message_jobs(scene.images, result[0], scene.net.settings.part_ids),
    }
    if scene.net.provider == 'cpu':
        jobs |= _cpu_jobs(scene)
    return {stage: jobs[stage] for stage in STAGES if stage in jobs}


def _cpu_jobs(scene: Scene) -> dict[str, Job]:
    settings, geometry = scene.net.settings, scene.geometry
    kernels = choose_kernels(settings.kernels)
    network = scene.net.network
    inputs = _inputs(scene, kernels)
    session = _execute(network, settings)
    outputs = _run(session, inputs)
    jobs: dict[str, Job] = {
        'preprocess': lambda: _preprocess(scene, kernels, inputs),
        BARE: lambda: _run(session, inputs),
        **_decode_jobs(network, kernels, geometry, outputs, scene),
    }
    if network.version == 2:
        jobs['people'] = _people(scene, kernels, inputs)
    return jobs


def _inputs(scene: Scene, kernels: Kernels) -> NDArray[np.float32]:
    geometry = scene.geometry
    inputs = np.empty((len(scene.images), 3, geometry.input_height, geometry.input_width), np.float32)
    _preprocess(scene, kernels, inputs)
    return inputs


def _preprocess(scene: Scene, kernels: Kernels, inputs: NDArray[np.float32]) -> None:
    for image, place in zip(scene.images, inputs, strict=True):
        kernels.preprocess(image, scene.geometry, scene.net.network.architecture, out=place)


def _execute(network: Network, settings: NetworkSettings) -> InferenceSession:
    return open_cpu_session(network.onnx, settings.threads)


def _run(session: InferenceSession, inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Run the network on one picture after the other, as the engine of the CPU does."""
    return [session.run(None, {'input': one[None]})[0][0] for one in inputs]


def _decode_jobs(
    network: Network, kernels: Kernels, geometry: Geometry, outputs: list[NDArray[np.float32]], scene: Scene
) -> dict[str, Job]:
    threshold = SegmentSettings().threshold
    segments = [output[network.heads['segments']][0] for output in outputs]
    parts = [output[network.heads['part_heatmaps']] for output in outputs]
    numbers = renumbering(network.part_ids, scene.net.settings.part_ids)
    masks = [kernels.decode_mask(one, geometry, threshold) for one in segments]

    def decode_masks() -> None:
        for one in segments:
            kernels.decode_mask(one, geometry, threshold)

    def decode_parts() -> None:
        for one, mask in zip(parts, masks, strict=True):
            kernels.decode_parts(one, mask, geometry, numbers)

    return {'decode mask': decode_masks, 'decode parts': decode_parts}


def _people(scene: Scene, kernels: Kernels, inputs: NDArray[np.float32]) -> Job:
    """Return the job that tells people apart, the larger network's inference not included."""
    settings, geometry = scene.net.settings, scene.geometry
    network = load_network(settings, people=True)
    outputs = _run(_execute(network, settings), inputs)
    results = scene.net.segment_batch(scene.images)

    def find() -> None:
        for output, result in zip(outputs, results, strict=True):
            heads = {name: output[channels] for name, channels in network.heads.items()}
            find_people(heads, result.mask, result.parts, geometry, SegmentSettings(), settings.part_ids)

    return find


def _render(scene: Scene, result: Segmentation) -> Callable[[], None]:
    settings, part_ids = PictureSettings(), scene.net.settings.part_ids
    colors = palette_colors(settings.overlay_palette, part_ids, background=BLACK)

    def draw() -> None:
        for image in scene.images:
            assert result.parts is not None
            colorize_parts(result.parts, colors)
            render_overlay(image, result, settings, part_ids)

    return draw
