# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('launch_ros', reason='needs launch_ros, which a ROS installation brings and wheels do not')

from launch import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from stubs import REPOSITORY, StubInstall

from bodypix_ros.launching.texts import value_text
from bodypix_ros.settings import BODYPIX_ONLY, all_settings

LAUNCH_FILES = [
    'bodypix', 'multi_camera', 'usb_cam', 'v4l2_camera', 'image_file', 'realsense', 'nvblox', 'nav2_people',
]  # fmt: skip
DRIVERS = {
    'usb_cam': ('usb_cam', 'usb_cam_node_exe'),
    'v4l2_camera': ('v4l2_camera', 'v4l2_camera_node'),
    'image_file': ('image_publisher', 'image_publisher_node'),
}
PROFILE = 'FASTRTPS_DEFAULT_PROFILES_FILE'


@pytest.fixture
def install(tmp_path: Path) -> StubInstall:
    return StubInstall(tmp_path)


@pytest.fixture
def picture() -> str:
    return str(next((REPOSITORY / 'config').iterdir()))  # any file will do: the stub does not read it


def arguments_of(name: str, monkeypatch: pytest.MonkeyPatch, install: StubInstall) -> dict[str, tuple[str, str]]:
    """Return description and default of each argument of a launch file."""
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(install.prefix))
    path = REPOSITORY / 'launch' / f'{name}.launch.py'
    description = PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())
    return {
        one.name: (one.description, ''.join(part.describe() for part in one.default_value or []))
        for one in description.get_launch_arguments()
    }


@pytest.mark.parametrize('name', LAUNCH_FILES)
def test_every_launch_file_has_every_parameter_as_an_argument(
    name: str, monkeypatch: pytest.MonkeyPatch, install: StubInstall
) -> None:
    arguments = arguments_of(name, monkeypatch, install)
    for setting in all_settings():
        description, default = arguments[setting.name]
        assert description in (setting.description, f'{setting.description} ({setting.range_text})')
        assert default.strip("'") == value_text(setting.default)
    assert {'namespace', 'name', 'image', 'params_file', 'rviz', 'transport_profile', 'log_level'} < set(arguments)
    assert arguments['threshold'][0].endswith(' (between 0 and 1)')


def test_the_defaults_leave_the_node_as_the_file_of_defaults_says(install: StubInstall) -> None:
    node = install.launch('bodypix.launch.py')['bodypix_node']
    assert node['name'] == '/bodypix'
    assert node['topics']['image'] == '/image'
    settings = [one for one in all_settings() if one.name not in BODYPIX_ONLY]
    of_rclpy = ('use_sim_time', 'start_type_description_service')
    assert {name: value for name, value in node['parameters'].items() if name not in of_rclpy} == {
        one.name: list(one.default) if isinstance(one.default, tuple) else one.default for one in settings
    }


def test_only_an_argument_that_is_given_selects_bodypix(install: StubInstall) -> None:
    parameters = install.launch('multi_camera.launch.py')['bodypix_node']['parameters']
    assert parameters.get('model', 'auto') == 'auto'
    assert not set(parameters) & set(BODYPIX_ONLY)
    parameters = install.launch('multi_camera.launch.py', 'multiplier:=0.75')['bodypix_node']['parameters']
    assert {name: parameters[name] for name in BODYPIX_ONLY if name in parameters} == {'multiplier': 0.75}
    parameters = install.launch('bodypix.launch.py', 'model:=bodypix')['bodypix_node']['parameters']
    assert parameters['model'] == 'bodypix'
    assert not set(parameters) & set(BODYPIX_ONLY)


def test_a_misspelled_argument_is_reported_with_the_right_one(install: StubInstall) -> None:
    log = install.launch('bodypix.launch.py', 'treshold:=0.7', 'name:=seg')['log']
    assert "launch argument 'treshold' does not exist and is ignored; did you mean 'threshold'?" in log
    assert "'name'" not in log


def test_an_argument_of_no_launch_file_is_reported(install: StubInstall) -> None:
    install.add('usb_cam', 'usb_cam_node_exe')
    log = install.launch('usb_cam.launch.py', 'qqq:=1', 'camera:=front', 'lazy:=false')['log']
    assert "launch argument 'qqq' does not exist and is ignored; --show-args lists all of them" in log
    assert log.count('does not exist') == 1


def test_a_params_file_for_another_node_is_reported(install: StubInstall, tmp_path: Path) -> None:
    file = tmp_path / 'mine.yaml'
    file.write_text('bodypix: {ros__parameters: {threshold: 0.3}}')
    log = install.launch('bodypix.launch.py', f'params_file:={file}')['log']
    assert 'has no effect' not in log
    log = install.launch('bodypix.launch.py', f'params_file:={file}', 'namespace:=robot')['log']
    assert f'params_file {file} has no effect: it is for /bodypix, but this node is /robot/bodypix' in log


def test_only_arguments_that_are_given_win_over_the_params_file(install: StubInstall, tmp_path: Path) -> None:
    file = tmp_path / 'mine.yaml'
    file.write_text('/robot/seg: {ros__parameters: {threshold: 0.3, stride: 8}}')
    node = install.launch(
        'bodypix.launch.py', 'namespace:=robot', 'name:=seg', f'params_file:={file}', 'threshold:=0.5'
    )['bodypix_node']  # fmt: skip
    assert node['name'] == '/robot/seg'
    assert node['parameters']['threshold'] == 0.5
    assert node['parameters']['stride'] == 8
    assert 'multiplier' not in node['parameters']


def test_arguments_reach_the_node_in_the_type_of_their_parameter(install: StubInstall) -> None:
    given = {
        'threshold': '1', 'stride': '8', 'lazy': 'false', 'model_dir': '123', 'internal_resolution': '0.4',
        'parts_encoding': '8UC1', 'cameras': '[front, rear]', 'use_sim_time': 'true',
    }  # fmt: skip
    node = install.launch('bodypix.launch.py', *(f'{name}:={text}' for name, text in given.items()))['bodypix_node']
    expected = {
        'threshold': 1.0, 'stride': 8, 'lazy': False, 'model_dir': '123', 'internal_resolution': '0.4',
        'parts_encoding': '8UC1', 'cameras': ['front', 'rear'], 'use_sim_time': True,
    }  # fmt: skip
    assert {name: node['parameters'][name] for name in given} == expected
    assert type(node['parameters']['threshold']) is float


def test_a_wrong_argument_is_refused_with_a_sentence_and_nothing_starts(install: StubInstall) -> None:
    result = install.launch('bodypix.launch.py', 'stride:=12')
    assert 'stride must be 8, 16 or 32, got 12' in result['log']
    assert 'Traceback' not in result['log']
    assert 'bodypix_node' not in result


def test_image_and_camera_info_are_connected_together(install: StubInstall) -> None:
    node = install.launch('bodypix.launch.py', 'namespace:=robot', 'image:=/cam/color/image_raw')['bodypix_node']
    assert node['topics']['image'] == '/cam/color/image_raw'
    assert node['topics']['camera_info'] == '/cam/color/camera_info'
    assert node['topics']['mask'] == '/robot/mask'


def test_several_cameras_are_those_of_their_params_file(install: StubInstall) -> None:
    node = install.launch('multi_camera.launch.py', 'namespace:=robot')['bodypix_node']
    assert node['parameters']['cameras'] == ['front', 'rear']
    assert node['topics']['front/image'] == '/robot/front/image_raw'
    assert node['topics']['rear/image'] == '/robot/rear/image_raw'
    assert node['topics']['rear/mask'] == '/robot/rear/mask'


def test_several_cameras_take_a_list_of_topics(install: StubInstall) -> None:
    node = install.launch('multi_camera.launch.py', 'image:=[/a/color/image_raw, /b/image]')['bodypix_node']
    assert node['topics']['front/image'] == '/a/color/image_raw'
    assert node['topics']['rear/image'] == '/b/image'


def test_large_images_travel_by_the_profile_of_this_package(install: StubInstall) -> None:
    environment = install.launch('bodypix.launch.py')['bodypix_node']['environment']
    assert Path(environment[PROFILE]).samefile(REPOSITORY / 'config' / 'fastdds_shm.xml')
    assert environment['FASTDDS_DEFAULT_PROFILES_FILE'] == environment[PROFILE]
    assert environment['MALLOC_MMAP_THRESHOLD_'] == environment['MALLOC_TRIM_THRESHOLD_'] == '1073741824'


def test_the_profile_can_be_left_out(install: StubInstall) -> None:
    environment = install.launch('bodypix.launch.py', 'transport_profile:=none')['bodypix_node']['environment']
    assert not [name for name in environment if 'PROFILES_FILE' in name or 'MALLOC' in name]


def test_a_profile_of_the_environment_stays_unless_another_is_given(install: StubInstall, tmp_path: Path) -> None:
    mine, other = tmp_path / 'mine.xml', tmp_path / 'other.xml'
    other.touch()
    kept = install.launch('bodypix.launch.py', **{PROFILE: str(mine)})['bodypix_node']['environment']
    assert kept[PROFILE] == str(mine)
    assert 'FASTDDS_DEFAULT_PROFILES_FILE' not in kept
    given = install.launch('bodypix.launch.py', f'transport_profile:={other}', **{PROFILE: str(mine)})
    assert given['bodypix_node']['environment'][PROFILE] == str(other)


def test_a_missing_profile_is_named(install: StubInstall) -> None:
    log = install.launch('bodypix.launch.py', 'transport_profile:=/none.xml')['log']
    assert 'transport_profile must be auto, none or the path of a Fast DDS profile; /none.xml does not exist' in log


@pytest.mark.parametrize('name', DRIVERS)
def test_the_node_is_wired_to_the_driver(name: str, install: StubInstall, picture: str) -> None:
    package, executable = DRIVERS[name]
    install.add(package, executable)
    file = [f'filename:={picture}'] if name == 'image_file' else []
    started = install.launch(f'{name}.launch.py', 'namespace:=robot', 'camera:=front', 'threshold:=0.7', *file)
    driver, node = started[executable], started['bodypix_node']
    assert driver['name'] == f'/robot/front/{package}'
    assert driver['topics']['image_raw'] == node['topics']['image'] == '/robot/front/image_raw'
    assert driver['topics']['camera_info'] == node['topics']['camera_info'] == '/robot/front/camera_info'
    assert node['parameters']['threshold'] == 0.7
    assert driver['environment'][PROFILE] == node['environment'][PROFILE]
    assert 'threshold' not in driver['parameters']


def test_arguments_of_a_driver_reach_it_in_their_types(install: StubInstall) -> None:
    install.add('usb_cam', 'usb_cam_node_exe')
    driver = install.launch('usb_cam.launch.py', 'video_device:=/dev/video2', 'image_width:=1280')['usb_cam_node_exe']
    assert {name: driver['parameters'][name] for name in ('video_device', 'image_width', 'framerate')} == {
        'video_device': '/dev/video2', 'image_width': 1280, 'framerate': 30.0,
    }  # fmt: skip
    install.add('v4l2_camera', 'v4l2_camera_node')
    driver = install.launch('v4l2_camera.launch.py', 'image_size:=[1280, 720]')['v4l2_camera_node']
    assert driver['parameters']['image_size'] == [1280, 720]


def test_only_arguments_that_are_given_win_over_the_drivers_params_file(install: StubInstall, tmp_path: Path) -> None:
    install.add('usb_cam', 'usb_cam_node_exe')
    file = tmp_path / 'driver.yaml'
    file.write_text('/**: {ros__parameters: {framerate: 15.0, image_width: 320, exposure: 7}}')
    driver = install.launch('usb_cam.launch.py', f'driver_params_file:={file}', 'image_width:=800')['usb_cam_node_exe']
    expected = {'framerate': 15.0, 'image_width': 800, 'exposure': 7, 'brightness': None}
    assert {name: driver['parameters'].get(name) for name in expected} == expected


def test_a_realsense_camera_is_started_by_its_own_launch_file(install: StubInstall) -> None:
    install.add('realsense2_camera', 'realsense2_camera_node')
    launch = install.share('realsense2_camera') / 'launch' / 'rs_launch.py'
    launch.parent.mkdir()
    launch.write_text("""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument('camera_name', default_value='camera'),
        DeclareLaunchArgument('camera_namespace', default_value='camera'),
        DeclareLaunchArgument('rgb_camera.color_profile', default_value='0,0,0'),
        DeclareLaunchArgument('log_level', default_value='warn'),
        Node(package='realsense2_camera', executable='realsense2_camera_node',
             name=LaunchConfiguration('camera_name'), namespace=LaunchConfiguration('camera_namespace'),
             parameters=[{'profile': LaunchConfiguration('rgb_camera.color_profile')}]),
    ])
""")
    started = install.launch(
        'realsense.launch.py', 'namespace:=robot', 'camera_name:=d435', 'rgb_camera.color_profile:=640x480x30'
    )
    driver, node = started['realsense2_camera_node'], started['bodypix_node']
    assert driver['name'] == '/robot/camera/d435'
    assert driver['parameters']['profile'] == '640x480x30'
    assert node['topics']['image'] == '/robot/camera/d435/color/image_raw'
    assert node['topics']['camera_info'] == '/robot/camera/d435/color/camera_info'


@pytest.mark.parametrize(
    ('name', 'package'),
    [
        ('usb_cam', 'usb-cam'),
        ('v4l2_camera', 'v4l2-camera'),
        ('image_file', 'image-publisher'),
        ('realsense', 'realsense2-camera'),
    ],
)
def test_a_driver_that_is_not_installed_is_reported_in_a_sentence(
    name: str, package: str, install: StubInstall, picture: str
) -> None:
    file = [f'filename:={picture}'] if name == 'image_file' else []
    result = install.launch(f'{name}.launch.py', *file)
    assert f'is not installed, or its workspace is not sourced: sudo apt install ros-jazzy-{package}' in result['log']
    assert 'Traceback' not in result['log']
    assert 'bodypix_node' not in result


def test_a_picture_that_is_not_there_is_named(install: StubInstall) -> None:
    install.add('image_publisher', 'image_publisher_node')
    log = install.launch('image_file.launch.py', 'filename:=none.png')['log']
    assert f'{install.reports.parent / "none.png"} does not exist' in log


def test_rviz_shows_what_the_node_publishes(install: StubInstall) -> None:
    install.add('rviz2', 'rviz2')
    rviz = install.launch('bodypix.launch.py', 'namespace:=robot', 'image:=cam/image_raw', 'rviz:=true')['rviz2']
    assert rviz['topics']['/image'] == '/robot/cam/image_raw'
    assert rviz['topics']['/mask'] == '/robot/mask'
    assert rviz['arguments'][0] == '-d'
    assert Path(rviz['arguments'][1]).samefile(REPOSITORY / 'config' / 'bodypix.rviz')


def test_rviz_that_is_not_installed_is_reported_in_a_sentence(install: StubInstall) -> None:
    log = install.launch('bodypix.launch.py', 'rviz:=true')['log']
    assert 'rviz2 is not installed, or its workspace is not sourced: sudo apt install ros-jazzy-rviz2' in log


def test_what_one_inclusion_declares_does_not_reach_the_next(install: StubInstall, tmp_path: Path) -> None:
    file = tmp_path / 'mine.yaml'
    file.write_text('/**: {ros__parameters: {threshold: 0.3}}')
    robot = tmp_path / 'robot.launch.py'
    robot.write_text(f"""
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

def bodypix(**arguments):
    source = PythonLaunchDescriptionSource({str(REPOSITORY / 'launch' / 'bodypix.launch.py')!r})
    return IncludeLaunchDescription(source, launch_arguments=arguments.items())

def generate_launch_description():
    return LaunchDescription([bodypix(namespace='left'), bodypix(namespace='right', params_file={str(file)!r})])
""")
    (install.share('bodypix_ros') / 'launch').unlink()
    (install.share('bodypix_ros') / 'launch').mkdir()
    robot.rename(install.share('bodypix_ros') / 'launch' / 'robot.launch.py')
    nodes = install.launch('robot.launch.py')
    assert nodes['/left/bodypix']['parameters']['threshold'] == 0.5
    assert nodes['/right/bodypix']['parameters']['threshold'] == 0.3
