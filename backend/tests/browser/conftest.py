"""A real browser on a real server: `smarttrader serve` with a home of its own, the built interface, Chromium.

`run.py test browser` names the browser in CHROMIUM_PATH; by hand the usual names are looked for. The interface must be
built (`python3 run.py test build`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request

from tests.serving import Served, command, serving

REPOSITORY = Path(__file__).resolve().parents[3]
PERIOD = ("--from", "2021-01-01", "--to", "2025-12-31")
AXE = REPOSITORY / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.fail("there is no Chromium: install one, or name it in CHROMIUM_PATH")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]
    return browser_type_launch_args | {"executable_path": program, "args": arguments}


@pytest.fixture(scope="session")
def import_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder from which the servers may import by path."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory, import_root: Path) -> Iterator[Served]:
    """A server that was started for the first time."""
    with serving(tmp_path_factory.mktemp("empty") / "home", import_root) as served:
        yield served


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, import_root: Path) -> Iterator[Served]:
    """A server with the sample market chosen."""
    with serving(tmp_path_factory.mktemp("sample") / "home", import_root, ("data", "sample")) as served:
        yield served


@pytest.fixture(scope="session")
def answer(sample: Served) -> dict[str, Any]:
    """A run by the command line, as JSON: the numbers that the page must show."""
    asked = ("sma_cross", "--sample", "--universe", "SAMPLE20", *PERIOD, "--costs", "zerodha", "--json")
    ran = command(sample.environment, "backtest", *asked)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture
def quiet_page(page: Page) -> Iterator[Page]:
    """A page that fails the test when it logs an error or asks anything of another machine."""
    errors: list[str] = []
    outside: list[str] = []

    def logged(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            outside.append(request.url)

    page.on("console", logged)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", asked)
    yield page
    assert (errors, outside) == ([], [])


@pytest.fixture
def accessibility_faults() -> Callable[[Page], list[str]]:
    """What axe finds on a page by WCAG 2.2 AA, as `rule: element` lines."""

    def find(page: Page) -> list[str]:
        page.evaluate(AXE.read_text())
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        found = page.evaluate("rules => axe.run(document, rules)", rules)
        return [f"{fault['id']}: {node['html'][:160]}" for fault in found["violations"] for node in fault["nodes"]]

    return find
