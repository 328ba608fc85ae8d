"""`bodypix models`: lists, downloads and imports official checkpoints, and builds networks from them."""

from __future__ import annotations

import argparse

from ..errors import ModelError
from ..models.catalogue import CATALOGUE, find_checkpoint
from ..models.disk import NO_CACHE
from ..models.download import server_address
from ..models.store import open_store
from ..settings import NetworkSettings
from . import models_build
from .options import add_options, from_options
from .progress import ProgressBar

_CHECKPOINT = ('version', 'architecture', 'multiplier', 'quant_bytes')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of the verb."""
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)

    listing = actions.add_parser('list', help='show every official checkpoint and whether it is in the cache')
    add_options(listing, NetworkSettings, only=('model_dir',))
    listing.set_defaults(act=list_models)

    fetch = actions.add_parser('fetch', help='download an official checkpoint')
    add_options(fetch, NetworkSettings, only=(*_CHECKPOINT, 'model_dir', 'model_url'))
    fetch.set_defaults(act=fetch_model)

    importing = actions.add_parser('import', help='copy all checkpoints from a folder with the layout of the server')
    importing.add_argument('folder', metavar='DIR', help='the folder, as a path or file: address')
    add_options(importing, NetworkSettings, only=('model_dir',))
    importing.set_defaults(act=import_models)

    where = actions.add_parser('where', help='print the cache folder')
    add_options(where, NetworkSettings, only=('model_dir',))
    where.set_defaults(act=print_folder)

    build = actions.add_parser('build', help='build a network in advance, on a GPU also for given image sizes')
    models_build.add_arguments(build)


def run(arguments: argparse.Namespace) -> int:
    """Run the selected action."""
    arguments.act(arguments)
    return 0


def list_models(arguments: argparse.Namespace) -> None:
    """Print one line for each official checkpoint."""
    store = open_store(from_options(arguments, NetworkSettings))
    width = max(len(checkpoint.title) for checkpoint in CATALOGUE)
    for checkpoint in CATALOGUE:
        here = 'here' if store.has(checkpoint) else '-'
        print(f'{checkpoint.title:{width}}  {here:4}  {checkpoint.options}'.rstrip())


def fetch_model(arguments: argparse.Namespace) -> None:
    """Download one checkpoint, unless the cache contains a valid copy."""
    # The weights do not depend on the stride; all networks support 16.
    settings = from_options(arguments, NetworkSettings, stride=16)
    checkpoint, store = find_checkpoint(settings), open_store(settings)
    with ProgressBar() as progress:
        store.obtain(checkpoint, server_address(settings), allow_download=True, progress=progress)
    print(f'{checkpoint.title}: {store.folder(checkpoint)}')


def import_models(arguments: argparse.Namespace) -> None:
    """Copy checkpoints from a folder."""
    store = open_store(from_options(arguments, NetworkSettings))
    with ProgressBar() as progress:
        imported = store.import_from(arguments.folder, progress)
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
