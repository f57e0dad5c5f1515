"""The lines of a portfolio's ledger: listed, added, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.database import Market
from app.exceptions import DataNotFoundError, ValidationError
from app.repositories.portfolios import LedgerRepository
from app.services.portfolios.ledgers import settle, stored
from app.services.portfolios.money import kept, money
from app.services.portfolios.names import Names
from app.services.portfolios.service import PortfolioService


class TransactionService:
    """Changes of a ledger; each is checked whole, and stays out whole where it cannot be."""

    def __init__(self, portfolios: PortfolioService) -> None:
        self._portfolios = portfolios

    def page(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        *,
        page: int,
        limit: int,
        symbol: str | None,
        kind: str | None,
        descending: bool,
    ) -> tuple[list[dict[str, Any]], int]:
        """Transactions by day, and how many there are; `symbol` may be any the share ever had."""
        self._portfolios.found(session, portfolio_id)
        names = self._portfolios.names(market, session)
        rows = LedgerRepository(session).rows([portfolio_id])
        names.resolve({row.instrument_key for row in rows if row.instrument_key is not None})
        if symbol is not None:
            wanted = names.need(symbol, None, "symbol")
            rows = [
                row for row in rows if wanted in {names.current(k) for k in (row.instrument_key, row.target_key) if k}
            ]
        if kind is not None:
            rows = [row for row in rows if row.kind == kind]
        ordered = rows[::-1] if descending else rows
        return [shown_row(row, names) for row in ordered[(page - 1) * limit : page * limit]], len(rows)

    def add(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        asked: Sequence[Mapping[str, Any]],
        version: int | None,
    ) -> list[dict[str, Any]]:
        """Enter transactions, all or none.

        Raises
        ------
        ValidationError : an unknown symbol, a day to come, a sale of more than is held.
        ConflictError : a stale version.
        """
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        names, today = self._portfolios.names(market, session), self._portfolios.today()
        rows = [stored(portfolio_id, one, names, today, f"transactions.{n}") for n, one in enumerate(asked)]
        repository = LedgerRepository(session)
        ids = repository.add(rows)
        settle(session, portfolio, names)
        return [self._one(session, portfolio_id, one, names) for one in ids]

    def change(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        transaction_id: int,
        asked: Mapping[str, Any],
        version: int,
    ) -> dict[str, Any]:
        """Put another transaction in the place of one; what a source knows it by stays."""
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        row = self._row(session, portfolio_id, transaction_id)
        names, today = self._portfolios.names(market, session), self._portfolios.today()
        values = stored(portfolio_id, asked, names, today, "transaction", source=row.source)
        del values["external_id"]
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
        settle(session, portfolio, names)
        return self._one(session, portfolio_id, transaction_id, names)

    def remove(
        self, market: Market, session: Session, portfolio_id: int, transaction_ids: Sequence[int], version: int | None
    ) -> None:
        """Take transactions out; what stands after them must still hold."""
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        for one in transaction_ids:
            self._row(session, portfolio_id, one)
        LedgerRepository(session).remove(transaction_ids)
        settle(session, portfolio, self._portfolios.names(market, session))

    def remove_share(
        self, market: Market, session: Session, portfolio_id: int, symbol: str, version: int | None
    ) -> int:
        """Take a share out of a portfolio with all its transactions; answers how many there were."""
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        names = self._portfolios.names(market, session)
        wanted = names.need(symbol, None, "symbol")
        repository = LedgerRepository(session)
        found = [
            row.id
            for row in repository.rows([portfolio_id])
            if row.instrument_key is not None and names.current(row.instrument_key) == wanted
        ]
        if not found:
            raise DataNotFoundError(f"{symbol} is not in this portfolio", "position", symbol)
        repository.remove(found)
        settle(session, portfolio, names)
        return len(found)

    @staticmethod
    def _row(session: Session, portfolio_id: int, transaction_id: int) -> Any:
        row = LedgerRepository(session).get(portfolio_id, transaction_id)
        if row is None:
            raise DataNotFoundError(
                f"Portfolio {portfolio_id} has no transaction {transaction_id}", "transaction", str(transaction_id)
            )
        return row

    def _one(self, session: Session, portfolio_id: int, transaction_id: int, names: Names) -> dict[str, Any]:
        return shown_row(self._row(session, portfolio_id, transaction_id), names)


def shown_row(row: Any, names: Names) -> dict[str, Any]:
    """A transaction as it is shown: the symbol as of its day."""
    session: date = row.session
    return {
        "id": row.id,
        "kind": row.kind,
        "date": session,
        "symbol": _symbol(row.instrument_key, row.symbol, session, names),
        "account": row.account,
        "quantity": row.quantity or None,
        "price": kept(row.price) if row.quantity else None,
        "value": money(row.price * row.quantity) if row.quantity else money(row.amount) if row.amount else None,
        "charges": kept(row.charges),
        "stt": kept(row.stt),
        "amount": kept(row.amount) if row.amount else None,
        "ratio": f"{row.ratio_new}:{row.ratio_old}" if row.ratio_new else None,
        "target_symbol": row.target_symbol,
        "cost_percent": float(row.cost_percent) if row.kind == "DEMERGER" else None,
        "acquired": row.acquired,
        "note": row.note,
        "source": row.source,
        "external_id": row.external_id,
        "created_at": row.created_at,
    }


def _symbol(key: str | None, written: str | None, session: date, names: Names) -> str | None:
    if key is None:
        return None
    info = names.info(key)
    return written if info is None else info.symbol_on(session)


def parse_ratio(text: str, field: str) -> tuple[int, int]:
    """`3:2` as (3, 2). Raises ValidationError."""
    new, colon, old = text.partition(":")
    if not colon or not new.strip().isdecimal() or not old.strip().isdecimal() or len(text) > 20:
        raise ValidationError(f"{field}: {text[:20]!a} is no ratio; write new:old, such as 2:1", field)
    return int(new), int(old)
