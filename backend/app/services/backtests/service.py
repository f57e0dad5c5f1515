"""Backtests: from a request to a spec, from a spec to a stored, immutable run, and the same run computed again."""

from __future__ import annotations

import hashlib
import inspect
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import BookSpec, RunResult, RunSpec, Sizing, book_of, run
from app.engines.backtest.result import fingerprint
from app.engines.backtest.spec import canonical_json, engine_version, sectors_version
from app.engines.bars import Bars
from app.engines.strategies.base import NotEnoughData
from app.engines.strategies.registry import registry
from app.exceptions import BacktestError, DataNotFoundError, InsufficientDataError, ValidationError
from app.repositories.strategies import RunRepository, StrategyRepository
from app.services.backtests.inputs import Inputs, InputService, changed_inputs
from app.services.backtests.question import BacktestQuestion
from app.services.backtests.slices import SliceQuestion, warm_up_of
from app.services.backtests.stored import StoredRuns
from app.services.backtests.verifying import verified
from app.services.jobs.context import JobContext
from app.services.panel import PanelService
from app.services.proofs import default_proof, ensure_proof, search_on


class BacktestService:
    """Runs of the strategies of the registry on the panel's bars."""

    def __init__(self, database: Database, panels: PanelService) -> None:
        self._database = database
        self._inputs = InputService(panels)

    def register_strategies(self, market: Market) -> None:
        """Make every strategy of the registry, at its present source, known to a market's database."""
        with self._database.transaction(market) as session:
            repository = StrategyRepository(session)
            for strategy in registry().values():
                values = {
                    "strategy_id": strategy.id,
                    "display_name": strategy.display_name,
                    "description": strategy.description,
                    "timeframe": strategy.timeframe,
                    "regime": strategy.regime,
                    "regime_notes": strategy.when_it_loses,
                }
                source = Path(inspect.getfile(type(strategy))).read_text(encoding="utf-8")
                repository.register(
                    values, source_hash=strategy.source_hash, source=source, parameters=strategy.params_schema()
                )

    def available(self, session: Session) -> list[dict[str, Any]]:
        """Every strategy one can run, with what a form needs to ask for its parameters."""
        known = registry()
        return [
            {
                "strategy_id": row.strategy_id,
                "hypothesis": known[row.strategy_id].hypothesis,
                "when_it_loses": known[row.strategy_id].when_it_loses,
                "product": known[row.strategy_id].product,
                "display_name": row.display_name,
                "description": row.description,
                "timeframe": row.timeframe,
                "regime": row.regime,
                "regime_notes": row.regime_notes,
                "lifecycle_status": version.lifecycle_status.value,
                "parameters": version.parameters,
                "universes": [known[row.strategy_id].universe],
                "proof": default_proof(known[row.strategy_id], version),
                "version": version.number,
                "source_hash": version.source_hash,
                "citation": known[row.strategy_id].citation,
                "updated_at": row.updated_at,
            }
            for row, version in StrategyRepository(session).all()
            if row.strategy_id in known
        ]

    def prepare(self, market: Market, session: Session, question: BacktestQuestion) -> RunSpec:
        """The spec of a question, the data it would read included.

        Raises
        ------
        DataNotFoundError : an unknown strategy or index.
        ValidationError : a parameter out of range, an unknown symbol, a timeframe that a strategy is not made for;
            `details.field` names it.
        InsufficientDataError : no session of the panel lies in the period; a strategy needs volume, and there is none.
        """
        known = registry()
        unknown = [name for name in question.strategy_ids if name not in known]
        if unknown:
            raise DataNotFoundError(
                f"There is no strategy {unknown[0]}", "strategy", unknown[0], details={"known": sorted(known)}
            )
        allocations = question.allocations
        if allocations is not None and set(allocations) != set(question.strategy_ids):
            raise ValidationError("allocations must name each strategy of the run once", "allocations")
        try:
            books = tuple(
                book_of(
                    known[name],
                    question.params.get(name),
                    None if allocations is None else allocations[name],
                    question.product,
                )
                for name in question.strategy_ids
            )
        except ValueError as error:
            raise _invalid(error) from error
        asked = SliceQuestion(
            question.universe,
            question.start,
            question.end,
            warm_up_of(books),
            question.asof_members,
            question.strict_actions,
            question.timeframe,
        )
        loaded = self._inputs.slices.of(market, session, asked)
        require(books, loaded.bars)
        if question.market not in ("nse", "none"):
            raise ValidationError(f"market: expected nse or none, not {question.market}", "market")
        version = "none"
        if question.market == "nse":
            version = self._inputs.market_rules(market, session, loaded, question.costs).version
        try:
            return RunSpec(
                books=books,
                universe=loaded.universe,
                start=question.start,
                end=question.end,
                data_root=loaded.root,
                timeframe=question.timeframe,
                initial_capital=question.initial_capital,
                sizing=Sizing(question.sizing, question.sizing_value),
                max_positions=question.max_positions,
                costs=question.costs,
                slippage_bps=question.slippage_bps,
                impact_bps=question.impact_bps,
                volume_cap=question.volume_cap,
                unfilled=question.unfilled,
                settle_next_session=question.settle_next_session,
                fill_at=question.fill_at,
                market_rules=version,
                benchmark=self._inputs.benchmark(session, question, loaded)[0],
                cash_rates=question.cash_rates,
                policy=question.policy,
                sectors=sectors_version(self._inputs.sectors(market, loaded, question.policy)),
                adjustment=loaded.adjustment,
                seed=question.seed,
            )
        except ValueError as error:
            raise _invalid(error) from error

    def run(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: carry out a spec and store the run; one that is stored already is not computed again."""
        spec = RunSpec.from_dict(arguments["spec"])
        self.execute(context.market, spec, context)
        return {"run_id": spec.run_id}

    def execute(self, market: Market, spec: RunSpec, context: JobContext | None = None) -> None:
        """Carry out a spec and store the run, unless it is stored already.

        Raises
        ------
        BacktestError : the run stopped; it counts as a trial that failed.
        """
        with self._database.transaction(market) as session:
            if RunRepository(session).exists(spec.run_id):
                return
        if context is not None:
            context.progress(0.1, "Reading bars")
        with self._database.transaction(market) as session:
            inputs = self._inputs.of(market, session, spec)
        if changed_inputs(spec, inputs):
            raise BacktestError("The data changed between the request and the run; start it again")
        if context is not None:
            context.check_cancelled()
            context.progress(0.3, f"Running {', '.join(spec.book_names)}")
        try:
            result = _carried_out(spec, inputs)
        except Exception as error:
            with self._database.transaction(market) as session:
                self._count_trial(session, spec, "FAILED", None)
            raise BacktestError(f"The run stopped: {error}", details={"run_id": spec.run_id}) from error
        with self._database.transaction(market) as session:
            self._store(session, result)
        with self._database.transaction(market) as session:
            for book in spec.books:
                ensure_proof(session, book.strategy_id, book.params, spec.timeframe)

    def verify(self, market: Market, session: Session, run_id: str) -> dict[str, Any]:
        """Compute a stored run again from today's inputs and compare: see `verifying.verified`."""
        return verified(self._inputs, _carried_out, market, session, StoredRuns().find(session, run_id))

    def proofs_on_bars(self, market: Market, session: Session, run_id: str) -> list[dict[str, Any]]:
        """The strategies of a run, as they are now, searched for look-ahead on the bars the run names.

        DataNotFoundError where the run or a strategy of it is not there any more.
        """
        stored = StoredRuns().find(session, run_id)
        if stored.spec["engine_version"] != engine_version():
            raise BacktestError("The run is of another version of the engine; run it again first")
        spec = RunSpec.from_dict(stored.spec)
        bars = self._inputs.slices.of(market, session, SliceQuestion.of_spec(spec)).bars
        return [
            {"strategy_id": book.strategy_id, **search_on(book.strategy_id, book.params, bars)} for book in spec.books
        ]

    def _store(self, session: Session, result: RunResult) -> None:
        spec = result.spec
        strategies = StrategyRepository(session)
        books = []
        for number, book in enumerate(spec.books):
            version = strategies.version(book.strategy_id, book.source_hash)
            if version is None:
                raise BacktestError(f"The source of {book.strategy_id} changed while it ran; start the server again")
            books.append(
                {
                    "run_id": spec.run_id,
                    "book": number,
                    "strategy_id": book.strategy_id,
                    "version_id": version.id,
                    "params": dict(book.params),
                    "allocation": book.allocation,
                }
            )
        stored = {
            "run_id": spec.run_id,
            "strategy_id": spec.books[0].strategy_id,
            "start_date": spec.start,
            "end_date": spec.end,
            "metrics": result.metrics,
            "spec": spec.to_dict(),
            "result": zlib.compress(result.canonical, 1),
            "digest": result.digest,
            "engine_version": spec.engine_version,
            "fingerprint": fingerprint(),
        }
        RunRepository(session).add(stored, books)
        self._count_trial(session, spec, "SUCCEEDED", result.metrics.get("sharpe"))

    def _count_trial(self, session: Session, spec: RunSpec, outcome: str, sharpe: float | None) -> None:
        per_session = None if sharpe is None else sharpe / spec.periods_per_year**0.5
        names = [book.strategy_id for book in spec.books]
        RunRepository(session).count_trial(trial_hash(spec), names, spec.run_id, outcome, per_session)


def _carried_out(spec: RunSpec, inputs: Inputs) -> RunResult:
    return run(
        spec,
        inputs.loaded.bars,
        registry(),
        dividends=inputs.loaded.dividends,
        jumps=inputs.loaded.jumps,
        notes=inputs.loaded.notes,
        exchange=inputs.exchange,
        sectors=inputs.sectors,
        benchmark=inputs.closes,
    )


def require(books: Sequence[BookSpec], bars: Bars) -> None:
    """Refuse bars that a strategy of the question cannot work with."""
    known = registry()
    for book in books:
        strategy = known[book.strategy_id]
        try:
            strategy.require(bars, strategy.params(book.params))
        except NotEnoughData as error:
            raise InsufficientDataError(str(error)) from error
        except ValueError as error:
            raise _invalid(error) from error


def _invalid(error: ValueError) -> ValidationError:
    """The engine names the field before a colon; so does the error on the wire."""
    field, colon, _ = str(error).partition(":")
    return ValidationError(str(error), field if colon else None)


def trial_hash(spec: RunSpec) -> str:
    """What makes two evaluations one trial: everything but the state of the data, the engine and the source.

    Of what is named with the version of its data (rules, index series, corporate actions) only the name counts.
    """
    values = spec.to_dict()
    for name in ("market_rules", "benchmark", "adjustment"):
        kind, _, version = (values[name] or "").partition("@")
        values[name] = f"{kind}@strict" if version.startswith("strict") else kind
    values["sectors"] = "none" if values["sectors"] == "none" else "given"
    for name in ("data_root", "engine_version"):
        del values[name]
    for book in values["books"]:
        del book["source_hash"]
    return hashlib.sha256(canonical_json(values)).hexdigest()
