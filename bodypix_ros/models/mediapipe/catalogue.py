# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""MediaPipe's networks: where their .tflite files are, their checksums, inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import SettingError, quoted

LICENCE = 'Apache-2.0'
"""The licence of all these files, according to MediaPipe's model cards."""

FILE_LIMIT_BYTES = 32 << 20
"""The longest of these files has 27,709,200 bytes."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class MediaPipeModel:
    """One network of MediaPipe.

    Attributes:
        name: our name, such as 'pose_landmarks_full'.
        address: of its .tflite file, relative to the server.
        sums: hexadecimal SHA-256 of the known versions of that file, which differ in metadata or encoding; the first
            is at `address`.
        size: height and width of the input, pixels.
        input_range: the values of black and white in the input.
        outputs: names and shapes of the outputs for one picture, in the order of the file. Shapes with three axes
            are (rows, columns) of a table or (channels, height, width) of a picture, without the batch.
        pypi: path of the file in the package mediapipe from PyPI. Versions 0.10.5 to 0.10.21 contain the file, or
            download it to that path when it is first used (lite and heavy).
        npm: path of the file, or of the packed file that contains it, in node_modules; empty if npm does not have it.
    """

    name: str
    address: str
    sums: tuple[str, ...]
    size: tuple[int, int]
    input_range: tuple[float, float]
    outputs: dict[str, Shape] = field(hash=False)
    pypi: str
    npm: str

    @property
    def file_name(self) -> str:
        """Name of the .tflite file."""
        return self.address.rpartition('/')[2].partition('?')[0]


def _pose_landmarks(size: str, generation: int, *sums: str) -> MediaPipeModel:
    return MediaPipeModel(
        f'pose_landmarks_{size}',
        f'mediapipe-assets/pose_landmark_{size}.tflite?generation={generation}',
        sums,
        (256, 256),
        (0.0, 1.0),
        {
            'landmarks': (195,),
            'presence': (1,),
            'segmentation': (1, 256, 256),
            'heatmaps': (39, 64, 64),
            'world': (117,),
        },
        f'modules/pose_landmark/pose_landmark_{size}.tflite',
        f'@mediapipe/pose/pose_landmark_{size}.tflite',
    )


# Source of addresses and sums: third_party/external_files.bzl of MediaPipe, and the packages mediapipe 0.10.21 (PyPI),
# @mediapipe/pose 0.5.1675469404, @mediapipe/selfie_segmentation 0.1.1675465747, @mediapipe/hands 0.4.1675469240 (npm).
CATALOGUE: tuple[MediaPipeModel, ...] = (
    MediaPipeModel(
        'selfie_general',
        'mediapipe-assets/selfie_segmentation.tflite?generation=1683332563830600',
        (
            '9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c',
            '8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27',
        ),
        (256, 256),
        (0.0, 1.0),
        {'mask': (1, 256, 256)},
        'modules/selfie_segmentation/selfie_segmentation.tflite',
        '@mediapipe/selfie_segmentation/selfie_segmentation.tflite',
    ),
    MediaPipeModel(
        'selfie_landscape',
        'mediapipe-assets/selfie_segmentation_landscape.tflite?generation=1683332561312022',
        (
            'a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd',
            '4aafe6223bb8dac6fac8ca8ed56852870a33051ef3f6238822d282a109962894',
        ),
        (144, 256),
        (0.0, 1.0),
        {'mask': (1, 144, 256)},
        'modules/selfie_segmentation/selfie_segmentation_landscape.tflite',
        '@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite',
    ),
    MediaPipeModel(
        'pose_detection',
        'mediapipe-assets/pose_detection.tflite?generation=1678737489600422',
        (
            '9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c',
            'a63c614bef30d35947f13be361820b1e4e3bec9cfeebf4d11216a18373108e85',
        ),
        (224, 224),
        (-1.0, 1.0),
        {'boxes': (2254, 12), 'scores': (2254, 1)},
        'modules/pose_detection/pose_detection.tflite',
        '@mediapipe/pose/pose_solution_packed_assets.data',
    ),
    _pose_landmarks(
        'lite',
        1661875901231143,
        'f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61',
        '1150dc68a713b80660b90ef46ce4e85c1c781bb88b6e3512cc64e6a685ba5588',  # of 2023; not compared with LiteRT
    ),
    _pose_landmarks('full', 1661875894245786, 'e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f'),
    _pose_landmarks('heavy', 1661875897944151, '59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe'),
    MediaPipeModel(
        'palm_detection',
        'mediapipe-assets/palm_detection_full.tflite?generation=1662745358034050',
        (
            '1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54',
            '2f25e740121983f68ffc05f99991d524dc0ea812134f6316a26125816941ee85',
        ),
        (192, 192),
        (0.0, 1.0),
        {'boxes': (2016, 18), 'scores': (2016, 1)},
        'modules/palm_detection/palm_detection_full.tflite',
        '@mediapipe/hands/hands_solution_packed_assets.data',
    ),
    MediaPipeModel(
        'hand_landmarks',
        'mediapipe-assets/hand_landmark_full.tflite?generation=1661875760968579',
        (
            '11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3',
            '8c026882c9ec059ce0f8e75266bee5a9a23c341a40e0000df755374d3d1b9b68',
        ),
        (224, 224),
        (0.0, 1.0),
        {'landmarks': (63,), 'presence': (1,), 'handedness': (1,), 'world': (63,)},
        'modules/hand_landmark/hand_landmark_full.tflite',
        '@mediapipe/hands/hand_landmark_full.tflite',
    ),
    MediaPipeModel(
        'face_detection',
        'mediapipe-assets/face_detection_full_range_sparse.tflite?generation=1674261618323821',
        ('2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1',),
        (192, 192),
        (-1.0, 1.0),
        {'boxes': (2304, 16), 'scores': (2304, 1)},
        'modules/face_detection/face_detection_full_range_sparse.tflite',
        '@mediapipe/face_detection/face_detection_full_range_sparse.tflite',
    ),
)

PACKED_FILES: dict[str, tuple[int, int]] = {
    'bdce7b66bfc5b39ba86a47775c98e0b186fe73f8308c2279f852af4c89ffdf42': (11, 2341291),
}
"""First byte and end of the .tflite file in each known *_packed_assets.data, by the SHA-256 of the latter.

That of @mediapipe/hands contains the palm detection; that of @mediapipe/pose is the pose detection itself.
"""

NETWORKS: dict[str, tuple[str, ...]] = {
    'selfie_general': ('selfie_general',),
    'selfie_landscape': ('selfie_landscape',),
    'blazepose_lite': ('pose_detection', 'pose_landmarks_lite'),
    'blazepose_full': ('pose_detection', 'pose_landmarks_full'),
    'blazepose_heavy': ('pose_detection', 'pose_landmarks_heavy'),
    'hands': ('palm_detection', 'hand_landmarks'),
    'faces': ('face_detection',),
}
"""The networks of each value of the setting `model`, of the setting `hands`, and of `bodypix audit`."""


def find_models(name: str) -> tuple[MediaPipeModel, ...]:
    """Return the networks that a name in NETWORKS stands for, or the one with this name.

    Raises:
        SettingError: there are none.
    """
    return tuple(find_model(network) for network in NETWORKS[name]) if name in NETWORKS else (find_model(name),)


def find_model(name: str) -> MediaPipeModel:
    """Return the network with this name.

    Raises:
        SettingError: there is none.
    """
    for model in CATALOGUE:
        if model.name == name:
            return model
    names = dict.fromkeys([*NETWORKS, *(model.name for model in CATALOGUE)])
    raise SettingError(f'the network must be one of {", ".join(names)}, got {quoted(name)}')


def model_with_sum(sha256: str) -> MediaPipeModel | None:
    """Return the network whose file has this hexadecimal SHA-256, None if it is not known."""
    return next((model for model in CATALOGUE if sha256 in model.sums), None)
