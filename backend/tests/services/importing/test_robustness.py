"""Files that are whole by every rule of a line and wrong all the same, and taking one out again."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from app.exceptions import DataNotFoundError, ValidationError
from app.repositories import prices
from app.repositories.prices import content_hash
from app.services.importing import removal
from app.services.importing.files import Member, open_source, walk
from app.services.importing.findings import FileRefusedError, Rule
from app.services.importing.kinds import Kind
from app.services.importing.price_files import PriceFile, read_price_file
from app.services.importing.reading import parse
from app.services.importing.run import import_paths
from app.services.importing.summary import ImportSummary

from .samples import Quote, delivery, legacy, legacy_name, parquet, quote
from .test_import import market

DAY = date(2024, 7, 1)


def run(engine: Engine, *paths: Path) -> ImportSummary:
    return import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)


def digest(engine: Engine) -> str:
    with engine.connect() as connection:
        return content_hash(connection)


def rules(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row.rule: row.message for row in connection.execute(text("SELECT rule, message FROM findings"))}


def busy_day(count: int = 200, seed: int = 1) -> list[Quote]:
    """Shares that moved: open, high, low, close and previous close all differ; a whole day's turnover is large."""
    chance = random.Random(seed)
    quotes: list[Quote] = []
    for n in range(count):
        previous = 100.0 + n
        open_, close = previous * chance.uniform(0.97, 1.03), previous * chance.uniform(0.95, 1.05)
        high, low = max(open_, close) * 1.01, min(open_, close) * 0.99
        values = [round(value, 2) for value in (open_, high, low, close, previous)]
        quotes.append((f"S{n:03d}", "EQ", *values, 5_000 + 10 * n))  # type: ignore[arg-type]
    return quotes


# --- a file cut at the end of a line --------------------------------------------------------------------------------


def days_of(folder: Path, rows: Sequence[int]) -> list[Path]:
    """A legacy file a weekday with so many rows."""
    paths = []
    for n, count in enumerate(rows):
        day = DAY + timedelta(days=n)
        path = folder / legacy_name(day)
        path.write_bytes(legacy(day, [quote(f"S{i:03d}", 10.0) for i in range(count)]))
        paths.append(path)
    return paths


@pytest.mark.integration
@pytest.mark.parametrize("order", [1, -1])
def test_a_day_with_far_fewer_rows_than_its_neighbours_is_named_in_any_order(
    engine: Engine, tmp_path: Path, order: int
) -> None:
    paths = days_of(tmp_path, [200, 200, 90, 200, 180])
    for path in paths[::order]:
        assert run(engine, path).loaded == 1
    message = rules(engine)[Rule.ROWS_FAR_BELOW_NEIGHBOURS.value]
    assert message.startswith(f"{paths[2].name}: 90 rows of the series EQ, BE, BZ on 2024-07-03")
    assert message.endswith("have 200: part of the day seems to be missing")
    removal.remove(engine, paths[2].name)
    assert Rule.ROWS_FAR_BELOW_NEIGHBOURS.value not in rules(engine)


@pytest.mark.integration
def test_a_day_with_seven_tenths_of_the_rows_is_not(engine: Engine, tmp_path: Path) -> None:
    run(engine, *days_of(tmp_path, [200, 200, 140, 200]))
    assert Rule.ROWS_FAR_BELOW_NEIGHBOURS.value not in rules(engine)


@pytest.mark.integration
def test_a_file_without_a_last_line_end_is_stored_only_beside_like_neighbours(engine: Engine, tmp_path: Path) -> None:
    paths = days_of(tmp_path, [120, 120, 120])
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    refused = run(engine, paths[1])
    assert [item.rule for item in refused.refused] == ["FILE_CUT_SHORT"]
    run(engine, paths[0], paths[2])
    assert run(engine, paths[1]).loaded == 1
    assert "120 rows" in rules(engine)[Rule.NO_FINAL_LINE_END.value]
    short = tmp_path / legacy_name(DAY + timedelta(days=3))
    short.write_bytes(legacy(DAY + timedelta(days=3), [quote(f"S{i:03d}", 10.0) for i in range(100)])[:-1])
    assert [item.rule for item in run(engine, short).refused] == ["FILE_CUT_SHORT"]


# --- taking a file out ----------------------------------------------------------------------------------------------


@pytest.mark.integration
@pytest.mark.parametrize("place", [0, 3, 5, -1])
def test_a_file_taken_out_leaves_what_the_others_give_and_can_come_back(
    engine: Engine, tmp_path: Path, place: int
) -> None:
    paths = market(tmp_path / "m")
    taken = paths.pop(place)
    run(engine, *paths)
    without = digest(engine)
    run(engine, taken)
    everything = digest(engine)
    assert everything != without
    assert removal.remove(engine, taken.name).name == taken.name
    assert digest(engine) == without
    run(engine, taken)
    assert digest(engine) == everything


@pytest.mark.integration
def test_what_is_to_be_taken_out_is_named_exactly(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder, price in (("a", 1.0), ("b", 2.0)):
        (tmp_path / folder / legacy_name(DAY)).write_bytes(legacy(DAY, [quote("AAA", price)]))
    run(engine, tmp_path)
    with pytest.raises(ValidationError, match="2 imported files"):
        removal.remove(engine, legacy_name(DAY))
    with pytest.raises(DataNotFoundError, match=r"nothing\.csv"):
        removal.remove(engine, "nothing.csv")


# --- columns that changed places ------------------------------------------------------------------------------------


def exchanged(data: bytes, one: str, other: str) -> bytes:
    """The file with the names of two columns exchanged, so that each heads the other's values."""
    header, rows = data.decode().split("\n", 1)
    names = header.split(",")
    i, j = (next(n for n, name in enumerate(names) if name.strip() == wanted) for wanted in (one, other))
    names[i], names[j] = names[j], names[i]
    return (",".join(names) + "\n" + rows).encode()


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("OPEN_PRICE", "HIGH_PRICE", "low <= open <= high fails on"),
        ("HIGH_PRICE", "LOW_PRICE", "high >= low fails on 200 of 200 rows"),
        ("CLOSE_PRICE", "PREV_CLOSE", "low <= close <= high fails on"),
        ("OPEN_PRICE", "PREV_CLOSE", "low <= open <= high fails on"),
        ("CLOSE_PRICE", "OPEN_PRICE", "last price nearer to close than to open fails on"),
        ("TTL_TRD_QNTY", "NO_OF_TRADES", "trades <= volume fails on 200 of 200 rows"),
        ("TTL_TRD_QNTY", "DELIV_QTY", "delivery <= volume fails on 200 of 200 rows"),
    ],
)
def test_two_columns_that_changed_places_are_refused_with_the_rules_they_break(
    one: str, other: str, words: str
) -> None:
    good = delivery(DAY, busy_day())
    read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", good)
    with pytest.raises(FileRefusedError) as refused:
        data = exchanged(good, one, other)
        read_price_file(Kind.PRICES_DELIVERY, "sec_bhavdata_full_01072024.csv", data)
    assert refused.value.finding.rule is Rule.SWAPPED_COLUMNS
    assert words in refused.value.finding.message


def test_volume_and_turnover_that_changed_places_are_refused(tmp_path: Path) -> None:
    parquet(tmp_path / "p.parquet", [(DAY, q) for q in busy_day()])
    frame = pl.read_parquet(tmp_path / "p.parquet")
    read_price_file(Kind.PRICES_DAILY_PARQUET, "p.parquet", (tmp_path / "p.parquet").read_bytes())
    frame.rename({"volume": "turnover", "turnover": "volume"}).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(FileRefusedError, match="turnover / volume inside the day's range fails on 200 of 200 rows"):
        read_price_file(Kind.PRICES_DAILY_PARQUET, "p.parquet", (tmp_path / "p.parquet").read_bytes())


def test_no_real_file_is_taken_for_one_with_swapped_columns(evidence: Path) -> None:
    folder = evidence / "data" / "bhavcopy"
    read = 0
    for source in walk([folder / "legacy_cm", folder / "udiff_cm", folder / "sec_bhavdata_full" / "plain"])[0]:
        for member in open_source(source):
            assert isinstance(member, Member)
            assert isinstance(parse(member), PriceFile), member.name
            read += 1
    assert read > 150


# --- Parquet, encodings, the database's own refusal -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        (pl.lit("").alias("symbol"), Rule.BAD_VALUE, "row 1: field symbol is '', expected a value"),
        (pl.lit("A" * 33).alias("symbol"), Rule.BAD_VALUE, "at most 32 characters"),
        (pl.lit("A\x00B").alias("symbol"), Rule.BAD_VALUE, "row 1: field symbol is 'A\\x00B'"),
        (pl.lit("A\nB").alias("symbol"), Rule.BAD_VALUE, "field symbol"),
        (pl.lit("🚀").alias("symbol"), Rule.BAD_VALUE, "letters, digits and signs of ASCII"),
        (pl.lit("\x07").alias("series"), Rule.BAD_VALUE, "field series"),
        (pl.col("volume").cast(pl.Float64), Rule.WRONG_COLUMNS, "column volume is Float64, expected Int64"),
        (pl.col("date").cast(pl.String), Rule.WRONG_COLUMNS, "column date is String, expected Date"),
    ],
)
def test_a_parquet_file_is_checked_as_a_text_is(tmp_path: Path, change: pl.Expr, rule: Rule, words: str) -> None:
    path = tmp_path / "p.parquet"
    parquet(path, [(DAY, quote("AAA", 1.0))])
    pl.read_parquet(path).with_columns(change).write_parquet(path)
    with pytest.raises(FileRefusedError) as refused:
        read_price_file(Kind.PRICES_DAILY_PARQUET, "p.parquet", path.read_bytes())
    assert refused.value.finding.rule is rule
    assert words in refused.value.finding.message


def test_a_parquet_file_of_too_many_rows_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(tmp_path / "p.parquet", [(DAY, quote("AAA", 1.0)), (DAY, quote("BBB", 1.0))])
    monkeypatch.setattr("app.services.importing.price_files._MOST_ROWS", 1)
    with pytest.raises(FileRefusedError, match="2 rows, expected at most 1"):
        read_price_file(Kind.PRICES_DAILY_PARQUET, "p.parquet", (tmp_path / "p.parquet").read_bytes())


def as_member(name: str, data: bytes) -> Member:
    return Member(name, None, name, (), data, "0" * 64)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_file_in_utf_16_is_read_and_noted(encoding: str) -> None:
    data = legacy(DAY, [quote("AAA", 1.0)]).decode()
    marked = data.encode(encoding) if encoding == "utf-16" else ("\ufeff" + data).encode(encoding)
    parsed = parse(as_member(legacy_name(DAY), marked))
    assert isinstance(parsed, PriceFile)
    assert [finding.rule for finding in parsed.findings] == [Rule.OLD_ENCODING]
    broken = parse(as_member(legacy_name(DAY), marked[:-1]))
    assert isinstance(broken, FileRefusedError)
    assert broken.finding.rule is Rule.BAD_ENCODING


@pytest.mark.integration
def test_what_the_database_will_not_hold_refuses_the_file_and_the_others_go_in(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = days_of(tmp_path, [3, 3, 3])
    real = prices.add_prices

    def poisoned(connection: object, frame: pl.DataFrame) -> None:
        if frame["date"][0] == DAY + timedelta(days=1):
            frame = frame.with_columns(
                pl.when(pl.col("symbol") == "S001").then(pl.lit("A\x00")).otherwise("symbol").alias("symbol")
            )
        real(connection, frame)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(prices, "add_prices", poisoned)
        summary = run(engine, tmp_path)
    assert (summary.loaded, [item.rule for item in summary.refused]) == (2, ["BAD_VALUE"])
    assert second.name in summary.refused[0].reason
    assert summary.refused[0].line == 3
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM historical_prices")).scalar_one() == 6
    assert run(engine, second).loaded == 1
    assert run(engine, first, third).already_known == 2


def test_a_reader_that_fails_refuses_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("app.services.importing.reading.read_price_file", fail)
    refused = parse(as_member(legacy_name(DAY), legacy(DAY, [quote("AAA", 1.0)])))
    assert isinstance(refused, FileRefusedError)
    assert refused.finding.message == f"{legacy_name(DAY)}: it could not be read (RuntimeError: unforeseen)"


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.csv").write_text("x")
    (tmp_path / "shut").mkdir()
    real = os.scandir

    def scandir(place: str) -> object:
        if str(place).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    unreadable: list[OSError] = []
    sources, _, _ = walk([tmp_path], unreadable)
    assert [source.path.name for source in sources] == ["a.csv"]
    assert [error.filename for error in unreadable] == [str(tmp_path / "shut")]
