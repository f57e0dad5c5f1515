"""The exchange's rules for a slice of bars, from what is on file about its securities."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.backtest.charges import ASSETS
from app.engines.backtest.exchange import Exchange
from app.engines.bars import Bars
from app.engines.market_rules import Evidence, KnownBand, MarketRules, market_rules, trade_for_trade
from app.repositories.market_rules import FlagRow, flags, sme_lots
from app.services.panel import Panel
from app.services.panel.chunk import SERIES
from app.services.panel.panel import InstrumentInfo

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]

_CACHED: Final = 4
_LOOK_BACK: Final = 60  # sessions before the slice in which a last close is looked for
_MINUTES: Final = {"1m": 1, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}
_KINDS: Final = ("BAND", "BAND_HIT_UP", "BAND_HIT_DOWN", "DERIVATIVES")
# units that are no shares of Indian companies: metals, debt, cash, foreign shares
_OTHER_FUND: Final = re.compile(
    r"GOLD|SILV|SLVR|LIQ|GILT|G-?SEC|GSC|\bGS\d|\d+GS|BOND|\bBBETF|EBBETF|\bSDL|DEBT|OVERNIGHT|MONEY|T-?BILL"
    r"|1D ?RATE|CASH|NASDAQ|NASQ|N100|MON100|FANG|S&P ?500|SP500|HANG ?SENG|HNGSNG|MAHKTECH|JAPAN",
    re.IGNORECASE,
)


class MarketRulesService:
    """Rules of slices, the last few of them kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], MarketRules] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, market: Market, session: Session, panel: Panel, bars: Bars, root: str, broker: str = "default"
    ) -> MarketRules:
        """The rules of a slice of the panel, or of intraday bars of the same instruments; `root` names its content.

        What was known of bands and derivatives later than the slice's last session is not used.
        """
        key = (market, panel.generation, root, bars.timeframe, broker)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        rules = rules_of(session, panel, bars, broker)
        with self._lock:
            self._kept[key] = rules
            while len(self._kept) > _CACHED:
                self._kept.popitem(last=False)
        return rules


def rules_of(session: Session, panel: Panel, bars: Bars, broker: str = "default") -> MarketRules:
    """The rules of a slice, read and worked out anew."""
    return market_rules(
        bars.sessions,
        bars.raw.high,
        bars.raw.low,
        bars.raw.close,
        bars.factor,
        bars.gap,
        evidence_of(session, panel, bars),
        minutes=_MINUTES.get(bars.timeframe),
        broker=broker,
    )


def exchange_of(rules: MarketRules) -> Exchange:
    """The rules as the matching core reads them; no spread is known."""
    instruments = rules.tick.shape[1]
    return Exchange(
        version=rules.version,
        tick=rules.tick,
        lower=rules.band_low,
        upper=rules.band_high,
        lot=rules.lot,
        spread=np.zeros((1, instruments)),
        delivered=rules.t2t,
        square=rules.square_off.astype(np.int8),
        assets=rules.assets,
        words=list(rules.words),
    )


def evidence_of(session: Session, panel: Panel, bars: Bars) -> Evidence:
    """What is on file about the securities of a slice, up to its last session."""
    if not bars.sessions.size:
        return Evidence(np.zeros(len(bars.keys), np.int64), np.ones(len(bars.keys)))
    days = bars.sessions.astype("datetime64[D]")
    infos = [panel.instruments.get(key) for key in bars.keys]
    assets, guessed = _assets(infos)
    first, last = (int(i) for i in np.searchsorted(panel.sessions, [days[0], days[-1] + 1]))
    rows = np.searchsorted(panel.sessions, days)
    on_panel = bool((rows < len(panel.sessions)).all()) and bool((panel.sessions[rows] == days).all())
    t2t: B2 | None = None
    if on_panel:
        series = panel.values(("series",), bars.keys, first, last)["series"]
        t2t = _compact(trade_for_trade(series, SERIES))
        if t2t.shape[0] > 1 and len(days) != last - first:
            t2t = t2t[rows - first]
    began = max(0, first - _LOOK_BACK)
    before = _last_numbers(panel.values(("close",), bars.keys, began, first)["close"])
    found = flags(session, _KINDS, days[-1].astype(object))
    columns = {key: n for n, key in enumerate(bars.keys)}
    derivatives, since = _derivatives(found, panel, columns, days)
    lots = sme_lots(session) if any(info is not None and info.instrument_type == "SME" for info in infos) else {}
    return Evidence(
        assets=assets,
        lots=np.array([_lot(info, lots) for info in infos], np.float64),
        t2t=t2t,
        known=tuple(_known(found, panel, columns, days, bars)) if bars.timeframe == "1d" else (),
        has_derivatives=derivatives,
        derivatives_since=since,
        before=before,
        unclassed_funds=guessed,
    )


def _compact(flagged: B2) -> B2:
    """One row where nothing is flagged: the core then reads less."""
    return flagged if flagged.any() else flagged[:1]


def _last_numbers(values: F2) -> F1:
    out = np.full(values.shape[1], np.nan)
    for row in values[::-1]:
        missing = np.isnan(out)
        if not missing.any():
            break
        out[missing] = row[missing]
    return out


def _assets(infos: list[InstrumentInfo | None]) -> tuple[I1, int]:
    """What each is for the transaction tax, and of how many that is told from the name alone."""
    codes = np.zeros(len(infos), np.int64)
    for n, info in enumerate(infos):
        if info is not None and info.instrument_type == "ETF":
            other = _OTHER_FUND.search(f"{info.symbol} {info.name or ''}")
            codes[n] = ASSETS["other_etf" if other else "equity_etf"]
    return codes, int((codes > 0).sum())


def _lot(info: InstrumentInfo | None, lots: Mapping[str, int]) -> int:
    return 1 if info is None or info.instrument_type != "SME" else lots.get(info.symbol, 1)


def _column(row: FlagRow, panel: Panel, columns: Mapping[str, int]) -> int | None:
    """The column of the instrument that had the symbol on the flag's day; None where the slice has it not."""
    for held_from, held_to, key in panel.holders(row.symbol):
        if held_from <= row.date and (held_to is None or row.date <= held_to) and key in columns:
            return columns[key]
    return None


def _derivatives(
    found: list[FlagRow], panel: Panel, columns: Mapping[str, int], days: NDArray[np.datetime64]
) -> tuple[B2 | None, np.datetime64 | None]:
    """Where a security has derivatives by the last list on file then; None before the first list."""
    lists: dict[Any, list[int]] = {}
    for row in found:
        if row.flag == "DERIVATIVES":
            column = _column(row, panel, columns)
            lists.setdefault(row.date, []).extend([] if column is None else [column])
    if not lists:
        return None, None
    out = np.zeros((len(days), len(columns)), np.bool_)
    for day in sorted(lists):
        at = int(np.searchsorted(days, np.datetime64(day, "D")))
        out[at:] = False
        out[at:, lists[day]] = True
    return out, np.datetime64(min(lists), "D")


def _known(
    found: list[FlagRow], panel: Panel, columns: Mapping[str, int], days: NDArray[np.datetime64], bars: Bars
) -> list[KnownBand]:
    """Bands on file in the sessions of the slice; a day that reached its band shows the limit as its high or low."""
    bands: dict[tuple[int, int], KnownBand] = {}
    for row in found:
        day = np.datetime64(row.date, "D")
        at = int(np.searchsorted(days, day))
        column = _column(row, panel, columns)
        if row.flag == "DERIVATIVES" or at >= len(days) or days[at] != day or column is None:
            continue
        if row.detail is not None and row.detail.lower() == "no band":
            continue  # the operating range of a security with derivatives: it flexes
        band = bands.get((at, column), KnownBand(at, column, np.nan, np.nan, np.nan))
        if row.flag == "BAND":
            band = band._replace(
                percent=_number(row.band_pct), low=_number(row.lower_limit), high=_number(row.upper_limit)
            )
        elif row.flag == "BAND_HIT_UP" and np.isnan(band.high):
            band = band._replace(high=float(bars.raw.high[at, column]))
        elif row.flag == "BAND_HIT_DOWN" and np.isnan(band.low):
            band = band._replace(low=float(bars.raw.low[at, column]))
        bands[at, column] = band
    return list(bands.values())


def _number(value: float | None) -> float:
    return np.nan if value is None else value
