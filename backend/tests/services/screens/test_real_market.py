"""The language over the real market: two hundred random expressions on random dates against the twin in Polars.

It needs an imported market: SMARTTRADER_REAL_HOME names a state folder that holds one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.database import Database, Market
from app.engines.screener.language import compiled, parse
from app.engines.screener.language.check import TRUE, UNKNOWN
from app.engines.screener.language.evaluate import DayEvaluator
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.reads import crosses_section, window
from app.services.fundamentals import FundamentalsService
from app.services.panel import PanelService
from app.services.screens.rows import FIGURES
from app.services.screens.service import ScreenService, Universe
from app.settings import get_settings
from tests.engines.screener.language.twin import Twin, Writer

SECTORS = ("Healthcare", "Financial Services", "Information Technology", "Capital Goods")
PLAIN = ("turnover", "roe", "pe_ratio", "index_close")
EXPRESSIONS = 200


@pytest.fixture(scope="module")
def real() -> Iterator[tuple[Database, PanelService, ScreenService, FundamentalsService]]:
    home = os.environ.get("SMARTTRADER_REAL_HOME")
    if not home or not (Path(home) / "panel").is_dir():
        pytest.skip("no imported market (set SMARTTRADER_REAL_HOME)")
    settings = get_settings().model_copy(update={"home": Path(home)})
    with Database(settings) as database:
        panels, fundamentals = PanelService(database, settings.home), FundamentalsService()
        yield database, panels, ScreenService(panels, fundamentals), fundamentals


def twin_of(rows: Rows) -> Twin:
    sector = rows.source.text("sector")
    names = ("open", "high", "low", "close", "volume", *PLAIN)
    frame = pl.DataFrame(
        {
            "column": rows.columns,
            "day": rows.days,
            "segment": np.searchsorted(rows.segments, np.arange(len(rows)), side="right") - 1,
            "universe": rows.universe,
            "factor": rows.factor,
            "sector": [None if code < 0 else sector.values[code] for code in sector.codes.tolist()],
            "in:NIFTY50": rows.source.members("NIFTY50"),
            **{name: rows.source.number(name) for name in names},
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    return Twin(frame)


def test_two_hundred_random_expressions_agree_on_random_dates(real: Any) -> None:
    database, panels, screens, _ = real
    panel = panels.current(Market.REAL)
    writer = Writer(20260731, PLAIN, SECTORS, ("NIFTY50",))
    random = np.random.default_rng(7)
    compared = told = done = 0
    with database.transaction(Market.REAL) as session:
        words = screens.vocabulary(Market.REAL, session)
        mentioned = [parse(name) for name in PLAIN if name in FIGURES or name == "index_close"]
        trees = [*mentioned, compiled('in index("NIFTY50")', words).tree]
        rows = screens.frame(Market.REAL, session, panel, trees, Universe())
    days = {int(day): None for day in random.integers(300, len(panel.sessions), 8)}
    frames = {}
    for day in days:
        frame, last = rows.back_from(rows.at(day), None)
        frames[day] = (last, twin_of(frame))
    while done < EXPRESSIONS:
        text = writer.condition(2)
        expression = compiled(text, words, "flag")
        tree = expression.tree
        if crosses_section(tree, words) and window(tree, words) > 1:
            continue  # days before are not whole in the cut frame; those are compared on the small markets
        day = int(random.choice(list(days)))
        last, twin = frames[day]
        ours = DayEvaluator(rows, day, words).condition(tree)
        answer = twin.of(tree)
        theirs = answer.values.cast(pl.Int8).fill_null(-1).to_numpy()[last]
        sure = ~answer.near.fill_null(False).to_numpy()[last]
        wanted = np.select([theirs == 1, theirs == 0], [TRUE, 0], UNKNOWN)
        np.testing.assert_array_equal(ours[sure], wanted[sure], err_msg=f"{text} on {panel.sessions[day]}")
        compared += int(sure.sum())
        told += int((wanted[sure] != UNKNOWN).sum())
        done += 1
    assert compared > 100_000 and told > 0.4 * compared


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
