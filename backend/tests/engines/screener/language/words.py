"""What the language tests share: a vocabulary, a small market, random trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from app.engines.bars import Bars, Prices
from app.engines.evidence.lookahead_panel import market
from app.engines.screener.language import FieldSpec, Kind, Vocabulary
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.language.tree import (
    Among,
    Arithmetic,
    Call,
    Compare,
    Name,
    Node,
    Not,
    Number,
    Shift,
    Text,
    conjunction,
    disjunction,
    negative,
)

PRICE, SHARES, PLAIN, FLAG, TEXT = (
    Kind("number", 1),
    Kind("number", -1),
    Kind("number", 0),
    Kind("flag"),
    Kind("text"),
)
FIELDS = {
    **{name: FieldSpec(PRICE) for name in ("open", "high", "low", "close", "eps")},
    "volume": FieldSpec(SHARES),
    "turnover": FieldSpec(PLAIN),
    "roe": FieldSpec(PLAIN),
    "index_close": FieldSpec(PLAIN),
    "sector": FieldSpec(TEXT),
    "name": FieldSpec(TEXT),
    "ema_20": FieldSpec(PRICE, "ema(close, 20)"),
    "up_day": FieldSpec(FLAG, "close > close[1]"),
}
SECTORS = ("Information Technology", "Pharma")
NAMES = ("Company 1", "Company 2", "company 11", "O'Brien & Sons")


def vocabulary() -> Vocabulary:
    """Fields enough for every kind of value."""
    return Vocabulary(FIELDS, {"sector": SECTORS}, {"NIFTY50": "NIFTY50", "NIFTY 50": "NIFTY50"})


def small_market(bars: int = 300, seed: int = 1) -> tuple[Bars, Rows]:
    """A panel with splits, gaps and days without trade, and its rows with figures beside it."""
    panel = market(bars, seed=seed)
    random = np.random.default_rng(seed)
    sessions, columns = panel.shape
    roe = np.where(random.random(panel.shape) < 0.1, np.nan, random.normal(15, 8, panel.shape))
    index = np.repeat(100 * np.exp(np.cumsum(random.normal(0, 0.01, (sessions, 1)), axis=0)), columns, axis=1)
    member = np.repeat((random.random((1, columns)) < 0.5).astype(np.float64), sessions, axis=0)
    member[: sessions // 5] = np.nan  # no list of the index is on file yet
    rows = rows_of_bars(
        panel,
        {
            "turnover": panel.raw.close * panel.raw_volume,
            "roe": roe,
            "index_close": index,
            "eps": np.full(panel.shape, 5.0),
        },
        {
            "sector": [None if n == 0 else SECTORS[n % 2] for n in range(columns)],
            "name": [None if n == 3 else "O'Brien & Sons" if n == 4 else f"Company {n}" for n in range(columns)],
        },
        {"NIFTY50": member},
    )
    return panel, rows


def in_shares_of(bars: Bars, t: int) -> Bars:
    """The bars up to `t` as that day reads them, whole paise as such, with ratios of actions: 5 for one, one for 2."""
    then, now = bars.factor[: t + 1], bars.factor[t]
    split = np.maximum(now / then, 1.0)
    merged = np.maximum(then / now, 1.0)

    def read(values: np.ndarray, split: np.ndarray, merged: np.ndarray) -> np.ndarray:
        values = values[: t + 1]
        paise = np.round(values * 100)
        return np.where(paise / 100 == values, paise * merged / (100 * split), values * merged / split)

    prices = Prices(*(read(values, split, merged) for values in bars.raw))
    volume, ones = read(bars.raw_volume, merged, split), np.ones(then.shape)
    return Bars(
        bars.sessions[: t + 1], bars.keys, bars.symbols, prices, volume, ones, bars.gap[: t + 1], bars.member[: t + 1]
    )


def grid(bars: Bars, rows: Rows, values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Values of rows as [T, N]."""
    out = np.full(bars.shape, np.nan)
    out[rows.days, rows.columns] = values
    return out


_names = st.sampled_from(["close", "x", "ema_20", "a_b1"]).map(Name)
_numbers = st.one_of(
    st.integers(-1000, 10**14).map(float),
    st.floats(-1e200, 1e200, allow_nan=False, allow_infinity=False),
).map(Number)
_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('"\\\n\t'), max_size=6).map(Text)


def _more(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(below, min_size=2, max_size=3)
    return st.one_of(
        st.builds(Call, st.sampled_from(["sma", "rank", "f"]), st.lists(below, max_size=3).map(tuple)),
        st.builds(lambda text: Call("index", (text,)), _texts),
        st.builds(Shift, below, st.integers(0, 2_520)),
        below.map(negative),
        st.builds(Arithmetic, st.sampled_from("+-*/"), below, below),
        st.builds(Among, below, st.lists(_numbers | _texts, min_size=1, max_size=3).map(tuple)),
        below.map(Not),
        some.map(conjunction),
        some.map(disjunction),
        st.tuples(some, st.lists(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), min_size=2, max_size=2)).map(
            lambda both: Compare(tuple(both[0]), tuple(both[1][: len(both[0]) - 1]))
        ),
    )


trees: st.SearchStrategy[Node] = st.recursive(st.one_of(_names, _numbers, _texts), _more, max_leaves=25)
