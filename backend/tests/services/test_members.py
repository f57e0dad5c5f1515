"""Members of an index at a date, the survivorship meter, and which stock a symbol was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError
from app.repositories import indices
from app.services.importing.identity import chains, runs_of
from app.services.importing.membership import HISTORY, LIST, Evidence, Span, members, size_of
from app.services.importing.run import import_paths
from app.services.index_book import IndexBook, Names, Stretch, priced_days
from app.services.members import answer, certainty, run_notes, series_runs, survivorship
from app.services.panel import Panel
from app.services.panel.chunk import FIELDS
from tests.services.importing.samples import legacy, quote

D = date.fromisoformat


def bring(engine: Engine, paths: Sequence[Path]) -> None:
    summary = import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)
    assert summary.exit_code == 0, summary.lines()


def stretch(n: int, first: str, last: str | None = None, basis: str = HISTORY, **more: object) -> Stretch:
    values = {
        "after": None,
        "since": None,
        "source": "a.csv",
        "key": f"key{n}",
        "current_symbol": f"S{n}",
        "first_session": D("2018-01-01"),
        "last_session": D("2020-12-31"),
    }
    return Stretch(n, D(first), D(last) if last else None, basis, **{**values, **more})  # type: ignore[arg-type]


def test_the_size_of_an_index_is_in_its_name() -> None:
    sizes = {"NIFTY50": 50, "NIFTY500": 500, "NIFTYBANK": None, "NIFTYFINANCIALSERVICES2550": None, "NIFTYNEXT50": 50}
    assert {name: size_of(name) for name in sizes} == sizes


def test_members_carry_the_names_of_the_day() -> None:
    names = Names(
        symbols={1: [(D("2018-01-01"), D("2019-06-30"), "OLD"), (D("2019-07-01"), None, "NEW")]},
        names={1: [(D("2018-01-01"), None, "A Company Limited")]},
        isins={1: [(D("2019-01-01"), D("2019-12-31"), "INE000A01011"), (D("2020-01-01"), None, "INE000A01029")]},
    )
    book = IndexBook("NIFTYX", "Nifty X", [stretch(1, "2018-06-01", "2020-06-30")], names)

    def shown(day: str) -> tuple[object, ...] | None:
        rows = book.rows(D(day))
        return (rows[0]["symbol"], rows[0]["isin"], rows[0]["isin_seen"]) if rows else None

    assert shown("2018-05-31") is None
    assert shown("2018-06-01") == ("OLD", "INE000A01011", False)  # the ISIN was seen first later
    assert shown("2019-06-30") == ("OLD", "INE000A01011", True)
    assert shown("2019-07-01") == ("NEW", "INE000A01011", True)
    assert shown("2020-06-30") == ("NEW", "INE000A01029", True)
    assert shown("2020-07-01") is None


def test_prices_are_those_near_the_day_and_a_hole_in_the_files_does_not_stretch_them() -> None:
    january = np.arange("2024-01-01", "2024-01-31", dtype="datetime64[D]")  # a session each day, 30 of them
    days = np.concatenate([january, np.arange("2024-06-01", "2024-06-21", dtype="datetime64[D]")])
    early = np.zeros(50, dtype=np.bool_)
    early[[2, 8]] = True  # the 3rd and the 9th: the last of the ten sessions from the 9th on is the 18th
    assert priced_days(days, early) == ((D("2024-01-03"), D("2024-01-18")),)
    before_hole = np.zeros(50, dtype=np.bool_)
    before_hole[29] = True  # nothing is stored until June: 21 days
    assert priced_days(days, before_hole) == ((D("2024-01-30"), D("2024-02-20")),)
    late = np.zeros(50, dtype=np.bool_)
    late[[0, 45]] = True
    assert priced_days(days, late) == ((D("2024-01-01"), D("2024-01-10")), (D("2024-06-16"), date.max))
    assert priced_days(days, np.zeros(50, dtype=np.bool_)) == ()
    stretches = [stretch(1, "2024-01-01", priced=priced_days(days, early))]
    book = IndexBook("NIFTYX", "Nifty X", stretches, Names({}, {}, {}))
    asked = ("2024-01-02", "2024-01-03", "2024-01-18", "2024-01-19")
    assert [book.rows(D(day))[0]["has_prices"] for day in asked] == [False, True, True, False]


def test_a_symbol_of_a_later_day_is_uncertain_and_takes_point_in_time_away() -> None:
    symbols = {1: [(D("2018-01-01"), None, "OLD")], 2: [(D("2020-02-01"), None, "NEW")]}
    spans = [stretch(1, "2018-06-01"), stretch(2, "2018-06-01")]
    book = IndexBook("NIFTYX", "Nifty X", spans, Names(symbols, {}, {}), [D("2021-01-01")])
    found = answer(book, D("2019-06-03"))
    doubts = {row["symbol"]: row["uncertain"] for row in found["members"]}
    assert doubts["OLD"] is None
    assert "from 2020-02-01 on" in doubts["NEW"]
    assert (found["uncertain"], found["point_in_time"]) == (1, False)
    assert "NEW" in found["reason"]
    later = answer(book, D("2020-02-01"))
    assert (later["uncertain"], later["point_in_time"]) == (0, True)


def test_a_lack_of_members_is_said_with_its_days_and_nothing_is_invented() -> None:
    whole = [stretch(n, "2020-01-01", basis=LIST) for n in range(49)]
    left = stretch(49, "2020-01-01", "2023-07-12", LIST, since=D("2021-08-01"))
    came = stretch(50, "2025-06-01", None, LIST, after=D("2021-08-01"))
    book = IndexBook("NIFTY50", "Nifty 50", [*whole, left, came], Names({}, {}, {}))
    found = answer(book, D("2024-01-05"))
    assert (found["count"], found["expected_count"], found["missing"]) == (49, 50, 1)
    assert (found["missing_from"], found["missing_to"]) == (D("2023-07-13"), D("2025-05-31"))
    assert "missing: 1, between 2023-07-13 and 2025-05-31" in " ".join(found["notes"])
    assert not found["point_in_time"]
    assert "0 shown may have left before 2024-01-05, 1 not shown may have entered" in found["reason"]
    assert answer(book, D("2023-07-12"))["missing"] == 0
    assert answer(book, D("2025-06-01"))["missing"] == 0
    assert book.gaps(D("2024-01-01"), D("2024-12-31")) == [(1, D("2024-01-01"), D("2024-12-31"))]


def test_how_sure_a_days_members_are() -> None:
    spans = [stretch(1, "2018-01-01"), stretch(2, "2018-01-01", "2019-03-28"), stretch(3, "2019-03-29")]
    book = IndexBook("NIFTYX", "Nifty X", spans, Names({}, {}, {}), [D("2020-01-01")])
    assert certainty(book, D("2017-12-31"))[0] is False
    assert certainty(book, D("2019-03-29")) == (True, "From a dated record of changes.")
    assert certainty(book, D("2020-01-02"))[0] is False  # nothing says that they still belong
    assert answer(book, D("2017-12-31"))["members_of"] == D("2018-01-01")
    nothing = answer(IndexBook("EMPTY", "Empty", [], Names({}, {}, {})), D("2020-01-01"))
    assert (nothing["count"], nothing["point_in_time"]) == (0, False)


def test_after_the_newest_list_it_is_said_of_which_day_the_members_are() -> None:
    book = IndexBook("NIFTYX", "Nifty X", [stretch(1, "2018-01-01", basis=LIST)], Names({}, {}, {}), [D("2020-01-01")])
    on, after = answer(book, D("2020-01-01")), answer(book, D("2020-03-02"))
    assert (on["members_of"], on["point_in_time"]) == (D("2020-01-01"), True)
    assert on["reason"] == "The list of 2020-01-01 names them; no later one is known."
    assert (after["count"], after["members_of"], after["point_in_time"]) == (1, D("2020-01-01"), False)
    assert after["reason"] == (
        "The newest evidence is of 2020-01-01; its members are carried on to 2020-03-02. "
        "Who came and left since is not known."
    )


def test_the_meter_counts_days_prices_and_what_todays_list_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2024-01-01 to 2024-01-05, five sessions: 1 stays, 2 leaves after the third, 3 comes with the fourth."""
    days = np.array([f"2024-01-0{n}" for n in (1, 2, 3, 4, 5)], dtype="datetime64[D]")
    close = np.full((5, 3), 10.0)
    close[2, 0] = np.nan  # a day without a price
    close[3:, 1] = np.nan  # traded no more
    panel = Panel((), {}, "test")
    monkeypatch.setattr(Panel, "sessions", days)
    monkeypatch.setattr(
        Panel,
        "values",
        lambda _self, _names, keys, first, last: {"close": close[first:last, [int(key[3:]) - 1 for key in keys]]},
    )
    assert "close" in FIELDS
    spans = [
        stretch(1, "2023-01-01", last_session=D("2024-01-05")),
        stretch(2, "2023-01-01", "2024-01-03", LIST, since=D("2024-01-01"), last_session=D("2023-10-01")),
        stretch(3, "2024-01-04", None, LIST, after=D("2024-01-01"), last_session=D("2024-01-05")),
    ]
    book = IndexBook("NIFTYX", "Nifty X", spans, Names({}, {}, {}), [D("2024-01-04")])
    meter = survivorship(book, panel, D("2024-01-01"), D("2024-01-31"))
    assert (meter["sessions"], meter["counted_to"]) == (5, D("2024-01-05"))
    assert (meter["member_days"], meter["member_days_with_prices"]) == (10, 9)
    assert meter["covered"] == pytest.approx(0.9)
    assert meter["missed_by_today"] == {"member_days": 3, "share": pytest.approx(0.3), "instruments": 1}
    assert meter["without_prices"] == [{"symbol": "S1", "instrument": "key1", "member_days": 1}]
    assert meter["uncertain_member_days"] == 4  # 2 on the 2nd and 3rd, 3 on the 2nd and 3rd
    assert [(row["symbol"], row["member_days"]) for row in meter["no_longer_traded"]] == [("S2", 3)]
    assert any("Prices end on 2024-01-05" in note for note in meter["notes"])
    empty = survivorship(book, panel, D("2010-01-04"), D("2010-01-08"))
    assert (empty["member_days"], empty["covered"], empty["point_in_time"]) == (0, None, False)


def test_of_several_series_of_a_day_the_ordinary_one_counts_and_moves_are_told() -> None:
    days = [(D("2024-01-01"), "EQ"), (D("2024-01-01"), "BL"), (D("2024-01-02"), "BE"), (D("2024-01-03"), "BE")]
    assert [(run["series"], run["sessions"]) for run in series_runs(days[::-1])] == [("EQ", 1), ("BE", 2)]


day_numbers = st.integers(0, 900)
somedays = day_numbers.map(lambda n: date.fromordinal(D("2018-01-01").toordinal() + n))
histories = st.builds(lambda n, a, b: Span(n, min(a, b), max(a, b), HISTORY, 1), st.integers(1, 5), somedays, somedays)
lists = st.dictionaries(somedays, st.sets(st.integers(1, 6), min_size=1), max_size=4)
events = st.lists(st.tuples(somedays, st.integers(1, 5), st.sampled_from(["INCLUSION", "EXCLUSION"])), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(histories, max_size=6), events, lists, st.randoms(use_true_random=False))
def test_membership_does_not_depend_on_the_order_of_evidence(history, changes, listed, random) -> None:  # type: ignore[no-untyped-def]
    def worked_out(shuffle: Callable[[list], list]) -> list[Span]:  # type: ignore[type-arg]
        own = Evidence(
            history=shuffle(list(history)),
            events=shuffle(list(changes)),
            record_end=max((day for day, _, _ in changes), default=None),
            lists=dict(shuffle(list(listed.items()))),
        )
        return members(own)

    straight = worked_out(lambda items: items)
    assert worked_out(lambda items: random.sample(items, len(items))) == straight
    for span in straight:
        assert span.last is None or span.first <= span.last
        assert span.after is None or span.after < span.first
        assert span.since is None or (span.last is not None and span.since < span.last)
    by_instrument: dict[int, date | None] = {}
    for span in straight:  # no day of one instrument counts twice
        if span.instrument in by_instrument:
            before = by_instrument[span.instrument]
            assert before is not None and before < span.first
        by_instrument[span.instrument] = span.last


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.sampled_from(["EQ", "BE", "BZ"]),
            st.sampled_from([None, "INE1", "INE2"]),
            somedays,
        ),
        min_size=1,
        max_size=20,
        unique=True,
    ),
    st.randoms(use_true_random=False),
)
def test_identity_does_not_depend_on_the_order_of_rows(rows, random) -> None:  # type: ignore[no-untyped-def]
    changes = [("A", "B", D("2019-01-01")), ("B", "C", D("2020-01-01"))]

    def worked_out(order: list[tuple[str, str, str | None, date]]) -> list[tuple[str, list[str]]]:
        frame = pl.DataFrame(
            [(symbol, series, isin, 0, day, day) for symbol, series, isin, day in order],
            schema=["symbol", "series", "isin", "cut", "first", "last"],
            orient="row",
            infer_schema_length=None,
        ).with_columns(pl.col("isin").cast(pl.String()))
        runs, _ = runs_of(frame)
        return [(chain.key, [segment.symbol for segment in chain.segments]) for chain in chains(runs, changes)]

    assert worked_out(random.sample(rows, len(rows))) == worked_out(rows)


LIST_A = "Company Name,Industry,Symbol,Series,ISIN Code\n" + "".join(
    f"Company {n:02} Ltd.,IT,S{n},EQ,INE00{n}A01010\n" for n in range(10)
)
LIST_B = LIST_A.replace("S9,EQ,INE009A01010", "S10,EQ,INE010A01010")


def test_a_list_met_in_two_dated_folders_is_two_dated_sightings_in_any_order(
    postgres: str, template: str, tmp_path: Path
) -> None:
    """S9 is listed in 2020-01 and again, by the same bytes, in 2022-01; without it in 2021-01 and in 2023-01."""
    from tests.conftest import copied_database

    places = {"2020-01": LIST_A, "2021-01": LIST_B, "2022-01": LIST_A, "2023-01": LIST_B}
    for folder, content in places.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ind_niftytest10list.csv").write_text(content)
    (tmp_path / "prices").mkdir()
    quotes = [quote(f"S{n}", 100.0) for n in range(11)]
    for day in (D("2019-12-02"), D("2023-03-01")):
        (tmp_path / "prices" / f"cm{day:%d%b%Y}bhav.csv".upper()).write_bytes(legacy(day, quotes))
    results = []
    for order in (("2020-01", "2021-01", "2022-01", "2023-01"), ("2023-01", "2022-01", "2021-01", "2020-01")):
        with copied_database(postgres, template) as url:
            engine = create_engine(url)
            bring(engine, [tmp_path / "prices"])
            for folder in order:
                bring(engine, [tmp_path / folder])
            with engine.connect() as connection:
                rows = connection.execute(
                    text(
                        "SELECT i.symbol, m.valid_from, m.valid_to, m.entered_after, m.left_since FROM index_members m "
                        "JOIN instruments i ON i.id = m.instrument_id WHERE i.symbol IN ('S1', 'S9') ORDER BY 1, 2"
                    )
                )
                results.append([tuple(row) for row in rows])
                with Session(connection) as session:
                    days = [row.seen_on for row in indices.list_days(session, "NIFTYTEST10")]
                assert days == [D(f"{folder}-01") for folder in sorted(places)]
            engine.dispose()
    assert results[0] == results[1]
    assert results[0] == [
        ("S1", D("2020-01-01"), None, None, None),
        ("S9", D("2020-01-01"), D("2020-12-31"), None, D("2020-01-01")),
        ("S9", D("2022-01-01"), D("2022-12-31"), D("2021-01-01"), D("2022-01-01")),
    ]


def test_the_api_answers_and_names_what_it_does_not_know(shared_sample: TestClient) -> None:
    listed = shared_sample.get("/api/market/members/NIFTY50", params={"asof": "2024-06-28"})
    if listed.status_code == 404:
        known = listed.json()["error"]["details"]["known"]
        assert known
        listed = shared_sample.get(f"/api/market/members/{known[0]}", params={"asof": "2024-06-28"})
    answered = listed.json()
    assert listed.status_code == 200
    assert answered["count"] == len(answered["members"]) > 0
    index = answered["index"]
    meter = shared_sample.get(
        f"/api/market/survivorship/{index}", params={"start": "2024-01-01", "end": "2024-12-31"}
    ).json()
    assert meter["member_days_with_prices"] <= meter["member_days"]
    symbol = answered["members"][0]["symbol"]
    stock = shared_sample.get(f"/api/market/instruments/{symbol}", params={"asof": "2024-06-28"}).json()
    assert stock["instrument"] == answered["members"][0]["instrument"]
    assert sum(run["sessions"] for run in stock["series"]) > 0
    assert shared_sample.get("/api/market/instruments/NOSUCH").status_code == 404
    assert shared_sample.get(f"/api/market/instruments/{symbol}", params={"asof": "1999-01-01"}).status_code == 404
    unknown = shared_sample.get(f"/api/market/members/{index}X")
    assert unknown.status_code == 404
    assert index in unknown.json()["error"]["details"]["near"]
    assert shared_sample.get(f"/api/market/members/{index.lower()}").json()["index"] == index
    wrong = shared_sample.get(f"/api/market/survivorship/{index}", params={"start": "2024-02-01", "end": "2024-01-01"})
    assert wrong.status_code == 422


@pytest.fixture(scope="module")
def real(evidence: Path, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A database with real membership, some real days, and the whole history of some stocks."""
    from tests.conftest import copied_database

    folder = tmp_path_factory.mktemp("real")
    data = evidence / "data"
    symbols = ["RELIANCE", "HDFC", "DHFL", "GRUH", "MINDTREE", "GVT&D", "JPASSOCIAT"]
    kept = pl.concat([pl.scan_parquet(file) for file in sorted((data / "daily").glob("*.parquet"))])
    kept.filter(pl.col("symbol").is_in(symbols)).collect().write_parquet(folder / "nse_daily_some.parquet")
    (folder / "history").mkdir()
    shutil.copy(data / "constituents/history/nifty500_history_2018_2026.csv", folder / "history")
    lists = data / "constituents"
    for month in ("2021-08", "2025-06", "2025-08"):
        (folder / month).mkdir()
        shutil.copy(lists / month / "ind_nifty50list.csv", folder / month)
    days = [
        *("2010/cm10JUN2010bhav", "2014/cm03MAR2014bhav", "2020/cm02MAR2020bhav", "2024/cm02JAN2024bhav"),
        "2024/cm04JUL2024bhav",
    ]
    paths = [data / f"bhavcopy/legacy_cm/{day}.csv.zip" for day in days]
    assert all(path.exists() for path in paths)
    masters = [data / "masters/symbolchange_2023-03.csv", data / "masters/nse_lists_2026-05/symbolchange.csv"]
    with copied_database(postgres, template) as url:
        engine = create_engine(make_url(url))
        bring(engine, [folder, *masters, *paths])
        yield engine
        engine.dispose()


def test_members_of_2018_hold_names_that_no_longer_trade_with_prices_to_their_last_day(real: Engine) -> None:
    with Session(real) as session:
        found = indices.detailed_spans(session, "NIFTY500")
        gone = {
            row.symbol: row.last_session
            for row in found
            if row.valid_from <= D("2018-06-29") and (row.valid_to is None or row.valid_to >= D("2018-06-29"))
        }
        assert {name: gone[name] for name in ("HDFC", "DHFL", "GRUH", "MINDTREE", "JPASSOCIAT")} == {
            "HDFC": D("2023-07-12"),
            "DHFL": D("2021-06-11"),
            "GRUH": D("2019-10-15"),
            "MINDTREE": D("2022-11-22"),
            "JPASSOCIAT": D("2026-03-17"),
        }
        sessions = session.execute(
            text("SELECT count(DISTINCT date), max(date) FROM historical_prices WHERE symbol = 'GRUH'")
        ).one()
        assert tuple(sessions) == (2318, D("2019-10-15"))


def test_reliance_is_unbroken_and_a_stock_renamed_three_times_is_one(real: Engine) -> None:
    query = text(
        "SELECT s.symbol, s.valid_from, i.first_session, i.last_session FROM instrument_symbols s "
        "JOIN instruments i ON i.id = s.instrument_id WHERE s.instrument_id = "
        "(SELECT instrument_id FROM instrument_symbols WHERE symbol = :symbol) ORDER BY s.valid_from"
    )
    with real.connect() as connection:
        (reliance,) = connection.execute(query, {"symbol": "RELIANCE"}).all()
        assert (reliance.first_session, reliance.last_session) == (D("2010-06-10"), D("2026-05-29"))
        chain = connection.execute(query, {"symbol": "GVT&D"}).all()
        assert [row.symbol for row in chain] == ["AREVAT&D", "ALSTOMT&D", "GET&D", "GVT&D"]
        assert chain[0].first_session == D("2010-06-10")
        rows = connection.execute(
            text(
                "SELECT count(DISTINCT instrument_id) FROM historical_prices "
                "WHERE symbol IN ('AREVAT&D', 'ALSTOMT&D', 'GET&D', 'GVT&D')"
            )
        ).scalar()
        assert rows == 1


def test_the_lack_in_nifty_50_is_seen_in_the_real_lists(real: Engine) -> None:
    from app.services.members import _load

    with Session(real) as session:
        book = _load(session, "NIFTY50")
        with pytest.raises(DataNotFoundError, match="There is no index"):
            _load(session, "NOSUCH")
    found = answer(book, D("2024-01-05"))
    assert not found["point_in_time"]
    assert "Between the lists of 2021-08-01 and 2025-06-01" in found["reason"]
    with Session(real) as session:
        notes = run_notes(session, "NIFTY50", D("2024-01-01"), D("2027-02-01"), asof_members=True)
        assert "calendar ends on 2026-12-31" in notes[0]
        assert any("Between the lists of 2021-08-01 and 2025-06-01" in note for note in notes)
        assert run_notes(session, None, D("2024-01-01"), D("2024-12-31"), asof_members=True) == ()


def test_a_day_before_the_exchange_or_still_to_come_is_refused(shared_sample: TestClient) -> None:
    index = shared_sample.get("/api/market/members/NOSUCH").json()["error"]["details"]["known"][0]
    for day in ("1900-01-01", "2050-01-01"):
        response = shared_sample.get(f"/api/market/members/{index}", params={"asof": day})
        error = response.json()["error"]
        assert response.status_code == 422 and error["details"]["field"] == "asof"
        assert "can be known from 1994-11-03" in error["message"] and f"not on {day}" in error["message"]
