"""The language over the real market: random expressions on random dates against the twin in Polars.

It needs an imported market: SMARTTRADER_REAL_HOME names a state folder that holds one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from app.database import Database, Market
from app.engines.screener.language import Vocabulary, compiled, parse
from app.engines.screener.language.evaluate import Evaluator
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.kinds import TRUE, UNKNOWN
from app.engines.screener.language.reads import crosses_section
from app.services.fundamentals import FundamentalsService
from app.services.panel import PanelService
from app.services.screens.service import ScreenService, Universe
from app.settings import get_settings
from tests.engines.screener.language.twin import Twin, known
from tests.engines.screener.language.writer import Words, Writer

BARS = ("open", "high", "low", "close", "volume")
PLAIN = ("turnover", "trades", "bars_listed", "index_close", "roe", "pe_ratio", "market_cap", "price_band")
FLAGS = ("hit_upper_band", "hit_lower_band", "has_derivatives", "under_surveillance")
STORED = (*PLAIN, *FLAGS, "eps", "delivery")
DEFINED = ("volume_ratio", "change_pct")
BREAKOUT = "is_20d_breakout"
WRITTEN_TEXTS = ("sector", "name", "symbol", "series")
INDICES = {"NIFTY50": "NIFTY50", "nifty 500": "NIFTY500", "Nifty Bank": "NIFTYBANK"}
EXPRESSIONS, DAYS = 200, 8


@pytest.fixture(scope="module")
def real() -> Iterator[tuple[Database, PanelService, ScreenService, FundamentalsService]]:
    home = os.environ.get("SMARTTRADER_REAL_HOME")
    if not home or not (Path(home) / "panel").is_dir():
        pytest.skip("no imported market (set SMARTTRADER_REAL_HOME)")
    settings = get_settings().model_copy(update={"home": Path(home)})
    with Database(settings) as database:
        panels, fundamentals = PanelService(database, settings.home), FundamentalsService()
        yield database, panels, ScreenService(panels, fundamentals), fundamentals


def twin_of(rows: Rows, words: Vocabulary) -> Twin:
    texts = {name: rows.source.text(name) for name in WRITTEN_TEXTS}
    frame = pl.DataFrame(
        {
            "column": rows.columns,
            "day": rows.days,
            "segment": np.searchsorted(rows.segments, np.arange(len(rows)), side="right") - 1,
            "universe": rows.universe,
            "factor": rows.factor,
            **{f"in:{index}": known(rows.source.members(index)) for index in INDICES.values()},
            **{name: rows.source.number(name) for name in (*BARS, *STORED)},
            **{
                name: pl.Series([*text.values, None]).gather(text.codes % (len(text.values) + 1))
                for name, text in texts.items()
            },
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    frame = frame.with_columns((pl.col(name) > 0) for name in FLAGS)
    definitions = {name: tree for name in words.fields if (tree := words.definition(name)) is not None}
    return Twin(frame, definitions)


def up_to(rows: Rows, day: int, columns: NDArray[np.int32] | None) -> Rows:
    """All rows of the days up to one, of all instruments or of some."""
    kept = rows.days <= day
    if columns is not None:
        kept &= np.isin(rows.columns, columns)
    taken = np.flatnonzero(kept)
    return rows.taken(taken, np.unique(np.searchsorted(taken, rows.segments)).astype(np.int64))


@pytest.mark.parametrize("seed", [20260731, 1, 2, 3, 4])
def test_two_hundred_random_expressions_agree_on_random_dates(
    real: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stocks that are not compared with others are compared with the twin on a part of the market, to save time."""
    monkeypatch.setattr("app.services.screens.service.SECONDS", 600.0)  # answers are compared, not times
    database, panels, screens, _ = real
    panel = panels.current(Market.REAL)
    random = np.random.default_rng(seed)
    with database.transaction(Market.REAL) as session:
        words = screens.vocabulary(Market.REAL, session)
        trees = [parse(name) for name in STORED]
        trees += [compiled(f'in index("{index}")', words).tree for index in INDICES.values()]
        rows = screens.frame(Market.REAL, session, panel, trees, Universe())
        some = {name: [one for one in rows.source.text(name).values if one] for name in WRITTEN_TEXTS}
        texts = {
            name: tuple(random.choice(values, min(len(values), 12), replace=False)) for name, values in some.items()
        }
        writer = Writer(
            seed,
            Words((*PLAIN, *DEFINED), texts, INDICES, (*FLAGS, BREAKOUT), ("volume", "delivery"), (*BARS[:4], "eps")),
        )
        compared = told = matched = 0
        for day in sorted(random.integers(300, len(panel.sessions), DAYS).tolist()):
            at = rows.at(day)
            part = np.sort(random.choice(rows.columns[at], min(len(at), 300), replace=False))
            twins: dict[bool, tuple[Twin, NDArray[np.int64]]] = {}
            for _ in range(EXPRESSIONS // DAYS):
                text, meant = writer.written(2)
                expression = compiled(text, words, "flag")
                across = crosses_section(expression.tree, words)
                if across not in twins:
                    frame = up_to(rows, day, None if across else part)
                    twins[across] = twin_of(frame, words), frame.at(day)
                twin, last = twins[across]
                value = screens.at(
                    Market.REAL, session, panel, panel.sessions[day].astype(object), [expression], Universe(),
                    rows.universe[at],
                )  # fmt: skip
                ours = value(expression) if across else value(expression)[np.isin(rows.columns[at], part)]
                answer = twin.of(parse(meant))
                theirs = answer.values.cast(pl.Int8).fill_null(-1).to_numpy()[last]
                sure = ~answer.near.fill_null(False).to_numpy()[last]
                wanted = np.select([theirs == 1, theirs == 0], [TRUE, 0], UNKNOWN)
                np.testing.assert_array_equal(ours[sure], wanted[sure], err_msg=f"{text} on {panel.sessions[day]}")
                compared += int(sure.sum())
                told += int((wanted[sure] != UNKNOWN).sum())
                matched += int((wanted[sure] == TRUE).sum())
    assert compared > 50_000 and 0.4 * compared < told < 0.98 * compared and 0.1 * told < matched < 0.9 * told


def test_figures_of_all_days_at_once_are_those_of_each_day(real: Any) -> None:
    database, panels, screens, fundamentals = real
    panel = panels.current(Market.REAL)
    market = screens.market_rows(Market.REAL, panel)
    known = 0
    with database.transaction(Market.REAL) as session:
        rows = screens.frame(Market.REAL, session, panel, [parse("roe")], Universe())
        for day in np.random.default_rng(3).integers(0, len(panel.sessions), 12).tolist():
            told = fundamentals.columns(Market.REAL, session, market.ids, panel.sessions[day].astype(object))
            at = rows.at(day)
            ours = rows.source.at(at)
            for name, column in told.numbers.items():
                wanted = column[rows.columns[at]]
                np.testing.assert_array_equal(ours.number(name), wanted, err_msg=f"{name} on {panel.sessions[day]}")
                known += int(np.isfinite(wanted).sum())
    assert known > 5_000


LEAST_FACTOR, MOST_APART = 1.8, 1e-9
PE, CAP = parse("pe_now"), parse("market_cap_now")


def test_price_to_earnings_and_market_value_move_like_the_adjusted_price_through_every_large_split(real: Any) -> None:
    """The night of an ex-date changes neither what a company earns nor what it is worth, but by the price's own move.

    Pairs of bars on which a newer figure arrived, or whose unexplained move keeps the figure unknown, tell nothing.
    """
    database, panels, screens, fundamentals = real
    panel = panels.current(Market.REAL)
    with database.transaction(Market.REAL) as session:
        rows = screens.frame(Market.REAL, session, panel, [PE, CAP], Universe())
        words = screens.vocabulary(Market.REAL, session)
        table = fundamentals.table(Market.REAL, session)
        demergers = session.execute(
            text(
                "SELECT instrument_id, ex_date FROM adjustment_factors "
                "WHERE tier = 'ACCEPTED' AND evidence->>'kind' IN ('DEMERGER', 'OTHER')"
            )
        )
        left_out = {(row.instrument_id, row.ex_date) for row in demergers}
    evaluator = Evaluator(rows, words, lambda: None)
    anchored = rows.source.number("close") * rows.factor
    arrived = set(
        table.frame.filter(pl.col("shares_of").is_not_null()).select("instrument_id", "known_at").unique().iter_rows()
    )
    ids = [panel.instruments[key].id for key in panel.keys]
    first = np.flatnonzero(
        (rows.columns[1:] == rows.columns[:-1]) & (rows.factor[1:] >= LEAST_FACTOR * rows.factor[:-1])
    )
    told = {}
    for name, tree in (("pe_now", PE), ("market_cap_now", CAP)):
        value = evaluator.number(tree)
        told[name] = 0
        for at in first.tolist():
            number = ids[rows.columns[at]]
            before, day = (panel.sessions[rows.days[n]].astype(object) for n in (at, at + 1))
            nights = [before + timedelta(days=n + 1) for n in range((day - before).days)]
            if any({(number, one)} & (arrived | left_out) for one in nights) or np.isnan(value[at : at + 2]).any():
                continue
            ratio = (value[at + 1] / value[at]) / (anchored[at + 1] / anchored[at])
            assert abs(ratio - 1.0) < MOST_APART, f"{name} of {panel.keys[rows.columns[at]]} on {day}: {ratio}"
            told[name] += 1
    assert told["pe_now"] > 200 and told["market_cap_now"] > 40, told
