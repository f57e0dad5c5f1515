"""How long the screener's page takes from a click on a filter until the rows of its answer are painted.

    PYTHONPATH=. python benchmarks/repaint.py [--rounds 40]

Needs SMARTTRADER_HOME with imported prices, a built interface and a Chromium (CHROMIUM_PATH). Sectors are switched one
after the other; each is asked for once before, and then again with a warm page. The pointer rests on a choice before it
presses, as a hand's does; with `--rest 0` it presses at once, so that nothing can be asked ahead. Times are the
browser's own, from the press until the frame is painted in which the count and the first row are those of the new
sector.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.screens import free_port, wait_for

PRESSED = """
([sector, total, first]) => {
  const row = () => document.querySelector('[role=grid] tr[aria-rowindex="2"]')?.textContent ?? '';
  const shown = () => [...document.querySelectorAll('[role=status]')].some((one) => one.textContent.includes(total));
  const label = [...document.querySelectorAll('fieldset.fac label')].find((one) =>
    one.querySelector('.trunc')?.textContent === sector);
  const frame = () => new Promise(requestAnimationFrame);
  const painted = () => new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
  window.repainted = new Promise((resolve) => {
    label.addEventListener('click', async () => {
      const began = performance.now();
      do await frame(); while (!(shown() && row().includes(first)));
      await painted();
      resolve(performance.now() - began);
    }, { once: true, capture: true });
  });
  label.scrollIntoView({ block: 'center' });
  const box = label.getBoundingClientRect();
  return [box.left + 40, box.top + box.height / 2];
}
"""


def switched(page: Page, wanted: list[str], rest: float) -> float:
    """Milliseconds from the press on a sector until its rows are painted; the pointer rests on it before."""
    x, y = page.evaluate(PRESSED, wanted)
    if rest > 0:
        page.mouse.move(x, y)
        time.sleep(rest)
    page.mouse.click(x, y)
    took: float = page.evaluate("window.repainted")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rest", type=float, default=0.15, help="seconds of the pointer on a choice before the press")
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [Path(sys.executable).with_name("smarttrader"), "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ | {"SMARTTRADER_RATE_LIMIT": "false"})
    try:
        with httpx.Client(base_url=url, timeout=600, trust_env=False) as client, sync_playwright() as playwright:
            wait_for(client, "/api/market/status")
            sectors = client.get("/api/screener/").raise_for_status().json()["meta"]["sectors"]
            names = sorted(sectors, key=lambda name: -sectors[name])[:8]
            asked = {"sort_by": "turnover", "sort_order": "desc", "limit": 1}
            known = {}
            for name in names:
                page = client.get("/api/screener/", params={**asked, "sector": name}).json()
                known[name] = [name, f"{page['meta']['total']:,} of", page["data"][0]["symbol"]]
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
            )
            desk = browser.new_page(viewport={"width": 1440, "height": 900})
            desk.goto(f"{url}/screener/")
            desk.wait_for_selector('[role=grid] tr[aria-rowindex="2"]', timeout=120_000)
            time.sleep(20.0)  # what the server does on its start is over
            times = [switched(desk, known[names[n % len(names)]], given.rest) for n in range(given.rounds)]
            fresh, again = times[: len(names)], times[len(names) :]
            for name, found in (("asked for the first time", fresh), ("asked for before", again)):
                late = float(np.percentile(found, 95))
                print(
                    f"{name}: {statistics.median(found):.0f} ms, p95 {late:.0f} ({min(found):.0f} to {max(found):.0f})"
                )
            browser.close()
    finally:
        server.terminate()
        server.wait(60)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
