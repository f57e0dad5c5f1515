"""Where the points of a sweep are worked out: in threads here, in processes here, or on a cluster.

All are a `concurrent.futures.Executor` that is given bundles of stretches of points. What is worked out does not depend
on which: every way goes through `Evaluator.chunks` with the same inputs.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Final

from app.engines.strategies.base import Strategy
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import Chunk, Evaluator, Inputs, Stretch
from app.engines.sweeps.spec import Points, SweepSpec
from app.exceptions import ExternalAPIError, ValidationError

Submit = Callable[[Sequence[Stretch]], "Future[list[Chunk]]"]
_KEPT: Final = 2  # sweeps that a process holds what it needs for
_CONNECT_SECONDS: Final = 5
SHORT: Final = 200_000  # bars times instruments, over all points, that are sooner done than processes begin
_RETRIES: Final = 3  # of a bundle whose worker died


@dataclass(frozen=True, eq=False)
class Task:
    """A sweep as it travels: of a shipped strategy, which every process has."""

    spec: SweepSpec
    inputs: tuple[Inputs, ...]


_evaluators: OrderedDict[str, Evaluator] = OrderedDict()
_lock = threading.Lock()


def evaluate(task: Task, stretches: Sequence[Stretch], *, curves: bool = True) -> list[Chunk]:
    """Stretches of a task's points; what they share is made once in each process."""
    with _lock:
        found = _evaluators.get(task.spec.sweep_id)
        if found is None:
            found = Evaluator(task.spec, registry()[task.spec.strategy_id], task.inputs)
            _evaluators[task.spec.sweep_id] = found
            while len(_evaluators) > _KEPT:
                _evaluators.popitem(last=False)
    return found.chunks(stretches, curves=curves)


_own_task: Task | None = None


def _begin(task: Task | None) -> None:
    global _own_task
    _own_task = task
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    """End this process with the one that began it: of one that was killed it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _evaluate_own(stretches: Sequence[Stretch]) -> list[Chunk]:
    assert _own_task is not None  # every process begins with it
    return evaluate(_own_task, stretches)


def workers() -> int:
    """Bundles that are worked out at once on this machine."""
    return os.cpu_count() or 1


@contextmanager
def in_threads(evaluator: Evaluator) -> Iterator[tuple[Submit, int]]:
    """Here, in this process: kernels let each other run. What was set up for whoever asks is so for the threads."""
    with _ended(ThreadPoolExecutor(workers(), thread_name_prefix="sweep")) as pool:
        yield (lambda stretches: pool.submit(copy_context().run, evaluator.chunks, stretches)), workers()


@contextmanager
def in_processes(task: Task) -> Iterator[tuple[Submit, int]]:
    """Here, in processes: for strategies that are asked bar by bar in Python."""
    with _processes(task) as pool:
        yield (lambda stretches: pool.submit(_evaluate_own, stretches)), workers()


@contextmanager
def searching_in_processes(strategy: Strategy[Any]) -> Iterator[Callable[[SweepSpec, Inputs], Evaluator]]:
    """As `in_processes`, for one search after another: an evaluator of each, and short ones here."""
    with _processes(None) as pool:

        def of(spec: SweepSpec, inputs: Inputs) -> Evaluator:
            points, bars = Points(spec, strategy), inputs.bars
            if len(points) * (bars.shape[0] - bars.start) * bars.shape[1] < SHORT:
                return Evaluator(spec, strategy, [inputs], points=points)
            return _Elsewhere(pool, spec, strategy, inputs.with_warm_up(points.found.warm_up), points)

        yield of


class _Elsewhere(Evaluator):
    """Has its points worked out in a process, and waits: to be asked by as many threads as there are processes."""

    def __init__(
        self, pool: Executor, spec: SweepSpec, strategy: Strategy[Any], inputs: Inputs, points: Points
    ) -> None:
        super().__init__(spec, strategy, [inputs], points=points)
        self._pool, self._task = pool, Task(spec, (inputs,))

    def chunk(self, first: int, after: int, *, curves: bool = True) -> Chunk:
        (found,) = self._pool.submit(evaluate, self._task, [(first, after)], curves=curves).result()
        return found


def _processes(task: Task | None) -> AbstractContextManager[Executor]:
    """Processes that end with this one, and have a task to work on from the beginning."""
    context = multiprocessing.get_context("spawn")
    return _ended(ProcessPoolExecutor(workers(), context, initializer=_begin, initargs=(task,)))


@contextmanager
def on_cluster(task: Task, scheduler: str) -> Iterator[tuple[Submit, int]]:
    """On the workers of a Dask scheduler, which must have this version of SmartTrader.

    Raises
    ------
    ValidationError : the extra is not installed, or the workers have another engine.
    ExternalAPIError : no scheduler answers, or it has no worker.
    """
    try:
        from distributed import Client as _Client
    except ImportError as error:
        raise ValidationError(
            "--scheduler needs Dask: install SmartTrader with its extra `cluster`", "scheduler"
        ) from error
    connect: Any = _Client  # it has no types
    try:
        client = connect(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ExternalAPIError(f"No Dask scheduler answers at {scheduler}") from error
    try:
        versions = client.run(_version)
        if not versions:
            raise ExternalAPIError(f"The Dask scheduler at {scheduler} has no worker")
        others = {name: version for name, version in versions.items() if version != _version()}
        if others:
            where, version = next(iter(others.items()))
            raise ValidationError(
                f"The worker at {where} has engine {version}, here it is {_version()}: install one version", "scheduler"
            )
        # a value that the scheduler can make again, should every worker that holds it die
        carried = client.submit(_carried, task, pure=False)
        pool = client.get_executor(pure=False, retries=_RETRIES)
        yield (lambda stretches: pool.submit(evaluate, carried, stretches)), sum(client.nthreads().values())
    finally:
        client.close()


def _version() -> str:
    from app.engines.backtest import engine_version

    return engine_version()


def _carried(task: Task) -> Task:
    return task


@contextmanager
def _ended(pool: Executor) -> Iterator[Any]:
    """A pool whose waiting work is dropped when it is left."""
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
