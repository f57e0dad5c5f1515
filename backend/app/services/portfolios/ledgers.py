"""Ledgers as they are stored: rows into entries, changes checked whole, positions written anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.engines.ledger import ACTIONS, Entry, Kind, Ledger, LedgerError, Position, check, fold, positions
from app.exceptions import ValidationError
from app.models import UserPortfolio
from app.repositories.portfolios import LedgerRepository, PortfolioRepository
from app.services.portfolios.names import Names
from app.services.portfolios.unapplied import unapplied

_PRICE = Decimal("0.0001")
_KINDS = {kind.value: kind for kind in Kind}
MOST_TRANSACTIONS = 200_000  # of one portfolio


def entries_of(rows: Iterable[Any], names: Names, until: date | None = None) -> list[Entry]:
    """Stored transactions as entries, instruments by the key they have now; up to a day where one is given.

    The rows have `ENTRY_COLUMNS` in this order.
    """
    kept = list(rows) if until is None else [row for row in rows if row.session <= until]
    keys = {row[3] for row in kept} | {row[12] for row in kept}
    names.resolve(key for key in keys if key is not None)
    now = {key: None if key is None else names.current(key) for key in keys}
    return [
        Entry(id_, _KINDS[kind], day, now[key], account, quantity, price, charges, stt, amount, new, old, now[target],
              percent, acquired)
        for (id_, kind, day, key, account, quantity, price, charges, stt, amount, new, old, target, percent,
             acquired) in kept
    ]  # fmt: skip


class _NewRow(NamedTuple):
    """A row that is not in the database yet, as `ENTRY_COLUMNS`."""

    id: int
    kind: str
    session: date
    instrument_key: str | None
    account: str
    quantity: int
    price: Decimal
    charges: Decimal
    stt: Decimal
    amount: Decimal
    ratio_new: int
    ratio_old: int
    target_key: str | None
    cost_percent: Decimal
    acquired: date | None


def entry_rows(rows: Sequence[Mapping[str, Any]], first_id: int) -> list[Any]:
    """Rows that are not stored yet, in the shape of stored ones; ids count from `first_id`."""
    names = _NewRow._fields[1:]
    return [_NewRow(first_id + n, *(row[name] for name in names)) for n, row in enumerate(rows)]


def ledger_of(session: Session, portfolio_id: int, names: Names, until: date | None = None) -> Ledger:
    """What a portfolio's ledger adds up to, at the end of a day where one is given.

    Its notes begin with the splits, bonuses and demergers that it lacks.
    """
    entries = entries_of(LedgerRepository(session).entries(portfolio_id), names, until)
    ledger = fold(entries)
    portfolio = PortfolioRepository(session).get(portfolio_id)
    dismissed = () if portfolio is None else portfolio.dismissed
    ledger.notes[:0] = unapplied(ledger, entries, dismissed, names, until or date.max)
    return ledger


def settle(session: Session, portfolio: UserPortfolio, names: Names) -> None:
    """After a change: check the whole ledger, write the positions anew, count the change.

    Raises
    ------
    ValidationError : the ledger does not hold together; nothing of the change stays.
    """
    repository = LedgerRepository(session)
    rows = repository.entries(portfolio.id)
    if len(rows) > MOST_TRANSACTIONS:
        raise ValidationError(f"A portfolio has at most {MOST_TRANSACTIONS} transactions; this would be {len(rows)}")
    try:
        ledger = fold(entries_of(rows, names))
    except LedgerError as error:
        raise refused(error, names) from error
    held = sorted((one for one in positions(ledger).values() if one.quantity), key=lambda one: one.instrument)
    repository.replace_positions(portfolio.id, [_row(one, names) for one in held])
    PortfolioRepository(session).touch(portfolio)


def refused(error: LedgerError, names: Names, place: str | None = None) -> ValidationError:
    """A ledger's refusal in words for people: the symbol in front, the numbers in the details."""
    entry = error.entry
    info = None if entry.instrument is None else names.info(entry.instrument)
    symbol = info.symbol_on(entry.session) if info is not None else None
    field = error.field if place is None else f"{place}.{error.field}"
    told = f"{symbol}: {error.message}" if symbol else error.message
    details: dict[str, Any] = {**error.facts, "date": entry.session.isoformat(), "kind": entry.kind.value}
    if symbol:
        details["symbol"] = symbol
    return ValidationError(told, field, details=details)


def _row(position: Position, names: Names) -> tuple[str, str, int, Decimal, Decimal]:
    info = names.info(position.instrument)
    symbol = info.symbol if info is not None else position.instrument
    return position.instrument, symbol, position.quantity, position.average.quantize(_PRICE), position.cost


def stored(
    portfolio_id: int, asked: Mapping[str, Any], names: Names, today: date, place: str, *, source: str = "manual"
) -> dict[str, Any]:
    """A transaction as a request gives it, as the row it becomes; `place` is where in the request it stands.

    Raises
    ------
    ValidationError : an unknown symbol, a day to come, or a field that is wrong for the kind.
    """
    kind = Kind(asked["kind"])
    session: date = asked["date"]
    if session > today:
        raise ValidationError(
            f"{place}.date: {session} lies in the future; today is {today}", f"{place}.date", details={"today": today}
        )
    symbol, target = asked.get("symbol"), asked.get("target_symbol")
    row = {
        "portfolio_id": portfolio_id,
        "kind": kind.value,
        "session": session,
        "symbol": None if symbol is None else symbol.strip().upper(),
        "instrument_key": None if not symbol else names.need(symbol, session, f"{place}.symbol", asked.get("isin")),
        "target_symbol": None if target is None else target.strip().upper(),
        # the share that a demerger gives may be listed weeks later: its symbol is looked up at any date
        "target_key": None if not target else names.need(target, None, f"{place}.target_symbol"),
        "account": (asked.get("account") or "").strip(),
        "quantity": asked.get("quantity") or 0,
        "ratio_new": asked.get("ratio_new") or 0,
        "ratio_old": asked.get("ratio_old") or 0,
        "acquired": asked.get("acquired"),
        "note": asked.get("note"),
        "external_id": asked.get("external_id"),
        "source": source,
    }
    for name in ("price", "charges", "stt", "amount", "cost_percent"):
        row[name] = asked.get(name) or Decimal(0)
    unused = [name for name in _UNUSED[kind] if row[name]]
    if unused:
        raise ValidationError(f"{place}.{unused[0]}: a {kind} has none", f"{place}.{unused[0]}")
    try:
        check_row(row)
    except LedgerError as error:
        raise refused(error, names, place) from error
    return row


def check_row(row: Mapping[str, Any]) -> None:
    """Check a row by itself. Raises LedgerError."""
    check(
        Entry(
            id=0,
            kind=Kind(row["kind"]),
            session=row["session"],
            instrument=row["instrument_key"],
            quantity=row["quantity"],
            price=row["price"],
            charges=row["charges"],
            stt=row["stt"],
            amount=row["amount"],
            new=row["ratio_new"],
            old=row["ratio_old"],
            target=row["target_key"],
            cost_percent=row["cost_percent"],
            acquired=row["acquired"],
        )
    )


_TRADE = ("amount", "ratio_new", "ratio_old", "target_symbol", "cost_percent")
_MONEY = ("quantity", "price", "charges", "stt", "ratio_new", "ratio_old", "target_symbol", "cost_percent", "acquired")
_ACTION = ("quantity", "price", "charges", "stt", "amount", "acquired")
_UNUSED: dict[Kind, Sequence[str]] = {
    **dict.fromkeys((Kind.DIVIDEND, Kind.CHARGES, Kind.DEPOSIT, Kind.WITHDRAWAL), _MONEY),
    **dict.fromkeys((Kind.BUY, Kind.SELL, Kind.RIGHTS), (*_TRADE, "acquired")),
    **dict.fromkeys(ACTIONS, _ACTION),
    Kind.OPENING: _TRADE,
}
