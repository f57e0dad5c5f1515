"""The parts of a walk-forward that are worked out, kept until it is stored, so that one that was killed goes on.

A walk asks for its parts in an order that follows from its specification: stretches of points in each window, runs on
the tests, stretches over all tested sessions. Each is numbered in it and kept with its entries in the ledger, or not at
all; what is kept is never worked out again.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import Context, copy_context
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from app.database import Database, Market
from app.engines.backtest import RunSpec, engine_version
from app.engines.backtest.spec import ParamValue, canonical_json
from app.engines.evidence.trials import Record
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.evaluate import METRICS, Chunk, Evaluator, Inputs
from app.engines.sweeps.walk_forward import Chunks, Tested, TestRun, WalkForwardSpec
from app.repositories.strategies import TrialEntry
from app.repositories.sweeps import SweepRepository, WalkForwardRepository
from app.services.backtests.service import trial_values
from app.services.backtests.trials import record_of
from app.services.jobs.context import Cancelled
from app.services.user_strategies.catalogue import own_hashes

F2 = NDArray[np.float64]
_SHARPE = METRICS.index("sharpe")


class Evaluation(NamedTuple):
    """A specification that was evaluated, for the ledger."""

    base: RunSpec
    params: Mapping[str, ParamValue]  # beside those of the base
    failed: bool
    sharpe: float | None  # a year


class Parts:
    """The parts of one walk-forward: those kept before, and those that are kept now.

    Parameters
    ----------
    inputs : bars over the whole period. Of points in training the returns are not asked for again, and not kept
    """

    def __init__(
        self, database: Database, market: Market, spec: WalkForwardSpec, strategy: AnyStrategy, inputs: Inputs
    ) -> None:
        self._database, self._market, self._spec, self._strategy = database, market, spec, strategy
        self._next = 0
        self._days = np.unique(inputs.bars.sessions[inputs.bars.start :].astype("datetime64[D]"))
        with database.transaction(market) as session:
            self._kept = WalkForwardRepository(session).parts(spec.walk_forward_id, engine_version())

    def chunks(self, pool: Executor, cancelled: Callable[[], bool]) -> Chunks:
        """Stretches of points: as they were kept, or worked out in the pool and kept."""

        def chunks(work: Sequence[tuple[Evaluator, int, int]], *, curves: bool, counted: bool) -> list[Chunk]:
            numbered = [(self._number(), *part) for part in work]
            contexts = [copy_context() for _ in work]  # what `bounded` set is so for the threads

            def worked(its: Context, part: tuple[int, Evaluator, int, int]) -> Chunk:
                return its.run(self._chunk, *part, curves=curves, counted=counted, cancelled=cancelled)

            return list(pool.map(worked, contexts, numbered))

        return chunks

    def tested(self, run: TestRun, cancelled: Callable[[], bool]) -> TestRun:
        """Runs on tests: as they were kept, or run and kept."""

        def tested(spec: RunSpec, inputs: Inputs, factor: int) -> Tested:
            number = self._number()
            kept = self._kept.get(number)
            if kept is not None:
                about, values = _unpacked(kept)
                return Tested(values[0], values[1], about["metrics"])
            if cancelled():
                raise Cancelled
            found = run(spec, inputs, factor)
            tried = [Evaluation(spec, {}, False, found.metrics["sharpe"])] if factor == 1 else []
            self._keep(number, _packed({"metrics": dict(found.metrics)}, np.stack([found.equity, found.costs])), tried)
            return found

        return tested

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _chunk(
        self, number: int, evaluator: Evaluator, first: int, after: int, *, curves: bool, counted: bool,
        cancelled: Callable[[], bool],
    ) -> Chunk:  # fmt: skip
        kept = self._kept.get(number)
        if kept is not None:
            about, values, returns = _unpacked(kept)
            failures = {int(point): why for point, why in about["failures"]}
            return Chunk(values, about["kept"], returns, failures)
        if cancelled():
            raise Cancelled
        found = evaluator.chunk(first, after, curves=curves)
        (base,), varied = evaluator.points.spec.bases, evaluator.points.varied
        sharpes = found.values[:, _SHARPE].tolist()
        tried = [
            Evaluation(base, varied(first + i), first + i in found.failures, sharpe if sharpe == sharpe else None)
            for i, sharpe in enumerate(sharpes)
        ]
        about = {"failures": list(found.failures.items()), "kept": found.kept}
        self._keep(number, _packed(about, found.values, found.returns), tried if counted else [])
        return found

    def _keep(self, number: int, body: bytes, tried: Sequence[Evaluation]) -> None:
        with self._database.transaction(self._market) as session:
            WalkForwardRepository(session).add_part(self._spec.walk_forward_id, number, engine_version(), body)
            SweepRepository(session).count_trials(self._strategy.id, self._entries(tried))

    def _entries(self, tried: Sequence[Evaluation]) -> list[TrialEntry]:
        """What was tried, as the ledger has it: each specification once."""
        own, values = own_hashes({self._strategy.id: self._strategy}), dict[int, dict[str, Any]]()
        found: dict[str, TrialEntry] = {}
        root = self._spec.base.periods_per_year**0.5
        for one in tried:
            base = values.setdefault(id(one.base), trial_values(one.base, own))
            (book,) = base["books"]
            named = {**base, "books": [{**book, "params": {**book["params"], **one.params}}]}
            name = hashlib.sha256(canonical_json(named)).hexdigest()
            sharpe = None if one.sharpe is None else one.sharpe / root
            found[name] = TrialEntry(
                name, self._spec.walk_forward_id, "FAILED" if one.failed else "SUCCEEDED", sharpe,
                None if one.failed else self._record(one.base),
            )  # fmt: skip
        return list(found.values())

    def _record(self, base: RunSpec) -> Record:
        """What a run of a base rests on: its sessions are those of the walk from its first day to its last."""
        first, last = np.datetime64(base.start), np.datetime64(base.end)
        return record_of(self._days[(self._days >= first) & (self._days <= last)])


class Unkept:
    """The parts of a walk-forward of which nothing is kept.

    Attributes
    ----------
    tried : specifications that were evaluated
    sharpes : shape [points], a year, NaN undefined: of all points over the stretch that was counted last
    """

    def __init__(self) -> None:
        self.tried = 0
        self.sharpes = np.empty(0)

    def chunks(self, pool: Executor, cancelled: Callable[[], bool]) -> Chunks:
        """Stretches of points, worked out in the pool."""

        def chunks(work: Sequence[tuple[Evaluator, int, int]], *, curves: bool, counted: bool) -> list[Chunk]:
            def worked(its: Context, part: tuple[Evaluator, int, int]) -> Chunk:
                if cancelled():
                    raise Cancelled
                evaluator, first, after = part
                return its.run(evaluator.chunk, first, after, curves=curves)

            found = list(pool.map(worked, [copy_context() for _ in work], work))  # what `bounded` set is so there
            if counted:
                self.sharpes = np.concatenate([chunk.values[:, _SHARPE] for chunk in found])
                self.tried += self.sharpes.size
            return found

        return chunks

    def tested(self, run: TestRun, cancelled: Callable[[], bool]) -> TestRun:
        """Runs on tests; at higher costs they are the same trial."""

        def tested(spec: RunSpec, inputs: Inputs, factor: int) -> Tested:
            if cancelled():
                raise Cancelled
            self.tried += factor == 1
            return run(spec, inputs, factor)

        return tested


def _packed(about: dict[str, Any], *arrays: F2) -> bytes:
    """Plain values and arrays as they are kept, every bit of them."""
    head = orjson.dumps({**about, "shapes": [array.shape for array in arrays]})
    data = b"".join(np.ascontiguousarray(array, "<f8").tobytes() for array in arrays)
    return zlib.compress(len(head).to_bytes(8, "little") + head + data, 1)


def _unpacked(body: bytes) -> tuple[Any, ...]:
    """The plain values and the arrays that `_packed` was given."""
    data = zlib.decompress(body)
    begin = 8 + int.from_bytes(data[:8], "little")
    about = orjson.loads(data[8:begin])
    arrays = []
    for shape in about.pop("shapes"):
        count = int(np.prod(shape))
        arrays.append(np.frombuffer(data, "<f8", count, begin).reshape(shape))
        begin += 8 * count
    return about, *arrays
