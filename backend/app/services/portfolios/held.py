"""What an analysis reads of a portfolio: its shares at their last prices, their history, and a benchmark's.

History is of prices made comparable over splits, bonuses and rights, without dividends. Where bars are missing, the
return of the bar after the hole is the one from the exchange's own previous close: of one session, like every other.
What happened in the hole is in no return. A move that is explained by nothing on file ends the history before it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines import calendar
from app.engines.ledger import positions
from app.engines.portfolio.window import TooLittleHistory, Window, required_sessions, usable_window
from app.exceptions import DataNotFoundError, InsufficientDataError, ValidationError
from app.models import UserPortfolio
from app.repositories.index_series import coverage, has_series, index_closes
from app.repositories.indices import IndexRepository
from app.repositories.panel import PanelRepository
from app.services.index_names import canonical, index_name, known_index
from app.services.panel import Panel
from app.services.panel.panel import find_gaps
from app.services.portfolios.ledgers import ledger_of
from app.services.portfolios.service import PortfolioService

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
D1 = NDArray[np.datetime64]

UNCLASSIFIED = "Unclassified"
USUAL = "NIFTY50"
LONGEST = 5040  # sessions an analysis may look back


@dataclass(frozen=True, eq=False)
class Held:
    """N shares of a portfolio that have a price, by key; `unpriced` are the symbols of those without.

    `price` is the last close as traded, `value` rupees, `weight` its part of all of them.
    """

    portfolio: UserPortfolio
    panel: Panel
    session: date
    keys: tuple[str, ...]
    symbols: tuple[str, ...]
    companies: tuple[str | None, ...]
    sectors: tuple[str, ...]
    ids: NDArray[np.int64]
    quantity: NDArray[np.int64]
    price: F1
    unpriced: tuple[str, ...]
    notes: tuple[str, ...]  # of the ledger: what it lacks

    @property
    def value(self) -> F1:
        """Rupees."""
        return self.quantity * self.price

    @property
    def weight(self) -> F1:
        """Shares of the whole, which sum to 1."""
        return self.value / float(np.sum(self.value))


def held_shares(
    service: PortfolioService, market: Market, session: Session, portfolio_id: int, asof: date | None
) -> Held:
    """The shares of a portfolio at the end of a day, now where none is given.

    Raises
    ------
    DataNotFoundError : there is no such portfolio.
    ValidationError : a day to come.
    InsufficientDataError : nothing is held, or nothing of it has a price.
    """
    portfolio = service.found(session, portfolio_id)
    if asof is not None and asof > service.today():
        raise ValidationError(f"asof: {asof} lies in the future; today is {service.today()}", "asof")
    names = service.names(market, session)
    ledger = ledger_of(session, portfolio_id, names, asof)
    open_positions = [one for one in positions(ledger).values() if one.quantity]
    marks = service.marks.on(names.panel, asof)
    found = []
    unpriced = []
    for one in open_positions:
        key = names.current(one.instrument)
        mark = marks.of(key)
        info = names.info(key)
        if mark is None or info is None:
            unpriced.append(info.symbol if info is not None else one.instrument)
        else:
            found.append((key, info, one.quantity, float(mark.close)))
    if not found or marks.session is None:
        told = "has no price in the data" if unpriced else "holds no share"
        when = "" if asof is None else f" on {asof}"
        raise InsufficientDataError(f"{portfolio.name} {told}{when}: there is nothing to judge", 1, 0)
    found.sort(key=lambda row: row[0])
    return Held(
        portfolio=portfolio,
        panel=names.panel,
        session=marks.session,
        keys=tuple(key for key, *_ in found),
        symbols=tuple(info.symbol_on(marks.session) for _, info, *_ in found),
        companies=tuple(info.name for _, info, *_ in found),
        sectors=tuple(info.sector or UNCLASSIFIED for _, info, *_ in found),
        ids=np.array([info.id for _, info, *_ in found], np.int64),
        quantity=np.array([quantity for _, _, quantity, _ in found], np.int64),
        price=np.array([price for *_, price in found]),
        unpriced=tuple(sorted(unpriced)),
        notes=tuple(f"{note}." for note in ledger.notes),
    )


@dataclass(frozen=True, eq=False)
class Past:
    """Bars of some shares over sessions [T]: comparable closes, volumes in today's shares, where history ends.

    `joined` [N] counts the holes over which a share's closes were joined by the exchange's previous close.
    """

    sessions: D1
    close: F2
    volume: F2
    gap: B2
    joined: NDArray[np.int64]


def past_of(panel: Panel, keys: tuple[str, ...], first: int, last: int, *, join: bool = True) -> Past:
    """The sessions [first, last) of a panel; holes joined, or left as gaps."""
    data = panel.values(("close", "prev_close", "volume"), keys, first, last)
    sessions = panel.sessions[first:last]
    factor = panel.factors(keys, sessions)
    gap = find_gaps(data["close"], data["prev_close"])
    last_factor = factor[-1].copy() if len(sessions) else np.ones(len(keys))
    shares = last_factor / factor
    joined = np.zeros(len(keys), np.int64)
    if join and gap.any():
        for t, n in np.argwhere(gap).tolist():
            previous = data["prev_close"][t, n]
            if not previous > 0.0:
                continue
            before = t - 1 - int(np.argmax(~np.isnan(data["close"][:t, n][::-1])))
            day = sessions[t].astype(object)
            step = 1.0
            for ex_date, one in panel.instruments[keys[n]].factors:
                step *= one if ex_date == day else 1.0
            factor[t:, n] *= data["close"][before, n] / previous * step / (factor[t, n] / factor[before, n])
            gap[t, n] = False
            joined[n] += 1
    for n, key in enumerate(keys):
        for jump in panel.instruments[key].jumps:
            at = int(np.searchsorted(sessions, np.datetime64(jump, "D")))
            if at < len(sessions) and sessions[at] == np.datetime64(jump, "D"):
                gap[at, n] = True
    return Past(sessions, data["close"] * factor, data["volume"] * shares, gap, joined)


@dataclass(frozen=True, eq=False)
class Against:
    """A benchmark's returns at a window's sessions, NaN where unknown; and why it cannot be used, where it cannot."""

    id: str
    name: str
    returns: F1
    reason: str | None


@dataclass(frozen=True, eq=False)
class Judged:
    """Everything an analysis starts from. Columns of `window` are those of `past` and `held` that are `window.kept`.

    `weights` of the kept holdings sum to 1; `covered` is the part of the portfolio they are.
    """

    held: Held
    past: Past
    window: Window
    weights: F1
    covered: float
    against: Against
    lookback: int

    def notes(self) -> list[str]:
        """What a reader must know of the data."""
        days = self.window.sessions
        first, last = (day.astype(object) for day in (days[0], days[-1]))
        lacking = len(calendar.sessions(first, last)) - days.size
        told = list(self.held.notes)
        if lacking > 0:
            told.append(
                f"{lacking} sessions of the exchange from {first} to {last} are not in the data: their returns are in "
                "no figure, nor are they in the drawdown."
            )
        joined = [self.held.symbols[n] for n in self.window.kept if self.past.joined[n]]
        if joined:
            more = f" and {len(joined) - 5} more" if len(joined) > 5 else ""
            told.append(
                f"Bars of {', '.join(joined[:5])}{more} are missing: the return after a hole is that from the "
                "exchange's own previous close."
            )
        return told

    def left_out(self) -> list[dict[str, Any]]:
        """Who is left out of what rests on returns, and why."""
        held = self.held
        rows: list[dict[str, Any]] = [{"symbol": one, "reason": "no price in the data"} for one in held.unpriced]
        return rows + [
            {"symbol": held.symbols[n], "reason": reason} for n, reason in sorted(self.window.left_out.items())
        ]


class Benchmarks:
    """Closes of indices, kept as long as the data stays the same. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state: dict[Market, tuple[Any, ...]] = {}
        self._closes: dict[tuple[Market, str | None], tuple[str, D1, F1]] = {}

    def closes(self, market: Market, session: Session, name: str | None) -> tuple[str, D1, F1]:
        """Id, days and closes of an index; none of either where a known one has no values.

        Without a name it is the NIFTY 50, in a market without it the index with the longest series.
        Raises DataNotFoundError where nothing is known of the name.
        """
        asked = None if name is None else canonical(name)
        state = tuple(sorted(PanelRepository(session).versions().items()))
        with self._lock:
            if self._state.get(market) != state:
                self._state[market] = state
                self._closes = {key: one for key, one in self._closes.items() if key[0] is not market}
            found = self._closes.get((market, asked))
        if found is None:
            index = asked or _usual(session)
            rows = index_closes(session, index)
            if not rows and known_index(index) is None and not IndexRepository(session).exists(index):
                raise DataNotFoundError(f"No index {name} is known", "index", index)
            found = (
                index,
                np.array([day for day, _ in rows], "datetime64[D]"),
                np.array([close for _, close in rows], np.float64),
            )
            with self._lock:
                if self._state.get(market) == state:
                    self._closes[market, asked] = found
        return found

    def over(self, market: Market, session: Session, name: str | None, sessions: D1, before: np.datetime64) -> Against:
        """Returns at sessions [T], the first one from `before`."""
        index, days, closes = self.closes(market, session, name)
        wanted = np.append(before, sessions)
        place = np.minimum(np.searchsorted(days, wanted), max(days.size - 1, 0))
        levels = np.where(days[place] == wanted, closes[place], np.nan) if days.size else np.full(wanted.size, np.nan)
        returns = levels[1:] / levels[:-1] - 1.0
        known = int(np.count_nonzero(~np.isnan(returns)))
        needed = required_sessions(sessions.size)
        written = index_name(index)
        reason = None if known >= needed else f"{written} has {known} returns in the window, {needed} are needed"
        return Against(index, written, returns, reason)


def _usual(session: Session) -> str:
    """The NIFTY 50, else the index with the longest series; the first by id of equals."""
    if has_series(session, USUAL):
        return USUAL
    known = sorted(coverage(session), key=lambda row: (-row["days"], row["index_id"]))
    return str(known[0]["index_id"]) if known else USUAL


def judged(
    held: Held, benchmarks: Benchmarks, market: Market, session: Session, lookback: int, benchmark: str | None
) -> Judged:
    """Holdings with the history that a lookback asks for.

    Raises
    ------
    InsufficientDataError : no holding has enough sessions.
    DataNotFoundError : no such benchmark.
    """
    panel = held.panel
    _, _, last = panel.window(None, held.session)
    past = past_of(panel, held.keys, max(0, last - lookback - 1), last)
    try:
        window = usable_window(past.sessions, past.close, past.gap, lookback)
    except TooLittleHistory as error:
        raise InsufficientDataError(str(error), error.required, error.available) from error
    weights = held.weight[list(window.kept)]
    covered = float(np.sum(weights))
    against = benchmarks.over(market, session, benchmark, window.sessions, past.sessions[window.first])
    return Judged(held, past, window, weights / covered, covered, against, lookback)
