"""What is told while the engine's kernels are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engines.kernel_cache import cache_directory
from app.services.kernels import COMPILING, unless_compiling


def test_a_job_says_that_it_waits_for_the_compiler_until_the_loop_of_a_backtest_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert unless_compiling("Reading bars") == COMPILING
    cache_directory().mkdir()
    (cache_directory() / "loop.run_bars-12.py311.nbi").touch()
    assert unless_compiling("Reading bars") == "Reading bars"
