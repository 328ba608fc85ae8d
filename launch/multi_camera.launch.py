"""Start the node on the images of several cameras: those of config/multi_camera.yaml, or `cameras:=[left, right]`.

Each camera's driver runs in the namespace of its name and publishes `<camera>/image_raw`; `image` tells otherwise.
"""

from __future__ import annotations

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from bodypix_ros.launching.share import share


def generate_launch_description() -> LaunchDescription:
    actions = [
        DeclareLaunchArgument(
            'image',
            default_value='image_raw',
            description='Topic of the images under the name of each camera, '
            'or a list: one topic for each camera, in their order',
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=str(share('config', 'multi_camera.yaml')),
            description='YAML file of parameters, the cameras among them; an argument that is given wins over it',
        ),
        DeclareLaunchArgument(
            'rviz_config', default_value=str(share('config', 'multi_camera.rviz')), description='Layout of RViz'
        ),
        IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share('launch', 'bodypix.launch.py')))),
    ]
    return LaunchDescription([GroupAction(actions)])
