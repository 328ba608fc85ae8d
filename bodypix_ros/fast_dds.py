"""The environment in which Fast DDS carries images between processes without loss."""

from __future__ import annotations

PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Where Fast DDS looks for its profile: the first up to Jazzy, both from Kilted on."""

KEPT_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(2**30), 'MALLOC_TRIM_THRESHOLD_': str(2**30)}
"""For glibc, which otherwise maps and unmaps every large message anew: half of an image's latency."""
