"""The notebooks of the documentation run from top to bottom, each in a namespace of its own."""

from __future__ import annotations

import ast
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import CostSpec, RunSpec, UniverseSpec, backtest, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import walk

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))


def code_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def execute(notebook: Path) -> dict[str, Any]:
    """Run the cells in order, as a kernel does; an error names the notebook and the cell."""
    space: dict[str, Any] = {"__name__": f"notebook_{notebook.stem.replace('-', '_')}"}
    for number, source in enumerate(code_of(notebook), start=1):
        tree = ast.parse(source)
        exec(compile(tree, f"{notebook.name}, code cell {number}", "exec"), space)
    return space


def test_there_are_three_and_none_keeps_old_output():
    assert [path.stem for path in NOTEBOOKS] == ["1-first-backtest", "2-own-strategy", "3-sweep-and-doubt"]
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert cells[0]["cell_type"] == "markdown"
        assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook, monkeypatch):
    # dataclasses look their module up by name
    import sys
    import types

    name = f"notebook_{notebook.stem.replace('-', '_')}"
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    space = execute(notebook)
    assert isinstance(space["bars"], Bars)
    if notebook.stem.startswith("3"):
        assert 0.0 <= space["overfit"].probability <= 1.0
        assert len(space["runs"]) == 16


def test_a_cell_that_fails_is_named(tmp_path):
    broken = tmp_path / "broken.ipynb"
    cells = [{"cell_type": "code", "source": ["x = 1\n"]}, {"cell_type": "code", "source": ["y = 1\n", "x / 0\n"]}]
    broken.write_text(json.dumps({"cells": cells}))
    with pytest.raises(ZeroDivisionError) as caught:
        execute(broken)
    assert "broken.ipynb, code cell 2" in [str(entry.path) for entry in caught.traceback]
    assert caught.traceback[-1].lineno == 1  # counted from 0


# ---- the short way in


def test_a_backtest_in_one_call_is_the_run_of_its_spec():
    bars = walk(3, "2020-01-01", "2021-12-31")
    short = backtest(bars, "sma_cross", {"fast": 5, "slow": 20}, costs=CostSpec("bps", 10), initial_capital=500_000)
    strategy = registry()["sma_cross"]
    spec = RunSpec(
        books=(book_of(strategy, {"fast": 5, "slow": 20}),),
        universe=UniverseSpec(symbols=bars.symbols),
        start=date(2020, 1, 1),
        end=date(2021, 12, 31),
        data_root=bars.root,
        costs=CostSpec("bps", 10),
        initial_capital=500_000,
    )
    whole = run(spec, bars, {strategy.id: strategy})
    first, last = (bars.sessions[at].item() for at in (0, -1))
    assert (short.spec.start, short.spec.end) == (first, last)
    assert np.array_equal(short.equity, whole.equity) and short.metrics["trades"] > 0
    with pytest.raises(ValueError, match="strategy: there is no 'sma'; there are sma_cross"):
        backtest(bars, "sma")
    with pytest.raises(ValueError, match=r"params\.fast"):
        backtest(bars, "sma_cross", {"fast": 0})
