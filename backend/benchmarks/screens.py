"""Screens over imported data: HTTP beside a route that returns the same bytes, any date cold, ten years of history.

    PYTHONPATH=. python benchmarks/screens.py [--rounds 200]

Needs SMARTTRADER_HOME with imported prices. Two servers on loopback, a process each: the product, and the same web
stack answering with the product's bytes whatever it is asked. Requests alternate; each has thresholds of its own, so
that no answer is a repeated one. Times are medians.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np

FIVE_TERMS = (
    "close > sma(close, 200) and rsi(close, 14) < 40 and volume > 1.5 * sma(volume, 20)[1] and turnover > 1cr "
    "and close > 0.7 * highest(high, 252)"
)
SAME_BYTES = """
import sys
from fastapi import FastAPI, Response
import uvicorn
body = open(sys.argv[1], "rb").read()
app = FastAPI()

@app.get("/api/screener/")
def same() -> Response:
    return Response(body, media_type="application/json")

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
"""


def question(n: int) -> dict[str, Any]:
    """Six predicates, a sort and a page; the thresholds are of this request alone."""
    return {
        "q": f"close > {20 + n * 0.01:.2f} and rsi_14 > {30 + n * 0.001:.3f} and change_pct > -{3 + n * 0.001:.3f} and "
        f"turnover > {1e6 + n:.0f} and close > sma(close, 50) and volume_ratio > {0.5 + n * 1e-4:.4f}",
        "sort_by": "turnover",
        "sort_order": "desc",
        "limit": 50,
        "page": 2,
        "asof": "2026-05-29",  # the imported sessions after it lack a month, which ends every window
    }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(client: httpx.Client, path: str) -> None:
    for _ in range(6000):
        try:
            client.get(path)
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise SystemExit("the server does not answer")


def over_http(rounds: int, settle: float = 20.0) -> None:
    """Six predicates, sort and page, beside the same bytes."""
    ours_port, theirs_port = free_port(), free_port()
    command = [Path(sys.executable).with_name("smarttrader"), "serve", "--port", str(ours_port)]
    server = subprocess.Popen(command, env=os.environ | {"SMARTTRADER_RATE_LIMIT": "false"})
    other: subprocess.Popen[bytes] | None = None
    try:
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{ours_port}", timeout=600, trust_env=False) as ours,
            httpx.Client(base_url=f"http://127.0.0.1:{theirs_port}", timeout=60, trust_env=False) as theirs,
            tempfile.TemporaryDirectory() as scratch,
        ):
            wait_for(ours, "/api/market/status")
            first = ours.get("/api/screener/", params=question(0)).raise_for_status()
            body = Path(scratch) / "body"
            body.write_bytes(first.content)
            other = subprocess.Popen([sys.executable, "-c", SAME_BYTES, str(body), str(theirs_port)])
            wait_for(theirs, "/api/screener/")
            time.sleep(settle)  # what the server does on its start is over
            times: dict[str, list[float]] = {"ours": [], "same bytes": []}
            for n in range(1, rounds + 1):
                for name, client in (("ours", ours), ("same bytes", theirs)):
                    began = time.perf_counter()
                    client.get("/api/screener/", params=question(n)).raise_for_status()
                    times[name].append((time.perf_counter() - began) * 1e3)
            middle = {name: statistics.median(some[rounds // 10 :]) for name, some in times.items()}
            total = first.json()["meta"]["total"]
            print(f"six predicates, sort, page: {total} match, {len(first.content):,} bytes, n = {rounds}")
            for name, value in middle.items():
                print(f"  {name:<12} {value:7.2f} ms   ({min(times[name]):.2f} to {max(times[name]):.2f})")
            print(f"  ours / same bytes = {middle['ours'] / middle['same bytes']:.2f}")
    finally:
        for process in (server, other):
            if process is not None:
                process.terminate()
                process.wait(60)


def in_process(rounds: int) -> None:
    """Any date, never asked before; and ten years of a five-term expression over the whole market."""
    from app.database import Market
    from app.services.kernels import warm_up
    from app.services.platform import Platform
    from app.services.screens.history import HistoryQuestion
    from app.settings import get_settings

    platform = Platform(get_settings())
    try:
        platform.prepare()
        print(f"kernels: {warm_up():.1f} s")
        began = time.perf_counter()
        with platform.database.transaction(Market.REAL) as session:
            platform.screener.screens.warm(Market.REAL, session)
        print(f"rows packed and figures read: {time.perf_counter() - began:.2f} s")
        days = platform.panels.current(Market.REAL).sessions
        asked = np.random.default_rng(int(time.time())).choice(days[300:-1], rounds, replace=False)
        for name, columns, sort in (("whole rows", None, "symbol"), ("sorted by a field", "sma(20)", "rsi_14")):
            times = []
            for day in asked.tolist():
                began = time.perf_counter()
                with platform.database.transaction(Market.REAL) as session:
                    asking = {"sort_by": sort, "sort_order": "desc", "symbol": None, "sector": None, "columns": columns}
                    platform.screener.page(
                        Market.REAL,
                        session,
                        page=1,
                        limit=50,
                        index="ALL",
                        instrument_type="EQUITY",
                        asof=day,
                        q=FIVE_TERMS,
                        **asking,  # type: ignore[arg-type]
                    )
                times.append((time.perf_counter() - began) * 1e3)
            print(f"any date, {name}: {statistics.median(times):.0f} ms ({min(times):.0f} to {max(times):.0f})")
        end: date = days[-1].astype(object)
        question = HistoryQuestion(FIVE_TERMS, start=end.replace(year=end.year - 10))
        times = []
        for _ in range(5):
            began = time.perf_counter()
            found = platform.histories.answer(Market.REAL, question)
            times.append(time.perf_counter() - began)
        signals = sum(found["days"]["entered"])
        print(
            f"ten years, whole market, five terms, forward returns and intervals: {statistics.median(times):.2f} s "
            f"({min(times):.2f} to {max(times):.2f}), {len(found['days']['t']):,} sessions, {signals:,} signals"
        )
    finally:
        platform.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    in_process(20)
    over_http(given.rounds)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
