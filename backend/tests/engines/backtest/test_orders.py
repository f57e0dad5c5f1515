"""Every rule of filling as bars typed by hand and the fills they must give.

A bar is (open, high, low, close); the strategy decides at the close of bar 0 unless said otherwise, one share or as the
case says. A fill is (bar, side, quantity, price, why); prices in rupees, raw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import CostSpec, RunResult, Sizing, run
from app.engines.backtest.exchange import Exchange
from app.engines.bars import Bars, Prices
from app.engines.strategies import Signals
from app.engines.strategies.base import Weights
from tests.engines.backtest.cases import Given, spec_of

Row = tuple[float, float, float, float]
Fill = tuple[int, str, float, float, str]
FLAT: Row = (100, 101, 99, 100)
HOLE: Row = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Case:
    """One symbol, one book."""

    name: str
    bars: Sequence[Row]
    fills: Sequence[Fill]
    entry: Sequence[int] = (0,)
    exit: Sequence[int] = ()
    levels: dict[str, float] = field(default_factory=dict)  # stop, target, trail, limit, trigger
    valid: int = 1
    hold: int | None = None
    short: bool = False
    product: str = "CNC"
    quantity: float = 1
    refused: Sequence[tuple[int, str, float]] = ()  # bar, reason, granted
    ambiguous: bool = False
    volume: float = 1000.0
    step: dict[int, float] = field(default_factory=dict)  # ex-dates: bar → shares after for each one before
    spec: dict[str, Any] = field(default_factory=dict)
    upper: float = np.nan
    lower: float = np.nan
    tick: float = 0.0
    delivered: bool = False
    minutes: int = 0  # 0: daily bars; else all bars lie in one session


def exchange_of(case: Case, last: np.ndarray) -> Exchange | None:
    if not (case.tick or case.delivered or case.upper == case.upper or case.lower == case.lower):
        return None
    none = Exchange.none(1, last)
    return replace(
        none,
        version="by hand",
        tick=np.full((1, 1), case.tick),
        upper=np.full((1, 1), case.upper),
        lower=np.full((1, 1), case.lower),
        delivered=np.full((1, 1), case.delivered),
    )


def bars_of_case(case: Case) -> Bars:
    ohlc = np.array(case.bars, float)
    count = len(ohlc)
    step = np.ones(count)
    for t, shares in case.step.items():
        step[t] = shares
    sessions = np.datetime64("2024-01-01") + np.arange(count)
    if case.minutes:
        sessions = np.datetime64("2024-01-01T09:15:00") + np.arange(count) * np.timedelta64(60 * case.minutes, "s")
    return Bars(
        sessions=sessions, keys=("A",), symbols=("A",), raw=Prices(*(ohlc[:, [i]] for i in range(4))),
        raw_volume=np.where(np.isnan(ohlc[:, [3]]), np.nan, case.volume), factor=np.cumprod(step)[:, None],
        gap=np.zeros((count, 1), bool), member=np.ones((count, 1), bool),
        timeframe=f"{case.minutes}m" if case.minutes else "1d",
    )  # fmt: skip


def run_case(case: Case) -> RunResult:
    bars = bars_of_case(case)
    shape = bars.shape

    def at(cells: Sequence[int]) -> np.ndarray:
        signal = np.zeros(shape, bool)
        signal[list(cells)] = True
        return signal

    levels = {name: np.full(shape, float(value)) for name, value in case.levels.items()}
    for name in ("stop", "target", "limit", "trigger"):
        if name in levels:
            levels[name] *= bars.factor  # signals speak forward-anchored prices
    side = Signals(at(case.entry), at(case.exit), valid=case.valid, hold=case.hold, **levels)
    answer = Signals(at(()), at(()), short=side) if case.short else side
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = answer
    last = np.append(np.diff(bars.sessions.astype("datetime64[D]").astype(int)) > 0, True)
    exchange = exchange_of(case, last)
    fields = {"sizing": Sizing("quantity", case.quantity), "initial_capital": 10_000.0, "timeframe": bars.timeframe}
    rules = "none" if exchange is None else exchange.version
    spec = spec_of(["given"], product=case.product, market_rules=rules, **fields | case.spec)
    return run(spec, bars, {"given": strategy}, exchange=exchange)


def fills_of(result: RunResult, bars: Bars) -> list[tuple[Any, ...]]:
    label = {str(t): i for i, t in enumerate(np.datetime_as_string(bars.sessions, unit="auto"))}
    label |= {str(t): i for i, t in enumerate(np.datetime_as_string(bars.sessions))}
    columns = (result.fills[name] for name in ("filled_at", "side", "quantity", "price", "reason"))
    return [(label[at], side, q, p, why) for at, side, q, p, why in zip(*columns, strict=True)]


def mirrored(case: Case) -> Case:
    """The short side of a case: prices reflected at 100."""
    other = {"BUY": "SELL", "SELL": "BUY"}
    return replace(
        case,
        bars=[(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in case.bars],
        fills=[(t, other[side], q, 200 - p, why) for t, side, q, p, why in case.fills],
        levels={name: v if name == "trail" else 200 - v for name, v in case.levels.items()},
        short=True,
        lower=200 - case.upper,
        upper=200 - case.lower,
    )


STOP = {"stop": 95.0}
BOTH = {"stop": 95.0, "target": 110.0}
LONG = [
    # ---- market orders
    Case("a market order fills at the next open", [FLAT, (102, 103, 101, 102), FLAT], [(1, "BUY", 1, 102, "SIGNAL")]),
    Case("an exit signal sells at the open after it", [FLAT] * 4,
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 100, "SIGNAL")], exit=(2,)),
    Case("an entry without a bar is refused", [FLAT, HOLE, FLAT], [], refused=[(1, "NO_BAR", 0)]),
    Case("an exit without a bar waits", [FLAT, FLAT, HOLE, (97, 98, 96, 97)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 97, "SIGNAL")], exit=(1,)),
    # ---- protective stops
    Case("a stop is filled at its price", [FLAT, FLAT, (99, 100, 94, 96)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 95, "STOP")], levels=STOP),
    Case("a stop touched exactly is filled", [FLAT, FLAT, (99, 100, 95, 96)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 95, "STOP")], levels=STOP),
    Case("a stop not reached by a paisa is not filled", [FLAT, FLAT, (99, 100, 95.01, 96)],
         [(1, "BUY", 1, 100, "SIGNAL")], levels=STOP),
    Case("a stop gapped through is filled at the open", [FLAT, FLAT, (92, 94, 90, 91)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 92, "STOP")], levels=STOP),
    Case("an open exactly at the stop is filled there", [FLAT, FLAT, (95, 97, 94, 96)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 95, "STOP")], levels=STOP),
    Case("a stop is live on the entry bar", [FLAT, (100, 102, 94, 99), FLAT],
         [(1, "BUY", 1, 100, "SIGNAL"), (1, "SELL", 1, 95, "STOP")], levels=STOP),
    Case("an entry that opens at its stop is refused", [FLAT, (95, 97, 94, 96), FLAT], [], levels=STOP,
         refused=[(1, "STOP_THROUGH", 0)]),
    Case("an entry that opens below its stop is refused", [FLAT, (94, 97, 93, 96), FLAT], [], levels=STOP,
         refused=[(1, "STOP_THROUGH", 0)]),
    Case("a stop waits over a hole and fills at the next open below it", [FLAT, FLAT, HOLE, (90, 91, 89, 90)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 90, "STOP")], levels=STOP),
    # ---- targets
    Case("a target is filled at its price", [FLAT, FLAT, (101, 111, 100, 108)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 110, "TARGET")], levels=BOTH),
    Case("a high equal to the target fills", [FLAT, FLAT, (101, 110, 100, 108)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 110, "TARGET")], levels=BOTH),
    Case("a high one paisa short of it does not", [FLAT, FLAT, (101, 109.99, 100, 108)],
         [(1, "BUY", 1, 100, "SIGNAL")], levels=BOTH),
    Case("a target gapped through is filled at the better open", [FLAT, FLAT, (113, 114, 112, 113)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 113, "TARGET")], levels=BOTH),
    Case("a target is not live on the entry bar", [FLAT, (100, 111, 98, 105), (105, 107, 103, 106)],
         [(1, "BUY", 1, 100, "SIGNAL")], levels=BOTH),
    Case("a target reached on the entry bar and still above at the next open fills there",
         [FLAT, (100, 111, 98, 111), (112, 113, 111, 112)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 112, "TARGET")], levels=BOTH),
    Case("stop and target in one bar: the stop came first", [FLAT, FLAT, (100, 112, 94, 105)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 95, "STOP")], levels=BOTH, ambiguous=True),
    Case("an open through the target settles it before the low", [FLAT, FLAT, (112, 113, 94, 105)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 112, "TARGET")], levels=BOTH),
    # ---- an exit signal beside a stop
    Case("a market exit at the open comes before the stop inside the bar", [FLAT, FLAT, (99, 100, 94, 96), FLAT],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 99, "SIGNAL")], exit=(1,), levels=STOP),
    # ---- trailing stops, 10 % below the best close
    Case("a trailing stop starts from the close of the decision", [FLAT, FLAT, (99, 99, 89, 90)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 90, "TRAIL")], levels={"trail": 0.1}),
    Case("it moves with closes, effective from the next bar", [FLAT, (100, 121, 100, 120), (119, 119, 107, 110)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 108, "TRAIL")], levels={"trail": 0.1}),
    Case("a high alone does not move it", [FLAT, (100, 140, 100, 100), (100, 101, 91, 95)],
         [(1, "BUY", 1, 100, "SIGNAL")], levels={"trail": 0.1}),
    Case("it is never lowered", [FLAT, (100, 121, 100, 120), (120, 120, 110, 112), (111, 112, 107, 109)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 108, "TRAIL")], levels={"trail": 0.1}),
    Case("of a stop and a trailing stop the nearer one holds", [FLAT, FLAT, (99, 99, 94, 96)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 95, "STOP")], levels={"trail": 0.1, "stop": 95.0}),
    # ---- time exits
    Case("a time exit sells at the open after so many bars", [FLAT, FLAT, FLAT, (103, 104, 102, 103)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 103, "TIME")], hold=2),
    Case("a time exit waits for a bar", [FLAT, FLAT, HOLE, (103, 104, 102, 103)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 103, "TIME")], hold=1),
    Case("a stop at the open comes before the time exit", [FLAT, FLAT, (90, 91, 89, 90)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 90, "STOP")], hold=1, levels=STOP),
    # ---- limit entries
    Case("a limit order fills inside the bar at its limit", [FLAT, (100, 101, 96, 98), FLAT],
         [(1, "BUY", 1, 97, "SIGNAL")], levels={"limit": 97.0}),
    Case("a limit order fills at a better open", [FLAT, (95, 97, 94, 96), FLAT], [(1, "BUY", 1, 95, "SIGNAL")],
         levels={"limit": 97.0}),
    Case("a low exactly at the limit fills", [FLAT, (100, 101, 97, 98), FLAT], [(1, "BUY", 1, 97, "SIGNAL")],
         levels={"limit": 97.0}),
    Case("a limit order not reached expires", [FLAT, (100, 101, 98, 99), FLAT], [], levels={"limit": 97.0},
         refused=[(2, "EXPIRED", 0)]),
    Case("a limit order stays as long as it is valid", [FLAT, FLAT, (98, 99, 96, 97), FLAT],
         [(2, "BUY", 1, 97, "SIGNAL")], levels={"limit": 97.0}, valid=2),
    Case("the stop of a limit entry is live in its bar, and in no doubt", [FLAT, (100, 101, 94, 96), FLAT],
         [(1, "BUY", 1, 97, "SIGNAL"), (1, "SELL", 1, 95, "STOP")], levels={"limit": 97.0, "stop": 95.0}),
    # ---- stop entries
    Case("a stop entry fills at its trigger", [FLAT, (100, 104, 99, 103), FLAT], [(1, "BUY", 1, 102, "SIGNAL")],
         levels={"trigger": 102.0}),
    Case("a stop entry gapped through fills at the open", [FLAT, (105, 106, 104, 105), FLAT],
         [(1, "BUY", 1, 105, "SIGNAL")], levels={"trigger": 102.0}),
    Case("a stop entry not reached expires", [FLAT, (100, 101.99, 99, 100), FLAT], [], levels={"trigger": 102.0},
         refused=[(2, "EXPIRED", 0)]),
    Case("its protective stop inside the same bar is hit, in doubt", [FLAT, (100, 104, 94, 99), FLAT],
         [(1, "BUY", 1, 102, "SIGNAL"), (1, "SELL", 1, 95, "STOP")], levels={"trigger": 102.0, "stop": 95.0},
         ambiguous=True),
    Case("a stop-limit fills at its trigger where the limit allows it", [FLAT, (100, 104, 99, 103), FLAT],
         [(1, "BUY", 1, 102, "SIGNAL")], levels={"trigger": 102.0, "limit": 103.0}),
    Case("a stop-limit gapped beyond its limit rests as a limit order",
         [FLAT, (105, 106, 104, 105), (104, 105, 102, 103), FLAT], [(2, "BUY", 1, 103, "SIGNAL")],
         levels={"trigger": 102.0, "limit": 103.0}, valid=2),
    # ---- ex-dates: two shares for one
    Case("a stop and the shares follow a split", [FLAT, FLAT, (50, 51, 47, 48)],
         [(1, "BUY", 3, 100, "SIGNAL"), (2, "SELL", 6, 47.5, "STOP")], levels=STOP, quantity=3, step={2: 2.0}),
    Case("a target follows a split", [FLAT, FLAT, (50, 56, 49, 55)],
         [(1, "BUY", 3, 100, "SIGNAL"), (2, "SELL", 6, 55, "TARGET")], levels=BOTH, quantity=3, step={2: 2.0}),
    Case("a resting limit order follows a split", [FLAT, FLAT, (50, 51, 48, 49), (49, 50, 48, 49)],
         [(2, "BUY", 6, 48.5, "SIGNAL")], levels={"limit": 97.0}, valid=3, quantity=3, step={2: 2.0}),
    Case("a trailing stop follows a split", [FLAT, (100, 121, 100, 120), (60, 60, 53, 55)],
         [(1, "BUY", 3, 100, "SIGNAL"), (2, "SELL", 6, 54, "TRAIL")], levels={"trail": 0.1}, quantity=3, step={2: 2.0}),
    # ---- the volume of the bar
    Case("a cap cuts an entry down and cancels the rest", [FLAT] * 4, [(1, "BUY", 10, 100, "SIGNAL")], quantity=15,
         volume=100, spec={"volume_cap": 0.1}, refused=[(1, "VOLUME_CAP", 10)]),
    Case("or carries it to the next bar", [FLAT] * 4, [(1, "BUY", 10, 100, "SIGNAL"), (2, "BUY", 5, 100, "SIGNAL")],
         quantity=15, volume=100, spec={"volume_cap": 0.1, "unfilled": "carry"}, refused=[(1, "VOLUME_CAP", 10)]),
    Case("an exit beyond the cap goes on in the next bar", [FLAT] * 6,
         [(1, "BUY", 10, 100, "SIGNAL"), (2, "BUY", 5, 100, "SIGNAL"), (4, "SELL", 10, 100, "SIGNAL"),
          (5, "SELL", 5, 100, "SIGNAL")], exit=(3,), quantity=15, volume=100,
         spec={"volume_cap": 0.1, "unfilled": "carry"}, refused=[(1, "VOLUME_CAP", 10), (4, "VOLUME_CAP", 10)]),
    # ---- price bands
    Case("nobody sells at a locked upper band", [FLAT, (110, 110, 110, 110), FLAT], [], upper=110.0,
         refused=[(1, "LOCKED_UPPER", 0)], product="FUT"),
    Case("a bar that left the upper band sold there", [FLAT, (110, 110, 105, 106), FLAT],
         [(1, "BUY", 1, 110, "SIGNAL")], upper=110.0, product="FUT"),
    Case("a stop at a locked lower band fills when the lock is gone",
         [FLAT, FLAT, (90, 90, 90, 90), (90, 93, 90, 92)],
         [(1, "BUY", 1, 100, "SIGNAL"), (3, "SELL", 1, 90, "STOP")], levels=STOP, lower=90.0,
         refused=[(2, "LOCKED_LOWER", 0)] * 2, product="FUT"),
]  # fmt: skip
ONE_SIDED = [
    # ---- ticks, slippage and bands, whose rounding has a direction
    Case("a price is rounded to the tick against the buyer", [FLAT, (100.02, 101, 99, 100), FLAT],
         [(1, "BUY", 1, 100.05, "SIGNAL")], tick=0.05),
    Case("and against the seller", [FLAT, FLAT, (100.02, 101, 99, 100)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 100, "SIGNAL")], exit=(1,), tick=0.05),
    Case("slippage, then the tick", [FLAT, FLAT, FLAT], [(1, "BUY", 1, 100.15, "SIGNAL")], tick=0.05,
         spec={"slippage_bps": 11}),
    Case("slippage stops at the band", [FLAT, (110, 110, 109, 110), FLAT], [(1, "BUY", 1, 110, "SIGNAL")], upper=110.0,
         spec={"slippage_bps": 100}),
    Case("slippage never passes a limit", [FLAT, (100, 101, 96, 98), FLAT], [(1, "BUY", 1, 97, "SIGNAL")],
         levels={"limit": 97.0}, spec={"slippage_bps": 50}),
    Case("impact grows with the square root of the share of the volume", [FLAT, FLAT, FLAT],
         [(1, "BUY", 10, 101, "SIGNAL")], quantity=10, volume=1000, spec={"impact_bps": 1000}),
    # ---- products and permissions
    Case("delivery is not sold short on an exchange", [FLAT] * 3, [], short=True, tick=0.05,
         refused=[(1, "SHORT_NOT_PERMITTED", 0)]),
    Case("an intraday short is, and is bought back at the session's close", [FLAT, FLAT, FLAT],
         [(1, "SELL", 1, 100, "SIGNAL"), (1, "BUY", 1, 100, "SQUARE_OFF")], short=True, product="MIS", tick=0.05),
    Case("an intraday position ends with its daily bar", [FLAT, (100, 104, 99, 103), FLAT],
         [(1, "BUY", 1, 100, "SIGNAL"), (1, "SELL", 1, 103, "SQUARE_OFF")], product="MIS"),
    Case("of intraday bars it ends with the last one", [FLAT] * 4 + [(100, 102, 99, 101)],
         [(1, "BUY", 1, 100, "SIGNAL"), (4, "SELL", 1, 101, "SQUARE_OFF")], product="MIS", minutes=5),
    Case("no intraday product in trade-for-trade", [FLAT] * 3, [], product="MIS", delivered=True,
         refused=[(1, "TRADE_FOR_TRADE", 0)]),
    Case("in trade-for-trade a stop on the day of the purchase waits for the next day",
         [FLAT, (100, 102, 94, 96), (93, 94, 92, 93)],
         [(1, "BUY", 1, 100, "SIGNAL"), (2, "SELL", 1, 93, "STOP")], levels=STOP, delivered=True,
         refused=[(1, "TRADE_FOR_TRADE", 0)]),
    # ---- a short's trailing stop, 10 % above the best close
    Case("a short's trailing stop follows falling closes", [FLAT, (100, 100, 79, 80), (81, 89, 81, 85)],
         [(1, "SELL", 1, 100, "SIGNAL"), (2, "BUY", 1, 88, "TRAIL")], levels={"trail": 0.1}, short=True),
    Case("and is never raised", [FLAT, (100, 100, 79, 80), (81, 87, 81, 86), (87, 88, 86, 87)],
         [(1, "SELL", 1, 100, "SIGNAL"), (3, "BUY", 1, 88, "TRAIL")], levels={"trail": 0.1}, short=True),
    # ---- the declared exception
    Case("at this close, when it is asked for", [(100, 101, 99, 100.5), FLAT, (100, 103, 99, 102)],
         [(0, "BUY", 1, 100.5, "SIGNAL"), (2, "SELL", 1, 102, "SIGNAL")], exit=(2,), spec={"fill_at": "this_close"}),
    # ---- money
    Case("the sale of a day pays for nothing until the next session, when that is asked for", [FLAT] * 5,
         [(1, "BUY", 99, 100, "SIGNAL"), (3, "SELL", 99, 100, "SIGNAL")], exit=(2,), entry=(0,), quantity=99,
         spec={"settle_next_session": True}),
    Case("shares divide where that is asked for", [FLAT, FLAT, FLAT], [(1, "BUY", 0.25, 100, "SIGNAL")],
         spec={"fractional": True, "sizing": Sizing("value", 25.0)}),
]  # fmt: skip


@pytest.mark.parametrize("case", [*LONG, *ONE_SIDED], ids=lambda case: case.name)
def test_long(case):
    check(case)


@pytest.mark.parametrize(
    "case", [c for c in LONG if not c.step and "trail" not in c.levels], ids=lambda case: case.name
)
def test_the_short_side_is_its_mirror(case):
    check(mirrored(case))


def check(case: Case) -> None:
    result = run_case(case)
    bars = bars_of_case(case)
    found = fills_of(result, bars)
    assert [(t, side, q, why) for t, side, q, _, why in found] == [(t, s, q, w) for t, s, q, _, w in case.fills]
    assert [p for *_, p, _ in found] == pytest.approx([p for *_, p, _ in case.fills], rel=1e-12)
    refused = {"LOCKED_UPPER": "LOCKED_LOWER", "LOCKED_LOWER": "LOCKED_UPPER"} if case.short else {}
    label = {text: i for i, text in enumerate(np.datetime_as_string(bars.sessions))}
    told = zip(*(result.rejections[name] for name in ("at", "reason", "granted")), strict=True)
    expected = [(t, refused.get(reason, reason), granted) for t, reason, granted in case.refused]
    assert [(label[at], reason, granted) for at, reason, granted in told] == expected
    assert any(result.fills["ambiguous"]) == case.ambiguous
    assert (result.cash >= 0.0).all()


def two_sided(bars: Sequence[Row], **levels: tuple[float, float]) -> RunResult:
    """A buy stop and a sell stop at the close of bar 0, one cancelling the other: (long, short) of each level."""
    case = Case("", bars, [])
    given = bars_of_case(case)
    first, none = np.zeros(given.shape, bool), np.zeros(given.shape, bool)
    first[0] = True
    sides = [
        Signals(first, none, **{name: np.full(given.shape, pair[i]) for name, pair in levels.items()}) for i in (0, 1)
    ]
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = replace(sides[0], short=sides[1])
    spec = spec_of(["given"], sizing=Sizing("quantity", 1), initial_capital=10_000.0)
    return run(spec, given, {"given": strategy})


OCO = {"trigger": (102.0, 98.0), "stop": (98.0, 102.0)}


@pytest.mark.parametrize(
    ("bar", "fills", "doubtful"),
    [
        ((100, 103, 99, 102.5), [(1, "BUY", 1, 102, "SIGNAL")], False),
        ((100, 101, 97, 97.5), [(1, "SELL", 1, 98, "SIGNAL")], False),
        # both reached: the one nearer the open was filled, the other is its stop
        ((101, 103, 97, 100), [(1, "BUY", 1, 102, "SIGNAL"), (1, "SELL", 1, 98, "STOP")], True),
        ((99, 103, 97, 100), [(1, "SELL", 1, 98, "SIGNAL"), (1, "BUY", 1, 102, "STOP")], True),
        ((104, 105, 103, 104), [(1, "BUY", 1, 104, "SIGNAL")], False),
        ((96, 97, 95, 96), [(1, "SELL", 1, 96, "SIGNAL")], False),
    ],
)
def test_one_cancels_the_other(bar, fills, doubtful):
    rows = [FLAT, bar, (bar[3],) * 4]
    result = two_sided(rows, **OCO)
    assert fills_of(result, bars_of_case(Case("", rows, []))) == fills
    assert any(result.fills["ambiguous"]) == doubtful
    assert result.rejections["reason"] == ["ONE_CANCELS_OTHER"]


def test_neither_side_reached_both_expire():
    result = two_sided([FLAT, (100, 101, 99, 100), FLAT], **OCO)
    assert (result.fills["side"], result.rejections["reason"]) == ([], ["EXPIRED", "EXPIRED"])


def panel(opens: Any, closes: Any) -> Bars:
    o, c = np.array(opens, float), np.array(closes, float)
    names = tuple("ABC"[: o.shape[1]])
    return Bars.from_ohlcv(
        np.datetime64("2024-01-01") + np.arange(len(o)),
        {
            n: (o[:, i], np.fmax(o, c)[:, i], np.fmin(o, c)[:, i], c[:, i], np.full(len(o), 1e6))
            for i, n in enumerate(names)
        },
    )


def rebalanced(bars: Bars, target: Any, **fields: Any) -> RunResult:
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = Weights(np.array(target, float))  # type: ignore[assignment]
    return run(spec_of(["given"], **{"initial_capital": 1000.0} | fields), bars, {"given": strategy})


NAN = np.nan


def test_target_weights_buy_their_part_of_the_equity_at_the_close_of_the_decision():
    # 1000: 60 % of A at 10 = 60 shares, 40 % of B at 20 = 20 shares
    bars = panel([[10, 20]] * 3, [[10, 20]] * 3)
    result = rebalanced(bars, [[0.6, 0.4], [NAN, NAN], [NAN, NAN]])
    assert result.fills["quantity"] == [60, 20]
    assert result.fills["reason"] == ["REBALANCE"] * 2


def test_a_rebalance_sells_what_is_too_much_first_and_buys_what_is_too_little():
    # A doubles: equity 600 × 2 + 400 = 1600, half each: A 800 / 20 = 40 (sell 20), B 800 / 20 = 40 (buy 20)
    bars = panel([[10, 20], [10, 20], [20, 20], [20, 20]], [[10, 20], [20, 20], [20, 20], [20, 20]])
    result = rebalanced(bars, [[0.6, 0.4], [0.5, 0.5], [NAN, NAN], [NAN, NAN]])
    rows = list(zip(*(result.fills[n] for n in ("symbol", "side", "quantity")), strict=True))
    assert rows == [("A", "BUY", 60), ("B", "BUY", 20), ("A", "SELL", 20), ("B", "BUY", 20)]


def test_a_weight_of_nothing_sells_all_and_a_hole_in_a_row_is_nothing():
    bars = panel([[10, 20]] * 4, [[10, 20]] * 4)
    result = rebalanced(bars, [[0.5, 0.5], [NAN, 1.0], [NAN, NAN], [NAN, NAN]])
    rows = list(zip(*(result.fills[n] for n in ("symbol", "side", "quantity")), strict=True))
    assert rows == [("A", "BUY", 50), ("B", "BUY", 25), ("A", "SELL", 50), ("B", "BUY", 25)]


def test_a_negative_weight_is_short_where_shorts_are_allowed():
    bars = panel([[10, 10], [10, 10], [10, 8]], [[10, 10], [10, 10], [10, 8]])
    result = rebalanced(bars, [[0.3, -0.3], [NAN, NAN], [NAN, NAN]])
    rows = list(zip(*(result.fills[n] for n in ("symbol", "side", "quantity")), strict=True))
    assert rows == [("A", "BUY", 30), ("B", "SELL", 30)]
    assert result.equity[-1] == 1000 + 30 * 2


def test_a_turn_from_long_to_short_closes_and_opens_at_the_same_open():
    bars = panel([[10]] * 4, [[10]] * 4)
    result = rebalanced(bars, [[0.5], [-0.5], [NAN], [NAN]])
    rows = list(zip(*(result.fills[n] for n in ("side", "quantity", "filled_at")), strict=True))
    assert rows == [("BUY", 50, "2024-01-02"), ("SELL", 50, "2024-01-03"), ("SELL", 50, "2024-01-03")]


def test_a_short_earns_what_the_price_falls_and_pays_dividends():
    bars = panel([[100]] * 3 + [[90]], [[100], [100], [100], [90]])
    first, last = np.zeros((4, 1), bool), np.zeros((4, 1), bool)
    first[0], last[2] = True, True
    strategy = Given("given", [[False]], [[False]])
    none = np.zeros((4, 1), bool)
    strategy.answer = Signals(none, none, short=Signals(first, last))
    spec = spec_of(["given"], sizing=Sizing("quantity", 2), initial_capital=1000.0, costs=CostSpec("bps", 100))
    dividends = np.array([[NAN], [NAN], [1.5], [NAN]])
    result = run(spec, bars, {"given": strategy}, dividends=dividends)
    # sold 2 at 100 (charge 2), dividend 3 paid, bought back at 90 (charge 1.80)
    assert result.trades["pnl"] == pytest.approx([20 - 3 - 2 - 1.8])
    assert result.trades["side"] == ["SHORT"]
    assert result.equity[-1] == pytest.approx(1000 + 20 - 3 - 2 - 1.8)


def test_a_short_is_cut_to_what_the_cash_covers():
    # a short blocks as much again: 1000 rupees cover ten shares at 100
    bars = panel([[100]] * 3, [[100]] * 3)
    first, none = np.zeros((3, 1), bool), np.zeros((3, 1), bool)
    first[0] = True
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = Signals(none, none, short=Signals(first, none))
    result = run(spec_of(["given"], sizing=Sizing("quantity", 12), initial_capital=1000.0), bars, {"given": strategy})
    assert result.fills["quantity"] == [10]
    assert result.rejections["reason"] == ["INSUFFICIENT_CASH"]


def test_money_freed_inside_a_bar_pays_for_later_bars_only():
    # A's stop is hit inside bar 2; B's limit is reached in that bar too, but the cash of A comes too late for it
    o, h, low, c = ([[100, 50]] * 4, [[101, 51], [101, 51], [100, 51], [96, 51]],
                    [[99, 49.5], [99, 49.5], [94, 48], [95, 48]], [[100, 50]] * 2 + [[96, 50]] * 2)  # fmt: skip
    days = np.datetime64("2024-01-01") + np.arange(4)
    columns = [np.array(x, float) for x in (o, h, low, c)]
    bars = Bars.from_ohlcv(days, {n: (*(x[:, i] for x in columns), np.full(4, 1e6)) for i, n in enumerate("AB")})
    entry, none = np.zeros((4, 2), bool), np.zeros((4, 2), bool)
    entry[0, 0] = entry[1, 1] = True
    stop, limit = np.full((4, 2), np.nan), np.full((4, 2), np.nan)
    stop[0, 0], limit[1, 1] = 95.0, 49.0
    strategy = Given("given", [[False]], [[False]])
    strategy.answer = Signals(entry, none, stop=stop, limit=limit)
    spec = spec_of(["given"], sizing=Sizing("value", 1000.0), initial_capital=1000.0)
    result = run(spec, bars, {"given": strategy})
    assert list(zip(result.fills["symbol"], result.fills["reason"], strict=True)) == [("A", "SIGNAL"), ("A", "STOP")]
    assert result.rejections["reason"] == ["INSUFFICIENT_CASH"]
