"""What the windows of a walk-forward say together: how its choices move, what they kept, what got stuck."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from app.engines.backtest.spec import ParamValue


def stability(
    grid: Mapping[str, tuple[ParamValue, ...]], chosen: Sequence[Mapping[str, ParamValue] | None]
) -> dict[str, Any]:
    """How much the choice moves from window to window; `chosen` has None where a window chose nothing."""
    made = [params for params in chosen if params is not None]
    changes = sum(a != b for a, b in pairwise(made))
    told: dict[str, Any] = {"windows": len(chosen), "without_choice": len(chosen) - len(made), "changes": changes}
    told["parameters"] = {}
    for name, values in grid.items():
        picked = [values.index(params[name]) for params in made]
        if not picked:
            continue
        counts = np.bincount(picked, minlength=len(values))
        steps = np.abs(np.diff(picked))
        told["parameters"][name] = {
            "values": list(values),
            "chosen": counts.tolist(),
            "most_often": values[int(np.argmax(counts))],
            "share": float(counts.max()) / len(picked),
            "mean_step": float(np.mean(steps)) if steps.size else None,  # steps of the grid from window to window
            "at_edge": float(np.mean([place in (0, len(values) - 1) for place in picked])) if len(values) > 2 else None,
        }
    return told


def efficiency(rows: Sequence[Mapping[str, Any]], periods: int) -> float | None:
    """Growth a year in the tests over that in training of what was chosen; None where training earned nothing.

    Both are compounded: the tests one after another, `periods` sessions a year, and the windows of training, which
    overlap, by the geometric mean of what each grew a year. A mean of years would be made by the shortest tests: three
    good months are +140 % a year, three bad ones −60 %, and the account no further than before.
    """
    known = [row for row in rows if None not in (row["params"], row["tested_return"], row["trained_cagr"])]
    if not known:
        return None
    trained = math.prod(1.0 + row["trained_cagr"] for row in known) ** (1.0 / len(known)) - 1.0
    years = sum(row["sessions"] for row in known) / periods
    tested = max(0.0, math.prod(1.0 + row["tested_return"] for row in known)) ** (1.0 / years) - 1.0
    return tested / trained if trained > 0.0 else None


def frozen_warning(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a test ends with and the next one has as cash, though nobody could have sold it."""
    stuck = [row for row in rows if row["frozen_share"]]
    if not stuck:
        return []
    most = max(stuck, key=lambda row: row["frozen_share"])
    which = "one test" if len(stuck) == 1 else f"{len(stuck)} tests"
    share = f"{100.0 * most['frozen_share']:.2f} %"
    return [
        f"FROZEN: at the end of {which} the account held what could not be sold any more, {share} of it at the most "
        f"({most['test_end']}). It counts at the last price it had, and is cash in the test that follows; a run would "
        "hold it for ever."
    ]
