#!/usr/bin/env python3
"""Make the checkout's virtual environment ready, then run a command in it.

    tools/environment.py [COMMAND [ARGUMENT ...]]

A ROS that is sourced, and whose rclpy this Python imports, is used. Otherwise ROS 2 comes as wheels: Jazzy, or what
ROS_WHEELS says (jazzy, kilted). ONNX Runtime comes for the GPU where there is an NVIDIA card, else for the CPU;
ACCELERATOR (cpu, gpu) overrules that. The work is done again only when one of these has changed, or a file of INPUTS.
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
"""Distributions that exist as wheels, and the extra of setup.cfg that lists them."""

INPUTS = (
    'CMakeLists.txt',
    'package.xml',
    'setup.cfg',
    'setup.py',
    'tools/environment.py',
    'msg/*',
    'launch/*',
    'config/*',
)
"""What the environment is made of, beside the Python code, which is used where it lies."""


@dataclass(frozen=True)
class Wish:
    """What the environment is to be made for."""

    python: str
    root: str
    ros: str  # 'jazzy wheels', or the prefixes of a sourced ROS
    accelerator: str

    @property
    def sourced(self) -> bool:
        """Whether ROS is sourced, not installed from wheels."""
        return not self.ros.endswith(' wheels')


def main(command: list[str]) -> None:
    use_a_fitting_python()
    wish = read_wish()
    stamp = {**asdict(wish), 'inputs': fingerprint()}
    found = json.loads(STAMP.read_text()) if STAMP.is_file() else {}
    if found != stamp:
        check_tools()
        if {**found, 'inputs': None} != {**stamp, 'inputs': None}:
            create(wish)
        STAMP.unlink(missing_ok=True)
        install(wish)
        STAMP.write_text(json.dumps(stamp, indent=2))
    if command:
        environment = command_environment(wish)
        program = shutil.which(command[0], path=environment['PATH'])
        if program is None:
            sys.exit(f'{command[0]} is neither in .venv nor on PATH')
        os.execve(program, command, environment)


def use_a_fitting_python() -> None:
    """Go on with the Python outside .venv, of a version that the wheels exist for."""
    if Path(sys.prefix) == VENV:
        restart(sys._base_executable)  # type: ignore[attr-defined]  # .venv may be made anew
    if (3, 10) <= sys.version_info[:2] <= (3, 13) or rclpy_is_importable():
        return
    for name in ('python3.12', 'python3.13', 'python3.11', 'python3.10'):
        found = shutil.which(name)
        if found and subprocess.run([found, '--version'], capture_output=True, check=False).returncode == 0:
            restart(found)
    sys.exit(f'Python 3.10 to 3.13 is needed, {sys.executable} is {platform.python_version()}; set PYTHON to one')


def restart(python: str) -> None:
    """Go on with another Python."""
    os.execv(python, [python, *sys.argv])


def read_wish() -> Wish:
    """Look at the machine and at the environment variables."""
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
            print(f'{sys.executable} cannot import rclpy of the sourced ROS; ROS comes as {ros} instead')
    return Wish(python=platform.python_version(), root=str(ROOT), ros=ros, accelerator=accelerator)


def sourced_prefixes() -> list[str]:
    """Return the folders of a sourced ROS."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [prefix for prefix in prefixes if prefix and Path(prefix) != VENV]


def rclpy_is_importable() -> bool:
    """Say whether this Python imports the rclpy of a sourced ROS."""
    if not sourced_prefixes():
        return False
    return subprocess.run([sys.executable, '-c', 'import rclpy'], capture_output=True, check=False).returncode == 0


def cuda_of_driver() -> int:
    """Return the CUDA version that an NVIDIA driver of this machine carries, or 0."""
    if platform.machine() != 'x86_64' or shutil.which('nvidia-smi') is None:  # no wheels for other processors
        return 0
    answer = subprocess.run(['nvidia-smi'], capture_output=True, text=True, check=False)
    version = re.search(r'CUDA Version: (\d+)', answer.stdout)
    return int(version[1]) if version and answer.returncode == 0 else 0


def fingerprint() -> str:
    """Return a digest of all files that the environment is made of."""
    digest = hashlib.sha256()
    for pattern in INPUTS:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(f'{path.relative_to(ROOT)} {path.stat().st_size}\n'.encode() + path.read_bytes())
    return digest.hexdigest()


def check_tools() -> None:
    """Stop with a sentence where building messages would stop with a riddle."""
    if not any(map(shutil.which, (os.environ.get('CXX', 'c++'), 'g++', 'clang++'))):
        sys.exit('A C++ compiler is needed to build the messages: apt install g++')
    if not Path(sysconfig.get_paths()['include'], 'Python.h').is_file():
        sys.exit(f'The headers of {sys.executable} are needed to build the messages: apt install python3-dev')


def create(wish: Wish) -> None:
    """Make an empty environment."""
    print(f'.venv: Python {wish.python}, ROS: {wish.ros}, ONNX Runtime for the {wish.accelerator}', flush=True)
    options = ['--clear', *(['--system-site-packages'] if wish.sourced else [])]
    made = subprocess.run([sys.executable, '-m', 'venv', *options, str(VENV)], check=False)
    if made.returncode:
        sys.exit('This Python makes no virtual environments: apt install python3-venv')


def install(wish: Wish) -> None:
    """Install what the package needs, then the package itself, editable, with its messages."""
    print('.venv: installing packages', flush=True)
    pip(wish, *requirements(wish))
    print('.venv: building messages', flush=True)
    pip(wish, '--no-deps', '--editable', str(ROOT))


def requirements(wish: Wish) -> list[str]:
    """Return the requirements of setup.cfg, with limits that this machine sets."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    texts = [setup['options']['install_requires']]
    extras = [
        wish.accelerator,
        'fast',
        'demo',
        'bench',
        'dev',
        *([] if wish.sourced else [WHEELS[wish.ros.split()[0]]]),
    ]
    texts += [setup['options.extras_require'][extra] for extra in extras]
    wanted = [line for text in texts for line in text.split('\n') if line]
    if wish.accelerator == 'gpu' and 0 < cuda_of_driver() < 13:
        wanted.append('onnxruntime-gpu<1.27')  # the later ones are for CUDA 13
    if wish.sourced and numpy_of_ros() == 1:
        wanted.append('numpy<2')  # the messages of this ROS were compiled for it
    return wanted


def numpy_of_ros() -> int:
    """Return the major version of the numpy that the sourced ROS uses."""
    version = [sys.executable, '-c', 'import numpy; print(numpy.__version__)']
    return int(subprocess.run(version, capture_output=True, text=True, check=True).stdout.split('.')[0])


def pip(wish: Wish, *arguments: str) -> None:
    """Run `pip install` in the environment."""
    quiet = [] if sys.stdout.isatty() else ['--quiet']
    command = [str(PYTHON), '-m', 'pip', 'install', '--disable-pip-version-check', *quiet, *arguments]
    done = subprocess.run(command, env=command_environment(wish), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit('pip could not install what is needed; its own words stand above')


def command_environment(wish: Wish) -> dict[str, str]:
    """Return the environment variables under which programs of .venv find their ROS, and no other."""
    environment = dict(os.environ)
    environment.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None)  # said by the wheels of another environment
    libraries = environment.get('LD_LIBRARY_PATH', '').split(os.pathsep)
    prefixes = sourced_prefixes() if wish.sourced else []
    if not wish.sourced:
        environment.pop('PYTHONPATH', None)
        libraries = [path for path in libraries if not path.startswith(tuple(sourced_prefixes()))]
    environment['VIRTUAL_ENV'] = str(VENV)
    environment['PATH'] = os.pathsep.join([str(VENV / 'bin'), environment.get('PATH', os.defpath)])
    environment['LD_LIBRARY_PATH'] = os.pathsep.join([str(VENV / 'lib'), *filter(None, libraries)])
    environment['AMENT_PREFIX_PATH'] = environment['CMAKE_PREFIX_PATH'] = os.pathsep.join([str(VENV), *prefixes])
    return environment


if __name__ == '__main__':
    main(sys.argv[1:])
