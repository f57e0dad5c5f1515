"""`smarttrader metrics` as one types it: what it takes a file for, what it answers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app

CURVE = """date,equity
2024-01-01,100
2024-01-02,110
2024-01-03,99
2024-01-04,121
"""


DAYS = ((1, 100), (2, 110), (3, 99), (4, 121))


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["metrics", *(str(word) for word in words)], env={"COLUMNS": "160"})
    return done.exit_code, done.output


def written(folder: Path, text: str | bytes, name: str = "curve.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def answer(path: Path, *words: object) -> dict[str, Any]:
    code, out = run(path, *words, "--json")
    assert code == 0, out
    found: dict[str, Any] = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in the answer"))
    return found


def refused(folder: Path, text: str | bytes, *words: object) -> str:
    code, out = run(written(folder, text), *words)
    assert code == 1, out
    assert "Traceback" not in out
    return out


def test_the_golden_curve_gives_what_other_packages_say_of_it(evidence: Path) -> None:
    path = evidence / "golden" / "trades" / "goog_donchian_20_10_equity.csv"
    theirs = json.loads((evidence / "golden" / "metrics_pipeline.json").read_text())["curves"]["goog_donchian_20_10"]
    found = answer(path)
    ours = found["metrics"]
    names = {"cagr": "cagr", "volatility": "annual_volatility", "sharpe": "sharpe", "sortino": "sortino",
             "calmar": "calmar", "omega": "omega", "max_drawdown": "max_drawdown", "tail_ratio": "tail_ratio",
             "downside_deviation": "downside_risk", "stability": "stability"}  # fmt: skip
    for name, other in names.items():
        assert ours[name] == pytest.approx(theirs["empyrical"][other], rel=1e-9), name
    assert ours["var_95"] == pytest.approx(-theirs["empyrical"]["var_5"], rel=1e-9)
    assert ours["cvar_95"] == pytest.approx(-theirs["empyrical"]["cvar_5"], rel=1e-9)
    assert ours["probabilistic_sharpe"] == pytest.approx(theirs["psr_vs_0_formula"], rel=1e-9)
    assert (found["kind"], found["rows"], found["periods_per_year"]) == ("equity", 2148, 252)
    assert "equity from column 'equity'" in found["notes"][0]


def test_returns_of_the_golden_book_beside_their_benchmark(evidence: Path) -> None:
    path = evidence / "golden" / "data" / "monthly_bacon.csv"
    computed = {case["metric"]: case.get("computed")
                for case in json.loads((evidence / "golden" / "metrics_bacon.json").read_text())["cases"]}  # fmt: skip
    found = answer(path, "--column", "portfolio", "--benchmark-file", path, "--benchmark-column", "benchmark")
    ours = found["metrics"]
    assert (found["kind"], found["periods_per_year"]) == ("returns", 12)
    assert ours["cagr"] == pytest.approx(computed["annual_return_geometric"], rel=1e-9)
    assert ours["max_drawdown"] == pytest.approx(-computed["max_drawdown"], rel=1e-9)
    assert ours["ulcer_index"] == pytest.approx(computed["ulcer_index"] * (24 / 25) ** 0.5, rel=1e-9)  # 25 points
    # the first month of the benchmark is known too, for it is a series of returns
    assert ours["beta"] == pytest.approx(computed["beta"], rel=1e-9)
    assert ours["tracking_error"] == pytest.approx(computed["tracking_error_annual"], rel=1e-9)
    assert ours["information_ratio"] == pytest.approx(computed["information_ratio_geometric_active_premium"], rel=1e-9)


def test_a_curve_worked_by_hand(tmp_path: Path) -> None:
    found = answer(written(tmp_path, CURVE))
    ours = found["metrics"]
    assert ours["total_return"] == pytest.approx(0.21)
    assert ours["max_drawdown"] == pytest.approx(-0.1)
    assert (ours["best_day"], ours["worst_day"]) == pytest.approx((22 / 99, -0.1))
    assert ours["recovery_sessions"] == 1 and found["max_drawdown"]["recovery"] == "2024-01-04"
    assert ours["beta"] is None and found["reasons"]["beta"] == "no benchmark was given"


def test_full_precision_in_json_and_a_table_in_text(tmp_path: Path) -> None:
    path = written(tmp_path, CURVE)
    assert answer(path)["metrics"]["cagr"] == 1.21 ** (252 / 3) - 1 or answer(path)["metrics"]["cagr"] > 1e6
    code, out = run(path)
    assert code == 0
    assert "max drawdown" in out and "-10.00 %" in out and "no benchmark was given" in out


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (CURVE.replace(",", ";"), "equity from column 'equity'"),
        (b"\xef\xbb\xbf" + CURVE.encode(), "Dates from column 'date'"),
        ('"Date","NAV"\n"01-01-2024","1,00,000.00"\n"02-01-2024","1,10,000.00"\n"03-01-2024","99,000.00"\n'
         '"04-01-2024","1,21,000.00"\n', "equity from column 'NAV'"),
        ("Date,Value\n01-Jan-2024,₹ 100\n02-Jan-2024,₹ 110\n03-Jan-2024,₹ 99\n04-Jan-2024,₹ 121\n", "'Value'"),
        ("2024-01-01,100\n2024-01-02,110\n2024-01-03,99\n2024-01-04,121\n", "column 'column 2'"),
        ("date,equity\n2024-01-04,121\n2024-01-03,99\n\n2024-01-02,110\n2024-01-01,100\n", "they were sorted"),
        ("when,note,equity\n2024-01-01,a,100\n2024-01-02,b,110\n2024-01-03,c,99\n2024-01-04,d,121\n", "'when'"),
        ("date,equity\n" + "".join(f"2024-01-0{d} 10:00:00,{v - 1}\n2024-01-0{d} 15:30:00,{v}\n" for d, v in DAYS),
         "taken at the end of each day"),
        ("date,returns\n2024-01-02,10%\n2024-01-03,-10%\n2024-01-04,22.2222222222222222%\n", "as the signs say"),
        ("date,Return (%)\n2024-01-02,10\n2024-01-03,(10)\n2024-01-04,22.2222222222222222\n", "percent, as the name"),
        ("date,ret\n2024-01-02,0.1\n2024-01-03,\u22120.1\n2024-01-04,0.222222222222222222\n", "taken as fractions"),
    ],
)  # fmt: skip
def test_the_same_curve_however_it_is_written(tmp_path: Path, text: str | bytes, note: str) -> None:
    found = answer(written(tmp_path, text))
    plain = answer(written(tmp_path, CURVE, "plain.csv"))
    for name in ("total_return", "sharpe", "max_drawdown", "var_95", "longest_drawdown", "winning_days", "skewness"):
        assert found["metrics"][name] == pytest.approx(plain["metrics"][name], rel=1e-9), name
    assert any(note in line for line in found["notes"]), found["notes"]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("", (), "curve.csv: no row"),
        ("date,equity\n", (), "a header and no row"),
        ("date,equity\n2024-01-01,100\n2024-01-02,11O\n", (), "curve.csv, line 3, equity: '11O' is no number"),
        ("date,equity\n2024-01-01,100\n\n31.02.2024,110\n", (), "line 4, date: '31.02.2024' is no date"),
        ("date,equity\n12/31/2024,100\n", (), "the day first"),
        ("date,equity\n2024-01-01,100\n2024-01-02,1,10\n", (), "line 3: 3 fields, expected 2"),
        ("date,equity\n2024-01-01,100\n2024-01-02,\"12,34\"\n", (), "'12,34' is no number"),
        ("date,equity\n2024-01-01,100\n2024-01-02,inf\n", (), "'inf' is no number"),
        ("date,equity\n2024-01-01,100\n2024-01-01,101\n", (), "line 3, date: 2024-01-01 stands in line 2 already"),
        ("date,equity\n2024-01-01,\n2024-01-02,\n", (), "holds no number"),
        (CURVE, ("--column", "nav"), "no column 'nav' (--column); found date, equity"),
        (CURVE, ("--date", "day"), "no column 'day' (--date)"),
        (CURVE, ("--column", "date"), "is the column of the dates"),
        (CURVE, ("--percent",), "--percent"),
        (CURVE, ("--equity", "--returns"), "Give one of --equity and --returns"),
        (CURVE, ("--periods-per-year", "0"), "expected 1 or more"),
        (CURVE, ("--risk-free", "-100"), "risk-free rate"),
        ("date,a,b\n2024-01-01,100,5\n2024-01-02,110,6\n", (), "several columns could be meant (a, b)"),
        ("date,x\n2024-01-01,0.5\n2024-01-02,0.7\n", (), "say which with --equity or --returns"),
        ("date,returns\n2024-01-01,0.5\n2024-01-02,-1.7\n", (), "line 3, returns: a return of -1.7 is percent"),
        ("date,returns\n2024-01-01,0.5%\n2024-01-02,-0.2\n", (), "1 of 2 cells"),
        ("date,equity\n2024-01-01,100\n2024-01-15,101\n2024-01-29,102\n", (), "--periods-per-year"),
        ("when,equity\nyesterday,100\n", (), "no column of dates"),
        (b"\xff\xfe\x00\x01", (), "no text in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str | bytes, words: tuple[str, ...], said: str) -> None:
    if words == ("--percent",):  # of equity values: they are taken for returns, as asked, of thousands of percent
        assert answer(written(tmp_path, text), *words)["kind"] == "returns"
        return
    assert said in refused(tmp_path, text, *words)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, out = run(tmp_path / "none.csv")
    assert code == 1 and "none.csv: cannot be read" in out


def test_one_row_has_no_ratio_and_says_why(tmp_path: Path) -> None:
    found = answer(written(tmp_path, "date,equity\n2024-01-01,100\n"))
    assert found["metrics"]["sharpe"] is None and found["reasons"]["sharpe"] == "fewer than two returns"
    assert found["metrics"]["total_return"] == 0.0


def test_equity_that_reaches_zero_is_said(tmp_path: Path) -> None:
    found = answer(written(tmp_path, "date,equity\n2024-01-01,100\n2024-01-02,0\n2024-01-03,-5\n2024-01-04,7\n"))
    assert found["reasons"]["sharpe"] == "equity reached zero"
    assert any("On 2024-01-02 equity is 0" in note for note in found["notes"])
    assert found["metrics"]["probabilistic_sharpe"] is None


def test_holes_and_gaps_are_counted_and_not_filled(tmp_path: Path) -> None:
    rows = [f"2024-{m:02d}-{d:02d},{100 + m + d % 3}" for m in (1, 2, 4) for d in range(1, 29)]
    rows[40] = rows[40].split(",")[0] + ","
    found = answer(written(tmp_path, "date,equity\n" + "\n".join(rows)), "--periods-per-year", "252")
    assert found["metrics"]["missing_returns"] == 2
    assert any("1 of 84 values are empty" in note for note in found["notes"])
    assert any("No row for 33 days between 2024-02-28 and 2024-04-01" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("step", "periods"), [("7", 52), ("30", 12), ("91", 4), ("365", 1)],
)  # fmt: skip
def test_the_distance_of_rows_tells_how_many_make_a_year(tmp_path: Path, step: str, periods: int) -> None:
    import datetime

    days = [datetime.date(2010, 1, 1) + datetime.timedelta(days=int(step) * i) for i in range(12)]
    text = "date,equity\n" + "".join(f"{day},{100 + i}\n" for i, day in enumerate(days))
    found = answer(written(tmp_path, text))
    assert found["periods_per_year"] == periods
    assert any(f"{periods} periods a year" in note for note in found["notes"])


def test_a_benchmark_that_lacks_dates_is_not_compared(tmp_path: Path) -> None:
    curve = written(tmp_path, CURVE)
    other = written(tmp_path, "date,close\n2024-01-01,10\n2024-01-04,11\n", "index.csv")
    found = answer(curve, "--benchmark-file", other)
    assert found["metrics"]["beta"] is None
    assert found["reasons"]["beta"] == "index.csv, close has no value on 2 of 4 dates"
    same = answer(curve, "--benchmark-file", curve)
    assert same["metrics"]["beta"] == pytest.approx(1.0) and same["benchmark"] == "curve.csv, equity"


def test_a_risk_free_rate_lowers_the_sharpe(tmp_path: Path) -> None:
    path = written(tmp_path, CURVE)
    plain, charged = answer(path), answer(path, "--risk-free", "6.5")
    assert charged["risk_free"] == pytest.approx(0.065)
    assert charged["metrics"]["sharpe"] < plain["metrics"]["sharpe"]


def test_daily_returns_are_set_beside_the_close_of_the_session_before(tmp_path: Path) -> None:
    # a Friday's close, then Monday's and Tuesday's returns: the index's are 10 % and -10 %, twice ours
    returns = written(tmp_path, "date,returns\n2024-01-08,0.05\n2024-01-09,-0.05\n", "returns.csv")
    index = written(tmp_path, "date,close\n2024-01-05,100\n2024-01-08,110\n2024-01-09,99\n", "index.csv")
    assert answer(returns, "--benchmark-file", index)["metrics"]["beta"] == pytest.approx(0.5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", ["1e308", "-1e16", "1e-300"])
def test_numbers_nobody_has_are_refused_by_their_line(tmp_path: Path, value: str) -> None:
    said = refused(tmp_path, f"date,equity\n2024-01-01,100\n2024-01-02,{value}\n2024-01-03,101\n")
    assert f"curve.csv, line 3, equity: '{value}' is no amount anybody has; expected 0, or a size from 1e-12 to" in said


@pytest.mark.filterwarnings("error")
def test_returns_that_compound_beyond_all_numbers_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{day:02d},1e14\n" for day in range(1, 29))
    said = refused(tmp_path, f"date,returns\n{rows}", "--fraction")
    assert "curve.csv: by 2024-01-03 1 would have become more than 1e+30; are these returns percent" in said
