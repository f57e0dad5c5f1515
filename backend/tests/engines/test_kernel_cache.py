"""A compiled kernel never outlives the sources it was made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.engines import kernel_cache

BACKEND = Path(__file__).parents[2]

OUTER = (
    "from numba import njit\nfrom {package}.inner import rule\n@njit(cache=True)\ndef answer():\n    return rule()\n"
)
INNER = "from numba import njit\n@njit(cache=True)\ndef rule():\n    return {value}\n"


def test_a_changed_function_in_another_file_is_compiled_anew(tmp_path):
    # two files of kernels: `answer` has `rule` compiled into it; then only the file of `rule` changes
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "outer.py").write_text(OUTER.format(package="kernels"))
    code = (
        f"import sys; sys.path.insert(0, {str(BACKEND)!r}); sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pathlib import Path; from app.engines import kernel_cache as k\n"
        f"real = k.sources_hash; k.sources_hash = lambda: real(Path({str(tmp_path)!r}))\n"
        "k.use_kernel_cache(); from kernels.outer import answer; print(answer())"
    )
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    answers = []
    for value in (1, 2):
        (package / "inner.py").write_text(INNER.format(value=value))
        out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        answers.append(out.stdout.strip())
    assert answers == ["1", "2"]


def test_only_sources_that_compile_something_count(tmp_path):
    (tmp_path / "kernel.py").write_text("from numba import njit\n")
    first = kernel_cache.sources_hash(tmp_path)
    (tmp_path / "words.py").write_text("x = 1\n")
    assert kernel_cache.sources_hash(tmp_path) == first
    (tmp_path / "kernel.py").write_text("from numba import njit, prange\n")
    assert kernel_cache.sources_hash(tmp_path) != first


def test_files_with_the_engine_s_own_decorator_and_constants_of_the_core_count(tmp_path):
    (tmp_path / "a.py").write_text("@kernel()\ndef f(): ...\n")
    first = kernel_cache.sources_hash(tmp_path)
    (tmp_path / "a.py").write_text("@kernel()\ndef f(): pass\n")
    second = kernel_cache.sources_hash(tmp_path)
    (tmp_path / "backtest").mkdir()
    (tmp_path / "backtest" / "constants.py").write_text("RATE = 1\n")
    third = kernel_cache.sources_hash(tmp_path)
    (tmp_path / "backtest" / "constants.py").write_text("RATE = 2\n")
    assert len({first, second, third, kernel_cache.sources_hash(tmp_path)}) == 4


def test_a_child_process_uses_the_cache_of_its_parent(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    directory = kernel_cache.cache_directory()
    assert directory.parent == tmp_path
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(directory))
    assert kernel_cache.cache_directory() == directory


def test_caches_of_old_sources_go_after_a_month_and_never_the_present_one(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    current = kernel_cache.cache_directory()
    old, recent = tmp_path / "kernels-old", tmp_path / "kernels-recent"
    for directory in (current, old, recent):
        directory.mkdir()
    for directory in (current, old):
        os.utime(directory, (0, 0))
    kernel_cache.remove_unused()
    assert [d.exists() for d in (current, old, recent)] == [True, False, True]


@pytest.mark.parametrize("variable", ["LOCALAPPDATA", "XDG_CACHE_HOME"])
def test_an_installation_that_cannot_be_written_to_keeps_its_cache_with_the_user(monkeypatch, tmp_path, variable):
    for name in ("NUMBA_CACHE_DIR", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert kernel_cache.cache_directory().parent == tmp_path / "smarttrader"
