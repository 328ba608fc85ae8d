"""What is measured: every combination of picture size, network and batch that was asked for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ..errors import SettingError
from ..setting import Value
from ..settings import NetworkSettings

_SIZE = re.compile(r'([1-9]\d{0,4})x([1-9]\d{0,4})')


@dataclass(frozen=True)
class Case:
    """One thing to measure: pictures of this size, so many at a time, through one network."""

    width: int
    height: int
    batch: int
    network: NetworkSettings

    @property
    def title(self) -> str:
        """The case in a few words: '640x480, 0.75, stride 16, medium'."""
        network = self.network
        backbone = 'ResNet50' if network.architecture == 'resnet50' else f'{network.multiplier:.2f}'
        words = [f'{self.width}x{self.height}', backbone, f'stride {network.stride}', str(network.internal_resolution)]
        if self.batch > 1:
            words.append(f'batch of {self.batch}')
        if network.precision != 'auto':
            words.append(network.precision)
        if network.threads:
            words.append('1 thread' if network.threads == 1 else f'{network.threads} threads')
        return ', '.join(words)


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of '640x480'.

    Raises:
        SettingError: it is written in another way.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise SettingError(f'a size must be WIDTHxHEIGHT such as 640x480, got {text!r}')
    return int(match[1]), int(match[2])


def all_cases(
    sizes: Sequence[tuple[int, int]],
    batches: Sequence[int],
    base: NetworkSettings,
    choices: Mapping[str, Iterable[Value]],
) -> Iterator[Case]:
    """Yield every combination.

    Args:
        sizes: (width, height) of the pictures, pixels.
        batches: how many pictures at a time.
        base: settings that all cases share.
        choices: for some settings, the values to try.

    Raises:
        SettingError: a setting has a value that it cannot have.
    """
    combinations: list[dict[str, Any]] = [
        dict(zip(choices, values, strict=True)) for values in product(*choices.values())
    ]
    networks = [dataclasses.replace(base, **combination) for combination in combinations]
    for network, (width, height), batch in product(networks, sizes, batches):
        yield Case(width, height, batch, network)
