"""`smarttrader backtest` on a file of bars: the documented golden lists, and what bad input is told."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app

COLUMNS = {"run_id", "metrics", "trades", "open_positions", "equity"}


def answered(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["backtest", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["backtest", *arguments])
    assert result.exit_code == 1
    return result.stderr


def written(folder: Path, *rows: str, header: str = "date,open,high,low,close,volume") -> str:
    file = folder / "bars.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return str(file)


def test_the_run_of_a_file_equals_the_golden_list(evidence):
    golden = json.loads((evidence / "golden" / "trades" / "index.json").read_text())
    case = next(row for row in golden if row["file"].endswith("goog_sma_cross_50_200.csv"))
    bars = evidence / "golden" / "data" / "goog.csv"
    answer = answered(
        "sma_cross", "--bars", str(bars), "--param", "fast=50", "--param", "slow=200",
        "--capital", str(case["start_cash"]), "--costs", "bps:10",
    )  # fmt: skip
    assert set(answer) > COLUMNS
    assert len(answer["trades"]) == case["closed_trades"]
    assert answer["metrics"]["final_equity"] == pytest.approx(case["final_equity"], abs=1e-5)
    assert answer["open_positions"][0]["entry_price"] == case["open_trade_at_end"]["entry_price"]
    assert answer["equity"][-1]["equity"] == answer["metrics"]["final_equity"]
    causes = answer["naive_twin"]["causes"]
    assert [cause["cause"] for cause in causes] == ["charges"]
    total = round(answer["naive_twin"]["final_equity"] + sum(cause["difference"] for cause in causes), 2)
    assert total == round(answer["metrics"]["final_equity"], 2)


def test_the_same_file_gives_the_same_run_and_other_costs_another(tmp_path):
    random = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, 120))), 2)
    days = np.datetime64("2024-01-01") + np.arange(120)
    file = written(tmp_path, *(f"{day},{c},{c + 1},{c - 1},{c},1000" for day, c in zip(days, close, strict=True)))
    question = ("sma_cross", "--bars", file, "--param", "fast=3", "--param", "slow=9")
    one, other, broker = answered(*question), answered(*question), answered(*question, "--costs", "zerodha")
    assert one == other
    assert one["run_id"] != broker["run_id"]
    assert any("zerodha" in sentence for sentence in broker["assumptions"])
    paid = [trade["costs"] for trade in broker["trades"]]
    assert paid == pytest.approx([round(cost, 2) for cost in paid], abs=1e-9)  # to the paisa


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            ["2024-01-01,10,11,9,ten,5"],
            "bars.csv, line 2, column close: 'ten' is no number; expected one such as 1234.5",
        ),
        (["2024-01-01,10,11,9,10,5", "2024-13-01,10,11,9,10,5"], "bars.csv, line 3: '2024-13-01' is no date or time"),
        (["2024-01-01,10,11,9,-1,5"], "bars.csv, line 2, column close: -1, expected a number from 1e-09 to 1e+12"),
        (
            ["2024-01-01,10,9,8,10,5"],
            "bars.csv, line 2, column open: 10, expected a price from the low, 8, to the high, 9",
        ),
        (["2024-01-01,,11,9,10,5"], "bars.csv, line 2, column open: nothing, beside other prices"),
        (["2024-01-01,10,11,9,10,5"] * 2, "bars.csv, line 3: a second bar of bars at 2024-01-01"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, told):
    assert told in refused("sma_cross", "--bars", written(tmp_path, *rows))


def test_what_cannot_be_is_told(tmp_path):
    file = written(tmp_path, "2024-01-01,10,11,9,10,5", "2024-01-02,10,11,9,10,5")
    assert "bars.csv: no column close" in refused(
        "sma_cross", "--bars", written(tmp_path, "1,2,3,4", header="date,open,high,low")
    )
    file = written(tmp_path, "2024-01-01,10,11,9,10,5", "2024-01-02,10,11,9,10,5")
    assert "There is no strategy nosuch" in refused("nosuch", "--bars", file)
    assert "--param fast: expected NAME=VALUE" in refused("sma_cross", "--bars", file, "--param", "fast")
    assert "sma_cross has no such parameter" in refused("sma_cross", "--bars", file, "--param", "speed=3")
    assert "costs.plan: expected one of" in refused("sma_cross", "--bars", file, "--costs", "a broker")
    assert "expected a number after bps" in refused("sma_cross", "--bars", file, "--costs", "bps")
    assert "initial_capital: expected rupees above 0 and up to" in refused(
        "sma_cross", "--bars", file, "--capital", "1e300"
    )
    assert "--symbols is empty" in refused("sma_cross", "--symbols", " , ")
    assert "--universe is empty" in refused("sma_cross", "--universe", "")
    assert refused("sma_cross", "--bars", file, "--from", "2024-02-01", "--to", "2024-01-31") == (
        "--to 2024-01-31 lies before --from 2024-02-01\n"
    )
    told = "bars.csv: no bar from 2030-01-01 on; it has 2024-01-01 to 2024-01-02"
    assert told in refused("sma_cross", "--bars", file, "--from", "2030-01-01")
    assert "Give one of" in refused("sma_cross", "--bars", file, "--symbols", "INFY")
    assert "cannot be read as a table" in refused("sma_cross", "--bars", str(tmp_path / "none.csv"))


def test_a_policy_is_written_down_and_a_run_put_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
    call = CliRunner().invoke
    made = call(app, ["policy", "new", "Careful", "--cash-reserve", "50", "--max-position", "10", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["notes"][0].startswith("A cash reserve of 50 % leaves 50 %")
    refused = call(app, ["policy", "new", "Wrong", "--daily-stop", "2"])
    assert refused.exit_code == 1 and "negative number" in refused.output
    assert [row["name"] for row in json.loads(call(app, ["policy", "list", "--json"]).output)] == ["Careful"]
    bars = tmp_path / "bars.csv"
    closes = [100 + 5 * (t // 7 % 2) + t % 7 for t in range(120)]
    days = [str(day) for day in np.arange("2024-01-01", "2024-04-30", dtype="datetime64[D]")]
    rows = [f"{d},{c},{c + 1},{c - 1},{c},1000" for d, c in zip(days, closes, strict=True)]
    bars.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    asked = ["backtest", "sma_cross", "--bars", str(bars), "--param", "fast=2", "--param", "slow=5", "--json"]
    run = json.loads(call(app, [*asked, "--policy", "Careful"]).output)
    assert {row["rule"] for row in run["decisions"] if row["outcome"] == "TRIM"} == {"INSTRUMENT"}
    nobody = call(app, [*asked, "--policy", "Nobody"])
    assert nobody.exit_code == 1 and "There is no policy Nobody; there are: Careful" in nobody.output


def days_of(folder: Path, form: str, count: int = 120) -> str:
    """A file of daily bars from 2024-01-01 on, its dates written in this form."""
    random = np.random.default_rng(3)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, count))), 2)
    first = date(2024, 1, 1)
    rows = [f"{first + timedelta(t):{form}},{c},{c + 1},{c - 1},{c},1000" for t, c in enumerate(close.tolist())]
    return written(folder, *rows)


CROSS = ("--param", "fast=3", "--param", "slow=9")


@pytest.mark.parametrize(("form", "order"), [("%d/%m/%Y", "day"), ("%m-%d-%Y", "month"), ("%d.%m.%Y", "day")])
def test_the_order_of_day_and_month_is_the_one_the_file_decides_and_is_said(tmp_path, form, order):
    plain = answered("sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), *CROSS)
    told = answered("sma_cross", "--bars", days_of(tmp_path, form), *CROSS)
    assert told["equity"] == plain["equity"]  # the very days
    assert not any("first: line" in line for line in plain["warnings"])
    # of 120 days from 1 January on the 13th is the first that can only be a day: line 14, below the header
    assert any(line.startswith(f"Dates of bars.csv are read {order} first: line 14, ") for line in told["warnings"])


def test_of_times_with_an_offset_the_clock_counts_as_it_is_written(tmp_path):
    plain = answered("sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), *CROSS)
    for form in ("%Y-%m-%dT00:00:00+05:30", "%Y-%m-%d 00:00:00+0530", "%Y-%m-%dT00:00:00Z"):
        assert answered("sma_cross", "--bars", days_of(tmp_path, form), *CROSS)["equity"] == plain["equity"]
    minutes = written(tmp_path, "2023-01-02T09:15:00+05:30,10,11,9,10,5", "2023-01-02T09:20:00+05:30,10,11,9,10,5")
    assert answered("sma_cross", "--bars", minutes, "--timeframe", "5m")["equity"][-1]["at"] == "2023-01-02"
    said = refused("sma_cross", "--bars", written(tmp_path, "1577836800,10,11,9,10,5"), *CROSS)
    assert "bars.csv" in said and "1577836800" in said


def test_dates_whose_order_nothing_decides_are_refused(tmp_path):
    said = refused("sma_cross", "--bars", days_of(tmp_path, "%d/%m/%Y", 9), *CROSS)
    assert "bars.csv, line 2: '01/01/2024' may have the day or the month first, and no row decides" in said
    both = written(tmp_path, "13/01/2024,10,11,9,10,5", "01/14/2024,10,11,9,10,5")
    said = refused("sma_cross", "--bars", both)
    assert "line 2: '13/01/2024' has the day first and bars.csv, line 3, '01/14/2024', the month" in said
    with_time = written(tmp_path, "13/01/2024 09:15,10,11,9,10,5", "13/01/2024 09:20,10,11,9,10,5")
    assert answered("sma_cross", "--bars", with_time, "--timeframe", "5m")["equity"][-1]["at"] == "2024-01-13"


def test_a_parameter_given_twice_is_refused(tmp_path):
    said = refused("sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), "--param", "fast=3", "--param", "fast=4")
    assert said == "--param fast=4: fast was given already, as 3; give it once\n"


def test_charges_of_ones_own_are_those_of_the_calculator(tmp_path):
    # 0.1 % of each order up to 5 rupees: of the 100 000 rupees of the first purchase, 5; and the state's levies on top
    custom = ("--costs", "custom", "--brokerage-percent", "0.1", "--brokerage-cap", "5")
    run = answered("sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), *CROSS, *custom, "--capital", "100000")
    levies = answered(
        "sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), *CROSS, "--costs", "custom", "--capital", "100000"
    )
    more = run["trades"][0]["costs"] - levies["trades"][0]["costs"]
    assert more == pytest.approx(2 * 5 * 1.18, abs=0.02)  # two orders, with 18 % GST
    file = days_of(tmp_path, "%Y-%m-%d")
    assert "Brokerage of your own goes with --costs custom" in refused("sma_cross", "--bars", file, *custom[2:])
    assert "costs.fraction: expected a number of 0 or more" in refused(
        "sma_cross", "--bars", file, "--costs", "custom", "--brokerage-percent", "-1"
    )


def test_several_strategies_share_one_account_by_their_allocations(tmp_path):
    file = days_of(tmp_path, "%Y-%m-%d")
    params = ("--param", "sma_cross.fast=3", "--param", "sma_cross.slow=9", "--param", "donchian.entry=5")
    run = answered("sma_cross,donchian", "--bars", file, *params, "--allocations", "sma_cross=0.25,donchian=0.75")
    assert run["strategy_ids"] == ["sma_cross", "donchian"]
    first = {book: next(t for t in run["trades"] if t["book"] == book) for book in ("sma_cross", "donchian")}
    spent = {book: trade["quantity"] * trade["entry_price"] for book, trade in first.items()}
    assert spent["sma_cross"] == pytest.approx(250_000, rel=0.05)
    assert spent["donchian"] == pytest.approx(750_000, rel=0.05)
    whole = ("sma_cross,donchian", "--bars", file)
    for words, said in (
        (("--param", "fast=3"), "write whose it is, such as sma_cross.fast=3"),
        (("--param", "rsi2.fast=3"), "rsi2 is not among the strategies of the run, sma_cross, donchian"),
        (("--allocations", "sma_cross=0.5"), "donchian is missing"),
        (("--allocations", "sma_cross=0.5,donchian=0.6"), "allocations: expected fractions that add up to 1 at most"),
        (("--allocations", "sma_cross=0.5,sma_cross=0.5"), "sma_cross was given already"),
        (("--allocations", "rsi2=1"), "expected ID=SHARE with an ID of sma_cross, donchian"),
    ):
        assert said in refused(*whole, *words), words
    assert "sma_cross is named twice" in refused("sma_cross,sma_cross", "--bars", file)


def test_the_first_run_says_that_it_compiles_and_only_on_standard_error(tmp_path, monkeypatch):
    monkeypatch.setattr("app.engines.kernel_cache.cache_directory", lambda: tmp_path / "none")
    result = CliRunner().invoke(
        app, ["backtest", "sma_cross", "--bars", days_of(tmp_path, "%Y-%m-%d"), *CROSS, "--json"]
    )
    assert result.exit_code == 0 and json.loads(result.stdout)
    assert result.stderr == "Compiling the engine, once: a minute or two (smarttrader warm-up does it beforehand).\n"


def test_the_text_of_a_run_is_rounded_for_reading_and_says_what_it_leaves_out(tmp_path):
    file = days_of(tmp_path, "%Y-%m-%d")
    whole = answered("sma_cross", "--bars", file, *CROSS)
    result = CliRunner().invoke(app, ["backtest", "sma_cross", "--bars", file, *CROSS])
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["total", "return", f"{100 * whole['metrics']['total_return']:,.2f}", "%"] in lines
    assert ["final", "equity", f"₹{whole['metrics']['final_equity']:,.2f}"] in lines
    assert f"Run {whole['run_id']}" in result.stdout
    for trade in [*whole["trades"], *whole["open_positions"]]:
        assert any(
            trade["entry_at"] in line and f"{trade['entry_price']:,.2f}" in line and f"{trade['pnl']:,.2f}" in line
            for line in lines
        )


def test_a_long_list_of_trades_ends_with_the_command_that_has_them_all(tmp_path):
    # closes alternate, so that averages cross all the time
    rows = [
        f"{date(2024, 1, 1) + timedelta(days=n)},{close},{close},{close},{close},1000"
        for n, close in enumerate([100, 100, 110, 110, 90, 90] * 30)
    ]
    question = ("sma_cross", "--bars", written(tmp_path, *rows), "--param", "fast=2", "--param", "slow=4")
    whole = answered(*question)
    text = CliRunner().invoke(app, ["backtest", *question]).stdout
    assert len(whole["trades"]) > 20
    assert f"The last 20 of {len(whole['trades'])} closed trades" in text
    assert "All of them: --json" in text  # the run of a file is not stored
    assert text.count("SIGNAL") == 20
