# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Imports point one way, and only some layers import ROS."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / 'bodypix_ros'

GROUND = (
    'errors encodings pictures image_layout parts palettes regions people segmentation checks setting setting_parsers '
    'settings'
)
"""Layers without networks and drawing: values, names and their meaning."""

MAY_IMPORT = {
    'errors': '',
    'fast_dds': '',
    'onnx_runtime': '',
    'parts': 'errors',
    'setting': 'errors',
    'encodings': '',
    'pictures': 'encodings errors',
    'image_layout': 'encodings errors pictures',
    'palettes': 'errors parts',
    'regions': '',
    'people': 'parts regions',
    'segmentation': 'parts people regions',
    'checks': 'errors segmentation',
    'rotation': 'people regions segmentation',
    'hand_pixels': 'parts people segmentation',
    'setting_parsers': 'encodings errors parts setting',
    'settings': 'errors parts palettes setting setting_parsers',
    'refine': 'parts segmentation',
    'tracking': 'parts people settings',
    'smoothing': 'checks errors parts people segmentation settings',
    'gestures': 'people',
    'models': GROUND,
    'inference': f'{GROUND} refine onnx_runtime models',
    'segmenter': f'{GROUND} hand_pixels models inference',
    '__init__': 'segmentation segmenter',
    'render': GROUND,
    'head_boxes': GROUND,
    'region_tracks': 'head_boxes tracking',
    'anonymizer': f'{GROUND} head_boxes region_tracks render',
    'depth': 'errors',
    'recordings': f'{GROUND} models inference segmenter __init__ rotation tracking smoothing head_boxes render '
    'anonymizer',
    'ros': f'{GROUND} anonymizer depth rotation launching fast_dds msg srv tracking smoothing gestures models '
    'segmenter render',
    'launching': f'{GROUND} fast_dds',
    'demo': f'{GROUND} msg recordings render launching ros',
    'bench': f'{GROUND} msg models inference segmenter __init__ render ros demo',
    'cli': f'{GROUND} models inference segmenter __init__ anonymizer recordings render ros demo bench',
}
"""The layers (folders and modules of `bodypix_ros`), and which others each may import."""

OPTIONAL = ('numba_kernels', 'numba_refine', 'av_reader', 'av_writer', 'cluster', 'remote_files')
"""Modules that need optional packages."""

ROS_LAYERS = ('ros', 'launching', 'demo')
ROS = frozenset(['ament_index_python', 'cv_bridge', 'diagnostic_updater', 'launch', 'launch_ros', 'rclpy'])


def modules_of(layer: str) -> Iterator[Path]:
    """Yield the files of a layer."""
    file = PACKAGE / f'{layer}.py'
    yield from [file] if file.is_file() else (PACKAGE / layer).rglob('*.py')


def imports_of(path: Path) -> Iterator[str]:
    """Yield the full names of all modules that a file imports, wherever in the file."""
    package = ['bodypix_ros', *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = '.'.join([*above, *([node.module] if node.module else [])])
            yield from (f'{module}.{alias.name}' for alias in node.names)


def layer_of(module: str) -> str:
    """Return the layer that a module, or a name in it, is in; names of the package itself are in `__init__`."""
    name = module.split('.')[1]
    return name if name in {*MAY_IMPORT, 'msg', 'srv'} else '__init__'


def test_the_table_lists_every_layer() -> None:
    files = {path.stem for path in PACKAGE.glob('*.py')}
    folders = {path.parent.name for path in PACKAGE.glob('*/__init__.py')} - {'msg', 'srv'}
    assert files | folders == set(MAY_IMPORT)


@pytest.mark.parametrize('layer', MAY_IMPORT)
def test_a_layer_imports_only_what_the_table_allows(layer: str) -> None:
    allowed = {layer, *MAY_IMPORT[layer].split()}
    found = {
        (layer_of(name), path.name)
        for path in modules_of(layer)
        for name in imports_of(path)
        if name.startswith('bodypix_ros.') and name != 'bodypix_ros.__version__'
    }
    assert {(other, file) for other, file in found if other not in allowed} == set()


def test_no_two_layers_import_each_other() -> None:
    known: set[str] = {'msg', 'srv'}
    waiting = {layer: set(others.split()) for layer, others in MAY_IMPORT.items()}
    while ready := {layer for layer, others in waiting.items() if others <= known}:
        known |= ready
        waiting = {layer: others for layer, others in waiting.items() if layer not in ready}
    assert waiting == {}


def test_only_the_layers_of_ros_import_it() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for layer in MAY_IMPORT
        if layer not in ROS_LAYERS
        for path in modules_of(layer)
        for name in imports_of(path)
        if name.split('.')[0] in ROS
    }
    assert found == set()


def test_every_module_but_those_of_ros_imports_without_ros() -> None:
    names = sorted(
        '.'.join(['bodypix_ros', *path.relative_to(PACKAGE).with_suffix('').parts]).removesuffix('.__init__')
        for layer in MAY_IMPORT
        if layer not in ROS_LAYERS
        for path in modules_of(layer)
        if path.stem
        not in ('numba_kernels', 'av_reader', 'av_writer', 'cluster', 'remote_files')  # need optional packages
    )
    program = (
        'import importlib, sys\n'
        'for name in ("rclpy", "launch", "sensor_msgs", "std_msgs", "bodypix_ros.msg", "bodypix_ros.srv"):\n'
        '    sys.modules[name] = None\n'
        f'for name in {names}:\n'
        '    importlib.import_module(name)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert len(names) > 30
    assert (done.returncode, done.stderr) == (0, '')


def test_importing_the_package_does_not_load_the_network_code() -> None:
    program = 'import sys, bodypix_ros; print(sorted({"cv2", "numpy", "onnx", "onnxruntime"} & set(sys.modules)))'
    done = subprocess.run(
        [sys.executable, '-c', program], cwd=PACKAGE.parent, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == '[]'
