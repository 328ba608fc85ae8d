"""Environment variables with which Fast DDS transports images between processes without loss."""

from __future__ import annotations

PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Variables that select the profile of Fast DDS: the first up to Jazzy, both from Kilted on."""

KEPT_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(2**30), 'MALLOC_TRIM_THRESHOLD_': str(2**30)}
"""For glibc, which otherwise maps and unmaps memory for every large message: half of the latency of an image."""
