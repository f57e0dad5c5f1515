"""Sweeps, their chunks, and walk-forwards; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from app.models import Sweep, SweepChunk, WalkForwardPart, WalkForwardRun
from app.repositories.jobs import lock_key
from app.repositories.strategies import TrialEntry

LEFT_FOR: Final = timedelta(days=30)  # a walk-forward that was interrupted can be gone on with so long


def claim_of(sweep_id: str) -> uuid.UUID:
    """What whoever works on a sweep claims (`jobs.try_claim`)."""
    return uuid.UUID(sweep_id[:32])


class SweepRepository:
    """Rows of `sweeps` and `sweep_chunks`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, sweep_id: str) -> Sweep | None:
        """A sweep."""
        return self._session.get(Sweep, sweep_id, populate_existing=True)

    def add(self, values: Mapping[str, Any]) -> None:
        """A new sweep; one that is there already is left as it is."""
        entry = insert(Sweep).values(**values)
        self._session.execute(entry.on_conflict_do_nothing())

    def finish(self, sweep_id: str, overfitting: list[Any]) -> None:
        """Every chunk is there."""
        self._session.execute(
            update(Sweep)
            .where(Sweep.sweep_id == sweep_id)
            .values(overfitting=overfitting, finished_at=datetime.now(UTC))
        )

    def fail(self, sweep_id: str, failure: dict[str, Any] | None) -> None:
        """It can never be gone on with, and why; None: it can after all."""
        self._session.execute(update(Sweep).where(Sweep.sweep_id == sweep_id).values(failure=failure))

    def working(self, sweep_id: str) -> bool:
        """Whether some process is at work on it: it holds the claim (`claim_of`)."""
        held = text(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND ((classid::bigint << 32) | objid::bigint) = :key)"
        )
        return bool(self._session.scalar(held, {"key": lock_key(claim_of(sweep_id))}))

    def remove(self, sweep_id: str, job_id: uuid.UUID | None = None) -> None:
        """Nothing of it stays but its entries in the ledger: what was tried was tried.

        With `job_id` not where another job is to go on with it: it was asked for again.
        """
        where = Sweep.sweep_id == sweep_id
        if job_id is not None:
            where &= (Sweep.job_id == job_id) | Sweep.job_id.is_(None)
        self._session.execute(delete(Sweep).where(where))

    def lock(self, sweep_id: str) -> Sweep | None:
        """A sweep that nobody else changes or takes away before the transaction ends."""
        query = select(Sweep).where(Sweep.sweep_id == sweep_id).with_for_update()
        return self._session.scalars(query, execution_options={"populate_existing": True}).one_or_none()

    def page(self, *, page: int, limit: int, strategy_id: str | None) -> tuple[list[tuple[Sweep, int]], int]:
        """Sweeps, newest first, each with its points worked out so far, and how many there are."""
        query = select(Sweep).options(defer(Sweep.places))
        if strategy_id is not None:
            query = query.where(Sweep.strategy_id == strategy_id)
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(Sweep.created_at.desc(), Sweep.sweep_id).limit(limit).offset((page - 1) * limit)
        found = list(self._session.scalars(ordered))
        done = self.done([sweep.sweep_id for sweep in found])
        return [(sweep, done.get(sweep.sweep_id, 0)) for sweep in found], total

    def done(self, sweep_ids: Sequence[str]) -> dict[str, int]:
        """The points worked out of each sweep that has any."""
        query = (
            select(SweepChunk.sweep_id, func.sum(SweepChunk.count))
            .where(SweepChunk.sweep_id.in_(sweep_ids))
            .group_by(SweepChunk.sweep_id)
        )
        return {row[0]: int(row[1]) for row in self._session.execute(query)}

    def chunks_done(self, sweep_id: str) -> dict[int, int]:
        """How many points there are from the first one of each chunk on."""
        query = select(SweepChunk.first, SweepChunk.count).where(SweepChunk.sweep_id == sweep_id)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def add_chunk(self, values: Mapping[str, Any]) -> bool:
        """Keep a chunk; False where somebody else did first, or the sweep is gone."""
        sweep = select(Sweep.sweep_id).where(Sweep.sweep_id == values["sweep_id"]).with_for_update(read=True)
        if self._session.scalar(sweep) is None:
            return False
        entry = insert(SweepChunk).values(**values).on_conflict_do_nothing().returning(SweepChunk.first)
        return self._session.scalar(entry) is not None

    def values(self, sweep_id: str) -> list[tuple[int, int, bytes, dict[str, str]]]:
        """First point, how many, what they gave and why some failed, of each chunk in order."""
        query = (
            select(SweepChunk.first, SweepChunk.count, SweepChunk.values, SweepChunk.failures)
            .where(SweepChunk.sweep_id == sweep_id)
            .order_by(SweepChunk.first)
        )
        return [(row[0], row[1], row[2], row[3]) for row in self._session.execute(query)]

    def returns(self, sweep_id: str) -> list[tuple[int, int, bytes]]:
        """First point, how many, and the returns kept of each chunk in order."""
        query = (
            select(SweepChunk.first, SweepChunk.count, SweepChunk.returns)
            .where(SweepChunk.sweep_id == sweep_id)
            .order_by(SweepChunk.first)
        )
        return [(row[0], row[1], row[2]) for row in self._session.execute(query)]

    def returns_at(self, sweep_id: str, number: int) -> tuple[int, int, bytes]:
        """The same of the chunk of one point, which is kept."""
        query = select(SweepChunk.first, SweepChunk.count, SweepChunk.returns).where(
            SweepChunk.sweep_id == sweep_id, SweepChunk.first <= number
        )
        first, count, data = self._session.execute(query.order_by(SweepChunk.first.desc()).limit(1)).one()
        return first, count, data

    def set_job(self, sweep_id: str, job_id: uuid.UUID | None) -> None:
        """Which job works on it now."""
        self._session.execute(update(Sweep).where(Sweep.sweep_id == sweep_id).values(job_id=job_id))

    def count_trials(self, strategy_id: str, entries: Sequence[TrialEntry]) -> None:
        """Enter many evaluated specifications, as `count_trial` does one."""
        # by hash, so that two who enter the same ones do not wait for each other
        ordered = sorted(entries, key=lambda entry: entry.spec_hash)
        records = [entry.record or (None, None, None) for entry in ordered]
        columns = {
            "hashes": [entry.spec_hash for entry in ordered],
            "places": [entry.run_id for entry in ordered],
            "outcomes": [entry.outcome for entry in ordered],
            "sharpes": [entry.sharpe for entry in ordered],
            "firsts": [first for first, _, _ in records],
            "lasts": [last for _, last, _ in records],
            "counts": [returns for _, _, returns in records],
        }
        self._session.execute(
            text(
                "INSERT INTO trials (spec_hash, strategy_id, run_id, outcome, sharpe, first_day, last_day, returns, "
                "first_evaluated_at) SELECT e.hash, :strategy, e.place, e.outcome, e.sharpe, e.first, e.last, "
                "e.returns, :now FROM unnest(CAST(:hashes AS text[]), CAST(:places AS text[]), "
                "CAST(:outcomes AS text[]), CAST(:sharpes AS float8[]), CAST(:firsts AS date[]), "
                "CAST(:lasts AS date[]), CAST(:counts AS int[])) "
                "AS e(hash, place, outcome, sharpe, first, last, returns) "
                "ON CONFLICT (spec_hash, strategy_id) DO UPDATE SET run_id = excluded.run_id, "
                "outcome = excluded.outcome, sharpe = excluded.sharpe, first_day = excluded.first_day, "
                "last_day = excluded.last_day, returns = excluded.returns "
                "WHERE trials.outcome = 'FAILED' AND excluded.outcome = 'SUCCEEDED'"
            ),
            {"strategy": strategy_id, "now": datetime.now(UTC), **columns},
        )


class WalkForwardRepository:
    """Rows of `walk_forwards`, which nobody can change, and of `walk_forward_parts` until they are stored."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, walk_forward_id: str) -> WalkForwardRun | None:
        """A stored walk-forward."""
        return self._session.get(WalkForwardRun, walk_forward_id)

    def add(self, values: Mapping[str, Any]) -> None:
        """Store one; the same stored by somebody else first is left as it is."""
        self._session.execute(insert(WalkForwardRun).values(**values).on_conflict_do_nothing())

    def parts(self, walk_forward_id: str, engine_version: str) -> dict[int, bytes]:
        """The parts kept of one that is not stored yet, by number, of this engine; those of another are taken away."""
        mine = WalkForwardPart.walk_forward_id == walk_forward_id
        self._session.execute(delete(WalkForwardPart).where(mine, WalkForwardPart.engine_version != engine_version))
        query = select(WalkForwardPart.number, WalkForwardPart.body).where(mine)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def add_part(self, walk_forward_id: str, number: int, engine_version: str, body: bytes) -> None:
        """Keep a part until the whole is stored."""
        values = {"walk_forward_id": walk_forward_id, "number": number, "engine_version": engine_version, "body": body}
        self._session.execute(insert(WalkForwardPart).values(**values))

    def remove_parts(self, walk_forward_id: str) -> None:
        """No part of it stays; what was tried stays counted in the ledger."""
        self._session.execute(delete(WalkForwardPart).where(WalkForwardPart.walk_forward_id == walk_forward_id))

    def purge_parts(self, now: datetime, at_work: Collection[str]) -> int:
        """Take away the parts of walk-forwards that nobody goes on with: the last kept long ago, none of `at_work`.

        How many parts they were. One who goes on with such a walk-forward meanwhile holds what was kept already.
        """
        last = func.max(WalkForwardPart.kept_at)
        mine = WalkForwardPart.walk_forward_id
        left = select(mine).where(mine.not_in(at_work)).group_by(mine).having(last < now - LEFT_FOR)
        gone = self._session.scalars(delete(WalkForwardPart).where(mine.in_(left)).returning(WalkForwardPart.number))
        return len(gone.all())

    def page(self, *, page: int, limit: int, strategy_id: str | None) -> tuple[list[WalkForwardRun], int]:
        """Walk-forwards, newest first, and how many there are."""
        query = select(WalkForwardRun).options(defer(WalkForwardRun.result))
        if strategy_id is not None:
            query = query.where(WalkForwardRun.strategy_id == strategy_id)
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(WalkForwardRun.created_at.desc(), WalkForwardRun.walk_forward_id)
        return list(self._session.scalars(ordered.limit(limit).offset((page - 1) * limit))), total
