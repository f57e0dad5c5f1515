"""Walk-forward: which windows there are, that no choice sees what it is tested on, and what the stitched curve is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import METRICS, Chunk, Evaluator, Inputs
from app.engines.sweeps.walk_forward import STRESS, Walked, WalkForwardSpec, walk_forward
from app.engines.sweeps.walk_summary import efficiency
from app.engines.sweeps.windows import FEWEST_TESTED, Window, windows

from .market import bars_of, base_of, walk

SMA = registry()["sma_cross"]
GRID: dict[str, tuple[Any, ...]] = {"fast": (3, 5, 8), "slow": (10, 20)}


def chunks(work: Sequence[tuple[Evaluator, int, int]], **_: bool) -> list[Chunk]:
    return [evaluator.chunk(first, after) for evaluator, first, after in work]


def walked(bars: Bars, **changes: Any) -> Walked:
    asked: dict[str, Any] = {"train": 100, "test": 40} | changes
    base = base_of(bars, "sma_cross", {"fast": 3, "slow": 10}, **asked.pop("base", {}))
    return walk_forward(WalkForwardSpec(base, GRID, **asked), SMA, Inputs(bars), chunks=chunks)


def test_windows_by_hand() -> None:
    # 10 sessions left out: 3 of purge, 7 of embargo. Training 0..30, test 40..60; then 20 on. The last has 7
    kind = {"train": 30, "test": 20, "purge": 3, "embargo": 7}
    assert windows(87, **kind) == [
        Window(0, 30, 40, 60), Window(20, 50, 60, 80), Window(40, 70, 80, 87)
    ]  # fmt: skip
    assert windows(87, mode="anchored", **kind) == [
        Window(0, 30, 40, 60), Window(0, 50, 60, 80), Window(0, 70, 80, 87)
    ]  # fmt: skip
    assert windows(84, **kind)[-1] == Window(20, 50, 60, 80)  # four sessions are no test


@given(
    sessions=st.integers(65, 800), train=st.integers(20, 50), test=st.integers(5, 60), gap=st.integers(0, 5),
    anchored=st.booleans(),
)  # fmt: skip
def test_tests_follow_one_another_and_no_training_reaches_into_one(
    sessions: int, train: int, test: int, gap: int, anchored: bool
) -> None:
    mode = "anchored" if anchored else "rolling"
    found = windows(sessions, train=train, test=test, mode=mode, purge=gap, embargo=gap)  # type: ignore[arg-type]
    assert found[0].test_first == train + 2 * gap
    assert all(a.test_after == b.test_first for a, b in pairwise(found))
    assert all(w.train_after + 2 * gap == w.test_first for w in found)
    assert all(w.train_after - w.train_first >= train for w in found)
    assert all(FEWEST_TESTED <= w.test_after - w.test_first <= test for w in found)
    assert sessions - found[-1].test_after < FEWEST_TESTED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": 5}, "train: expected 20 sessions or more, got 5"),
        ({"test": 4}, "test: expected 5 sessions or more, got 4"),
        ({"purge": -1}, "purge: expected 0 sessions or more, got -1"),
        ({"mode": "sliding"}, "mode: expected one of rolling, anchored"),
        ({"train": 96}, "train: 96 sessions of training and 0 left out need 101 sessions or more, the period has 100"),
    ],
)
def test_windows_that_cannot_be_are_refused_by_their_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        windows(100, **({"train": 30, "test": 20} | changes))
    assert str(refused.value).startswith(message)


def test_each_choice_is_the_best_of_its_training_and_the_curve_is_the_runs_put_together() -> None:
    """Held against runs made one by one by hand: nothing of the walk is used."""
    bars = bars_of(walk(300, 11), start=40)
    result = walked(bars, base={"costs": CostSpec("bps", 25.0)}).values
    days = bars.sessions[40:].astype("datetime64[D]")
    capital, curve = 1_000_000.0, []
    assert [row["test_start"] for row in result["windows"]] == [str(days[i]) for i in range(100, 256, 40)]
    for k, row in enumerate(result["windows"]):
        found = {}
        for fast in GRID["fast"]:
            for slow in GRID["slow"]:
                trained = bars_of_run(bars, 40 + 40 * k, 140 + 40 * k, slow)
                spec = base_of(trained, "sma_cross", {"fast": fast, "slow": slow}, costs=CostSpec("bps", 25.0))
                found[fast, slow] = run(spec, trained, {"sma_cross": SMA}).metrics["sharpe"] or -9.0
        best = max(found.items(), key=lambda item: item[1])
        assert (row["params"]["fast"], row["params"]["slow"]) == best[0]
        assert row["trained"] == pytest.approx(best[1])
        tested = bars_of_run(bars, 140 + 40 * k, min(180 + 40 * k, 300), best[0][1])
        spec = base_of(tested, "sma_cross", {"fast": best[0][0], "slow": best[0][1]}, costs=CostSpec("bps", 25.0),
                       initial_capital=capital)  # fmt: skip
        outcome = run(spec, tested, {"sma_cross": SMA})
        curve += outcome.equity.tolist()
        capital = curve[-1]
        assert row["tested"] == (outcome.metrics["sharpe"])
    assert result["equity"] == curve
    assert result["metrics"]["total_return"] == pytest.approx(curve[-1] / 1_000_000.0 - 1.0)
    assert result["stability"]["changes"] == sum(a["params"] != b["params"] for a, b in pairwise(result["windows"]))


def bars_of_run(bars: Bars, first: int, after: int, warm_up: int) -> Bars:
    """The bars that a run of sessions [first, after) would be given."""
    return replace(
        bars.up_to(after), sessions=bars.sessions[first - warm_up : after],
        raw=type(bars.raw)(*(p[first - warm_up : after] for p in bars.raw)),
        raw_volume=bars.raw_volume[first - warm_up : after], factor=bars.factor[first - warm_up : after],
        gap=bars.gap[first - warm_up : after], member=bars.member[first - warm_up : after], start=warm_up,
    )  # fmt: skip


def test_what_comes_after_a_window_changes_neither_its_choice_nor_its_test() -> None:
    close = walk(300, 4)
    other = close.copy()
    other[220:] = walk(80, 99)
    one, two = (walked(bars_of(prices, start=40)).values for prices in (close, other))
    # the tests of the first two windows end with session 180, bar 220
    assert one["windows"][:2] == two["windows"][:2]
    assert one["equity"][:80] == two["equity"][:80]
    assert one["windows"][2:] != two["windows"][2:]


def test_the_same_inputs_give_the_same_bytes_and_another_question_another_name() -> None:
    bars = bars_of(walk(300, 2), start=40)
    one = walked(bars)
    assert one.digest == walked(bars).digest
    names = {walked(bars, **changes).values["walk_forward_id"] for changes in (
        {}, {"train": 101}, {"test": 41}, {"mode": "anchored"}, {"purge": 1}, {"embargo": 1}, {"metric": "cagr"},
    )}  # fmt: skip
    assert len(names) == 7


def test_higher_costs_are_the_walk_with_higher_rates() -> None:
    bars = bars_of(walk(300, 6), start=40)
    result = walked(bars, base={"costs": CostSpec("bps", 10.0)})
    stress = {row["factor"]: row["metrics"]["total_return"] for row in result.values["stress"]}
    assert set(stress) == set(STRESS) and stress[1] > stress[2] > stress[3]
    assert stress[1] == result.values["metrics"]["total_return"]
    variants = result.values["variants"]
    assert variants["configurations"] == 6 and 0.0 <= variants["share_below"] <= 1.0


@pytest.mark.parametrize(
    "terms", [{}, {"fractional": True}, {"fill_at": "this_close"}, {"costs": CostSpec("zerodha")}], ids=str
)
@pytest.mark.parametrize("seed", [2, 3, 6])
def test_a_walk_that_has_nothing_to_choose_from_is_no_better_and_no_worse_than_its_one_point(
    seed: int, terms: dict[str, Any]
) -> None:
    """Held right through, the point would be another account: it has positions at the beginning of a test."""
    bars = bars_of(walk(300, seed), start=40)
    base = base_of(bars, "sma_cross", {"fast": 3, "slow": 10}, **terms)
    spec = WalkForwardSpec(base, {"fast": (3,), "slow": (10,)}, 100, 40)
    result = walk_forward(spec, SMA, Inputs(bars), chunks=chunks).values
    own, variants = result["metrics"]["sharpe"], result["variants"]
    assert variants["sharpe_median"] == variants["sharpe_best"] == pytest.approx(own, rel=1e-9)
    assert variants["share_below"] == 1.0


def test_points_beside_a_walk_begin_each_test_in_cash_with_the_account_it_had() -> None:
    bars = bars_of(walk(300, 6), start=40)
    result = walked(bars, base={"costs": CostSpec("bps", 10.0)}).values
    capital, at, rows = 1_000_000.0, 0, list[list[np.ndarray[Any, Any]]]()
    for row in result["windows"]:
        begin = int(np.flatnonzero(bars.sessions.astype("datetime64[D]") == np.datetime64(row["test_start"]))[0])
        end = begin + row["sessions"]
        found = []
        for fast, slow in [(f, s) for f in GRID["fast"] for s in GRID["slow"]]:
            one = base_of(bars, "sma_cross", {"fast": fast, "slow": slow}, costs=CostSpec("bps", 10.0))
            days = bars.sessions[[begin, end - 1]].astype("datetime64[D]").astype(object)
            one = replace(one, initial_capital=capital, start=days[0], end=days[1])
            equity = run(one, Inputs(bars).between(0, end, begin).with_warm_up(slow).bars, {"sma_cross": SMA}).equity
            found.append(np.diff(equity, prepend=capital) / np.r_[capital, equity[:-1]])
        rows.append(found)
        at += row["sessions"]
        capital = result["equity"][at - 1]
    returns = [np.concatenate(parts) for parts in zip(*rows, strict=True)]
    sharpes = [each.mean() / each.std(ddof=1) * np.sqrt(252.0) for each in returns]
    variants, own = result["variants"], result["metrics"]["sharpe"]
    assert variants["sharpe_best"] == pytest.approx(max(sharpes), rel=1e-9)
    assert variants["sharpe_median"] == pytest.approx(float(np.median(sharpes)), rel=1e-9)
    assert variants["share_below"] == np.mean([value <= own + 1e-9 for value in sharpes])
    assert (variants["compared"], variants["not_compared"]) == (6, 0)


def test_points_without_a_sharpe_beside_a_walk_are_counted() -> None:
    """It rises all the time: an average of 3 never crosses one of 10, in any test; nothing was traded, none has one."""
    bars = bars_of(100.0 * 1.001 ** np.arange(300), start=40)
    variants = walked(bars, metric="total_return").values["variants"]
    assert (variants["compared"], variants["not_compared"]) == (0, 6)
    assert variants["share_below"] is None and variants["sharpe_best"] is None


def test_what_could_not_be_sold_at_the_end_of_a_test_is_told() -> None:
    """It falls for 130 days, rises, and is not traded on the last ten days of the first test, 120 to 160."""
    close = 100.0 * 1.01 ** np.abs(np.arange(260) - 130.0)
    close[150:160] = np.nan
    bars = bars_of(close, start=20)
    result = walked(bars, metric="total_return", base={"costs": CostSpec("none")}).values
    first, second, *_ = result["windows"]
    assert first["test_end"] == str(bars.sessions[159].astype("datetime64[D]"))
    assert first["trades"] == 0 and first["frozen_share"] == pytest.approx(1.0, abs=0.01)
    assert second["frozen_share"] == 0.0
    (warning,) = result["warnings"]
    assert warning.startswith("FROZEN: at the end of one test the account held what could not be sold")
    assert f"{100.0 * first['frozen_share']:.2f} % of it at the most ({first['test_end']})" in warning


def test_the_final_equity_is_that_of_the_curve_in_rupees() -> None:
    result = walked(bars_of(walk(300, 6), start=40)).values
    assert result["metrics"]["final_equity"] == result["equity"][-1] > 100_000.0


def test_charges_of_a_broker_are_taken_from_the_account_once_and_twice_more() -> None:
    bars = bars_of(walk(300, 6), start=40)
    result = walked(bars, base={"costs": CostSpec("zerodha")}).values
    finals = [row["metrics"]["final_equity"] for row in result["stress"]]
    # of the first window: what is taken at two times is taken twice at three
    assert finals[0] > finals[1] > finals[2]
    assert any("Charges of a broker" in words for words in result["words"])


@pytest.mark.parametrize(
    ("metric", "words"), [("sharpe", "the highest Sharpe ratio"), ("max_drawdown", "the shallowest drawdown")]
)
def test_what_is_chosen_by_is_told_in_words(metric: str, words: str) -> None:
    result = walked(bars_of(walk(150, 2), start=10), metric=metric).values
    assert result["words"][0].startswith(f"Parameters are chosen by {words} on the last 100 sessions")


def test_a_metric_that_no_point_has_chooses_nothing_and_the_account_waits() -> None:
    bars = bars_of(np.full(300, 100.0), start=40)
    result = walked(bars).values
    assert all(row["params"] is None and row["trades"] == 0 for row in result["windows"])
    assert set(result["equity"]) == {1_000_000.0}
    assert result["metrics"]["sharpe"] is None and result["luck"] == "returns do not vary"
    assert result["stability"]["without_choice"] == 4


def test_a_measure_of_which_less_is_better_does_not_choose() -> None:
    bars = bars_of(walk(300, 2), start=40)
    with pytest.raises(ValueError, match="metric: expected one of sharpe"):
        walked(bars, metric="volatility")
    assert "volatility" in METRICS


def test_efficiency_is_what_the_tests_grew_together_over_what_training_did() -> None:
    def row(tested: float | None, trained: float | None, chose: bool = True) -> dict[str, Any]:
        return {
            "params": {"fast": 5} if chose else None,
            "tested_return": tested,
            "trained_cagr": trained,
            "sessions": 63,
        }

    # a quarter each, by turns +25 % and −20 %: nothing is left of it, though a mean of years, (144 − 59) / 2 %, is 42 %
    assert efficiency([row(0.25, 0.2), row(-0.2, 0.2)], 252) == pytest.approx(0.0, abs=1e-12)
    # four quarters of 1.1, 1.1, 1.0, 1.0 are a year of 21 %; training 1.21 and 1.0 by turns: sqrt(1.21) − 1 = 10 %
    turns = [row(0.1, 0.21), row(0.1, 0.0), row(0.0, 0.21), row(0.0, 0.0)]
    assert efficiency(turns, 252) == pytest.approx(2.1)
    # a window that chose nothing says nothing; an account that was lost says all
    assert efficiency([*turns, row(0.0, None, chose=False)], 252) == pytest.approx(2.1)
    assert efficiency([row(0.1, 0.2), row(-1.0, 0.2)], 252) == pytest.approx(-1.0 / 0.2)
    # training that lost together, or none at all
    assert efficiency([row(0.1, 0.5), row(0.1, -0.5)], 252) is None
    assert efficiency([row(0.0, None, chose=False)], 252) is None
