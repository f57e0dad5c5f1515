"""Backtests: from a request to a spec, from a spec to a stored, immutable run, and back to what is shown of it."""

from __future__ import annotations

import hashlib
import inspect
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import BookSpec, CostSpec, Jump, RunResult, RunSpec, Sizing, UniverseSpec, book_of, run
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.result import fingerprint
from app.engines.backtest.spec import (
    ADJUSTMENTS,
    canonical_json,
    engine_version,
    sectors_version,
    series_version,
)
from app.engines.bars import Bars
from app.engines.evidence.report import Trials, significance_report
from app.engines.market_rules import MarketRules
from app.engines.policy import Policy
from app.engines.risk.metrics import returns_of, session_closes
from app.engines.strategies.registry import registry
from app.exceptions import BacktestError, DataNotFoundError, InsufficientDataError, ValidationError
from app.models import AdjustmentFactor, BacktestRun
from app.repositories.index_series import index_closes
from app.repositories.strategies import MoveRepository, RunRepository, StrategyRepository
from app.services import slice_notes
from app.services.index_names import canonical
from app.services.jobs import JobContext
from app.services.market_rules import MarketRulesService, exchange_of
from app.services.members import run_notes
from app.services.panel import Panel, PanelService
from app.services.panel.panel import slice_root
from app.services.proofs import default_proof, ensure_proof, proofs_of, search_on
from app.services.proofs import warnings as proof_warnings
from app.services.universe import resolve, without_quarantined

_CACHED_SLICES = 4
STRICT = f"{ADJUSTMENTS[0]}@strict"  # a spec's adjustment with `strict_actions`


@dataclass(frozen=True)
class BacktestQuestion:
    """What a caller asks for, in plain values; `universe` is an index or symbols."""

    strategy_ids: tuple[str, ...]
    params: Mapping[str, Mapping[str, Any]]
    universe: str | tuple[str, ...]
    start: date
    end: date
    timeframe: str = "1d"
    initial_capital: float = 1_000_000.0
    sizing: str = "equity_per_member"
    sizing_value: float | None = None
    max_positions: int | None = None
    allocations: Mapping[str, float] | None = None
    costs: CostSpec = field(default_factory=lambda: CostSpec("bps", 10.0))
    slippage_bps: float = 0.0
    impact_bps: float = 0.0
    volume_cap: float | None = None
    unfilled: str = "cancel"
    settle_next_session: bool = False
    fill_at: str = "next_open"
    market: str = "nse"  # or "none": the exchange's rules are switched off
    policy: Policy | None = None
    benchmark: str | None = None  # an index by any of its names; "none"; None: the universe's, else NIFTY 50
    cash_rates: tuple[tuple[date, float], ...] = ()
    seed: int = 0
    asof_members: bool = True
    strict_actions: bool = False  # an inferred action that became known after its ex-date is not used


@dataclass(frozen=True)
class Slice:
    """Bars of a universe with the identity of their content, and the moves in them that nothing explains."""

    bars: Bars
    root: str
    universe: UniverseSpec
    jumps: tuple[Jump, ...]
    notes: tuple[str, ...]  # what is missing: sessions, members without prices, warm-up


@dataclass(frozen=True)
class Inputs:
    """All that a run reads beside its spec."""

    loaded: Slice
    exchange: Exchange | None
    sectors: dict[str, str] | None
    benchmark: str | None  # id and version, as the spec names it
    closes: NDArray[np.float64] | None  # of the benchmark, shape [T]


class BacktestService:
    """Runs of the strategies of the registry on the panel's bars."""

    def __init__(self, database: Database, panels: PanelService) -> None:
        self._database = database
        self._panels = panels
        self._slices: OrderedDict[tuple[Any, ...], Slice] = OrderedDict()
        self._rules = MarketRulesService()
        self._lock = threading.Lock()

    def register_strategies(self, market: Market) -> None:
        """Make every strategy of the registry, at its present source, known to a market's database."""
        with self._database.transaction(market) as session:
            repository = StrategyRepository(session)
            for strategy in registry().values():
                values = {
                    "strategy_id": strategy.id,
                    "display_name": strategy.display_name,
                    "description": f"{strategy.description} {strategy.hypothesis}",
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
        ValidationError : a parameter out of range, an unknown symbol; `details.field` names it.
        InsufficientDataError : no session of the panel lies in the period.
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
                book_of(known[name], question.params.get(name), None if allocations is None else allocations[name])
                for name in question.strategy_ids
            )
        except ValueError as error:
            raise _invalid(error) from error
        loaded = self._slice(
            market,
            session,
            question.universe,
            question.start,
            question.end,
            _warm_up(books),
            question.asof_members,
            question.strict_actions,
        )
        if question.market not in ("nse", "none"):
            raise ValidationError(f"market: expected nse or none, not {question.market}", "market")
        version = "none"
        if question.market == "nse":
            version = self._market_rules(market, session, loaded, question.costs).version
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
                benchmark=self._benchmark(session, question, loaded)[0],
                cash_rates=question.cash_rates,
                policy=question.policy,
                sectors=sectors_version(self._sectors(market, loaded, question.policy)),
                adjustment=STRICT if question.strict_actions else ADJUSTMENTS[0],
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
            inputs = self._inputs(market, session, spec)
        if _changed(spec, inputs):
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

    def run_ids(self, session: Session) -> list[str]:
        """The ids of all stored runs, oldest first."""
        return RunRepository(session).ids()

    def stored(self, session: Session, run_id: str) -> dict[str, Any]:
        """A stored run as it is shown; the same run always gives the same values. Raises DataNotFoundError."""
        stored = self._find(session, run_id)
        answer = shown(orjson.loads(zlib.decompress(stored.result)), stored.digest)
        proofs = proofs_of(session, stored.spec["books"], stored.spec["timeframe"])
        answer["warnings"] = [*proof_warnings(proofs), *answer["warnings"]]
        return answer | {"proofs": proofs}

    def significance(self, session: Session, run_id: str) -> dict[str, Any]:
        """The doubt about a run's Sharpe, with the trials counted until now. Raises DataNotFoundError.

        The trials are those of the run's strategy; of several strategies, those of the one with the most.
        """
        stored = self._find(session, run_id)
        result = orjson.loads(zlib.decompress(stored.result))
        tried = RunRepository(session).trials([book["strategy_id"] for book in result["spec"]["books"]])
        trials = max((Trials(*found) for found in tried.values()), key=lambda t: (t.number, t.variance or 0.0))
        equity = np.array(result["equity"], np.float64)
        # as the stored Sharpe was measured: from session closes, and not at all where the account was lost
        closes = equity[session_closes(np.array(result["sessions"], "datetime64[s]"))]
        returns = returns_of(closes) if (closes > 0.0).all() else np.empty(0)
        undefined = result["reasons"].get("sharpe")
        periods = result["metrics"]["periods_per_year"]
        report = significance_report(returns, trials, periods=periods, undefined=undefined)
        return {"run_id": run_id, **report.values, "reasons": report.reasons}

    def page(
        self, session: Session, *, page: int, limit: int, strategy_id: str | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Stored runs, newest first, and how many there are."""
        runs, total = RunRepository(session).page(page=page, limit=limit, strategy_id=strategy_id)
        return [
            {
                "run_id": stored.run_id,
                "strategy_ids": names,
                "universe": _universe_name(stored.spec["universe"]),
                "start_date": stored.start_date,
                "end_date": stored.end_date,
                "metrics": stored.metrics,
                "created_at": stored.created_at,
            }
            for stored, names in runs
        ], total

    def verify(self, market: Market, session: Session, run_id: str) -> dict[str, Any]:
        """Compute a stored run again from today's inputs and compare: identical, differs, or inputs_changed."""
        stored = self._find(session, run_id)
        answer: dict[str, Any] = {"run_id": run_id, "digest": stored.digest}
        if stored.spec["engine_version"] != engine_version():
            # another engine may read other fields in a spec: there is nothing to compute again with this one
            return {**answer, "outcome": "inputs_changed", "changed": ["engine_version"]}
        spec = RunSpec.from_dict(stored.spec)
        changed = []
        known = registry()
        for book in spec.books:
            if book.strategy_id not in known or known[book.strategy_id].source_hash != book.source_hash:
                changed.append(f"strategy {book.strategy_id}")
        inputs = self._inputs(market, session, spec)
        changed += _changed(spec, inputs)
        answer["changed"] = changed
        if changed:
            return {**answer, "outcome": "inputs_changed"}
        digest = _carried_out(spec, inputs).digest
        return {**answer, "outcome": "identical" if digest == stored.digest else "differs", "digest": digest}

    def proofs_on_bars(self, market: Market, session: Session, run_id: str) -> list[dict[str, Any]]:
        """The strategies of a run, as they are now, searched for look-ahead on the bars the run names.

        DataNotFoundError where the run or a strategy of it is not there any more.
        """
        stored = self._find(session, run_id)
        if stored.spec["engine_version"] != engine_version():
            raise BacktestError("The run is of another version of the engine; run it again first")
        spec = RunSpec.from_dict(stored.spec)
        bars = self._slice_of(market, session, spec).bars
        return [
            {"strategy_id": book.strategy_id, **search_on(book.strategy_id, book.params, bars)} for book in spec.books
        ]

    def exists(self, session: Session, run_id: str) -> bool:
        """Whether a run is stored."""
        return RunRepository(session).exists(run_id)

    def _find(self, session: Session, run_id: str) -> BacktestRun:
        stored = RunRepository(session).get(run_id)
        if stored is None:
            raise DataNotFoundError(f"Run {run_id} does not exist", "run", run_id)
        return stored

    def _market_rules(self, market: Market, session: Session, loaded: Slice, costs: CostSpec) -> MarketRules:
        panel = self._panels.current(market)
        return self._rules.of(market, session, panel, loaded.bars, loaded.root, costs.plan)

    def _exchange(self, market: Market, session: Session, spec: RunSpec, loaded: Slice) -> Exchange | None:
        """The exchange's rules for the bars of a spec; None where they are switched off."""
        if spec.market_rules == "none":
            return None
        return exchange_of(self._market_rules(market, session, loaded, spec.costs))

    def _sectors(self, market: Market, loaded: Slice, policy: Policy | None) -> dict[str, str] | None:
        """The sector of each instrument of a slice, as known now, where a policy limits sectors; else None."""
        if policy is None or policy.max_sector_percent is None:
            return None
        instruments = self._panels.current(market).instruments
        known = {key: instruments[key].sector for key in loaded.bars.keys}
        return {key: sector for key, sector in known.items() if sector}

    def _inputs(self, market: Market, session: Session, spec: RunSpec) -> Inputs:
        """What a run of this spec reads, as it is now."""
        loaded = self._slice_of(market, session, spec)
        name = None if spec.benchmark is None else spec.benchmark.partition("@")[0]
        return Inputs(
            loaded,
            self._exchange(market, session, spec, loaded),
            self._sectors(market, loaded, spec.policy),
            *_series(session, name, loaded.bars),
        )

    @staticmethod
    def _benchmark(
        session: Session, question: BacktestQuestion, loaded: Slice
    ) -> tuple[str | None, NDArray[np.float64] | None]:
        """The index beside a question's run. Raises DataNotFoundError where one is asked for that is not there."""
        asked = question.benchmark
        if asked is not None and asked.lower() == "none":
            return None, None
        found = _series(session, canonical(asked or loaded.universe.index or "NIFTY50"), loaded.bars)
        if asked is not None and found[1] is None:
            raise DataNotFoundError(f"There is no daily series of an index {asked} in the period", "index", asked)
        return found

    def _slice_of(self, market: Market, session: Session, spec: RunSpec) -> Slice:
        universe = spec.universe.index if spec.universe.index is not None else spec.universe.symbols
        return self._slice(
            market,
            session,
            universe,
            spec.start,
            spec.end,
            _warm_up(spec.books),
            spec.universe.asof_members,
            spec.adjustment == STRICT,
        )

    def _slice(
        self,
        market: Market,
        session: Session,
        universe: str | tuple[str, ...],
        start: date,
        end: date,
        warm_up: int,
        asof_members: bool,
        strict: bool,
    ) -> Slice:
        panel = self._panels.current(market)
        if not panel.chunks:
            raise InsufficientDataError(
                "There is no price data yet: import exchange files first", required=1, available=0
            )
        key = (market, panel.generation, universe, start, end, warm_up, asof_members, strict)
        with self._lock:
            found = self._slices.get(key)
            if found is not None:
                self._slices.move_to_end(key)
                return found
        loaded = _load(session, panel, universe, start, end, warm_up, asof_members, strict)
        with self._lock:
            self._slices[key] = loaded
            while len(self._slices) > _CACHED_SLICES:
                self._slices.popitem(last=False)
        return loaded

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
        jumps=inputs.loaded.jumps,
        notes=inputs.loaded.notes,
        exchange=inputs.exchange,
        sectors=inputs.sectors,
        benchmark=inputs.closes,
    )


def _changed(spec: RunSpec, inputs: Inputs) -> list[str]:
    """Which inputs are no longer those that a spec names."""
    exchange = inputs.exchange
    found = {
        "data": (spec.data_root, inputs.loaded.root),
        "market_rules": (spec.market_rules, "none" if exchange is None else exchange.version),
        "sectors": (spec.sectors, sectors_version(inputs.sectors)),
        "benchmark": (spec.benchmark, inputs.benchmark),
    }
    return [name for name, (then, now) in found.items() if then != now]


def _series(session: Session, name: str | None, bars: Bars) -> tuple[str | None, NDArray[np.float64] | None]:
    """An index's closes at the bars, each day's at its last bar, NaN unknown, and their identity; None without any."""
    if name is None:
        return None, None
    days = bars.sessions.astype("datetime64[D]")
    rows = index_closes(session, name, days[0].astype(object), days[-1].astype(object))
    if not rows:
        return f"{name}@none", None
    closes = np.full(days.size, np.nan)
    last = {day: t for t, day in enumerate(days.astype(object).tolist())}
    for day, close in rows:
        if day in last:
            closes[last[day]] = close
    return series_version(name, [day for day, _ in rows], [close for _, close in rows]), closes


def _invalid(error: ValueError) -> ValidationError:
    """The engine names the field before a colon; so does the error on the wire."""
    field, colon, _ = str(error).partition(":")
    return ValidationError(str(error), field if colon else None)


def trial_hash(spec: RunSpec) -> str:
    """What makes two evaluations one trial: everything but the state of the data, the engine and the source."""
    values = spec.to_dict()
    for name in ("data_root", "engine_version"):
        del values[name]
    for book in values["books"]:
        del book["source_hash"]
    return hashlib.sha256(canonical_json(values)).hexdigest()


def _warm_up(books: Sequence[BookSpec]) -> int:
    known = registry()
    needed = 0
    for book in books:
        strategy = known.get(book.strategy_id)
        if strategy is not None:
            needed = max(needed, strategy.warm_up(strategy.params(book.params)))
    return needed


def _load(
    session: Session,
    panel: Panel,
    universe: str | tuple[str, ...],
    start: date,
    end: date,
    warm_up: int,
    asof_members: bool,
    strict: bool,
) -> Slice:
    resolved = resolve(session, panel, universe, start, end, asof_members=asof_members)
    first, measured, last = panel.window(start, end, warm_up)
    if measured >= last:
        days = panel.sessions
        raise InsufficientDataError(
            f"No session between {start} and {end}; the data goes from {days[0]} to {days[-1]}", required=1, available=0
        )
    bars = panel.bars(resolved.keys, start, end, warm_up=warm_up, spans=resolved.spans)
    days = panel.sessions[first:last].astype(object)
    ids = {panel.instruments[key].id: symbol for key, symbol in zip(bars.keys, bars.symbols, strict=True)}
    repository = MoveRepository(session)
    moves = repository.jumps(list(ids), days[0], days[-1])
    jumps = tuple(sorted(Jump(ids[move.instrument_id], move.session.isoformat(), move.ratio) for move in moves))
    inferred = repository.inferred(list(ids), days[0], days[-1])
    later = {row.instrument_id: row.ex_date for row in reversed(inferred) if _not_yet_known(row)} if strict else {}
    keys = {panel.instruments[key].id: key for key in bars.keys}
    bars, closed = without_quarantined(panel, bars, {keys[i]: day for i, day in later.items()})
    spec = UniverseSpec(index=resolved.index, symbols=resolved.symbols, asof_members=asof_members)
    digest = hashlib.sha256(slice_root(bars).encode())
    notes = (
        *slice_notes.missing(
            days[measured - first :].tolist(), start, end, len(resolved.missing), measured - first, warm_up
        ),
        *run_notes(session, resolved.index, start, end, asof_members=asof_members),
        *slice_notes.in_quarantine(closed, bool(later)),
        *slice_notes.inferred([(ids[row.instrument_id], row) for row in inferred if row.instrument_id not in later]),
    )
    digest.update(canonical_json([bars.symbols, jumps, notes]))  # all are in the result's bytes
    return Slice(bars, digest.hexdigest(), spec, jumps, notes)


def _not_yet_known(row: AdjustmentFactor) -> bool:
    return row.tier == "INFERRED" and row.known_at > row.ex_date


def _universe_name(universe: Mapping[str, Any]) -> str:
    if universe["index"] is not None:
        return str(universe["index"])
    symbols = universe["symbols"]
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"


def _rows(columns: Mapping[str, Sequence[Any]], names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    wanted = list(columns) if names is None else list(names)
    return [dict(zip(wanted, row, strict=True)) for row in zip(*(columns[name] for name in wanted), strict=True)]


_TRADE_COLUMNS = (
    *("book", "symbol", "key", "entry_at", "entry_price", "exit_at", "exit_price", "quantity", "exit_quantity"),
    *("pnl", "costs", "income", "exit_reason", "open", "side", "ambiguous"),
)
_DAILY_COLUMNS = ("equity", "drawdown", "exposure", "daily_return", "state")


def shown(result: dict[str, Any], digest: str) -> dict[str, Any]:
    """A stored result in the shape that is shown: charts and trades as rows."""
    daily = {"date": result["sessions"], **{name: result[name] for name in _DAILY_COLUMNS}}
    trades = result["trades"]
    if "side" not in trades:  # a run of an engine that knew neither shorts nor stops
        count = len(trades["symbol"])
        trades = trades | {"side": ["LONG"] * count, "ambiguous": [False] * count}
    spec = result["spec"]
    return {
        "run_id": result["run_id"],
        "digest": digest,
        "strategy_ids": [book["strategy_id"] for book in spec["books"]],
        "start_date": spec["start"],
        "end_date": spec["end"],
        "metrics": result["metrics"],
        "metric_reasons": result["reasons"],
        "daily_chart": _rows(daily),
        "trades": _rows(trades, _TRADE_COLUMNS),
        "trades_count": len(result["trades"]["symbol"]),
        "rejections": _rows(result["rejections"]),
        "decisions": _rows(result.get("decisions", {})),
        "drawdown_sessions": result["drawdown_sessions"],
        "coverage": result["coverage"],
        "naive_twin": result.get("naive_twin"),
        "benchmarks": result.get("benchmarks", []),
        "assumptions": result["assumptions"],
        "warnings": result["warnings"],
        "spec": spec,
        "point_in_time": bool(spec["universe"]["index"] and spec["universe"]["asof_members"]),
    }


def columnar(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer with its rows as columns, for charts of many sessions."""
    columns = {}
    for name in ("daily_chart", "trades", "rejections", "decisions"):
        rows = answer[name]
        columns[name] = {field: [row[field] for row in rows] for field in rows[0]} if rows else {}
    return {**answer, **columns}
