# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What bodypix.launch.py starts, with the real network: a test for `launch_test`, which test_running_node.py runs.

The environment says where the weights are (SERVER, MODEL_DIR) and which picture shows a person (PICTURE).
"""

from __future__ import annotations

import os
import unittest
from pathlib import Path

import cv2
import launch_testing.asserts
import numpy as np
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from rcl_interfaces.srv import GetParameters
from robot import Robot, pixels

from bodypix_ros import BodyPix

LAUNCH_FILE = Path(__file__).resolve().parent.parent.parent / 'launch' / 'bodypix.launch.py'


def generate_test_description() -> LaunchDescription:
    arguments = {
        'namespace': 'robot',
        'name': 'seg',
        'image': '/cam/image_raw',
        'threshold': '0.6',
        'multiplier': '0.5',
        'provider': 'cpu',
        'model_url': os.environ['SERVER'],
        'model_dir': os.environ['MODEL_DIR'],
        'allow_download': 'true',
    }
    source = PythonLaunchDescriptionSource(str(LAUNCH_FILE))
    return LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments.items()), ReadyToTest()])


class TestRunningNode(unittest.TestCase):
    robot: Robot

    @classmethod
    def setUpClass(cls) -> None:
        cls.robot = Robot(int(os.environ['ROS_DOMAIN_ID']))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.robot.__exit__()

    def test_it_answers_with_the_mask_of_its_image(self) -> None:
        picture = cv2.imread(os.environ['PICTURE'])
        message = self.robot.message(picture)
        self.robot.subscribe('/robot/mask')
        answer = self.robot.answer(message, ['/robot/mask'], '/cam/image_raw')['/robot/mask']
        self.assertEqual(answer.header, message.header)
        # The node has fetched the weights into this folder by now.
        network = BodyPix.load(multiplier=0.5, model_dir=os.environ['MODEL_DIR'], provider='cpu')
        expected = network.segment(picture, threshold=0.6).mask
        self.assertGreater(expected.mean(), 0.05)
        np.testing.assert_array_equal(pixels(answer) == 255, expected)

    def test_it_has_the_parameters_that_were_given(self) -> None:
        client = self.robot.node.create_client(GetParameters, '/robot/seg/get_parameters')
        self.robot.until(client.service_is_ready)
        future = client.call_async(GetParameters.Request(names=['threshold', 'multiplier', 'stride']))
        values = self.robot.until(lambda: future.done() and future.result().values)
        self.assertEqual([values[0].double_value, values[1].double_value, values[2].integer_value], [0.6, 0.5, 16])


@launch_testing.post_shutdown_test()
class TestEndedNode(unittest.TestCase):
    def test_it_ends_cleanly(self, proc_info: launch_testing.ProcInfoHandler) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
