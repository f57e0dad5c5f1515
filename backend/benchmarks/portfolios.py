"""Portfolios of stocks on a home with market data: the list with values, and a long ledger worked out again.

    SMARTTRADER_HOME=… python benchmarks/portfolios.py [--portfolios 1000] [--positions 40] [--transactions 10000]

Everything is written inside a transaction that is rolled back. Medians of the rounds, the first of each left out.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.ledger import fold, positions
from app.models import PortfolioPosition, PortfolioTransaction, UserPortfolio
from app.repositories.portfolios import LedgerRepository, PortfolioRepository
from app.services.platform import Platform
from app.services.portfolios.ledgers import entries_of, settle
from app.services.portfolios.names import Names
from app.settings import Settings


def timed(label: str, rounds: int, work: Callable[[], Any]) -> None:
    took, busy = [], time.process_time()
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    busy = time.process_time() - busy
    middle, best = statistics.median(took[1:]) * 1000, min(took) * 1000
    print(f"{label:<58} {middle:8.1f} ms  (fastest {best:.1f}, processor {busy / (rounds + 1) * 1000:.1f})")


def fill(session: Session, names: Names, portfolios: int, held: int) -> None:
    random_ = random.Random(1)
    ids = list(
        session.scalars(
            insert(UserPortfolio).returning(UserPortfolio.id), [{"name": f"benchmark {n}"} for n in range(portfolios)]
        )
    )
    rows = []
    for portfolio in ids:
        for key in random_.sample(names.panel.keys, held):
            price = Decimal(random_.randint(1000, 500_000)) / 100
            quantity = random_.randint(1, 500)
            rows.append(
                {
                    "portfolio_id": portfolio,
                    "instrument_key": key,
                    "symbol": names.panel.instruments[key].symbol,
                    "quantity": quantity,
                    "entry_price": price,
                    "invested": price * quantity,
                }
            )
    session.execute(insert(PortfolioPosition), rows)


def long_ledger(session: Session, names: Names, transactions: int) -> int:
    random_ = random.Random(2)
    portfolio = PortfolioRepository(session).add("a long ledger", None, None).id
    keys = random_.sample(names.panel.keys, 50)
    held = dict.fromkeys(keys, 0)
    rows = []
    for n in range(transactions):
        key = random_.choice(keys)
        sells = held[key] > 0 and random_.random() < 0.5
        quantity = random_.randint(1, held[key]) if sells else random_.randint(1, 300)
        held[key] += -quantity if sells else quantity
        rows.append(
            {
                "portfolio_id": portfolio,
                "kind": "SELL" if sells else "BUY",
                "session": date(2015, 1, 1) + timedelta(days=n // 3),
                "instrument_key": key,
                "symbol": names.panel.instruments[key].symbol,
                "quantity": quantity,
                "price": Decimal(random_.randint(1000, 500_000)) / 100,
                "charges": Decimal(random_.randint(0, 2000)) / 100,
            }
        )
    session.execute(insert(PortfolioTransaction), rows)
    return portfolio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portfolios", type=int, default=1000)
    parser.add_argument("--positions", type=int, default=40)
    parser.add_argument("--transactions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    platform = Platform(Settings())
    platform.prepare(strategies=False)
    with Session(platform.database.engine(Market.REAL)) as session:
        service = platform.portfolios
        names = service.names(Market.REAL, session)
        fill(session, names, asked.portfolios, asked.positions)

        def page() -> int:
            return service.page(
                Market.REAL,
                session,
                page=1,
                limit=500,
                sort_by="market_value",
                descending=True,
                search=None,
                client=None,
            )[1]

        assert page() == asked.portfolios
        gc.collect()
        gc.freeze()  # as the server does once it is warm
        timed(f"list of {asked.portfolios} portfolios of {asked.positions}, sorted by value", asked.rounds, page)
        portfolio = long_ledger(session, names, asked.transactions)
        entries = entries_of(LedgerRepository(session).entries(portfolio), names)
        timed(f"{asked.transactions} transactions: fold and positions", asked.rounds, lambda: positions(fold(entries)))
        timed(
            "the same with reading them from the database",
            asked.rounds,
            lambda: positions(fold(entries_of(LedgerRepository(session).entries(portfolio), names))),
        )
        row = service.found(session, portfolio)
        timed("a change of it: read, check, write its positions", asked.rounds, lambda: settle(session, row, names))
        session.rollback()
    platform.close()


if __name__ == "__main__":
    main()
