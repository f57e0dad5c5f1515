"""`smarttrader portfolio`: a file in, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import get_settings
from tests.conftest import copied_database
from tests.test_portfolio_import_api import FILE

pytestmark = pytest.mark.integration

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _small_market(
    postgres: str, sample_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    with copied_database(postgres, sample_template) as url:
        monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


def told(*words: str, code: int = 0) -> str:
    answer = RUN.invoke(app, ["portfolio", *words])
    assert answer.exit_code == code, answer.output
    return answer.output


def test_a_file_is_shown_entered_and_worked_out(tmp_path: Path) -> None:
    file = tmp_path / "tradebook.csv"
    file.write_bytes(FILE)
    assert "There is no portfolio Mine; --create makes it" in told("import", "Mine", str(file), code=1)
    shown = told("import", "Mine", str(file), "--create")
    assert "4 rows, 4 new" in shown and "Nothing is entered yet" in shown
    assert "There is no portfolio Mine" in told("show", "Mine", code=1)  # nothing stays of what is only shown
    assert "4 lines entered" in told("import", "Mine", str(file), "--create", "--confirm")
    assert "0 lines entered" in told("import", "mine", str(file), "--confirm")
    found = json.loads(told("show", "Mine", "--json"))
    assert {one["symbol"]: one["quantity"] for one in found["positions"]} == {"LUMBRA": 1000, "ARUVI": 10}
    assert found["realised_pnl"] == "4338.46"
    assert json.loads(told("list", "--json"))[0]["market_value"] == found["market_value"]
    assert (
        json.loads(told("show", str(found["id"]), "--asof", "2024-02-05", "--json"))["positions"][0]["quantity"] == 1300
    )
    assert "time-weighted" in told("performance", "Mine")
    assert "estimated tax" in told("tax", "Mine", "--year", "2023-24")
    assert told("tax", "Mine", "--year", "2023-24", "--csv").startswith("kind,symbol,isin")
    for ending, begins in (("pdf", b"%PDF-"), ("csv", b"\xef\xbb\xbfkind,")):
        told("tax", "Mine", "--year", "2023-24", "--surcharge", "10", "-o", str(tmp_path / f"tax.{ending}"))
        assert (tmp_path / f"tax.{ending}").read_bytes().startswith(begins)
    assert "expected a name that ends in .pdf or .csv" in told("tax", "Mine", "-o", str(tmp_path / "tax.txt"), code=1)
    assert "expected percent" in told("tax", "Mine", "--surcharge", "nan", code=1)
    assert "expected kind:year:rupees" in told("tax", "Mine", "--loss", "5", code=1)


def test_its_risk_is_analysed_and_a_report_written(tmp_path: Path) -> None:
    file = tmp_path / "tradebook.csv"
    file.write_bytes(FILE)
    told("import", "Mine", str(file), "--create", "--confirm")
    found = json.loads(told("analyze", "Mine", "--lookback", "60", "--json"))
    assert found["window"]["sessions"] <= 60 and found["market_risk"]["volatility"] > 0.0
    said = told("analyze", "Mine", "--lookback", "60")
    assert f"volatility: {found['market_risk']['volatility']:.4f}" in said
    for ending, begins in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("html", b"<!doctype html>")):
        told("report", "Mine", "-o", str(tmp_path / f"mine.{ending}"), "--lookback", "60")
        assert (tmp_path / f"mine.{ending}").read_bytes().lower().startswith(begins.lower())
    assert "expected a name that ends with" in told("report", "Mine", "-o", str(tmp_path / "mine.doc"), code=1)
    assert "cannot be written" in told("report", "Mine", "-o", str(tmp_path / "no" / "mine.pdf"), code=1)


def test_what_is_wrong_ends_with_a_sentence(tmp_path: Path) -> None:
    assert "There is no portfolio Nobody" in told("show", "Nobody", code=1)
    file = tmp_path / "bad.csv"
    file.write_text("Date,Symbol,Type,Qty,Price\n05-02-2024,LUMBRO,buy,5,10\n", encoding="utf-8")
    assert "did you mean LUMBRA" in told("import", "Mine", str(file), "--create", code=1)
    assert "is not a date" in told("import", "Mine", str(file), "--create", "--asof", "soon", code=1)
