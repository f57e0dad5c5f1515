"""The sample market: its files are read back with plain CSV and held against the exchange's rules."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.engines import calendar
from app.services.sample_market import SampleSummary, generate, generate_small
from app.services.sample_market.companies import COMPANIES, STORIED, former_symbol, isin
from app.services.sample_market.simulation import tick_paise

Row = dict[str, str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    """Sixty stocks over six years, every day a file of its own."""
    begins, ends = date(2020, 1, 1), date(2025, 12, 31)
    directory = tmp_path_factory.mktemp("sample") / "market"
    return generate(directory, start=begins, end=ends, stocks=60, daily_from=None)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return generate_small(tmp_path_factory.mktemp("small") / "market")


def rows(content: bytes) -> list[Row]:
    lines = csv.reader(io.StringIO(content.decode("ascii")), skipinitialspace=True)
    header = next(lines)
    return [dict(zip(header, line, strict=True)) for line in lines]


def unzipped(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        assert path.name == f"{name}.zip"
        return archive.read(name)


def days(summary: SampleSummary) -> dict[date, dict[str, Row]]:
    """Day → symbol → row, in the legacy names; each day from the file that has it, UDiFF left out."""
    found: dict[date, dict[str, Row]] = {}
    for path in sorted((summary.directory / "bhavcopy/legacy_cm").rglob("*.zip")):
        day = datetime.strptime(path.name, "cm%d%b%Ybhav.csv.zip").date()
        found[day] = {row["SYMBOL"]: row for row in rows(unzipped(path))}
        assert {row["TIMESTAMP"] for row in found[day].values()} == {f"{day:%d-%b-%Y}".upper()}
    names = {"OPEN_PRICE": "OPEN", "HIGH_PRICE": "HIGH", "LOW_PRICE": "LOW", "CLOSE_PRICE": "CLOSE"}
    names |= {"LAST_PRICE": "LAST", "PREV_CLOSE": "PREVCLOSE", "TTL_TRD_QNTY": "TOTTRDQTY"}
    for path in sorted((summary.directory / "bhavcopy/sec_bhavdata_full").rglob("*.csv")):
        day = datetime.strptime(path.stem, "sec_bhavdata_full_%d%m%Y").date()
        found[day] = {
            row["SYMBOL"]: {names.get(key, key): value for key, value in row.items()} for row in rows(path.read_bytes())
        }
        assert {row["DATE1"] for row in found[day].values()} == {f"{day:%d-%b-%Y}"}
    return dict(sorted(found.items()))


@pytest.fixture(scope="module")
def market(sample: SampleSummary) -> dict[date, dict[str, Row]]:
    return days(sample)


def paise(text: str) -> int:
    return int(Decimal(text) * 100)


def digest(directory: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            whole.update(str(path.relative_to(directory)).encode() + path.read_bytes())
    return whole.hexdigest()


def test_the_same_arguments_write_the_same_bytes_and_another_seed_does_not(
    small: SampleSummary, tmp_path: Path
) -> None:
    assert digest(generate_small(tmp_path / "again").directory) == digest(small.directory)
    assert digest(generate_small(tmp_path / "other", seed=7).directory) != digest(small.directory)


def test_there_is_a_file_for_every_session_and_none_for_another_day(
    sample: SampleSummary, market: dict[date, dict[str, Row]]
) -> None:
    assert list(market) == calendar.sessions(date(2020, 1, 1), date(2025, 12, 31))
    assert sample.sessions == len(market)
    assert sample.price_rows == sum(len(day) for day in market.values())
    assert (sample.start, sample.end) == (date(2020, 1, 1), date(2025, 12, 31))
    assert 10 <= len(sample.sectors) <= 12


def test_every_row_is_a_possible_day(market: dict[date, dict[str, Row]]) -> None:
    for day, by_symbol in market.items():
        for row in by_symbol.values():
            low, high = paise(row["LOW"]), paise(row["HIGH"])
            assert 0 < low <= high
            assert all(low <= paise(row[name]) <= high for name in ("OPEN", "CLOSE", "LAST")), (day, row)
            assert int(row["TOTTRDQTY"]) >= 1
            if "TOTTRDVAL" in row:
                value = paise(row["TOTTRDVAL"])
                assert low * int(row["TOTTRDQTY"]) <= value <= high * int(row["TOTTRDQTY"])
                assert 1 <= int(row["TOTALTRADES"]) <= int(row["TOTTRDQTY"])
            elif row["SERIES"] == "EQ":
                assert 0 <= int(row["DELIV_QTY"]) <= int(row["TOTTRDQTY"])


def test_the_previous_close_is_the_last_one_as_traded_also_on_an_ex_date(
    sample: SampleSummary, market: dict[date, dict[str, Row]]
) -> None:
    last: dict[str, str] = {}
    old, new, renamed_on = sample.renamed
    for day, by_symbol in market.items():
        if day == renamed_on:
            last[new] = last.pop(old)
        for symbol, row in by_symbol.items():
            if symbol in last:
                assert paise(row["PREVCLOSE"]) == paise(last[symbol]), (day, symbol)
            last[symbol] = row["CLOSE"]


def test_moves_stay_inside_the_price_band_around_the_adjusted_close(
    sample: SampleSummary, market: dict[date, dict[str, Row]]
) -> None:
    factors = {sample.split: 5, sample.bonus: 2}
    widest = 0.0
    for day, by_symbol in market.items():
        for symbol, row in by_symbol.items():
            base = paise(row["PREVCLOSE"]) // factors.get((symbol, day), 1)
            limit = 5 if row["SERIES"] == "BE" else 20
            assert base * (100 - limit) <= 100 * paise(row["LOW"])
            assert 100 * paise(row["HIGH"]) <= base * (100 + limit)
            widest = max(widest, abs(paise(row["CLOSE"]) / base - 1))
    assert widest > 0.1  # the band is not respected for want of movement


def test_prices_lie_on_the_tick_of_their_day(market: dict[date, dict[str, Row]]) -> None:
    before_2024_06 = [row for day, rows in market.items() if day < date(2024, 6, 10) for row in rows.values()]
    assert all(paise(row[name]) % 5 == 0 for row in before_2024_06 for name in ("OPEN", "HIGH", "LOW", "CLOSE"))
    dear = [row for day in market if day >= date(2025, 5, 1) for row in market[day].values()]
    dear = [row for row in dear if paise(row["LOW"]) > 1_100_00 and paise(row["HIGH"]) < 4_900_00]
    share_on_ten = np.mean([paise(row["CLOSE"]) % 10 == 0 for row in dear])
    assert share_on_ten > 0.95  # the tick follows the month's first day: a price may have crossed 1,000 since


@pytest.mark.parametrize(
    ("day", "price", "tick"),
    [
        (date(2024, 6, 9), 100_00, 5),
        (date(2024, 6, 10), 249_99, 1),
        (date(2024, 6, 10), 250_00, 5),
        (date(2025, 4, 14), 30_000_00, 5),
        (date(2025, 4, 15), 249_99, 1),
        (date(2025, 4, 15), 1_000_00, 5),
        (date(2025, 4, 15), 1_000_05, 10),
        (date(2025, 4, 15), 5_000_50, 50),
        (date(2025, 4, 15), 20_000_00, 100),
        (date(2025, 4, 15), 20_001_00, 500),
    ],
)
def test_the_tick_of_a_price_by_date(day: date, price: int, tick: int) -> None:
    assert tick_paise(day, np.array([price], dtype=np.int64)).tolist() == [tick]


def test_the_market_crashes_and_moves_together(market: dict[date, dict[str, Row]]) -> None:
    spring = [day for day in market if date(2020, 2, 20) <= day <= date(2020, 3, 31)]
    symbols = set.intersection(*(set(market[day]) for day in spring))
    falls = [paise(market[spring[-1]][s]["CLOSE"]) / paise(market[spring[0]][s]["CLOSE"]) - 1 for s in symbols]
    assert np.mean(falls) < -0.2
    year = [day for day in market if day.year == 2021]
    steady = sorted(set.intersection(*(set(market[day]) for day in year)))
    close = np.array([[paise(market[day][s]["CLOSE"]) for s in steady] for day in year], dtype=float)
    correlation = np.corrcoef(np.diff(np.log(close), axis=0).T)
    assert 0.1 < correlation[np.triu_indices(len(steady), 1)].mean() < 0.6


def test_the_split_is_listed_in_the_exchanges_words_and_seen_in_the_price(
    sample: SampleSummary, market: dict[date, dict[str, Row]]
) -> None:
    listed = {
        row["Symbol"]: row for row in rows((sample.directory / "corporate_actions/splits_bonus.csv").read_bytes())
    }
    purposes = ("Face Value Split (Sub-Division) - From Rs 10/- Per Share To Rs 2/- Per Share", "Bonus 1:1")
    for (symbol, ex_date), factor, purpose in zip((sample.split, sample.bonus), (5, 2), purposes, strict=True):
        assert datetime.strptime(listed[symbol]["Ex-date"], "%d-%b-%y").date() == ex_date
        assert (listed[symbol]["Purpose"], listed[symbol]["Multiplier"]) == (purpose, str(factor))
        row = market[ex_date][symbol]
        assert 0.8 / factor < paise(row["CLOSE"]) / paise(row["PREVCLOSE"]) < 1.2 / factor
    before = market[calendar.previous_session(sample.split[1])][sample.split[0]]["ISIN"]
    assert market[sample.split[1]][sample.split[0]]["ISIN"] != before


def test_rename_delisting_late_listing_and_days_without_trade(
    sample: SampleSummary, market: dict[date, dict[str, Row]]
) -> None:
    def days_of(symbol: str) -> list[date]:
        return [day for day, by_symbol in market.items() if symbol in by_symbol]

    old, new, renamed_on = sample.renamed
    assert days_of(old) + days_of(new) == list(market)
    assert days_of(new)[0] == renamed_on
    change = (sample.directory / "masters/symbolchange.csv").read_text()
    assert change.startswith(" ")
    assert change.rstrip("\n").split(",")[1:] == [old, new, f"{renamed_on:%d-%b-%Y}".upper()]
    symbol, last_day = sample.delisted
    assert days_of(symbol)[-1] == last_day < date(2023, 12, 31)
    assert {market[day][symbol]["SERIES"] for day in days_of(symbol)[-60:]} == {"BE"}
    assert days_of(sample.listed_late[0])[0] == sample.listed_late[1] > date(2021, 1, 1)
    missing = len(market) - len(days_of(sample.illiquid))
    assert 10 < missing < 100
    (path,) = sample.directory.glob("masters/*/EQUITY_L.csv")
    master = {row["SYMBOL"]: row for row in rows(path.read_bytes())}
    assert set(master) == set(market[sample.end]) | {sample.illiquid}
    assert symbol not in master
    assert all("(fictional)" in row["NAME OF COMPANY"] for row in master.values())


@pytest.mark.parametrize("size", [20, 50])
def test_an_index_has_its_size_on_every_session_and_changes_on_dates(
    sample: SampleSummary, market: dict[date, dict[str, Row]], size: int
) -> None:
    history = rows((sample.directory / f"constituents/history/sample{size}_history.csv").read_bytes())
    assert {row["index_name"] for row in history} == {f"SAMPLE {size}"}
    spans = [
        (
            row["symbol"],
            date.fromisoformat(row["effective_from"]),
            date.fromisoformat(row["effective_to"] or "9999-12-31"),
        )
        for row in history
    ]
    new_name = {sample.renamed[0]: sample.renamed[1]}
    for day, by_symbol in market.items():
        inside = [symbol for symbol, since, until in spans if since <= day <= until]
        assert len(inside) == len(set(inside)) == size
        trading = {new_name.get(symbol, symbol) for symbol in by_symbol} | {sample.illiquid}
        assert set(inside) <= trading
    changes = {since for _, since, _ in spans if since > sample.start}
    assert len(changes) >= 5
    (path,) = sample.directory.glob(f"constituents/*/ind_sample{size}list.csv")
    on = date.fromisoformat(f"{path.parent.name}-01")
    listed = {row["Symbol"] for row in rows(path.read_bytes())}
    assert listed == {symbol for symbol, since, until in spans if since <= on <= until}
    assert {row["Industry"] for row in rows(path.read_bytes())} <= set(sample.sectors)


def test_the_delisted_company_leaves_its_index_before_it_goes(sample: SampleSummary) -> None:
    history = rows((sample.directory / "constituents/history/sample50_history.csv").read_bytes())
    (spell,) = [row for row in history if row["symbol"] == sample.delisted[0]]
    left = date.fromisoformat(spell["effective_to"])
    assert sample.delisted[1] - timedelta(days=120) < left < sample.delisted[1]


def test_a_day_in_two_formats_says_the_same(sample: SampleSummary, market: dict[date, dict[str, Row]]) -> None:
    paths = sorted((sample.directory / "bhavcopy/udiff_cm").glob("*.zip"))
    assert len(paths) >= 3
    for path in paths:
        day = datetime.strptime(path.name.split("_")[6], "%Y%m%d").date()
        newest = {row["TckrSymb"]: row for row in rows(unzipped(path))}
        assert set(newest) == set(market[day])
        for symbol, row in newest.items():
            other = market[day][symbol]
            ours = [row[name] for name in ("OpnPric", "HghPric", "LwPric", "ClsPric", "PrvsClsgPric", "TtlTradgVol")]
            assert ours == [other[name] for name in ("OPEN", "HIGH", "LOW", "CLOSE", "PREVCLOSE", "TOTTRDQTY")]


def test_the_small_market_tells_all_the_stories_too(small: SampleSummary) -> None:
    by_day = days(small)
    assert (small.stocks, small.indices) == (10, ("SAMPLE 5",))
    assert small.renamed[0] in by_day[small.start]
    assert small.renamed[1] in by_day[small.end]
    assert small.delisted[0] not in by_day[small.end]
    assert small.listed_late[0] not in by_day[small.start]


def test_headers_are_those_of_the_exchange(small: SampleSummary, evidence: Path) -> None:
    def first_line(content: bytes) -> bytes:
        return content.split(b"\n")[0]

    ours, theirs = small.directory / "bhavcopy", evidence / "data/bhavcopy"
    for folder in ("legacy_cm", "udiff_cm"):
        real = sorted((theirs / folder).rglob("*.zip"))[-1]
        made = sorted((ours / folder).rglob("*.zip"))[-1]
        assert first_line(unzipped(made)) == first_line(unzipped(real))
    real = sorted((theirs / "sec_bhavdata_full/plain").glob("*.csv"))[-1]
    made = next((ours / "sec_bhavdata_full").rglob("*.csv"))
    assert first_line(made.read_bytes()) == first_line(real.read_bytes())
    for made, real in (
        (next(small.directory.glob("masters/*/EQUITY_L.csv")), evidence / "data/masters/EQUITY_L_2026-08.csv"),
        (
            small.directory / "corporate_actions/splits_bonus.csv",
            evidence / "data/corporate_actions/nse_splits_bonus_rights_2011_2022.csv",
        ),
        (
            next(small.directory.glob("constituents/2*/*.csv")),
            evidence / "data/constituents/2025-06/ind_nifty50list.csv",
        ),
        (
            next(small.directory.glob("constituents/history/*.csv")),
            evidence / "data/constituents/history/nifty500_history_2018_2026.csv",
        ),
    ):
        assert first_line(made.read_bytes()) == first_line(real.read_bytes())


def test_no_symbol_or_name_belongs_to_a_real_company(evidence: Path) -> None:
    symbols, names = set(), set()
    for path in (evidence / "data/masters").glob("EQUITY_L_*.csv"):
        with path.open(newline="", encoding="latin-1") as file:
            for row in csv.reader(file):
                symbols.add(row[0])
                names.add(row[1].casefold().split()[0])
    assert not {company.symbol for company in COMPANIES} & symbols
    assert not {former_symbol(company.symbol) for company in COMPANIES[STORIED:]} & symbols
    ours = {company.symbol for company in COMPANIES} | {former_symbol(c.symbol) for c in COMPANIES[STORIED:]}
    assert len(ours) == 2 * len(COMPANIES) - STORIED == 540
    assert not {company.name.casefold().split()[0] for company in COMPANIES} & names


def test_an_isin_has_a_right_check_digit() -> None:
    # ISO 6166 by hand for INX001S01010: letters as numbers (I 18, N 23, X 33, S 28), every second digit from the
    # right doubled. The number with its check digit must give a multiple of ten.
    for number in (1, 2, 37, 60, 300):
        digits = "".join(str(int(character, 36)) for character in isin(number, 1))
        doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
        assert sum(d // 10 + d % 10 for d in doubled) % 10 == 0
        assert len(isin(number, 1)) == 12


def test_wrong_requests_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stocks must be 10 to 300, got 5"):
        generate(tmp_path / "a", stocks=5)
    with pytest.raises(ValueError, match="at least 120 sessions"):
        generate(tmp_path / "b", start=date(2024, 1, 1), end=date(2024, 3, 1))
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="folder of its own"):
        generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_progress_rises_to_one(tmp_path: Path) -> None:
    told: list[float] = []
    generate_small(tmp_path / "m", progress=lambda share, _line: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0
