#!/usr/bin/env python3
# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Create or update the virtual environment of the checkout, then run a command in it.

    tools/environment.py [COMMAND [ARGUMENT ...]]

ROS 2 is the sourced one if this Python can import its rclpy; otherwise it is installed from wheels: Jazzy, or the
distribution in ROS_WHEELS (jazzy, kilted). ONNX Runtime is installed for the GPU if there is an NVIDIA GPU, otherwise
for the CPU; ACCELERATOR (cpu, gpu) overrides this. The environment is updated only if one of these or one of the files
in INPUTS has changed.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
STAMP = VENV / 'bodypix_ros.json'
WHEELS = {'jazzy': 'ros', 'kilted': 'kilted'}
"""ROS distributions that are available as wheels, and the extra of setup.cfg for each."""

INPUTS = (
    'CMakeLists.txt',
    'package.xml',
    'setup.cfg',
    'setup.py',
    'tools/environment.py',
    'msg/*',
    'srv/*',
    'launch/*',
    'config/*',
)
"""Files that the environment depends on, except Python code, which is installed in editable mode."""


@dataclass(frozen=True)
class Configuration:
    """The configuration of the environment."""

    python: str
    root: str
    ros: str  # 'jazzy wheels', or the prefixes of a sourced ROS
    accelerator: str

    @property
    def sourced(self) -> bool:
        """Whether ROS is sourced rather than installed from wheels."""
        return not self.ros.endswith(' wheels')


def main(command: list[str]) -> None:
    use_supported_python()
    configuration = read_configuration()
    stamp = {**asdict(configuration), 'inputs': fingerprint()}
    found = json.loads(STAMP.read_text()) if STAMP.is_file() else {}
    if found != stamp:
        check_tools()
        if {**found, 'inputs': None} != {**stamp, 'inputs': None}:
            create(configuration)
        STAMP.unlink(missing_ok=True)
        install(configuration)
        STAMP.write_text(json.dumps(stamp, indent=2))
    if command:
        environment = command_environment(configuration)
        program = shutil.which(command[0], path=environment['PATH'])
        if program is None:
            sys.exit(f'{command[0]} is neither in .venv nor on PATH')
        os.execve(program, command, environment)


def use_supported_python() -> None:
    """Restart with a Python outside .venv, of a version for which there are ROS wheels."""
    if Path(sys.prefix) == VENV:
        restart(sys._base_executable)  # type: ignore[attr-defined]  # .venv may be replaced
    if (3, 10) <= sys.version_info[:2] <= (3, 14) or rclpy_is_importable():
        return
    for name in ('python3.12', 'python3.13', 'python3.14', 'python3.11', 'python3.10'):
        found = shutil.which(name)
        if found and subprocess.run([found, '--version'], capture_output=True, check=False).returncode == 0:
            restart(found)
    sys.exit(f'Python 3.10 to 3.14 is required, but {sys.executable} is {platform.python_version()}; set PYTHON')


def restart(python: str) -> None:
    """Restart this program with another Python."""
    os.execv(python, [python, *sys.argv])


def read_configuration() -> Configuration:
    """Return the configuration for this machine and the environment variables."""
    wheels = os.environ.get('ROS_WHEELS', 'jazzy')
    if wheels not in WHEELS:
        sys.exit(f'ROS_WHEELS must be {" or ".join(WHEELS)}, got {wheels!r}')
    accelerator = os.environ.get('ACCELERATOR') or ('gpu' if cuda_of_driver() else 'cpu')
    if accelerator not in ('cpu', 'gpu'):
        sys.exit(f'ACCELERATOR must be cpu or gpu, got {accelerator!r}')
    ros = f'{wheels} wheels'
    if sourced_prefixes():
        if rclpy_is_importable():
            ros = os.pathsep.join(sourced_prefixes())
        else:
            print(f'{sys.executable} cannot import rclpy of the sourced ROS; installing ROS from {ros} instead')
    return Configuration(python=platform.python_version(), root=str(ROOT), ros=ros, accelerator=accelerator)


def sourced_prefixes() -> list[str]:
    """Return the prefixes of a sourced ROS."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [prefix for prefix in prefixes if prefix and Path(prefix) != VENV]


def rclpy_is_importable() -> bool:
    """Return whether this Python can import rclpy of a sourced ROS."""
    if not sourced_prefixes():
        return False
    return subprocess.run([sys.executable, '-c', 'import rclpy'], capture_output=True, check=False).returncode == 0


def cuda_of_driver() -> int:
    """Return the major CUDA version that the NVIDIA driver supports, or 0 without a driver."""
    # there are no ROS wheels for other processors
    if platform.machine() != 'x86_64' or shutil.which('nvidia-smi') is None:
        return 0
    answer = subprocess.run(['nvidia-smi'], capture_output=True, text=True, check=False)
    version = re.search(r'CUDA Version: (\d+)', answer.stdout)
    return int(version[1]) if version and answer.returncode == 0 else 0


def fingerprint() -> str:
    """Return a digest of the files in INPUTS."""
    digest = hashlib.sha256()
    for pattern in INPUTS:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(f'{path.relative_to(ROOT)} {path.stat().st_size}\n'.encode() + path.read_bytes())
    return digest.hexdigest()


def check_tools() -> None:
    """Exit with an error if the messages cannot be built: the errors of the build do not name the cause."""
    if not any(map(shutil.which, (os.environ.get('CXX', 'c++'), 'g++', 'clang++'))):
        sys.exit('Building the messages requires a C++ compiler: apt install g++')
    if not Path(sysconfig.get_paths()['include'], 'Python.h').is_file():
        sys.exit(f'Building the messages requires the headers of {sys.executable}: apt install python3-dev')


def create(configuration: Configuration) -> None:
    """Create an empty environment."""
    accelerator = configuration.accelerator
    print(
        f'.venv: Python {configuration.python}, ROS: {configuration.ros}, ONNX Runtime for the {accelerator}',
        flush=True,
    )
    options = ['--clear', *(['--system-site-packages'] if configuration.sourced else [])]
    made = subprocess.run([sys.executable, '-m', 'venv', *options, str(VENV)], check=False)
    if made.returncode:
        sys.exit(f'{sys.executable} cannot create virtual environments: apt install python3-venv')


def install(configuration: Configuration) -> None:
    """Install the requirements, then the package with its messages in editable mode."""
    print('.venv: installing packages', flush=True)
    pip(configuration, *requirements(configuration))
    print('.venv: building messages', flush=True)
    pip(configuration, '--no-deps', '--editable', str(ROOT))
    print('.venv: compiling kernels', flush=True)
    compiler = [str(PYTHON), '-m', 'bodypix_ros.cli.main', 'compile']
    # a failure only costs speed
    subprocess.run(compiler, env=command_environment(configuration), cwd=ROOT, check=False)


def requirements(configuration: Configuration) -> list[str]:
    """Return the requirements of setup.cfg, restricted to versions that run on this machine."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    texts = [setup['options']['install_requires']]
    extras = [
        configuration.accelerator,
        'fast',
        'demo',
        'bench',
        'docs',
        'mediapipe',
        'video',
        'bag',
        'cluster',
        'dev',
        *([] if configuration.sourced else [WHEELS[configuration.ros.split()[0]]]),
    ]
    texts += [setup['options.extras_require'][extra] for extra in extras]
    # an extra may refer to another one, which is in the list as well
    wanted = [line for text in texts for line in text.split('\n') if line and not line.startswith('bodypix_ros[')]
    if configuration.accelerator == 'gpu' and 0 < cuda_of_driver() < 13:
        wanted += ['onnxruntime-gpu<1.27', 'cuda-bindings<13']  # later versions require CUDA 13
    if configuration.sourced and numpy_of_ros() == 1:
        wanted.append('numpy<2')  # the messages of this ROS were compiled for numpy 1
    return wanted


def numpy_of_ros() -> int:
    """Return the major version of numpy that the sourced ROS uses."""
    version = [sys.executable, '-c', 'import numpy; print(numpy.__version__)']
    return int(subprocess.run(version, capture_output=True, text=True, check=True).stdout.split('.')[0])


def pip(configuration: Configuration, *arguments: str) -> None:
    """Run `pip install` in the environment."""
    quiet = [] if sys.stdout.isatty() else ['--quiet']
    command = [str(PYTHON), '-m', 'pip', 'install', '--disable-pip-version-check', *quiet, *arguments]
    done = subprocess.run(command, env=command_environment(configuration), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit('pip failed to install the requirements; see its messages above')


def command_environment(configuration: Configuration) -> dict[str, str]:
    """Return environment variables with which programs of .venv find their ROS and no other."""
    environment = dict(os.environ)
    environment.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None)  # set by the wheels of another environment
    libraries = environment.get('LD_LIBRARY_PATH', '').split(os.pathsep)
    prefixes = sourced_prefixes() if configuration.sourced else []
    if not configuration.sourced:
        environment.pop('PYTHONPATH', None)
        libraries = [path for path in libraries if not path.startswith(tuple(sourced_prefixes()))]
    environment['VIRTUAL_ENV'] = str(VENV)
    environment['PATH'] = os.pathsep.join([str(VENV / 'bin'), environment.get('PATH', os.defpath)])
    environment['LD_LIBRARY_PATH'] = os.pathsep.join([str(VENV / 'lib'), *filter(None, libraries)])
    environment['AMENT_PREFIX_PATH'] = environment['CMAKE_PREFIX_PATH'] = os.pathsep.join([str(VENV), *prefixes])
    return environment


if __name__ == '__main__':
    main(sys.argv[1:])
