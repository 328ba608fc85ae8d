# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All settings of the package. Node parameters, CLI options, launch arguments and tables are generated from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .palettes import PALETTES
from .parts import PART_GROUPS, PartIds
from .setting import Setting, Settings, setting
from .setting_parsers import parse_cameras, parse_mask_parts, parse_pose, parse_resolution, parse_size

SELFIE_MODELS = ('selfie_general', 'selfie_landscape')
BLAZEPOSE_MODELS = ('blazepose_lite', 'blazepose_full', 'blazepose_heavy')
"""MediaPipe's models: masks of a person close to the camera, and poses with 33 keypoints and masks."""

OFFICIAL_SERVER = 'https://storage.googleapis.com/tfjs-models'


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """The network, its execution provider and its resolution: the settings of `bodypix_ros.load`."""

    model: str = setting(
        'auto',
        'Network: bodypix_ros (included in this package), bodypix (Google), selfie_* or blazepose_* (MediaPipe, '
        'without parts; see docs/models.md); auto selects bodypix_ros, or bodypix if a setting that only BodyPix has '
        'is given',
        choices=('auto', 'bodypix_ros', 'bodypix', *SELFIE_MODELS, *BLAZEPOSE_MODELS),
    )
    version: int = setting(2, 'BodyPix version of the official checkpoint', choices=(1, 2))
    architecture: str = setting(
        'mobilenet_v1', 'Backbone: mobilenet_v1 is fast, resnet50 is large', choices=('mobilenet_v1', 'resnet50')
    )
    multiplier: float = setting(
        0.75, 'Width of MobileNetV1; official weights of 0.25 exist for version 1 only', choices=(0.25, 0.5, 0.75, 1.0)
    )
    quant_bytes: int = setting(4, 'Bytes per stored weight; fewer means a smaller download', choices=(1, 2, 4))
    stride: int = setting(16, 'Network input pixels per output cell; smaller is finer and slower', choices=(8, 16, 32))
    dilation: str = setting(
        'trained',
        'Dilated layers as trained (r,r), or as TensorFlow.js runs them (r,1)',
        choices=('trained', 'tfjs'),
    )
    checkpoint: str = setting(
        'official', 'Weights of BodyPix: official (Google) or the folder of a TensorFlow.js checkpoint'
    )
    model_dir: str = setting('', "Folder for the weights; empty means the user's cache folder", read_only=True)
    model_url: str = setting(
        '',
        f'https: or file: address used instead of {OFFICIAL_SERVER}; empty means $BODYPIX_MODEL_URL if set, '
        'otherwise that server',
        read_only=True,
    )
    allow_download: bool = setting(False, 'Download missing weights', read_only=True)
    internal_resolution: str | float = setting(
        'auto',
        'Size of the network input as a fraction of the image: low, medium, high, full or 0.1..2.0; bodypix_ros also '
        'accepts its longer side, 65..2049 pixels; auto is 449 pixels for bodypix_ros, and for bodypix medium on a '
        'CPU and full on a GPU',
        parse=parse_resolution,
    )
    part_ids: PartIds = setting('bodypix1', 'Numbering of the 24 parts', choices=('bodypix1', 'bodypix2'))
    provider: str = setting(
        'auto',
        'Execution provider: auto uses cuda if its results match those of the CPU, otherwise cpu; '
        'tensorrt first builds an engine, which takes minutes',
        choices=('auto', 'tensorrt', 'cuda', 'cpu'),
    )
    precision: str = setting(
        'auto',
        'Numeric precision of the network: auto is fp32 on a CPU and fp16 on a GPU; int8 is for bodypix on a CPU, '
        'twice as fast with VNNI, with 99.6 % of the mask pixels unchanged',
        choices=('auto', 'fp16', 'fp32', 'int8'),
    )
    require_gpu: bool = setting(False, 'Refuse to run if the network does not run on a GPU with correct results')
    device_id: int = setting(0, 'Index of the GPU', minimum=0)
    threads: int = setting(
        0,
        'CPU threads of the network; 0 means one per physical core, within the CPU quota of a container',
        minimum=0,
        maximum=256,
    )
    kernels: str = setting(
        'auto',
        'Implementation of preprocessing, decoding and edge refinement on the CPU: auto uses numba if it is installed, '
        'otherwise numpy',
        choices=('auto', 'numba', 'numpy'),
    )


@dataclass(frozen=True)
class SegmentSettings(Settings):
    """The settings that may differ from frame to frame: those of `Segmenter.segment`."""

    threshold: float = setting(
        0.5, 'Pixels with a higher score are labelled as a person', minimum=0.0, maximum=1.0, live=True
    )
    flip_horizontal: bool = setting(
        False,
        'For mirrored cameras: the network processes the mirrored image, so that left and right parts are swapped',
        live=True,
    )
    refine: bool = setting(
        False,
        'Move the edges of mask, parts and confidence onto the edges of the image; always runs on the CPU, even if the '
        'network runs on a GPU (see docs/edges.md)',
        live=True,
    )
    max_people: int = setting(
        10, 'Maximum number of people to separate', minimum=1, maximum=255, live=True
    )  # labels are uint8, 0 is the background
    score_threshold: float = setting(
        0.4,
        "Minimum score of a person's pose and of the keypoint from which it is decoded",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    nms_radius: float = setting(
        20.0,
        'Minimum distance between the same keypoint of two people, in pixels of the network input',
        minimum=1.0,
        live=True,
    )
    min_keypoint_score: float = setting(
        0.3,
        'Minimum score of the keypoints that determine to which person a pixel belongs (instances: webgl)',
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    refine_steps: int = setting(
        10, 'Number of refinement steps of the long offsets of each pixel', minimum=1, maximum=20, live=True
    )
    instances: str = setting(
        'webgl',
        'How pixels are assigned to people: webgl compares all 17 keypoints, cpu the five of the head, '
        'like the TensorFlow.js backends of these names',
        choices=('webgl', 'cpu'),
        live=True,
    )
    hands: bool = setting(
        False,
        "Find the hands of people with MediaPipe's networks: 21 keypoints each, and fingers in mask and parts (see "
        'docs/hands.md)',
        live=True,
    )
    selfie_crop: str = setting(
        'picture',
        'What selfie_* processes: picture (the whole image, without separating people), or people (a crop around '
        'each person that bodypix_ros finds, which is more accurate and slower)',
        choices=('picture', 'people'),
        live=True,
    )


@dataclass(frozen=True)
class PictureSettings(Settings):
    """How labels are rendered as images."""

    parts_encoding: str = setting(
        '8SC1',
        'Encoding of the parts image; the background is -1, or 255 in 8UC1',
        choices=('8SC1', '8UC1', '16SC1', '32SC1'),
        live=True,
    )
    overlay_opacity: float = setting(
        0.7, 'Opacity of the colours drawn over the camera image', minimum=0.0, maximum=1.0, live=True
    )
    overlay_palette: str = setting(
        'rainbow',
        'Colours of the parts; the names are those of BodyPix, where warm ranges from violet through blue to green',
        choices=PALETTES,
        live=True,
    )
    overlay_effect: str = setting(
        'parts',
        'What the overlay shows: coloured parts, mask (background darkened), contour, pixelate (parts as cells), '
        'bokeh (background blurred), blur_faces, cutout (background replaced, see overlay_background) or none',
        choices=('parts', 'mask', 'contour', 'pixelate', 'bokeh', 'blur_faces', 'cutout', 'none'),
        live=True,
    )
    overlay_background: str = setting(  # read-only, so that a message cannot make the node publish other files
        '', 'Picture file shown behind people if overlay_effect is cutout; empty for plain green', read_only=True
    )
    mask_parts: tuple[str, ...] = setting(
        (),
        f'Parts covered by the published mask: {", ".join(PART_GROUPS)} or names of parts; empty for the whole person',
        parse=parse_mask_parts,
        live=True,
    )
    semantic_classes: str = setting(
        'person',
        'Classes of semantic/mask: person (1), or parts (part id + 1); 0 is the background',
        choices=('person', 'parts'),
        live=True,
    )
    semantic_size: str = setting(
        '',
        'Width and height of semantic/mask and semantic/confidence, such as 640x480; empty for the size of the image',
        parse=parse_size,
        live=True,
    )


AnonymizeStyle = Literal['blur', 'pixelate', 'fill']


@dataclass(frozen=True)
class AnonymizeSettings(Settings):
    """How people are made unrecognisable in images: see docs/privacy.md."""

    anonymize: str = setting(
        'heads',
        'What is covered: faces, heads (with hair and neck) or people (all their pixels)',
        choices=('faces', 'heads', 'people'),
        live=True,
    )
    anonymize_style: AnonymizeStyle = setting(
        'blur',
        'How it is covered: blur and pixelate leave at most 4 cells across a head, fill leaves nothing',
        choices=get_args(AnonymizeStyle),
        live=True,
    )
    anonymize_margin: float = setting(
        0.3,
        'Margin by which the covered region is enlarged on each side, as a fraction of the size of the head',
        minimum=0.0,
        maximum=2.0,
        live=True,
    )
    anonymize_hold_s: float = setting(
        0.5,
        'Seconds for which a head that is no longer found stays covered; the cover keeps moving at its last speed',
        minimum=0.0,
        maximum=10.0,
        live=True,
    )


@dataclass(frozen=True)
class TrackingSettings(Settings):
    """Tracking and smoothing across images: ids of people, keypoints and masks."""

    tracking: bool = setting(True, 'Assign a person the same track_id in every image, and detect gestures', live=True)
    track_hold_s: float = setting(
        1.5, 'Seconds for which a person who is not detected keeps the track_id', minimum=0.0, maximum=60.0, live=True
    )
    track_threshold: float = setting(
        0.5,
        'Minimum score for a new track_id; people below it can only continue an existing track',
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    follow_hold_s: float = setting(
        3.0,
        'Seconds for which the followed person may be hidden before the node stops following',
        minimum=0.0,
        maximum=60.0,
        live=True,
    )
    keypoint_smoothing: bool = setting(
        False, 'Smooth the keypoints of tracked people with the One Euro filter', live=True
    )
    keypoint_min_cutoff_hz: float = setting(
        1.0,
        'Cutoff frequency of the One Euro filter for keypoints at rest; lower is smoother',
        minimum=0.01,
        maximum=100.0,
        live=True,
    )
    keypoint_beta: float = setting(
        5.0,
        'Increase of that cutoff frequency with speed, in Hz per height of the person per second; '
        'higher values follow faster',
        minimum=0.0,
        maximum=1000.0,
        live=True,
    )
    smoothing: bool = setting(
        False, 'Reduce the flicker of mask and parts from image to image; see docs/smoothing.md', live=True
    )


@dataclass(frozen=True)
class NodeSettings(Settings):
    """How the node receives images and publishes results."""

    cameras: tuple[str, ...] = setting(
        (), 'Names of the cameras, which prefix their topics; empty for one camera without a name', parse=parse_cameras
    )
    image_transport: str = setting(
        'raw', 'Type of the image topic: raw (Image) or compressed (CompressedImage, JPEG or PNG)',
        choices=('raw', 'compressed'),
    )  # fmt: skip
    qos: str = setting(
        'auto',
        'Reliability of the image subscription; auto follows the publisher',
        choices=('auto', 'reliable', 'best_effort'),
        live=True,
    )
    rotate: int = setting(
        0,
        'Clockwise rotation in degrees that makes people upright, for cameras mounted sideways; '
        'results keep the orientation of the camera',
        choices=(0, 90, 180, 270),
        live=True,
    )
    mono16_bits: int = setting(
        16,
        'Significant bits of 16-bit images (mono16, 16UC1, bayer_*16): 10 or 12 for cameras that do not scale '
        'their values to 16 bits',
        choices=(10, 12, 16),
        live=True,
    )
    max_rate_hz: float = setting(
        0.0, 'Maximum rate at which images of each camera are processed; 0 means no limit',
        minimum=0.0, maximum=1000.0, live=True,
    )  # fmt: skip
    lazy: bool = setting(True, 'Receive images and compute results only while a topic has subscribers', live=True)
    stale_after_s: float = setting(
        2.0, 'Report a camera that has sent no image for this time', minimum=0.1, maximum=3600.0, live=True
    )
    autostart: bool = setting(True, 'Configure and activate at startup, without a lifecycle manager')
    fallback: bool = setting(
        True, 'Run bodypix_ros if the weights of the requested model are missing; if false, refuse to run'
    )


@dataclass(frozen=True)
class DepthSettings(Settings):
    """How the node depth_filter removes people from depth images and point clouds, and locates them."""

    dilate_px: int = setting(
        8,
        'Pixels by which the mask is enlarged; pixels there that are clearly behind the person remain',
        minimum=0,
        maximum=64,
        live=True,
    )
    slop_s: float = setting(
        0.05,
        'Maximum difference between the stamps of a depth image and its mask, seconds',
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    people_speed_m_s: float = setting(
        1.5,
        'Speed of people: within the distance that they move between the stamps of mask and depth image, the depth '
        'decides what belongs to them; 0 uses the mask as it is',
        minimum=0.0,
        maximum=10.0,
        live=True,
    )
    max_wait_s: float = setting(
        0.5, 'Maximum time that a depth image waits for its mask, seconds', minimum=0.0, maximum=1.0, live=True
    )
    on_missing: str = setting(
        'drop',
        'What happens to a depth image without a mask: drop does not publish it, pass publishes it with people, '
        'hold applies the mask with the nearest stamp',
        choices=('drop', 'pass', 'hold'),
        live=True,
    )
    depth_to_color: str = setting(
        '',
        'Pose of the depth camera in the optical frame of the colour camera, "x y z qx qy qz qw" as tf2_echo prints '
        'it; empty means that depth is registered to the colour image',
        parse=parse_pose,
        live=True,
    )
    remove_outside: bool = setting(
        False, 'Remove depth outside of the view of the colour camera as well, which people may enter', live=True
    )
    erode_px: int = setting(
        3,
        'Pixels at the border of a person or part that do not count for positions',
        minimum=0,
        maximum=32,
        live=True,
    )
    publish_tf: bool = setting(
        False,
        'Publish a frame for each tracked person on /tf, such as person_7 for track_id 7; requires tf2_msgs',
        live=True,
    )
    lazy: bool = setting(True, 'Receive data only while an output has subscribers', live=True)
    stale_after_s: float = setting(
        2.0, 'An input that sends nothing for this time is reported', minimum=0.1, maximum=3600.0, live=True
    )


BODYPIX_ONLY = ('version', 'architecture', 'multiplier', 'quant_bytes', 'stride', 'dilation', 'checkpoint')
"""Settings that only BodyPix has: giving one of them explicitly makes `model: auto` mean `bodypix`."""

GROUPS: tuple[type[Settings], ...] = (
    NetworkSettings,
    SegmentSettings,
    PictureSettings,
    AnonymizeSettings,
    TrackingSettings,
    NodeSettings,
)
"""The classes of settings of bodypix_node, in the order of the documentation; depth_filter has `DepthSettings`."""


def all_settings() -> tuple[Setting, ...]:
    """Return every setting of bodypix_node, in the order of the documentation."""
    return tuple(one for group in GROUPS for one in group.describe())
