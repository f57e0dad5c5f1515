"""Pairs by the distance method: formation and trading by hand, and beside a plain recalculation."""

from __future__ import annotations

import statistics
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.pairs import form_pairs
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, daily, sessions_of

DAYS = sessions_of("2024-01-01", "2024-12-31")
FORMATION = 20
# A swings by 1 % over B, which stands still; C goes its own way, so far that its spreads open nothing at 100
A = [100.0 + t % 2 for t in range(FORMATION)]
B = [50.0] * FORMATION
C = [100.0 + 2 * t for t in range(FORMATION)]


def ran(bars: Bars, **params: Any) -> RunResult:
    spec = RunSpec(
        books=(book_of(registry()["pairs_distance"], {"formation": FORMATION} | params),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2024, 1, 1),
        end=date(2024, 12, 31),
        data_root="hand made",
        costs=CostSpec("none"),
    )
    return run(spec, bars, registry())


def typed(a: list[float], b: list[float], c: list[float] | None = None, **fields: Any) -> Bars:
    """The formation, and then these closes (opens are the same); the run is measured from the last of the formation."""
    c = [100.0] * len(a) if c is None else c
    closes = {"A": A + a, "B": B + b, "C": C + c}
    return daily(DAYS[: FORMATION + len(a)], closes, **{"start": FORMATION - 1} | fields)


def fills(result: RunResult) -> list[tuple[Any, ...]]:
    """(bars after the formation, symbol, side, quantity, price) of each fill."""
    at = {str(day): t - FORMATION for t, day in enumerate(DAYS)}
    columns = (result.fills[name] for name in ("filled_at", "symbol", "side", "quantity", "price"))
    return [(at[day], *rest) for day, *rest in zip(*columns, strict=True)]


def test_the_dearer_leg_is_sold_and_the_cheaper_bought_for_as_many_rupees():
    # Spread of A/100 and B/50 in the formation: ten times 0 and ten times 0.01, sample deviation 0.00513, two of them
    # 0.01026. 101.2 is a spread of 0.012: a fortieth of a million a leg, 247 A and 500 B, at the next open. At 100.5
    # the prices have not crossed, at 100 they have; bought back at the open after it.
    result = ran(typed([101.0, 101.2, 101.3, 100.5, 100.0, 100.4, 100.4], [50.0] * 7))
    assert fills(result) == [
        (2, "A", "SELL", 247, 101.3), (2, "B", "BUY", 500, 50.0),
        (5, "A", "BUY", 247, 100.4), (5, "B", "SELL", 500, 50.0),
    ]  # fmt: skip
    assert set(result.fills["product"]) == {"FUT"}
    assert any(line.startswith("PROXY: pairs_distance trades futures") for line in result.assumptions)


def test_the_other_way_round_the_legs_change_sides():
    found = fills(ran(typed([98.9, 98.9, 98.9, 100.5, 100.5, 100.5], [50.0] * 6)))
    assert [row[:3] for row in found] == [(1, "A", "BUY"), (1, "B", "SELL"), (4, "A", "SELL"), (4, "B", "BUY")]


def test_two_deviations_are_not_beyond_two_deviations():
    beyond = 2 * statistics.stdev([0.0, 0.01] * 10)
    for spread, opened in ((beyond - 1e-6, False), (beyond + 1e-6, True)):
        assert bool(fills(ran(typed([100.0 * (1.0 + spread)] * 3, [50.0] * 3)))) == opened
    assert fills(ran(typed([101.2] * 3, [50.0] * 3), entry=3.0)) == []


def test_a_pair_can_be_opened_again_and_ends_with_its_period():
    a = [101.2, 101.2, 100.0, 101.2, 101.2, 101.2, 101.2, 101.2]
    found = fills(ran(typed(a, [50.0] * 8), trading=6))
    # formed at bar -1, at its end at bar 5: the period's last close; all is closed at the open of bar 6
    assert [row[:3] for row in found if row[1] == "A"][:4] == [
        (1, "A", "SELL"), (3, "A", "BUY"), (4, "A", "SELL"), (6, "A", "BUY"),
    ]  # fmt: skip
    later = [row[:3] for row in fills(ran(typed(a, [50.0] * 8), trading=8)) if row[1] == "A"]
    assert later[-1] == (4, "A", "SELL")


def test_the_deviation_is_that_of_the_formation_alone():
    # wild swings after the formation do not make the bar higher: 101.2 opens it once more
    a = [110.0, 90.0, 110.0, 100.0, 101.2, 101.2]
    found = [row[:3] for row in fills(ran(typed(a, [50.0] * 6))) if row[1] == "A"]
    assert found[-1] == (5, "A", "SELL")


def test_rescaled_prices_begin_at_one_when_trading_does():
    # the formation ends at A 101, so that 101.2 is a spread of 0.002 from there, and 102.1 one of 0.0109
    bars = typed([101.2, 102.1, 102.1, 100.9, 100.9], [50.0] * 5, [138.0] * 5)
    found = fills(ran(bars, rescale=1))
    assert [row[:3] for row in found] == [(2, "A", "SELL"), (2, "B", "BUY"), (4, "A", "BUY"), (4, "B", "SELL")]


def test_a_leg_that_was_not_to_be_had_ends_the_pair():
    # B does not trade in the session the orders are for: A is sold alone, seen at its close, and bought back
    result = ran(typed([101.2, 101.2, 101.2, 101.2], [50.0, NAN, 50.0, 50.0]))
    assert [row[:3] for row in fills(result)][:2] == [(1, "A", "SELL"), (2, "A", "BUY")]
    assert result.rejections["reason"][0] == "NO_BAR"


def test_a_leg_that_leaves_the_universe_or_loses_its_history_takes_the_other_with_it():
    count = FORMATION + 6
    member, gap = np.ones((count, 3), bool), np.zeros((count, 3), bool)
    member[FORMATION + 2 :, 1] = False
    gap[FORMATION + 2, 1] = True
    for fields in ({"member": member}, {"gap": gap}):
        found = [row[:3] for row in fills(ran(typed([101.2] * 6, [50.0] * 6, **fields)))]
        assert found[:2] == [(1, "A", "SELL"), (1, "B", "BUY")]
        assert sorted(found[2:]) == [(3, "A", "BUY"), (3, "B", "SELL")]


def test_only_members_that_traded_at_every_close_of_the_formation_are_paired():
    holes = typed([101.2] * 3, [50.0] * 3)
    for values in holes.raw:
        values[3, 1] = NAN
    assert fills(ran(holes)) == []  # B is out
    late = np.zeros((FORMATION + 3, 3), bool)
    late[3, 1] = True
    assert fills(ran(typed([101.2] * 3, [50.0] * 3, gap=late))) == []


def test_a_split_is_no_divergence_and_the_legs_are_those_of_the_day():
    factor = np.ones((FORMATION + 6, 3))
    factor[FORMATION + 2 :, 0] = 2.0
    found = fills(ran(typed([101.2, 101.2, 50.6, 50.0, 50.0, 50.0], [50.0] * 6, factor=factor)))
    assert found == [
        (1, "A", "SELL", 247, 101.2), (1, "B", "BUY", 500, 50.0),
        (4, "A", "BUY", 494, 50.0), (4, "B", "SELL", 500, 50.0),
    ]  # fmt: skip


def test_legs_of_two_pairs_in_one_instrument_add_up():
    # D hardly moves: B and D are the closest, A comes nearest to D. D falls by 1 %: it is cheap to B (0.01, deviation
    # below 0.0001) and to A at 100.5 (0.015; two deviations are about 0.01). 12,500 rupees a leg, twice 1,262 D. Back
    # at 10 it is as dear as B again, and half of D goes; A at 101.2 is still 0.012 above it.
    table = {"A": [*A, 100.5, 101.2, 101.2, 101.2], "B": [*B, *[50.0] * 4], "C": [*C, *[100.0] * 4],
             "D": [10.0 + 0.001 * (t % 3) for t in range(FORMATION)] + [9.9, 10.0, 10.0, 10.0]}  # fmt: skip
    bars = daily(DAYS[: FORMATION + 4], table, start=FORMATION - 1)
    pairs = form_pairs(bars.close[:FORMATION], np.arange(4), 20)
    assert [pair.legs for pair in pairs] == [(1, 3), (0, 3), (0, 2)]
    assert [row[:4] for row in fills(ran(bars, pairs=40))] == [
        (1, "A", "SELL", 124), (1, "B", "SELL", 250), (1, "D", "BUY", 2524),
        (2, "B", "BUY", 250), (2, "D", "SELL", 1262),
    ]  # fmt: skip


# ---- a plain recalculation


def naive_pairs(closes: dict[str, list[float]], count: int) -> list[tuple[str, str, float]]:
    """Pairs of names with the deviation of their spread, the closest first."""
    normal = {name: [value / values[0] for value in values] for name, values in closes.items()}
    best = set()
    for one in sorted(normal):
        apart = {other: sum((x - y) ** 2 for x, y in zip(normal[one], normal[other], strict=True))
                 for other in sorted(normal) if other != one}  # fmt: skip
        partner = min(apart, key=lambda other: (apart[other], other))
        best.add((apart[partner], *sorted((one, partner))))
    chosen = [(a, b) for apart, a, b in sorted(best) if apart > 0.0][:count]
    return [(a, b, statistics.stdev([x - y for x, y in zip(normal[a], normal[b], strict=True)])) for a, b in chosen]


def naive_positions(closes: dict[str, list[float]], entry: float, trading: int, count: int) -> list[dict[str, int]]:
    """After each bar's decision: by name how many open pairs want it long, less those that want it short."""
    held: list[dict[str, int]] = []
    pairs: list[tuple[str, str, float]] = []
    sides: dict[tuple[str, str], int] = {}
    formed = base = 0
    for t in range(len(next(iter(closes.values())))):
        for a, b, deviation in pairs:
            spread = closes[a][t] / closes[a][base] - closes[b][t] / closes[b][base]
            side = sides.get((a, b), 0)
            if side and spread * side <= 0.0:
                sides[a, b] = 0
            elif not side and abs(spread) > entry * deviation:
                sides[a, b] = 1 if spread > 0 else -1
        if t == FORMATION - 1 or (pairs and t - formed == trading):
            formed, base, sides = t, t + 1 - FORMATION, {}
            window = {name: values[base : t + 1] for name, values in closes.items()}
            pairs = naive_pairs(window, count)
        wants = dict.fromkeys(closes, 0)
        for (a, b), side in sides.items():
            wants[a] -= side
            wants[b] += side
        held.append(wants)
    return held


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 3.0]), st.integers(5, 15), st.integers(1, 4))
def test_what_is_held_is_what_a_plain_recalculation_wants(seed, entry, trading, count):
    random = np.random.default_rng(seed)
    steps = random.normal(0.0, 0.01, (60, 1)) + random.normal(0.0, 0.006, (60, 5))
    table = np.round(100.0 * np.exp(np.cumsum(steps, axis=0)), 2)
    closes = {name: table[:, n].tolist() for n, name in enumerate("ABCDE")}
    result = ran(daily(DAYS[:60], closes), entry=entry, trading=trading, pairs=count)
    expected = naive_positions(closes, entry, trading, count)
    holding = dict.fromkeys(closes, 0.0)
    at = 0
    for t in range(1, 60):
        while at < len(result.fills["symbol"]) and result.fills["filled_at"][at] == str(DAYS[t]):
            way = 1.0 if result.fills["side"][at] == "BUY" else -1.0
            holding[result.fills["symbol"][at]] += way * result.fills["quantity"][at]
            at += 1
        for name, wants in expected[t - 1].items():
            # pairs were opened at other equities and prices: a leg is 10 % more or less than another
            leg = 1e6 / (2 * count) / closes[name][t]
            assert holding[name] == pytest.approx(wants * leg, abs=0.35 * leg * max(1, abs(wants)))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(1, 8))
def test_pairs_are_those_of_a_plain_recalculation(seed, instruments, count):
    random = np.random.default_rng(seed)
    table = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (30, instruments)), axis=0))
    if instruments > 3:
        table[:, 2] = 2.0 * table[:, 1]  # never apart
    names = [chr(ord("A") + n) for n in range(instruments)]
    found = form_pairs(table, np.arange(instruments), count)
    expected = naive_pairs({name: table[:, n].tolist() for n, name in enumerate(names)}, count)
    assert [(names[p.legs[0]], names[p.legs[1]]) for p in found] == [(a, b) for a, b, _ in expected]
    assert [p.deviation for p in found] == pytest.approx([deviation for *_, deviation in expected])
