# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packing ONNX Runtime for a GPU machine without internet."""

from __future__ import annotations

import struct

from tools.gpu_bundle import prune

MAGIC, PTX, MACHINE_CODE = 0xBA55ED50, 1, 2


def _entry(kind: int, generation: int, code: bytes) -> bytes:
    """One block of GPU code: a header of 64 bytes, then the code."""
    header = struct.pack('<HHIQ', kind, 0, 64, len(code)).ljust(28, b'\0') + struct.pack('<I', generation)
    return header.ljust(64, b'\0') + code


def _container(*entries: bytes) -> bytes:
    body = b''.join(entries)
    return struct.pack('<IHHQ', MAGIC, 1, 16, len(body)) + body


def test_only_the_machine_code_of_one_generation_is_kept() -> None:
    kept, other, text = b'K' * 40, b'O' * 24, b'P' * 16
    first = _container(_entry(MACHINE_CODE, 80, other), _entry(MACHINE_CODE, 90, kept))
    second = _container(_entry(PTX, 90, text), _entry(MACHINE_CODE, 90, kept))
    library = b'code' * 4 + first + b'\0' * 8 + second + b'data' * 4
    pruned = prune(library, range(16, len(library) - 16), 90)
    assert pruned == library.replace(other, bytes(24)).replace(text, bytes(16))
    assert pruned.count(kept) == 2
