"""A run's tables as files: the same numbers as on the page, with units, and typed in Parquet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet
from typer.testing import CliRunner

from app.cli import app
from app.database import Market
from app.services.run_tables import run_table, written
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration

TABLES = ("equity", "trades", "fills", "rejections", "events", "decisions")


@pytest.fixture(scope="module")
def run(shared_sample: TestClient, sample_data: SampleSummary) -> dict[str, Any]:
    answer: dict[str, Any] = shared_sample.post(URL, json=question(sample_data, costs="zerodha")).json()
    return answer


def exported(client: TestClient, run: dict[str, Any], table: str, kind: str) -> Any:
    response = client.get(
        f"/api/portfolio/strategies/runs/{run['run_id']}/export", params={"table": table, "format": kind}
    )
    assert response.status_code == 200, response.text
    name = f"run-{run['run_id'][:10]}-{table}.{kind}"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    return response


def test_the_trades_of_a_file_are_those_of_the_run_to_the_last_bit(
    shared_sample: TestClient, run: dict[str, Any]
) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(shared_sample, run, "trades", "csv").text)))
    assert len(rows) == run["trades_count"] > 0
    for row, trade in zip(rows, run["trades"], strict=True):
        assert (row["symbol"], row["entry_at"]) == (trade["symbol"], trade["entry_at"])
        assert float(row["entry_price_rupees"]) == trade["entry_price"]
        assert float(row["costs_rupees"]) == trade["costs"]
        assert row["exit_at"] == (trade["exit_at"] or "")


def test_parquet_keeps_types_nulls_and_the_identity_of_the_run(shared_sample: TestClient, run: dict[str, Any]) -> None:
    table = parquet.read_table(io.BytesIO(exported(shared_sample, run, "equity", "parquet").content))
    assert table.column("equity_rupees").to_pylist() == [point["equity"] for point in run["daily_chart"]]
    assert table.column("daily_return_fraction")[0].as_py() is None  # day 0 has no return
    assert table.schema.field("drawdown_fraction").type == pa.float64()
    assert table.schema.metadata[b"run_id"].decode() == run["run_id"]
    assert table.schema.metadata[b"digest"].decode() == run["digest"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_table_of_a_run_is_written(shared_sample: TestClient, run: dict[str, Any], table: str, kind: str) -> None:
    content = exported(shared_sample, run, table, kind).content
    if kind == "parquet":
        parquet.read_table(io.BytesIO(content))
    elif table in ("equity", "trades", "fills"):
        header = content.decode().splitlines()[0]
        assert "symbol" in header or "session" in header


def test_charges_of_fills_have_a_column_each_and_add_up(shared_sample: TestClient, run: dict[str, Any]) -> None:
    table = parquet.read_table(io.BytesIO(exported(shared_sample, run, "fills", "parquet").content))
    components = [name for name in table.column_names if name.startswith("cost_") and name != "cost_rupees"]
    assert len(components) > 3
    for row in table.to_pylist():
        assert sum(row[name] for name in components) == pytest.approx(row["cost_rupees"], abs=0.005)


def test_a_text_with_a_comma_or_a_quote_survives_csv() -> None:
    result = {"run_id": "r", "trades": {"book": ['a,"b"', "c\nd"], "pnl": [1.5, None]}}
    text = written(run_table(result, "d", "trades", Market.REAL), "csv").decode()
    assert list(csv.reader(io.StringIO(text))) == [["book", "pnl_rupees"], ['a,"b"', "1.5"], ["c\nd", ""]]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("0" * 64, {}, 404),
        (None, {"table": "cash"}, 422),
        (None, {"format": "xls"}, 422),
        (None, {"tabel": "trades"}, 422),
    ],
)
def test_what_cannot_be_exported_is_answered_clearly(
    shared_sample: TestClient, run: dict[str, Any], path: str | None, query: dict[str, str], status: int
) -> None:
    response = shared_sample.get(f"/api/portfolio/strategies/runs/{path or run['run_id']}/export", params=query)
    assert response.status_code == status and "error" in response.json()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "out.xls"], "ends with .csv or .parquet"),
        (["-o", "out.csv", "--table", "cash"], "choose equity, trades"),
    ],
)
def test_the_command_says_what_it_expects(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["export", "0" * 64, *arguments])
    assert result.exit_code == 1 and words in result.stderr
