"""Portfolios of stocks: made, found, changed and taken away.

They live in the database of the market they hold shares of. A change locks its portfolio, checks the whole ledger and
counts the version; whoever changes what somebody else has changed since is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import Market
from app.engines import calendar
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import UserPortfolio
from app.repositories.portfolios import KEPT_FOR, LedgerRepository, PortfolioRepository
from app.services.panel import PanelService
from app.services.portfolios import shown
from app.services.portfolios.ledgers import ledger_of, settle, stored
from app.services.portfolios.marks import MarkBook
from app.services.portfolios.names import Names

_LONGEST = 200


class PortfolioService:
    """The portfolios of the owner. `clock` answers an aware instant; what is to come is measured from it."""

    def __init__(self, panels: PanelService, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._panels = panels
        self._clock = clock
        self.marks = MarkBook()

    def names(self, market: Market, session: Session) -> Names:
        """The shares of a market."""
        return Names(self._panels.current(market), session)

    def today(self) -> date:
        """The day it is in India."""
        return self._clock().astimezone(calendar.IST).date()

    def page(
        self,
        market: Market,
        session: Session,
        *,
        page: int,
        limit: int,
        sort_by: str,
        descending: bool,
        search: str | None,
        client: str | None,
        spark: int = 0,
    ) -> tuple[list[dict[str, Any]], int]:
        """Portfolios with their values at the last prices, and how many there are.

        With `spark`, also what the shares held now were worth over so many sessions, splits and bonuses undone.
        """
        repository = PortfolioRepository(session)
        names = self.names(market, session)
        marks = self.marks.on(names.panel, None)
        held = repository.held_keys()
        names.resolve(held)
        places = [marks.place.get(names.current(key)) for key in held]
        priced = [(key, n) for key, n in zip(held, places, strict=True) if n is not None and marks.close[n] > 0]
        at = [n for _, n in priced]
        previous = np.where(np.isnan(marks.previous[at]), marks.close[at], marks.previous[at])
        whole = [np.rint(prices * 10_000).astype(np.int64).tolist() for prices in (marks.close[at], previous)]
        values = ([key for key, _ in priced], *whole)
        rows, total = repository.page(
            values, page=page, limit=limit, sort_by=sort_by, descending=descending, search=search, client=client
        )
        lines = _sparks(repository, names, [row["id"] for row in rows], spark) if spark else {}
        return [{**shown.listed(row), "spark": lines.get(row["id"])} for row in rows], total

    def create(
        self,
        market: Market,
        session: Session,
        name: str,
        description: str | None,
        client: str | None,
        positions: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """A new portfolio whose ledger opens with these positions.

        Raises
        ------
        ConflictError : the name is taken.
        ValidationError : an unknown symbol, a day to come, or a position that cannot be.
        """
        names, today = self.names(market, session), self.today()
        portfolio = self._add(session, name, description, client)
        rows = [
            stored(portfolio.id, _opening(one, today), names, today, f"positions.{n}", source="position")
            for n, one in enumerate(positions)
        ]
        LedgerRepository(session).add(rows)
        if rows:
            settle(session, portfolio, names)
        return self.get(market, session, portfolio.id)

    def get(self, market: Market, session: Session, portfolio_id: int, asof: date | None = None) -> dict[str, Any]:
        """A portfolio with its positions, at the end of a day where one is given.

        Raises
        ------
        DataNotFoundError : there is none.
        ValidationError : a day to come.
        """
        portfolio = self.found(session, portfolio_id)
        if asof is not None and asof > self.today():
            raise ValidationError(f"asof: {asof} lies in the future; today is {self.today()}", "asof")
        names = self.names(market, session)
        ledger = ledger_of(session, portfolio_id, names, asof)
        marks = self.marks.on(names.panel, asof)
        return {**shown.header(portfolio), "asof": asof, **shown.valued(ledger, marks, names)}

    def edit(
        self, market: Market, session: Session, portfolio_id: int, version: int, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Rename, describe, or give to a client. Raises ConflictError where the name is taken or the version stale."""
        portfolio = self.locked(session, portfolio_id, version)
        if changes.get("name") is not None:
            name = _named(changes["name"])
            self._check_free(session, name, portfolio.id)
            portfolio.name = name
        for field in ("description", "client"):
            if field in changes:
                setattr(portfolio, field, (changes[field] or "").strip() or None)
        self.touch(session, portfolio)
        return self.get(market, session, portfolio_id)

    def delete(self, session: Session, portfolio_id: int, *, permanent: bool, version: int | None) -> None:
        """Take a portfolio away, for 30 days so that it can come back, or for good; deleted ones go for good too."""
        repository = PortfolioRepository(session)
        portfolio = repository.get(portfolio_id, lock=True)
        if portfolio is None or (portfolio.deleted_at is not None and not permanent):
            raise _unknown(portfolio_id)
        _check_version(portfolio, version)
        if permanent:
            repository.remove(portfolio)
        else:
            portfolio.deleted_at = self._clock()
            repository.touch(portfolio)

    def restore(self, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        """Bring back what was deleted in the last 30 days. Raises ConflictError where its name was given away."""
        repository = PortfolioRepository(session)
        portfolio = repository.get(portfolio_id, lock=True)
        if portfolio is None or (portfolio.deleted_at is not None and portfolio.deleted_at < self._clock() - KEPT_FOR):
            raise _unknown(portfolio_id)
        if portfolio.deleted_at is not None:
            self._check_free(session, portfolio.name, portfolio.id)
            portfolio.deleted_at = None
            self.touch(session, portfolio)
        return self.get(market, session, portfolio_id)

    def deleted(self, session: Session) -> list[dict[str, Any]]:
        """What can be restored, latest first, and until when."""
        found = PortfolioRepository(session).deleted(self._clock() - KEPT_FOR)
        return [
            {"id": one.id, "name": one.name, "deleted_at": one.deleted_at, "kept_until": one.deleted_at + KEPT_FOR}
            for one in found
            if one.deleted_at is not None
        ]

    def purge(self, session: Session) -> int:
        """Delete for good what nobody restored in time."""
        return PortfolioRepository(session).purge(self._clock())

    def duplicate(self, market: Market, session: Session, portfolio_id: int, name: str) -> dict[str, Any]:
        """A second portfolio with the same ledger."""
        original = self.found(session, portfolio_id)
        copy = self._add(session, name, original.description, original.client)
        self._copy(session, [original.id], copy.id, set())
        settle(session, copy, self.names(market, session))
        return self.get(market, session, copy.id)

    def merge(
        self, market: Market, session: Session, portfolio_id: int, others: Sequence[int], version: int | None
    ) -> dict[str, Any]:
        """Bring the ledgers of others into this one; the others are deleted, and can be restored as they were.

        What both know by the same trade id comes in once.
        """
        if portfolio_id in others:
            raise ValidationError("portfolio_ids: a portfolio cannot be merged into itself", "portfolio_ids")
        merged = sorted(set(others))
        for one in sorted({portfolio_id, *merged}):  # one order for all, so that two merges cannot wait for each other
            self.found(session, one, lock=True)
        portfolio = self.locked(session, portfolio_id, version)
        known = LedgerRepository(session).external_ids(portfolio_id)
        skipped = self._copy(session, merged, portfolio_id, known)
        settle(session, portfolio, self.names(market, session))
        for one in merged:
            self.delete(session, one, permanent=False, version=None)
        return {**self.get(market, session, portfolio_id), "skipped_duplicates": skipped}

    def clients(self, market: Market, session: Session) -> list[dict[str, Any]]:
        """Whose portfolios there are, with their number and what they are worth together."""
        rows, _ = self.page(
            market,
            session,
            page=1,
            limit=1_000_000,
            sort_by="name",
            descending=False,
            search=None,
            client=None,
        )
        out: dict[str | None, dict[str, Any]] = {}
        for row in rows:
            one = out.setdefault(row["client"], {"client": row["client"], "portfolios": 0, "unpriced": 0})
            one["portfolios"] += 1
            one["unpriced"] += row["unpriced"]
            for name in ("invested", "market_value", "day_change", "unrealised_pnl"):
                if row[name] is not None:
                    one[name] = one.get(name, Decimal(0)) + Decimal(row[name])
        blank = dict.fromkeys(("invested", "market_value", "day_change", "unrealised_pnl"))
        shown_rows = [
            {**blank, **{name: str(value) if isinstance(value, Decimal) else value for name, value in one.items()}}
            for one in out.values()
        ]
        return sorted(shown_rows, key=lambda one: (one["client"] is None, (one["client"] or "").lower()))

    def combined(self, market: Market, session: Session, client: str | None) -> dict[str, Any]:
        """What a client's portfolios hold together, share by share; None: all of them.

        Raises
        ------
        DataNotFoundError : a client without a portfolio.
        """
        rows, _ = self.page(
            market, session, page=1, limit=1_000_000, sort_by="name", descending=False, search=None, client=client
        )
        if client is not None and not rows:
            raise DataNotFoundError(f"No portfolio belongs to {client[:80]!a}", "client", client[:80])
        names = self.names(market, session)
        named = {row["id"]: row["name"] for row in rows}
        held = PortfolioRepository(session).held_by(list(named))
        return {"client": client, **shown.combined(held, named, self.marks.on(names.panel, None), names)}

    def find(self, session: Session, name_or_id: str) -> int:
        """The id of a portfolio by its name, else by its id. Raises DataNotFoundError."""
        named = PortfolioRepository(session).named(name_or_id.strip())
        if named:
            return named[0].id
        if name_or_id.isdecimal() and len(name_or_id) < 10:
            return self.found(session, int(name_or_id)).id
        raise DataNotFoundError(f"There is no portfolio {name_or_id}", "portfolio", name_or_id)

    def found(self, session: Session, portfolio_id: int, *, lock: bool = False) -> UserPortfolio:
        """A portfolio that is not deleted. Raises DataNotFoundError."""
        portfolio = PortfolioRepository(session).get(portfolio_id, lock=lock)
        if portfolio is None or portfolio.deleted_at is not None:
            raise _unknown(portfolio_id)
        return portfolio

    def locked(self, session: Session, portfolio_id: int, version: int | None) -> UserPortfolio:
        """A portfolio that nobody else changes meanwhile. Raises ConflictError where it changed since `version`."""
        portfolio = self.found(session, portfolio_id, lock=True)
        _check_version(portfolio, version)
        return portfolio

    def _add(self, session: Session, name: str, description: str | None, client: str | None) -> UserPortfolio:
        name = _named(name)
        self._check_free(session, name, None)
        try:
            return PortfolioRepository(session).add(
                name, (description or "").strip() or None, (client or "").strip() or None
            )
        except IntegrityError as error:  # two at once
            raise _taken(name) from error

    @staticmethod
    def touch(session: Session, portfolio: UserPortfolio) -> None:
        """Count a change. Raises ConflictError where another took its name meanwhile."""
        name = portfolio.name
        try:
            PortfolioRepository(session).touch(portfolio)
        except IntegrityError as error:
            raise _taken(name) from error

    @staticmethod
    def _check_free(session: Session, name: str, own: int | None) -> None:
        if any(one.id != own for one in PortfolioRepository(session).named(name)):
            raise _taken(name)

    @staticmethod
    def _copy(session: Session, sources: Sequence[int], target: int, known: set[str]) -> int:
        """Copy ledgers; answers how many lines were left out because the target knows them."""
        repository, rows, skipped = LedgerRepository(session), [], 0
        for row in repository.rows(sources):
            if row.external_id is not None and row.external_id in known:
                skipped += 1
                continue
            if row.external_id is not None:
                known.add(row.external_id)
            values = dict(row._mapping)
            del values["id"], values["created_at"]
            rows.append({**values, "portfolio_id": target})
        repository.add(rows)
        return skipped


def _sparks(repository: PortfolioRepository, names: Names, ids: Sequence[int], sessions: int) -> dict[int, list[float]]:
    """Values of the shares held now at the closes of the last sessions, in shares as they are counted now.

    A share that did not trade stands at its last close; sessions before the first close of any share are left out.
    """
    panel = names.panel
    last = len(panel.sessions)
    first = max(0, last - sessions)
    held = [(row.portfolio_id, names.current(row.instrument_key), row.quantity) for row in repository.held_by(ids)]
    keys = sorted({key for _, key, _ in held if key in panel.instruments})
    if not keys or first == last:
        return {}
    factor = panel.factors(keys, panel.sessions[first:last])
    close = panel.values(("close",), keys, first, last)["close"] * factor / factor[-1]
    at = np.maximum.accumulate(np.where(np.isnan(close), 0, np.arange(last - first)[:, None]), axis=0)
    close = np.take_along_axis(close, at, axis=0)
    place = {key: n for n, key in enumerate(keys)}
    out: dict[int, list[float]] = {}
    for portfolio_id in ids:
        mine = [(place[key], quantity) for owner, key, quantity in held if owner == portfolio_id and key in place]
        if mine:
            value = close[:, [n for n, _ in mine]] @ np.array([quantity for _, quantity in mine], dtype=np.float64)
            out[portfolio_id] = np.round(value[~np.isnan(value)], 2).tolist()
    return out


def _opening(position: Mapping[str, Any], today: date) -> dict[str, Any]:
    """A position of a request as a transaction: shares of an unknown day are there from today on."""
    entered = position.get("entry_date")
    return {
        "kind": "OPENING",
        "date": entered or today,
        "acquired": entered,
        "symbol": position["symbol"],
        "quantity": position["quantity"],
        "price": position["entry_price"],
    }


def _named(name: str) -> str:
    trimmed = " ".join(name.split())
    if not trimmed:
        raise ValidationError("name: expected a name", "name")
    if len(trimmed) > _LONGEST:
        raise ValidationError(f"name: {len(trimmed)} characters; at most {_LONGEST} are kept", "name")
    return trimmed


def _check_version(portfolio: UserPortfolio, version: int | None) -> None:
    if version is not None and version != portfolio.version:
        raise ConflictError(
            f"{portfolio.name} has changed since: this was version {version}, it is now {portfolio.version}; "
            "read it again, then decide",
            details={"version": portfolio.version, "stale": version},
        )


def _taken(name: str) -> ConflictError:
    return ConflictError(f"There is a portfolio {name} already; choose another name", details={"field": "name"})


def _unknown(portfolio_id: int) -> DataNotFoundError:
    return DataNotFoundError(f"Portfolio {portfolio_id} does not exist", "portfolio", str(portfolio_id))
