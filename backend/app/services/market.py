"""The market: finding stocks, their bars in the view asked for, and what the exchange is doing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.bars import D1
from app.exceptions import DataNotFoundError, ValidationError
from app.models import AdjustmentFactor, Dividend
from app.repositories.indices import IndexRepository
from app.repositories.snapshots import SnapshotRepository
from app.repositories.strategies import MoveRepository
from app.services.importing.dividends import RESTATED
from app.services.importing.purposes import parse_purpose
from app.services.index_names import canonical, known_index
from app.services.market_series import index_bars, intraday_columns
from app.services.panel import Panel, PanelService
from app.services.panel.panel import InstrumentInfo
from app.services.universe import find_instrument

F1 = NDArray[np.float64]

_SIMILAR = 0.72  # below this a name is another name, not a typing error


class MarketService:
    """Questions about single stocks."""

    def __init__(self, panels: PanelService) -> None:
        self._panels = panels

    def search(
        self, market: Market, session: Session, text: str, *, limit: int, exclude_indices: bool
    ) -> list[dict[str, Any]]:
        """Stocks and indices by symbol, former symbol, ISIN or name: exact first, then prefix, name, near misses."""
        panel = self._panels.current(market)
        wanted = " ".join(text.split()).upper()
        if not wanted:
            raise ValidationError("Type something to search for", "query")
        ranked: list[tuple[int, str, dict[str, Any]]] = []
        for key in panel.keys:
            info = panel.instruments[key]
            place = _place(wanted, info)
            if place is not None:
                ranked.append((place[0], info.symbol, _hit(info, place[1])))
        if not exclude_indices:
            for index in IndexRepository(session).all():
                name = index.name.upper()
                if wanted.replace(" ", "") == index.id or name.startswith(wanted) or index.id.startswith(wanted):
                    hit = {"symbol": index.id, "name": index.name, "sector": None, "type": "INDEX", "isin": None}
                    ranked.append((0 if wanted.replace(" ", "") == index.id else 2, index.id, {**hit, "matched": None}))
        if not ranked and len(wanted) >= 3:
            ranked = list(_near_misses(wanted, (panel.instruments[key] for key in panel.keys)))
        ranked.sort(key=lambda entry: entry[:2])
        return [hit for _, _, hit in ranked[:limit]]

    def bars(
        self,
        market: Market,
        session: Session,
        symbol: str,
        *,
        start: date | None,
        end: date | None,
        adjust: Literal["price", "total", "none"],
        limit: int | None,
        asof: date | None = None,
    ) -> dict[str, Any]:
        """A stock's daily bars as columns, through all its names; with `asof` as if that day were the last.

        `none` is as traded. `price` is back-adjusted for splits and bonuses, so that the last bar of the history is
        raw; volumes are scaled the other way. `total` multiplies the closes before each dividend by
        1 − D / close on the day before ex too, as if it had been reinvested; it does not touch volumes.

        Raises
        ------
        DataNotFoundError : no stock has or had that symbol, and no index with daily values goes by it.
        ValidationError : dates in the wrong order.
        """
        if start is not None and end is not None and end < start:
            raise ValidationError(f"end {end} lies before start {start}", "end")
        end = asof if end is None else end if asof is None else min(end, asof)
        panel = self._panels.current(market)
        key = find_instrument(panel, symbol.strip().upper(), asof)
        if key is None:
            if known_index(symbol) is not None or IndexRepository(session).exists(canonical(symbol)):
                return index_bars(session, symbol, start, end, adjust, limit)
            raise DataNotFoundError(f"No stock has or had the symbol {symbol}", "symbol", symbol)
        info = panel.instruments[key]
        whole = panel.bars((key,), None, asof)
        first, _, last = panel.window(start, end)
        traded = ~np.isnan(whole.raw.close[:, 0])
        split, dividend = back_adjusted(whole.raw.close[:, 0], whole.factor[:, 0], whole.sessions, info.dividends)
        traded[:first], traded[last:] = False, False
        if limit is not None:
            traded[: max(0, len(traded) - _first_of_last(traded, limit))] = False
        days = whole.sessions[traded].astype(object).tolist()
        shares = np.ones(len(days)) if adjust == "none" else split[traded]
        view = shares * dividend[traded] if adjust == "total" else shares
        o, h, low, c = (field[traded, 0] * view for field in whole.raw)
        moves = MoveRepository(session)
        lo, hi = (days[0], days[-1]) if days else (date.max, date.max)
        return {
            "symbol": info.symbol,
            "name": info.name,
            "sector": info.sector,
            "isin": info.isin,
            "timeframe": "1d",
            "adjust": adjust,
            "t": days,
            "o": o.tolist(),
            "h": h.tolist(),
            "l": low.tolist(),
            "c": c.tolist(),
            "v": (whole.raw_volume[traded, 0] / shares).tolist(),
            "factor": view.tolist(),
            "actions": _markers(
                moves.factors(info.id), moves.dividends(info.id), moves.unadjusted([info.id], lo, hi), lo, hi
            ),
            "jumps": [jump.session for jump in moves.jumps([info.id], lo, hi)],
            "former_symbols": list(dict.fromkeys(name for _, _, name in info.names if name != info.symbol)),
            "snapshot": panel.root,
            "adjustments": SnapshotRepository(session).adjustments(),
        }

    def intraday_bars(
        self,
        market: Market,
        session: Session,
        symbol: str,
        timeframe: str,
        start: date | None = None,
        end: date | None = None,
        *,
        adjust: Literal["price", "total", "none"] = "none",
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Bars of 1m, 5m, 15m, 30m or 1h of a stock or an index, labelled by their open; columns as `bars` gives them.

        A timeframe that is not stored is resampled from a finer one, from the opening of each session on. The views are
        those of the daily bars: a bar is multiplied by what its day is.

        Raises
        ------
        DataNotFoundError : no such bars are stored, nor finer ones they could be made from.
        ValidationError : another timeframe, or dates in the wrong order.
        """
        from app.services.intraday.store import store_beside

        panel = self._panels.current(market)
        store = store_beside(self._panels.directory(market))
        wanted = symbol.strip().upper()
        key = None if known_index(wanted) is not None else find_instrument(panel, wanted)
        info, views = None, None
        if key is not None:
            info = panel.instruments[key]
            whole = panel.bars((key,), None, None)
            views = back_adjusted(whole.raw.close[:, 0], whole.factor[:, 0], whole.sessions, info.dividends)
        return intraday_columns(store, session, panel, info, wanted, timeframe, (start, end), adjust, limit, views)

    def panel(self, market: Market) -> Panel:
        """The open panel of a market."""
        return self._panels.current(market)


def back_adjusted(close: F1, factor: F1, sessions: D1, dividends: Sequence[tuple[date, float]]) -> tuple[F1, F1]:
    """What raw prices are multiplied by in the adjusted views, both of shape [T] and 1.0 at the last bar.

    The first is for splits and bonuses alone, the second for dividends alone; the total-return view uses the product.

    Parameters
    ----------
    close : shape [T], raw, NaN where there is no bar
    factor : shape [T], forward-anchored cumulative factor
    sessions : shape [T], ascending
    dividends : (ex-date, rupees for each share held into it); one with no close before it, or of that close or more,
        changes nothing
    """
    traded = np.flatnonzero(~np.isnan(close))
    split, paid = np.ones_like(factor), np.ones_like(factor)
    if not len(traded):
        return split, paid
    split = factor / factor[traded[-1]]
    for ex_date, amount in dividends:
        at = int(np.searchsorted(sessions, np.datetime64(ex_date, "D")))
        before, after = traded[traded < at], traded[traded >= at]
        if len(before) and len(after) and 0.0 < amount < close[before[-1]]:
            paid[: after[0]] *= 1.0 - amount / close[before[-1]]
    return split, paid


def _markers(
    factors: Iterable[AdjustmentFactor],
    dividends: Iterable[Dividend],
    unadjusted: Iterable[Any],
    first: date,
    last: date,
) -> list[dict[str, Any]]:
    """What a chart marks between two days, oldest first."""
    found: list[dict[str, Any]] = [
        {
            "ex_date": action.ex_date,
            "kind": kind_of(action),
            "factor": action.factor,
            "amount": None,
            "purpose": action.purpose,
            "tier": action.tier,
        }
        for action in factors
    ]
    found += [
        {
            "ex_date": paid.ex_date,
            "kind": "DIVIDEND",
            "factor": None,
            "amount": paid.amount,
            "purpose": _dividend(paid),
            "tier": "LISTED",
        }
        for paid in dividends
    ]
    found += [
        {
            "ex_date": listed.ex_date,
            "kind": listed.kind,
            "factor": None,
            "amount": None,
            "purpose": listed.purpose,
            "tier": "LISTED",
        }
        for listed in unadjusted
    ]
    kept = (marker for marker in found if first <= marker["ex_date"] <= last)
    return sorted(kept, key=lambda marker: (marker["ex_date"], marker["kind"]))


def _dividend(paid: Dividend) -> str:
    """The exchange's words, or what a vendor's restated figure comes to in rupees of that day."""
    purpose: str = paid.evidence[0]["purpose"]
    if paid.evidence[0]["source"] != RESTATED or paid.amount is None:
        return purpose
    return f"Dividend Rs {paid.amount:g}, from a vendor's restated figure"


def kind_of(action: AdjustmentFactor) -> str:
    """SPLIT, BONUS, CONSOLIDATION or two of them joined; what a person chose; else what the evidence leaves open."""
    if action.tier == "ACCEPTED":
        chosen: str = action.evidence.get("kind") or "UNKNOWN"
        return chosen
    if action.tier == "LISTED" and "kind" in action.evidence:
        listed: str = action.evidence["kind"]
        return listed
    kinds = {one.kind for one in parse_purpose(action.purpose) if one.factor is not None}
    if kinds:
        return "+".join(sorted(kinds))
    if action.factor < 1.0:
        return "CONSOLIDATION"
    # a split changes the face value, and with it the ISIN; a bonus does not
    return "SPLIT" if action.tier == "LISTED" or action.evidence.get("isin") else "SPLIT_OR_BONUS"


def _first_of_last(traded: np.ndarray[Any, np.dtype[np.bool_]], limit: int) -> int:
    """How many sessions from the end hold the last `limit` bars."""
    positions = np.flatnonzero(traded)
    return len(traded) if len(positions) <= limit else len(traded) - int(positions[-limit])


def _hit(info: InstrumentInfo, matched: str | None) -> dict[str, Any]:
    return {
        "symbol": info.symbol,
        "name": info.name,
        "sector": info.sector,
        "type": info.instrument_type,
        "isin": info.isin,
        "matched": matched,
    }


def _place(wanted: str, info: InstrumentInfo) -> tuple[int, str | None] | None:
    """Rank of a match, smaller is better, and the former symbol it was found by."""
    if info.symbol == wanted:
        return 0, None
    former = {name for _, _, name in info.names if name != info.symbol}
    if wanted in former:
        return 1, wanted
    if info.isin == wanted:
        return 1, None
    if info.symbol.startswith(wanted):
        return 2, None
    name = (info.name or "").upper()
    if name.startswith(wanted):
        return 3, None
    if any(word.startswith(wanted) for word in name.split()):
        return 4, None
    begins = sorted(old for old in former if old.startswith(wanted))
    if begins:
        return 5, begins[0]
    if wanted in name or wanted in info.symbol:
        return 6, None
    return None


def _near_misses(wanted: str, infos: Iterable[InstrumentInfo]) -> Iterable[tuple[int, str, dict[str, Any]]]:
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    for info in infos:
        best = 0.0
        for candidate in (info.symbol, *(info.name or "").upper().split()):
            matcher.set_seq1(candidate)
            if matcher.real_quick_ratio() >= _SIMILAR and matcher.quick_ratio() >= _SIMILAR:
                best = max(best, matcher.ratio())
        if best >= _SIMILAR:
            yield 100 - round(best * 100), info.symbol, _hit(info, None)
