"""What package.xml, setup.cfg, CMakeLists.txt and the code say of each other is true."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

import bodypix_ros

ROOT = Path(__file__).resolve().parent.parent

DECLARED_AS = {
    'cv2': ('python3-opencv', 'opencv-python-headless'),
    'filelock': ('python3-filelock', 'filelock'),
    'numpy': ('python3-numpy', 'numpy'),
    'onnx': (None, 'onnx'),  # has no rosdep key
    'onnxruntime': ('python3-onnxruntime-pip', None),  # in the extras cpu and gpu
    'platformdirs': ('python3-platformdirs', 'platformdirs'),
    'tqdm': ('python3-tqdm', 'tqdm'),
    'yaml': ('python3-yaml', None),  # for launch files only
}
"""How package.xml and setup.cfg call what our code imports."""

OPTIONAL = frozenset({'cv_bridge', 'diagnostic_updater', 'numba', 'skimage', 'vision_msgs'})
"""What our code uses where it is, and does without where it is not."""


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


def dependencies(manifest: ElementTree.Element) -> set[str]:
    """Return what package.xml wants at run time."""
    return {str(one.text) for kind in ('depend', 'exec_depend') for one in manifest.iter(kind)}


def requirements(text: str) -> set[str]:
    """Return the names in a list of requirements."""
    return {re.split(r'[\[<>=!;]', line)[0] for line in text.split('\n') if line}


def executables(setup: configparser.ConfigParser) -> dict[str, tuple[str, str]]:
    """Return the executables of setup.cfg: their name, module and function."""
    lines = setup['options.entry_points']['console_scripts'].strip().split('\n')
    found = [re.fullmatch(r'(\w+) = ([\w.]+):(\w+)', line) for line in lines]
    return {one[1]: (one[2], one[3]) for one in found if one}


def imported() -> Iterator[str]:
    """Give the names of the distributions' top modules that our code imports."""
    for path in (*(ROOT / 'bodypix_ros').rglob('*.py'), *(ROOT / 'launch').glob('*.py')):
        if path.is_relative_to(ROOT / 'bodypix_ros' / 'msg'):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split('.')[0]


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


def test_everything_that_is_imported_is_declared(
    manifest: ElementTree.Element, setup: configparser.ConfigParser
) -> None:
    wanted_by_ros = dependencies(manifest)
    wanted_by_pip = requirements(setup['options']['install_requires'])
    libraries = set(imported()) - sys.stdlib_module_names - OPTIONAL - {'bodypix_ros'}
    keys = {name: DECLARED_AS.get(name, (name, None)) for name in libraries}
    assert {key for key, _ in keys.values() if key} - wanted_by_ros == set()
    assert {pip for _, pip in keys.values() if pip} == wanted_by_pip


def test_every_message_package_that_is_built_against_is_a_dependency(manifest: ElementTree.Element) -> None:
    used = {
        word
        for path in (ROOT / 'msg').glob('*.msg')
        for word in re.findall(r'^(\w+)/\w+', path.read_text(encoding='utf-8'), re.MULTILINE)
    }
    cmake = (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8')
    listed = re.search(r'rosidl_generate_interfaces\(.* DEPENDENCIES ([\w ]+)\)', cmake)
    assert listed is not None
    assert set(listed[1].split()) == used == {str(one.text) for one in manifest.iter('depend')}


def test_every_executable_is_a_function_of_ours(setup: configparser.ConfigParser) -> None:
    found = executables(setup)
    assert {'bodypix', 'bodypix_node'} <= set(found)
    for module, function in found.values():
        tree = ast.parse((ROOT / f'{module.replace(".", "/")}.py').read_text(encoding='utf-8'))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_command_is_installed_with_this_version() -> None:
    command = Path(sys.prefix, 'bin', 'bodypix')
    if not command.is_file():
        pytest.skip('bodypix_ros is not installed in this environment')
    done = subprocess.run([command, '--version'], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f'bodypix_ros {bodypix_ros.__version__}\n'


def test_no_committed_file_is_larger_than_one_megabyte() -> None:
    if not (ROOT / '.git').exists():
        pytest.skip('this is not a checkout')
    listed = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split('\0') if name and (ROOT / name).is_file()]
    assert len(files) > 20
    assert {path.name: path.stat().st_size for path in files if path.stat().st_size > 1_000_000} == {}


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
def test_colcon_builds_a_workspace_that_ros2_can_run(tmp_path: Path, setup: configparser.ConfigParser) -> None:
    if shutil.which('colcon') is None or 'AMENT_PREFIX_PATH' not in os.environ:
        pytest.skip('needs colcon and a ROS')
    folders = [f'--{name}-base={tmp_path / name}' for name in ('build', 'install')]
    command = ['colcon', f'--log-base={tmp_path / "log"}', 'build', f'--base-paths={ROOT}', *folders]
    options = ['--symlink-install', '--cmake-args', '-DBUILD_TESTING=OFF']
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    install = tmp_path / 'install' / 'bodypix_ros'
    assert {path.name for path in (install / 'lib' / 'bodypix_ros').iterdir()} == set(executables(setup))
    said = subprocess.run(
        [install / 'lib' / 'bodypix_ros' / 'bodypix', '--version'],
        env=sourced(install), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert said.stdout == f'bodypix_ros {bodypix_ros.__version__}\n'

    share = install / 'share' / 'bodypix_ros'
    for folder in ('launch', 'config', 'msg'):
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
