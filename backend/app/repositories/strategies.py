"""Strategies, their versions, runs and the trial ledger; never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import (
    AdjustmentFactor,
    BacktestRun,
    Dividend,
    RunHead,
    RunStrategy,
    StrategyMetadata,
    StrategyVersion,
    Trial,
    UnexplainedJump,
)

TrialRecord = tuple[date, date, int]  # first and last session, and returns, that a Sharpe rests on


class StrategyRepository:
    """Rows of `strategy_metadata` and `strategy_versions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def metadata(self, strategy_ids: Iterable[str]) -> list[StrategyMetadata]:
        """What is kept of strategies, by id."""
        query = (
            select(StrategyMetadata)
            .where(StrategyMetadata.strategy_id.in_(list(strategy_ids)))
            .order_by(StrategyMetadata.strategy_id)
        )
        return list(self._session.scalars(query))

    def version(self, strategy_id: str, source_hash: str) -> StrategyVersion | None:
        """The version of a strategy with this source."""
        query = select(StrategyVersion).where(
            StrategyVersion.strategy_id == strategy_id, StrategyVersion.source_hash == source_hash
        )
        return self._session.scalars(query).one_or_none()

    def versions(self, strategy_id: str) -> list[StrategyVersion]:
        """Every version of a strategy, newest first."""
        query = (
            select(StrategyVersion)
            .where(StrategyVersion.strategy_id == strategy_id)
            .order_by(StrategyVersion.number.desc())
        )
        return list(self._session.scalars(query))

    def keep_proof(self, version: StrategyVersion, key: str, report: dict[str, Any], *, limit: int) -> None:
        """Keep a look-ahead proof beside the version; of more than `limit` the others go."""
        self._session.refresh(version, with_for_update=True)
        held = version.proof or {}
        version.proof = {**(held if len(held) < limit else {}), key: report}
        self._session.flush()

    def register(self, values: Mapping[str, Any], *, source_hash: str, source: str, parameters: dict[str, Any]) -> None:
        """Make the strategy known where it is not, and its source a new version where it changed.

        What people wrote (description, notes, lifecycle) is left alone once the row is there.
        """
        strategy_id = values["strategy_id"]
        self._session.execute(insert(StrategyMetadata).values(**values).on_conflict_do_nothing())
        # two sources of a strategy that are made known at once would have one number, and one of them would not be kept
        # (its key stays: rows that name the strategy are stored meanwhile)
        mine = select(StrategyMetadata.strategy_id).where(StrategyMetadata.strategy_id == strategy_id)
        self._session.execute(mine.with_for_update(key_share=True))
        if self.version(strategy_id, source_hash) is not None:
            return
        following = select(func.coalesce(func.max(StrategyVersion.number), 0) + 1).where(
            StrategyVersion.strategy_id == strategy_id
        )
        self._session.execute(
            insert(StrategyVersion)
            .values(
                strategy_id=strategy_id,
                number=following.scalar_subquery(),
                source_hash=source_hash,
                source=source,
                parameters=parameters,
            )
            .on_conflict_do_nothing()
        )


class TrialEntry(NamedTuple):
    """An evaluated specification, for the ledger."""

    spec_hash: str
    run_id: str  # where it was evaluated
    outcome: str
    sharpe: float | None  # per session
    record: TrialRecord | None  # of the Sharpe; None of one that failed


class TrialGroup(NamedTuple):
    """Trials of a strategy that have one record, or none that is known.

    `known` of the `number` have a Sharpe; their mean, and the sum of the squared deviations from it.
    """

    record: TrialRecord | None
    number: int
    known: int
    mean: float
    squares: float


class RunRepository:
    """Rows of `backtest_runs`, which nobody can change, and of the trial ledger."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, run_id: str) -> BacktestRun | None:
        """A stored run."""
        return self._session.get(BacktestRun, run_id)

    def exists(self, run_id: str) -> bool:
        """Whether the run is stored."""
        return self._session.scalar(select(BacktestRun.run_id).where(BacktestRun.run_id == run_id)) is not None

    def add(self, run: Mapping[str, Any], books: Sequence[Mapping[str, Any]]) -> None:
        """Store a run and its books; the same run stored by somebody else first is left as it is."""
        stored = self._session.execute(
            insert(BacktestRun).values(**run).on_conflict_do_nothing().returning(BacktestRun.run_id)
        ).scalar()
        if stored is not None:
            self._session.execute(insert(RunStrategy), list(books))

    def head(self, run_id: str, shape: str) -> bytes | None:
        """What is kept of a run to be shown first, if it was made in this shape."""
        kept = select(RunHead.body).where(RunHead.run_id == run_id, RunHead.shape == shape)
        return self._session.scalar(kept)

    def keep_head(self, run_id: str, shape: str, body: bytes) -> None:
        """Keep it, in the place of one in another shape; where somebody else kept the same first, nothing changes."""
        entry = insert(RunHead).values(run_id=run_id, shape=shape, body=body)
        self._session.execute(
            entry.on_conflict_do_update(
                index_elements=["run_id"],
                set_={"shape": entry.excluded.shape, "body": entry.excluded.body},
                where=RunHead.shape != entry.excluded.shape,
            )
        )

    def ids(self) -> list[str]:
        """The ids of all runs, oldest first."""
        return list(self._session.scalars(select(BacktestRun.run_id).order_by(BacktestRun.created_at)))

    def page(
        self, *, page: int, limit: int, strategy_id: str | None
    ) -> tuple[list[tuple[BacktestRun, list[str]]], int]:
        """Runs, newest first, each with its strategies in the order of the books, and how many there are."""
        query = select(BacktestRun)
        if strategy_id is not None:
            books = select(RunStrategy.run_id).where(RunStrategy.strategy_id == strategy_id)
            query = query.where(BacktestRun.run_id.in_(books))
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(BacktestRun.created_at.desc(), BacktestRun.run_id)
        runs = self._session.scalars(ordered.limit(limit).offset((page - 1) * limit)).all()
        names: dict[str, list[str]] = {run.run_id: [] for run in runs}
        for book in self._session.execute(
            select(RunStrategy.run_id, RunStrategy.strategy_id)
            .where(RunStrategy.run_id.in_(names))
            .order_by(RunStrategy.run_id, RunStrategy.book)
        ):
            names[book.run_id].append(book.strategy_id)
        return [(run, names[run.run_id]) for run in runs], total

    def count_trial(
        self, spec_hash: str, strategy_ids: Sequence[str], run_id: str, outcome: str, sharpe: float | None,
        record: TrialRecord | None = None,
    ) -> None:  # fmt: skip
        """Enter an evaluated specification into the ledger, once; on fresh data it is a re-run, not a trial.

        One that failed before and succeeds now keeps its entry, with what came of it.
        """
        first, last, returns = record or (None, None, None)
        rows = [
            {
                "spec_hash": spec_hash,
                "strategy_id": strategy_id,
                "run_id": run_id,
                "outcome": outcome,
                "sharpe": sharpe,
                "first_day": first,
                "last_day": last,
                "returns": returns,
                "first_evaluated_at": datetime.now(UTC),
            }
            for strategy_id in sorted(set(strategy_ids))
        ]
        entry = insert(Trial)
        names = ("run_id", "outcome", "sharpe", "first_day", "last_day", "returns")
        later = {name: getattr(entry.excluded, name) for name in names}
        self._session.execute(
            entry.on_conflict_do_update(
                index_elements=["spec_hash", "strategy_id"],
                set_=later,
                where=(Trial.outcome == "FAILED") & (entry.excluded.outcome == "SUCCEEDED"),
            ),
            rows,
        )

    def trials(self, strategy_ids: Sequence[str]) -> dict[str, list[TrialGroup]]:
        """Of each strategy that has any: the specifications evaluated, by their records."""
        record = (Trial.first_day, Trial.last_day, Trial.returns)
        known = func.count(Trial.sharpe)
        query = (
            select(
                Trial.strategy_id, *record, func.count(), known, func.coalesce(func.avg(Trial.sharpe), 0.0),
                func.coalesce(func.var_pop(Trial.sharpe) * known, 0.0),
            )
            .where(Trial.strategy_id.in_(strategy_ids))
            .group_by(Trial.strategy_id, *record)
            .order_by(Trial.strategy_id, *record)
        )  # fmt: skip
        found: dict[str, list[TrialGroup]] = {}
        for name, first, last, returns, *figures in self._session.execute(query):
            rests_on = None if returns is None else (first, last, returns)
            found.setdefault(name, []).append(TrialGroup(rests_on, *figures))
        return found


class MoveRepository:
    """Corporate actions and unexplained moves of some instruments."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def jumps(self, instrument_ids: Sequence[int], start: date, end: date) -> list[UnexplainedJump]:
        """Moves between two dates that nothing explains, in order."""
        query = (
            select(UnexplainedJump)
            .where(
                UnexplainedJump.instrument_id.in_(instrument_ids),
                UnexplainedJump.session >= start,
                UnexplainedJump.session <= end,
            )
            .order_by(UnexplainedJump.instrument_id, UnexplainedJump.session)
        )
        return list(self._session.scalars(query))

    def dividends(self, instrument_id: int) -> list[Dividend]:
        """The dividends of an instrument, oldest first."""
        query = select(Dividend).where(Dividend.instrument_id == instrument_id).order_by(Dividend.ex_date)
        return list(self._session.scalars(query))

    def with_dividends(self, instrument_ids: Sequence[int], start: date, end: date) -> int:
        """How many of the instruments have a dividend of a known amount between two dates on file."""
        query = select(func.count(func.distinct(Dividend.instrument_id))).where(
            Dividend.amount.is_not(None),
            Dividend.instrument_id.in_(instrument_ids),
            Dividend.ex_date.between(start, end),
        )
        return self._session.scalar(query) or 0

    def inferred(self, instrument_ids: Sequence[int], start: date, end: date) -> list[AdjustmentFactor]:
        """Factors between two dates that no source lists: inferred, or accepted by a person; in order."""
        query = (
            select(AdjustmentFactor)
            .where(
                AdjustmentFactor.instrument_id.in_(instrument_ids),
                AdjustmentFactor.tier != "LISTED",
                AdjustmentFactor.ex_date.between(start, end),
            )
            .order_by(AdjustmentFactor.instrument_id, AdjustmentFactor.ex_date)
        )
        return list(self._session.scalars(query))

    def unadjusted(self, instrument_ids: Sequence[int], start: date, end: date) -> list[Any]:
        """Listed rights, demergers and odd factors that prices are not adjusted for, in order.

        Rows of instrument_id, ex_date, kind and purpose; those near a factor in use are told by it.
        """
        query = text(
            "SELECT DISTINCT ON (n.instrument_id, c.ex_date, c.kind) n.instrument_id, c.ex_date, c.kind, c.purpose "
            "FROM instrument_symbols n JOIN corporate_actions c ON c.symbol = n.symbol "
            "AND c.ex_date BETWEEN n.valid_from AND coalesce(n.valid_to, '9999-12-31') "
            "JOIN import_files f ON f.id = c.file_id "
            "WHERE n.instrument_id = ANY(:ids) AND c.ex_date BETWEEN :start AND :end "
            "AND (c.kind IN ('RIGHTS', 'DEMERGER') OR (c.kind = 'UNKNOWN' AND c.source = 'actions_multipliers')) "
            "AND NOT EXISTS (SELECT 1 FROM adjustment_factors a WHERE a.instrument_id = n.instrument_id "
            "AND abs(a.ex_date - c.ex_date) <= 6) "
            "ORDER BY n.instrument_id, c.ex_date, c.kind, c.source, f.sha256, c.line, c.part"
        )
        return list(self._session.execute(query, {"ids": list(instrument_ids), "start": start, "end": end}))

    def factors(self, instrument_id: int) -> list[AdjustmentFactor]:
        """The adjustments of an instrument, oldest first."""
        query = (
            select(AdjustmentFactor)
            .where(AdjustmentFactor.instrument_id == instrument_id)
            .order_by(AdjustmentFactor.ex_date)
        )
        return list(self._session.scalars(query))
