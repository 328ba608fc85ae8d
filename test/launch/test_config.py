# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from bodypix_ros.settings import BODYPIX_ONLY, NodeSettings, all_settings

yaml = pytest.importorskip('yaml', reason='needs PyYAML, which every ROS brings')

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONFIG = REPOSITORY / 'config'
FAST_DDS = {'dds': 'http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles'}


def parameters(name: str) -> dict[str, Any]:
    document = yaml.safe_load((CONFIG / name).read_text())
    assert list(document) == ['/**'], 'a file for a node of any name in any namespace'
    found: dict[str, Any] = document['/**']['ros__parameters']
    return found


def image_displays(name: str) -> list[dict[str, Any]]:
    displays: list[dict[str, Any]] = yaml.safe_load((CONFIG / name).read_text())['Visualization Manager']['Displays']
    assert {one['Class'] for one in displays} == {'rviz_default_plugins/Image'}
    return displays


def profile(path: str) -> str:
    found = ElementTree.parse(CONFIG / 'fastdds_shm.xml').find(path, FAST_DDS)
    assert found is not None, path
    return (found.text or '').strip()


def test_the_params_file_is_what_the_settings_say() -> None:
    made = subprocess.run(
        [sys.executable, REPOSITORY / 'tools' / 'params_file.py'], capture_output=True, text=True, check=True
    ).stdout
    assert (CONFIG / 'bodypix.yaml').read_text() == made, 'run tools/params_file.py --write'


def test_the_params_file_sets_every_parameter_to_its_default_except_those_that_select_bodypix() -> None:
    found = parameters('bodypix.yaml')
    settings = [one for one in all_settings() if one.name not in BODYPIX_ONLY]
    assert list(found) == [one.name for one in settings]
    for one in settings:
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        assert found[one.name] == default
        assert type(found[one.name]) is type(default)


def test_the_params_file_explains_every_parameter() -> None:
    text = ' '.join((CONFIG / 'bodypix.yaml').read_text().replace('\n    #  ', ' ').split())
    for one in all_settings():
        assert ' '.join(one.description.split()) in text
        assert f'{one.name}: ' in text


def test_the_params_file_shows_the_defaults_of_bodypix_as_comments() -> None:
    lines = (CONFIG / 'bodypix.yaml').read_text().splitlines()
    defaults = {one.name: one.default for one in all_settings()}
    for name in BODYPIX_ONLY:
        (line,) = (line for line in lines if line.startswith(f'    # {name}: '))
        assert yaml.safe_load(line.removeprefix('    # ')) == {name: defaults[name]}


def test_no_params_file_selects_bodypix() -> None:
    for name in ('bodypix.yaml', 'multi_camera.yaml'):
        assert not set(parameters(name)) & set(BODYPIX_ONLY)


def test_the_params_file_of_several_cameras_can_be_set() -> None:
    known = {one.name: one for one in all_settings()}
    found = parameters('multi_camera.yaml')
    assert found['cameras'] == ['front', 'rear']
    for name, value in found.items():
        known[name].check(value)


def test_rviz_shows_the_image_and_what_is_made_of_it() -> None:
    displays = image_displays('bodypix.rviz')
    assert [one['Topic']['Value'] for one in displays] == ['/image', '/overlay', '/parts_color', '/mask']


def test_rviz_shows_both_cameras() -> None:
    cameras = NodeSettings(cameras=tuple(parameters('multi_camera.yaml')['cameras'])).cameras
    assert [one['Topic']['Value'] for one in image_displays('multi_camera.rviz')] == [
        f'/{camera}/{topic}' for camera in cameras for topic in ('image', 'overlay', 'parts_color', 'mask')
    ]


@pytest.mark.parametrize('name', ['bodypix.rviz', 'multi_camera.rviz'])
def test_rviz_takes_images_from_every_driver_and_none_of_ours_is_lost(name: str) -> None:
    for one in image_displays(name):
        from_driver = one['Topic']['Value'].endswith('/image')
        assert one['Topic']['Reliability Policy'] == ('Best Effort' if from_driver else 'Reliable')


@pytest.mark.parametrize('name', ['bodypix.rviz', 'multi_camera.rviz'])
def test_every_display_has_its_place_in_the_window(name: str) -> None:
    window = yaml.safe_load((CONFIG / name).read_text())['Window Geometry']
    state = bytes.fromhex(window['QMainWindow State'])
    for display in image_displays(name):
        assert display['Name'] in window
        assert display['Name'].encode('utf-16-be') in state


def test_the_transport_profile_replaces_the_small_default_segment() -> None:
    participant = './/dds:participant[@is_default_profile="true"]/dds:rtps'
    assert profile(f'{participant}/dds:useBuiltinTransports') == 'false'
    used = ElementTree.parse(CONFIG / 'fastdds_shm.xml').findall(
        f'{participant}/dds:userTransports/dds:transport_id', FAST_DDS
    )
    declared = ElementTree.parse(CONFIG / 'fastdds_shm.xml').findall(
        './/dds:transport_descriptor/dds:transport_id', FAST_DDS
    )
    assert [one.text for one in used] == [one.text for one in declared] == ['big_shm', 'udp']


def test_five_images_of_1920x1080_fit_into_the_segment_and_each_goes_in_one_piece() -> None:
    shared_memory = './/dds:transport_descriptor[dds:type="SHM"]'
    image = 1920 * 1080 * 3
    assert int(profile(f'{shared_memory}/dds:segment_size')) >= 5 * image
    assert int(profile(f'{shared_memory}/dds:maxMessageSize')) >= image
