"""The exchange's dated files: under which address each lies, from when to when, and what its first bytes must be."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

UDIFF_SINCE = date(2024, 7, 8)  # the legacy file ended on 2024-07-05
LEGACY_SINCE = date(1994, 11, 3)
DELIVERY_SINCE = date(2020, 1, 1)  # a request for an earlier day hangs
INDEX_CLOSE_SINCE = date(2012, 1, 2)


class Report(enum.StrEnum):
    """A file the exchange publishes for a day, or one of today's state."""

    BHAVCOPY = "bhavcopy"
    DELIVERY = "delivery"
    INDEX_CLOSE = "index_close"
    EQUITY_LIST = "equity_list"
    NIFTY50 = "nifty50_members"
    NIFTY100 = "nifty100_members"
    NIFTY200 = "nifty200_members"
    NIFTY500 = "nifty500_members"


DAILY: tuple[Report, ...] = (Report.BHAVCOPY, Report.DELIVERY, Report.INDEX_CLOSE)
# What stands there is today's state: fetched once a day, only for today, and kept under its date.
OF_TODAY: tuple[Report, ...] = (
    Report.EQUITY_LIST,
    Report.NIFTY50,
    Report.NIFTY100,
    Report.NIFTY200,
    Report.NIFTY500,
)


class Content(enum.Enum):
    """What a body must be; `value` is how it begins, empty where anything but a web page will do."""

    ZIP = b"PK\x03\x04"
    CSV = b""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at the archives: `path` below the base address, `name` under which it is kept."""

    report: Report
    day: date
    path: str
    name: str
    content: Content


def remote_file(report: Report, day: date) -> RemoteFile | None:
    """Where a report of a day lies, or None when it was not published in that era.

    The names and eras were taken from public clients of the archives; the exchange publishes no contract for them.
    """
    ymd, dmy, month = f"{day:%Y%m%d}", f"{day:%d%m%Y}", _MONTHS[day.month - 1]
    match report:
        case Report.BHAVCOPY if day >= UDIFF_SINCE:
            name = f"BhavCopy_NSE_CM_0_0_0_{ymd}_F_0000.csv.zip"
            return RemoteFile(report, day, f"/content/cm/{name}", name, Content.ZIP)
        case Report.BHAVCOPY if day >= LEGACY_SINCE:
            name = f"cm{day:%d}{month}{day:%Y}bhav.csv.zip"
            return RemoteFile(report, day, f"/content/historical/EQUITIES/{day:%Y}/{month}/{name}", name, Content.ZIP)
        case Report.DELIVERY if day >= DELIVERY_SINCE:
            name = f"sec_bhavdata_full_{dmy}.csv"
            return RemoteFile(report, day, f"/products/content/{name}", name, Content.CSV)
        case Report.INDEX_CLOSE if day >= INDEX_CLOSE_SINCE:
            name = f"ind_close_all_{dmy}.csv"
            return RemoteFile(report, day, f"/content/indices/{name}", name, Content.CSV)
        case Report.EQUITY_LIST:
            return RemoteFile(report, day, "/content/equities/EQUITY_L.csv", "EQUITY_L.csv", Content.CSV)
        case Report.NIFTY50 | Report.NIFTY100 | Report.NIFTY200 | Report.NIFTY500:
            name = f"ind_{report.value.removesuffix('_members')}list.csv"
            return RemoteFile(report, day, f"/content/indices/{name}", name, Content.CSV)
        case _:
            return None


def wanted(days: Sequence[date], reports: Sequence[Report]) -> list[RemoteFile]:
    """The files of the days, day by day."""
    found = (remote_file(report, day) for day in days for report in reports)
    return [file for file in found if file is not None]
