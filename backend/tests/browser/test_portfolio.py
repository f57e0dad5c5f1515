"""An investor in a browser: a broker's file, risk, stress, a better spread, its trades, the tax, papers to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pages import choose_theme
from tests.pdfs import faults_of, pictures_of, words_of
from tests.services.portfolios.test_broker_files import ZERODHA
from tests.serving import Served

LONG = 60_000  # milliseconds for an answer on a busy machine
HELD = {"INDRAVAT": 120, "KAVERYA": 60, "MIRUSOFT": 90, "LUMBRA": 200, "CORALIS": 80, "BHAVRA": 50}
BOUGHT, SOLD = "2022-01-17", "2024-10-14"
TABS = ("holdings", "performance", "risk", "stress", "improve", "tax", "transactions")


def close(served: Served, symbol: str, day: str) -> float:
    asked = {"adjust": "none", "end": day, "limit": 1}
    bars = httpx.get(f"{served.url}/api/market/bars/{symbol}", params=asked, timeout=60, trust_env=False).json()
    found: float = bars["c"][0]
    return found


def tradebook(served: Served) -> bytes:
    """Purchases of every share on one day, and a third of each sold on another."""
    lines, number = [ZERODHA], 0
    for symbol, shares in HELD.items():
        for kind, day, quantity in (("buy", BOUGHT, shares), ("sell", SOLD, shares // 3)):
            number += 1
            price = close(served, symbol, day)
            lines.append(f"{symbol},,{day},NSE,EQ,EQ,{kind},false,{quantity},{price},{number},1,{day}T09:15:01")
    return ("\ufeff" + "\r\n".join(lines)).encode()


@pytest.fixture(scope="module")
def portfolio(sample: Served) -> Iterator[int]:
    """A portfolio made over HTTP, for the pages by themselves."""
    path = f"{sample.url}/api/portfolio/stocks"
    lines = [
        {"kind": "BUY", "date": BOUGHT, "symbol": one, "quantity": shares, "price": close(sample, one, BOUGHT)}
        for one, shares in HELD.items()
    ]
    made = httpx.post(path, json={"name": "Looked at", "client": "Rao"}, timeout=60, trust_env=False).json()["id"]
    one = f"{path}/{made}"
    answer = httpx.post(f"{one}/transactions", json={"transactions": lines}, timeout=60, trust_env=False)
    assert answer.status_code == 201, answer.text
    yield made
    httpx.delete(one, params={"permanent": True}, timeout=60, trust_env=False)


def saved(page: Page, name: str) -> bytes:
    with page.expect_download(timeout=LONG) as download:
        page.get_by_role("link", name=name, exact=True).click()
    return Path(download.value.path()).read_bytes()


def test_from_a_brokers_file_to_the_papers_to_keep(quiet_page: Page, sample: Served) -> None:
    page = quiet_page
    page.goto(f"{sample.url}/analyst/")
    page.get_by_role("button", name="New portfolio").click()
    page.get_by_label("Name").fill("By the book")
    page.get_by_role("button", name="Make portfolio").click()

    # the file: shown row by row, then entered whole
    page.get_by_role("link", name="Import file").click()
    file = {"name": "tradebook.csv", "mimeType": "text/csv", "buffer": tradebook(sample)}
    page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Look at the file").click()
    preview = page.get_by_role("region", name="Preview", exact=True)
    expect(preview).to_contain_text(f"{2 * len(HELD)} new", timeout=LONG)
    preview.get_by_role("button", name="Enter").click()
    page.wait_for_url("**/analyst/portfolio/?id=*", timeout=LONG)
    number = page.url.partition("id=")[2].partition("&")[0]
    told = page.request.get(f"{sample.url}/api/portfolio/stocks/{number}").json()
    # a split between the two days comes in with the trades and multiplies what is left
    assert {one["symbol"] for one in told["positions"]} == set(HELD)

    page.get_by_role("tab", name="Risk").click()
    expect(page.get_by_role("region", name="Contribution to risk")).to_contain_text("LUMBRA", timeout=LONG)
    page.get_by_role("tab", name="Stress").click()
    expect(page.get_by_role("region", name="Scenarios", exact=True)).to_contain_text("circuit", timeout=LONG)
    page.get_by_role("tab", name="Improve").click()
    methods = page.get_by_role("region", name="Methods", exact=True)
    expect(methods).to_contain_text("Maximum diversification", timeout=LONG)
    assert "skfolio" not in methods.inner_text()
    page.get_by_role("button", name="List the trades").click()
    trades = page.get_by_role("region", name="Rebalance")
    expect(trades.get_by_role("table")).to_contain_text("Sell", timeout=LONG)
    expect(trades).to_contain_text("Tax on the sales about")

    page.get_by_role("tab", name="Tax").click()
    page.get_by_label("Financial year").select_option("2024-25")
    expect(page.get_by_role("region", name="Sales", exact=True)).to_contain_text("14 Oct 2024", timeout=LONG)
    page.get_by_label("Of the year").fill("2021-22")
    page.get_by_label("Unused at its end").fill("5,000")
    page.get_by_role("button", name="Add loss").click()
    expect(page.get_by_text("Short-term loss of 2021-22: ₹5,000.00, counts until 2029-30")).to_be_visible(timeout=LONG)

    # the papers: printed inside the page, with what the screen says
    tax = saved(page, "PDF")
    page.get_by_role("button", name="Report", exact=True).click()
    report = saved(page, "As PDF")
    for content, said in ((report, ["By the book", "SAMPLE", *HELD]), (tax, ["2024-25", "SAMPLE", "Long-term", *HELD])):
        text = " ".join(words_of(content))
        assert [one for one in said if one not in text] == []
        assert [faults_of(one) for one in pictures_of(content)] == [[]] * len(words_of(content))


def test_a_transaction_is_changed_beside_somebody_else(page: Page, sample: Served, portfolio: int) -> None:
    path = f"{sample.url}/api/portfolio/stocks/{portfolio}"
    page.goto(f"{sample.url}/analyst/portfolio/?id={portfolio}&tab=transactions")
    page.get_by_role("button", name="Edit Buy of 200 LUMBRA on").click()
    version = page.request.get(path).json()["version"]
    other = page.request.patch(path, data={"version": version, "description": "somebody else's"})
    assert other.ok, other.text()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Shares").fill("210")
    dialog.get_by_role("button", name="Save transaction").click()
    expect(dialog).to_contain_text("has changed since")
    dialog.get_by_role("button", name="Read it again").click()
    dialog.get_by_role("button", name="Save transaction").click()
    expect(dialog).to_be_hidden()
    found = page.request.get(path).json()
    assert {one["symbol"]: one["quantity"] for one in found["positions"]}["LUMBRA"] == 210
    assert found["description"] == "somebody else's"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("tab", [*TABS, "list", "together", "import"])
def test_a_portfolios_pages_are_accessible_and_fit(
    quiet_page: Page,
    sample: Served,
    portfolio: int,
    accessibility_faults: Callable[[Page], list[str]],
    tab: str,
    width: int,
    theme: str,
) -> None:
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    choose_theme(page, theme)
    others = {"list": "/analyst/", "together": "/analyst/?view=together", "import": f"/analyst/import/?id={portfolio}"}
    page.goto(sample.url + others.get(tab, f"/analyst/portfolio/?id={portfolio}&tab={tab}"))
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    page.wait_for_load_state("networkidle", timeout=LONG)
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
