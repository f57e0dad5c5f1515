"""Where points are worked out does not matter: threads, processes and a cluster give the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.engines.backtest import CostSpec
from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import Evaluator, Inputs
from app.engines.sweeps.walk_forward import WalkForwardSpec, walk_forward
from app.exceptions import ExternalAPIError
from app.services.sweeps.executors import Task, in_processes, in_threads, on_cluster
from app.services.sweeps.walking_parts import Unkept
from app.services.sweeps.walking_work import walked
from app.services.sweeps.working import packed
from app.services.user_strategies.catalogue import Catalogue
from tests.engines.sweeps.market import bars_of, sweep_of, walk


def task_of(strategy: str, grid: dict[str, object], bars: int = 400, symbols: int = 1) -> Task:
    found = bars_of(walk(bars, 9), start=150, symbols=symbols)
    return Task(sweep_of(found, strategy, grid, costs=CostSpec("bps", 10.0)), (Inputs(found),))


def bytes_of(submit: Any, points: int, step: int, after_first: Any = lambda: None) -> dict[int, tuple[bytes, bytes]]:
    """What every stretch gives, as it would be kept."""
    stretches = [(first, min(first + step, points)) for first in range(0, points, step)]
    bundles = [stretches[i : i + 2] for i in range(0, len(stretches), 2)]
    waiting = {submit(bundle): bundle for bundle in bundles}
    found = {}
    for i, future in enumerate(as_completed(waiting, timeout=120)):
        for (first, _), chunk in zip(waiting[future], future.result(), strict=True):
            assert not chunk.failures
            found[first] = (packed(chunk.values), packed(chunk.returns))
        if i == 0:
            after_first()
    return found


def test_processes_give_the_bytes_that_threads_give() -> None:
    task = task_of("nr7_breakout", {"days": [1, 2, 3, 4], "short": [0, 1]})
    evaluator = Evaluator(task.spec, registry()["nr7_breakout"], task.inputs)
    points = len(evaluator.points)
    with in_threads(evaluator) as (submit, _):
        here = bytes_of(submit, points, 1)
    with in_processes(task) as (submit, _):
        assert bytes_of(submit, points, 1) == here


@pytest.mark.parametrize(("short", "here"), [(80, 0), (400, 3), (401, 6)])
def test_a_walk_forward_of_what_is_asked_bar_by_bar_has_its_points_worked_out_in_processes(
    short: int, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four points on each of three trainings of 100 sessions: 400. On the tests 240, 240 and 80; on all of them 560."""
    found, strategy = bars_of(walk(260, 9), start=20), registry()["nr7_breakout"]
    asked = sweep_of(found, "nr7_breakout", {"days": [3, 4], "short": [0, 1]}, costs=CostSpec("bps", 10.0))
    spec = WalkForwardSpec(asked.bases[0], asked.grid, 100, 60)
    plain = walk_forward(
        spec, strategy, Inputs(found), chunks=lambda work, **_: [one.chunk(first, after) for one, first, after in work]
    )
    chunk, worked_here = Evaluator.chunk, list[int]()

    def counted(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        worked_here.append(first)
        return chunk(self, first, after, **more)

    monkeypatch.setattr(Evaluator, "chunk", counted)
    monkeypatch.setattr("app.services.sweeps.executors.SHORT", short)
    there = walked(Catalogue(), spec, strategy, Inputs(found), None, Unkept(), lambda *_: None, lambda: False)
    assert there.canonical == plain.canonical
    assert len(worked_here) == here


KILLED = """
import os, signal, sys
import psutil
from app.services.sweeps.executors import in_processes
from tests.services.test_sweep_executors import task_of

if __name__ == "__main__":
    with in_processes(task_of("nr7_breakout", {"days": [2, 3, 4, 5], "short": [0, 1]})) as (submit, width):
        submit([(0, 1)]).result()
        with open(sys.argv[1], "w") as told:
            print(*[child.pid for child in psutil.Process().children(recursive=True)], file=told)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_the_processes_of_a_search_end_with_the_one_that_began_it_though_that_is_killed(tmp_path: Path) -> None:
    script, told = tmp_path / "killed.py", tmp_path / "children"
    script.write_text(KILLED)
    here = dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run([sys.executable, str(script), str(told)], env=here, check=False, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)  # fmt: skip
    assert ran.returncode == -signal.SIGKILL
    children = [int(pid) for pid in told.read_text().split()]
    assert len(children) >= 2
    until = time.monotonic() + 20
    while (left := [pid for pid in children if psutil.pid_exists(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def test_a_cluster_gives_the_bytes_that_threads_give_though_a_worker_dies() -> None:
    from distributed import LocalCluster

    task = task_of("rsi2", {"threshold": {"start": 1, "stop": 50, "step": 1}, "exit": [3, 5, 8], "trend": [50, 100]})
    evaluator = Evaluator(task.spec, registry()["rsi2"], task.inputs)
    points = len(evaluator.points)
    assert points == 300
    with in_threads(evaluator) as (submit, _):
        here = bytes_of(submit, points, 10)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:

        def kill() -> None:
            victim = next(iter(cluster.workers.values()))
            os.kill(victim.pid, signal.SIGKILL)

        with on_cluster(task, cluster.scheduler_address) as (submit, width):
            assert width == 2
            assert bytes_of(submit, points, 10, after_first=kill) == here


def test_no_scheduler_is_said() -> None:
    began = time.monotonic()
    with (
        pytest.raises(ExternalAPIError, match="No Dask scheduler answers at"),
        on_cluster(task_of("rsi2", {"exit": [3]}), "tcp://127.0.0.1:9"),
    ):
        pass
    assert time.monotonic() - began < 60
