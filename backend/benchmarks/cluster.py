"""A sweep of a hundred thousand points on a local Dask cluster beside threads of this process.

    python benchmarks/cluster.py [--points 100000] [--workers 2] [--kill]

It ends with an error unless the cluster's bytes are those of this process; with `--kill` one worker is killed on the
way.
The sweep is RSI(2) on 2,500 days of one symbol: signals in Python for each point, so that it is work worth sending.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import time
from concurrent.futures import as_completed
from datetime import date
from typing import Any

from workload import panel

from app.engines.backtest import CostSpec, RunSpec, UniverseSpec, book_of
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import CHUNK, Evaluator, Inputs
from app.engines.sweeps.spec import SweepSpec
from app.services.sweeps.executors import Submit, Task, in_threads, on_cluster
from app.services.sweeps.working import packed


def task_of(points: int) -> Task:
    """RSI(2) by threshold, exit and trend: about so many points."""
    bars, strategy = panel(2_500, 1, 0.02, "1d"), registry()["rsi2"]
    trends = max(1, points // 1_000)
    grid = {
        "exit": tuple(range(2, 22)),
        "threshold": (*(0.5 + i for i in range(49)), 49.9),
        "trend": tuple(range(50, 50 + trends)),
    }
    spec = RunSpec(
        books=(book_of(strategy, {name: values[0] for name, values in grid.items()}),),
        universe=UniverseSpec(symbols=bars.symbols), start=date(1990, 1, 1), end=date(2200, 1, 1),
        data_root="benchmark", costs=CostSpec("bps", 10.0),
    )  # fmt: skip
    return Task(SweepSpec((spec,), dict(sorted(grid.items()))), (Inputs(bars),))


def digest_of(submit: Submit, points: int, after_first: Any = lambda: None) -> str:
    """A hash over all chunks as they would be kept, in their order."""
    waiting = {submit([(first, min(first + CHUNK, points))]): first for first in range(0, points, CHUNK)}
    found: dict[int, bytes] = {}
    for i, future in enumerate(as_completed(waiting)):
        (chunk,) = future.result()
        found[waiting[future]] = packed(chunk.values) + packed(chunk.returns)
        if i == 2:
            after_first()
    return hashlib.sha256(b"".join(found[first] for first in sorted(found))).hexdigest()


def main() -> None:
    from distributed import LocalCluster

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    asked = parser.parse_args()
    task = task_of(asked.points)
    evaluator = Evaluator(task.spec, registry()["rsi2"], task.inputs)
    points = len(evaluator.points)
    began = time.perf_counter()
    with in_threads(evaluator) as (submit, _):
        here = digest_of(submit, points)
    print(f"{points:,} points in threads: {time.perf_counter() - began:.1f} s", flush=True)
    for workers in sorted({1, asked.workers}):
        with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:

            def kill(cluster: Any = cluster) -> None:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

            began = time.perf_counter()
            with on_cluster(task, cluster.scheduler_address) as (submit, _):
                killed = asked.kill and workers == asked.workers
                there = digest_of(submit, points, kill if killed else lambda: None)
            taken = time.perf_counter() - began
            said = "the same bytes" if there == here else "OTHER BYTES"
            print(f"on {workers} workers{', one killed' if killed else ''}: {taken:.1f} s, {said}", flush=True)
            if there != here:
                sys.exit("the cluster's bytes are others")


if __name__ == "__main__":
    main()
