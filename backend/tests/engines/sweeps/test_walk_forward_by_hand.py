"""Walk-forwards worked out by hand: which sessions each choice and each test reads, what spans an edge, the curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

from app.engines.backtest import CostSpec, RunSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import METRICS, Chunk, Evaluator, Inputs
from app.engines.sweeps.spec import SweepSpec
from app.engines.sweeps.walk_forward import Tested as Ran
from app.engines.sweeps.walk_forward import WalkForwardSpec, plain_test, walk_forward

from .market import bars_of, base_of, walk

FIRST = np.datetime64("2020-01-01")


@dataclass(frozen=True)
class DatedParams(Params):
    """How long it holds."""

    hold: int = param(1, minimum=1, maximum=50, description="Bars held", unit="bars")


class Dated(Strategy[DatedParams]):
    """Decides to buy at the close of sessions 6, 16, 26 …, and sells at the open after `hold` bars held."""

    id = "dated"
    display_name = "Dated"
    source_hash = "0" * 64
    params_type = DatedParams

    def warm_up(self, params: DatedParams) -> int:
        return 0

    def signals(self, bars: Bars, params: DatedParams) -> Signals:
        number = (bars.sessions.astype("datetime64[D]") - FIRST).astype(np.int64)
        entry = np.broadcast_to((number % 10 == 6)[:, None], bars.shape)
        return Signals(entry, np.zeros(bars.shape, np.bool_), hold=params.hold)


class Read(NamedTuple):
    """What the walk was given to work out, in sessions from the first one on."""

    trained: list[list[int]]  # of each training, and of all points over the tests last
    seen: list[int]  # the last session that each could see at all
    tested: list[list[int]]
    values: list[np.ndarray]  # total return of each point of a training


def numbers(inputs: Inputs) -> list[int]:
    days = inputs.bars.sessions[inputs.bars.start :].astype("datetime64[D]")
    found: list[int] = np.unique((days - FIRST).astype(np.int64)).tolist()
    return found


def prices() -> np.ndarray:
    """Sixty sessions, each opens at its close."""
    p = np.full(60, 100.0)
    p[18], p[19], p[20:25] = 110.0, 120.0, 50.0
    p[29], p[30:34], p[34] = 105.0, 110.0, 120.0
    p[38], p[39], p[40:45] = 105.0, 115.0, 80.0
    p[49:54], p[54], p[59] = 150.0, 90.0, 90.0
    return p


def dated(**asked: Any) -> tuple[dict[str, Any], Read]:
    """A walk of Dated over `prices` that holds 1 or 8 bars; 1,000 rupees, whole shares, no costs."""
    bars, strategy, read = bars_of(prices(), prices()), Dated(), Read([], [], [], [])
    base = replace(
        base_of(bars, "sma_cross", {}, costs=CostSpec("none"), initial_capital=1_000.0),
        books=(book_of(strategy, {"hold": 1}),),
    )

    def evaluator(spec: SweepSpec, inputs: Inputs) -> Evaluator:
        read.trained.append(numbers(inputs))
        read.seen.append(int((inputs.bars.sessions[-1].astype("datetime64[D]") - FIRST).astype(np.int64)))
        return Evaluator(spec, strategy, [inputs])

    def chunks(work: Sequence[tuple[Evaluator, int, int]], **_: bool) -> list[Chunk]:
        found = [each.chunk(first, after) for each, first, after in work]
        read.values.extend(chunk.values[:, METRICS.index("total_return")] for chunk in found)
        return found

    def tested(spec: RunSpec, inputs: Inputs, factor: int) -> Ran:
        if factor == 1:
            read.tested.append(numbers(inputs))
        return plain_test(strategy)(spec, inputs, factor)

    spec = WalkForwardSpec(base, {"hold": (1, 8)}, metric="total_return", **asked)
    walked = walk_forward(spec, strategy, Inputs(bars), chunks=chunks, evaluator=evaluator, tested=tested)
    return walked.values, read


@pytest.mark.parametrize(("mode", "begins"), [("rolling", (0, 10, 20, 30)), ("anchored", (0, 0, 0, 0))])
@pytest.mark.parametrize(("purge", "embargo"), [(3, 2), (5, 0), (0, 5)])
def test_what_is_left_out_before_a_test_is_in_no_training_and_in_no_test_of_its_window(
    mode: str, begins: tuple[int, ...], purge: int, embargo: int
) -> None:
    """Trained on 20 (or 20 and more), five left out, tested on ten; of the last ten sessions five are left.

    The sessions left out before the first test, 20 to 24, are in no test; those before a later one, such as 30 to 34,
    are the end of the test before it, and reach a training only when they are more than five sessions in the past.
    """
    result, read = dated(train=20, test=10, mode=mode, purge=purge, embargo=embargo)
    ends = (20, 30, 40, 50)
    assert read.trained[:4] == [list(range(a, b)) for a, b in zip(begins, ends, strict=True)]
    assert read.seen[:4] == [19, 29, 39, 49]  # not one bar after them, not even as a price to be valued at
    assert read.tested == [list(range(25, 35)), list(range(35, 45)), list(range(45, 55)), list(range(55, 60))]
    day = [str(FIRST + n) for n in range(60)]
    assert [
        (row["train_start"], row["train_end"], row["test_start"], row["test_end"]) for row in result["windows"]
    ] == [
        (day[begins[0]], day[19], day[25], day[34]), (day[begins[1]], day[29], day[35], day[44]),
        (day[begins[2]], day[39], day[45], day[54]), (day[begins[3]], day[49], day[55], day[59]),
    ]  # fmt: skip
    # all points at last, over the tested sessions alone, and beside the walk over those of each test
    assert read.trained[4:] == [list(range(25, 60)), *read.tested]


@pytest.mark.parametrize(
    ("train", "purge", "returns", "hold"),
    [
        # bought at 100 in session 17 (decided in 16). Sold after one bar in 18: 110. Eight bars are 17 to 24, sold at
        # the open of 25, which no training reaches: it is worth what it is at the last close that is left in
        (25, 0, (0.10, -0.50), 1),  # 24: 50
        (22, 3, (0.10, -0.50), 1),  # 21: 50
        (20, 5, (0.10, 0.20), 8),  # 19: 120. All sessions in which the eight bars run on into the test are left out
        (20, 0, (0.10, 0.20), 8),  # and without a gap it is the same choice: tested five sessions earlier
    ],
)
def test_a_holding_across_the_end_of_a_training_is_worth_its_last_close_there(
    train: int, purge: int, returns: tuple[float, float], hold: int
) -> None:
    result, read = dated(train=train, test=10, purge=purge)
    first = result["windows"][0]
    assert read.values[0] == pytest.approx(returns)
    assert first["params"] == {"hold": hold} and first["trained"] == pytest.approx(max(returns))
    assert first["test_start"] == str(FIRST + train + purge)


def test_the_stitched_curve_by_hand() -> None:
    """Windows of 20, 5 left out, 10. A holding of eight bars stays open at the end of its test and is worth the close.

    Trained   hold 1                               hold 8                                       chosen
    0 to 19   17 → 18: 1,100                       7 → 15: 1,000; 10 shares, 19: 1,200          8
    10 to 29  17 → 18: 1,100; 27 → 28: 1,100       17 → 25: 1,000; 10 shares, 29: 1,050         1
    20 to 39  27 → 28: 1,000; 37 → 38: 1,050       27 → 35: 1,000; 10 shares, 39: 1,150         8
    30 to 49  37 → 38: 1,050; 47 → 48: 1,050       37 → 45: 1,000; 10 shares, 49: 1,500         8

    Tested    25 to 34: 10 shares at 100 in 27; 1,050 in 29, 1,100 in 30 to 33, 1,200 in 34
              35 to 44: 12 shares at 100 in 37, sold at 105 in 38: 1,260
              45 to 54: 12 shares at 100 in 47, 60 left; 1,860 in 49 to 53, 12 × 90 + 60 = 1,140 in 54
              55 to 59: 11 shares at 100 in 57, 40 left; 11 × 90 + 40 = 1,030 in 59
    """
    result, read = dated(train=20, test=10, purge=3, embargo=2)
    assert np.array(read.values[:4]) == pytest.approx(np.array([[0.1, 0.2], [0.1, 0.05], [0.05, 0.15], [0.05, 0.5]]))
    assert [row["params"]["hold"] for row in result["windows"]] == [8, 1, 8, 8]
    curve = [*[1000.0] * 4, 1050.0, *[1100.0] * 4, 1200.0, *[1200.0] * 3, *[1260.0] * 7, *[1260.0] * 4, *[1860.0] * 5,
             1140.0, *[1140.0] * 4, 1030.0]  # fmt: skip
    assert result["equity"] == curve
    assert result["sessions"] == [str(FIRST + n) for n in range(25, 60)]  # none twice, none missing
    growth = [row["tested_return"] for row in result["windows"]]
    assert growth == pytest.approx([0.2, 0.05, 1140 / 1260 - 1, 1030 / 1140 - 1])
    assert np.prod(1.0 + np.array(growth)) == pytest.approx(1.03)
    assert result["metrics"]["total_return"] == pytest.approx(0.03)
    assert result["metrics"]["max_drawdown"] == pytest.approx(1030 / 1860 - 1)  # over the edge of two windows
    # 8 1 8 8: places 1 0 1 1 on the axis, steps of 1, 1 and 0. Of two values both are edges: not told
    assert result["stability"] == {
        "windows": 4, "without_choice": 0, "changes": 2,
        "parameters": {"hold": {"values": [1, 8], "chosen": [1, 3], "most_often": 8, "share": 0.75,
                                "mean_step": pytest.approx(2 / 3), "at_edge": None}},
    }  # fmt: skip


def test_the_returns_of_the_curve_are_those_of_the_windows_and_of_the_step_between_them() -> None:
    """Each window's run begins with what the one before ended with; its first return is against that close."""
    bars, found = bars_of(walk(300, 12), start=40), list[tuple[float, np.ndarray]]()
    sma = registry()["sma_cross"]
    base = base_of(bars, "sma_cross", {"fast": 3, "slow": 10}, costs=CostSpec("bps", 25.0))

    def tested(spec: RunSpec, inputs: Inputs, factor: int) -> Ran:
        result = plain_test(sma)(spec, inputs, factor)
        if factor == 1:
            found.append((spec.initial_capital, result.equity))
        return result

    spec = WalkForwardSpec(base, {"fast": (3, 5), "slow": (10, 20)}, 100, 40)
    result = walk_forward(
        spec, sma, Inputs(bars), tested=tested,
        chunks=lambda work, **_: [each.chunk(first, after) for each, first, after in work],
    ).values  # fmt: skip
    assert [capital for capital, _ in found] == [1_000_000.0, *[equity[-1] for _, equity in found[:-1]]]
    assert all(equity[0] == capital for capital, equity in found)  # each begins in cash, which is said
    assert any("Each test begins in cash" in sentence for sentence in result["words"])
    inside = np.concatenate(
        [np.diff(equity, prepend=capital) / np.r_[capital, equity[:-1]] for capital, equity in found]
    )
    curve = np.array([1_000_000.0, *result["equity"]])
    np.testing.assert_array_equal(np.diff(curve) / curve[:-1], inside)
    assert [row["tested_return"] for row in result["windows"]] == pytest.approx(
        [equity[-1] / capital - 1.0 for capital, equity in found]
    )
    days = np.array(result["sessions"], "datetime64[D]")
    assert days.tolist() == bars.sessions[140:300].tolist()


def test_on_intraday_bars_windows_are_of_sessions_and_the_curve_is_of_their_closes() -> None:
    """Seventy days of three bars. Trained on 30 days, tested on 20 and 20: the day 30 begins with bar 90."""
    days = FIRST + np.arange(70)
    at = np.array(["09:15", "09:45", "10:15"])
    times = np.array([f"{day}T{hour}" for day in days for hour in at], "datetime64[s]")
    close = walk(210, 3)
    bars = Bars.from_ohlcv(times, {"S": (close, close, close, close, np.full(210, 1e6))}, timeframe="30m")
    sma = registry()["sma_cross"]
    base = base_of(bars, "sma_cross", {"fast": 3, "slow": 5}, costs=CostSpec("none"), timeframe="30m")
    spec = WalkForwardSpec(base, {"fast": (2, 3), "slow": (5,)}, 30, 20)
    result = walk_forward(
        spec, sma, Inputs(bars), chunks=lambda work, **_: [each.chunk(first, after) for each, first, after in work]
    ).values
    assert [(row["train_start"], row["test_start"], row["sessions"]) for row in result["windows"]] == [
        (str(days[0]), str(days[30]), 20), (str(days[20]), str(days[50]), 20),
    ]  # fmt: skip
    assert result["sessions"] == [str(day) for day in days[30:]]
    first, second = result["windows"]
    capital, curve = base.initial_capital, list[float]()
    for row, begin, end in ((first, 90, 150), (second, 150, 210)):
        cut = Inputs(bars).between(0, end, begin).with_warm_up(sma.warm_up(sma.params({**row["params"]})))
        one = replace(
            base, start=days[begin // 3].astype(object), end=days[end // 3 - 1].astype(object), initial_capital=capital,
            books=(book_of(sma, {"slow": 5, **row["params"]}),),
        )  # fmt: skip
        equity = run(one, cut.bars, {"sma_cross": sma}).equity
        assert equity.size == 60
        curve += equity[2::3].tolist()
        capital = curve[-1]
    assert result["equity"] == curve


def test_the_stability_of_two_parameters_by_hand() -> None:
    """What each window chose is put into its training: 3/10, 3/10, 8/10, none, 5/20.

    fast: places 0 0 2 1 of three, steps 0 2 1; three of four on an edge. slow: places 0 0 0 1, steps 0 0 1.
    A window that chose nothing is stepped over: from 8/10 to 5/20 is one change, from 3/10 to 8/10 the other.
    """
    bars, sma = bars_of(walk(140, 8), start=20), registry()["sma_cross"]
    base = base_of(bars, "sma_cross", {"fast": 3, "slow": 10})
    grid = {"fast": (3, 5, 8), "slow": (10, 20)}
    best = iter([(3, 10), (3, 10), (8, 10), None, (5, 20), None])  # the last: all points over the tests

    def chunks(work: Sequence[tuple[Evaluator, int, int]], **_: bool) -> list[Chunk]:
        if len(work) > 1:  # what the walk is held against: all points on each test
            return [each.chunk(first, after) for each, first, after in work]
        ((each, first, after),) = work
        chosen, chunk = next(best), each.chunk(first, after)
        column = np.full(after - first, np.nan)
        for number in range(first, after):
            point = each.points.varied(number)
            if chosen is not None:
                column[number] = 2.0 if (point["fast"], point["slow"]) == chosen else 1.0
        chunk.values[:, METRICS.index("sharpe")] = column
        return [chunk]

    result = walk_forward(WalkForwardSpec(base, grid, 20, 20), sma, Inputs(bars), chunks=chunks).values
    assert [row["points"] for row in result["windows"]] == [6, 6, 6, 0, 6]
    assert result["stability"] == {
        "windows": 5, "without_choice": 1, "changes": 2,
        "parameters": {
            "fast": {"values": [3, 5, 8], "chosen": [2, 1, 1], "most_often": 3, "share": 0.5, "mean_step": 1.0,
                     "at_edge": 0.75},
            "slow": {"values": [10, 20], "chosen": [3, 1], "most_often": 10, "share": 0.75,
                     "mean_step": pytest.approx(1 / 3), "at_edge": None},
        },
    }  # fmt: skip
    assert not any(a > b for a, b in pairwise(result["sessions"]))
