# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables with which Fast DDS transports images between processes without loss."""

from __future__ import annotations

from collections.abc import Mapping

PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Variables that select the profile of Fast DDS: the first up to Jazzy, both from Kilted on."""

KEPT_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(2**30), 'MALLOC_TRIM_THRESHOLD_': str(2**30)}
"""For glibc, which otherwise maps and unmaps memory for every large message: half of the latency of an image."""


def missing_variables(environment: Mapping[str, str], profile: str) -> dict[str, str]:
    """Return the variables that an environment lacks for transporting images; variables that it sets are kept.

    Args:
        environment: variables by name.
        profile: path of a Fast DDS profile, used if the environment does not set one.
    """
    variables = {name: value for name, value in KEPT_MEMORY.items() if name not in environment}
    if not any(environment.get(name) for name in PROFILE_VARIABLES):
        variables.update(dict.fromkeys(PROFILE_VARIABLES, profile))
    return variables
