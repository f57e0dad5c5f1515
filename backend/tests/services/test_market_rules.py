"""The exchange's rules of slices of real bars, and what is on file about them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.database import Market
from app.engines.backtest import CostSpec
from app.engines.market_rules import BandState, MarketRules, rules_version
from app.exceptions import ValidationError
from app.repositories.market_rules import sme_lots
from app.services.backtests.question import BacktestQuestion
from app.services.importing.run import import_paths
from app.services.market_rules import MarketRulesService, exchange_of, rules_of
from app.services.platform import Platform
from app.settings import Settings
from tests.conftest import copied_database

SYMBOLS = ["WELSPUNIND", "WELSPUNLIV", "RELINFRA", "RELIANCE", "HUDCO", "MRF", "TTML", "KESORAMIND"]


@pytest.fixture(scope="module")
def real(evidence: Path, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Some stocks with all their days, the bands reached on a day, and a list of securities with derivatives."""
    folder, data = tmp_path_factory.mktemp("rules"), evidence / "data"
    kept = pl.concat([pl.scan_parquet(file) for file in sorted((data / "daily").glob("*.parquet"))])
    kept.filter(pl.col("symbol").is_in(SYMBOLS)).collect().write_parquet(folder / "nse_daily_some.parquet")
    paths = [
        folder,
        data / "masters/symbolchange_2023-03.csv",
        data / "masters/nse_lists_2026-05/symbolchange.csv",
        data / "nse_daily_reports/2025-12-16/bh16122025.csv",
        data / "nse_site_json/equity-stockIndices_SECURITIES_IN_FNO_2025-11-17.json.gz",
    ]
    with copied_database(postgres, template) as url:
        before = {name: os.environ.get(name) for name in ("DATABASE_URL", "SMARTTRADER_HOME")}
        os.environ.update(DATABASE_URL=url, SMARTTRADER_HOME=str(tmp_path_factory.mktemp("home")))
        platform = Platform(Settings())
        try:
            engine = platform.database.engine(Market.REAL)
            summary = import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)
            assert summary.exit_code == 0, summary.lines()
            platform.panels.refresh(Market.REAL)
            yield platform
        finally:
            platform.close()
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def of(real: Platform, symbols: list[str], start: date, end: date) -> tuple[Any, MarketRules]:
    panel = real.panels.current(Market.REAL)
    keys = [next(key for _, _, key in panel.holders(symbol)) for symbol in symbols]
    bars = panel.bars(keys, start, end)
    with real.database.transaction(Market.REAL) as session:
        return bars, rules_of(session, panel, bars)


def row(bars: Any, day: str) -> int:
    return int(np.searchsorted(bars.sessions, np.datetime64(day)))


def test_a_fall_of_three_days_is_found_locked_with_its_band(real: Platform) -> None:
    bars, rules = of(real, ["WELSPUNIND"], date(2016, 8, 1), date(2016, 9, 30))
    at = row(bars, "2016-08-22")
    assert rules.band_low[at : at + 3, 0].tolist() == [82.6, 66.1, 59.5]  # 20 %, 20 %, and then 10 %
    assert (rules.band_state[at : at + 3, 0] == BandState.INFERRED).all()
    assert rules.band_state[at - 1, 0] == BandState.UNKNOWN
    assert any("INFERRED" in word for word in rules.words)


def test_highs_lie_on_the_ticks_of_their_days(real: Platform) -> None:
    bars, rules = of(real, ["RELIANCE", "MRF", "HUDCO", "RELINFRA"], date(2024, 1, 1), date(2026, 6, 30))
    high = bars.raw.high
    traded = ~np.isnan(high)
    on_grid = np.abs(high / rules.tick - np.rint(high / rules.tick)) < 1e-4
    assert on_grid[traded].all()
    mrf = list(bars.keys).index(next(k for _, _, k in real.panels.current(Market.REAL).holders("MRF")))
    spring = high[row(bars, "2025-01-01") : row(bars, "2025-04-15"), mrf]
    assert not (spring % 5.0 == 0.0).all()  # the tick of half a year later: the check above can fail
    assert rules.tick[row(bars, "2025-04-11"), mrf] == 0.05
    assert rules.tick[row(bars, "2025-04-15"), mrf] == 5.0


def test_a_band_reached_is_the_days_high_and_derivatives_are_known_from_their_list_on(real: Platform) -> None:
    bars, rules = of(real, ["KESORAMIND", "HUDCO", "RELIANCE"], date(2025, 11, 3), date(2025, 12, 31))
    panel = real.panels.current(Market.REAL)
    column = {key: n for n, key in enumerate(bars.keys)}
    hit = column[next(key for _, _, key in panel.holders("KESORAMIND"))]
    hudco = column[next(key for _, _, key in panel.holders("HUDCO"))]
    at = row(bars, "2025-12-16")
    assert rules.band_state[at, hit] == BandState.KNOWN
    assert rules.band_high[at, hit] == bars.raw.high[at, hit]
    since = row(bars, "2025-11-17")
    assert (rules.band_state[since:, hudco] == BandState.NONE).all()
    assert (rules.band_state[:since, hudco] != BandState.NONE).all()
    assert any("derivatives is known from 2025-11-17 on" in word for word in rules.words)


def test_nothing_known_later_reaches_an_earlier_slice(real: Platform) -> None:
    _, rules = of(real, ["HUDCO", "KESORAMIND"], date(2025, 10, 1), date(2025, 11, 14))
    assert not (rules.band_state == BandState.NONE).any()
    assert any("not on file for this period" in word for word in rules.words)


def test_trade_for_trade_follows_the_series_of_each_day(real: Platform) -> None:
    bars, rules = of(real, ["TTML"], date(2010, 6, 10), date(2026, 6, 30))
    panel = real.panels.current(Market.REAL)
    first = int(np.searchsorted(panel.sessions, bars.sessions[0]))
    series = [panel.series_on(bars.keys, first + t)[0] for t in range(bars.shape[0])]
    assert [name in ("BE", "BZ") for name in series] == rules.t2t[:, 0].tolist()
    assert rules.t2t.any()
    assert not rules.t2t.all()


def test_the_core_gets_the_same_arrays_and_a_slice_is_worked_out_once(real: Platform) -> None:
    panel, service = real.panels.current(Market.REAL), MarketRulesService()
    bars, plain = of(real, ["RELIANCE", "HUDCO"], date(2025, 1, 1), date(2025, 6, 30))
    with real.database.transaction(Market.REAL) as session:
        rules = service.of(Market.REAL, session, panel, bars, "root")
        assert service.of(Market.REAL, session, panel, bars, "root") is rules
        assert service.of(Market.REAL, session, panel, bars, "another") is not rules
        assert sme_lots(session) == {}
    assert rules.version == plain.version
    assert rules.version.startswith(rules_version() + ".")
    exchange = exchange_of(rules)
    assert exchange.version == rules.version
    assert exchange.square.tolist() == [2] * bars.shape[0]
    assert exchange.tick is rules.tick
    assert exchange.lot.tolist() == [[1.0, 1.0]]


def test_a_run_names_the_rules_it_followed_and_verifies(real: Platform) -> None:
    real.backtests.register_strategies(Market.REAL)
    asked: dict[str, Any] = {
        "strategy_ids": ("sma_cross",),
        "params": {"sma_cross": {"fast": 5, "slow": 20}},
        "universe": ("RELINFRA", "HUDCO", "RELIANCE"),
        "start": date(2019, 1, 1),
        "end": date(2020, 12, 31),
        "costs": CostSpec("zerodha"),
    }
    answers = {}
    for rules in ("nse", "none"):
        with real.database.transaction(Market.REAL) as session:
            spec = real.backtests.prepare(Market.REAL, session, BacktestQuestion(**asked, market=rules))
        real.backtests.execute(Market.REAL, spec)
        with real.database.transaction(Market.REAL) as session:
            answers[rules] = spec, real.runs.stored(session, spec.run_id)
        assert real.backtests.verify(Market.REAL, spec.run_id)["outcome"] == "identical"
    (ruled, of_exchange), (free, of_none) = answers["nse"], answers["none"]
    assert ruled.market_rules.startswith(rules_version())
    assert free.market_rules == "none"
    assert any("INFERRED" in word for word in of_exchange["assumptions"])
    assert any("nobody has verified" in word for word in of_exchange["assumptions"])
    assert any("No exchange rules" in word for word in of_none["assumptions"])
    with real.database.transaction(Market.REAL) as session, pytest.raises(ValidationError, match="market"):
        real.backtests.prepare(Market.REAL, session, BacktestQuestion(**asked, market="bse"))
