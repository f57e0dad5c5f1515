"""Freed memory serves again."""

from __future__ import annotations

import subprocess
import sys

import pytest

AGAIN = """
import app.engines, numpy as np, resource
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    values = np.empty(400_000)  # 3.2 MB: too small for large pages, large enough to be handed back by default
    values[:] = 1.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = faults()
print(first, min(faults() for _ in range(3)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is that of the GNU C library")
def test_an_array_lies_where_a_freed_one_lay_without_being_touched_anew():
    first, again = (
        int(word)
        for word in subprocess.run(
            [sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert first > 100 and again < 20  # 800 pages of four kilobytes
