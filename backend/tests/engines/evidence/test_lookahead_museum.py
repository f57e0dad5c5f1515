"""Every exhibit of the museum is caught, at the right bar, symbol and field; its honest twin is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, PASSED, deciding, prove, prove_of
from tests.engines.backtest.cases import NoParams
from tests.engines.evidence.museum import leaks as museum
from tests.engines.evidence.museum import markets as m

Expected = tuple[Any, Callable[[], Bars], int, str, str, Any, Any]

CAUGHT: list[Expected] = [
    # bar 0 of B: 20 over its own average, 20, no; over that of 20 and 19, yes. Of A: 10 over 10.5, no, nor over 10
    (museum.CentredWindow, m.two, 0, "B", "entry", False, True),
    # B of three days is 20 19 18: mean 19, deviation 0.816, so 18 lies at -1.22; of eight days mean 19, deviation
    # 1.22, so it lies at -0.82. Before that: 0 of one day, exactly -1 of two days, and no entry in hindsight
    (museum.FullSampleZScore, m.two, 2, "B", "entry", True, False),
    (museum.ShiftedByMinusOne, m.two, 0, "A", "entry", False, True),  # 11 follows 10
    (museum.SameBarOpen, m.two, 0, "A", "entry", False, True),  # bar 1 opens at 10 and closes at 11
    (museum.SameBarClose, m.two, 0, "A", "limit", "NaN", 11.0),  # the close of bar 1
    # forwards B begins 20, 19.5; A 10, 10.5. Backwards the first is pulled down to 19.6 in B and up to 10.4 in A
    (museum.SmoothedRegime, m.two, 0, "B", "entry", False, True),
    (museum.FutureUniverse, m.members, 0, "A", "entry", True, False),  # a member now, but not at the end
    (museum.UniverseSize, m.late_listing, 0, "A", "target", 1.0, 0.5),  # one stock is there, two are in the slice
    (museum.FigureByPeriod, lambda: m.figures((0, 1, 4, 5.0)), 1, "A", "entry", False, True),  # out at bar 4
    # 8 was published at bar 2 and restated to 30 at bar 5
    (museum.RestatedFigure, lambda: m.figures((0, 1, 2, 8.0), (0, 1, 5, 30.0)), 2, "A", "entry", False, True),
    (museum.BackAdjustedLevel, m.split, 0, "A", "entry", False, True),  # 900 then; 450 after the split of bar 4
    (museum.DailyCloseIntraday, m.hours, 0, "A", "entry", False, True),  # 10 at ten o'clock, 12 in the evening
    (museum.TopAndBottom, m.two, 0, "A", "entry", True, False),  # 10 is the lowest so far; 9 will be
    (museum.ResampledRight, m.two, 0, "A", "entry", False, True),  # the four bars close at 11
    (museum.FilledBackward, m.hole, 2, "A", "entry", False, True),  # 13 comes after the hole
    (museum.MinMaxOfAll, m.two, 0, "A", "rank", "NaN", 0.25),  # (10 - 9) / (13 - 9); nothing over nothing then
    (museum.ReturnOfThePeriod, m.two, 0, "A", "rank", 0.0, 13 / 10 - 1),
    (museum.NegativePeriod, m.two, 0, "A", "entry", False, True),  # 10 now, 12 two bars later
    (museum.TrainedOnAll, m.two, 0, "A", "entry", False, True),  # below the median of all, 11; 10 is that of one bar
    (museum.MonthEndByNextBar, m.month_end, 2, "A", "target", "NaN", 0.5),  # 31 January
    (museum.LaterName, m.renamed, 0, "FORMER", "entry", False, True),
    (museum.StopBelowTomorrow, m.two, 0, "A", "stop", "NaN", 10 * 0.99),  # bar 1 goes from 10 to 11
    (museum.ShortSide, m.two, 0, "B", "short.entry", False, True),  # 19 follows 20
    # it leaves at bar 2, which is on record from bar 4 on
    (museum.FutureMembers, lambda: m.figures((0, 0, 0, 1.0), (0, 2, 4, 0.0)), 2, "A", "entry", True, False),
]


def test_the_museum_is_complete_and_large_enough():
    assert {row[0] for row in CAUGHT} == set(museum.LEAKS) and len(museum.LEAKS) >= 12
    assert all(kind.__doc__ for kind in museum.LEAKS)


@pytest.mark.parametrize("row", CAUGHT, ids=lambda row: row[0].__name__)
def test_an_exhibit_is_caught_with_bar_symbol_and_field(row: Expected):
    kind, market, bar, symbol, field, then, hindsight = row
    bars = market()
    proof = prove_of(deciding(kind(), NoParams()), bars)
    assert proof.outcome == LEAK and not proof.passed
    found = proof.findings[0]
    assert (found.bar, found.symbol, found.field) == (bar, symbol, field)
    assert found.session == str(bars.sessions[bar]) and found.key == {"FORMER": "A"}.get(symbol, symbol)
    assert (found.then, found.hindsight) == (then, pytest.approx(hindsight) if field == "rank" else hindsight)
    for word in (symbol, field, found.session):
        assert word in proof.sentence
    assert found.probe == ("columns" if kind is museum.UniverseSize else "truncation")


@pytest.mark.parametrize("kind", museum.LEAKS, ids=lambda kind: kind.__name__)
def test_an_exhibit_is_caught_on_the_generated_market(kind: Any):
    proof = prove(kind(), NoParams())
    assert proof.outcome == LEAK, proof.sentence
    assert proof.findings[0].probe in ("truncation", "columns")
    assert "perturbation" in {found.probe for found in proof.findings} or kind in (
        museum.UniverseSize,  # another future has as many columns
        museum.MonthEndByNextBar,  # only a cut at the end of a month tells
        museum.FutureMembers,  # the changes that come later are known as changes either way
    )


@pytest.mark.parametrize("kind", museum.HONEST, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_honest_twin_is_not_accused(kind: Any, seed: int):
    proof = prove(kind(), NoParams(), seed=seed)
    assert proof.outcome == PASSED, proof.sentence
