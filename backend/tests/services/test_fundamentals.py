"""Company figures as of a day: what was known, by whom, and what two sources disagree about."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from app.database import Market
from app.repositories.files import bump_versions
from app.services.fundamentals import FundamentalsService, _figures
from app.services.importing.run import import_paths
from app.services.share_basis import ShareChanges
from tests.conftest import copied_database
from tests.services.importing.samples import legacy, quote

FILES = {
    "cm16DEC2025bhav.csv": legacy(
        date(2025, 12, 16), [quote("AAA", 20.0), quote("BBB", 5.0)], {"AAA": "INE001A01029", "BBB": "INE002A01011"}
    ),
    "annual.csv": b"""ticker,date,sector,revenue_growth,roe,net_profit,revenue,shares_outstanding,debt_to_equity
AAA.NS,2025-03-31,Energy,0.25,12.5,100000000,5000000000,100,0.5
AAA.NS,2024-03-31,Energy,0.25,11.5,80000000,4000000000,100,0.4
""",
    "eps.csv": b"Symbol,Report Date,Interest,Profit before tax,Net Profit,EPS\nAAA,01-Mar-25,1,3,20,1.5\n",
    "mcap16122025.csv": b"Trade Date,Symbol,Series,Security Name,Category,Last Trade Date,Face Value(Rs.),Issue Size,"
    b"Close Price/Paid up value(Rs.),Market Cap(Rs.)\n"
    b"16 DEC 2025,AAA,EQ,A,Listed,16 DEC 2025,5.00,1000,20.00,20000.00\n",
    "mcap29102025.csv": b"Trade Date,Symbol,Series,Security Name,Category,Last Trade Date,Face Value(Rs.),Issue Size,"
    b"Close Price/Paid up value(Rs.),Market Cap(Rs.)\n"
    b"29 OCT 2025,AAA,EQ,A,Listed,29 OCT 2025,5.00,500,38.00,19000.00\n",
    "PE_161225.csv": b"SYMBOL,SYMBOL P/E,ADJUSTED P/E\nAAA,21.5,22.5\nNOSUCH,3,3\n",
    "master.csv": b"101,A LTD,0,1,0.05,INE001A01011,0915-1530,2025-12-01,,NSE:AAA-EQ,10,10,1,AAA\n"
    b"102,B LTD,0,1,0.05,INE002A01011,0915-1530,2025-12-18,,NSE:BBB-EQ,10,10,2,BBB\n",
}


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> Engine:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    summary = import_paths(engine, [tmp_path], progress=lambda *_: None, cancelled=lambda: False)
    assert not summary.refused and not summary.skipped, (summary.refused, summary.skipped)
    return engine


def known(frame: pl.DataFrame) -> dict[tuple[str, str], tuple[float, str, date]]:
    rows = frame.select(
        pl.col("field").cast(pl.String), pl.col("period_kind").cast(pl.String), "value",
        pl.col("source").cast(pl.String), "period_end",
    ).rows()  # fmt: skip
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def test_a_figure_is_unknown_until_it_is_known_and_the_better_source_counts(filled: Engine) -> None:
    service = FundamentalsService()
    with Session(filled) as session:
        before = known(service.asof(Market.REAL, session, date(2025, 5, 29)))
        after = known(service.asof(Market.REAL, session, date(2025, 5, 30)))
        assert before["revenue", "ANNUAL"] == (4e9, "YAHOO_ANNUAL", date(2024, 3, 31))
        assert after["revenue", "ANNUAL"] == (5e9, "YAHOO_ANNUAL", date(2025, 3, 31))
        assert after["net_income", "ANNUAL"] == (2e8, "SCREENER_ANNUAL", date(2025, 3, 31))
        assert after["eps", "ANNUAL"] == (1.5, "SCREENER_ANNUAL", date(2025, 3, 31))
        assert ("market_cap", "SNAPSHOT") not in after
        later = known(service.asof(Market.REAL, session, date(2025, 12, 16)))
        assert later["market_cap", "SNAPSHOT"] == (20000.0, "NSE_MCAP", date(2025, 12, 16))
        assert later["pe_ratio", "SNAPSHOT"] == (21.5, "NSE_PE", date(2025, 12, 16))
        assert known(service.asof(Market.REAL, session, date(1990, 1, 1))) == {}


def test_columns_of_the_screener_tell_their_period_and_how_they_are_dated(filled: Engine) -> None:
    service = FundamentalsService()
    with Session(filled) as session:
        ids = dict([tuple(row) for row in session.execute(text("SELECT symbol, id FROM instruments"))])
        order = np.array([ids["BBB"], ids["AAA"]], dtype=np.int64)
        found = service.columns(Market.REAL, session, order, date(2025, 12, 16))
        assert found.period == (None, "FY 2025-03")
        assert {name: column[1] for name, column in found.numbers.items()} == {
            "market_cap": 20000.0,
            "pe_ratio": 21.5,
            "eps": 1.5,
            "revenue": 5e9,
            "net_income": 2e8,
            "debt_to_equity": 0.5,
            "roe": 12.5,
        }
        assert all(np.isnan(column[0]) for column in found.numbers.values())
        assert (found.lagged, found.dated, found.point_in_time) == (5, 2, False)
        assert "5 of 7" in found.note and "60 days" in found.note
        # two years without a report, and 400 days without a listed figure, tell nothing any more
        old = service.columns(Market.REAL, session, order, date(2028, 1, 1))
        assert all(np.isnan(column[1]) for column in old.numbers.values()) and old.period == (None, None)


def act(session: Session, instrument: int, day: date, factor: float, tier: str = "LISTED", kind: str = "BONUS") -> None:
    session.execute(
        text(
            "INSERT INTO adjustment_factors (instrument_id, ex_date, factor, tier, purpose, known_at, evidence) "
            "VALUES (:id, :day, :factor, :tier, 'Bonus 1:1', :day, jsonb_build_object('kind', CAST(:kind AS text)))"
        ),
        {"id": instrument, "day": day, "factor": factor, "tier": tier, "kind": kind},
    )
    bump_versions(session.connection(), ["actions"])


def test_an_action_changes_the_shares_that_figures_are_in_and_a_demerger_does_not(filled: Engine) -> None:
    """500 shares are told on 29 October, 1,000 on 16 December; the bonus of 14 November lies between.

    A share earned 1.5 by a table that ends with March 2025 and has no day: it may count the bonus or not.
    """
    service = FundamentalsService()
    days = [date(2025, 11, 13), date(2025, 11, 14), date(2025, 12, 16)]

    def told(session: Session, field: str) -> list[float | None]:
        frames = [service.asof(Market.REAL, session, day) for day in days]
        return [
            value
            for frame in frames
            for value in frame.filter(
                (pl.col("field").cast(pl.String) == field) & (pl.col("source").cast(pl.String) != "YAHOO_ANNUAL")
            )["value"]
        ]

    with Session(filled) as session:
        ids = dict([tuple(row) for row in session.execute(text("SELECT symbol, id FROM instruments"))])
        assert told(session, "shares_outstanding") == [500.0, 500.0, 1000.0]  # no action on file
        act(session, ids["AAA"], date(2025, 11, 20), 1.25, "ACCEPTED", "DEMERGER")
        assert told(session, "eps") == [1.5, 1.5, 1.5]
        act(session, ids["AAA"], date(2025, 11, 14), 2.0)
        assert told(session, "shares_outstanding") == [500.0, 1000.0, 1000.0]
        assert told(session, "eps") == [None, None, None]
        found = service.columns(Market.REAL, session, np.array([ids["AAA"]], np.int64), days[0])
        assert np.isnan(found.numbers["eps"][0]) and found.numbers["revenue"][0] == 5e9
        assert found.uncounted == 1 and "1 earnings a share or counts of shares are unknown: a split" in found.note
        # the counts of each file stay what they are: they are evidence for actions
        assert [one["shares"] for one in service.share_counts(Market.REAL, session, ids["AAA"])] == [500.0, 1000.0]


def test_share_counts_show_a_bonus(filled: Engine) -> None:
    service = FundamentalsService()
    with Session(filled) as session:
        ids = dict([tuple(row) for row in session.execute(text("SELECT symbol, id FROM instruments"))])
        listed = service.share_counts(Market.REAL, session, ids["AAA"])
        assert [(row["date"], row["shares"], row["market_cap_over_close"]) for row in listed] == [
            (date(2025, 10, 29), 500.0, 500.0),
            (date(2025, 12, 16), 1000.0, 1000.0),
        ]


def test_sources_that_disagree_are_counted(filled: Engine) -> None:
    with filled.connect() as connection:
        found = connection.execute(text("SELECT subject, message FROM findings WHERE rule = 'FIGURES_DISAGREE'")).all()
    assert [row.subject for row in found] == [
        "eps: SCREENER_ANNUAL, YAHOO_DERIVED",
        "net_income: SCREENER_ANNUAL, YAHOO_ANNUAL",
    ]


def test_a_symbol_master_dates_isins_where_prices_do_not_contradict_it(filled: Engine) -> None:
    with filled.connect() as connection:
        found = connection.execute(
            text(
                "SELECT i.symbol, n.isin, n.valid_from, n.valid_to FROM instrument_isins n "
                "JOIN instruments i ON i.id = n.instrument_id ORDER BY 1, 3"
            )
        ).all()
        name = connection.execute(text("SELECT name FROM instruments WHERE symbol = 'AAA'")).scalar_one()
    # the master is older than the first price: of days before it nothing is known
    assert [tuple(row) for row in found] == [
        ("AAA", "INE001A01029", date(2025, 12, 16), None),
        ("BBB", "INE002A01011", date(2025, 12, 16), None),
    ]
    assert name == "A LTD"


def test_importing_again_changes_nothing(filled: Engine, tmp_path: Path) -> None:
    count = text("SELECT count(*) FROM fundamental_values")
    with filled.connect() as connection:
        before = connection.execute(count).scalar_one()
    summary = import_paths(filled, [tmp_path], progress=lambda *_: None, cancelled=lambda: False)
    with filled.connect() as connection:
        assert connection.execute(count).scalar_one() == before
    assert summary.loaded == 0 and summary.already_known == len(FILES)


DAY = date(2020, 1, 1)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from(["eps", "revenue"]), st.integers(0, 4), st.integers(0, 9), st.integers(1, 3)
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(-1, 10))
def test_the_answer_equals_a_search_through_all_rows(rows: list[tuple[int, str, int, int, int]], ahead: int) -> None:
    frame = pl.DataFrame(
        [
            {
                "instrument_id": instrument,
                "field": name,
                "period_kind": "ANNUAL",
                "period_end": DAY + timedelta(days=end),
                "value": float(line),
                "unit": "RUPEES",
                "source": str(rank),
                "source_rank": rank,
                "known_at": DAY + timedelta(days=known_at),
                "known_at_basis": "FILE",
                "symbol": "X",
                "symbol_on": DAY,
                "sha256": "0",
                "line": line,
            }
            for line, (instrument, name, end, known_at, rank) in enumerate(rows)
        ],
        schema={
            "instrument_id": pl.Int64, "field": pl.String, "period_kind": pl.String, "period_end": pl.Date,
            "value": pl.Float64, "unit": pl.String, "source": pl.String, "source_rank": pl.Int16, "known_at": pl.Date,
            "known_at_basis": pl.String, "symbol": pl.String, "symbol_on": pl.Date, "sha256": pl.String,
            "line": pl.Int32,
        },
    )  # fmt: skip
    best: dict[tuple[int, str], tuple[int, int, int, int]] = {}
    for line, (instrument, name, end, known_at, rank) in enumerate(rows):
        if known_at <= ahead:
            key = (instrument, name)
            best[key] = max(best.get(key, (-1, -1, -1, -1)), (end, known_at, rank, line))
    table = _figures((0, 0, 0), frame, ShareChanges([]))
    for _ in range(2):  # the second answer comes from memory
        found = table.asof(DAY + timedelta(days=ahead))
        told = {(row[0], row[1]): int(row[2]) for row in found.select("instrument_id", "field", "value").rows()}
        assert told == {key: one[3] for key, one in best.items()}


def test_a_master_between_two_prices_dates_the_new_isin_in_either_order(
    postgres: str, template: str, tmp_path: Path
) -> None:
    old, new, other = "INE001A01011", "INE001A01029", "INE002A01011"
    before, after = [quote("AAA", 20.0), quote("BBB", 5.0)], [quote("AAA", 10.0), quote("BBB", 5.0)]
    contents = {
        "cm01JAN2024bhav.csv": legacy(date(2024, 1, 1), before, {"AAA": old, "BBB": other}),
        "cm03JUN2024bhav.csv": legacy(date(2024, 6, 3), after, {"AAA": new, "BBB": other}),
        "master.csv": f"101,A,0,1,0.05,{new},0915-1530,2024-03-01,,NSE:AAA-EQ,10,10,1,AAA\n"
        "102,B,0,1,0.05,INE002A01029,0915-1530,2024-03-01,,NSE:BBB-EQ,10,10,2,BBB\n".encode(),
    }  # fmt: skip
    results = []
    for names in (list(contents), list(reversed(contents))):
        with copied_database(postgres, template) as url:
            engine = create_engine(url)
            for name in names:
                (tmp_path / name).write_bytes(contents[name])
                import_paths(engine, [tmp_path / name], progress=lambda *_: None, cancelled=lambda: False)
            with engine.connect() as connection:
                query = text(
                    "SELECT i.symbol, n.isin, n.valid_from, n.valid_to FROM instrument_isins n "
                    "JOIN instruments i ON i.id = n.instrument_id ORDER BY 1, 3"
                )
                results.append([tuple(row) for row in connection.execute(query)])
            engine.dispose()
    assert (
        results[0]
        == results[1]
        == [
            ("AAA", old, date(2024, 1, 1), date(2024, 2, 29)),
            ("AAA", new, date(2024, 3, 1), None),
            ("BBB", other, date(2024, 1, 1), None),  # prices before and after contradict the list
        ]
    )
