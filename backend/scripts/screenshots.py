"""Photograph every page on the sample market, in both themes, on a desk and on a phone, into `docs/screenshots`.

    python3 run.py test build                              # once, so that there is an interface to photograph
    .venv/bin/python backend/scripts/screenshots.py        # all pages
    .venv/bin/python backend/scripts/screenshots.py run screener --to /tmp/shots
    .venv/bin/python backend/scripts/screenshots.py run --whole --to /tmp/shots    # down to their ends

Servers with homes of their own are started for it and stopped at its end; no installation is touched. It needs
the development packages and a Chromium, which CHROMIUM_PATH names when it is not found. About five minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "backend"))

from tests.serving import Served, serving  # noqa: E402

TARGET = REPOSITORY / "docs" / "screenshots"
THEMES = ("dark", "light")
SCREENS = {"1440": ViewportSize(width=1440, height=900), "390": ViewportSize(width=390, height=844)}
PERIOD = {"start_date": "2021-01-01", "end_date": "2025-12-31"}
# The last one is on the run pages. Its slots are fewer than its signals, so that some orders are refused.
RUNS: tuple[dict[str, Any], ...] = (
    {"strategy_ids": ["rsi2"], "universe": "SAMPLE20"},
    {"strategy_ids": ["ema_cross"], "universe": "SAMPLE50"},
    {"strategy_ids": ["rsi2", "sma_cross"], "universe": "SAMPLE50"},
    {"strategy_ids": ["sma_cross"], "universe": "SAMPLE20", "sizing": "equity_per_position", "max_positions": 10},
)
# Symbol, first purchase, shares; a third of each is sold in 2024, some of it soon after another purchase.
HELD = (
    ("INDRAVAT", "2019-05-06", 120), ("KAVERYA", "2020-08-10", 60), ("MIRUSOFT", "2021-03-15", 90),
    ("LUMBRA", "2022-01-17", 200), ("CORALIS", "2022-09-05", 80), ("BHAVRA", "2023-02-13", 50),
    ("ARUVI", "2023-07-03", 75),
)  # fmt: skip
TRADEBOOK = """Date,Symbol,Type,Qty,Price,Charges
06-01-2025,LUMBRA,buy,"1,000",121.50,18.20
07-01-2025,ARUVI,buy,40,905.00,12
08-01-2025,ARUVY,buy,10,905.00,3
09-01-2025,CORALIS,sell,20,310.25,5
10-13-2025,CORALIS,sell,20,310.25,5
"""
BUSIEST: dict[str, str | int] = {"limit": 1, "index": "all", "sort_by": "turnover", "sort_order": "desc"}
FAILS = "there is no average of nothing"
FIRST_PAGE = "start"  # the only one that is photographed before there is data
WAIT = 60_000.0  # milliseconds


def _nothing(page: Page) -> None:
    """The page is as wanted when it has opened."""


def _with_drawer(page: Page) -> None:
    page.locator(".can-open, .prow").nth(2).click()
    expect(page.locator(".drawer canvas").first).to_be_visible(timeout=WAIT)


def _at_figures(page: Page) -> None:
    page.get_by_role("region", name="Delivery through time").scroll_into_view_if_needed()


def _with_trade(page: Page) -> None:
    trades = page.get_by_role("region", name="Trades", exact=True)
    trades.scroll_into_view_if_needed()
    trades.locator(".can-open, .prow").nth(8).click()
    expect(page.locator(".drawer canvas").first).to_be_visible(timeout=WAIT)


def _with_file(page: Page) -> None:
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "tradebook.csv", "mimeType": "text/csv", "buffer": TRADEBOOK.encode()}
    )
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("region", name="Preview", exact=True)).to_be_visible(timeout=WAIT)


def _with_trades(page: Page) -> None:
    page.get_by_role("button", name="List the trades").click(timeout=WAIT)
    expect(page.get_by_role("region", name="Rebalance").get_by_role("table")).to_be_visible(timeout=WAIT)


def _at_heat(page: Page) -> None:
    """The point in the middle is chosen, so that all that is said of a point is there."""
    heat = page.get_by_role("region", name="Heat map")
    cells = heat.locator("tbody button")
    expect(cells.first).to_be_visible(timeout=WAIT)
    cells.nth(cells.count() // 2).click()
    heat.scroll_into_view_if_needed()


def _as_walk_forward(page: Page) -> None:
    page.get_by_role("button", name="Walk-forward", exact=True).click()
    page.get_by_text("What else a run is asked").click()


def _verified(page: Page) -> None:
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Inputs changed")).to_be_visible(timeout=WAIT)


def _run(page: Page) -> None:
    page.get_by_role("button", name="Run backtest").click()
    expect(page.get_by_text(FAILS).first).to_be_visible(timeout=WAIT)


PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    FIRST_PAGE: ("/", _nothing),
    "screener": ("/screener/", _nothing),
    "screener-stock": ("/screener/", _with_drawer),
    "stock": ("/stock/?symbol={symbol}", _nothing),
    "stock-figures": ("/stock/?symbol={symbol}", _at_figures),
    "market": ("/market/", _nothing),
    "screen-history": ("/screener/history/?q=close+%3E+sma%28close%2C+50%29", _nothing),
    "alerts": ("/screener/alerts/", _nothing),
    "strategies": ("/quant/strategies/", _nothing),
    "strategy": ("/quant/strategy/?strategy=rsi2", _nothing),
    "strategy-runs": ("/quant/strategy/?strategy=sma_cross&tab=runs", _nothing),
    "strategy-source": ("/quant/strategy/?strategy=rsi2&tab=source", _nothing),
    "backtest": ("/quant/backtest/", _nothing),
    "run": ("/quant/run/?run={run}", _nothing),
    "run-trade": ("/quant/run/?run={run}", _with_trade),
    "run-changed": ("/quant/run/?run={changed}", _verified),
    "run-failed": ("/quant/backtest/?strategy=shot_fails&universe=SAMPLE20", _run),
    "run-unknown": ("/quant/run/?run=0000", _nothing),
    "runs": ("/quant/runs/", _nothing),
    "compare": ("/quant/compare/?runs={runs}", _nothing),
    "sweeps": ("/quant/sweeps/", _nothing),
    "walk-forward-new": ("/quant/sweeps/", _as_walk_forward),
    "sweep": ("/quant/sweep/?sweep={sweep}", _nothing),
    "sweep-point": ("/quant/sweep/?sweep={sweep}", _at_heat),
    "walk-forward": ("/quant/walk-forward/?id={walk}", _nothing),
    "portfolios": ("/analyst/", _nothing),
    "portfolios-together": ("/analyst/?view=together", _nothing),
    "portfolio": ("/analyst/portfolio/?id={portfolio}", _nothing),
    "portfolio-performance": ("/analyst/portfolio/?id={portfolio}&tab=performance&benchmark=SAMPLE50", _nothing),
    "portfolio-risk": ("/analyst/portfolio/?id={portfolio}&tab=risk&benchmark=SAMPLE50", _nothing),
    "portfolio-stress": ("/analyst/portfolio/?id={portfolio}&tab=stress&benchmark=SAMPLE50", _nothing),
    "portfolio-improve": ("/analyst/portfolio/?id={portfolio}&tab=improve&benchmark=SAMPLE50", _with_trades),
    "portfolio-transactions": ("/analyst/portfolio/?id={portfolio}&tab=transactions", _nothing),
    "portfolio-tax": ("/analyst/portfolio/?id={portfolio}&tab=tax&year=2024-25", _nothing),
    "portfolio-import": ("/analyst/import/?id={portfolio}", _with_file),
    "data": ("/data/", _nothing),
    "settings": ("/settings/", _nothing),
}


def chromium() -> str:
    """The browser's program."""
    usual = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, usual)), None)
    if program is None:
        sys.exit("there is no Chromium: install one, or name it in CHROMIUM_PATH")
    return program


def _grown(page: Page, viewport: ViewportSize) -> None:
    """The window is as high as the page: it scrolls in its frame, and draws the far parts once they are near."""
    height = 0
    while height < (
        now := int(page.evaluate("(({scrollHeight, clientHeight}) => innerHeight + scrollHeight - clientHeight)(main)"))
    ):
        height = now
        page.set_viewport_size({"width": viewport["width"], "height": height})
        page.wait_for_timeout(400)
        page.wait_for_load_state("networkidle", timeout=WAIT)


def photograph(
    browser: Browser, url: str, name: str, names_of: dict[str, str], target: Path, *, whole: bool
) -> Iterator[Path]:
    """One page in every theme and on every screen."""
    path, prepare = PAGES[name]
    for theme in THEMES:
        for width, viewport in SCREENS.items():
            phone = viewport["width"] < 720
            context = browser.new_context(
                viewport=viewport, is_mobile=phone, has_touch=phone, reduced_motion="reduce", locale="en-IN"
            )
            stored = json.dumps({"theme": theme})
            context.add_init_script(f"localStorage.setItem('smarttrader.preferences', {stored!r})")
            page = context.new_page()
            page.goto(url + path.format(**names_of))
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT)
            page.wait_for_load_state("networkidle", timeout=WAIT)
            prepare(page)
            page.wait_for_load_state("networkidle", timeout=WAIT)
            page.evaluate("document.fonts.ready")
            if whole:
                _grown(page, viewport)
            page.mouse.move(0, 0)
            page.wait_for_timeout(400)  # charts draw in the frames after their data
            file = target / f"{name}-{theme}-{width}.png"
            file.write_bytes(page.screenshot())
            context.close()
            yield file


def backtest(url: str, body: dict[str, Any]) -> str:
    """Compute a run through the API; its id."""
    answer = httpx.post(
        f"{url}/api/portfolio/strategies/backtest",
        params={"wait": 60},
        json=body | PERIOD,
        timeout=90,
        trust_env=False,
    )
    answer.raise_for_status()
    return str(answer.json()["run_id"])


def own(served: Served) -> str:
    """Two strategies of one's own: one that fails, and one that is changed after it was run; the id of its run."""
    for name in ("shot_changes", "shot_fails"):
        ran = served.run("strategy", "new", name)
        if ran.returncode != 0:
            sys.exit(ran.stderr)
    changes, fails = (served.home / "strategies" / f"{name}.py" for name in ("shot_changes", "shot_fails"))
    text = fails.read_text()
    fails.write_text(
        text.replace("        average = sma(", f"        raise ValueError({FAILS!r})\n        average = sma(")
    )
    run = backtest(served.url, {"strategy_ids": ["shot_changes"], "universe": "SAMPLE20"})
    changes.write_text(changes.read_text().replace("bars.close > average", "bars.close >= average"))
    return run


def searches(served: Served) -> dict[str, str]:
    """A sweep and a walk-forward by the command; their ids."""
    found = {}
    for name, verb, more in (("sweep", "sweep", ()), ("walk_forward", "walkforward", ("--train", "250"))):
        asked = ("sma_cross", "--sample", "--universe", "SAMPLE20", "--from", "2022-01-01", "--json")
        grid = ("--grid", "fast=5:25:5", "--grid", "slow=30:90:15")
        ran = served.run(verb, *asked, *grid, *more)
        if ran.returncode != 0:
            sys.exit(ran.stderr)
        found[name.partition("_")[0]] = str(json.loads(ran.stdout)[f"{name}_id"])
    return found


def portfolios(url: str) -> str:
    """Two portfolios bought at the closes of their days; the id of the first."""
    path = f"{url}/api/portfolio/stocks"

    def close(symbol: str, day: str) -> str:
        bars = httpx.get(
            f"{url}/api/market/bars/{symbol}",
            params={"adjust": "none", "end": day, "limit": 1},
            timeout=60,
            trust_env=False,
        )
        return str(bars.json()["c"][0])

    def made(name: str, client: str, held: tuple[tuple[str, str, int], ...]) -> str:
        answer = httpx.post(path, json={"name": name, "client": client}, timeout=60, trust_env=False)
        answer.raise_for_status()
        lines = []
        for symbol, day, shares in held:
            line = {"kind": "BUY", "date": day, "symbol": symbol, "quantity": shares, "price": close(symbol, day)}
            again = {**line, "date": "2024-01-15", "quantity": shares // 4, "price": close(symbol, "2024-01-15")}
            sale = {**line, "kind": "SELL", "quantity": shares // 3, "date": "2024-10-14"}
            lines += [line, again, {**sale, "price": close(symbol, "2024-10-14"), "charges": "18.50", "stt": "25"}]
        one = f"{path}/{answer.json()['id']}"
        httpx.post(f"{one}/transactions", json={"transactions": lines}, timeout=60, trust_env=False).raise_for_status()
        waiting = httpx.get(f"{one}/actions", timeout=60, trust_env=False).json()["actions"]
        splits = [{"id": action["id"]} for action in waiting if action["kind"] in ("SPLIT", "BONUS")]
        httpx.post(f"{one}/actions/apply", json={"actions": splits}, timeout=60, trust_env=False).raise_for_status()
        return str(answer.json()["id"])

    made("Short list", "Family", HELD[2:5])
    return made("Long hold", "Own", HELD)


def busiest(url: str) -> str:
    """The symbol with the most turnover."""
    answer = httpx.get(f"{url}/api/screener/", params=BUSIEST, timeout=30, trust_env=False)
    answer.raise_for_status()
    return str(answer.json()["data"][0]["symbol"])


def main() -> int:
    """Photograph the pages that were named, or all."""
    parser = argparse.ArgumentParser(description="Photograph every page on the sample market.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"one of {', '.join(PAGES)}; all without one")
    parser.add_argument("--to", type=Path, default=TARGET, help="the folder to write to")
    parser.add_argument("--whole", action="store_true", help="whole pages, not what stands on the first screen")
    wanted = parser.parse_args()
    unknown = set(wanted.pages) - set(PAGES)
    if unknown:
        parser.error(f"no such page: {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}")
    names = wanted.pages or list(PAGES)
    wanted.to.mkdir(parents=True, exist_ok=True)
    size = 0
    with tempfile.TemporaryDirectory(prefix="smarttrader-") as scratch, sync_playwright() as playwright:
        files = Path(scratch) / "files"
        files.mkdir()
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        for first in (True, False):
            here = [name for name in names if (name == FIRST_PAGE) == first]
            if not here:
                continue
            before = () if first else (("data", "sample"),)
            with serving(Path(scratch) / ("empty" if first else "sample"), files, *before) as served:
                names_of = {}
                if not first:
                    paths = "".join(PAGES[name][0] for name in here)
                    if "{symbol}" in paths:
                        names_of["symbol"] = busiest(served.url)
                    if any(word in paths for word in ("{run", "/runs/", "tab=runs")):
                        runs = [backtest(served.url, body) for body in RUNS]
                        names_of |= {"run": runs[-1], "runs": ",".join(runs[-3:])}
                    if "{changed}" in paths or "shot_fails" in paths:
                        names_of["changed"] = own(served)
                    if "{sweep}" in paths or "{walk}" in paths or "/sweeps/" in paths:
                        names_of |= searches(served)
                    if "/analyst/" in paths:
                        names_of["portfolio"] = portfolios(served.url)
                for name in here:
                    for file in photograph(browser, served.url, name, names_of, wanted.to, whole=wanted.whole):
                        size += file.stat().st_size
                        print(file.name, flush=True)
        browser.close()
    print(f"{size / 1e6:.1f} MB in {wanted.to}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
