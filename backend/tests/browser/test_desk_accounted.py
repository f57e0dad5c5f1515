"""Every figure on a run's page is compared with the command's JSON, and none can be added without a comparison.

Each check marks what it compared; at the end every text with a digit, and every chart's words, must be marked. The run
has a risk policy, few slots and slippage, so that there are decisions, refusals and cut orders to show.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from pyarrow import parquet

from tests.browser.accounted.charts import (
    check_candles,
    check_cone,
    check_distributions,
    check_equity,
    check_exposure,
    check_falls,
    check_holdings,
    check_months,
    check_rolling,
)
from tests.browser.accounted.figures import (
    check_benchmarks,
    check_frozen,
    check_headline,
    check_identity,
    check_inputs,
    check_metrics,
    check_twin,
    check_warnings,
    check_words,
)
from tests.browser.accounted.marks import LEFT
from tests.browser.accounted.orders import check_orders
from tests.browser.conftest import PERIOD
from tests.browser.test_desk_figures import asked
from tests.browser.test_research_desk import open_run
from tests.serving import Served

RUNS = "/api/portfolio/strategies/runs"


@pytest.fixture(scope="module")
def run(sample: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run of the command, and its tables by the command."""
    asked(sample, "policy", "new", "Figures of the desk", "--json")
    found = asked(
        sample, "backtest", "sma_cross", "--sample", "--universe", "SAMPLE20", *PERIOD, "--costs", "zerodha",
        "--sizing", "equity_per_position", "--max-positions", "6", "--slippage-bps", "5", "--param", "fast=10",
        "--policy", "Figures of the desk", "--json",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tables")
    for table in ("equity", "fills"):
        file = folder / f"{table}.parquet"
        ran = sample.run("export", found["run_id"], "--sample", "--table", table, "-o", str(file))
        assert ran.returncode == 0, ran.stderr
        found[f"{table}_table"] = parquet.read_table(file).to_pylist()
    assert found["rejections"] and found["decisions"] and found["trades"]
    return found


def test_no_figure_of_the_run_page_is_without_its_check(quiet_page: Page, sample: Served, run: dict[str, Any]) -> None:
    page = quiet_page
    open_run(page, sample, run["run_id"])
    analysis, doubt, head = (
        page.request.get(f"{sample.url}{RUNS}/{run['run_id']}/{part}").json()
        for part in ("analysis", "significance", "head")
    )
    spec = head["spec"]
    check_identity(page, run, spec)
    check_metrics(page, run)
    check_headline(page, run, analysis, doubt)
    check_warnings(page, run)
    check_equity(page, run)
    check_words(page, run)
    check_frozen(page, run)
    check_inputs(page, run, spec)
    check_twin(page, run)
    check_benchmarks(page, run)
    check_months(page, run)
    check_falls(page, run)
    check_exposure(page, run)
    check_rolling(page, run)
    check_distributions(page, run, analysis)
    check_cone(page, run, analysis)
    check_holdings(page, run)
    check_candles(page, run)
    check_orders(page, run)
    left: list[str] = page.evaluate(LEFT)
    assert left == []

    # the list of what is left sees a new figure, wherever it is put
    page.evaluate("document.querySelector('.card-f').insertAdjacentHTML('afterend', '<p>12.3%</p>')")
    assert [text.rpartition(": ")[2] for text in page.evaluate(LEFT)] == ["12.3%"]
