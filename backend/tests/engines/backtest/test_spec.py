"""A spec holds every input, and its id changes with each."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date

import pytest

from app.engines.backtest import BookSpec, CostSpec, RunSpec, Sizing, UniverseSpec, book_of, engine_version
from app.engines.policy import Policy
from app.engines.strategies.registry import registry

BOOK = BookSpec("sma_cross", "a" * 64, {"fast": 20, "slow": 50}, 0.5)
BASE = RunSpec(
    books=(BOOK, BookSpec("rsi2", "b" * 64, {"trend": 200}, 0.5)),
    universe=UniverseSpec(index="NIFTY50"),
    start=date(2014, 1, 1),
    end=date(2024, 12, 31),
    data_root="c" * 64,
    max_positions=20,
    costs=CostSpec("bps", 10),
)

OTHER = {
    "books": [
        (replace(BOOK, strategy_id="ema_cross"), BASE.books[1]),
        (replace(BOOK, source_hash="d" * 64), BASE.books[1]),
        (replace(BOOK, params={"fast": 21, "slow": 50}), BASE.books[1]),
        (replace(BOOK, allocation=0.4), BASE.books[1]),
        (replace(BOOK, product="MIS"), BASE.books[1]),
        (BASE.books[1], BOOK),
        (BOOK,),
    ],
    "universe": [
        UniverseSpec(index="NIFTY500"),
        UniverseSpec(index="NIFTY50", asof_members=False),
        UniverseSpec(symbols=("INFY",)),
    ],
    "start": [date(2014, 1, 2)],
    "end": [date(2024, 12, 30)],
    "data_root": ["e" * 64],
    "timeframe": ["15m"],
    "initial_capital": [1_000_000.01],
    "sizing": [Sizing("equity_per_position"), Sizing("value", 1000), Sizing("quantity", 1000)],
    "max_positions": [21, None],
    "policy": [Policy(), Policy(cash_reserve_percent=30)],
    "sectors": ["f" * 64],
    "costs": [CostSpec("bps", 11), CostSpec("none"), CostSpec("zerodha"), CostSpec("custom", flat=20.0)],
    "slippage_bps": [1],
    "impact_bps": [1],
    "volume_cap": [0.1],
    "unfilled": ["carry"],
    "settle_next_session": [True],
    "fractional": [True],
    "fill_at": ["this_close"],
    "market_rules": ["nse-2026-08"],
    "adjustment": ["forward_anchored@1234"],
    "benchmark": ["NIFTY50@1"],
    "cash_rates": [((date(2014, 1, 1), 6.5),)],
    "engine_version": ["0.9"],
    "seed": [1],
}


def test_every_field_is_changed_below():
    assert set(OTHER) == {field.name for field in fields(RunSpec)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHER.items() for value in values])
def test_another_value_of_any_field_is_another_run(name, value):
    assert replace(BASE, **{name: value}).run_id != BASE.run_id


def test_all_these_specs_have_different_ids():
    ids = {replace(BASE, **{name: value}).run_id for name, values in OTHER.items() for value in values}
    assert len(ids | {BASE.run_id}) == sum(len(values) for values in OTHER.values()) + 1


def test_the_id_is_the_hash_of_canonical_json():
    text = BASE.to_canonical()
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == text
    assert len(BASE.run_id) == 64 and int(BASE.run_id, 16)
    assert set(json.loads(text)) == {field.name for field in fields(RunSpec)}


@pytest.mark.parametrize(
    "same",
    [
        {"initial_capital": 1_000_000},
        {"policy": None},
        {"slippage_bps": 0},
        {"books": (replace(BOOK, params={"slow": 50, "fast": 20}), BASE.books[1])},
        {"books": (replace(BOOK, allocation=None), replace(BASE.books[1], allocation=None))},
        {"engine_version": engine_version()},
    ],
)
def test_two_ways_of_writing_one_spec_have_one_id(same):
    assert replace(BASE, **same).run_id == BASE.run_id


def test_no_costs_and_costs_of_nothing_are_one_plan():
    assert CostSpec("bps", 0) == CostSpec("none")


def test_symbols_are_a_set():
    a, b = (replace(BASE, universe=UniverseSpec(symbols=s)) for s in (("TCS", "INFY"), ("INFY", "TCS")))
    assert a.run_id == b.run_id


def test_a_spec_survives_its_json():
    for spec in (
        BASE,
        replace(BASE, universe=UniverseSpec(symbols=("INFY",)), sizing=Sizing("value", 5)),
        replace(BASE, policy=Policy()),
    ):
        assert RunSpec.from_dict(json.loads(spec.to_canonical())) == spec


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"books": ()}, "books"),
        ({"books": (BOOK, replace(BASE.books[1], allocation=None))}, "allocations"),
        ({"books": (replace(BOOK, allocation=0.7), BASE.books[1])}, "allocations"),
        ({"start": date(2025, 1, 1)}, "start"),
        ({"timeframe": "2d"}, "timeframe"),
        ({"initial_capital": 0}, "initial_capital"),
        ({"initial_capital": float("nan")}, "initial_capital"),
        ({"initial_capital": True}, "initial_capital"),
        ({"initial_capital": 1e14}, "initial_capital"),
        ({"max_positions": 0}, "max_positions"),
        ({"max_positions": 10**22}, "max_positions"),
        ({"max_positions": 1.5}, "max_positions"),
        ({"max_positions": None, "sizing": Sizing("equity_per_position")}, "max_positions"),
        ({"slippage_bps": -1}, "slippage_bps"),
        ({"slippage_bps": 1001}, "slippage_bps"),
        ({"adjustment": "back_adjusted"}, "adjustment"),
        ({"data_root": ""}, "data_root"),
        ({"seed": 0.5}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
    ],
)
def test_a_wrong_field_is_named(change, named):
    with pytest.raises(ValueError, match=f"^{named}: expected"):
        replace(BASE, **change)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: UniverseSpec(), "universe"),
        (lambda: UniverseSpec(index="NIFTY50", symbols=("INFY",)), "universe"),
        (lambda: UniverseSpec(symbols=("INFY", "INFY")), "universe.symbols"),
        (lambda: Sizing("martingale"), "sizing.kind"),
        (lambda: Sizing("value"), "sizing.value"),
        (lambda: Sizing("quantity", 1.5), "sizing.value"),
        (lambda: Sizing("equity_per_member", 5), "sizing.value"),
        (lambda: CostSpec("bps", -1), "costs.bps"),
        (lambda: CostSpec("none", 10), "costs.bps"),
        (lambda: CostSpec("a broker"), "costs.plan"),
        (lambda: CostSpec("zerodha", fraction=0.1), "costs.fraction"),
        (lambda: CostSpec("custom", flat=-1), "costs.flat"),
        (lambda: BookSpec("", "a"), "strategy_id"),
        (lambda: BookSpec("sma_cross", ""), "source_hash"),
        (lambda: BookSpec("sma_cross", "a", {"fast": float("inf")}), "params.fast"),
        (lambda: BookSpec("sma_cross", "a", {}, 0.0), "allocation"),
        (lambda: BookSpec("sma_cross", "a", {}, 0.5, "NRML"), "product"),
    ],
)
def test_a_wrong_part_is_named(make, named):
    with pytest.raises(ValueError, match=f"^{named}: expected"):
        make()


def test_a_book_takes_the_defaults_of_its_strategy():
    strategy = registry()["sma_cross"]
    assert book_of(strategy) == book_of(strategy, {"slow": 50.0, "fast": 20}) != book_of(strategy, {"fast": 21})
    assert book_of(strategy).params == {"fast": 20, "slow": 50}


def test_a_strategy_that_stands_twice_has_numbered_books():
    assert replace(BASE, books=(BOOK, BOOK)).book_names == ("sma_cross#1", "sma_cross#2")
    assert BASE.book_names == ("sma_cross", "rsi2")
