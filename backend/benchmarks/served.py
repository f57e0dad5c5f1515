"""What a user waits for on imported data: opening the panel, the first backtest after a start, more of them, a screen.

    PYTHONPATH=. python benchmarks/served.py [--universe NIFTY50] [--rounds 7]

Starts a server on SMARTTRADER_HOME as it is (import data first), asks it over HTTP, and stops it. Times are medians
of the rounds. The lower bound beside them is the round trip of `/api/market/status`, which does next to nothing.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

BACKTEST = "/api/portfolio/strategies/backtest"


def milliseconds(call: Any, rounds: int) -> list[float]:
    """Times of a call that takes the number of its round."""
    times = []
    for n in range(rounds):
        began = time.perf_counter()
        call(n)
        times.append((time.perf_counter() - began) * 1000.0)
    return times


def show(name: str, times: list[float]) -> None:
    """One line: median, smallest, largest."""
    print(f"{name:<46} {statistics.median(times):9.1f} ms   ({min(times):.1f} to {max(times):.1f}, n = {len(times)})")


def open_panel() -> None:
    """Open the panel of the home in this process."""
    from app.database import Database, Market
    from app.services.panel import PanelService
    from app.settings import get_settings

    settings = get_settings()
    with Database(settings) as database:
        show(
            "open the unchanged panel",
            milliseconds(lambda _: PanelService(database, settings.home).current(Market.REAL), 7),
        )


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--universe", default="NIFTY50")
    parser.add_argument("--start", default="2014-01-01")
    parser.add_argument("--end", default="2024-12-31")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    open_panel()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    smarttrader = Path(sys.executable).with_name("smarttrader")
    began = time.perf_counter()
    environment = os.environ | {"SMARTTRADER_RATE_LIMIT": "false"}
    server = subprocess.Popen([smarttrader, "serve", "--port", str(port)], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            while True:
                try:
                    client.get("/api/market/status").raise_for_status()
                    break
                except httpx.TransportError:
                    time.sleep(0.02)
            show("start until the first answer", [(time.perf_counter() - began) * 1000.0])

            def backtest(fast: int, seed: int) -> None:
                question = {
                    "strategy_ids": ["sma_cross"],
                    "params": {"sma_cross": {"fast": fast, "slow": 50}},
                    "universe": arguments.universe,
                    "start_date": arguments.start,
                    "end_date": arguments.end,
                    "seed": seed,
                }
                client.post(BACKTEST, json=question).raise_for_status()

            seed = time.time_ns() % 2**32  # runs are stored: a seed of its own makes each of ours a new one
            show("first backtest after the start", milliseconds(lambda _: backtest(20, seed), 1))
            show(
                "backtest, a parameter not run before", milliseconds(lambda n: backtest(19 - n, seed), arguments.rounds)
            )
            show("backtest, run before (stored)", milliseconds(lambda _: backtest(20, seed), arguments.rounds))
            show(
                "screener, first page after the start",
                milliseconds(lambda _: client.get("/api/screener/").raise_for_status(), 1),
            )
            query = {"index": "NIFTY500", "limit": 50, "sort_by": "turnover", "sort_order": "desc"}
            show(
                "screener, NIFTY 500 by turnover",
                milliseconds(lambda _: client.get("/api/screener/", params=query), 30),
            )
            show("lower bound: a route that does nothing", milliseconds(lambda _: client.get("/api/market/status"), 30))
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main()
