"""`smarttrader costs` as one types it."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from app.cli import app


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["costs", *words])
    return done.exit_code, done.output


def test_every_component_comes_as_json() -> None:
    words = ("--broker", "zerodha", "--product", "delivery", "--date", "2026-02-02")
    code, out = run(*words, "--buy", "500@1000", "--sell", "500@1000", "--json")
    assert code == 0
    answer = json.loads(out)
    assert answer["total"] == 1112.41
    assert round(sum(answer["components"].values()), 2) == 1112.41
    assert answer["depository"] == 13.5
    assert answer["net_pnl"] == -1128.34
    assert answer["unverified"]


def test_text_names_every_line() -> None:
    code, out = run("--product", "intraday", "--date", "2026-02-02", "--buy", "500@1,000", "--sell", "500@1000")
    assert code == 0
    assert "224.61" in out
    assert "Profit after all charges" in out


def test_bad_words_are_refused_by_name() -> None:
    for words, said in (
        (("--buy", "500"), "QUANTITY@PRICE"),
        (("--buy", "x@1"), "not a number"),
        (("--buy", "1.5@1"), "whole quantity"),
        (("--buy", "0@1"), "quantity"),
        ((), "Nothing was traded"),
        (("--broker", "other", "--buy", "1@1"), "--broker other"),
        (("--product", "bonds", "--buy", "1@1"), "--product bonds"),
        (("--date", "soon", "--buy", "1@1"), "--date soon"),
        (("--date", "1999-01-01", "--buy", "1@1"), "costs are known from"),
        (("--brokerage-flat", "5", "--buy", "1@1"), "--broker custom"),
    ):
        code, out = run(*words)
        assert code == 1, words
        assert said in out, (words, out)


def test_a_day_after_the_last_look_at_the_rates_is_said() -> None:
    code, out = run("--date", "2050-01-01", "--buy", "10@100", "--json")
    (said,) = json.loads(out)["warnings"]
    assert code == 0 and said.startswith(
        "The rates were last looked at on 2026-08-03; on 2050-01-01 they may be others"
    )
    assert said in run("--date", "2050-01-01", "--buy", "10@100")[1]
    assert json.loads(run("--date", "2026-08-03", "--buy", "10@100", "--json")[1])["warnings"] == []
