"""Factor returns of a market, built once for a state of the data, and a portfolio's exposures to them."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.portfolio import factors
from app.engines.portfolio.window import of_portfolio
from app.services.fundamentals import FundamentalsService
from app.services.panel import Panel
from app.services.panel.panel import find_gaps
from app.services.portfolios.held import Judged

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

RANKED: Final = 500  # the most traded shares of the quarter before a month's end are ranked
QUARTER: Final = 63
SPANS: Final = (252, 756, 1260, 2520, 5040)  # sessions a book reaches back; one is built for the next longer
MOST_UNKNOWN: Final = 0.2  # of the window's sessions in which a factor may be unknown
NAMES: Final = {
    "market": "Market",
    "size": "Size, small less large",
    "value": "Value, cheap less dear",
    "momentum": "Momentum, winners less losers",
    "low_volatility": "Low volatility, quiet less loud",
}
RANKED_BY: Final = {
    "size": "market values",
    "value": "ratios of price to earnings",
    "momentum": "prices of a year before",
    "low_volatility": "returns of a year before",
    "market": "levels of the index",
}
NOTE: Final = (
    f"Each month's end the {RANKED} most traded shares are ranked by what was known then; a factor is the mean return "
    "of the top three tenths less that of the bottom three tenths until the next. Exposures are slopes of one "
    "regression, with 95 % intervals (Newey and West)."
)


class Book(NamedTuple):
    """Factor returns [T] by name at sessions [T], NaN where unknown."""

    sessions: NDArray[np.datetime64]
    returns: dict[str, F1]


class FactorService:
    """Books of factor returns, the latest few kept. Safe to share between threads."""

    def __init__(self, fundamentals: FundamentalsService) -> None:
        self._fundamentals = fundamentals
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._books: dict[tuple[Any, ...], Book] = {}

    def exposures(self, market: Market, session: Session, found: Judged) -> dict[str, Any]:
        """How much of a portfolio's moves each factor explains; what is unknown is null with a reason."""
        book = self._book(market, session, found.held.panel, found.held.session, found.lookback)
        window = found.window
        at = np.searchsorted(book.sessions, window.sessions)
        columns: dict[str, F1] = {name: one[at] for name, one in book.returns.items()}
        if found.against.reason is None:
            columns["market"] = found.against.returns
        reasons = {}
        for name in NAMES:
            if name not in columns:
                reasons[name] = str(found.against.reason)
            elif int(np.isnan(columns[name]).sum()) > MOST_UNKNOWN * window.sessions.size:
                reasons[name] = _why_unknown(name, columns[name], window.sessions)
        used = [name for name in NAMES if name not in reasons]
        fit = None
        if used:
            returns = of_portfolio(window.returns, found.weights)
            fit = factors.regress(returns, np.column_stack([columns[name] for name in used]))
            if fit is None:
                reasons |= dict.fromkeys(used, "too few sessions in which all factors are known")
        rows = []
        for name, words in NAMES.items():
            one = None if fit is None or name in reasons else fit.exposures[used.index(name)]
            rows.append(
                {
                    "id": name,
                    "name": words,
                    "exposure": None if one is None else one.value,
                    "low": None if one is None else one.low,
                    "high": None if one is None else one.high,
                    "reason": reasons.get(name),
                }
            )
        return {
            "factors": rows,
            "r_squared": None if fit is None else fit.r_squared,
            "sessions": 0 if fit is None else fit.sessions,
            "note": NOTE,
        }

    def _book(self, market: Market, session: Session, panel: Panel, last: date, lookback: int) -> Book:
        span = next(one for one in SPANS if one >= lookback)
        table = self._fundamentals.table(market, session)
        key = (market, panel.generation, table.version, last, span)
        with self._lock:
            found = self._books.get(key)
        if found is not None:
            return found
        with self._building:  # a second that asks for the same waits for the first
            with self._lock:
                found = self._books.get(key)
            if found is None:
                found = self._built(market, session, panel, last, span)
                with self._lock:
                    while len(self._books) >= 4:
                        self._books.pop(next(iter(self._books)))
                    self._books[key] = found
        return found

    def _built(self, market: Market, session: Session, panel: Panel, last: date, span: int) -> Book:
        _, _, end = panel.window(None, last)
        first = max(0, end - span - factors.YEAR - factors.MONTH - 1)
        every = tuple(key for key in panel.keys if panel.instruments[key].instrument_type == "EQUITY")
        sessions = panel.sessions[first:end]
        ends = factors.month_ends(sessions)
        turnover = panel.values(("turnover",), every, first, end)["turnover"]
        liquid = np.zeros((len(ends), len(every)), np.bool_)
        for m, t in enumerate(ends.tolist()):
            liquid[m] = _most_traded(turnover[max(0, t - QUARTER + 1) : t + 1])
        chosen = np.flatnonzero(liquid.any(axis=0))  # nobody else is ever ranked
        liquid, keys = liquid[:, chosen], tuple(every[n] for n in chosen.tolist())
        data = panel.values(("close", "prev_close"), keys, first, end)
        anchored = data["close"] * panel.factors(keys, sessions)
        returns = np.full(anchored.shape, np.nan)
        returns[1:] = anchored[1:] / anchored[:-1] - 1.0
        returns[find_gaps(data["close"], data["prev_close"])] = np.nan
        ids = np.array([panel.instruments[key].id for key in keys], np.int64)
        size, value = np.full((2, len(ends), len(keys)), np.nan)
        for m, t in enumerate(ends.tolist()):
            known = self._fundamentals.columns(market, session, ids, sessions[t].astype(object))
            size[m] = -known.numbers["market_cap"]
            with np.errstate(divide="ignore", invalid="ignore"):
                value[m] = np.where(known.numbers["pe_ratio"] != 0.0, 1.0 / known.numbers["pe_ratio"], np.nan)
        scores = {
            "size": size,
            "value": value,
            "momentum": factors.momentum_scores(anchored, ends),
            "low_volatility": factors.quiet_scores(returns, ends),
        }
        built = {}
        for name, score in scores.items():
            built[name] = factors.long_short(returns, np.where(liquid, score, np.nan), ends)
        return Book(sessions, built)


def _why_unknown(name: str, returns: F1, sessions: NDArray[np.datetime64]) -> str:
    """Since when the data tell what a factor ranks by, and how far back it can be asked for."""
    known = np.flatnonzero(~np.isnan(returns))
    told = RANKED_BY[name]
    if not known.size:
        return f"{told} are on file for fewer than {factors.FEWEST} of the ranked shares on every day of the window"
    lacking = np.cumsum(np.isnan(returns)[::-1])
    enough = np.flatnonzero(lacking <= MOST_UNKNOWN * np.arange(1, sessions.size + 1))
    way_out = f"; look back {int(enough[-1]) + 1} sessions at most" if enough.size else ""
    return (
        f"{told} are on file for enough shares in {known.size} of {sessions.size} sessions, the first of them "
        f"{sessions[known[0]]}{way_out}"
    )


def _most_traded(turnover: F2) -> NDArray[np.bool_]:
    """The 500 shares of most median turnover, a session without a trade counting as none."""
    usual = np.median(np.nan_to_num(turnover, nan=0.0), axis=0)
    chosen = np.zeros(usual.size, np.bool_)
    chosen[np.argsort(-usual, kind="stable")[:RANKED]] = True
    found: NDArray[np.bool_] = chosen & (usual > 0.0)
    return found
