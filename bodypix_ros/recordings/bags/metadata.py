# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The file metadata.yaml of rosbag2, which storage files may contain as well."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from .storage import NewTopic

ROOT = 'rosbag2_bagfile_information'


def file_names(text: str) -> tuple[Sequence[str], str]:
    """Return the names of the files of a bag and how they are compressed ('file', 'message' or empty).

    Args:
        text: content of metadata.yaml. Bags of Dashing also list the folder of each file, which is omitted.

    Raises:
        Exception: of any type, if the text is not metadata of rosbag2.
    """
    content = YAML(typ='safe').load(text)
    content = content.get(ROOT, content)
    return [Path(name).name for name in content['relative_file_paths']], str(content.get('compression_mode') or '')


def add_topics(text: str, added: Sequence[NewTopic]) -> str:
    """Return the metadata with additional topics and everything else unchanged."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 2**20
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(text)
    bag = content.get(ROOT, content) if content else {}
    topics = bag.get('topics_with_message_count')
    if topics is None:  # rosbag2 creates the table of a storage file before it knows the topics
        return text
    for one in added:
        like = next((entry for entry in topics if entry['topic_metadata']['name'] == one.like), None)
        if like is None:
            continue
        entry = copy.deepcopy(like)
        metadata = entry['topic_metadata']
        metadata['name'], metadata['type'] = one.name, one.msgtype
        if 'type_description_hash' in metadata:
            metadata['type_description_hash'] = one.digest
        entry['message_count'] = sum(one.counts.values())
        topics.append(entry)
    bag['message_count'] = int(bag['message_count']) + sum(sum(one.counts.values()) for one in added)
    for file in bag.get('files') or []:
        file['message_count'] = int(file['message_count']) + sum(one.counts.get(file['path'], 0) for one in added)
    stream = StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()
