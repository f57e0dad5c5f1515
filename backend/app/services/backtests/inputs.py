"""All that a run reads beside its spec, as it is now, and what of it changed since the spec was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.backtest import CostSpec, RunSpec
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.spec import sectors_version, series_version
from app.engines.bars import Bars
from app.engines.market_rules import MarketRules
from app.engines.policy import Policy
from app.engines.strategies.registry import AnyStrategy
from app.exceptions import DataNotFoundError, ValidationError
from app.repositories.index_series import index_closes
from app.services.backtests.question import BacktestQuestion
from app.services.backtests.slices import Slice, SliceQuestion, SliceService
from app.services.fundamentals import FundamentalsService
from app.services.index_names import canonical
from app.services.market_rules import MarketRulesService, exchange_of
from app.services.panel import PanelService


@dataclass(frozen=True)
class Inputs:
    """All that a run reads beside its spec."""

    loaded: Slice
    exchange: Exchange | None
    sectors: dict[str, str] | None
    benchmark: str | None  # id and version, as the spec names it
    closes: NDArray[np.float64] | None  # of the benchmark, shape [T]


class InputService:
    """Reads the inputs of runs."""

    def __init__(self, panels: PanelService, fundamentals: FundamentalsService) -> None:
        self._panels = panels
        self._rules = MarketRulesService()
        self.slices = SliceService(panels, fundamentals)

    def market_rules(self, market: Market, session: Session, loaded: Slice, costs: CostSpec) -> MarketRules:
        """The exchange's rules for a slice."""
        panel = self._panels.current(market)
        return self._rules.of(market, session, panel, loaded.bars, f"{loaded.root}|{loaded.adjustment}", costs.plan)

    def _exchange(self, market: Market, session: Session, spec: RunSpec, loaded: Slice) -> Exchange | None:
        """The exchange's rules for the bars of a spec; None where they are switched off."""
        if spec.market_rules == "none":
            return None
        return exchange_of(self.market_rules(market, session, loaded, spec.costs))

    def sectors(self, market: Market, loaded: Slice, policy: Policy | None) -> dict[str, str] | None:
        """The sector of each instrument of a slice, as known now, where a policy limits sectors; else None."""
        if policy is None or policy.max_sector_percent is None:
            return None
        instruments = self._panels.current(market).instruments
        known = {key: instruments[key].sector for key in loaded.bars.keys}
        return {key: sector for key, sector in known.items() if sector}

    def of(
        self,
        market: Market,
        session: Session,
        spec: RunSpec,
        strategies: Mapping[str, AnyStrategy],
        warm_up: int | None = None,
    ) -> Inputs:
        """What a run of this spec reads, as it is now; `strategies` by id, at least those of the spec.

        `warm_up` bars before the start, where it is not what the spec's own parameters need.
        """
        asked = SliceQuestion.of_spec(spec, strategies)
        if warm_up is not None:
            asked = replace(asked, warm_up=warm_up)
        loaded = self.slices.of(market, session, asked)
        name = None if spec.benchmark is None else spec.benchmark.partition("@")[0]
        return Inputs(
            loaded,
            self._exchange(market, session, spec, loaded),
            self.sectors(market, loaded, spec.policy),
            *_series(session, name, loaded.bars),
        )

    @staticmethod
    def benchmark(
        session: Session, question: BacktestQuestion, loaded: Slice
    ) -> tuple[str | None, NDArray[np.float64] | None]:
        """The index beside a question's run.

        Raises
        ------
        DataNotFoundError : one is asked for that is not there. ValidationError : its name is empty.
        """
        asked = question.benchmark
        if asked is not None and not asked.strip():
            raise ValidationError("benchmark: the name is empty; give the id of an index, or none", "benchmark")
        if asked is not None and asked.lower() == "none":
            return None, None
        found = _series(session, canonical(asked or loaded.universe.index or "NIFTY50"), loaded.bars)
        if asked is not None and found[1] is None:
            raise DataNotFoundError(f"There is no daily series of an index {asked} in the period", "index", asked)
        return found


def changed_inputs(spec: RunSpec, inputs: Inputs) -> list[str]:
    """Which inputs are no longer those that a spec names."""
    exchange, loaded = inputs.exchange, inputs.loaded
    then, now = (text.partition("@")[2].partition("+") for text in (spec.adjustment, loaded.adjustment))
    found = {
        "data": (spec.data_root, loaded.root),
        "corporate_actions": (then[0], now[0]),
        "dividends": (then[2], now[2]),
        "market_rules": (spec.market_rules, "none" if exchange is None else exchange.version),
        "sectors": (spec.sectors, sectors_version(inputs.sectors)),
        "benchmark": (spec.benchmark, inputs.benchmark),
    }
    return [name for name, (was, is_) in found.items() if was != is_]


def _series(session: Session, name: str | None, bars: Bars) -> tuple[str | None, NDArray[np.float64] | None]:
    """An index's closes at the bars, each day's at its last bar, NaN unknown, and their identity; None without any."""
    if name is None:
        return None, None
    days = bars.sessions.astype("datetime64[D]")
    rows = index_closes(session, name, days[0].astype(object), days[-1].astype(object))
    if not rows:
        return f"{name}@none", None
    closes = np.full(days.size, np.nan)
    last = {day: t for t, day in enumerate(days.astype(object).tolist())}
    for day, close in rows:
        if day in last:
            closes[last[day]] = close
    return series_version(name, [day for day, _ in rows], [close for _, close in rows]), closes
