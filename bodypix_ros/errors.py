# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors of this package. Their texts say what was received, what was expected and what to do."""

from __future__ import annotations

import logging
import re


class BodyPixError(Exception):
    """Base class of all errors that this package raises."""


class SettingError(BodyPixError, ValueError):
    """A setting has an invalid value."""


class ModelError(BodyPixError, RuntimeError):
    """Weights or a network are missing, unreadable or do not pass verification."""


class ProviderError(BodyPixError, RuntimeError):
    """A required execution provider is not available or does not give correct results."""


class ImageError(BodyPixError, ValueError):
    """An image has an unexpected shape, type or encoding, or cannot be decoded."""


_NOT_BY_ROSDEP = ('onnx', 'onnxruntime', 'pooch')
"""Required packages, named as on PyPI, that rosdep does not install because they have no key of a system package."""


def shorten(text: str, limit: int = 200) -> str:
    """Return the text, with its middle omitted if it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f'{text[:half]} ... {text[-half:]}'


def quoted(value: object) -> str:
    """Return a value as quoted in error texts: its `repr`, shortened to 200 characters."""
    return shorten(repr(value))


def without_password(address: str) -> str:
    """Return an address for texts, without user name and password; other texts, such as paths, are unchanged."""
    return re.sub(r'(?<=://)[^/?#]*@', '', address, count=1)


def log_error(log: logging.Logger, text: str, error: BaseException) -> None:
    """Log a failure and its reason in one line, and the traceback at debug level."""
    log.error('%s: %s', text, describe_error(error))
    log.debug('%s', text, exc_info=error)


def describe_error(error: BaseException) -> str:
    """Return the text of an error of this package, or the type and shortened text of any other error."""
    if isinstance(error, BodyPixError):
        return str(error)
    return missing_package(error) or shorten(f'{type(error).__name__}: {error}'.removesuffix(': '), 500)


def first_line(error: BaseException) -> str:
    """Return the first line of the text of an error, or its type if the text is empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def missing_package(error: BaseException) -> str:
    """Return which package is missing and how to install it if that is the reason of an error; otherwise ''."""
    if not isinstance(error, ModuleNotFoundError) or error.name not in _NOT_BY_ROSDEP:
        return ''
    text = f'the Python package {error.name} is not installed: run `pip install {error.name}`'
    if error.name == 'onnxruntime':
        text += ', or with an NVIDIA GPU `pip install "onnxruntime-gpu[cuda,cudnn]" cuda-core cuda-bindings`'
    return f'{text}; rosdep does not install it'
