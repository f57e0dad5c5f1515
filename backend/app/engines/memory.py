"""Memory that was freed stays with the process, for the next array."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1  # mallopt(3)
M_TOP_PAD: Final = -2
M_MMAP_THRESHOLD: Final = -3
LARGEST: Final = 32 << 20  # bytes; what mallopt takes at most: a larger array is still given back at once
KEPT: Final = 256 << 20  # bytes of freed memory a process keeps at most
STEP: Final = 16 << 20  # bytes


def keep_freed_memory() -> bool:
    """Have the C library keep freed arrays of up to 32 MB instead of handing them back; whether it does.

    Memory that was handed back comes again page by page, each cleared by the system at its first touch: a tenth of a
    run over ten years. Only the GNU C library has such a setting. What a process holds at its peak does not change.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((M_MMAP_THRESHOLD, LARGEST), (M_TRIM_THRESHOLD, KEPT), (M_TOP_PAD, STEP))
    taken = [mallopt(name, value) == 1 for name, value in settings]
    return all(taken)
