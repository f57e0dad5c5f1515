"""A portfolio as it is shown: its positions at the last prices, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.engines.ledger import ZERO, Kind, Ledger, Position, positions
from app.models import UserPortfolio
from app.services.portfolios.marks import Mark, Marks
from app.services.portfolios.money import money, percent, price
from app.services.portfolios.names import Names


def header(portfolio: UserPortfolio) -> dict[str, Any]:
    """What a portfolio is called, and how often it changed."""
    return {
        name: getattr(portfolio, name)
        for name in ("id", "name", "description", "client", "version", "created_at", "updated_at")
    }


def listed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the list."""
    value, change = row["market_value"], row["day_change"]
    return {
        **{name: row[name] for name in ("id", "name", "description", "client", "version", "created_at", "updated_at")},
        "num_positions": row["num_positions"],
        "unpriced": row["unpriced"],
        "invested": money(row["invested"]),
        "market_value": money(value),
        "day_change": money(change),
        "day_change_pct": None if change is None else percent(change, value - change),
        "unrealised_pnl": money(row["unrealised_pnl"]),
    }


def valued(ledger: Ledger, marks: Marks, names: Names) -> dict[str, Any]:
    """Positions and totals, at the prices of `marks`."""
    every = list(positions(ledger).values())
    held, closed = [one for one in every if one.quantity], [one for one in every if not one.quantity]
    found, shown = _together(held, marks, names)
    realised, income, charges = earned(ledger)
    funded = any(one.kind in {Kind.DEPOSIT, Kind.WITHDRAWAL} for one in ledger.payments)
    return {
        **found,
        "realised_pnl": money(realised),
        "income": money(income),
        "charges": money(charges),
        "cash": money(ledger.cash()) if funded else None,
        "positions": shown,
        "closed": sorted((_closed(one, names) for one in closed), key=lambda row: str(row["symbol"])),
        "notes": ledger.notes,
    }


def combined(rows: Sequence[Any], named: Mapping[int, str], marks: Marks, names: Names) -> dict[str, Any]:
    """The positions of several portfolios share by share, each with the portfolios that hold it, and their totals.

    Parameters
    ----------
    rows : portfolio_id, instrument_key, quantity, invested of each position
    named : the portfolios' names by id
    """
    names.resolve({row.instrument_key for row in rows})
    merged: dict[str, Position] = {}
    holders: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        key = names.current(row.instrument_key)
        one = merged.setdefault(key, Position(key))
        one.quantity += row.quantity
        one.cost += row.invested
        holder = {"id": row.portfolio_id, "name": named[row.portfolio_id], "quantity": row.quantity}
        holders.setdefault(key, []).append(holder)
    found, shown = _together(list(merged.values()), marks, names)
    for one_shown in shown:
        one_shown["portfolios"] = sorted(
            holders[one_shown["instrument"]], key=lambda one: (-one["quantity"], one["id"])
        )
    return {**found, "portfolios": len(named), "positions": shown}


def _together(held: Sequence[Position], marks: Marks, names: Names) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What positions add up to, and each at its price."""
    prices = {one.instrument: marks.of(names.current(one.instrument)) for one in held}
    values = {key: mark.close for key, mark in prices.items() if mark is not None}
    whole = sum((values[one.instrument] * one.quantity for one in held if one.instrument in values), ZERO)
    shown = [_position(one, prices[one.instrument], whole, names) for one in held]
    shown.sort(key=lambda row: (row["symbol"], row["instrument"]))
    priced = [one for one in held if one.instrument in values]
    change = [_day_change(one, prices[one.instrument]) for one in priced]
    day = None if held and not priced else sum((one for one in change if one is not None), ZERO)
    value = None if held and not priced else whole
    gain = None if held and not priced else whole - sum((one.cost for one in priced), ZERO)
    found = {
        "priced_on": marks.session,
        "num_positions": len(held),
        "unpriced": len(held) - len(priced),
        "invested": money(sum((one.cost for one in held), ZERO)),
        "market_value": money(value),
        "unrealised_pnl": money(gain),
        "unrealised_pnl_pct": percent(gain, sum((one.cost for one in priced), ZERO)),
        "day_change": money(day),
        "day_change_pct": percent(day, None if value is None or day is None else value - day),
    }
    return found, shown


def earned(ledger: Ledger) -> tuple[Decimal, Decimal, Decimal]:
    """Realised gains before charges, income, and all charges ever paid."""
    realised = sum((one.gain for one in ledger.realised), ZERO)
    income = sum((one.amount for one in ledger.payments if one.kind is Kind.DIVIDEND), ZERO)
    charges = sum((one.charges + one.stt for one in ledger.realised), ZERO)
    charges += sum((one.charges + one.stt for one in ledger.lots), ZERO)
    charges -= sum((one.amount for one in ledger.payments if one.kind is Kind.CHARGES), ZERO)
    return realised, income, charges


def _day_change(position: Position, mark: Mark | None) -> Decimal | None:
    if mark is None or mark.previous is None:
        return None
    return (mark.close - mark.previous) * position.quantity


def _position(position: Position, mark: Mark | None, whole: Decimal, names: Names) -> dict[str, Any]:
    info = names.info(position.instrument)
    value = None if mark is None else mark.close * position.quantity
    gain = None if value is None else value - position.cost
    change = _day_change(position, mark)
    since: date | None = position.since
    return {
        "instrument": position.instrument,
        "symbol": position.instrument if info is None else info.symbol,
        "company_name": None if info is None else info.name,
        "sector": None if info is None else info.sector,
        "isin": None if info is None else info.isin,
        "quantity": position.quantity,
        "entry_price": price(position.average),
        "invested_value": money(position.cost),
        "ltp": None if mark is None else float(mark.close),
        "priced_on": None if mark is None else mark.session,
        "stale": mark is not None and not mark.current,
        "market_value": money(value),
        "unrealised_pnl": money(gain),
        "unrealised_pnl_pct": percent(gain, position.cost),
        "day_change": money(change),
        "day_change_pct": percent(change, None if value is None or change is None else value - change),
        "allocation_pct": percent(value, whole),
        "lots": position.lots,
        "held_since": since,
        "realised_pnl": money(position.realised),
        "income": money(position.income),
        "charges": money(position.charges),
    }


def _closed(position: Position, names: Names) -> dict[str, Any]:
    info = names.info(position.instrument)
    return {
        "instrument": position.instrument,
        "symbol": position.instrument if info is None else info.symbol,
        "company_name": None if info is None else info.name,
        "realised_pnl": money(position.realised),
        "income": money(position.income),
        "charges": money(position.charges),
    }
