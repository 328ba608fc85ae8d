# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts settings to command line options, and options to settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..errors import SettingError
from ..setting import Setting, Settings, Value

S = TypeVar('S', bound=Settings)
OF_MESSAGES = ('parts_encoding', 'mask_parts', 'semantic_classes', 'semantic_size')
"""Names of the `PictureSettings` that only affect the images that the node publishes, not those in files."""

_METAVARS: dict[type, str] = {int: 'N', float: 'X'}


def add_options(
    parser: argparse.ArgumentParser,
    group: type[Settings],
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> None:
    """Add one option for each setting of a class: `--quant-bytes` for `quant_bytes`, with a title in the help.

    Options that are not given have no default, so that `given_options` returns only those that are given.

    Args:
        parser: of the verb.
        group: the class of settings.
        only: names of the settings to add, without the title; None for all.
        without: names of settings that have no effect on this verb.
    """
    title, _, _ = (group.__doc__ or '').splitlines()[0].rstrip('.').partition(':')
    section = parser.add_argument_group(title) if only is None else parser
    for setting in group.describe():
        if (only is None or setting.name in only) and setting.name not in without:
            section.add_argument(_flag(setting), dest=setting.name, default=argparse.SUPPRESS, **_details(setting))


def add_number(parser: argparse.ArgumentParser, setting: Setting, **details: Any) -> None:
    """Add an option of a verb whose value is a number in the range of a setting.

    Args:
        parser: of the verb.
        setting: name, type, default, range and description of the option.
        details: further arguments of `add_argument`.
    """
    shown = {'metavar': _METAVARS[setting.kind], 'help': _help(setting), 'default': setting.default, **details}
    parser.add_argument(_flag(setting), type=setting_reader(setting), **shown)


def from_options(arguments: argparse.Namespace, group: type[S], **fixed: Value) -> S:
    """Return the settings of a class as given on the command line, with defaults for the others.

    Args:
        arguments: parsed by a parser to which `add_options` added the options.
        group: the class of settings.
        fixed: values that the verb sets itself.

    Raises:
        SettingError: a fixed value is out of range.
    """
    return group(**{**given_options(arguments, group), **fixed})


def given_options(arguments: argparse.Namespace, group: type[Settings]) -> dict[str, Value]:
    """Return the settings of a class that were given on the command line, without the defaults of the others."""
    given = vars(arguments)
    return {setting.name: given[setting.name] for setting in group.describe() if setting.name in given}


def read_names(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return the function that converts an option's text, some known names separated by commas, to these names."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(word.strip() for word in text.split(',')))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f'expected names of {", ".join(known)}, got {name!r}')
        return names

    return read


def check_effect(arguments: argparse.Namespace, products: Mapping[str, type[Settings]]) -> None:
    """Check that no options are given of a product that is not written: `--anonymize` alone would cover no face.

    Args:
        arguments: of a verb with `--write`.
        products: names of products, and the settings that only affect them.

    Raises:
        SettingError: such an option is given.
    """
    for product, group in products.items():
        given = [f'--{name.replace("_", "-")}' for name in given_options(arguments, group)]
        if given and product not in arguments.write:
            raise SettingError(
                f'{", ".join(given)} would have no effect, because {product} is not written; add it to --write'
            )


def read_folder(text: str) -> Path:
    """Return the path of a folder, with ~ and ~user expanded: the shell does not expand them in `--output=~/out`."""
    if not text:  # an unset variable of the shell; Path('') is the current folder
        raise argparse.ArgumentTypeError('expected a path, got an empty string')
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f'the home folder of the user in {text!r} is unknown') from error


def _flag(setting: Setting) -> str:
    return f'--{setting.name.replace("_", "-")}'


def _help(setting: Setting) -> str:
    """Return the description, which starts in lower case unless with a name such as BodyPix, and the default."""
    text = setting.description
    if text.split()[0].istitle():
        text = f'{text[0].lower()}{text[1:]}'
    default = '' if setting.default in ('', ()) else f' (default: {_text(setting.default)})'
    return f'{text}{default}'.replace('%', '%%')


def _details(setting: Setting) -> dict[str, Any]:
    details: dict[str, Any] = {'help': _help(setting)}
    if setting.kind is bool:
        return {**details, 'action': argparse.BooleanOptionalAction}
    metavar = f'{{{",".join(map(str, setting.choices))}}}' if setting.choices else _METAVARS.get(setting.kind, 'TEXT')
    return {**details, 'metavar': metavar, 'type': setting_reader(setting)}


def setting_reader(setting: Setting) -> Callable[[str], Value]:
    """Return the function that converts an option's text to a checked value."""

    def read(text: str) -> Value:
        try:
            return setting.check(_number(setting, text))
        except SettingError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _number(setting: Setting, text: str) -> Value:
    """Return the text as a number if the setting is one; return other text unchanged, which the setting rejects."""
    try:
        return int(text) if setting.kind is int else float(text) if setting.kind is float else text
    except ValueError:
        return text


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else str(value)
