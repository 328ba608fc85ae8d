"""The part of a frame's graph that turns the network's output into masks and labels.

As everywhere in BodyPix, output cells are interpolated to network input pixels, squashed, and interpolated to the
picture's pixels. Both interpolations are ONNX's Resize, one kernel each: gathering and weighting rows and columns would
move ten times as many bytes. A fixed graph cannot skip what no person covers, so all 24 scores of all pixels are
compared, in eight rounds of three channels, so that only some of the full-size maps are alive at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...models.graph import Nodes
from ...parts import BACKGROUND
from ..geometry import Geometry, Taps
from ..numpy_kernels import Numbers

LANES, ROUNDS = 3, 8
"""The 24 parts are LANES of ROUNDS consecutive channels; the lanes are compared side by side."""

_INSIDE = 1 - 2.0**-22
"""Share of an axis at which a position rounded up in float32 is still not beyond the end, which would make it black."""


@dataclass(frozen=True)
class Scores:
    """Names of values of size (N, ..., input_height, input_width), float32 0..1.

    Attributes:
        person: one channel.
        parts: ROUNDS values of LANES channels; channel `lane` of value `round` is of part lane * ROUNDS + round.
    """

    person: str
    parts: list[str]


@dataclass(frozen=True)
class _Contestants:
    """Names of (N, channels, H, W) scores, float32, and of the part ids that have them, uint8, to be broadcast."""

    scores: str
    ids: str


def append_scores(
    nodes: Nodes, heads: str, channels: Mapping[str, slice], geometry: Geometry, batch: int, *, parts: bool
) -> Scores:
    """Append the way from output cells to scores at the network input's pixels.

    Args:
        nodes: the graph so far.
        heads: name of the network's output, (N, C, output_height, output_width).
        channels: channel ranges of `segments` and `part_heatmaps` in it.
        geometry: of the pictures.
        batch: N.
        parts: whether scores of parts are wanted.
    """
    chosen = [channels['segments'].start]
    if parts:
        first = channels['part_heatmaps'].start
        chosen += [first + lane * ROUNDS + one for one in range(ROUNDS) for lane in range(LANES)]
    indices = nodes.constant('scores/channels', np.array(chosen, np.int32))
    value = nodes.add('Gather', [heads, indices], 'scores/cells', axis=1)
    if geometry.sigmoid_first:
        value = nodes.add('Sigmoid', [value], 'scores/squashed')
    value = _upsample(nodes, value, [batch, len(chosen), geometry.input_height, geometry.input_width], 'scores/pixels')
    if not geometry.sigmoid_first:
        value = nodes.add('Sigmoid', [value], 'scores/squashed')
    if not parts:
        return Scores(value, [])
    lengths = nodes.constant('scores/lengths', np.array([1, *[LANES] * ROUNDS], np.int64))
    names = [f'scores/{name}' for name in ('person', *range(ROUNDS))]
    person, *rounds = nodes.add_many('Split', [value, lengths], names, axis=1)
    return Scores(person, rounds)


def append_mask(nodes: Nodes, scores: str, threshold: str, geometry: Geometry, batch: int, output: str) -> None:
    """Append the comparison of person scores with the threshold: `output` is (N, 1, H, W) bool."""
    nodes.add('Greater', [_to_picture(nodes, scores, geometry, batch, 1, 'mask/scores'), threshold], output)


def append_parts(
    nodes: Nodes, scores: list[str], mask: str, geometry: Geometry, batch: int, numbers: Numbers, output: str
) -> None:
    """Append the choice of each person pixel's likeliest part; the first of equal ones wins.

    Args:
        nodes: the graph so far.
        scores: see `Scores.parts`.
        mask: name of the mask, (N, 1, H, W) bool.
        geometry: of the pictures.
        batch: N.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND.
        output: name of the result, (N, 1, H, W) uint8, whose bytes are int8.
    """
    ids = numbers.view(np.uint8)
    contestants = []
    for one, name in enumerate(scores):
        own = ids[one : LANES * ROUNDS : ROUNDS].reshape(1, LANES, 1, 1)
        full = _to_picture(nodes, name, geometry, batch, LANES, f'parts/{one}/scores')
        contestants.append(_Contestants(full, nodes.constant(f'parts/{one}/ids', own)))
    best = _best(nodes, contestants, 'parts/lanes')
    lanes = list(map(_Contestants, _split(nodes, best.scores), _split(nodes, best.ids)))
    first, second, better = _final(nodes, lanes, 'parts/best')
    likeliest = nodes.add('Where', [better, second.ids, first.ids], 'parts/best/ids')
    background = nodes.constant('parts/background', np.array([BACKGROUND], np.int8).view(np.uint8))
    nodes.add('Where', [mask, likeliest, background], output)


def _split(nodes: Nodes, value: str) -> list[str]:
    lengths = nodes.constant('parts/lengths', np.ones(LANES, np.int64))
    return nodes.add_many('Split', [value, lengths], [f'{value}/{lane}' for lane in range(LANES)], axis=1)


def _best(nodes: Nodes, contestants: list[_Contestants], name: str) -> _Contestants:
    """Append a knock-out tournament of contestants in the order of their parts: a later one must be truly better."""
    if len(contestants) == 1:
        return contestants[0]
    first, second, better = _final(nodes, contestants, name)
    # Not a Max, which would not wait for the comparison: ONNX Runtime would put that off, and hold all maps till then.
    scores = nodes.add('Where', [better, second.scores, first.scores], f'{name}/scores')
    return _Contestants(scores, nodes.add('Where', [better, second.ids, first.ids], f'{name}/ids'))


def _final(nodes: Nodes, contestants: list[_Contestants], name: str) -> tuple[_Contestants, _Contestants, str]:
    """Append all of a tournament but its end; return both finalists and where the second is better."""
    half = len(contestants) // 2
    first = _best(nodes, contestants[:half], f'{name}/first')
    second = _best(nodes, contestants[half:], f'{name}/second')
    return first, second, nodes.add('Greater', [second.scores, first.scores], f'{name}/better')


def _upsample(nodes: Nodes, value: str, sizes: list[int], name: str) -> str:
    """Append the interpolation from output cells to network input pixels: (i * (cells - 1)) / (pixels - 1), exactly."""
    constant = nodes.constant(f'{name}/sizes', np.array(sizes, np.int64))
    return nodes.add(
        'Resize', [value, '', '', constant], name, mode='linear', coordinate_transformation_mode='align_corners'
    )


def _to_picture(nodes: Nodes, value: str, geometry: Geometry, batch: int, channels: int, name: str) -> str:
    """Append the interpolation from the network input's pixels to the picture's."""
    top, bottom = _reach(geometry.rows, geometry.input_height)
    left, right = _reach(geometry.columns, geometry.input_width)
    region = nodes.constant('picture/region', np.array([0, 0, top, left, 1, 1, bottom, right], np.float32))
    sizes = np.array([batch, channels, geometry.height, geometry.width], np.int64)
    return nodes.add(
        'Resize',
        [value, region, '', nodes.constant(f'{name}/sizes', sizes)],
        name,
        mode='linear',
        coordinate_transformation_mode='tf_crop_and_resize',
    )


def _reach(taps: Taps, size: int) -> tuple[float, float]:
    """Return the first and the last position of evenly spaced taps, as shares of an axis of `size` pixels."""
    first, last = ((int(taps.low[end]) + float(taps.high_weight[end])) / max(size - 1, 1) for end in (0, -1))
    return first, min(last, _INSIDE)
