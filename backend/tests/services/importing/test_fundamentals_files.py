"""Files of company figures, masters, daily reports and site answers: each trap by hand, then the real folders."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from app.services.importing.files import Member, Source, open_source, walk
from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.reading import parse
from app.services.importing.reference import ReferenceFile


def member(name: str, content: str) -> Member:
    return Member(name, None, name, (), content.encode(), "0" * 64)


def read(name: str, content: str) -> ReferenceFile:
    parsed = parse(member(name, content))
    assert isinstance(parsed, ReferenceFile), parsed
    return parsed


def figures(parsed: ReferenceFile) -> dict[tuple[str, str], tuple[float, str, str, date, str]]:
    frame = parsed.frames["fundamental_values"]
    columns = ["symbol", "field", "value", "unit", "period_kind", "known_at", "known_at_basis"]
    return {(row[0], row[1]): row[2:] for row in frame.select(columns).rows()}


YAHOO = """ticker,date,sector,revenue_growth,eps_growth,roe,pe,net_profit,revenue,shares_outstanding,market_cap,fwd
AAA.NS,2026-03-31,Energy,0.25,,12.5,20.0,1000.0,5000.0,100.0,20000.0,
AAA.NS,2025-03-31,Energy,,,10.0,,800.0,4000.0,100.0,,
BBB.NS,2026-03-31,Energy,,,,Infinity,-50.0,,,,
CCC.NS,2026-06-12,,,,,,,,,7.0,
"""


def test_annual_accounts_are_known_sixty_days_after_the_year_and_prices_figures_on_the_day_of_the_file() -> None:
    parsed = read("annual.csv", YAHOO)
    frame = parsed.frames["fundamental_values"]
    revenue = frame.filter((pl.col("field") == "revenue") & (pl.col("period_end") == date(2026, 3, 31)))
    assert revenue.select("symbol", "value", "unit", "known_at", "known_at_basis").rows() == [
        ("AAA", 5000.0, "RUPEES", date(2026, 5, 30), "LAG")
    ]
    shares = frame.filter(pl.col("field") == "shares_outstanding").select("period_end", "known_at", "known_at_basis")
    assert shares.rows() == [  # the vendor restates counts for later splits: known when the file was made, not before
        (date(2026, 3, 31), date(2026, 6, 12), "FILE"),
        (date(2025, 3, 31), date(2026, 6, 12), "FILE"),
    ]
    found = figures(parsed)
    assert found["AAA", "pe_ratio"] == (20.0, "RATIO", "SNAPSHOT", date(2026, 6, 12), "FILE")
    assert found["AAA", "revenue_growth_pct"][:2] == (25.0, "PERCENT")
    assert found["CCC", "market_cap"] == (7.0, "RUPEES", "SNAPSHOT", date(2026, 6, 12), "FILE")
    eps = frame.filter(pl.col("field") == "eps").select("value", "source").rows()
    assert eps == [(10.0, "YAHOO_DERIVED"), (8.0, "YAHOO_DERIVED")]
    assert ("BBB", "pe_ratio") not in found
    assert parsed.rows == 4
    rules = {finding.rule for finding in parsed.findings}
    assert {Rule.SNAPSHOT_ROWS, Rule.COLUMN_EMPTY, Rule.COLUMN_NOT_READ, Rule.VALUES_LEFT_OUT} <= rules


def test_a_bad_number_names_file_line_and_field_and_refuses_the_file() -> None:
    refused = parse(member("annual.csv", YAHOO.replace("5000.0", "many")))
    assert isinstance(refused, FileRefusedError)
    assert (refused.finding.line, refused.finding.subject) == (2, "revenue")


def test_crores_become_rupees_and_a_month_becomes_its_last_day() -> None:
    parsed = read("eps.csv", "Symbol,Report Date,Interest,Profit before tax,Net Profit,EPS\nAAA,01-Feb-12,1,3,2,\n")
    found = figures(parsed)
    assert found["AAA", "net_income"] == (2e7, "RUPEES", "ANNUAL", date(2012, 4, 29), "LAG")
    assert ("AAA", "eps") not in found
    assert parsed.frames["fundamental_values"]["period_end"].to_list() == [date(2012, 2, 29)] * 3


def test_reports_without_a_header_lose_no_line() -> None:
    parsed = read("reports.csv", "AAA,Mar,2011,31-Mar-11\nBBB,Dec,2011,31-Dec-11\n")
    assert parsed.frames["fundamental_values"].select("symbol", "value", "line").rows() == [
        ("AAA", 2011.0, 1),
        ("BBB", 2011.0, 2),
    ]


MCAP = (
    "Trade Date,Symbol,Series,Security Name,Category,Last Trade Date,Face Value(Rs.),Issue Size,"
    "Close Price/Paid up value(Rs.),Market Cap(Rs.)              \n"
    "29 OCT 2025,AAA,EQ,A LTD    ,Listed    ,29 OCT 2025,      5.00,   1000,   20.00,  20000.00 \n"
    "29 OCT 2025,BBB,BE,B LTD    ,Listed    ,Not Traded ,      5.00,   1000,    0.00,      0.00 \n"
    "29 OCT 2025,CCC,P1,C LTD PREF ,Listed    ,29 OCT 2025,      5.00,   1000,   10.00,  10000.00 \n"
    "29 OCT 2025,Total     ,  ,   ,          ,           ,      0.00,    0,   0.00,  1\n"
)


def test_market_capitalisation_is_unpadded_and_its_sums_are_left_out() -> None:
    parsed = read("mcap29102025.csv", MCAP)
    found = figures(parsed)
    assert found["AAA", "market_cap"] == (20000.0, "RUPEES", "SNAPSHOT", date(2025, 10, 29), "FILE")
    assert ("BBB", "market_cap") not in found
    assert found["BBB", "shares_outstanding"][0] == 1000.0
    assert not any(symbol == "CCC" for symbol, _ in found)
    assert [finding.line for finding in parsed.findings if finding.rule is Rule.STALE_PRICE] == [3]


def test_ratios_of_a_day_take_the_day_from_the_name_and_refuse_without_one() -> None:
    content = "SYMBOL,SYMBOL P/E,ADJUSTED P/E\nAAA,20.5,\n"
    assert figures(read("PE_161225.csv", content)) == {
        ("AAA", "pe_ratio"): (20.5, "RATIO", "SNAPSHOT", date(2025, 12, 16), "FILE")
    }
    refused = parse(member("PE.csv", content))
    assert isinstance(refused, FileRefusedError) and refused.finding.rule is Rule.DATE_FROM_NAME


OLD = "101,A LTD,0,1,0.05,INE001A01011,0915-1530,2021-09-23,,NSE:AAA-EQ,10,10,1,AAA"


@pytest.mark.parametrize("appended", ["", ",1,-1.0,XX", ",1,-1.0,XX,101,None,0,0.0"])
def test_the_three_layouts_of_a_symbol_master_say_the_same(appended: str) -> None:
    parsed = read("NSE_CM_2022-06.csv", f"{OLD}{appended}\n")
    frame = parsed.frames["security_listings"]
    assert frame.select("symbol", "series", "isin", "as_of", "lot", "tick").rows() == [
        ("AAA", "EQ", "INE001A01011", date(2021, 9, 23), 1, 0.05)
    ]
    assert [finding.rule for finding in parsed.findings] == [Rule.DATE_MISMATCH]


def test_a_guessed_header_of_a_symbol_master_is_not_believed() -> None:
    header = "id, company_name, volume, price, change, isin, trading_sessions,date, x, symbol_exchange"
    parsed = read("master.csv", f"{header}\n{OLD}\n")
    assert parsed.frames["security_listings"].select("lot", "tick", "line").rows() == [(1, 0.05, 2)]
    assert parsed.findings[0].rule is Rule.HEADER_WRONG


def test_bands_hit_levels_deals_and_moves() -> None:
    bands = read("bh16122025.csv", "SYMBOL,SERIES,SECURITY,HIGH/LOW\nAAA,EQ,A LTD,H\nBBB,SM,B LTD,L\n")
    assert [(row["symbol"], row["flag"], row["date"]) for row in bands.tables["security_flags"]] == [
        ("AAA", "BAND_HIT_UP", date(2025, 12, 16)),
        ("BBB", "BAND_HIT_DOWN", date(2025, 12, 16)),
    ]
    levels = read(
        "CM_52_wk_High_low_16122025.csv",
        '"Disclaimer - adjusted"\n"Effective for 16-Dec-2025"\n"SYMBOL","SERIES","Adjusted_52_Week_High",'
        '"52_Week_High_Date","Adjusted_52_Week_Low","52_Week_Low_DT"\n'
        '"AAA","EQ","    283.93","23-JUL-2025","    158.20","12-FEB-2025"\n',
    )
    assert levels.tables["week_52_levels"] == [
        {
            "line": 4,
            "date": date(2025, 12, 16),
            "symbol": "AAA",
            "series": "EQ",
            "high": 283.93,
            "high_on": date(2025, 7, 23),
            "low": 158.2,
            "low_on": date(2025, 2, 12),
            "adjusted": True,
        }
    ]
    moves = read(
        "series_change.csv", 'Symbol,Security,From Series,To Series,Change Date,Remarks\nAAA,A,EQ,BE,16-DEC-2025,"-"\n'
    )
    assert moves.tables["series_moves"][0]["effective_on"] == date(2025, 12, 16)
    refused = parse(member("bh16122025.csv", "SYMBOL,SERIES,SECURITY,HIGH/LOW\nAAA,EQ,A LTD,X\n"))
    assert isinstance(refused, FileRefusedError) and refused.finding.line == 2


def test_a_holiday_list_is_compared_with_the_calendar_and_never_replaces_it() -> None:
    entries = [
        {"tradingDate": "26-Jan-2024", "description": "Republic Day"},
        {"tradingDate": "30-Jan-2024", "description": "No holiday at all"},
    ]
    parsed = read("holiday-master.json", json.dumps({"CM": entries, "FO": []}))
    differs = [finding.subject for finding in parsed.findings if finding.rule is Rule.CALENDAR_DIFFERS]
    assert differs == ["2024-01-30"]


def test_json_that_is_cut_is_refused_and_json_of_another_kind_is_skipped_with_a_reason() -> None:
    assert isinstance(parse(member("a.json", '{"CM": [')), FileRefusedError)
    skipped = parse(member("a.json", '{"advances": 1}'))
    assert isinstance(skipped, FileSkippedError) and "prices" in skipped.reason


def test_an_answer_whose_field_is_missing_is_refused() -> None:
    refused = parse(member("a.json", '[{"subject": "Bonus 1:1", "exDate": "16-Dec-2025", "symbol": 5, "x": 1}, {}]'))
    assert isinstance(refused, FileRefusedError)


# --- the real folders ---------------------------------------------------------------------------------------------

COUNTS = {
    "yahoo_annual_all_nse_2022_2026.csv": 3742,
    "eps.csv": 14830,
    "assets.csv": 16104,
    "nifty750_quarter_growth_2026-08-01.csv": 751,
    "PE_161225.csv": 2077,
    "PE_171225.csv": 2070,
    "NSE_CM_2022-06_old_layout.csv": 1904,
    "NSE_CM_2023-05_old_layout.csv": 2093,
    "NSE_CM_2024-06-25.csv": 6769,
    "NSE_CM_2024-10-30_with_header.csv": 7266,
    "equity-stockIndices_SECURITIES_IN_FNO_2025-11-17.json": 209,
    "series_change_16122025.csv": 2,
}


def test_every_real_file_is_read_or_skipped_with_a_reason_and_the_counts_are_those_documented(evidence: Path) -> None:
    data = evidence / "data"
    folders = ["fundamentals", "fyers/symbol_master", "nse_site_json", "nse_daily_reports", "corporate_actions/nse_bc"]
    sources, missing, _ = walk([data / folder for folder in folders])
    assert not missing
    counts: dict[str, int] = {}
    quarterly = 0
    for source in sources:
        for one in open_source(Source(source.path, False, source.size)):
            assert isinstance(one, Member)
            parsed = parse(one)
            if isinstance(parsed, FileSkippedError):
                assert parsed.reason
                continue
            assert isinstance(parsed, ReferenceFile), (one.name, parsed)
            counts[one.name] = parsed.rows
            quarterly += parsed.rows if one.name.startswith("fundamentals_20") else 0
    assert {name: counts[name] for name in COUNTS} == COUNTS
    assert quarterly == 7 * 500


def test_the_real_holiday_lists_differ_from_the_calendar_only_by_closures_announced_later(evidence: Path) -> None:
    folder = evidence / "data" / "nse_site_json"
    found = {}
    for year in (2024, 2026):
        path = folder / f"holiday-master_{year}.json"
        found[year] = [one.subject for one in read(path.name, path.read_text()).findings]
    assert found == {2024: ["2024-01-22", "2024-05-20", "2024-11-20"], 2026: []}


def test_a_real_market_capitalisation_is_close_times_issue_size(evidence: Path) -> None:
    path = evidence / "data" / "fundamentals" / "mcap16122025.csv.gz"
    found = figures(read("mcap16122025.csv", gzip.decompress(path.read_bytes()).decode()))
    assert found["20MICRONS", "market_cap"][0] == pytest.approx(35286502 * 195.90, rel=1e-3)
    assert found["20MICRONS", "shares_outstanding"][0] == 35286502


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("eps.csv", "Symbol,Report Date,Interest,Profit before tax,Net Profit\nAAA,Mar-20,1,2,3\n", "EPS"),
        ("eps.csv", "Symbol,Report Date,Interest\nAAA,Mar-20,1\n", "PROFIT_BEFORE_TAX"),
        ("screen.csv", "ticker,name,sector,roe,revCAGR,pe,rebalance_date\nAAA,A,E,1,2,3,2024-06-25\n", "EPSCAGR"),
        ("screen.csv", "ticker,name,sector,roe,revCAGR,epsCAGR,pe\nAAA,A,E,1,2,3,4\n", "REBALANCE_DATE"),
        ("growth.csv", "Symbol,Industry,Qtr Profit Var %\nAAA,E,1\n", "LAST_UPDATED"),
        ("eps.csv", "Symbol,Report Date,Interest,Profit before tax,Net Profit,EPS,EPS\nAAA,Mar-20,1,2,3,4,5\n", "EPS"),
    ],
)
def test_a_missing_or_doubled_column_is_named(name: str, content: str, column: str) -> None:
    refused = parse(member(name, content))
    assert isinstance(refused, FileRefusedError)
    assert (refused.finding.rule, refused.finding.subject) == (Rule.WRONG_COLUMNS, column)
