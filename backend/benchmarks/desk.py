"""How long the page of a stored run of ten years of NIFTY 500 takes to open, and what its answers cost the server.

    PYTHONPATH=. python benchmarks/desk.py [--rounds 7] [--universe NIFTY500] [--start 2015-01-01] [--end 2024-12-31]

Needs SMARTTRADER_HOME with imported prices (a copy: the run is stored in it), a built interface and a Chromium
(CHROMIUM_PATH). Times are the browser's own, from the navigation until the frame is painted in which the headline
figures and the curve stand, and until every panel does. Each opening is a browser context of its own, so that nothing
of the page is cached; the first one follows a start of the server, which has then decoded nothing yet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks.screens import free_port, wait_for

BACKTEST = "/api/portfolio/strategies/backtest"
WATCH = """
(() => {
  const marks = window.deskMarks = {};
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  }));
  const heads = () => [...document.querySelectorAll('h2')].map((one) => one.textContent);
  const drawn = (title) => [...document.querySelectorAll('section')].some((one) =>
    one.querySelector('h2')?.textContent === title && one.querySelector('canvas'));
  const tests = {
    figures: () => document.querySelector('[data-metric=cagr]')?.textContent.includes('%'),
    curve: () => drawn('Equity and drawdown'),
    panels: () => ['Deepest drawdowns', 'Holdings through time', 'Trades on candles'].every((one) =>
      heads().includes(one)) && drawn('Exposure and turnover') && drawn('Trades on candles')
      && document.querySelector('[role=grid][aria-label=Trades] tbody tr[data-index]'),
  };
  const look = async () => {
    for (const [name, test] of Object.entries(tests))
      if (!(name in marks) && document.body && test()) {
        marks[name] = 0;
        await painted();
        marks[name] = performance.now();
      }
    if (Object.keys(marks).length < Object.keys(tests).length) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => {
    window.deskBusy = (window.deskBusy ?? 0) + list.getEntries().reduce((sum, one) => sum + one.duration, 0);
  }).observe({ type: 'longtask', buffered: true });
})();
"""


@contextmanager
def served(port: int) -> Iterator[httpx.Client]:
    command = [Path(sys.executable).with_name("smarttrader"), "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ | {"SMARTTRADER_RATE_LIMIT": "false"})
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600, trust_env=False) as client:
            wait_for(client, "/api/market/status")
            time.sleep(20.0)  # what the server does on its start is over
            yield client
    finally:
        server.terminate()
        server.wait(60)


def opened(browser: Browser, url: str) -> dict[str, float]:
    """Milliseconds from the navigation to each mark, and how long tasks kept the page's thread busy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_function("window.deskMarks?.panels > 0", timeout=120_000)
    marks: dict[str, float] = page.evaluate("({...window.deskMarks, busy: window.deskBusy ?? 0})")
    context.close()
    return marks


def asked(client: httpx.Client, path: str) -> tuple[float, int]:
    """Milliseconds and bytes of an answer."""
    began = time.perf_counter()
    answer = client.get(path, headers={"accept": "application/vnd.smarttrader.columns+json"}).raise_for_status()
    return (time.perf_counter() - began) * 1000.0, len(answer.content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--universe", default="NIFTY500")
    parser.add_argument("--start", default="2015-01-01")
    parser.add_argument("--end", default="2024-12-31")
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    port = free_port()
    question = {
        "strategy_ids": ["sma_cross"],
        "universe": given.universe,
        "start_date": given.start,
        "end_date": given.end,
        "costs": "zerodha",
    }
    with served(port) as client:
        run = client.post(BACKTEST, params={"wait": 120}, json=question).raise_for_status().json()
    run_id = run["run_id"]
    print(f"{run['trades_count']:,} trades, {len(run['rejections']):,} refusals, {len(run['daily_chart']):,} sessions")
    with served(port) as client:
        for part in ("/head", "/significance", "/analysis", "/tables", ""):
            times = [asked(client, f"/api/portfolio/strategies/runs/{run_id}{part}") for _ in range(5)]
            again = statistics.median(took for took, _ in times[1:])
            print(
                f"{part or '/ (whole)':16} {times[0][0]:7.0f} ms first, {again:6.0f} ms again, {times[0][1]:>11,} bytes"
            )
    with served(port) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM_PATH") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        rounds = [opened(browser, f"{client.base_url}/quant/run/?run={run_id}") for _ in range(given.rounds)]
        browser.close()
    print(f"{'':16} {'first':>9} {'median':>9} {'least':>9} {'most':>9}  ms")
    for name in ("figures", "curve", "panels", "busy"):
        first, *later = [one[name] for one in rounds]
        print(f"{name:16} {first:9.0f} {statistics.median(later):9.0f} {min(later):9.0f} {max(later):9.0f}")
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
