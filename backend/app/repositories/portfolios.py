"""Portfolios of stocks: their rows, their ledgers, and lists with values; never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from app.models import LOCAL_OWNER_ID, InstrumentAlias, PortfolioPosition, PortfolioTransaction, UserPortfolio
from app.models.instruments import Instrument, InstrumentIsin

KEPT_FOR = timedelta(days=30)  # what was deleted can be restored so long

ENTRY_COLUMNS = (
    "id", "kind", "session", "instrument_key", "account", "quantity", "price", "charges", "stt", "amount", "ratio_new",
    "ratio_old", "target_key", "cost_percent", "acquired",
)  # fmt: skip

SORTS = {
    "name": "lower(p.name)",
    "created_at": "p.created_at",
    "updated_at": "p.updated_at",
    "num_positions": "num_positions",
    "invested": "invested",
    "market_value": "market_value",
    "day_change": "day_change",
    "day_change_pct": "day_change / nullif(market_value - day_change, 0)",
    "unrealised_pnl": "unrealised_pnl",
}

# Prices in ten-thousandths of a rupee: whole numbers are exact, and several times as quick as numerics.
_LIST = """
WITH marks AS MATERIALIZED (
  SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:closes AS int8[]), CAST(:previous AS int8[]))
  AS m(key, close, previous)
), valued AS (
  SELECT q.portfolio_id, count(*) AS num_positions,
    sum(coalesce(q.invested, q.quantity * q.entry_price)) AS invested,
    sum(q.quantity * m.close) / 10000 AS market_value,
    sum(q.quantity * (m.close - m.previous)) / 10000 AS day_change,
    sum(coalesce(q.invested, q.quantity * q.entry_price)) FILTER (WHERE m.close IS NOT NULL) AS priced_cost,
    count(*) FILTER (WHERE m.close IS NULL) AS unpriced
  FROM portfolio_positions q LEFT JOIN marks m ON m.key = q.instrument_key GROUP BY q.portfolio_id
)
SELECT p.id, p.name, p.description, p.client, p.version, p.created_at, p.updated_at,
  coalesce(v.num_positions, 0) AS num_positions, coalesce(v.invested, 0) AS invested,
  CASE WHEN v.num_positions IS NULL THEN 0 ELSE v.market_value END AS market_value,
  CASE WHEN v.num_positions IS NULL THEN 0 ELSE v.day_change END AS day_change,
  CASE WHEN v.num_positions IS NULL THEN 0 ELSE v.market_value - v.priced_cost END AS unrealised_pnl,
  coalesce(v.unpriced, 0) AS unpriced, count(*) OVER () AS total
FROM user_portfolios p LEFT JOIN valued v ON v.portfolio_id = p.id
WHERE p.owner_id = :owner AND p.deleted_at IS NULL
  AND (CAST(:search AS text) IS NULL OR p.name ILIKE :search OR p.description ILIKE :search OR p.client ILIKE :search)
  AND (CAST(:client AS text) IS NULL OR p.client = :client)
"""


class PortfolioRepository:
    """Rows of `user_portfolios` and what hangs on them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, portfolio_id: int, *, lock: bool = False) -> UserPortfolio | None:
        """A portfolio, deleted ones included; `lock` lets no other change it until the transaction ends."""
        return self._session.get(UserPortfolio, portfolio_id, with_for_update=lock or None, populate_existing=lock)

    def named(self, name: str) -> list[UserPortfolio]:
        """The portfolio of a name, whatever its capitals; deleted ones left out."""
        query = select(UserPortfolio).where(
            UserPortfolio.owner_id == LOCAL_OWNER_ID,
            func.lower(UserPortfolio.name) == func.lower(name),
            UserPortfolio.deleted_at.is_(None),
        )
        return list(self._session.scalars(query))

    def add(self, name: str, description: str | None, client: str | None) -> UserPortfolio:
        """A new portfolio. Raises IntegrityError where the name is taken."""
        portfolio = UserPortfolio(name=name, description=description, client=client)
        self._session.add(portfolio)
        self._session.flush()
        self._session.refresh(portfolio)
        return portfolio

    def touch(self, portfolio: UserPortfolio) -> None:
        """Count a change."""
        portfolio.version += 1
        portfolio.updated_at = func.now()
        self._session.flush()
        self._session.refresh(portfolio)

    def remove(self, portfolio: UserPortfolio) -> None:
        """Delete for good; its ledger and positions go with it."""
        self._session.execute(delete(UserPortfolio).where(UserPortfolio.id == portfolio.id))
        self._session.expunge(portfolio)

    def purge(self, now: datetime) -> int:
        """Delete for good what was deleted more than `KEPT_FOR` ago; answers how many."""
        old = delete(UserPortfolio).where(UserPortfolio.deleted_at < now - KEPT_FOR).returning(UserPortfolio.id)
        return len(self._session.execute(old).all())

    def deleted(self, since: datetime) -> list[UserPortfolio]:
        """What can be restored: deleted after an instant, latest first."""
        query = (
            select(UserPortfolio)
            .where(UserPortfolio.owner_id == LOCAL_OWNER_ID, UserPortfolio.deleted_at >= since)
            .order_by(UserPortfolio.deleted_at.desc())
        )
        return list(self._session.scalars(query))

    def page(
        self,
        marks: tuple[Sequence[str], Sequence[int], Sequence[int]],
        *,
        page: int,
        limit: int,
        sort_by: str,
        descending: bool,
        search: str | None,
        client: str | None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Portfolios with their values, and how many there are; `marks` are keys, closes and those before.

        Prices are in ten-thousandths of a rupee.
        """
        order = f"{SORTS[sort_by]} {'DESC' if descending else 'ASC'} NULLS LAST, p.id"
        bounds = {
            "keys": list(marks[0]),
            "closes": list(marks[1]),
            "previous": list(marks[2]),
            "owner": LOCAL_OWNER_ID,
            "search": None if search is None else f"%{_escaped(search)}%",
            "client": client,
            "limit": limit,
            "offset": (page - 1) * limit,
        }
        query = f"SELECT * FROM ({_LIST}) p ORDER BY {order} LIMIT :limit OFFSET :offset"
        rows = [dict(row._mapping) for row in self._session.execute(text(query), bounds)]
        if rows or page == 1:
            return rows, rows[0]["total"] if rows else 0
        count = text(f"SELECT count(*) FROM ({_LIST}) p")
        return [], self._session.execute(count, bounds).scalar_one()

    def held_by(self, portfolio_ids: Sequence[int]) -> list[Any]:
        """The positions of some portfolios: portfolio_id, instrument_key, quantity, invested."""
        query = select(
            PortfolioPosition.portfolio_id,
            PortfolioPosition.instrument_key,
            PortfolioPosition.quantity,
            func.coalesce(PortfolioPosition.invested, PortfolioPosition.quantity * PortfolioPosition.entry_price).label(
                "invested"
            ),
        ).where(PortfolioPosition.portfolio_id.in_(portfolio_ids), PortfolioPosition.instrument_key.is_not(None))
        return list(self._session.execute(query))

    def held_keys(self) -> list[str]:
        """The instruments that any portfolio holds, as their positions have them."""
        query = select(PortfolioPosition.instrument_key).where(PortfolioPosition.instrument_key.is_not(None)).distinct()
        return [key for key in self._session.scalars(query) if key is not None]

    def current_keys(self, keys: Iterable[str]) -> dict[str, str]:
        """Of keys an instrument had before older history was loaded, the one it has now."""
        query = (
            select(InstrumentAlias.old_key, Instrument.key)
            .join(Instrument, Instrument.id == InstrumentAlias.instrument_id)
            .where(InstrumentAlias.old_key.in_(list(keys)))
        )
        return {row[0]: row[1] for row in self._session.execute(query)}

    def isins(self) -> dict[str, str]:
        """The key of the instrument that had an ISIN, the latest one where several had it."""
        query = (
            select(InstrumentIsin.isin, Instrument.key)
            .join(Instrument, Instrument.id == InstrumentIsin.instrument_id)
            .order_by(InstrumentIsin.valid_from)
        )
        return {row[0]: row[1] for row in self._session.execute(query)}


class LedgerRepository:
    """Rows of `portfolio_transactions` and the positions derived from them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, portfolio_ids: Sequence[int]) -> list[Any]:
        """Every transaction of some portfolios, by day and id: plain rows, all columns."""
        return self._ordered(portfolio_ids, *PortfolioTransaction.__table__.c)

    def entries(self, portfolio_id: int) -> list[Any]:
        """What a ledger is worked out from, by day and id; no more columns, for ledgers of many thousands."""
        columns = PortfolioTransaction.__table__.c
        return self._ordered([portfolio_id], *(columns[name] for name in ENTRY_COLUMNS))

    def _ordered(self, portfolio_ids: Sequence[int], *columns: Any) -> list[Any]:
        table = PortfolioTransaction.__table__.c
        query = (
            select(*columns)
            .where(table.portfolio_id.in_(portfolio_ids))
            .order_by(table.portfolio_id, table.session, table.id)
        )
        return list(self._session.execute(query))

    def get(self, portfolio_id: int, transaction_id: int) -> PortfolioTransaction | None:
        """A transaction of a portfolio."""
        query = select(PortfolioTransaction).where(
            PortfolioTransaction.portfolio_id == portfolio_id, PortfolioTransaction.id == transaction_id
        )
        return self._session.scalars(query).one_or_none()

    def external_ids(self, portfolio_id: int) -> set[str]:
        """What sources know the portfolio's transactions by."""
        query = select(PortfolioTransaction.external_id).where(
            PortfolioTransaction.portfolio_id == portfolio_id, PortfolioTransaction.external_id.is_not(None)
        )
        return {one for one in self._session.scalars(query) if one is not None}

    def add(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """New transactions, in order; answers their ids."""
        if not rows:
            return []
        query = insert(PortfolioTransaction).returning(PortfolioTransaction.id, sort_by_parameter_order=True)
        return list(self._session.scalars(query, list(rows)))

    def remove(self, transaction_ids: Sequence[int]) -> None:
        """Delete transactions."""
        self._session.execute(delete(PortfolioTransaction).where(PortfolioTransaction.id.in_(transaction_ids)))

    def replace_positions(self, portfolio_id: int, rows: Sequence[tuple[str, str, int, Decimal, Decimal]]) -> None:
        """The positions of a portfolio: (instrument key, symbol, quantity, average price, invested)."""
        self._session.execute(delete(PortfolioPosition).where(PortfolioPosition.portfolio_id == portfolio_id))
        if rows:
            names = ("instrument_key", "symbol", "quantity", "entry_price", "invested")
            values = [{"portfolio_id": portfolio_id, **dict(zip(names, row, strict=True))} for row in rows]
            self._session.execute(insert(PortfolioPosition), values)


def _escaped(search: str) -> str:
    """A text that ILIKE takes as it stands."""
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
