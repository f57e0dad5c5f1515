"""What a portfolio earned over a period, explained: two kinds of return, a benchmark, and every rupee by its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.evidence import anatomy
from app.engines.ledger import ZERO, Ledger
from app.engines.performance import Holdings, NoRate, Source, holdings, same_money, sources, time_weighted, xirr
from app.engines.performance.series import opening_value
from app.exceptions import InsufficientDataError, ValidationError
from app.services.panel import Panel
from app.services.portfolios.held import Benchmarks
from app.services.portfolios.ledgers import ledger_of
from app.services.portfolios.money import money
from app.services.portfolios.names import Names
from app.services.portfolios.service import PortfolioService

_YEAR = 365.0
_STALE = np.timedelta64(7, "D")  # an index close is carried over so many days at most

EXPLAINED = {
    "time_weighted": "Each session's return on what was there, chained: money put in or taken out does not move it, so "
    "it can stand beside an index. Money put in counts from the session's beginning, taken out until its end.",
    "money_weighted": "The yearly rate at which all that was put in becomes what was taken out and is still "
    "there (XIRR, days over 365): it depends on when money went in, and tells what your rupees earned.",
    "same_money": "What the same rupees on the same days in the benchmark would be worth now.",
    "unfunded": "No deposits are entered, so a purchase is money put in and a sale money taken out. With deposits and "
    "withdrawals the cash between them counts too.",
    "funded": "Deposits and withdrawals are the money put in and taken out; cash in between earns nothing here.",
    "contribution": "By stock and sector stands what each added in rupees; together it is the whole gain. How much of "
    "the difference to the index comes from weights and how much from choice (Brinson) would need the weights of its "
    "members, which no file tells.",
    "price_index": "The benchmark is a price index: it leaves dividends out, which the portfolio's figures hold.",
}


class PerformanceService:
    """Performance of portfolios."""

    def __init__(self, portfolios: PortfolioService, benchmarks: Benchmarks) -> None:
        self._portfolios = portfolios
        self._benchmarks = benchmarks

    def report(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        *,
        start: date | None,
        end: date | None,
        benchmark: str | None,
    ) -> dict[str, Any]:
        """Returns, gains and their sources between two days; by default from the first entry to the last session.

        Raises
        ------
        DataNotFoundError : no such portfolio or index.
        ValidationError : days in the wrong order or to come.
        InsufficientDataError : no session to measure.
        """
        portfolio = self._portfolios.found(session, portfolio_id)
        today = self._portfolios.today()
        for name, day in (("start", start), ("end", end)):
            if day is not None and day > today:
                raise ValidationError(f"{name}: {day} lies in the future; today is {today}", name)
        if start is not None and end is not None and end < start:
            raise ValidationError(f"end: {end} lies before start {start}", "end")
        names = self._portfolios.names(market, session)
        ledger = ledger_of(session, portfolio_id, names)
        held, closes = _through_time(ledger, names, end)
        first = 0 if start is None else int(np.searchsorted(held.sessions, np.datetime64(start, "D")))
        if first >= len(held.sessions):
            raise InsufficientDataError("No session lies in this period", required=1, available=0)
        return {
            "id": portfolio.id,
            "name": portfolio.name,
            **self._measured(market, session, names, ledger, held, closes, first, benchmark),
        }

    def _measured(
        self,
        market: Market,
        session: Session,
        names: Names,
        ledger: Ledger,
        held: Holdings,
        closes: Mapping[str, Any],
        first: int,
        benchmark: str | None,
    ) -> dict[str, Any]:
        days = held.sessions[first:]
        value, flow = held.value, held.flow
        returns = time_weighted(value, flow)[first:]
        index = np.cumprod(1.0 + np.nan_to_num(returns))
        base = held.sessions[first - 1] if first else days[0] - np.timedelta64(1, "D")
        opening = float(value[first - 1]) if first else 0.0
        from_day = date.min if not first else base.astype(object) + timedelta(days=1)
        last = days[-1].astype(object)
        parts = _parts(ledger, held, closes, first, from_day, last)
        gain = sum((one.gain for one in parts), ZERO)
        total = float(index[-1]) - 1.0
        years = max((days[-1] - base).astype(int), 1) / _YEAR
        flows = [(base.astype(object), -opening)] if opening else []
        flows += [(day, -float(amount)) for day, amount in zip(days.tolist(), flow[first:], strict=True) if amount]
        rate, reason = _rate([*flows, (last, float(value[-1]))])
        index_id, levels = self._index(market, session, benchmark, base, days)
        beside = None if levels is None else levels[1:] / levels[0] - 1.0
        put_in = flow[first:]
        same = np.nan
        if levels is not None:
            same = same_money(np.concatenate([[opening], put_in]), levels)
        return {
            "start": days[0].astype(object),
            "end": last,
            "sessions": len(days),
            "funded": held.funded,
            "start_value": money(_decimal(opening)),
            "end_value": money(_decimal(float(value[-1]))),
            "put_in": money(_decimal(float(put_in[put_in > 0].sum()))),
            "taken_out": money(_decimal(float(-put_in[put_in < 0].sum()))),
            "gain": money(gain),
            "realised": money(sum((one.realised for one in parts), ZERO)),
            "unrealised": money(sum((one.unrealised for one in parts), ZERO)),
            "income": money(sum((one.income for one in parts), ZERO)),
            "charges": money(sum((one.charges for one in parts), ZERO)),
            "time_weighted": total,
            "time_weighted_yearly": (1.0 + total) ** (1.0 / years) - 1.0 if years >= 1.0 and total > -1.0 else None,
            "money_weighted": rate,
            "money_weighted_reason": reason,
            "benchmark": index_id,
            "benchmark_return": None if beside is None or np.isnan(beside[-1]) else float(beside[-1]),
            "same_money": None if np.isnan(same) else money(_decimal(same)),
            "stocks": [_stock(one, names, gain) for one in parts],
            "sectors": _sectors(parts, names, gain),
            "months": _calendar(base, days, index, value, flow, first, "M"),
            "years": _calendar(base, days, index, value, flow, first, "Y"),
            "dates": days.astype(object).tolist(),
            "values": np.round(value[first:], 2).tolist(),
            "money_in": np.round(opening + np.cumsum(put_in), 2).tolist(),
            "returns": (index - 1.0).tolist(),
            "benchmark_returns": None if beside is None else [None if np.isnan(x) else float(x) for x in beside],
            "explained": EXPLAINED,
            "notes": _notes(held, names, ledger),
        }

    def _index(
        self, market: Market, session: Session, name: str | None, base: Any, days: Any
    ) -> tuple[str, Any | None]:
        """Levels of an index at the base and at each day, [T + 1]; None where it has none at the base."""
        index, known, closes = self._benchmarks.closes(market, session, name)
        if not known.size:
            return index, None
        wanted = np.concatenate([[base], days])
        at = np.searchsorted(known, wanted, side="right") - 1
        levels = np.where(at >= 0, closes[np.maximum(at, 0)], np.nan)
        levels[(at >= 0) & (wanted - known[np.maximum(at, 0)] > _STALE)] = np.nan
        return index, None if np.isnan(levels[0]) else levels


def _through_time(ledger: Ledger, names: Names, end: date | None) -> tuple[Holdings, dict[str, Any]]:
    """The ledger on the market's sessions from its first entry on, and the closes it is priced at."""
    panel: Panel = names.panel
    days = [step.session for step in ledger.steps] + [one.session for one in ledger.payments]
    if not days:
        raise InsufficientDataError("The ledger is empty: there is nothing to measure", required=1, available=0)
    first, _, last = panel.window(min(days), end)
    if first >= last:
        raise InsufficientDataError(
            f"The ledger begins on {min(days)}, and no session is on file from then on: enter the days on which shares "
            "were bought, or import newer prices",
            required=1,
            available=0,
        )
    keys = sorted({step.instrument for step in ledger.steps})
    known = [key for key in keys if key in panel.instruments]
    values = panel.values(("close",), known, first, last)["close"]
    closes = {key: np.full(last - first, np.nan) for key in keys}
    closes |= {key: values[:, n] for n, key in enumerate(known)}
    return holdings(ledger, panel.sessions[first:last], closes), closes


def _parts(
    ledger: Ledger, held: Holdings, closes: Mapping[str, Any], first: int, from_day: date, last: date
) -> list[Source]:
    def values(t: int) -> dict[str, Decimal]:
        return {
            key: _decimal(float(held.price[t, n])) * int(held.quantity[t, n])
            for n, key in enumerate(held.instruments)
            if held.quantity[t, n]
        }

    came_in: dict[str, Decimal] = {}
    for one in ledger.openings:
        if from_day <= one.session <= last:
            t = int(np.searchsorted(held.sessions, np.datetime64(one.session, "D")))
            worth = one.cost
            if one.acquired != one.session:
                worth = _decimal(opening_value(one.quantity, float(one.cost), False, closes[one.instrument], t))
            came_in[one.instrument] = came_in.get(one.instrument, ZERO) + worth
    found = sources(ledger, values(first - 1) if first else {}, values(len(held.sessions) - 1), came_in, from_day, last)
    return [one for one in found if one.gain or one.start or one.end or one.paid or one.received]


def _rate(flows: Sequence[tuple[date, float]]) -> tuple[float | None, str | None]:
    try:
        return xirr(flows), None
    except NoRate as error:
        return None, str(error)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _stock(part: Source, names: Names, whole: Decimal) -> dict[str, Any]:
    info = None if part.instrument is None else names.info(part.instrument)
    symbol = "Charges of no share" if part.instrument is None else part.instrument if info is None else info.symbol
    return {
        "symbol": symbol,
        "company_name": None if info is None else info.name,
        "sector": None if info is None else info.sector,
        "start_value": money(part.start),
        "end_value": money(part.end),
        "gain": money(part.gain),
        "realised": money(part.realised),
        "unrealised": money(part.unrealised),
        "income": money(part.income),
        "charges": money(part.charges),
        "share_of_gain": None if not whole else float(part.gain / whole),
    }


def _sectors(parts: Sequence[Source], names: Names, whole: Decimal) -> list[dict[str, Any]]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        info = None if part.instrument is None else names.info(part.instrument)
        sector = "No share" if part.instrument is None else (info.sector if info is not None else None)
        sums[sector or "Unclassified"] = sums.get(sector or "Unclassified", ZERO) + part.gain
    return [
        {"sector": name, "gain": money(gain), "share_of_gain": None if not whole else float(gain / whole)}
        for name, gain in sorted(sums.items(), key=lambda one: (-one[1], one[0]))
    ]


def _calendar(base: Any, days: Any, index: Any, value: Any, flow: Any, first: int, unit: str) -> list[dict[str, Any]]:
    """Time-weighted return and rupees of each month or year; none where everything was lost."""
    if (index <= 0.0).any():
        return []
    equity = np.concatenate([[1.0], index])
    named = anatomy.months if unit == "M" else anatomy.years
    found = {(one.year, one.month): one for one in named(np.concatenate([[base], days]), equity)}
    before = value[first - 1] if first else 0.0
    gains = np.diff(value[first:], prepend=before) - flow[first:]
    earned: dict[tuple[int, int], float] = {}
    for day, amount in zip(days.tolist(), gains, strict=True):
        key = (day.year, day.month if unit == "M" else 0)
        earned[key] = earned.get(key, 0.0) + float(amount)
    return [
        {
            "year": key[0],
            "month": key[1] or None,
            "return": found[key].value if key in found else 0.0,
            "gain": money(_decimal(round(amount, 4))),
        }
        for key, amount in sorted(earned.items())
    ]


def _notes(held: Holdings, names: Names, ledger: Ledger) -> list[str]:
    explained = [EXPLAINED["funded" if held.funded else "unfunded"], EXPLAINED["contribution"]]
    out = [*(f"{note}." for note in ledger.notes), *explained]
    for n, key in enumerate(held.instruments):
        if held.at_cost[n]:
            info = names.info(key)
            symbol = key if info is None else info.symbol
            out.append(f"{symbol} had no price on {held.at_cost[n]} sessions and stands at its cost there.")
    return out
