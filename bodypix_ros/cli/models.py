# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`bodypix models`: lists, downloads and imports the weights of BodyPix and MediaPipe, and builds networks."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..errors import ModelError, SettingError
from ..models.catalogue import CATALOGUE, find_checkpoint
from ..models.disk import NO_CACHE
from ..models.download import local_path, server_address
from ..models.mediapipe import catalogue as mediapipe
from ..models.mediapipe.archives import contains_files, import_files
from ..models.mediapipe.files import fetch_file, stored_file
from ..models.mediapipe.source import is_at_hand
from ..models.store import checkpoints_at, open_store
from ..settings import NetworkSettings
from . import models_build
from .options import add_options, from_options, given_options
from .progress import ProgressBar

_CHECKPOINT = ('version', 'architecture', 'multiplier', 'quant_bytes')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of the verb."""
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)

    listing = _add_action(actions, 'list', 'list the networks of BodyPix and MediaPipe, and which are installed')
    add_options(listing, NetworkSettings, only=('model_dir',))
    listing.set_defaults(act=list_models)

    fetch = _add_action(
        actions, 'fetch', 'download networks of MediaPipe (Google, Apache-2.0), or an official checkpoint of BodyPix'
    )
    fetch.add_argument(
        'names',
        metavar='NAME',
        nargs='*',
        help=f'of MediaPipe: {", ".join(mediapipe.NETWORKS)} or a network listed by `bodypix models list`; without a '
        'name, a checkpoint of BodyPix is downloaded',
    )
    add_options(fetch, NetworkSettings, only=(*_CHECKPOINT, 'model_dir', 'model_url'))
    fetch.set_defaults(act=fetch_model)

    importing = _add_action(actions, 'import', 'copy checkpoints and .tflite files from a folder or an archive')
    importing.add_argument(
        'source',
        metavar='PATH',
        help='a folder with the layout of the server of BodyPix; or a .tflite file of MediaPipe, or a folder, wheel or '
        '.tgz file that contains such files; as a path or file: address',
    )
    add_options(importing, NetworkSettings, only=('model_dir',))
    importing.set_defaults(act=import_models)

    where = _add_action(actions, 'where', 'print the cache folder')
    add_options(where, NetworkSettings, only=('model_dir',))
    where.set_defaults(act=print_folder)

    build = _add_action(actions, 'build', 'build a network in advance, on a GPU also for given image sizes')
    models_build.add_arguments(build)


def _add_action(actions: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    """Add an action to the subparsers of the verb, and return its parser."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=purpose, description=f'{purpose[0].upper()}{purpose[1:]}.'
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run the selected action."""
    arguments.act(arguments)
    return 0


def list_models(arguments: argparse.Namespace) -> None:
    """Print one line for each official checkpoint of BodyPix and each network of MediaPipe."""
    settings = from_options(arguments, NetworkSettings)
    store = open_store(settings)
    width = max(len(checkpoint.title) for checkpoint in CATALOGUE)
    for checkpoint in CATALOGUE:
        here = 'here' if store.has(checkpoint) else '-'
        print(f'{checkpoint.title:{width}}  {here:4}  {checkpoint.options}'.rstrip())
    for network in mediapipe.CATALOGUE:
        here = 'here' if is_at_hand(network, settings) else '-'
        print(f'{f"MediaPipe {network.name}":{width}}  {here:4}  {network.name}')


def fetch_model(arguments: argparse.Namespace) -> None:
    """Download the named networks of MediaPipe, or one checkpoint, unless the cache contains a valid copy."""
    if arguments.names:
        _fetch_networks(arguments)
        return
    # The weights do not depend on the stride; all networks support 16.
    settings = from_options(arguments, NetworkSettings, stride=16)
    checkpoint, store = find_checkpoint(settings), open_store(settings)
    with ProgressBar() as progress:
        store.obtain(checkpoint, server_address(settings), allow_download=True, progress=progress)
    print(f'{checkpoint.title}: {store.folder(checkpoint)}')


def _fetch_networks(arguments: argparse.Namespace) -> None:
    given = given_options(arguments, NetworkSettings).keys() & set(_CHECKPOINT)
    if given:
        raise SettingError(f'{", ".join(sorted(given))} must not be given for networks of MediaPipe')
    settings = from_options(arguments, NetworkSettings)
    networks = dict.fromkeys(network for name in arguments.names for network in mediapipe.find_models(name))
    with ProgressBar() as progress:
        for network in networks:
            print(f'{network.name}: {fetch_file(network, settings, progress)}')


def import_models(arguments: argparse.Namespace) -> None:
    """Copy checkpoints of BodyPix from a folder, and .tflite files of MediaPipe from a file, folder or archive."""
    settings, source = from_options(arguments, NetworkSettings), arguments.source
    if not source:
        raise SettingError('the source must be a folder or a file, got an empty string')
    if source.startswith('file:'):
        source = str(local_path(source))
    if contains_files(source):
        for network in import_files(source, settings):
            print(f'{network.name}: {stored_file(network, settings)}')
        if not os.path.isdir(source) or not checkpoints_at(Path(source).absolute().as_uri()):
            return
    store = open_store(settings)
    with ProgressBar() as progress:
        imported = store.import_from(source, progress)
    for checkpoint in imported:
        print(f'{checkpoint.title}: {store.folder(checkpoint)}')


def print_folder(arguments: argparse.Namespace) -> None:
    """Print the path of the cache folder.

    Raises:
        ModelError: the user has no cache folder.
    """
    root = open_store(from_options(arguments, NetworkSettings)).root
    if root == NO_CACHE:
        raise ModelError('there is no cache folder, because this user has no home folder; set model_dir or HOME')
    print(root)
