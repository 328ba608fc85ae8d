#!/usr/bin/env python3
"""Count operations, memory traffic and kernel launches of one frame on a GPU from its graph. Does not require a GPU.

tools/frame_costs.py [--size 640x480] [--batch 1] [--fp32] [bodypix options, such as --multiplier 0.5]
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import onnx
from onnx import shape_inference

from bodypix_ros.cli.options import add_options, from_options
from bodypix_ros.inference.engine import network_geometry
from bodypix_ros.inference.gpu.frame_graph import build_frame_graph
from bodypix_ros.models.network import load_network
from bodypix_ros.parts import renumbering
from bodypix_ros.settings import NetworkSettings

STAGES = ('input', 'network', 'labels')
FREE = ('Reshape',)
"""Operators that do not move data."""


@dataclass
class Cost:
    """Cost of a stage: kernel launches, multiply-adds of convolutions, bytes read and written."""

    launches: int = 0
    multiply_adds: int = 0
    moved: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default='640x480', metavar='WIDTHxHEIGHT')
    parser.add_argument('--batch', type=int, default=1)
    parser.add_argument('--fp32', action='store_true', help='run the network in fp32')
    add_options(parser, NetworkSettings)
    arguments = parser.parse_args()
    settings = from_options(arguments, NetworkSettings)
    width, height = map(int, arguments.size.split('x'))
    network = load_network(settings)
    geometry = network_geometry(network, settings.internal_resolution, 'cuda', height, width)
    numbers = renumbering(network.part_ids, settings.part_ids)
    graph = build_frame_graph(network, geometry, arguments.batch, numbers, parts=True, half=not arguments.fp32)
    model = shape_inference.infer_shapes(onnx.load_from_string(graph), strict_mode=True, data_prop=True)
    print(f'{network.name}, {width}x{height}, network input {geometry.input_width}x{geometry.input_height}')
    costs = count(model.graph)
    for stage in STAGES:
        cost = costs[stage]
        print(
            f'{stage:8} {cost.launches:4} launches {cost.multiply_adds / 1e9:8.3f} G multiply-adds '
            f'{cost.moved / 1e6:8.1f} MB read and written'
        )
    crossing = {
        name: sum(map(size_of, values)) for name, values in (('in', model.graph.input), ('out', model.graph.output))
    }
    print(f'bus      {crossing["in"] / 1e6:.3f} MB in, {crossing["out"] / 1e6:.3f} MB out')


def count(graph: onnx.GraphProto) -> dict[str, Cost]:
    """Return the cost of each stage."""
    sizes = {value.name: size_of(value) for value in (*graph.input, *graph.output, *graph.value_info)}
    sizes |= {tensor.name: len(tensor.raw_data) for tensor in graph.initializer}
    shapes = {value.name: shape_of(value) for value in (*graph.output, *graph.value_info)}
    kernels = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    costs: dict[str, Cost] = {stage: Cost() for stage in STAGES}
    for node in graph.node:
        if node.op_type in FREE:
            continue
        cost = costs[stage_of(node)]
        cost.launches += 1
        cost.moved += sum(sizes[name] for name in {*node.input, *node.output} if name)
        if node.op_type == 'Conv':
            cost.multiply_adds += math.prod(shapes[node.output[0]]) * math.prod(kernels[node.input[1]][1:])
    return costs


def stage_of(node: onnx.NodeProto) -> str:
    name = node.output[0]
    if name.startswith(('scores/', 'mask', 'parts')):
        return 'labels'
    return 'input' if name == 'input' or name.startswith('input/') else 'network'


def shape_of(value: onnx.ValueInfoProto) -> list[int]:
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def size_of(value: onnx.ValueInfoProto) -> int:
    """Return the size of a tensor, bytes."""
    item = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).itemsize
    return math.prod(shape_of(value)) * item


if __name__ == '__main__':
    main()
