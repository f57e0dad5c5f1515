"""Damaged files: nothing crashes, nothing is stored by halves, what is wrong is named. `benchmarks/fuzz_import.py` runs
longer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.services.importing.files import Member
from app.services.importing.findings import FileRefusedError
from app.services.importing.reading import parse
from app.services.importing.run import import_paths
from app.services.sample_market import SampleSummary

from .mutations import damaged, seeds

READ_ROUNDS = 250
STORED_FILES = 60


@pytest.fixture(scope="module")
def generated(sample_data: SampleSummary) -> list[Member]:
    """Files of each kind the sample market has."""
    return seeds(sample_data.directory)


def check_reading(members: list[Member], seed: int, rounds: int) -> None:
    """Every damaged file is read, or refused or skipped for a reason that was foreseen."""
    for how, member in damaged(random.Random(seed), members, rounds):
        parsed = parse(member)
        if isinstance(parsed, FileRefusedError):
            assert "it could not be read (" not in parsed.finding.message, (seed, how, member.name, parsed.finding)
            assert member.name in parsed.finding.message, (seed, how, parsed.finding)
            assert len(parsed.finding.message) < 2_000, (seed, how, member.name)


def check_storing(engine: Engine, members: list[Member], folder: Path, seed: int, count: int) -> None:
    """Every damaged file is stored whole, or refused, skipped or known; all are accounted for."""
    for n, (_, member) in enumerate(damaged(random.Random(seed), members, count, long_every=10_000)):
        target = folder / f"{n:04d}" / member.name
        target.parent.mkdir(parents=True)
        target.write_bytes(member.data)
    summary = import_paths(engine, [folder], progress=lambda _f, _m: None, cancelled=lambda: False)
    told = summary.loaded + summary.already_known + len(summary.refused) + len(summary.skipped) + summary.ignored
    assert told >= count, summary.to_dict()
    with engine.connect() as connection:
        halves = connection.execute(
            text(
                "SELECT f.name, f.rows, count(p.line) AS stored FROM import_files f "
                "LEFT JOIN historical_prices p ON p.file_id = f.id "
                "WHERE f.kind IN ('legacy', 'udiff', 'delivery', 'daily_parquet') GROUP BY f.id "
                "HAVING count(p.line) <> f.rows"
            )
        ).all()
        orphans = connection.execute(
            text("SELECT count(*) FROM historical_prices p WHERE p.file_id NOT IN (SELECT id FROM import_files)")
        ).scalar_one()
        counted = connection.execute(
            text(
                "SELECT count(*) FROM (SELECT date, symbol, series FROM historical_prices GROUP BY 1, 2, 3 "
                "HAVING count(*) FILTER (WHERE superseded_at IS NULL) <> 1) s"
            )
        ).scalar_one()
    assert (list(halves), orphans, counted) == ([], 0, 0)


def test_damaged_generated_files_are_read_or_named(generated: list[Member]) -> None:
    check_reading(generated, 1, READ_ROUNDS)


@pytest.mark.integration
def test_damaged_generated_files_are_stored_whole_or_not_at_all(
    engine: Engine, generated: list[Member], tmp_path: Path
) -> None:
    check_storing(engine, generated, tmp_path, 2, STORED_FILES)


@pytest.mark.integration
def test_damaged_real_files_are_read_or_named_and_stored_whole_or_not_at_all(
    engine: Engine, evidence: Path, tmp_path: Path
) -> None:
    folders = ("bhavcopy/legacy_cm/2010", "bhavcopy/sec_bhavdata_full/plain", "bhavcopy/udiff_cm", "masters")
    members = [member for folder in folders for member in seeds(evidence / "data" / folder, per_kind=1)]
    check_reading(members, 3, READ_ROUNDS // 2)
    check_storing(engine, members, tmp_path, 4, STORED_FILES // 2)
