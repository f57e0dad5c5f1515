"""Who belonged to an index on a day, asked many times in one process, and the survivorship meter.

    python benchmarks/members.py [--index NIFTY500] [--rounds 400]

On the database of SMARTTRADER_HOME, which needs prices and index lists. Each question is of another day. Three ways are
timed: the book alone, the whole answer of the service with its look at the data's version, and the first answer after a
change. Medians and the slowest of a hundred.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import date, timedelta

from app.database import Market
from app.services.members import MemberService
from app.services.platform import Platform
from app.settings import get_settings


def shown(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    slow = ordered[int(0.99 * (len(ordered) - 1))]
    print(f"{name:<44} median {1e3 * statistics.median(ordered):8.3f} ms   99 % below {1e3 * slow:8.3f} ms")


def timed(call, *arguments) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--index", default="NIFTY500")
    parser.add_argument("--rounds", type=int, default=400)
    asked = parser.parse_args()
    platform = Platform(get_settings())
    try:
        platform.prepare()
        days = [date(2012, 1, 2) + timedelta(days=13 * n % 5200) for n in range(asked.rounds)]
        market = Market.REAL
        with platform.database.transaction(market) as session:
            cold = [timed(MemberService(platform.panels).members, market, session, asked.index, days[0])]
            service = MemberService(platform.panels)
            book = service.book(market, session, asked.index)
            alone = [timed(book.rows, day) for day in days]
            whole = [timed(service.members, market, session, asked.index, day) for day in days]
            meter = [
                timed(service.survivorship, market, session, asked.index, date(2018, 1, 1), date(2026, 5, 29))
                for _ in range(3)
            ]
            count = service.members(market, session, asked.index, date(2019, 3, 29))["count"]
        print(f"{asked.index}: {count} members on 2019-03-29, {len(book.stretches)} stretches")
        shown("members of a day, book in memory", alone)
        shown("members of a day, whole answer", whole)
        shown("first answer", cold)
        shown("survivorship 2018-01-01 to 2026-05-29", meter)
    finally:
        platform.close()


if __name__ == "__main__":
    main()
