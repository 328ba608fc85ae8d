# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the storage formats of bags have in common, and the opening of a bag of any format."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from ...errors import BodyPixError
from ...models.disk import describe

SUFFIXES = ('.bag', '.mcap', '.db3')
"""Of bags that are files."""

Wire = Literal['cdr', 'ros1']
"""How messages are serialised: by ROS 2 or by ROS 1."""


class BagError(BodyPixError):
    """A bag cannot be read, processed or written."""


@contextmanager
def reading(path: Path, advice: str) -> Iterator[None]:
    """Convert every exception in the block to BagError, because parsers raise many types of them for damaged files.

    Args:
        path: what is read in the block.
        advice: what the user can do.

    Raises:
        BagError: the block raised an exception.
        OSError: the disk is full, if the block also writes.
    """
    try:
        yield
    except BagError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BagError(f'{path} cannot be read ({describe(error)}); {advice}') from error


class RawMessage(NamedTuple):
    """One message of a bag.

    Attributes:
        topic: its name.
        msgtype: such as 'sensor_msgs/msg/Image', in bags of ROS 1 too.
        stamp_ns: time at which the message was recorded.
        data: the serialised message.
        wire: how it is serialised.
    """

    topic: str
    msgtype: str
    stamp_ns: int
    data: bytes
    wire: Wire


@dataclass(frozen=True)
class TopicInfo:
    """A topic of a bag.

    Attributes:
        msgtype: such as 'sensor_msgs/msg/Image'.
        wire: how its messages are serialised.
        definition: the message definition that the bag contains; empty if there is none.
    """

    msgtype: str
    wire: Wire
    definition: str = ''


@dataclass(frozen=True)
class NewTopic:
    """A topic that is added to a bag.

    Attributes:
        name: of the topic.
        msgtype: such as 'sensor_msgs/msg/Image'.
        like: name of the topic whose quality of service it has.
        definition: the message definition with those of all its fields.
        digest: type hash of ROS 2 (RIHS01), or MD5 sum of ROS 1.
        counts: number of its messages in each file of the bag, by the name of the file.
    """

    name: str
    msgtype: str
    like: str
    definition: str
    digest: str
    counts: Mapping[str, int]


Edit = Callable[[RawMessage], Sequence[tuple[str, bytes]] | None]
"""Returns what to write instead of a message, as topics and serialised messages; None to copy the message."""


class Storage(Protocol):
    """One file of a bag."""

    path: Path

    def topics(self) -> Mapping[str, TopicInfo]:
        """Return the topics."""
        raise NotImplementedError

    def stored(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Yield the messages of some topics in the order in which `rewrite` passes them to `edit`."""
        raise NotImplementedError

    def between(self, topic: str, start_ns: int, stop_ns: int) -> Iterator[RawMessage]:
        """Yield the messages of a topic in [start_ns, stop_ns) by time, those of equal time in stored order."""
        raise NotImplementedError

    def rewrite(self, target: Path, edit: Edit, added: Sequence[NewTopic]) -> None:
        """Write a copy in which `edit` replaced the messages.

        Args:
            target: the file to write; it does not exist.
            edit: called with each message in stored order.
            added: topics that the messages of `edit` may have besides those of this file.
        """
        raise NotImplementedError


def by_name(topics: Iterable[tuple[str, TopicInfo]]) -> dict[str, TopicInfo]:
    """Return topics by name.

    Raises:
        BagError: a topic has several types: its images could be overlooked.
    """
    found: dict[str, TopicInfo] = {}
    for name, info in topics:
        other = found.setdefault(name, info)
        if other.msgtype != info.msgtype:
            raise BagError(
                f'{name} has messages of the types {other.msgtype} and {info.msgtype}; expected one type per topic: '
                'filter the bag first'
            )
    return found


def open_storage(path: Path) -> Storage:
    """Return the storage of one file by its suffix.

    Raises:
        BagError: the suffix is unknown, or the user has no permission to read the file.
    """
    if path.exists() and not os.access(path, os.R_OK):
        raise BagError(f'{path} cannot be read: permission denied; change its permissions')
    if path.suffix == '.bag':
        from .ros1 import Ros1Storage

        return Ros1Storage(path)
    if path.suffix == '.db3':
        from .sqlite import Sqlite3Storage

        return Sqlite3Storage(path)
    if path.suffix == '.mcap':
        from .mcap import McapStorage

        return McapStorage(path)
    raise BagError(f'{path} is not a bag; expected .bag, .mcap, .db3 or a folder with metadata.yaml')
