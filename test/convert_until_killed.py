# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Converts a video with a stand-in network, and kills itself at a given file operation.

Usage: convert_until_killed.py IN OUT PRODUCTS PNG OPERATION. Prints the number of file operations of a complete run.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from red_person_net import RedPersonNet

from bodypix_ros.recordings.products import ProductMaker, ProductSettings
from bodypix_ros.recordings.video import VideoJob, convert_video
from bodypix_ros.settings import SegmentSettings, TrackingSettings

SETTINGS = ProductSettings(
    segment=SegmentSettings(threshold=0.6), tracking=TrackingSettings(smoothing=True, keypoint_smoothing=True)
)
OPERATIONS = ('open', 'os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.listdir', 'os.scandir')
CHUNK_FRAMES = 5


class Killer:
    """Kills the process at the n-th file operation."""

    def __init__(self, fatal: int) -> None:
        self.count, self.fatal = 0, fatal

    def __call__(self, event: str, _: object) -> None:
        if event in OPERATIONS:
            self.count += 1
            if self.count == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    source, output, products, png, operation = sys.argv[1:]
    job = VideoJob(source, Path(output), tuple(products.split(',')), png=png == 'png')
    maker = ProductMaker(RedPersonNet(), job.products, SETTINGS)
    killer = Killer(int(operation))

    def note(task: str, done: int, total: int) -> None:
        killer('open', None)  # also between file operations: after each frame

    sys.addaudithook(killer)
    convert_video(job, maker, {}, progress=note, chunk_frames=CHUNK_FRAMES)
    print(killer.count)


if __name__ == '__main__':
    main()
