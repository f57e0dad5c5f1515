"""Where compiled kernels are kept: one directory for each state of their sources.

Numba's disk cache looks only at the file a kernel stands in. A kernel with another file's functions compiled into it
would outlive a change of that other file and go on computing by the old rule. So the cache is named after a hash of
all kernel sources: a change of any of them starts a new one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

ENGINES = Path(__file__).parent
PREFIX = "kernels-"
UNUSED_DAYS = 30
CORE = ("backtest", "policy")


def sources_hash(engines: Path = ENGINES) -> str:
    """Hash of every source file under `engines` that compiles something, or stands beside one in a package of the core:
    constants of other files are compiled in."""
    digest = hashlib.sha256()
    for path in sorted(engines.rglob("*.py")):
        text = path.read_bytes()
        if b"njit" in text or b"@kernel" in text or path.parent.name in CORE:
            digest.update(path.relative_to(engines).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """The directory for the present sources.

    Under NUMBA_CACHE_DIR where that is set, else beside the sources, else (an installation that may not be written to)
    in the user's cache directory.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        base = Path(given)
        if base.name.startswith(PREFIX):  # set by a parent process of ours
            base = base.parent
    elif os.access(ENGINES, os.W_OK):
        base = ENGINES / "__pycache__"
    else:
        home = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        base = Path(home) / "smarttrader"
    return base / f"{PREFIX}{sources_hash()}"


def use_kernel_cache() -> None:
    """Make the compiler, imported or not, keep its results in `cache_directory()`."""
    directory = str(cache_directory())
    os.environ["NUMBA_CACHE_DIR"] = directory
    if "numba" in sys.modules:
        from numba.core import config

        vars(config)["CACHE_DIR"] = directory


def remove_unused() -> None:
    """Delete the caches of older sources that nobody has written to for a month."""
    current = cache_directory()
    oldest = time.time() - UNUSED_DAYS * 86_400
    for other in current.parent.glob(f"{PREFIX}*"):
        if other != current and other.stat().st_mtime < oldest:
            shutil.rmtree(other, ignore_errors=True)
