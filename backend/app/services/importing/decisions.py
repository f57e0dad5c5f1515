"""What a person decided about a move or a factor, laid over what was worked out from the files.

A decision stands on its session whatever the files say: ACCEPT and CORRECT put their factor there, DISMISS says that
the move was an ordinary one. In each case nothing is left to decide, so the session is out of quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.repositories import action_decisions

ACCEPTED = "ACCEPTED"
DISMISS = "DISMISS"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """A standing decision on an instrument and session; `factor` is new shares for an old one, None for DISMISS."""

    id: int
    instrument: int
    session: date
    decision: str  # ACCEPT, CORRECT, DISMISS
    factor: float | None
    kind: str | None  # what the person says it is: SPLIT, BONUS, DEMERGER, …
    reason: str | None
    decided_by: str
    decided_at: str  # ISO instant
    previous: Mapping[str, Any]  # the factor and the move it replaced when it was made


def load(connection: Connection) -> list[Decided]:
    """The decisions that stand; one whose instrument is no longer known has no effect until it is again."""
    return [decided(row) for row in action_decisions.standing(connection) if row.instrument_id is not None]


def decided(row: Any) -> Decided:
    """A row of the repository as a decision."""
    return Decided(
        row.id,
        row.instrument_id,
        row.session,
        row.decision,
        row.factor,
        row.kind,
        row.reason,
        row.decided_by,
        row.decided_at.isoformat(),
        row.previous,
    )


def apply(
    factors: Iterable[Mapping[str, Any]], jumps: Iterable[Mapping[str, Any]], made: Sequence[Decided]
) -> tuple[list[Row], list[Row]]:
    """Factor rows and jump rows as they are with the decisions; those of other sessions are left as they came.

    Rows are those of `adjustment_factors` (instrument_id, ex_date, …) and `unexplained_jumps` (instrument_id,
    session, …). Pure; applying the same decisions twice changes nothing more.
    """
    settled = {(one.instrument, one.session): one for one in made}
    kept, worked_out = [], {}
    for row in factors:
        place = (row["instrument_id"], row["ex_date"])
        if place in settled:
            worked_out[place] = row
        else:
            kept.append(dict(row))
    for place in sorted(settled):
        one = settled[place]
        if one.factor is not None:
            kept.append(_accepted(one, one.factor, worked_out.get(place)))
    left = [dict(row) for row in jumps if (row["instrument_id"], row["session"]) not in settled]
    return kept, left


def _accepted(one: Decided, factor: float, worked_out: Mapping[str, Any] | None) -> Row:
    previous: Mapping[str, Any] = one.previous
    if worked_out is not None:  # what the files say now, or said when it was laid over them before
        accepted = worked_out["tier"] == ACCEPTED
        previous = worked_out["evidence"]["previous"] if accepted else {**previous, "factor": factor_facts(worked_out)}
    words = "A person accepted" if one.decision == "ACCEPT" else "A person set"
    return {
        "instrument_id": one.instrument,
        "ex_date": one.session,
        "factor": factor,
        "tier": ACCEPTED,
        "purpose": f"{words} the factor {factor:g}",
        "known_at": date.fromisoformat(one.decided_at[:10]),
        "evidence": {
            "decision": one.id,
            "kind": one.kind,
            "decided_by": one.decided_by,
            "decided_at": one.decided_at,
            "reason": one.reason,
            "previous": dict(previous),
        },
    }


def factor_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A factor row as JSON, for a decision to remember what it replaced."""
    return {
        "factor": row["factor"],
        "tier": row["tier"],
        "purpose": row["purpose"],
        "known_at": row["known_at"].isoformat(),
        "evidence": dict(row["evidence"]),
    }


def jump_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A jump row as JSON, for a decision to remember what it settled."""
    names = ("symbol", "previous_close", "open", "close", "ratio", "proposed_factor")
    return {**{name: row[name] for name in names}, "evidence": dict(row["evidence"])}


def restored(previous: Mapping[str, Any], instrument: int, session: date) -> tuple[Row | None, Row | None]:
    """The factor row and the jump row that a decision replaced; None where there was none."""
    factor, jump = previous.get("factor"), previous.get("jump")
    factor_row = jump_row = None
    if factor is not None:
        known_at = date.fromisoformat(factor["known_at"])
        factor_row = {**factor, "instrument_id": instrument, "ex_date": session, "known_at": known_at}
    if jump is not None:
        jump_row = {**jump, "instrument_id": instrument, "session": session}
    return factor_row, jump_row
