"""Corporate actions for people: what is listed, inferred, open or decided, and deciding it."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.calendar import IST
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import LOCAL_OWNER_ID
from app.repositories import action_decisions as repository
from app.repositories import files
from app.repositories.jobs import JobRepository
from app.services.action_reach import reach
from app.services.importing import decisions, dividends
from app.services.panel import PanelService

log = logging.getLogger(__name__)

STATUSES = ("QUARANTINED", "INFERRED", "LISTED", "ACCEPTED", "DISMISSED")
_IMPORT_WAIT_SECONDS = 3.0
LOWEST, HIGHEST = 1e-4, 1e4  # a factor beyond is a typing error


@dataclass(frozen=True)
class DecisionRequest:
    """What a person decides: `name` is a symbol of any time or an instrument key."""

    name: str
    session: date
    decision: Literal["ACCEPT", "CORRECT", "DISMISS"]
    factor: float | None = None
    reason: str | None = None
    kind: str | None = None  # what the action is, where the person says so


class ActionService:
    """Reads within the caller's transaction; a decision has one of its own and is in the panel when it returns."""

    def __init__(self, database: Database, panels: PanelService) -> None:
        self._database = database
        self._panels = panels

    def page(
        self,
        session: Session,
        *,
        page: int,
        limit: int,
        status: str | None,
        symbol: str | None,
        sort: str,
        descending: bool,
    ) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """A page of factors, open moves and dismissed ones; how many of each status the filtered list has.

        Raises
        ------
        DataNotFoundError : no stock has or had the symbol.
        """
        connection = session.connection()
        ids = None if symbol is None else self._called(connection, symbol)
        rows, counts = repository.entries(
            connection, page=page, limit=limit, status=status, instruments=ids, sort=sort, descending=descending
        )
        return [_entry(row) for row in rows], counts

    def history(
        self, session: Session, *, page: int, limit: int, symbol: str | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Every decision ever made, newest first, undone ones included, and how many there are."""
        connection = session.connection()
        ids = None if symbol is None else self._called(connection, symbol)
        rows, total = repository.history(connection, page=page, limit=limit, instruments=ids)
        return [_decision(row) for row in rows], total

    def of_stock(self, session: Session, symbol: str) -> dict[str, Any]:
        """All that is known of one stock's actions through every name it had: factors, moves, dividends, sources.

        Raises
        ------
        DataNotFoundError : no stock has or had the symbol.
        """
        connection = session.connection()
        instrument = repository.instrument(connection, self._called(connection, symbol)[0])
        names = repository.names(connection, instrument.id)
        rows, _ = repository.entries(
            connection, page=1, limit=10_000, status=None, instruments=[instrument.id], sort="session", descending=False
        )
        paid = repository.dividends_of(connection, instrument.id)
        companies = [instrument.name] if instrument.name else []
        lines = repository.listed_lines(connection, [row.symbol for row in names], companies)
        kept = [row for row in lines if row.symbol is None or _held(names, row.symbol, row.ex_date)]
        made, _ = repository.history(connection, page=1, limit=10_000, instruments=[instrument.id])
        return {
            "symbol": instrument.symbol,
            "name": instrument.name,
            "instrument_key": instrument.key,
            "names": [{"symbol": row.symbol, "first": row.valid_from, "last": row.valid_to} for row in names],
            "actions": [_entry(row) for row in rows],
            "dividends": [{key: row[key] for key in row if key != "instrument_id"} for row in paid],
            "sources": [
                {
                    **{name: getattr(row, name) for name in ("ex_date", "kind", "factor", "amount", "purpose")},
                    **{name: getattr(row, name) for name in ("source", "file", "line")},
                }
                for row in kept
            ],
            "decisions": [_decision(row) for row in made],
            "notices": reach(connection).told(instrument.first_session, instrument.last_session),
        }

    def decide(self, market: Market, asked: DecisionRequest, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Store a decision, work out the instrument again and bring the panel up to date.

        Raises
        ------
        DataNotFoundError : no such stock, or nothing on that session to decide on.
        ValidationError : a factor is missing, not wanted or impossible.
        ConflictError : a decision stands there already, an import is at work, or the key was used for another request.

        Of requests at the same moment one goes first; the others wait for it and see what it did.
        """
        request = orjson.dumps(["decide", market.value, asdict(asked)], option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(request).hexdigest()
        try:
            with self._database.transaction(Market.REAL) as control:
                repository.one_at_a_time(control.connection())
                jobs = JobRepository(control)
                known = None if idempotency_key is None else jobs.remembered(LOCAL_OWNER_ID, idempotency_key)
                if known is not None:
                    if known.request_hash != digest or "decision_id" not in known.body:
                        raise ConflictError("This Idempotency-Key was used for another request; use a new one")
                    with self._database.transaction(market) as session:
                        return self._told(session.connection(), known.body["decision_id"])
                if market is Market.REAL:
                    answer = self._decide(control.connection(), asked)
                else:
                    with self._database.transaction(market) as session:
                        answer = self._decide(session.connection(), asked)
                if idempotency_key is not None:
                    jobs.remember(LOCAL_OWNER_ID, idempotency_key, digest, 201, {"decision_id": answer["id"]})
        except IntegrityError as error:  # the key of another kind of request, at the same moment
            raise ConflictError("This Idempotency-Key was used for another request; use a new one") from error
        self._panels.refresh(market)
        return answer

    def undo(self, market: Market, decision_id: int) -> dict[str, Any]:
        """Take a decision back: what it replaced is there again. It stays in the history.

        Where files came after the decision, all that is derived is marked as due and worked out with the next import
        or start, since they may tell more than what the decision replaced.

        Raises
        ------
        DataNotFoundError : no such decision.
        ConflictError : it was undone before, or an import is at work.
        """
        with self._database.transaction(market) as session:
            connection = session.connection()
            _hold(connection)
            row = repository.get(connection, decision_id)
            if row is None:
                raise DataNotFoundError(f"There is no decision {decision_id}", "decision", str(decision_id))
            if not repository.mark_undone(connection, decision_id):
                raise ConflictError(f"Decision {decision_id} was undone already")
            if row.instrument_id is not None:
                self._restore(connection, row)
            answer = self._told(connection, decision_id)
        self._panels.refresh(market)
        return answer

    def _restore(self, connection: Connection, row: Any) -> None:
        before = dict(row.previous)
        now = repository.factor_at(connection, row.instrument_id, row.session)
        if now is not None and now["tier"] == decisions.ACCEPTED:  # refreshed whenever factors are worked out
            before["factor"] = now["evidence"]["previous"].get("factor")
        factor, jump = decisions.restored(before, row.instrument_id, row.session)
        repository.replace_session(connection, row.instrument_id, row.session, factor, jump)
        dividends.update_dividends_of(connection, row.instrument_id)
        files.bump_versions(connection, ["actions"])
        if repository.newest_file(connection) != before.get("newest_file"):
            files.mark_pending(connection)

    def _decide(self, connection: Connection, asked: DecisionRequest) -> dict[str, Any]:
        _hold(connection)
        ids = self._called(connection, asked.name)
        instrument, symbol = _traded(connection, ids, asked)
        standing = repository.standing_on(connection, instrument, asked.session)
        if standing is not None:
            raise ConflictError(
                f"Decision {standing.id} ({standing.decision}) stands on {symbol} {asked.session}; undo it first",
                details={"decision_id": standing.id},
            )
        factor_row = repository.factor_at(connection, instrument, asked.session)
        jump_row = repository.jump_at(connection, instrument, asked.session)
        if factor_row is None and jump_row is None and asked.decision != "CORRECT":
            raise DataNotFoundError(
                f"{symbol} has no factor and no open move on {asked.session}: there is nothing to "
                f"{asked.decision.lower()}. A factor of your own is set with CORRECT",
                "action",
                f"{symbol} {asked.session}",
            )
        previous: dict[str, Any] = {
            "factor": None if factor_row is None else decisions.factor_facts(factor_row),
            "jump": None if jump_row is None else decisions.jump_facts(jump_row),
            "newest_file": repository.newest_file(connection),
        }
        decision_id = repository.add(
            connection,
            {
                "instrument_key": repository.instrument(connection, instrument).key,
                "symbol": symbol,
                "session": asked.session,
                "decision": asked.decision,
                "factor": _factor(asked, factor_row, jump_row),
                "kind": _chosen_kind(asked),
                "reason": asked.reason,
                "previous": previous,
                "owner_id": LOCAL_OWNER_ID,
            },
        )
        made = decisions.decided(repository.get(connection, decision_id))
        factors, jumps = decisions.apply(
            [] if factor_row is None else [factor_row], [] if jump_row is None else [jump_row], [made]
        )
        repository.replace_session(
            connection, instrument, asked.session, factors[0] if factors else None, jumps[0] if jumps else None
        )
        dividends.update_dividends_of(connection, instrument)
        files.bump_versions(connection, ["actions"])
        return self._told(connection, decision_id)

    def _told(self, connection: Connection, decision_id: int) -> dict[str, Any]:
        return _decision(repository.get(connection, decision_id))

    def _called(self, connection: Connection, name: str) -> list[int]:
        ids = repository.instruments_called(connection, name.strip())
        if not ids:
            raise DataNotFoundError(f"No stock has or had the symbol {name}", "symbol", name)
        return ids


def _hold(connection: Connection) -> None:
    """Keep others who decide and imports out until the transaction ends; the import of a day is waited for."""
    repository.one_at_a_time(connection)
    deadline = time.monotonic() + _IMPORT_WAIT_SECONDS
    while not repository.refuse_imports_until_commit(connection):
        if time.monotonic() > deadline:
            began = repository.import_began(connection)
            since = "" if began is None else f" since {began.astimezone(IST):%H:%M:%S} IST"
            raise ConflictError(f"An import is at work on this database{since}; decide when it has ended")
        time.sleep(0.05)


def _traded(connection: Connection, ids: list[int], asked: DecisionRequest) -> tuple[int, str]:
    """Of the instruments of a name, the one that traded in the session, and its symbol then."""
    for instrument in ids:
        symbol = repository.symbol_on(connection, instrument, asked.session)
        if symbol is not None:
            return instrument, symbol
    raise DataNotFoundError(
        f"{asked.name} did not trade on {asked.session}: no price is stored", "session", asked.session.isoformat()
    )


def _factor(asked: DecisionRequest, factor_row: dict[str, Any] | None, jump_row: dict[str, Any] | None) -> float | None:
    """The factor a decision puts there; what was proposed or inferred where an ACCEPT names none."""
    if asked.decision == "DISMISS":
        if asked.factor is not None:
            raise ValidationError("DISMISS takes no factor: the move was an ordinary one", "factor")
        return None
    factor = asked.factor
    if factor is None and asked.decision == "ACCEPT":
        if factor_row is not None:
            factor = factor_row["factor"]
        elif jump_row is not None:
            factor = jump_row["proposed_factor"]
    if factor is None:
        raise ValidationError("No factor is proposed here: give one, as new shares for each old one", "factor")
    if not LOWEST <= factor <= HIGHEST or factor == 1.0:
        raise ValidationError(
            f"factor is {factor:g}, expected new shares for each old one between {LOWEST:g} and {HIGHEST:g}, not 1",
            "factor",
        )
    return factor


def _chosen_kind(asked: DecisionRequest) -> str | None:
    if asked.kind is not None and asked.decision == "DISMISS":
        raise ValidationError("DISMISS takes no kind: the move was an ordinary one", "kind")
    return asked.kind


def _held(names: list[Any], symbol: str, day: date) -> bool:
    """Whether a line about a symbol can be about the stock: nobody else is meant outside the span it had the symbol."""
    return any(
        row.symbol == symbol and (row.valid_to is None or day <= row.valid_to or row is names[-1]) for row in names
    )


def _entry(row: Any) -> dict[str, Any]:
    names = ("instrument_key", "symbol", "symbol_then", "session", "status", "factor", "proposed_factor")
    more = ("previous_close", "open", "close", "ratio", "purpose", "known_at", "evidence")
    made = None
    if row.decision_id is not None:
        made = {
            "id": row.decision_id,
            "decision": row.decision,
            "reason": row.reason,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at,
        }
    return {**{name: getattr(row, name) for name in (*names, *more)}, "decision": made}


def _decision(row: Any) -> dict[str, Any]:
    names = ("id", "instrument_key", "symbol", "session", "decision", "factor", "kind", "reason", "previous")
    times = ("decided_by", "decided_at", "undone_at")
    return {name: getattr(row, name) for name in (*names, *times)}
