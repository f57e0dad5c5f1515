"""What followed a signal, on bars typed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.bars import Bars
from app.engines.screener.forward import forward
from app.engines.screener.history import LEAST_DAYS, by_day, changes, study
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN

DAYS = np.arange("2024-01-01", "2024-01-09", dtype="datetime64[D]")


def rows_by_hand(**change: object) -> Rows:
    """A stock that trades on eight days, and one that is missing on the fourth and gone after the sixth."""
    a = np.array([10, 11, 12, 13, 14, 15, 16, 17.0])
    b = np.array([20, 20, 20, np.nan, 22, 24, np.nan, np.nan])
    bars = Bars.from_ohlcv(DAYS, {"A": (a, a, a, a, a), "B": (b - 1, b, b, b, b)})
    if change.get("split"):
        bars.factor[4:, 0] = 2.0  # prices after it are worth twice as much
    if change.get("gap"):
        bars.gap[5, 0] = True
    return rows_of_bars(bars)


def ahead(rows: Rows, sessions: int, closed: tuple[int, int] = (99, 99)) -> np.ndarray:
    out, left = np.empty(len(rows)), np.empty(len(rows), np.int32)
    prices = (rows.source.number("open"), rows.source.number("close"), rows.factor)
    place = (rows.columns, rows.days, rows.segment_starts)
    forward(*prices, *place, np.array(closed, np.int32), 8, sessions, out, left)
    assert ((left >= 0) == ~np.isnan(out)).all()
    grid = np.full((8, 2), np.nan)
    grid[rows.days, rows.columns] = out
    return grid


def test_a_signal_is_bought_at_the_next_open_and_sold_at_a_later_close() -> None:
    one, two = ahead(rows_by_hand(), 1), ahead(rows_by_hand(), 2)
    # A: bought and sold on the next day at one price; over two days 11 → 12, 12 → 13 …
    np.testing.assert_allclose(one[:, 0], [0, 0, 0, 0, 0, 0, 0, np.nan])
    np.testing.assert_allclose(
        two[:7, 0], [12 / 11 - 1, 13 / 12 - 1, 14 / 13 - 1, 15 / 14 - 1, 16 / 15 - 1, 17 / 16 - 1, np.nan]
    )
    # B opens a rupee below its close: bought at 19, sold at 20; no bar on the fourth day, so none within one session
    np.testing.assert_allclose(one[:3, 1], [20 / 19 - 1, 20 / 19 - 1, np.nan])
    assert two[2, 1] == pytest.approx(22 / 21 - 1)  # on the fifth day, two sessions after the third
    assert np.isnan(one[5, 1])  # gone: nothing to buy


def test_a_stock_that_is_gone_is_sold_at_its_last_close() -> None:
    assert ahead(rows_by_hand(), 3)[4, 1] == pytest.approx(24 / 23 - 1)  # its last bar is the sixth day's


def test_a_split_on_the_way_is_no_gain_and_missing_history_no_return() -> None:
    split = ahead(rows_by_hand(split=True), 2)
    assert split[2, 0] == pytest.approx(2 * 14 / 13 - 1)  # 14 after the split is worth 28
    gap = ahead(rows_by_hand(gap=True), 2)
    assert np.isnan(gap[4, 0]) and np.isnan(gap[3, 0]) and gap[2, 0] == pytest.approx(14 / 13 - 1)


def test_prices_that_cannot_be_trusted_give_no_return() -> None:
    closed = ahead(rows_by_hand(), 2, closed=(4, 99))
    assert np.isnan(closed[2:, 0]).all() and closed[1, 0] == pytest.approx(13 / 12 - 1)


def told(rows: Rows, flags: np.ndarray) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(stock, day) of who came and of who left."""
    found = changes(rows, flags.astype(np.uint8))
    came, left = (list(zip(rows.columns[one].tolist(), rows.days[one].tolist(), strict=True)) for one in found)
    return came, left


def test_who_came_and_who_went() -> None:
    rows = rows_by_hand()
    matched = np.isin(rows.days, [1, 2, 4])  # A on the days 1, 2, 4; B on 1, 2, 4, with no bar on 3
    assert told(rows, np.where(matched, TRUE, FALSE)) == ([(0, 1), (0, 4), (1, 1)], [(0, 3), (0, 5), (1, 5)])
    assert by_day(rows, matched).tolist() == [0, 2, 2, 0, 2, 0, 0, 0]


def test_who_is_unknown_has_neither_come_nor_left() -> None:
    rows = rows_by_hand()
    of_a, of_b = rows.columns == 0, rows.columns == 1

    def flags(a: str, b: str) -> np.ndarray:
        out = np.empty(len(rows))
        out[of_a], out[of_b] = ([{"-": FALSE, "?": UNKNOWN, "x": TRUE}[one] for one in day] for day in (a, b))
        return out

    # in, unknown for days, in again: nothing happened; in, unknown, out: it left on the day that is known
    assert told(rows, flags("-x??xx--", "xx??-")) == ([(0, 1), (1, 0)], [(0, 6), (1, 5)])
    # out, unknown, out: nothing; out, unknown, in: it came on the day that is known
    assert told(rows, flags("--??--??", "-???x")) == ([(1, 5)], [])
    # never known before: the first day that is known can enter, and nothing is left of what never was in
    assert told(rows, flags("???x????", "????-")) == ([(0, 3)], [])


def test_what_is_unknown_of_one_stock_says_nothing_of_the_next() -> None:
    rows = rows_by_hand()
    flags = np.where(rows.columns == 0, TRUE, np.where(rows.days < 2, UNKNOWN, FALSE))
    assert told(rows, flags) == ([(0, 0)], [])


def test_figures_by_hand_with_charges_and_the_universe_beside() -> None:
    rows = rows_by_hand()
    signals = (rows.columns == 1) & (rows.days == 0)
    charges = (np.full(8, 0.01), np.full(8, 0.02))
    [found] = study(rows, signals, np.array([99, 99], np.int32), charges, seed=1, trials=3, horizons=(1,))
    net = 20 / 19 * 0.98 / 1.01 - 1
    assert (found.signals, found.incomplete, found.days) == (1, 0, 1)
    assert found.mean == found.median == pytest.approx(net)
    # on that day A made nothing and B 1/19: the mean of both, without charges
    assert found.universe == pytest.approx(0.5 / 19)
    assert found.excess == pytest.approx(net - 0.5 / 19)
    assert found.hit_rate == float(net > 0)
    assert found.low is None and str(LEAST_DAYS) in str(found.reason)
    [none] = study(rows, rows.days == 7, np.array([99, 99], np.int32), charges, seed=1, trials=1, horizons=(1,))
    assert (none.signals, none.incomplete, none.mean) == (0, 1, None)


def market(edge: float, seed: int, sessions: int = 600, stocks: int = 40) -> tuple[Rows, np.ndarray]:
    """Stocks that rise by `edge` more on the day after a signal."""
    random = np.random.default_rng(seed)
    signal = random.random((sessions, stocks)) < 0.02
    moves = random.normal(0, 0.02, (sessions, stocks)) + np.vstack([np.zeros((1, stocks)), edge * signal[:-1]])
    close = 100 * np.exp(np.cumsum(moves, axis=0))
    open_ = np.vstack([close[:1], close[:-1]])
    days = np.datetime64("2020-01-01") + np.arange(sessions)
    bars = Bars.from_ohlcv(
        days, {f"{n:03d}": (open_[:, n], close[:, n], close[:, n], close[:, n], close[:, n]) for n in range(stocks)}
    )
    rows = rows_of_bars(bars)
    return rows, signal[rows.days, rows.columns]


def test_an_edge_that_is_there_is_found_and_one_that_is_not_is_not() -> None:
    free = (np.zeros(600), np.zeros(600))
    closed = np.full(40, 999, np.int32)
    rows, signals = market(0.01, seed=3)
    [found] = study(rows, signals, closed, free, seed=1, trials=1, horizons=(1,))
    assert found.low is not None and found.high is not None and found.p_value is not None
    # the universe holds the signals, too: 2 % of it rises by 1 % more
    assert found.low < 0.0098 < found.high and found.p_value < 0.01
    missed = 0
    for seed in range(20):
        rows, signals = market(0.0, seed=seed)
        [found] = study(rows, signals, closed, free, seed=1, trials=50, horizons=(1,), resamples=300)
        assert found.low is not None and found.high is not None and found.p_adjusted is not None
        missed += not found.low <= 0.0 <= found.high
        assert found.p_adjusted > 0.05
    assert missed <= 4  # one in twenty is expected


def test_the_same_seed_draws_the_same_interval() -> None:
    rows, signals = market(0.0, seed=5, sessions=200)
    arguments = (rows, signals, np.full(40, 999, np.int32), (np.zeros(200), np.zeros(200)))
    first, again, other = (study(*arguments, seed=seed, trials=1, horizons=(5,))[0] for seed in (1, 1, 2))
    assert first == again and first.low != other.low
