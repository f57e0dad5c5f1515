"""The risk of a portfolio over HTTP: 50 holdings over ten years, target 60 ms once the panel is open.

    PYTHONPATH=. python benchmarks/portfolio_analysis.py [--holdings 50] [--lookback 2520] [--rounds 15]

Starts a server on SMARTTRADER_HOME as it is (import data first), makes a portfolio of the shares with the longest
history, asks for it, takes it away and stops. Medians; the lower bound beside it is the round trip of
`/api/market/status`, which does next to nothing. The first answers, which read company figures, are left out.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from typing import Any

import httpx
import numpy as np
from served import milliseconds, show

from app.database import Market
from app.services.platform import Platform
from app.settings import get_settings

URL = "/api/portfolio/stocks"


def longest_held(count: int) -> list[str]:
    """Symbols of the shares with most bars in the last ten years that trade in the last session."""
    platform = Platform(get_settings())
    try:
        platform.prepare(strategies=False)
        panel = platform.panels.current(Market.REAL)
    finally:
        platform.close()
    last = len(panel.sessions)
    traded = ~np.isnan(panel.values(("close",), panel.keys, max(0, last - 2520), last)["close"])
    bars = np.where(traded[-1], traded.sum(axis=0), 0)
    infos = [panel.instruments[panel.keys[n]] for n in np.argsort(-bars, kind="stable").tolist()]
    return [info.symbol for info in infos if info.instrument_type == "EQUITY" and not info.jumps][:count]


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holdings", type=int, default=50)
    parser.add_argument("--lookback", type=int, default=2520)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--settle", type=float, default=40.0, help="seconds between the first answer and the rounds")
    asked = parser.parse_args()
    symbols = longest_held(asked.holdings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SMARTTRADER_RATE_LIMIT": "false"}
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "error"], env=environment
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            for _ in range(600):
                try:
                    client.get("/ping")
                    break
                except httpx.ConnectError:
                    time.sleep(0.2)
            positions = [{"symbol": one, "quantity": 100, "entry_price": 100} for one in symbols]
            made = client.post(URL, json={"name": f"benchmark {os.getpid()}", "positions": positions})
            made.raise_for_status()
            place = f"{URL}/{made.json()['id']}"
            try:
                ask(client, place, asked)
            finally:
                client.delete(place, params={"permanent": True})
    finally:
        server.terminate()
        server.wait()


def ask(client: httpx.Client, place: str, asked: Any) -> None:
    """The rounds."""

    def post(what: str, **more: Any) -> httpx.Response:
        answer = client.post(f"{place}/{what}", json={"lookback_days": asked.lookback, **more})
        answer.raise_for_status()
        return answer

    first = post("analyze")
    found = first.json()
    judged = len(found["portfolio_risk"]["marginal_contributions"])
    print(f"{judged} holdings, {found['window']['sessions']} sessions, {len(first.content):,} bytes")
    time.sleep(asked.settle)  # a server that has just started still compiles and proves in the background
    show("status (does nothing)", milliseconds(lambda _: client.get("/api/market/status"), asked.rounds))
    show("analyze", milliseconds(lambda _: post("analyze"), asked.rounds))
    for what, more in (("factors", {}), ("stress", {}), ("improve", {"lookback_days": min(asked.lookback, 756)})):
        post(what, **more)
        show(what, milliseconds(lambda _, what=what, more=more: post(what, **more), max(3, asked.rounds // 3)))


if __name__ == "__main__":
    main()
