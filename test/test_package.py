# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What package.xml, setup.cfg, CMakeLists.txt and the code say of each other is true."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import bodypix_ros
from bodypix_ros.models.own.weights import WEIGHTS_FILE

ROOT = Path(__file__).resolve().parent.parent

ROSDEP_KEYS = {
    'cv2': 'python3-opencv',
    'filelock': 'python3-filelock',
    'numpy': 'python3-numpy',
    'PIL': 'python3-pil',
    'platformdirs': 'python3-platformdirs',
    'requests': 'python3-requests',
    'tqdm': 'python3-tqdm',
    'yaml': 'python3-yaml',
}
"""How package.xml calls what our code imports, where the names differ."""

REQUIREMENTS = {
    'av': ('video', 'av'),
    'backports': ('bag', 'backports.zstd'),
    'cv2': ('', 'opencv-python-headless'),
    'filelock': ('', 'filelock'),
    'fsspec': ('cluster', 'fsspec'),
    'mcap': ('bag', 'mcap'),
    'numpy': ('', 'numpy'),
    'onnx': ('', 'onnx'),
    'PIL': ('', 'pillow'),
    'platformdirs': ('', 'platformdirs'),
    'pooch': ('', 'pooch'),
    'ray': ('cluster', 'ray'),
    'requests': ('', 'requests'),
    'rosbags': ('bag', 'rosbags'),
    'ruamel': ('bag', 'ruamel.yaml'),
    'tqdm': ('', 'tqdm'),
    'onnxruntime': ('cpu', 'onnxruntime'),
    'cuda': ('gpu', 'cuda-core'),
    'matplotlib': ('bench', 'matplotlib'),
    'numba': ('fast', 'numba'),
    'psutil': ('bench', 'psutil'),
    'skimage': ('demo', 'scikit-image'),
    'tflite': ('mediapipe', 'tflite'),
    'yaml': ('dev', 'pyyaml'),
}
"""Which extra of setup.cfg, or none, brings what our code imports, and how it is called there."""

NOT_ON_A_ROBOT = frozenset(
    {'av', 'cuda', 'matplotlib', 'numba', 'onnx', 'onnxruntime', 'pooch', 'psutil', 'skimage', 'tflite'}
    | {'backports', 'fsspec', 'mcap', 'ray', 'rosbags', 'ruamel'}
)
"""What package.xml leaves to pip: it is optional, or there is no rosdep key of a system package."""

NOT_DECLARED = frozenset({'compression', 'cv_bridge', 'diagnostic_updater', 'visualization_msgs'})
"""What our code uses or measures itself against where it is, and does without where it is not."""


@pytest.fixture(scope='module')
def manifest() -> ElementTree.Element:
    """package.xml."""
    return ElementTree.parse(ROOT / 'package.xml').getroot()


@pytest.fixture(scope='module')
def setup() -> configparser.ConfigParser:
    """setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg')
    return parser


def requirements(text: str) -> set[str]:
    """Return the names in a list of requirements."""
    return {re.split(r'[\[<>=!;]', line)[0] for line in text.split('\n') if line}


def executables(setup: configparser.ConfigParser) -> dict[str, tuple[str, str]]:
    """Return the executables of setup.cfg: their name, module and function."""
    lines = setup['options.entry_points']['console_scripts'].strip().split('\n')
    found = [re.fullmatch(r'(\w+) = ([\w.]+):(\w+)', line) for line in lines]
    return {one[1]: (one[2], one[3]) for one in found if one}


def imported() -> set[str]:
    """Return the names of all packages of others that our code imports and needs."""
    found = set()
    for path in (*(ROOT / 'bodypix_ros').rglob('*.py'), *(ROOT / 'launch').glob('*.py')):
        if path.relative_to(ROOT).parts[1] in ('msg', 'srv'):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split('.')[0])
    return found - sys.stdlib_module_names - NOT_DECLARED - {'bodypix_ros'}


def test_the_version_is_the_same_everywhere(manifest: ElementTree.Element, setup: configparser.ConfigParser) -> None:
    assert manifest.findtext('version') == bodypix_ros.__version__
    assert setup['metadata']['version'] == 'attr: bodypix_ros.__version__'
    newest = re.search(r'^## \[(\d+\.\d+\.\d+)\]', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
    assert newest is not None
    assert newest[1] == bodypix_ros.__version__


def test_name_and_licence_are_the_same_everywhere(
    manifest: ElementTree.Element, setup: configparser.ConfigParser
) -> None:
    assert manifest.findtext('name') == setup['metadata']['name'] == 'bodypix_ros'
    assert manifest.findtext('license') == setup['metadata']['license'] == 'Apache-2.0'
    text = (ROOT / 'LICENSE').read_text(encoding='utf-8')
    assert 'Version 2.0, January 2004' in text
    assert 'END OF TERMS AND CONDITIONS' in text


def test_everything_that_is_imported_is_in_package_xml(manifest: ElementTree.Element) -> None:
    wanted = {str(one.text) for kind in ('depend', 'exec_depend') for one in manifest.iter(kind)}
    assert {ROSDEP_KEYS.get(name, name) for name in imported() - NOT_ON_A_ROBOT} - wanted == set()


def test_package_xml_has_no_keys_of_pip_packages(manifest: ElementTree.Element) -> None:
    keys = {str(one.text) for one in manifest if one.tag.endswith('depend')}
    assert not {key for key in keys if key.endswith('-pip')}, 'a package with such keys cannot be released to apt'


def test_everything_that_is_imported_is_in_setup_cfg(setup: configparser.ConfigParser) -> None:
    wanted = {('', name) for name in requirements(setup['options']['install_requires'])}
    for extra, text in setup['options.extras_require'].items():
        wanted |= {(extra, name) for name in requirements(text)}
    used = {REQUIREMENTS[name] for name in imported() & set(REQUIREMENTS)}
    assert used - wanted == set()
    assert {one for one in wanted if not one[0]} - used == set()


def test_every_message_package_that_is_built_against_is_a_dependency(manifest: ElementTree.Element) -> None:
    used = {
        word
        for path in (*(ROOT / 'msg').glob('*.msg'), *(ROOT / 'srv').glob('*.srv'))
        for word in re.findall(r'^(\w+)/\w+', path.read_text(encoding='utf-8'), re.MULTILINE)
    }
    cmake = (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8')
    listed = re.search(r'rosidl_generate_interfaces\(.* DEPENDENCIES\s([\w\s]+)\)', cmake)
    assert listed is not None
    assert set(listed[1].split()) == used == {str(one.text) for one in manifest.iter('depend')}


def test_every_executable_is_a_function_of_ours(setup: configparser.ConfigParser) -> None:
    found = executables(setup)
    assert {'bodypix', 'bodypix_node', 'depth_filter'} <= set(found)
    for module, function in found.values():
        tree = ast.parse((ROOT / f'{module.replace(".", "/")}.py').read_text(encoding='utf-8'))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_command_is_installed_with_this_version() -> None:
    command = Path(sys.prefix, 'bin', 'bodypix')
    if not command.is_file():
        pytest.skip('bodypix_ros is not installed in this environment')
    done = subprocess.run([command, '--version'], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f'bodypix_ros {bodypix_ros.__version__}\n'


def test_pip_installs_every_file_that_is_not_python(setup: configparser.ConfigParser) -> None:
    patterns = setup['options.package_data']['*'].split(', ')
    package = ROOT / 'bodypix_ros'
    others = {
        path.relative_to(package)
        for path in package.rglob('*')
        if path.is_file()
        and path.suffix not in ('.py', '.so')
        and path.parent.name not in ('__pycache__', 'msg', 'srv')
    }
    assert Path('py.typed') in others
    folders = [path.parent for path in package.rglob('__init__.py')]
    found = {path.relative_to(package) for folder in folders for one in patterns for path in folder.glob(one)}
    assert others - found == set()


def test_no_committed_file_but_the_weights_is_larger_than_one_megabyte() -> None:
    if not (ROOT / '.git').exists():
        pytest.skip('this is not a checkout')
    listed = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split('\0') if name and (ROOT / name).is_file()]
    assert len(files) > 20
    assert {path.name: path.stat().st_size for path in files if path.stat().st_size > 1_000_000} == {
        'weights.npz': WEIGHTS_FILE.stat().st_size
    }
    assert sum(path.stat().st_size for path in files if path.is_relative_to(ROOT / 'bodypix_ros')) < 10_000_000


def sourced(install: Path) -> dict[str, str]:
    """Return the environment variables of a shell that has sourced a workspace's setup.bash."""
    libraries = next(install.glob('lib/python3*/site-packages'))
    before = os.environ
    return {
        **before,
        'AMENT_PREFIX_PATH': f'{install}:{before["AMENT_PREFIX_PATH"]}',
        'LD_LIBRARY_PATH': f'{install / "lib"}:{before.get("LD_LIBRARY_PATH", "")}',
        'PYTHONPATH': f'{libraries}:{before.get("PYTHONPATH", "")}',
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_colcon_builds_a_workspace_that_ros2_can_run(tmp_path: Path, setup: configparser.ConfigParser) -> None:
    if shutil.which('colcon') is None or 'AMENT_PREFIX_PATH' not in os.environ:
        pytest.skip('needs colcon and a ROS')
    folders = [f'--{name}-base={tmp_path / name}' for name in ('build', 'install')]
    command = ['colcon', f'--log-base={tmp_path / "log"}', 'build', f'--base-paths={ROOT}', *folders]
    options = ['--symlink-install', '--cmake-args', '-DBUILD_TESTING=OFF']
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=560, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    install = tmp_path / 'install' / 'bodypix_ros'
    assert {path.name for path in (install / 'lib' / 'bodypix_ros').iterdir()} == set(executables(setup))
    said = subprocess.run(
        [install / 'lib' / 'bodypix_ros' / 'bodypix', '--version'],
        env=sourced(install), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout == f'bodypix_ros {bodypix_ros.__version__}\n'

    share = install / 'share' / 'bodypix_ros'
    for folder in ('launch', 'config', 'msg', 'srv'):
        assert {path.name for path in (ROOT / folder).iterdir() if path.is_file()} <= {
            path.name for path in (share / folder).iterdir()
        }
    package = next(install.glob('lib/python3*/site-packages')) / 'bodypix_ros'
    assert (package / 'py.typed').is_file()
    assert (package / 'parts.py').resolve() == ROOT / 'bodypix_ros' / 'parts.py'  # edits are live
    program = 'import bodypix_ros.msg as m; print(m.__file__); print(m.PersonArray().people)'
    said = subprocess.run(
        [sys.executable, '-c', program],
        env=sourced(install), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout.split('\n')[:2] == [str(package / 'msg' / '__init__.py'), '[]']


def test_every_source_file_has_the_copyright_line() -> None:
    kinds = {'.py': '#', '.cu': '//', '.c': '//', '.h': '//', '.js': '//'}
    files = subprocess.run(
        ['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    marks = {ROOT / name: kinds[Path(name).suffix] for name in files if Path(name).suffix in kinds}
    assert len(marks) > 400
    lines = ('Copyright 2026 bodypix_ros contributors', 'SPDX-License-Identifier: Apache-2.0')
    missing = [
        path.relative_to(ROOT).as_posix()
        for path, mark in marks.items()
        if path.is_file()
        and ''.join(f'{mark} {line}\n' for line in lines) not in path.read_text(encoding='utf-8')[:300]
    ]
    assert missing == []
