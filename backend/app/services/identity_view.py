"""Symbols that are one security though no list says so: what was inferred, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.repositories import files, findings, identity_decisions
from app.services.importing import derive
from app.services.importing.findings import Rule
from app.services.importing.run import locked
from app.services.panel import PanelService

Progress = Callable[[float, str], None]


class IdentityService:
    """Reads within the caller's transaction; a decision has its own, and all that is derived follows it."""

    def __init__(self, database: Database, panels: PanelService) -> None:
        self._database = database
        self._panels = panels

    def told(self, session: Session) -> dict[str, Any]:
        """Joins that were inferred, pairs that were left as two and why, and the decisions that stand."""
        connection = session.connection()
        rows = findings.of_rules(connection, [Rule.IDENTITY_INFERRED.value, Rule.SUCCESSOR_NOT_JOINED.value])
        pairs = [
            {
                "old_symbol": row.subject.split(" ")[0],
                "new_symbol": row.subject.split(" ")[1],
                "joined": row.rule == Rule.IDENTITY_INFERRED,
                "evidence": row.message,
            }
            for row in rows
        ]
        return {"pairs": pairs, "decisions": [_decision(row) for row in identity_decisions.standing(connection)]}

    def decide(
        self,
        market: Market,
        old: str,
        new: str,
        decision: Literal["JOIN", "SEPARATE"],
        reason: str | None,
        progress: Progress = lambda _fraction, _message: None,
    ) -> dict[str, Any]:
        """Say that two symbols are one security, or that an inferred join is wrong; all that follows is worked out.

        Raises
        ------
        DataNotFoundError : a symbol has no prices, or there is no inferred join to part.
        ValidationError : both traded at once, or the new one before the old one.
        ConflictError : a decision about the two stands, one of them was joined to a third so that it would go on as two
            or come from two, or an import does not end.
        """
        old, new = old.strip().upper(), new.strip().upper()
        engine = self._database.engine(market)
        with locked(engine, progress):
            with engine.begin() as connection:
                for row in identity_decisions.standing(connection):
                    if (row.old_symbol, row.new_symbol) == (old, new):
                        raise ConflictError(
                            f"Decision {row.id} ({row.decision}) stands on {old} and {new}; undo it first"
                        )
                    if row.decision == decision == "JOIN" and (row.old_symbol == old or row.new_symbol == new):
                        raise ConflictError(
                            f"Decision {row.id} joined {row.old_symbol} and {row.new_symbol}: {old} and {new} cannot "
                            "be one security as well; undo it first"
                        )
                first = _first_session(connection, old, new)
                if decision == "JOIN":
                    _refuse_beside_inference(connection, old, new)
                if decision == "SEPARATE" and not _inferred(connection, old, new):
                    raise DataNotFoundError(f"{old} and {new} were not joined by inference", "identity", f"{old} {new}")
                made = identity_decisions.add(connection, old, new, first, decision, reason)
                files.mark_pending(connection)
            derive.everything(engine, progress)
        self._panels.refresh(market)
        with engine.connect() as connection:
            return next(_decision(row) for row in identity_decisions.standing(connection) if row.id == made)

    def undo(
        self, market: Market, identifier: int, progress: Progress = lambda _fraction, _message: None
    ) -> dict[str, Any]:
        """Take a decision back; inference says again what it says.

        Raises
        ------
        DataNotFoundError : no such decision stands.
        """
        engine = self._database.engine(market)
        with locked(engine, progress):
            with engine.begin() as connection:
                row = identity_decisions.mark_undone(connection, identifier)
                if row is None:
                    raise DataNotFoundError(
                        f"No decision {identifier} about symbols stands", "decision", str(identifier)
                    )
                files.mark_pending(connection)
            derive.everything(engine, progress)
        self._panels.refresh(market)
        return _decision(row)


def _first_session(connection: Connection, old: str, new: str) -> Any:
    """The first day of the new symbol, after the last one of the old."""
    spans = {}
    for symbol in (old, new):
        found = identity_decisions.spans(connection, symbol)
        if not found:
            raise DataNotFoundError(f"No prices of {symbol} are stored", "symbol", symbol)
        spans[symbol] = found[0]
    if old == new or spans[new].first <= spans[old].last:
        raise ValidationError(
            f"{old} traded until {spans[old].last}, {new} from {spans[new].first}: one security has one symbol a day",
            "new_symbol",
        )
    return spans[new].first


def _refuse_beside_inference(connection: Connection, old: str, new: str) -> None:
    """ConflictError where inference has one of the two go on as, or come from, a third."""
    for row in findings.of_rules(connection, [Rule.IDENTITY_INFERRED.value]):
        before, after = row.subject.split(" ")
        if (before == old) != (after == new):
            raise ConflictError(
                f"{before} and {after} were joined by inference: {old} and {new} cannot be one security as well; "
                "separate them first"
            )


def _inferred(connection: Connection, old: str, new: str) -> bool:
    joined = findings.of_rules(connection, [Rule.IDENTITY_INFERRED.value])
    return any(row.subject == f"{old} {new}" for row in joined)


def _decision(row: Any) -> dict[str, Any]:
    names = ("id", "old_symbol", "new_symbol", "session", "decision", "reason", "decided_at")
    return {name: getattr(row, name) for name in names}
