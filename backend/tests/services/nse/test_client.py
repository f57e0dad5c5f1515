"""The archives' client against a local server that has their manners and faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from app.services.nse import ArchiveClient, BlockedError, FetchError, NotPublishedError, Report, remote_file
from app.services.nse.client import checked_base
from app.services.nse.reports import RemoteFile
from tests.services.nse.simulator import Simulator, simulated

DAY = date(2024, 7, 9)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulated([date(2024, 7, 5), DAY], per_second=1000) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(simulator: Simulator, waits: list[float]) -> Iterator[ArchiveClient]:
    made = ArchiveClient(simulator.base, seconds_between=0.0, body_seconds=0.5, answer_seconds=0.5, sleep=waits.append)
    yield made
    made.close()


def bhavcopy(day: date = DAY) -> RemoteFile:
    file = remote_file(Report.BHAVCOPY, day)
    assert file is not None
    return file


@pytest.mark.parametrize(
    ("report", "day", "path"),
    [
        (Report.BHAVCOPY, date(2024, 7, 5), "/content/historical/EQUITIES/2024/JUL/cm05JUL2024bhav.csv.zip"),
        (Report.BHAVCOPY, date(2024, 7, 8), "/content/cm/BhavCopy_NSE_CM_0_0_0_20240708_F_0000.csv.zip"),
        (Report.DELIVERY, date(2020, 1, 1), "/products/content/sec_bhavdata_full_01012020.csv"),
        (Report.DELIVERY, date(2019, 12, 31), None),
        (Report.INDEX_CLOSE, date(2026, 1, 1), "/content/indices/ind_close_all_01012026.csv"),
        (Report.NIFTY50, date(2026, 1, 1), "/content/indices/ind_nifty50list.csv"),
    ],
)
def test_each_report_lies_where_its_era_has_it(report: Report, day: date, path: str | None) -> None:
    file = remote_file(report, day)
    assert (file.path if file else None) == path


def test_a_file_comes_whole_from_either_era(simulator: Simulator, client: ArchiveClient) -> None:
    for day in (date(2024, 7, 5), DAY):
        file = bhavcopy(day)
        assert client.fetch(file) == simulator.files[file.path][1]


def test_a_missing_file_is_not_asked_for_again(simulator: Simulator, client: ArchiveClient) -> None:
    with pytest.raises(NotPublishedError):
        client.fetch(bhavcopy(date(2024, 7, 10)))
    assert len(simulator.log) == 1


@pytest.mark.parametrize("fault", ["503", "reset", "truncated", "hang", "slow"])
def test_a_fault_that_passes_is_tried_again(
    simulator: Simulator, client: ArchiveClient, waits: list[float], fault: str
) -> None:
    file = remote_file(Report.DELIVERY, DAY)
    assert file is not None
    simulator.faults[file.path] = [fault, fault]
    assert client.fetch(file) == simulator.files[file.path][1]
    assert simulator.asked(file.path) == 3
    assert waits == [2.0, 4.0]


@pytest.mark.parametrize("fault", ["503", "reset", "truncated"])
def test_a_fault_that_stays_ends_after_three_tries(simulator: Simulator, client: ArchiveClient, fault: str) -> None:
    file = bhavcopy()
    simulator.faults[file.path] = [fault] * 9
    with pytest.raises(FetchError, match="3 tries") as caught:
        client.fetch(file)
    assert not caught.value.refused
    assert simulator.asked(file.path) == 3


@pytest.mark.parametrize(("fault", "said"), [("html", "web page"), ("damaged", "cut short or damaged")])
def test_an_answer_that_is_not_the_file_is_thrown_away(
    simulator: Simulator, client: ArchiveClient, fault: str, said: str
) -> None:
    file = bhavcopy()
    simulator.faults[file.path] = [fault]
    with pytest.raises(FetchError, match=said) as caught:
        client.fetch(file)
    assert caught.value.refused
    assert simulator.asked(file.path) == 1


@pytest.mark.parametrize(("fault", "minutes"), [("403", 10), ("429", 20)])
def test_a_refusal_stops_for_ten_minutes_or_as_long_as_told(
    simulator: Simulator, client: ArchiveClient, fault: str, minutes: int
) -> None:
    file = bhavcopy()
    simulator.faults[file.path] = [fault]
    with pytest.raises(BlockedError) as caught:
        client.fetch(file)
    stop = caught.value.until - datetime.now(UTC)
    assert timedelta(minutes=minutes) - timedelta(seconds=20) < stop <= timedelta(minutes=minutes)
    assert len(simulator.log) == 1


def test_requests_are_a_second_apart_whatever_the_answers(simulator: Simulator) -> None:
    now = 0.0
    asked_at: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def clock() -> float:
        return now

    client = ArchiveClient(simulator.base, clock=clock, sleep=sleep)
    file = bhavcopy()
    simulator.faults[file.path] = ["503"]
    for _ in range(5):
        client.fetch(file)
        asked_at.append(now)
        now += 0.3
    client.close()
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in pairwise(asked_at))


def test_a_client_that_is_too_quick_is_blocked_and_a_polite_one_is_not() -> None:
    with simulated([DAY], per_second=3) as simulator:
        quick = ArchiveClient(simulator.base, seconds_between=0.0, sleep=lambda _seconds: None)
        with pytest.raises(BlockedError):
            for _ in range(10):
                quick.fetch(bhavcopy())
        quick.close()


@pytest.mark.parametrize(
    "base",
    ["http://nsearchives.nseindia.com", "ftp://127.0.0.1", "nsearchives", "https://me:secret@host", "https://h?x=1"],
)
def test_an_address_that_is_no_safe_base_is_refused(base: str) -> None:
    with pytest.raises(ValueError):
        checked_base(base)
