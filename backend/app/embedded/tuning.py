"""The server's settings: durable, able to be backed up, scaled to the machine."""

import ctypes
import os
import sys
from pathlib import Path

MIB = 1024 * 1024


def machine_memory() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's where that is less."""
    memories = [_physical_memory()]
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        try:
            text = limit.read_text().strip()
        except OSError:
            continue  # this machine has no such limit file
        if text.isdigit():
            memories.append(int(text))
    return min(memories)


def _physical_memory() -> int:
    if sys.platform == "win32":

        class MemoryStatus(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
                (name, ctypes.c_ulonglong) for name in ("total", "b", "c", "d", "e", "f", "g")
            ]

        status = MemoryStatus()
        status.length = ctypes.sizeof(status)
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
        return int(status.total)
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def server_settings(memory: int, log: Path) -> dict[str, str]:
    """The settings of a server on a machine with `memory` bytes, logging into the folder `log`."""

    def megabytes(value: int, low: int, high: int) -> str:
        return f"{_clamp(value // MIB, low, high)}MB"

    return {
        "shared_buffers": megabytes(memory // 8, 64, 1024),
        "effective_cache_size": megabytes(memory // 2, 256, 65536),
        "maintenance_work_mem": megabytes(memory // 32, 64, 512),
        "work_mem": megabytes(memory // 256, 8, 64),
        "max_connections": "100",
        "max_wal_size": "4GB",
        "wal_level": "replica",  # what a base backup needs
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "autovacuum": "on",
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        # a file a weekday, written over a week later
        "logging_collector": "on",
        "log_directory": str(log),
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_file_mode": "0600",
        "log_line_prefix": "%m [%p] ",
        "log_error_verbosity": "terse",  # more would quote the row that a check refuses, whatever is in it
    }
