"""`smarttrader data status` and `data verify` as one types them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
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
