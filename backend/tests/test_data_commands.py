"""`smarttrader data status` and `data verify` as one types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Engine, create_engine, text
from typer.testing import CliRunner

from app.cli import app
from app.models import Base
from app.repositories.data_status import _OTHERS
from app.services.importing.run import import_paths
from app.services.sample_market import SampleSummary
from app.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def named_home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands read their settings from the environment, once."""
    monkeypatch.setenv("SMARTTRADER_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url or "")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["data", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_every_table_counted_for_the_status_exists() -> None:
    assert set(_OTHERS) <= set(Base.metadata.tables)


def test_status_counts_what_lies_beside_the_prices(engine: Engine, sample_data: SampleSummary) -> None:
    load(engine, sample_data)
    code, out = run("status", "--json")
    assert code == 0, out
    counts = json.loads(out[out.index("{") :])["other_rows"]
    assert set(counts) == {*_OTHERS, "intraday_bars"}
    with engine.connect() as connection:
        for table in _OTHERS:
            assert counts[table] == connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    assert counts["corporate_actions"] > 0
    assert counts["intraday_bars"] == 0
    code, out = run("status")
    assert code == 0, out
    words = " ".join(out.split())
    assert f"corporate_actions {counts['corporate_actions']:,}" in words
    assert f"index_values {counts['index_values']:,}" in words


def test_verify_says_the_same_as_text_and_as_json(engine: Engine, sample_data: SampleSummary) -> None:
    load(engine, sample_data)
    with engine.connect() as connection:
        before = connection.execute(text("SELECT * FROM adjustment_factors ORDER BY 1, 2")).all()
    code, out = run("verify", "--json")
    answer = json.loads(out[out.index("{") :])
    text_code, words = run("verify")
    assert (code, text_code) == (1 if answer["blind"]["wrong"] else 0,) * 2
    with engine.connect() as connection:  # it looks, and changes nothing
        assert connection.execute(text("SELECT * FROM adjustment_factors ORDER BY 1, 2")).all() == before
    assert (answer["blind"]["known"], answer["blind"]["right"], answer["blind"]["wrong"]) == (2, 2, [])
    assert answer["sessions"] > 2000
    assert "Blind test on 2 listed splits and bonuses since 2011-01-01, their lists hidden:" in words
    assert "       2 inferred with the right factor" in words
    assert "       0 inferred with a wrong factor" in words
    assert f"of {answer['large_moves']:,} large moves in {answer['sessions']:,} rows:" in words
    assert answer["sources_apart"] == [] and "that disagree" not in words
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO findings (sha256, file_name, rule, severity, message, action) VALUES "
                "('s', 'n.csv', 'INTRADAY_DISAGREES', 'warning', 'n.csv: NIFTY50: on 5 of 1538 days', 'both stay')"
            )
        )
    assert "that disagree; daily bars are those of the daily files:\n  n.csv: NIFTY50: on 5 of" in run("verify")[1]
    for case in answer["blind"]["taken"] + answer["blind"]["beyond"]:
        assert f"{case['ex_date']}  {case['symbol']}" in words
    assert sum(answer["tiers"]["2024"].values()) == len(before) + answer["tiers"]["2024"].get("QUARANTINED", 0)
    assert "  2024  " in words


def load(engine: Engine, sample: SampleSummary) -> None:
    summary = import_paths(
        engine, [sample.directory], progress=lambda _fraction, _message: None, cancelled=lambda: False,
        strict_paths=True,
    )  # fmt: skip
    assert summary.exit_code == 0, summary.lines()


@pytest.fixture
def both_markets(settings: Settings, engine: Engine, sample_data: SampleSummary, postgres: str) -> Iterator[Settings]:
    """An installation with real prices and a sample market: the same ones, in two databases."""
    load(engine, sample_data)
    engine.dispose()
    name = engine.url.database
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}_sample TEMPLATE {name} STRATEGY file_copy"))
    admin.dispose()
    yield settings


def test_everything_printed_about_the_sample_says_so(both_markets: Settings) -> None:
    def printed(*words: str) -> str:
        done = CliRunner().invoke(app, [*words])
        assert done.exit_code == 0, done.output
        return done.stdout

    real = printed("data", "bars", "LUMBRA", "--csv").splitlines()
    marked = printed("data", "bars", "LUMBRA", "--csv", "--sample").splitlines()
    assert marked == [f"{real[0]},market", *(f"{line},SAMPLE" for line in real[1:])]
    bars = json.loads(printed("data", "bars", "LUMBRA", "--json"))
    assert json.loads(printed("data", "bars", "LUMBRA", "--json", "--sample")) == {"market": "SAMPLE", **bars}
    for words in (("bars", "LUMBRA"), ("status",), ("actions",), ("findings",), ("snapshots",), ("coverage",)):
        assert printed("data", *words, "--sample").startswith("SAMPLE: a generated market"), words
        assert "SAMPLE" not in printed("data", *words)
        if words[0] != "bars":
            assert json.loads(printed("data", *words, "--sample", "--json"))["market"] in {"SAMPLE", "sample"}
    screened = printed("screen", "close > 0", "--columns", "close, close > 100", "--csv").splitlines()
    marked = printed("screen", "close > 0", "--columns", "close, close > 100", "--csv", "--sample").splitlines()
    assert marked == [f"{screened[0]},market", *(f"{line},SAMPLE" for line in screened[1:])]
    assert screened[1].endswith((",true", ",false"))
    assert json.loads(printed("screen", "close > 0", "--json", "--sample"))["market"] == "SAMPLE"


def a_small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small market in place of the large one: the way is the same, and takes a tenth of the time."""
    from app.services import sample_market

    small = {"start": date(2024, 1, 1), "end": date(2024, 12, 31), "stocks": 10, "daily_from": None}
    monkeypatch.setattr(sample_market, "generate", partial(sample_market.generate, **small))


def test_making_the_sample_leaves_pages_on_the_real_market_where_there_is_one(
    both_markets: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_small_sample(monkeypatch)
    assert json.loads(run("market", "--json")[1])["market"] == "real"
    code, out = run("sample")
    assert (code, "Pages show the real market as before" in out) == (0, True), out
    assert json.loads(run("market", "--json")[1]) == {"market": "real", "real_ready": True, "sample_ready": True}
    assert run("market", "sample") == (0, "Pages show the sample market. With data: real, sample\n")
    assert run("market", "tomorrow") == (1, "'tomorrow' is no market: choose real or sample\n")
    assert run("market", "real")[0] == 0
    code, out = run("sample", "--show")
    assert "Every page shows the sample market now" in out
    assert json.loads(run("market", "--json")[1])["market"] == "sample"


def test_making_the_sample_on_an_empty_installation_shows_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_small_sample(monkeypatch)
    assert run("market") == (0, "Pages show the real market. With data: none\n")
    assert run("sample")[0] == 0
    assert json.loads(run("market", "--json")[1])["market"] == "sample"
