"""Backtests: from a request to a spec, from a spec to a stored, immutable run, and the same run computed again."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import RunSpec, Sizing, book_of
from app.engines.backtest.result import fingerprint
from app.engines.backtest.spec import canonical_json, engine_version, sectors_version
from app.engines.bars import Bars
from app.engines.evidence.trials import Record
from app.engines.strategies.base import NotEnoughData
from app.engines.strategies.registry import AnyStrategy, registry
from app.exceptions import (
    BacktestError,
    InsufficientDataError,
    SmartTraderException,
    ValidationError,
)
from app.repositories.strategies import RunRepository, StrategyRepository
from app.services.backtests.changes import changed_where_missing, check_engine, check_inputs, check_source
from app.services.backtests.inputs import Inputs, InputService
from app.services.backtests.question import BacktestQuestion, has_been
from app.services.backtests.slices import SliceQuestion, reads_of, warm_up_of
from app.services.backtests.stored import StoredRuns
from app.services.backtests.trials import record_of
from app.services.backtests.verifying import verified
from app.services.fundamentals import FundamentalsService
from app.services.jobs.context import Cancelled, JobContext
from app.services.kernels import unless_compiling
from app.services.order import by_name
from app.services.panel import PanelService
from app.services.proofs import default_proof, ensure_proof, search_on
from app.services.strategy_versions import version_of
from app.services.user_strategies.catalogue import Catalogue, is_own, own_hashes
from app.services.user_strategies.running import Finished, carry_out
from app.services.user_strategies.workers import Ended, ended_when

ASKED_AS: Final = {  # fields of a question that have another name in a spec
    "sizing.value": "sizing_value",
    "sizing.kind": "sizing",
    "allocation": "allocations",
    "universe.symbols": "universe",
}


class BacktestService:
    """Runs of shipped and own strategies on the panel's bars."""

    def __init__(
        self, database: Database, panels: PanelService, catalogue: Catalogue, fundamentals: FundamentalsService
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self.inputs = InputService(panels, fundamentals)

    def register_strategies(self, market: Market) -> None:
        """Make every shipped strategy, at its present source, known to a market's database.

        Those of the user's own are made known when somebody asks for them.
        """
        with self._database.transaction(market) as session:
            for strategy in registry().values():
                version_of(session, strategy)

    def available(self, session: Session) -> list[dict[str, Any]]:
        """Every strategy one can run, by name, with what a form needs to ask for its parameters."""
        known, _ = self._catalogue.all()
        present = {name: version_of(session, strategy) for name, strategy in known.items()}
        found = [
            {
                "strategy_id": row.strategy_id,
                "hypothesis": strategy.hypothesis,
                "when_it_loses": strategy.when_it_loses,
                "product": strategy.product,
                # people may write about a shipped strategy; of one of their own the file says it
                "display_name": strategy.display_name if is_own(strategy) else row.display_name,
                "description": strategy.description if is_own(strategy) else row.description,
                "timeframe": strategy.timeframe,
                "regime": strategy.regime if is_own(strategy) else row.regime,
                "regime_notes": row.regime_notes,
                "lifecycle_status": version.lifecycle_status.value,
                "parameters": version.parameters,
                "universes": [strategy.universe],
                "proof": default_proof(strategy, version),
                "version": version.number,
                "source_hash": version.source_hash,
                "citation": strategy.citation or None,
                "updated_at": row.updated_at,
                "origin": "own" if is_own(strategy) else "shipped",
                "kind": strategy.kind,
            }
            for row in StrategyRepository(session).metadata(present)
            for strategy, version in [(known[row.strategy_id], present[row.strategy_id])]
        ]
        return sorted(found, key=lambda row: by_name(row["display_name"]))

    def load_errors(self) -> list[dict[str, Any]]:
        """Why files of the strategies folder give no strategy."""
        return [error.to_dict() for error in self._catalogue.all()[1]]

    def prepare(
        self, market: Market, session: Session, question: BacktestQuestion, warm_up: int | None = None
    ) -> RunSpec:
        """The spec of a question, the data it would read included; `warm_up` bars before it where it is not its own.

        Raises
        ------
        DataNotFoundError : an unknown strategy or index.
        ValidationError : a parameter out of range, an unknown symbol, a timeframe that a strategy is not made for, an
            end that lies ahead;
            `details.field` names it. A strategy that does not load: `details` say where and why.
        InsufficientDataError : no session of the panel lies in the period; a strategy needs volume, and there is none.
        BacktestError : a strategy of one's own did not even answer for its parameters.
        """
        known = {name: self._catalogue.find(name) for name in question.strategy_ids}
        for strategy in known.values():
            version_of(session, strategy)
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
            warm_up_of(books, known) if warm_up is None else warm_up,
            question.asof_members,
            question.strict_actions,
            question.timeframe,
            reads_of(books, known),
        )
        loaded = self.inputs.slices.of(market, session, asked)
        has_been(question.end)
        for book in books:
            require(known[book.strategy_id], book.params, loaded.bars)
        if question.market not in ("nse", "none"):
            raise ValidationError(f"market: expected nse or none, not {question.market}", "market")
        version = "none"
        if question.market == "nse":
            version = self.inputs.market_rules(market, session, loaded, question.costs).version
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
                benchmark=self.inputs.benchmark(session, question, loaded)[0],
                cash_rates=question.cash_rates,
                policy=question.policy,
                sectors=sectors_version(self.inputs.sectors(market, loaded, question.policy)),
                adjustment=loaded.adjustment,
                seed=question.seed,
            )
        except ValueError as error:
            raise _invalid(error) from error

    def on_todays_data(self, market: Market, session: Session, spec: RunSpec) -> RunSpec:
        """The same question as a spec of the data there is now, with the warm-up that its own parameters need."""
        inputs = self.inputs.of(market, session, spec, self._catalogue.of_spec(spec))
        return replace(
            spec,
            data_root=inputs.loaded.root,
            adjustment=inputs.loaded.adjustment,
            market_rules="none" if inputs.exchange is None else inputs.exchange.version,
            sectors=sectors_version(inputs.sectors),
            benchmark=inputs.benchmark,
            engine_version=engine_version(),
        )

    def run(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: carry out a spec and store the run; one that is stored already is not computed again."""
        check_engine(arguments["spec"]["engine_version"])
        spec = RunSpec.from_dict(arguments["spec"])
        try:
            with ended_when(context.cancelled):
                self.execute(context.market, spec, context)
        except Ended:
            raise Cancelled from None
        return {"run_id": spec.run_id}

    def execute(self, market: Market, spec: RunSpec, context: JobContext | None = None) -> None:
        """Carry out a spec and store the run, unless it is stored already.

        Raises
        ------
        InputsChanged : its data, a strategy or the engine is another by now; that is no trial.
        BacktestError : the run stopped; it counts as a trial that failed. Cancelled : nothing of it is stored.
        """
        strategies = self._catalogue.of_spec(spec)
        with self._database.transaction(market) as session:
            if RunRepository(session).exists(spec.run_id):
                return
        check_engine(spec.engine_version)
        for book in spec.books:
            check_source(strategies[book.strategy_id], book.source_hash)
        if context is not None:
            context.progress(0.1, unless_compiling("Reading bars"))
        with changed_where_missing(), self._database.transaction(market) as session:
            inputs = self.inputs.of(market, session, spec, strategies)
        check_inputs(spec, inputs)
        if context is not None:
            context.check_cancelled()
            context.progress(0.3, unless_compiling(f"Running {', '.join(spec.book_names)}"))
        try:
            result = self._carried_out(spec, inputs, strategies)
        except Ended:
            raise
        except Exception as error:
            with self._database.transaction(market) as session:
                self._count_trial(session, spec, strategies, "FAILED", None, None)
            more = (error.details or {}) if isinstance(error, SmartTraderException) else {}
            raise BacktestError(f"The run stopped: {error}", details={**more, "run_id": spec.run_id}) from error
        if context is not None:
            context.begin_storing()
        with self._database.transaction(market) as session:
            self._store(session, result, strategies, inputs.loaded.bars)
        for book in spec.books:
            transaction = partial(self._database.transaction, market)
            ensure_proof(transaction, strategies[book.strategy_id], book.params, spec.timeframe)

    def verify(self, market: Market, run_id: str) -> dict[str, Any]:
        """Compute a stored run again from today's inputs and compare: see `verifying.verified`."""
        return verified(self._database, self.inputs, self._catalogue, self._carried_out, market, run_id)

    def verify_job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: see `verify`."""
        context.progress(0.1, unless_compiling("Computing the run again"))
        try:
            with ended_when(context.cancelled):
                return self.verify(context.market, arguments["run_id"])
        except Ended:
            raise Cancelled from None

    def proofs_on_bars(self, market: Market, run_id: str) -> list[dict[str, Any]]:
        """The strategies of a run, as they are now, searched for look-ahead on the bars the run names.

        DataNotFoundError where the run or a strategy of it is not there any more.
        """
        with self._database.transaction(market) as session:
            stored = StoredRuns().find(session, run_id)
            if stored.spec["engine_version"] != engine_version():
                raise BacktestError("The run is of another version of the engine; run it again first")
            spec = RunSpec.from_dict(stored.spec)
            known = {book.strategy_id: self._catalogue.find(book.strategy_id) for book in spec.books}
            bars = self.inputs.slices.of(market, session, SliceQuestion.of_spec(spec, known)).bars
        return [
            {"strategy_id": book.strategy_id, **search_on(known[book.strategy_id], book.params, bars)}
            for book in spec.books
        ]

    def _carried_out(self, spec: RunSpec, inputs: Inputs, strategies: Mapping[str, AnyStrategy]) -> Finished:
        return carry_out(
            spec,
            inputs.loaded.bars,
            strategies,
            self._catalogue.workers,
            dividends=inputs.loaded.dividends,
            jumps=inputs.loaded.jumps,
            notes=inputs.loaded.notes,
            fates=inputs.loaded.fates,
            exchange=inputs.exchange,
            sectors=inputs.sectors,
            benchmark=inputs.closes,
        )

    def _store(self, session: Session, result: Finished, known: Mapping[str, AnyStrategy], bars: Bars) -> None:
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
        record = record_of(bars.sessions[bars.start :], result.metrics["returns"])
        self._count_trial(session, spec, known, "SUCCEEDED", result.metrics.get("sharpe"), record)

    def _count_trial(
        self, session: Session, spec: RunSpec, strategies: Mapping[str, AnyStrategy], outcome: str,
        sharpe: float | None, record: Record | None,
    ) -> None:  # fmt: skip
        per_session = None if sharpe is None else sharpe / spec.periods_per_year**0.5
        names = [book.strategy_id for book in spec.books]
        RunRepository(session).count_trial(
            trial_hash(spec, own_hashes(strategies)), names, spec.run_id, outcome, per_session, record
        )


def require(strategy: AnyStrategy, params: Mapping[str, Any], bars: Bars) -> None:
    """Refuse bars that a strategy of the question cannot work with."""
    try:
        strategy.require(bars, strategy.params(params))
    except NotEnoughData as error:
        raise InsufficientDataError(str(error)) from error
    except ValueError as error:
        raise _invalid(error) from error


def _invalid(error: ValueError) -> ValidationError:
    """The engine names the field before a colon; so does the error on the wire, as whoever asked calls it."""
    field, colon, told = str(error).partition(":")
    if not colon:
        return ValidationError(str(error))
    field = ASKED_AS.get(field, field)
    return ValidationError(f"{field}:{told}", field)


def trial_values(spec: RunSpec, own: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What makes two evaluations one trial: everything but the state of the data and the engine.

    Of what is named with the version of its data (rules, index series, corporate actions) only the name counts. Each
    edit of a strategy's source is another trial. `own` gives what the user wrote of strategies of their own, without
    what they import of the platform: a new version of that is none.
    """
    values = spec.to_dict()
    for name in ("market_rules", "benchmark", "adjustment"):
        kind, _, version = (values[name] or "").partition("@")
        values[name] = f"{kind}@strict" if version.startswith("strict") else kind
    values["sectors"] = "none" if values["sectors"] == "none" else "given"
    for name in ("data_root", "engine_version"):
        del values[name]
    for book in values["books"]:
        if own and book["strategy_id"] in own:
            del book["source_hash"]
            book["own_source"] = own[book["strategy_id"]]
    return values


def trial_hash(spec: RunSpec, own: Mapping[str, str] | None = None) -> str:
    """The name of a trial: of its `trial_values`."""
    return hashlib.sha256(canonical_json(trial_values(spec, own))).hexdigest()
