# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pack all files that `bodypix check` and tools/gpu_measure.py require on a GPU machine without internet access.

    python tools/gpu_bundle.py onnxruntime_gpu-1.31.1-cp312-*.whl DIR --architecture 90 --wheels *.whl --weights MODELS

DIR/1 contains ONNX Runtime's CUDA provider with the code of only one GPU architecture, DIR/2 everything else; each is
smaller than 60 MB. Copy both to the same folder on the other machine and run

    sh 2/run.sh check                       # bodypix check
    sh 2/run.sh measure --golden GOLDEN     # parity with the JavaScript library, and times

The pruned provider is for measuring only and must not be distributed.
"""

from __future__ import annotations

import argparse
import lzma
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROVIDER = 'onnxruntime/capi/libonnxruntime_providers_cuda.so'
_LEFT_OUT = ('libonnxruntime.so', 'libonnxruntime_providers_tensorrt', 'onnxruntime/transformers', 'onnxruntime/tools')
_FATBIN_MAGIC, _MACHINE_CODE = 0xBA55ED50, 2

RUN = """#!/bin/sh
# Unpacks the bundle in the folder of this script once, then runs `bodypix check` (check) or gpu_measure.py (measure).
set -e
here=$(cd "$(dirname "$0")" && pwd)
site=${BODYPIX_SITE:-/tmp/bodypix_gpu}
if [ ! -e "$site/ready" ]; then
  mkdir -p "$site"
  for wheel in "$here"/*.whl; do python3 -m zipfile -e "$wheel" "$site"; done
  tar -xf "$here/package.tar.xz" -C "$site"
  provider="$site/onnxruntime/capi/libonnxruntime_providers_cuda.so"
  [ -e "$provider" ] || python3 -c "import lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], 'wb'))" "$here/../1/provider.so.xz" "$provider"
  touch "$site/ready"
fi
# CUDA and cuDNN from NVIDIA's wheels, if they are installed on this machine
libraries=$(python3 -c "import glob, sysconfig
print(':'.join(glob.glob(sysconfig.get_paths()['purelib'] + '/nvidia/*/lib')))")
export LD_LIBRARY_PATH="$libraries:$LD_LIBRARY_PATH" PYTHONPATH="$site:$PYTHONPATH" PYTHONUNBUFFERED=1
export BODYPIX_MODEL_URL="file://$site/models"
what=$1; shift
case $what in
  check) exec python3 -m bodypix_ros.cli.main check "$@" ;;
  measure) exec python3 "$site/gpu_measure.py" "$@" ;;
  python) exec python3 "$@" ;;
esac
"""


def prune(provider: bytes, fatbin: range, architecture: int) -> bytes:
    """Return the library with the code of all other GPU architectures overwritten with zeros."""
    pruned = bytearray(provider)
    for start, stop, kept in _code_blocks(provider, fatbin, architecture):
        if not kept:
            pruned[start:stop] = bytes(stop - start)
    return bytes(pruned)


def _code_blocks(data: bytes, fatbin: range, architecture: int) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of each block of GPU code, and whether it is for the architecture."""
    position = fatbin.start
    while position < fatbin.stop - 16:
        magic, _, header = struct.unpack_from('<IHH', data, position)
        if magic != _FATBIN_MAGIC:
            position += 8
            continue
        (size,) = struct.unpack_from('<Q', data, position + 8)
        entry, end = position + header, position + header + size
        while entry < end:
            kind, _, head, payload = struct.unpack_from('<HHIQ', data, entry)
            (generation,) = struct.unpack_from('<I', data, entry + 28)
            yield entry + head, entry + head + payload, kind == _MACHINE_CODE and generation == architecture
            entry += head + payload
        position = (end + 7) & ~7


def fatbin_section(library: Path) -> range:
    """Return the range of the GPU code in a library."""
    sections = subprocess.run(['readelf', '-S', '-W', str(library)], capture_output=True, text=True, check=True).stdout
    line = next(line for line in sections.splitlines() if ' .nv_fatbin ' in line)
    fields = line.split('.nv_fatbin')[1].split()
    start, length = int(fields[2], 16), int(fields[3], 16)
    return range(start, start + length)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runtime', type=Path, help='wheel of onnxruntime-gpu, for the other machine')
    parser.add_argument('output', type=Path, help='folder for the bundle')
    parser.add_argument('--architecture', type=int, default=90, help='GPU architecture; 90 for H100 and H200')
    parser.add_argument('--wheels', type=Path, nargs='*', default=[], help='other wheels that the machine lacks')
    parser.add_argument('--weights', type=Path, help='folder with the layout of the BodyPix server')
    arguments = parser.parse_args()
    first, second = arguments.output / '1', arguments.output / '2'
    for folder in (first, second):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(arguments.runtime) as wheel:
            library = Path(wheel.extract(PROVIDER, scratch))
            rest = [n for n in wheel.namelist() if n != PROVIDER and not any(left in n for left in _LEFT_OUT)]
            wheel.extractall(Path(scratch) / 'site', rest)
        if not (first / 'provider.so.xz').exists():
            pruned = prune(library.read_bytes(), fatbin_section(library), arguments.architecture)
            (first / 'provider.so.xz').write_bytes(lzma.compress(pruned, preset=3))
        site = Path(scratch) / 'site'
        shutil.copytree(
            HERE.parent / 'bodypix_ros', site / 'bodypix_ros', ignore=shutil.ignore_patterns('__pycache__', '*.nb[ci]')
        )
        shutil.copy(HERE / 'gpu_measure.py', site)
        if arguments.weights:
            shutil.copytree(arguments.weights, site / 'models')
        subprocess.run(['tar', '-cJf', str(second / 'package.tar.xz'), '-C', str(site), '.'], check=True)
    for one in arguments.wheels:
        shutil.copy(one, second)
    (second / 'run.sh').write_text(RUN)


if __name__ == '__main__':
    main()
