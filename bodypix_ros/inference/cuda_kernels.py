# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Host side of cuda_kernels.cu: compilation, and the tables and arguments of its two kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network
from .geometry import Geometry, Sigmoid
from .numpy_kernels import Numbers, bound, logit, normalisation
from .taps import AreaTaps, Taps

SOURCE = Path(__file__).with_suffix('.cu')
PREPARE, LABEL = 'prepare_input', 'label_pixels'
SIGMOIDS: dict[Sigmoid, int] = {'before': 0, 'between': 1, 'after': 2}

BLOCK = (32, 8)
"""Threads of a block: columns, rows."""


class WeightedTaps(NamedTuple):
    """Interpolation along one axis: out[i] is the sum over k of in[inputs[i, k]] * weight[i, k].

    Attributes:
        inputs: (outputs, taps) int32, positions along the axis.
        weight: (outputs, taps) float32.
    """

    inputs: NDArray[np.int32]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class Tables:
    """All inputs of the kernels other than images and heads; see the comments in cuda_kernels.cu for their shapes.

    Attributes:
        arrays: by the names of the kernels' parameters.
        row_taps, column_taps: number of image pixels that contribute to a row or column of the network input.
    """

    arrays: Mapping[str, NDArray[np.generic]]
    row_taps: int
    column_taps: int


def build_tables(network: Network, geometry: Geometry, numbers: Numbers) -> Tables:
    """Return the tables for images of one size.

    Args:
        network: its architecture determines the normalisation.
        geometry: of the images.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND.
    """
    rows, columns = input_taps(geometry)
    row_cell, row_places = _places(geometry.rows, geometry.cell_size, geometry.output_height)
    column_cell, column_places = _places(geometry.columns, geometry.cell_size, geometry.output_width)
    scale, offsets = normalisation(network.architecture)
    arrays: dict[str, NDArray[np.generic]] = {
        'row_index': rows.inputs,
        'row_weight': rows.weight,
        'column_index': columns.inputs,
        'column_weight': columns.weight,
        'normalisation': np.array([scale, *offsets], np.float32),
        'row_cell': row_cell,
        'row_places': row_places,
        'column_cell': column_cell,
        'column_places': column_places,
        'numbers': np.asarray(numbers[:24], np.int8),
    }
    return Tables(arrays, rows.inputs.shape[1], columns.inputs.shape[1])


def limits(threshold: float, geometry: Geometry) -> NDArray[np.float32]:
    """Return (2,) float32: the value with which pixels are compared, and the logit of the threshold."""
    return np.array([bound(threshold, geometry), logit(threshold)], np.float32)


def input_taps(geometry: Geometry) -> tuple[WeightedTaps, WeightedTaps]:
    """Return the taps of the rows and of the columns from the image to the network input."""
    if geometry.area:
        rows, columns = geometry.area
        return _area_taps(rows, geometry.height), _area_taps(columns, geometry.width)
    return _linear_taps(geometry.input_rows), _linear_taps(geometry.input_columns)


def _area_taps(taps: AreaTaps, size: int) -> WeightedTaps:
    inputs = taps.first[:, None] + np.arange(taps.weights.shape[1])
    return WeightedTaps(np.minimum(inputs, size - 1).astype(np.int32), taps.weights)


def _linear_taps(taps: Taps) -> WeightedTaps:
    inputs = np.stack([taps.low, taps.high], axis=1).astype(np.int32)
    return WeightedTaps(inputs, np.stack([taps.low_weight, taps.high_weight], axis=1).astype(np.float32))


def _places(taps: Taps, cell_size: int, cells: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the cell of each output, the positions of its two neighbours in the cell, and the second one's weight."""
    cell = np.minimum(taps.low // cell_size, max(cells - 2, 0))
    start = cell * cell_size
    places = np.stack([(taps.low - start) / cell_size, (taps.high - start) / cell_size, taps.high_weight], axis=1)
    return cell.astype(np.int32), places.astype(np.float32)


def prepare_arguments(
    geometry: Geometry, tables: Tables, address: Mapping[str, int], pictures: int, network_input: int
) -> Sequence[int | np.int32]:
    """Return the arguments of `prepare_input`.

    Args:
        geometry: of the images.
        tables: see `build_tables`.
        address: of each table on the device.
        pictures: address of (batch, H, W, 3) uint8 BGR.
        network_input: address of (batch, 3, input_height, input_width) float32.
    """
    return [
        pictures,
        network_input,
        address['row_index'],
        address['row_weight'],
        np.int32(tables.row_taps),
        address['column_index'],
        address['column_weight'],
        np.int32(tables.column_taps),
        address['normalisation'],
        np.int32(geometry.height),
        np.int32(geometry.width),
        np.int32(geometry.input_height),
        np.int32(geometry.input_width),
    ]


@dataclass(frozen=True)
class LabelTargets:
    """Addresses of the results on the device; 0 for results that were not requested."""

    mask: int = 0
    parts: int = 0
    confidence: int = 0


def label_arguments(
    network: Network,
    geometry: Geometry,
    address: Mapping[str, int],
    heads: int,
    channels: int,
    targets: LabelTargets,
) -> Sequence[int | np.int32]:
    """Return the arguments of `label_pixels`.

    Args:
        network: determines the channels of person and parts.
        geometry: of the images.
        address: of each table on the device, and of `limits`.
        heads: address of the output with person and parts, (batch, channels, rows, columns) float32.
        channels: number of channels of that output.
        targets: addresses of the results.
    """
    return [
        heads,
        np.int32(channels),
        np.int32(network.heads['segments'].channels.start),
        np.int32(network.heads['part_heatmaps'].channels.start),
        np.int32(geometry.output_height),
        np.int32(geometry.output_width),
        address['row_cell'],
        address['row_places'],
        address['column_cell'],
        address['column_places'],
        address['numbers'],
        address['limits'],
        np.int32(SIGMOIDS[geometry.sigmoid]),
        np.int32(geometry.height),
        np.int32(geometry.width),
        targets.mask,
        targets.parts,
        targets.confidence,
    ]
