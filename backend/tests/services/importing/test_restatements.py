"""Restated figures as evidence: the exchange's 52-week levels, and counts of shares before and after a move."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.services.importing.inference import IsinSeen, infer
from app.services.importing.restatements import RULES, SHARES, WEEK_52, Restated, Told, agreed, tell
from app.services.importing.run import import_paths
from tests.services.importing.samples import Quote, legacy, legacy_name, quote
from tests.services.importing.test_import import empty
from tests.services.importing.test_inference import EX, move

BEFORE, AFTER = EX - timedelta(days=100), EX + timedelta(days=100)
LEVEL = Restated(
    WEEK_52, BEFORE, AFTER, 46.08 / 30.72, 0.0003
)  # MSUMI's low of 2025-02-28: traded at 46.08, stated as 30.72
COUNT = Restated(SHARES, BEFORE, AFTER, 2.0, 0.005)


def test_a_level_that_was_divided_tells_the_factor_on_the_day_of_its_file() -> None:
    assert tell(LEVEL, EX, (EX,), ()) == Told(WEEK_52, AFTER, 1.5, BEFORE)


def test_a_level_divided_for_rights_is_no_fraction_to_the_paisa() -> None:
    assert tell(replace(LEVEL, ratio=1.5 * 1.001), EX, (EX,), ()) is None


def test_a_figure_speaks_only_of_moves_between_its_two_days() -> None:
    assert tell(LEVEL, BEFORE, (), ()) is None
    assert tell(LEVEL, AFTER + timedelta(days=1), (), ()) is None


def test_two_unexplained_moves_between_the_days_leave_open_which_is_meant() -> None:
    assert tell(COUNT, EX, (EX, EX + timedelta(days=30)), ()) is None


def test_what_lists_name_between_the_days_is_taken_out() -> None:
    listed = (EX + timedelta(days=10), 5.0)
    assert tell(replace(COUNT, ratio=10.0), EX, (EX,), (listed,)) == Told(SHARES, AFTER, 2.0, BEFORE)


def test_a_count_that_stayed_says_that_there_was_no_action() -> None:
    told = tell(replace(COUNT, ratio=0.9986), EX, (EX,), ())  # VEDL 2026-04-30, a demerger
    assert told is not None and told.unchanged


def test_a_count_of_the_next_days_may_lack_the_new_shares() -> None:
    early = replace(COUNT, until=EX + timedelta(days=5))
    assert tell(replace(early, ratio=1.0), EX, (EX,), ()) is None
    assert tell(early, EX, (EX,), ()) == Told(SHARES, early.until, 2.0, BEFORE)


def test_a_count_with_new_shares_sold_beside_is_no_factor() -> None:
    assert tell(replace(COUNT, ratio=2.0489), EX, (EX,), ()) is None  # CHOICEIN, whose options were exercised


def test_a_figure_of_an_unknown_day_neither_denies_an_action_nor_tells_a_rare_one() -> None:
    vague = replace(COUNT, firm=False)
    assert tell(vague, EX, (EX,), ()) == Told(SHARES, AFTER, 2.0, BEFORE, firm=False)
    assert tell(replace(vague, ratio=1.0), EX, (EX,), ()) is None
    # NBCC 2024-10-07, a bonus of 1:2 whose yearly figures give 1.4181: neither 7/5 nor 3/2
    assert tell(replace(vague, ratio=1.4181), EX, (EX,), ()) is None
    assert tell(replace(vague, ratio=1.4), EX, (EX,), ()) is None
    assert tell(vague, EX, (EX,), ((EX - timedelta(days=10), 2.0),)) is None  # counted in the old figure or not?


def test_figures_that_contradict_each_other_say_nothing() -> None:
    two, three = Told(SHARES, AFTER, 2.0, BEFORE), Told(WEEK_52, AFTER, 3.0, BEFORE)
    assert agreed([two, two]) == 2.0
    assert agreed([two, three]) is None
    assert agreed([]) is None
    assert infer(move(2.0, 2.0, told=(two, three))) is None


def test_a_move_near_the_restated_factor_is_that_action_once_the_figure_is_there() -> None:
    found = infer(move(1.49, 1.48, told=(Told(WEEK_52, AFTER, 1.5, BEFORE),)))
    assert found is not None
    assert (found.factor, found.known_at) == (1.5, AFTER)
    assert found.rules == (RULES[WEEK_52],)
    assert found.evidence["restated"] == [
        {"kind": WEEK_52, "factor": 1.5, "sure": True, "between": [BEFORE.isoformat(), AFTER.isoformat()]}
    ]


def test_a_split_that_opens_at_the_band_is_told_by_the_restated_level() -> None:
    # ADANIPOWER 2025-09-22: 709.40 before, 148.20 and 170.25 after one share became five; four would fit the close
    assert infer(move(4.7868, 4.1668)) is None
    found = infer(move(4.7868, 4.1668, told=(Told(WEEK_52, AFTER, 5.0, BEFORE),)))
    assert found is not None and found.factor == 5.0


def test_a_count_that_stayed_outweighs_everything_else() -> None:
    whole = move(1.99, 2.02, ex_volume=2000, after=2.0)
    assert infer(whole) is not None
    assert infer(replace(whole, told=(Told(SHARES, AFTER, 1.0, BEFORE),))) is None


def test_a_restated_factor_far_from_the_price_speaks_of_another_day_too() -> None:
    three = (Told(SHARES, AFTER, 3.0, BEFORE),)
    assert infer(move(1.99, 2.02, told=three)) is None
    found = infer(move(1.99, 2.02, ex_volume=2000, told=three))  # and the day stands on its own evidence
    assert found is not None and (found.factor, found.rules) == (2.0, ("ratio and a day without news",))


def test_a_day_that_says_another_factor_than_the_figures_is_left() -> None:
    day = move(1.5, 1.6, after=1.5, ex_volume=1500)
    assert infer(replace(day, told=(Told(WEEK_52, AFTER, 1.6, BEFORE),))) is not None
    both = move(1.53, 1.53, after=1.5, ex_volume=1500)
    assert infer(both) is not None  # 3/2 by the day and by its volumes
    assert infer(replace(both, told=(Told(WEEK_52, AFTER, 1.6, BEFORE),))) is None


@pytest.mark.parametrize("firm", [True, False])
def test_a_small_bonus_is_told_by_a_figure_and_a_gap_that_hits_it(firm: bool) -> None:
    # BERGEPAINT 2023-09-22, a bonus of 1:5: 753.25 before, 626.80 at the open
    told = (Told(SHARES, AFTER, 1.2, BEFORE, firm),)
    # 669.30 at the close, with five times the shares: news too, so the open has to hit the factor
    found = infer(move(753.25 / 626.80, 753.25 / 669.30, told=told, ex_volume=5000))
    assert found is not None and found.factor == 1.2
    near = infer(move(1.22, 1.22, told=told, ex_volume=5000))
    assert (near is not None) == firm
    assert infer(move(1.28, 1.28, told=told)) is None
    assert infer(move(753.25 / 626.80, 753.25 / 669.30, ex_volume=5000)) is None


@given(
    kind=st.sampled_from([WEEK_52, SHARES]),
    ratio=st.floats(0.005, 200.0),
    firm=st.booleans(),
    listed=st.lists(st.tuples(st.integers(-150, 150), st.sampled_from([1.5, 2.0, 5.0])), max_size=3),
)
def test_what_is_told_times_what_is_listed_is_what_the_figures_say(
    kind: str, ratio: float, firm: bool, listed: list[tuple[int, float]]
) -> None:
    factors = [(EX + timedelta(days=days), factor) for days, factor in listed if days]
    told = tell(Restated(kind, BEFORE, AFTER, ratio, 0.005, firm), EX, (EX,), factors)
    if told is None:
        return
    product = told.factor
    for day, factor in factors:
        product *= factor if BEFORE < day <= AFTER else 1.0
    assert product == pytest.approx(ratio, rel=0.021 if told.unchanged else 0.0051)


OLD = IsinSeen("INE111A01017", date(2020, 1, 1), EX - timedelta(days=1))
NEW = IsinSeen("INE111A01025", EX, None)


def test_an_isin_that_changed_with_the_day_allows_a_locked_band() -> None:
    # COCHINSHIP 2024-01-10, a split of ten to five: 1338 before, opened at 677, locked at 802.80
    found = infer(move(1.9764, 1.6667, isins=(OLD, NEW)))
    assert found is not None and (found.factor, found.known_at) == (2.0, EX)
    assert infer(move(1.9764, 1.6667, isins=(replace(OLD, dated_last=EX - timedelta(days=3)), NEW))) is None


def test_an_isin_that_changed_around_two_moves_belongs_to_neither_for_certain() -> None:
    wide = (replace(OLD, dated_last=EX - timedelta(days=60)), NEW)
    assert infer(move(1.93, 2.1, isins=wide)) is not None
    assert infer(move(1.93, 2.1, isins=wide, others=(EX - timedelta(days=30),))) is None


# --- through files --------------------------------------------------------------------------------------------------

DAYS = [date(2025, 9, 1) + timedelta(days=n) for n in range(26) if (date(2025, 9, 1) + timedelta(days=n)).weekday() < 5]
SPLIT_DAY = date(2025, 9, 16)
MCAP = "Trade Date,Symbol,Series,Security Name,Category,Last Trade Date,Face Value(Rs.),Issue Size,Close Price/Paid up value(Rs.),Market Cap(Rs.)"  # noqa: E501
LEVELS = '"Disclaimer - adjusted"\n"Effective for 16-Dec-2025"\n"SYMBOL","SERIES","Adjusted_52_Week_High","52_Week_High_Date","Adjusted_52_Week_Low","52_Week_Low_DT"\n'  # noqa: E501


def prices(folder: Path) -> list[Path]:
    """BONUS and DEMERGED fall from 90 to 60, and then trade no more shares than before: prices alone tell nothing."""
    files = []
    for day in DAYS:
        price, before = (90.0, 90.0) if day < SPLIT_DAY else (60.0, 90.0 if day == SPLIT_DAY else 60.0)
        fallen: Quote = ("BONUS", "EQ", price, price + 0.5, price - 0.5, price, before, 5000)
        rows = [fallen, ("DEMERGED", *fallen[1:]), quote("QUIET", 50.0)]
        files.append(folder / legacy_name(day))
        files[-1].write_bytes(legacy(day, rows))  # type: ignore[arg-type]
    return files


def level_file(folder: Path) -> Path:
    path = folder / "CM_52_wk_High_low_16122025.csv"
    # the high of 2025-09-02 was 90.50: the exchange divided it for one of the two
    path.write_text(
        LEVELS
        + "".join(
            f'"{symbol}","EQ","{high:.2f}","02-SEP-2025","59.50","17-SEP-2025"\n'
            for symbol, high in (("BONUS", 90.5 / 1.5), ("DEMERGED", 90.5))
        )
    )
    return path


def stored(engine: Engine) -> tuple[dict[str, float], dict[str, float | None]]:
    with engine.connect() as connection:
        factors = connection.execute(
            text("SELECT i.symbol, a.factor FROM adjustment_factors a JOIN instruments i ON i.id = a.instrument_id")
        )
        moves = connection.execute(text("SELECT symbol, proposed_factor FROM unexplained_jumps"))
        return {row.symbol: row.factor for row in factors}, {row.symbol: row.proposed_factor for row in moves}


def run(engine: Engine, *paths: Path) -> None:
    done = import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)
    assert (done.refused, done.skipped) == ([], [])


@pytest.mark.integration
@pytest.mark.parametrize("levels_first", [False, True])
def test_a_restated_level_lifts_the_one_and_takes_the_proposal_from_the_other(
    engine: Engine, tmp_path: Path, levels_first: bool
) -> None:
    days, levels = prices(tmp_path), level_file(tmp_path)
    if levels_first:
        run(engine, levels)
        run(engine, *days)
    else:
        run(engine, *days)
        assert stored(engine) == ({}, {"BONUS": 1.5, "DEMERGED": 1.5})
        run(engine, levels)
    assert stored(engine) == ({"BONUS": 1.5}, {"DEMERGED": None})
    with engine.connect() as connection:
        facts = connection.execute(text("SELECT evidence FROM unexplained_jumps")).scalar_one()
    assert facts["restated"] == [
        {"kind": WEEK_52, "factor": 1.0, "sure": True, "between": ["2025-09-02", "2025-12-16"]}
    ]


@pytest.mark.integration
def test_every_order_of_days_and_figures_gives_the_same_evidence(engine: Engine, tmp_path: Path) -> None:
    days, levels = prices(tmp_path), level_file(tmp_path)
    early, late = days[:8], days[8:]
    seen = []
    for order in permutations((early, late, [levels])):
        empty(engine)
        for files in order:
            run(engine, *files)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT symbol, session, proposed_factor, evidence FROM unexplained_jumps"))
            seen.append((stored(engine), [tuple(row) for row in rows]))
    assert seen[0][0] == ({"BONUS": 1.5}, {"DEMERGED": None})
    assert all(one == seen[0] for one in seen)


@pytest.mark.integration
def test_a_count_of_shares_between_two_market_value_files_tells_too(engine: Engine, tmp_path: Path) -> None:
    days = prices(tmp_path)
    for name, day, bonus in (("mcap03092025.csv", "03 SEP 2025", 1000), ("mcap16122025.csv", "16 DEC 2025", 1500)):
        lines = [
            f"{day},{symbol},EQ,{symbol} LTD,Listed,{day},10.00,{shares},{price:.2f},{shares * price:.2f}"
            for symbol, shares, price in (("BONUS", bonus, 60.0), ("DEMERGED", 2000, 60.0))
        ]
        (tmp_path / name).write_text("\n".join([MCAP, *lines]) + "\n")
    run(engine, *days, tmp_path / "mcap16122025.csv", tmp_path / "mcap03092025.csv")
    assert stored(engine) == ({"BONUS": 1.5}, {"DEMERGED": None})


@pytest.mark.integration
def test_the_exchange_restates_no_level_for_a_demerger(evidence: Path) -> None:
    """What the rule rests on, in the real file: highs before demergers stand as traded, others are divided."""
    found: dict[str, tuple[str, str]] = {}
    for path in (evidence / "data/nse_daily_reports").rglob("CM_52_wk_High_low_16122025.csv*"):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            cells = [cell.strip(' "') for cell in line.split(",")]
            if cells[0] in ("SIEMENS", "ABFRL", "TMPV", "MSUMI", "ADANIPOWER"):
                found[cells[0]] = (cells[2], cells[4])
    # as traded: SIEMENS 8035.95 and ABFRL 303.15 on 2024-12-16, TATAMOTORS 810.00 on 2025-01-09 (daily files)
    assert (found["SIEMENS"][0], found["ABFRL"][0], found["TMPV"][0]) == ("8035.95", "303.15", "810.00")
    # as traded: MSUMI 46.08 on 2025-02-28 and a bonus of 1:2; ADANIPOWER 445.00 on 2025-01-13 and a split of 5
    assert (found["MSUMI"][1], found["ADANIPOWER"][1]) == ("30.72", "89.00")
