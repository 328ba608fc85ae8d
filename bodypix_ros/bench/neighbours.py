"""How busy the machine is, with us and with others, and how busy a single process."""

from __future__ import annotations

try:
    import psutil
except ImportError:
    psutil = None

_WORK = ('user', 'nice', 'system', 'irq', 'softirq', 'steal')


def busy_s() -> float | None:
    """Return how long all processors together have worked since the machine started, seconds; None without psutil.

    Time that another guest of the same host took away counts as work.
    """
    if psutil is None:
        return None
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in _WORK))


def cpu_s_of(pid: int) -> float | None:
    """Return how long a process has used processors so far, all threads together, seconds; None without psutil."""
    if psutil is None:
        return None
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
