"""Downloads from end to end: a local archive, a real database, the importer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app.database import Market
from app.engines import calendar
from app.exceptions import ConflictError, ExternalAPIError, ValidationError
from app.services.nse import ArchiveClient, SyncService
from app.services.nse.sync import SyncSummary, last_published
from app.services.platform import Platform
from app.settings import Settings
from tests.services.nse.simulator import Simulator, close_on, simulated, udiff, zipped

FIRST, LAST = date(2024, 7, 3), date(2024, 7, 11)
DAYS = calendar.sessions(FIRST, LAST)
NOW = datetime(2024, 7, 11, 15, 0, tzinfo=UTC)  # 20:30 in India: the day's files are out


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulated(DAYS, per_second=10_000) as running:
        yield running


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    made = Platform(Settings(SMARTTRADER_HOME=tmp_path, DATABASE_URL=database_url))  # type: ignore[call-arg]
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def service(platform: Platform, simulator: Simulator) -> SyncService:
    def client() -> ArchiveClient:
        return ArchiveClient(simulator.base, seconds_between=0.0, answer_seconds=0.5, sleep=lambda _seconds: None)

    made = SyncService(platform.settings, platform.database, platform.data.load, client=client)
    made.enable(True)
    return made


def run(service: SyncService, start: date | None = FIRST, now: datetime = NOW, stop_after: int = 10**6) -> SyncSummary:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > stop_after

    return service.run(start, None, progress=lambda _f, _m: None, cancelled=cancelled, now=lambda: now)


def prices(database_url: str) -> list[tuple[date, str, float]]:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT date, symbol, close FROM historical_prices WHERE superseded_at IS NULL ORDER BY 1, 2")
        ).all()
    engine.dispose()
    return [(row.date, row.symbol, float(row.close)) for row in rows]


def test_nothing_is_asked_before_it_is_switched_on(service: SyncService, simulator: Simulator) -> None:
    service.enable(False)
    with pytest.raises(ConflictError, match="switched off"):
        run(service)
    assert simulator.log == []


def test_every_session_arrives_once_with_the_exchanges_prices(
    service: SyncService, simulator: Simulator, database_url: str
) -> None:
    summary = run(service)
    assert (summary.failed, summary.refused, summary.not_published) == ([], [], [])
    stored = prices(database_url)
    assert {day for day, _, _ in stored} == set(DAYS)
    assert [close for day, symbol, close in stored if symbol == "AARAVTEX"] == [close_on(0, day) for day in DAYS]
    asked = len(simulator.log)
    again = run(service)
    assert (again.fetched, len(simulator.log)) == (0, asked)
    assert again.kept_before == summary.fetched


def test_a_stopped_run_goes_on_where_it_was(service: SyncService, simulator: Simulator, database_url: str) -> None:
    first = run(service, stop_after=8)
    assert first.cancelled
    assert first.fetched == 8
    second = run(service)
    assert second.kept_before == 8
    assert max(simulator.asked(path) for path, _ in simulator.log) == 1
    assert {day for day, _, _ in prices(database_url)} == set(DAYS)


def test_a_refusal_stops_the_run_and_the_next_one_asks_nothing_for_ten_minutes(
    service: SyncService, simulator: Simulator, database_url: str
) -> None:
    path = "/content/cm/BhavCopy_NSE_CM_0_0_0_20240709_F_0000.csv.zip"
    simulator.faults[path] = ["403"]
    real_now = datetime.now(UTC)
    summary = run(service)
    assert summary.blocked_until is not None
    assert summary.exit_code == 1
    assert summary.blocked_until - real_now >= timedelta(minutes=9, seconds=59)
    assert {day for day, _, _ in prices(database_url)} == {day for day in DAYS if day < date(2024, 7, 9)}
    asked = len(simulator.log)
    with pytest.raises(ExternalAPIError, match="nothing is asked before"):
        run(service)
    assert len(simulator.log) == asked
    later = run(service, now=summary.blocked_until + timedelta(seconds=1))
    assert later.blocked_until is None
    assert {day for day, _, _ in prices(database_url)} >= set(DAYS)


def test_a_file_of_another_day_is_not_kept(service: SyncService, simulator: Simulator, database_url: str) -> None:
    name = "BhavCopy_NSE_CM_0_0_0_20240709_F_0000.csv"
    stale = zipped(name, udiff(date(2024, 7, 8)))
    simulator.files[f"/content/cm/{name}.zip"] = ("application/zip", stale)
    simulator.files["/products/content/sec_bhavdata_full_09072024.csv"] = (
        "text/csv",
        b"SYMBOL, SERIES, DATE1, PREV_CLOSE",
    )
    summary = run(service)
    assert {one["file"] for one in summary.refused} == {f"{name}.zip", "sec_bhavdata_full_09072024.csv"}
    assert "2024-07-08" in summary.refused[0]["reason"]
    assert not list((service.folder / "bhavcopy").rglob(f"{name}.zip"))
    assert {day for day, _, _ in prices(database_url)} == set(DAYS) - {date(2024, 7, 9)}


def test_a_late_file_is_asked_for_again_and_one_that_never_came_is_not(
    service: SyncService, simulator: Simulator
) -> None:
    path = f"/content/cm/BhavCopy_NSE_CM_0_0_0_{LAST:%Y%m%d}_F_0000.csv.zip"
    late = simulator.files.pop(path)
    assert run(service).not_published == [path.rpartition("/")[2]]
    simulator.files[path] = late
    assert run(service).not_published == []
    never = simulator.files.pop("/products/content/sec_bhavdata_full_03072024.csv", None)
    assert never is not None


def test_a_report_missing_a_week_after_its_day_is_given_up(service: SyncService, simulator: Simulator) -> None:
    path = "/products/content/sec_bhavdata_full_03072024.csv"
    del simulator.files[path]
    run(service)  # asked eight days after its day
    run(service)
    assert simulator.asked(path) == 1


def test_the_range_begins_after_the_newest_price_and_ends_with_what_is_published(
    service: SyncService, simulator: Simulator
) -> None:
    with pytest.raises(ValidationError, match="No prices are stored"):
        run(service, start=None)
    run(service)
    assert service.check(None, None, NOW) == (LAST + timedelta(days=1), LAST)
    before_evening = datetime(2024, 7, 11, 12, 0, tzinfo=UTC)
    assert last_published(before_evening) == date(2024, 7, 10)
    with pytest.raises(ValidationError, match="before it begins"):
        service.check(LAST, FIRST, NOW)


def test_the_nightly_run_is_due_once_and_only_on_an_evening_of_a_session(service: SyncService) -> None:
    assert service.due(datetime(2024, 7, 11, 13, 0, tzinfo=UTC)) is None  # 18:30
    key = service.due(datetime(2024, 7, 11, 13, 45, tzinfo=UTC))
    assert key is not None
    assert service.due(datetime(2024, 7, 11, 14, 0, tzinfo=UTC)) == key
    assert service.due(datetime(2024, 7, 13, 15, 0, tzinfo=UTC)) is None  # a Saturday
    run(service)
    assert service.due(NOW) is None
    service.enable(False)
    assert service.due(datetime(2024, 7, 12, 14, 0, tzinfo=UTC)) is None


def test_the_nightly_task_queues_one_job(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.sync.enable(True)
    monkeypatch.setattr("app.services.platform.datetime", _Evening)
    platform.queue_nightly()
    platform.queue_nightly()
    with platform.database.engine(Market.REAL).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs WHERE kind = 'sync'")).scalar() == 1


class _Evening(datetime):
    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return NOW
