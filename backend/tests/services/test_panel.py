"""The panel: chunks on disk, slices as bars, gaps, factors and content hashes, on a few rows typed by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.panel.build import write_chunk, year_columns
from app.services.panel.chunk import open_chunk
from app.services.panel.panel import InstrumentInfo, Panel, find_gaps

KEYS = {1: "aaaa", 2: "bbbb"}
D1, D2, D3, D4 = (date(2024, 1, day) for day in (1, 2, 3, 4))


def row(
    day: date, instrument: int, close: float, prev: float | None, series: str = "EQ", **more: Any
) -> dict[str, Any]:
    return {
        "date": day,
        "instrument_id": instrument,
        "symbol": f"S{instrument}",
        "series": series,
        "open": close - 1.0,
        "high": close + 1.0,
        "low": close - 2.0,
        "close": close,
        "prev_close": prev,
        "volume": 100,
        "turnover": 1000.0,
        "trades": 10,
        "delivery": 50,
    } | more


ROWS = [
    row(D1, 1, 100.0, 99.0),
    row(D1, 2, 50.0, 49.0),
    row(D2, 1, 102.0, 100.0),
    row(D3, 1, 21.0, 102.0),  # 1:5 split: the raw previous close stays
    row(D3, 2, 55.0, 54.0),  # did not trade on D2, yet the file knows another close: history is missing
    row(D4, 1, 22.0, 21.0),
    row(D4, 2, 56.0, 55.0),
]


def info(key: str, number: int, **more: Any) -> InstrumentInfo:
    values: dict[str, Any] = {"names": ((D1, None, f"S{number}"),), "factors": ()}
    return InstrumentInfo(number, key, f"S{number}", None, None, None, "EQUITY", **(values | more))


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    stem = write_chunk(tmp_path, 2024, 1, pl.DataFrame(ROWS), KEYS)
    instruments = {"aaaa": info("aaaa", 1, factors=((D3, 5.0),)), "bbbb": info("bbbb", 2)}
    return Panel((open_chunk(tmp_path, stem),), instruments, "g")


def test_a_slice_holds_raw_prices_with_nan_where_nothing_traded(panel: Panel) -> None:
    bars = panel.bars(["bbbb", "aaaa"], None, None)
    assert bars.keys == ("aaaa", "bbbb")
    np.testing.assert_array_equal(bars.raw.close, [[100, 50], [102, np.nan], [21, 55], [22, 56]])
    np.testing.assert_array_equal(bars.raw_volume[:, 1], [100, np.nan, 100, 100])


def test_signals_see_prices_multiplied_up_from_the_ex_date_on(panel: Panel) -> None:
    bars = panel.bars(["aaaa"], None, None)
    np.testing.assert_array_equal(bars.factor[:, 0], [1, 1, 5, 5])
    np.testing.assert_array_equal(bars.close[:, 0], [100, 102, 105, 110])
    np.testing.assert_array_equal(bars.in_rupees_of_its_bar(bars.close), bars.raw.close)


def test_a_slice_that_begins_after_a_split_keeps_its_factor(panel: Panel) -> None:
    bars = panel.bars(["aaaa"], D4, None)
    np.testing.assert_array_equal(bars.close[:, 0], [110])


def test_warm_up_bars_come_before_the_start_as_far_as_there_are_any(panel: Panel) -> None:
    bars = panel.bars(["aaaa"], D3, D3, warm_up=1)
    assert (bars.start, [str(day) for day in bars.sessions]) == (1, ["2024-01-02", "2024-01-03"])
    assert panel.bars(["aaaa"], D2, D3, warm_up=10).start == 1


def test_history_is_missing_where_the_files_previous_close_is_not_our_last_close(panel: Panel) -> None:
    bars = panel.bars(["aaaa", "bbbb"], None, None)
    # the split is no gap: 102 is our last close; the second stock's 54 was never seen
    np.testing.assert_array_equal(bars.gap, [[0, 0], [0, 0], [0, 1], [0, 0]])


def test_a_bar_without_a_previous_close_is_no_gap() -> None:
    close = np.array([[10.0], [11.0]])
    assert not find_gaps(close, np.array([[np.nan], [np.nan]])).any()


def test_membership_ends_with_its_last_day(panel: Panel) -> None:
    spans = {"aaaa": [(D1, D2), (D4, None)], "bbbb": [(D3, D3)]}
    bars = panel.bars(["aaaa", "bbbb"], None, None, spans=spans)
    np.testing.assert_array_equal(bars.member, [[1, 0], [1, 0], [0, 1], [1, 0]])


def test_the_main_series_is_the_bar_and_bonds_make_none() -> None:
    rows = [row(D1, 1, 7.0, None, "BE"), row(D1, 1, 8.0, None, "EQ"), row(D1, 2, 1000.0, None, "GS")]
    values, sessions, keys = year_columns(pl.DataFrame(rows), KEYS)
    assert (keys, len(sessions), values[3, 0, 0]) == (("aaaa",), 1, 8.0)


def test_the_same_rows_in_another_order_are_the_same_chunk(tmp_path: Path) -> None:
    one = open_chunk(tmp_path, write_chunk(tmp_path, 2024, 1, pl.DataFrame(ROWS), KEYS))
    (tmp_path / "b").mkdir()
    two = open_chunk(tmp_path / "b", write_chunk(tmp_path / "b", 2024, 9, pl.DataFrame(ROWS[::-1]), KEYS))
    assert (one.root, one.roots) == (two.root, two.roots)


@settings(deadline=None)  # it writes files
@given(
    st.sampled_from(["open", "high", "low", "close", "volume", "delivery", "turnover"]), st.integers(0, len(ROWS) - 1)
)
def test_any_changed_number_changes_the_hash_of_its_instrument_alone(field: str, at: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        changed = [dict(r) for r in ROWS]
        changed[at][field] += 1
        before = open_chunk(folder, write_chunk(folder, 2024, 1, pl.DataFrame(ROWS), KEYS))
        after = open_chunk(folder, write_chunk(folder, 2024, 2, pl.DataFrame(changed), KEYS))
        mine = changed[at]["instrument_id"] - 1
        assert after.root != before.root
        assert after.roots[mine] != before.roots[mine] and after.roots[1 - mine] == before.roots[1 - mine]


def test_tomorrows_file_leaves_the_root_of_a_slice_that_ends_today(tmp_path: Path, panel: Panel) -> None:
    today = panel.bars(["aaaa", "bbbb"], None, D4).root
    more = [*ROWS, row(date(2024, 1, 5), 1, 23.0, 22.0)]
    stem = write_chunk(tmp_path, 2024, 2, pl.DataFrame(more), KEYS)
    tomorrow = Panel((open_chunk(tmp_path, stem),), panel.instruments, "h")
    assert tomorrow.bars(["aaaa", "bbbb"], None, D4).root == today
    assert tomorrow.root != panel.root


def test_the_symbol_is_the_one_of_the_day() -> None:
    renamed = info("aaaa", 1, names=((D1, D2, "OLD"), (D3, None, "S1")))
    assert [renamed.symbol_on(day) for day in (D1, D2, D3, D4)] == ["OLD", "OLD", "S1", "S1"]
    assert renamed.symbol_on(date(2020, 1, 1)) == "OLD"


def test_who_had_a_symbol_is_told_by_date(panel: Panel) -> None:
    assert panel.holders("S2") == [(D1, None, "bbbb")]
    assert panel.holders("NONE") == []
