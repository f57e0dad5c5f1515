"""One stock through time, as it was known on a day: indicators, delivery, company figures, what happened."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener.language import Expression
from app.engines.screener.language.evaluate import Evaluator
from app.engines.screener.language.kinds import UNKNOWN
from app.engines.screener.language.reads import crosses_section
from app.engines.screener.language.tree import Name
from app.exceptions import DataNotFoundError, ValidationError
from app.repositories import stocks
from app.services.fundamentals import LAG_NOTE, FundamentalsService, basis_note
from app.services.market import MarketService, back_adjusted
from app.services.panel import Panel, PanelService
from app.services.panel.panel import InstrumentInfo
from app.services.screener import ScreenerService
from app.services.screens.answers import column_card
from app.services.screens.service import SECONDS, Universe, deadline
from app.services.universe import find_instrument

F1 = NDArray[np.float64]

MOST_LINES: Final = 12
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FLAGS: Final = {
    "BAND_HIT_UP": "Reached its upper price band",
    "BAND_HIT_DOWN": "Reached its lower price band",
    "BAND": "Price band in force",
    "SURVEILLANCE": "Under surveillance",
    "DERIVATIVES": "Has derivatives",
    "SUSPENDED": "Suspended",
}


@dataclass(frozen=True)
class Stock:
    """A stock, and the sessions up to a day."""

    panel: Panel
    key: str
    info: InstrumentInfo
    asof: date  # the last session up to the day asked for
    last: int  # its number

    @property
    def symbols(self) -> list[str]:
        """Every symbol it went by up to the day."""
        return sorted({name for first, _, name in self.info.names if first <= self.asof} | {self.info.symbol})


class StockService:
    """Nothing here looks beyond the day asked for."""

    def __init__(
        self, panels: PanelService, fundamentals: FundamentalsService, screener: ScreenerService, bars: MarketService
    ) -> None:
        self._panels = panels
        self._fundamentals = fundamentals
        self._screener = screener
        self._bars = bars

    def find(self, market: Market, symbol: str, asof: date | None) -> Stock:
        """A stock by any symbol it ever had.

        Raises
        ------
        DataNotFoundError : no stock has or had that symbol, or there is no session on or before the day.
        """
        panel = self._panels.current(market)
        key = find_instrument(panel, symbol.strip().upper(), asof)
        if key is None:
            raise DataNotFoundError(f"No stock has or had the symbol {symbol}", "symbol", symbol)
        last = panel.window(None, asof)[2] - 1
        if last < 0:
            raise DataNotFoundError(
                f"No session on or before {asof}; the data begins on {panel.sessions[0]}", "session", str(asof)
            )
        return Stock(panel, key, panel.instruments[key], panel.sessions[last].astype(object), last)

    def lines(
        self,
        market: Market,
        session: Session,
        symbol: str,
        asof: date | None,
        q: str,
        adjust: Literal["price", "total", "none"] = "price",
    ) -> dict[str, Any]:
        """Expressions of the language on every bar of a stock, prices in the view asked for.

        Raises
        ------
        ValidationError : an expression is wrong, is a text, or there are too many of them.
        """
        found = self.find(market, symbol, asof)
        expressions = self._screener.screens.columns(market, session, q, "q")
        if len(expressions) > MOST_LINES:
            raise ValidationError(f"At most {MOST_LINES} lines are drawn, got {len(expressions)}", "q")
        for one in expressions:
            if one.kind.type == "text":
                raise ValidationError(f"{one.text} is a text, which has no line", "q")
        screens, panel = self._screener.screens, found.panel
        trees = [one.tree for one in expressions]
        whole = screens.frame(market, session, panel, trees, Universe())
        words = screens.vocabulary(market, session)
        own = np.flatnonzero(whole.columns == panel.keys.index(found.key))
        shown = own[whole.days[own] <= found.last]
        starts = np.flatnonzero(np.isin(own, whole.segments[:-1]))
        cut = whole.taken(own, np.unique(np.concatenate([[0], starts, [len(own)]])).astype(np.int64))
        alone = Evaluator(cut, words, deadline(SECONDS))
        split, paid = self._views(found)
        days = whole.days[shown]
        shares = np.ones(len(days)) if adjust == "none" else split[days]
        view = shares * paid[days] if adjust == "total" else shares
        close = alone.number(Name("close"))[: len(shown)]
        lines = []
        for one in expressions:
            across = crosses_section(one.tree, words)
            at = shown if across else np.arange(len(shown))
            of = Evaluator(whole, words, deadline(SECONDS)) if across else alone
            degree = one.kind.degree or 0
            scale = view if degree == 1 else 1.0 / shares if degree == -1 else None
            values, like = _values(of, one, at, scale), degree == 1 and _like_prices(of.number(one.tree)[at], close)
            lines.append(column_card(one) | {"on_price": like, "values": values})
        return {"symbol": found.info.symbol, "asof": found.asof, "adjust": adjust,
                "t": panel.sessions[days].tolist(), "lines": lines}  # fmt: skip

    def _views(self, found: Stock) -> tuple[F1, F1]:
        bars = found.panel.bars((found.key,), None, found.asof)
        return back_adjusted(bars.raw.close[:, 0], bars.factor[:, 0], bars.sessions, found.info.dividends)

    def delivery(self, market: Market, symbol: str, asof: date | None) -> dict[str, Any]:
        """Shares traded and those of them that were delivered by session; null where no file tells of delivery."""
        found = self.find(market, symbol, asof)
        values = found.panel.values(("volume", "delivery"), (found.key,), 0, found.last + 1)
        volume, delivered = values["volume"][:, 0], values["delivery"][:, 0]
        traded = np.flatnonzero(~np.isnan(volume))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(volume > 0.0, delivered / volume, np.nan)[traded]
        known = np.flatnonzero(~np.isnan(share))
        return {
            "symbol": found.info.symbol,
            "asof": found.asof,
            "t": found.panel.sessions[traded].tolist(),
            "volume": volume[traded].tolist(),
            "delivered": [None if one != one else one for one in delivered[traded].tolist()],
            "delivery_pct": [None if one != one else 100.0 * one for one in share.tolist()],
            "known_sessions": len(known),
            "note": None if len(known) else "No imported file tells how much of the trade was delivered.",
        }

    def figures(self, market: Market, session: Session, symbol: str, asof: date | None) -> dict[str, Any]:
        """Company figures by period as they were known at the end of a day, each with the day from which it was.

        Earnings a share and counts of shares are in the shares of that day, in all periods.
        """
        found = self.find(market, symbol, asof)
        day = found.asof if asof is None else asof
        table = self._fundamentals.table(market, session)
        known = table.frame.filter((pl.col("instrument_id") == found.info.id) & (pl.col("known_at") <= day))
        told_then = table.in_shares_of(known, day)
        frame = told_then.filter(pl.col("value").is_not_null())
        series: dict[tuple[str, str], dict[str, Any]] = {}
        lagged = 0
        # sorted by known_at within a period: what was known last stands
        for row in frame.iter_rows(named=True):
            key = (row["period_kind"], row["field"])
            one = series.setdefault(key, {"field": key[1], "period_kind": key[0], "unit": row["unit"], "points": {}})
            before = one["points"].get(row["period_end"])
            point = {name: row[name] for name in ("period_end", "value", "known_at", "source")}
            point["stated"] = row["known_at_basis"] == "FILE"
            other = before is not None and not math.isclose(before["value"], row["value"], rel_tol=1e-12)
            point["revised"] = other or (before is not None and before["revised"])
            one["points"][row["period_end"]] = point
        told = [{**one, "points": list(one["points"].values())} for _, one in sorted(series.items())]
        lagged = sum(not point["stated"] for one in told for point in one["points"])
        notes = [f"{LAG_NOTE}."] if lagged else []
        if uncounted := told_then.height - frame.height:
            notes.append(basis_note(uncounted))
        elif not told:
            notes.append("No file tells of this company's figures.")
        return {
            "symbol": found.info.symbol,
            "asof": day,
            "figures": told,
            "point_in_time": bool(told) and not lagged,
            "note": " ".join(notes) or None,
        }

    def events(self, market: Market, session: Session, symbol: str, asof: date | None) -> dict[str, Any]:
        """What happened up to a day, newest first: actions, moves nothing explains, alerts, flags, findings, names."""
        found = self.find(market, symbol, asof)
        connection = session.connection()
        bars = self._bars.bars(
            market, session, found.info.symbol, start=None, end=found.asof, adjust="none", limit=None
        )
        out = [
            _event("ACTION", action["ex_date"], action["purpose"], _action_note(action)) for action in bars["actions"]
        ]
        out += [_event("MOVE", day, "Move without a listed action", "Not adjusted") for day in bars["jumps"]]
        for row in stocks.screen_events_of(connection, found.symbols, found.asof):
            word = "Came into" if row.kind == "ENTERED" else "Left"
            out.append(_event("ALERT", row.session, f"{word} the screen {row.name}", None, screen=row.screen))
        for flag in self._fundamentals.flags(session, found.symbols, found.asof):
            out.append(_event("FLAG", flag["date"], _FLAGS.get(flag["flag"], flag["flag"]), _flag_note(flag)))
        for row in stocks.findings_of(connection, found.symbols):
            written = _DAY.search(row.subject)
            day = date.fromisoformat(written[0]) if written else None
            if day is None or day <= found.asof:
                out.append(_event("FINDING", day, row.message, f"{row.rule}, {row.severity}"))
        for first, _, name in found.info.names[1:]:
            if first <= found.asof:
                out.append(_event("NAME", first, f"Traded as {name} from here on", None))
        if bars["t"]:
            out.append(_event("FIRST", bars["t"][0], "First stored session", None))
        out.sort(key=lambda one: (one["day"] or date.min, one["kind"], one["text"]), reverse=True)
        return {"symbol": found.info.symbol, "asof": found.asof, "events": out}


def _values(of: Evaluator, one: Expression, at: NDArray[np.intp], scale: F1 | None) -> list[float | None]:
    if one.kind.type == "flag":
        flags = of.condition(one.tree)[at]
        return [None if flag == UNKNOWN else float(flag > UNKNOWN) for flag in flags.tolist()]
    numbers = of.number(one.tree)[at]
    if scale is not None:
        numbers = numbers * scale
    return [value if np.isfinite(value) else None for value in numbers.tolist()]


def _like_prices(values: F1, close: F1) -> bool:
    """Whether rupees lie where the prices do, as an average does, and not a range or a difference of averages."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = values / close
    known = ratio[np.isfinite(ratio)]
    return bool(len(known)) and 0.2 < float(np.median(known)) < 5.0


def _event(kind: str, day: date | None, text: str, note: str | None, screen: int | None = None) -> dict[str, Any]:
    return {"kind": kind, "day": day, "text": text, "note": note, "screen": screen}


def _action_note(action: dict[str, Any]) -> str | None:
    note = None
    if action["factor"] is not None:
        note = f"1 share became {action['factor']:.6g}"
    elif action["amount"] is not None:
        note = f"₹{action['amount']:g} a share"
    elif action["kind"] == "DIVIDEND":
        note = "Amount unknown"
    return note if action["tier"] == "LISTED" else f"{note}, {action['tier']}" if note else action["tier"]


def _flag_note(flag: dict[str, Any]) -> str | None:
    parts = [flag["detail"]] if flag["detail"] else []
    if flag["band_pct"] is not None:
        parts.append(f"{flag['band_pct']:g}%")
    if flag["lower_limit"] is not None and flag["upper_limit"] is not None:
        parts.append(f"₹{flag['lower_limit']:.2f} to ₹{flag['upper_limit']:.2f}")
    return ", ".join(parts) or None
