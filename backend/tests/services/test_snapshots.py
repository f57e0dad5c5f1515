"""Kept snapshots: the same numbers as worked out afresh, found again while nothing changed, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.engines.bars import Bars
from app.engines.screener import FIELDS
from app.engines.screener.fields import Field, registered
from app.engines.screener.snapshot import snapshot
from app.services.panel.chunk import FIELDS as STORED
from app.services.panel.chunk import Chunk
from app.services.panel.panel import InstrumentInfo, Panel
from app.services.screens.rows import MarketRows
from app.services.snapshots import SnapshotStore, build, identity_of
from app.services.snapshots import store as store_module


def chunk(year: int, days: int, root: str) -> Chunk:
    random = np.random.default_rng(year)
    values = np.full((len(STORED), 3, days), np.nan)
    close = 100 + np.cumsum(random.normal(0, 1, (3, days)), axis=1)
    for name in ("open", "high", "low", "close"):
        values[STORED.index(name)] = close
    values[STORED.index("volume")] = 1000.0
    values[STORED.index("turnover")] = close * 1000.0
    values[:, 2, -1] = np.nan  # the third did not trade on the last day
    sessions = np.datetime64(f"{year}-01-01", "D") + np.arange(days)
    return Chunk(year, 1, values, sessions, ("A", "B", "C"), ("", "", ""), root, str(year))


def panel(*, factors: tuple[tuple[date, float], ...] = (), newest: str = "n") -> Panel:
    infos = {
        key: InstrumentInfo(n, key, f"{key}NEW", None, None, None, "EQUITY", ((date(2019, 1, 1), None, f"{key}NOW"),))
        for n, key in enumerate("ABC")
    }
    infos["A"] = replace(infos["A"], factors=factors)
    return Panel((chunk(2020, 60, "o"), chunk(2021, 30, newest)), infos, "g")


def test_a_kept_table_reads_back_bit_for_bit_and_only_under_its_own_identity(tmp_path: Path) -> None:
    store, market = SnapshotStore(tmp_path / "kept"), panel()
    identity, table = identity_of(market, 89), build(MarketRows(market), 89)
    assert store.read(identity) is None
    path = store.write(identity, table)
    again = store.read(identity)
    assert again is not None
    assert (again.session, again.keys, again.symbols) == (date(2021, 1, 30), ("A", "B"), ("ANOW", "BNOW"))
    assert list(again.columns) == list(FIELDS)
    for name, column in table.columns.items():
        assert column.tobytes() == again.columns[name].tobytes(), name
    assert again.columns["ema_20"][0] > 0
    assert not list(store.directory.glob("*.partial"))
    path.rename(store.path(replace(identity, data="other")))
    assert store.read(replace(identity, data="other")) is None


def test_a_broken_file_counts_as_none(tmp_path: Path) -> None:
    store, market = SnapshotStore(tmp_path), panel()
    identity = identity_of(market, 89)
    path = store.write(identity, build(MarketRows(market), 89))
    path.write_bytes(path.read_bytes()[:700])
    assert store.read(identity) is None
    path.write_bytes(b"")
    assert store.read(identity) is None


def test_what_comes_later_changes_no_earlier_identity_and_what_comes_before_does() -> None:
    before = identity_of(panel(), 59)
    assert before.session == date(2020, 2, 29)
    assert identity_of(panel(newest="m"), 59) == before
    assert identity_of(panel(factors=((date(2021, 1, 5), 5.0),)), 59) == before
    split = panel(factors=((date(2020, 2, 5), 5.0),))
    assert identity_of(split, 59) != before
    assert identity_of(panel(newest="m"), 89) != identity_of(panel(), 89)
    np.testing.assert_allclose(
        build(MarketRows(split), 59).columns["close"], build(MarketRows(panel()), 59).columns["close"]
    )
    assert build(MarketRows(split), 59).columns["ema_20"][0] != build(MarketRows(panel()), 59).columns["ema_20"][0]


def test_the_least_recently_used_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "KEPT", 2)
    store, market = SnapshotStore(tmp_path), panel()
    for last in (60, 70, 80):
        store.write(identity_of(market, last), build(MarketRows(market), last))
    assert sorted(path.name[:10] for path in tmp_path.iterdir()) == ["2021-01-11", "2021-01-21"]


def test_a_field_joins_by_one_entry() -> None:
    from app.engines import indicators as ind

    own = Field(
        "sma_5_gap",
        "Above SMA 5",
        "percent",
        "100 · (close / sma(close, 5) - 1)",
        5,
        "How far the close is above the mean of 5 bars.",
        lambda x: 100.0 * (x.close / x.newest(lambda h: ind.sma(h.close, 5, gap=h.gap)) - 1.0),
    )
    twice = Field("twice", "Twice", "percent", "2 · sma_5_gap", 5, "Twice that.", lambda x: 2.0 * x["sma_5_gap"])
    close = np.array([10.0, 11, 12, 13, 14, 20])
    bars = Bars.from_ohlcv(np.datetime64("2024-01-01") + np.arange(6), {"AAA": (close,) * 5})
    made = snapshot(bars, fields=registered(twice, own))
    assert made["sma_5_gap"][0] == pytest.approx(100 * (20 / 14 - 1))
    assert made["twice"][0] == 2 * made["sma_5_gap"][0]
    assert FIELDS["ema_20"].warm_up > 200  # a recursion remembers its start
    assert FIELDS["bb_upper"].warm_up == FIELDS["bb_upper"].window == 20
    with pytest.raises(ValueError, match="two fields called twice"):
        registered(twice, twice)
    circle = registered(twice._replace(of=lambda x: x["twice"]))
    with pytest.raises(ValueError, match="defined by itself"):
        snapshot(bars, fields=circle)
