"""How long the screener's page takes from a click on a filter until the rows of its answer are painted.

    PYTHONPATH=. python benchmarks/repaint.py [--rounds 40]

Needs SMARTTRADER_HOME with imported prices, a built interface and a Chromium (CHROMIUM_PATH). Sectors are switched one
after the other; each is asked for once before, and then again with a warm page. Times are the browser's own, from the
click until a frame after the count and the first row are those of the new sector.
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
from playwright.sync_api import sync_playwright

from benchmarks.screens import free_port, wait_for

SWITCH = """
async ([sector, total, first]) => {
  const row = () => document.querySelector('[role=grid] tr[aria-rowindex="2"]')?.textContent ?? '';
  const shown = () => [...document.querySelectorAll('[role=status]')].some((one) => one.textContent.includes(total));
  const label = [...document.querySelectorAll('fieldset.fac label')].find((one) =>
    one.querySelector('.trunc')?.textContent === sector);
  const began = performance.now();
  label.querySelector('input').click();
  while (!(shown() && row().includes(first))) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
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
            times = [desk.evaluate(SWITCH, known[names[n % len(names)]]) for n in range(given.rounds)]
            fresh, again = times[: len(names)], times[len(names) :]
            print(f"asked for the first time: {statistics.median(fresh):.0f} ms ({min(fresh):.0f} to {max(fresh):.0f})")
            print(f"asked for before: {statistics.median(again):.0f} ms ({min(again):.0f} to {max(again):.0f})")
            browser.close()
    finally:
        server.terminate()
        server.wait(60)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
