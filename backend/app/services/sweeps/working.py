"""Working the points of a sweep out: stretch by stretch, each kept with its entries in the ledger or not at all.

A stretch that is kept is never worked out again, so that a sweep that was killed at any point goes on where it was. One
that is cancelled leaves nothing but its entries in the ledger: what was tried was tried.
"""

from __future__ import annotations

import hashlib
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from app.database import Database, Market
from app.engines.backtest import RunSpec
from app.engines.backtest.result import decoded
from app.engines.backtest.spec import canonical_json
from app.engines.risk.basics import session_closes
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.doubt import doubt
from app.engines.sweeps.evaluate import METRICS, Chunk, Evaluated, Evaluator, Inputs, Stretch
from app.engines.sweeps.spec import Points, SweepSpec
from app.engines.sweeps.stretches import bundles_of, stretch_of, stretches_of
from app.exceptions import BacktestError, ConflictError, DataNotFoundError, ValidationError
from app.models import Sweep
from app.repositories.strategies import TrialEntry
from app.repositories.sweeps import SweepRepository, claim_of
from app.services.backtests.changes import (
    InputsChanged,
    changed_where_missing,
    check_engine,
    check_inputs,
    check_source,
)
from app.services.backtests.inputs import InputService
from app.services.backtests.service import trial_values
from app.services.backtests.trials import record_of
from app.services.jobs.claims import waited_for
from app.services.jobs.context import Cancelled
from app.services.kernels import unless_compiling
from app.services.sweeps.executors import Submit, Task, in_processes, in_threads, on_cluster
from app.services.user_strategies.catalogue import Catalogue, is_own, own_hashes
from app.services.user_strategies.running import carry_out
from app.services.user_strategies.workers import Ended, ended_when

F2 = NDArray[np.float64]
MOST_SLOW: Final = 3  # points of a search that may be stopped at the limit of their time
_WAIT_SECONDS: Final = 0.5
SHARPE: Final = METRICS.index("sharpe")

Progress = Callable[[float, str], None]


class SweepWork:
    """Works sweeps out."""

    def __init__(self, database: Database, inputs: InputService, catalogue: Catalogue) -> None:
        self._database = database
        self._inputs = inputs
        self._catalogue = catalogue

    def work(
        self,
        market: Market,
        sweep_id: str,
        *,
        progress: Progress,
        cancelled: Callable[[], bool],
        last_call: Callable[[], bool] = lambda: True,
        job_id: uuid.UUID | None = None,
        scheduler: str | None = None,
    ) -> None:
        """Work out what is left of a sweep; as a job, once the job before it has let go of it.

        Raises
        ------
        ConflictError : another process is at work on it.
        InputsChanged : its data, its strategy or the engine is another by now; it has failed, which is kept with it.
        BacktestError : its points take too long.
        Cancelled : nothing of it is left, unless it was asked for again meanwhile, or another process had it.
        """
        between = None if job_id is None else waiting_for(cancelled, progress)
        try:
            with claimed(self._database, market, sweep_id, between):
                try:
                    self._work(market, sweep_id, progress, cancelled, last_call, scheduler)
                except InputsChanged as error:
                    with self._database.transaction(market) as session:
                        SweepRepository(session).fail(sweep_id, error.envelope()["error"])
                    raise
        except Cancelled:
            with self._database.transaction(market) as session:
                repository = SweepRepository(session)
                sweep = repository.lock(sweep_id)
                # one that waited for a terminal leaves it what that works on, or has finished
                if sweep is not None and sweep.finished_at is None and not repository.working(sweep_id):
                    repository.remove(sweep_id, job_id)
            raise

    def _work(
        self, market: Market, sweep_id: str, progress: Progress, cancelled: Callable[[], bool],
        last_call: Callable[[], bool], scheduler: str | None,
    ) -> None:  # fmt: skip
        sweep = self._sweep(market, sweep_id)
        if sweep.finished_at is not None:
            return
        check_engine(sweep.spec["bases"][0]["engine_version"])
        spec = SweepSpec.from_dict(sweep.spec)
        strategy = self.strategy(spec)
        points = Points(spec, strategy)
        progress(0.0, unless_compiling("Reading bars"))
        inputs = self.inputs(market, spec, strategy, points.found.warm_up)
        if sweep.failure is not None:  # they are again what it names
            with self._database.transaction(market) as session:
                SweepRepository(session).fail(sweep_id, None)
        evaluator = Evaluator(spec, strategy, inputs, carry=self.carry(strategy), points=points)
        with bounded(cancelled), where(evaluator, strategy, spec, inputs, scheduler) as (submit, width):
            self._stretches(market, evaluator, strategy, inputs, submit, width, progress, cancelled)
        progress(0.99, "Looking for overfitting")
        found = self._doubts(market, evaluator)
        if not last_call():
            raise Cancelled
        with self._database.transaction(market) as session:
            SweepRepository(session).finish(sweep_id, found)

    def changed(self, market: Market, values: Mapping[str, Any], base: int) -> list[str]:
        """What is no longer what the points of a base were worked out from; `values` of the sweep's spec."""
        try:
            check_engine(values["bases"][base]["engine_version"])
            spec = SweepSpec.from_dict(values)
            strategy = self.strategy(spec)
            with changed_where_missing():
                self.read(market, spec.bases[base], strategy, Points(spec, strategy).found.warm_up)
        except InputsChanged as error:
            assert error.details is not None  # each says what
            return list(error.details["changed"])
        return []

    def inputs(self, market: Market, spec: SweepSpec, strategy: AnyStrategy, warm_up: int) -> list[Inputs]:
        """What the points of each base read, as it is now. InputsChanged where it is not what the spec names."""
        with changed_where_missing():
            return [self.read(market, base, strategy, warm_up)[0] for base in spec.bases]

    def read(
        self, market: Market, base: RunSpec, strategy: AnyStrategy, warm_up: int
    ) -> tuple[Inputs, NDArray[np.float64] | None]:
        """What the points of one base read, and the closes of the index beside it; see `inputs`."""
        with self._database.transaction(market) as session:
            found = self._inputs.of(market, session, base, {strategy.id: strategy}, warm_up)
        check_inputs(base, found)
        return Inputs(found.loaded.bars, found.loaded.dividends, found.exchange, found.sectors), found.closes

    def carry(self, strategy: AnyStrategy) -> Callable[[RunSpec, Inputs], Evaluated] | None:
        """See `carried`."""
        return carried(self._catalogue, strategy)

    def _sweep(self, market: Market, sweep_id: str) -> Sweep:
        with self._database.transaction(market) as session:
            sweep = SweepRepository(session).get(sweep_id)
            if sweep is None:
                raise DataNotFoundError(f"Sweep {sweep_id} does not exist", "sweep", sweep_id)
            session.expunge(sweep)
            return sweep

    def strategy(self, spec: SweepSpec) -> AnyStrategy:
        """The strategy of a sweep, at the source and of the engine that it names. InputsChanged where it is another."""
        check_engine(spec.bases[0].engine_version)
        strategy = self._catalogue.of_spec(spec.bases[0])[spec.strategy_id]
        check_source(strategy, spec.bases[0].books[0].source_hash)
        return strategy

    def _stretches(
        self, market: Market, evaluator: Evaluator, strategy: AnyStrategy, inputs: Sequence[Inputs], submit: Submit,
        width: int, progress: Progress, cancelled: Callable[[], bool],
    ) -> None:  # fmt: skip
        sweep_id, total = evaluator.points.spec.sweep_id, len(evaluator.points)
        with self._database.transaction(market) as session:
            done = SweepRepository(session).chunks_done(sweep_id)
        sizes = [stretch_of(strategy, found) for found in inputs]
        left = stretches_of(evaluator.points, sizes, done)
        ready = total - sum(after - first for first, after in left)
        ledger = _Ledger(evaluator.points, strategy, inputs)
        waiting: dict[Future[list[Chunk]], list[Stretch]] = {}
        bundles = iter(bundles_of(evaluator.points, left, sizes, width))
        while True:
            while len(waiting) < 2 * width and (bundle := next(bundles, None)) is not None:
                waiting[submit(bundle)] = bundle
            if not waiting:
                return
            if cancelled():
                for future in waiting:
                    future.cancel()
                raise Cancelled
            for future in wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED).done:
                for (first, after), chunk in zip(waiting.pop(future), future.result(), strict=True):
                    self._keep(market, sweep_id, first, chunk, ledger)
                    ready += after - first
                progress(ready / total, f"{ready:,} of {total:,} points")

    def _keep(self, market: Market, sweep_id: str, first: int, chunk: Chunk, ledger: _Ledger) -> None:
        """A stretch and its entries in the ledger, in one transaction."""
        values = {
            "sweep_id": sweep_id,
            "first": first,
            "count": len(chunk.values),
            "values": packed(chunk.values),
            "returns": packed(chunk.returns),
            "failures": {str(number): why for number, why in chunk.failures.items()},
        }
        with self._database.transaction(market) as session:
            repository = SweepRepository(session)
            if not repository.add_chunk(values):
                return  # cancelled meanwhile
            repository.count_trials(ledger.strategy_id, ledger.entries(first, chunk))

    def _doubts(self, market: Market, evaluator: Evaluator) -> list[dict[str, Any]]:
        points = evaluator.points
        with self._database.transaction(market) as session:
            stored = SweepRepository(session).returns(points.spec.sweep_id)
        each = len(points) // len(points.spec.bases)
        rows: list[list[F2]] = [[] for _ in points.spec.bases]
        numbers: list[list[int]] = [[] for _ in points.spec.bases]
        for first, count, data in stored:
            base = points.base(first)
            kept = [number for number in range(first, first + count) if number % evaluator.stride == 0]
            if kept:
                numbers[base] += kept
                rows[base].append(unpacked(data, len(kept)))
        curves = [np.concatenate(found) if found else np.empty((0, 0)) for found in rows]
        return [{"base": base, **doubt(found, numbers[base], each)} for base, found in enumerate(curves)]


def carried(catalogue: Catalogue, strategy: AnyStrategy) -> Callable[[RunSpec, Inputs], Evaluated] | None:
    """How a strategy of one's own that is asked bar by bar is run: as a whole, in its worker. None for any other."""
    if not is_own(strategy) or strategy.kind == "vectorised":
        return None

    def in_worker(spec: RunSpec, inputs: Inputs) -> Evaluated:
        done = carry_out(
            spec, inputs.bars, {strategy.id: strategy}, catalogue.workers, dividends=inputs.dividends,
            exchange=inputs.exchange, sectors=inputs.sectors,
        )  # fmt: skip
        result = decoded(orjson.loads(done.canonical))
        closes = session_closes(np.array(result["sessions"], "datetime64[s]"))
        return Evaluated(done.metrics, np.array(result["equity"], np.float64)[closes])

    return in_worker


def where(
    evaluator: Evaluator, strategy: AnyStrategy, spec: SweepSpec, inputs: Sequence[Inputs], scheduler: str | None
) -> AbstractContextManager[tuple[Submit, int]]:
    """Where the points of a sweep are worked out, and how many bundles of stretches at once."""
    if scheduler is not None:
        if is_own(strategy):
            raise ValidationError("A strategy of one's own runs on this machine alone", "scheduler")
        return on_cluster(Task(spec, tuple(inputs)), scheduler)
    if strategy.kind == "event" and not is_own(strategy):
        return in_processes(Task(spec, tuple(inputs)))
    return in_threads(evaluator)


@contextmanager
def bounded(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Have a search by strategies of the user's own end when it is cancelled, and when points take all their time.

    Raises
    ------
    Cancelled : it was. BacktestError : so many points were stopped at the limit that the others will be, too.
    """
    slow: list[None] = []
    try:
        with ended_when(lambda: len(slow) >= MOST_SLOW or cancelled(), lambda: slow.append(None)):
            yield
    except Ended:
        if len(slow) < MOST_SLOW:
            raise Cancelled from None
        raise BacktestError(
            f"{len(slow)} points took longer than a strategy may (SMARTTRADER_STRATEGY_SECONDS): the others are not "
            "tried. Give it more time, or mend what takes it",
            details={"reason": "time"},
        ) from None


class _Ledger:
    """The names of a sweep's points in the ledger: those that runs of their own have."""

    def __init__(self, points: Points, strategy: AnyStrategy, inputs: Sequence[Inputs]) -> None:
        self._points = points
        self.strategy_id = strategy.id
        own = own_hashes({strategy.id: strategy})
        self._values = [trial_values(base, own) for base in points.spec.bases]
        self._root = [base.periods_per_year**0.5 for base in points.spec.bases]
        self._records = [record_of(found.bars.sessions[found.bars.start :]) for found in inputs]

    def entries(self, first: int, chunk: Chunk) -> list[TrialEntry]:
        """The entry of each point."""
        base = self._points.base(first)
        values, sweep_id = self._values[base], self._points.spec.sweep_id
        (book,) = values["books"]
        fixed = dict(book["params"])
        found = list[TrialEntry]()
        for i, sharpe in enumerate(chunk.values[:, SHARPE].tolist()):
            number = first + i
            params = fixed | self._points.varied(number)
            named = {**values, "books": [{**book, "params": params}]}
            known = None if sharpe != sharpe else sharpe / self._root[base]
            failed, name = number in chunk.failures, hashlib.sha256(canonical_json(named)).hexdigest()
            found.append(
                TrialEntry(
                    name, f"{sweep_id}#{number}", "FAILED" if failed else "SUCCEEDED", known,
                    None if failed else self._records[base],
                )
            )  # fmt: skip
        return found


def waiting_for(cancelled: Callable[[], bool], progress: Progress) -> Callable[[], None]:
    """What a job does while another process holds what it is to work on. Raises Cancelled."""

    def between() -> None:
        if cancelled():
            raise Cancelled
        progress(0.0, "Another process is at work on it")
        time.sleep(_WAIT_SECONDS)

    return between


@contextmanager
def claimed(
    database: Database, market: Market, search_id: str, between: Callable[[], None] | None = None
) -> Iterator[None]:
    """A sweep or a walk-forward as long as this process works on it.

    Where another one does, it is tried again after `between`; ConflictError where that is not given.
    """

    def busy() -> None:
        raise ConflictError(f"Another process is at work on {search_id}")

    with waited_for(database.engine(market), claim_of(search_id), between or busy):
        yield


def packed(values: F2) -> bytes:
    """An array as it is kept."""
    return zlib.compress(np.ascontiguousarray(values, "<f8").tobytes(), 1)


def unpacked(data: bytes, rows: int) -> F2:
    """An array of so many rows as it was kept."""
    flat = np.frombuffer(zlib.decompress(data), "<f8")
    return flat.reshape(rows, flat.size // rows if rows else 0)
