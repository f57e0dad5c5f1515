"""Texts in files for spreadsheets: none becomes a formula, and no number becomes a text."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from app.commands.shared import print_csv
from app.services.run_tables import written
from app.services.spreadsheet_cells import safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "-A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "--1"]
)
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-12.50", "+3", "-1e-5", "-4.5%", "-.5", "-", "–", "", "M&M", "a-b", None, -2, 1.5])
def test_numbers_and_other_texts_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == value


def test_a_runs_table_and_a_commands_table_are_written_safely(capsys: pytest.CaptureFixture[str]) -> None:
    table = pa.table({"reason": ["=1+1", None, "-2+3"], "pnl_rupees": [-1.5, 2.0, None]})
    rows = list(csv.reader(io.StringIO(written(table, "csv").decode())))
    assert rows == [["reason", "pnl_rupees"], ["'=1+1", "-1.5"], ["", "2"], ["'-2+3", ""]]
    print_csv(("symbol", "change"), [("-2+3", -4.5), ("TCS", None)])
    assert capsys.readouterr().out == "symbol,change\n'-2+3,-4.5\nTCS,\n"
