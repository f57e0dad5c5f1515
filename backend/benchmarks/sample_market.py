"""Making the sample market: generation alone and the whole command, with sizes and the memory peak.

    python benchmarks/sample_market.py

The command runs in a home of its own, which is removed afterwards.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.services.sample_market import generate


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory, home = Path(folder) / "files", Path(folder) / "home"
        began = time.perf_counter()
        made = generate(directory)
        seconds = time.perf_counter() - began
        size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"files: {seconds:.1f} s, {made.files} files, {made.price_rows:,} rows, {size / 1e6:.0f} MB, {peak:.0f} MB"
        )
        began = time.perf_counter()
        subprocess.run(
            [str(Path(sys.executable).with_name("smarttrader")), "data", "sample"],
            env={**os.environ, "SMARTTRADER_HOME": str(home)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(
            f"smarttrader data sample, from nothing: {time.perf_counter() - began:.1f} s, largest process {peak:.0f} MB"
        )


if __name__ == "__main__":
    main()
