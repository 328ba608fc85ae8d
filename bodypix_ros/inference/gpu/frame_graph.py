"""One ONNX graph for a whole batch: uint8 pictures in, masks and part labels out, so that only bytes cross the bus."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from ...models.bodypix.heads import MASK_HEADS
from ...models.graph import Nodes
from ...models.network import Network
from ..geometry import Geometry
from ..numpy_kernels import Numbers
from .frame_input import append_input
from .frame_labels import append_mask, append_parts, append_scores
from .half import halve

PICTURES, THRESHOLD = 'pictures', 'threshold'
MASK, PARTS, HEADS = 'mask', 'parts', 'heads'


def build_frame_graph(
    network: Network, geometry: Geometry, batch: int, numbers: Numbers, *, parts: bool, half: bool
) -> bytes:
    """Compose the graph of one picture size and batch.

    Args:
        network: what lies between preprocessing and decoding.
        geometry: of the pictures.
        batch: how many pictures run at once, N.
        numbers: (25,) int8, the part id of each channel and then BACKGROUND, see `parts.renumbering`.
        parts: with the output PARTS.
        half: the network computes in fp16; what is before and after it always in fp32.

    Returns:
        Serialised ONNX. Inputs: PICTURES (N, H, W, 3) uint8 BGR and THRESHOLD (1,) float32. Outputs: MASK (N, 1, H, W)
        bool; with `parts` PARTS (N, 1, H, W) uint8, whose bytes are int8, since CUDA chooses between uint8 only; and
        where the network has the heads that people need, HEADS (N, C, output_height, output_width) float32.

    Raises:
        ModelError: the network has weights that fp16 cannot hold.
    """
    nodes = Nodes()
    append_input(nodes, PICTURES, geometry, batch, network.architecture)
    graph = onnx.load_from_string(network.onnx).graph
    if half:
        halve(graph)
    nodes.include(graph)
    scores = append_scores(
        nodes, HEADS, {name: head.channels for name, head in network.heads.items()}, geometry, batch, parts=parts
    )
    append_mask(nodes, scores.person, THRESHOLD, geometry, batch, output=MASK)
    picture = [batch, 1, geometry.height, geometry.width]
    outputs = [helper.make_tensor_value_info(MASK, TensorProto.BOOL, picture)]
    if parts:
        append_parts(nodes, scores.parts, MASK, geometry, batch, numbers, output=PARTS)
        outputs.append(helper.make_tensor_value_info(PARTS, TensorProto.UINT8, picture))
    if set(network.heads) > set(MASK_HEADS):
        channels = max(head.channels.stop for head in network.heads.values())
        cells = [batch, channels, geometry.output_height, geometry.output_width]
        outputs.append(helper.make_tensor_value_info(HEADS, TensorProto.FLOAT, cells))
    pictures = helper.make_tensor_value_info(PICTURES, TensorProto.UINT8, [batch, geometry.height, geometry.width, 3])
    threshold = helper.make_tensor_value_info(THRESHOLD, TensorProto.FLOAT, [1])
    serialised: bytes = nodes.model([pictures, threshold], outputs).SerializeToString()
    return serialised
