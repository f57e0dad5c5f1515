"""The prices of the sample market: seeded random walks that keep the exchange's rules.

A market factor with a crash and its recovery, sector factors and each company's own moves with fat tails. Prices are
whole paise on the tick of their day and never leave the price band; on a split or bonus the band is taken around the
adjusted close, while the previous close in the file stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines import calendar
from app.services.sample_market import companies

I1 = NDArray[np.int64]
I2 = NDArray[np.int64]
F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]

_CRASH: Final = date(2020, 2, 24)
_CRASH_SESSIONS: Final = 22
_RECOVERY_SESSIONS: Final = 60
_TRADE_FOR_TRADE_SESSIONS: Final = 60  # before the delisting


class Event(NamedTuple):
    """A corporate action: from `session` on, `new` shares stand where `old` stood.

    A split changes the face value and the ISIN, a bonus does not. One that is not listed is in the prices alone.
    """

    company: int
    session: int
    new: int
    old: int
    split: bool = True
    listed: bool = True


class Dividend(NamedTuple):
    """Paise a share, off the price from `session` on."""

    company: int
    session: int
    paise: int


class Fates(NamedTuple):
    """What befalls the companies that have no story of their own, by company.

    `listed` and `gone` are the first session with and the first without; `renamed` the first under the new symbol;
    `spells` the sessions of trade-to-trade, last excluded; `narrow` have a band of 5 %.
    """

    listed: dict[int, int]
    gone: dict[int, int]
    renamed: dict[int, int]
    spells: dict[int, tuple[int, int]]
    narrow: tuple[int, ...]
    actions: tuple[Event, ...]


@dataclass(frozen=True, eq=False)
class Market:
    """A simulated market: T sessions, N companies, arrays [T, N]; zero where a company has no bar.

    Attributes
    ----------
    sessions : exchange dates
    open, high, low, close, last, average, previous_close : paise, as traded
    volume, trades, delivered : shares, trades, shares delivered
    traded : where there is a bar
    trade_for_trade : where the series is BE
    actions : splits and bonuses, the two that are told of in the summary first
    dividends : by company and date
    gone, renamed : session by company, the told ones among them
    renamed_at, delisted_at, listed_at : sessions of the rename, the first without the delisted, the first of the late
        listing
    """

    sessions: tuple[date, ...]
    open: I2
    high: I2
    low: I2
    close: I2
    last: I2
    average: I2
    previous_close: I2
    volume: I2
    trades: I2
    delivered: I2
    traded: B2
    trade_for_trade: B2
    actions: tuple[Event, ...]
    dividends: tuple[Dividend, ...]
    gone: dict[int, int]
    renamed: dict[int, int]
    renamed_at: int
    delisted_at: int
    listed_at: int


def tick_paise(day: date, month_close: I1) -> I1:
    """Tick of each price by the rules of `day`, from the close at the end of the month before.

    Until 2024-06-09 five paise for all; then one paisa below 250 rupees; from 2025-04-15 coarser with the price.
    """
    if day < date(2024, 6, 10):
        return np.full(month_close.shape, 5, dtype=np.int64)
    cheap = month_close < 250_00
    if day < date(2025, 4, 15):
        return np.where(cheap, 1, 5).astype(np.int64)
    limits = [cheap, month_close <= 1_000_00, month_close <= 5_000_00, month_close <= 10_000_00]
    limits.append(month_close <= 20_000_00)
    return np.select(limits, [1, 5, 10, 50, 100], 500).astype(np.int64)


def simulate(seed: int, start: date, end: date, stocks: int) -> Market:
    """A market of the first `stocks` companies over the sessions from `start` to `end`, both included.

    Raises
    ------
    ValueError : fewer than 10 stocks or more than there are companies, or fewer than 120 sessions.
    """
    if not 10 <= stocks <= len(companies.COMPANIES):
        raise ValueError(f"stocks must be 10 to {len(companies.COMPANIES)}, got {stocks}")
    sessions = tuple(calendar.sessions(start, end))
    if len(sessions) < 120:
        raise ValueError(f"a sample market needs at least 120 sessions, {start} to {end} has {len(sessions)}")
    return _Simulation(np.random.Generator(np.random.PCG64(seed)), sessions, stocks).run()


class _Simulation:
    """One run: what is drawn for the whole period first, then day by day."""

    def __init__(self, random: np.random.Generator, sessions: tuple[date, ...], stocks: int) -> None:
        self.random = random
        self.sessions = sessions
        self.count = len(sessions)
        self.stocks = stocks
        self.at = {company.symbol: n for n, company in enumerate(companies.COMPANIES[:stocks])}
        self.actions: tuple[Event, ...] = (
            Event(self.at[companies.SPLIT], int(0.44 * self.count), 5, 1),
            Event(self.at[companies.BONUS], int(0.73 * self.count), 2, 1, split=False),
        )
        self.delisted_at = int(0.49 * self.count)
        self.listed_at = int(0.31 * self.count)
        self.fates = _fates(random, self.count, stocks)
        self.actions += self.fates.actions
        self.renamed = {self.at[companies.RENAMED]: int(0.52 * self.count), **self.fates.renamed}
        self.gone = {self.at[companies.DELISTED]: self.delisted_at, **self.fates.gone}
        self.listed = self._listed()
        self.returns = self._returns()
        self.price, self.turnover = self._sizes()

    def _listed(self) -> B2:
        listed = np.ones((self.count, self.stocks), dtype=np.bool_)
        for n, session in self.gone.items():
            listed[session:, n] = False
        for n, session in {self.at[companies.LISTED_LATE]: self.listed_at, **self.fates.listed}.items():
            listed[:session, n] = False
        return listed

    def _returns(self) -> F2:
        """Log returns before ticks and bands, [T, N]."""
        random, count, stocks = self.random, self.count, self.stocks
        drift, width = np.full(count, 0.0006), np.full(count, 0.008)
        for crash in self._crashes():
            recovery = crash + _CRASH_SESSIONS
            after = slice(recovery, recovery + _RECOVERY_SESSIONS)
            drift[crash:recovery], width[crash:recovery] = -0.019, 0.030
            drift[after], width[after] = 0.0055, 0.016
        for begins, ends, fall in ((0.35, 0.42, -0.0016), (0.79, 0.86, -0.0014)):
            drift[int(begins * count) : int(ends * count)] = fall
        market = drift + width * random.standard_normal(count)
        sectors = sorted({company.sector for company in companies.COMPANIES[:stocks]})
        own_sector = np.array([sectors.index(company.sector) for company in companies.COMPANIES[:stocks]])
        sector = 0.006 * random.standard_normal((count, len(sectors)))
        sector += np.repeat(0.0008 * random.standard_normal((-(-count // 63), len(sectors))), 63, axis=0)[:count]
        beta = random.uniform(0.6, 1.5, stocks)
        own_width = random.uniform(0.009, 0.020, stocks)
        own = random.standard_t(5, (count, stocks)) * np.sqrt(3 / 5)
        own_drift = random.normal(0.0, 0.0004, stocks)
        own_drift[list(self.gone)] = -0.0025
        own_width[list(self.fates.narrow)] *= 2.0
        returns: F2 = beta * market[:, None] + sector[:, own_sector] + own_drift + own_width * own
        if stocks > companies.STORIED:  # news that no band can hold, now and then
            days, hit = random.integers(60, count, stocks), np.arange(stocks)
            returns[days, hit] += random.choice([-0.35, 0.35], stocks)
        return returns

    def _crashes(self) -> list[int]:
        """First sessions of the crashes: spring 2020 where the time holds it, and one more in a long market."""
        spring = next((t for t, day in enumerate(self.sessions) if day >= _CRASH), 0)
        first = spring if spring > 0 else min(37, self.count // 8)
        return [first] if self.count < 2000 else [self.count // 6, first]

    def _dividends(self) -> list[Dividend]:
        """A yearly payment by about half the companies; the amount is settled when its day comes."""
        random, found = self.random, []
        for n in np.flatnonzero(random.random(self.stocks) < 0.5):
            month = int(random.integers(6, 10))
            firsts = [t for t in range(1, self.count) if self.sessions[t].month == month != self.sessions[t - 1].month]
            shift = int(random.integers(0, 15))
            closed = {action.session for action in self.actions if action.company == n}
            found += [Dividend(int(n), t + shift, 0) for t in firsts if t + shift < self.count]
            found = [d for d in found if d.company != n or (self.listed[d.session - 1, n] and d.session not in closed)]
        return found

    def _sizes(self) -> tuple[I1, F1]:
        """First close in paise and usual turnover in rupees of each company."""
        random, stocks = self.random, self.stocks
        price = np.exp(random.uniform(np.log(60), np.log(2400), stocks))
        price[self.at[companies.SPLIT]] = 3150.0
        price[self.at[companies.BONUS]] = 840.0
        rank = random.permutation(stocks)
        turnover = 2.2e9 * np.exp(-rank / (stocks / 5.0)) * random.uniform(0.8, 1.25, stocks)
        turnover[self.at[companies.DELISTED]] = 1.2e8
        turnover[self.at[companies.ILLIQUID]] = 2.5e6
        turnover[self.at[companies.SPLIT]] = 1.9e9
        return np.round(price * 20).astype(np.int64) * 5, turnover

    def run(self) -> Market:
        random, count, stocks = self.random, self.count, self.stocks
        shape = (count, stocks)
        paise = {
            name: np.zeros(shape, dtype=np.int64)
            for name in ("open", "high", "low", "close", "last", "average", "previous_close")
        }
        volume, trades, delivered = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        traded = self.listed.copy()
        illiquid = self.at[companies.ILLIQUID]
        traded[1:, illiquid] &= random.random(count - 1) > 0.03
        trade_for_trade = np.zeros(shape, dtype=np.bool_)
        delisted = self.at[companies.DELISTED]
        trade_for_trade[max(self.delisted_at - _TRADE_FOR_TRADE_SESSIONS, 0) : self.delisted_at, delisted] = True
        for n, (begins, ends) in self.fates.spells.items():
            trade_for_trade[begins:ends, n] = True

        band = np.where(self.turnover < 2e7, 10, 20).astype(np.int64)  # percent
        band[list(self.fates.narrow)] = 5
        dividends: list[Dividend] = []
        due: dict[int, list[int]] = {}
        for planned in self._dividends():
            due.setdefault(planned.session, []).append(planned.company)
        yields = random.uniform(0.004, 0.02, stocks)
        close, month_close = self.price.copy(), self.price.copy()
        fashion = np.zeros(stocks)  # log of turnover against the usual
        for t, day in enumerate(self.sessions):
            if t > 0 and day.month != self.sessions[t - 1].month:
                month_close = close.copy()
            before, base = close.copy(), close.copy()
            for action in self.actions:
                if action.session == t:
                    base[action.company] = base[action.company] * action.old // action.new
                    month_close[action.company] = month_close[action.company] * action.old // action.new
            move = self.returns[t].copy()
            for n in due.get(t, ()):
                amount = max(int(before[n] * yields[n]) // 10 * 10, 10)
                if traded[t, n] and 20 * amount < before[n]:
                    dividends.append(Dividend(n, t, amount))
                    move[n] -= amount / before[n]
            tick = tick_paise(day, month_close)
            limit = np.where(trade_for_trade[t], 5, band)
            lower = -(-base * (100 - limit) // (100 * tick)) * tick
            upper = base * (100 + limit) // (100 * tick) * tick
            bar = self._bar(base, move, tick, lower, upper)
            fashion = 0.985 * fashion + 0.07 * random.standard_normal(stocks)
            share = _share_of_a_day(day)
            value = self.turnover * share * np.exp(fashion + 0.35 * random.standard_normal(stocks))
            value *= 1.0 + 18.0 * np.abs(self.returns[t])
            average = (bar["open"] + bar["high"] + bar["low"] + 3 * bar["close"]) // 6
            average = np.clip(average, bar["low"], bar["high"])
            shares = np.maximum(np.round(100.0 * value / average), 1).astype(np.int64)
            shares = np.where(bar["high"] == bar["low"], np.maximum(shares // 12, 1), shares)  # locked at the band
            today = traded[t]
            for name, column in {**bar, "average": average, "previous_close": before}.items():
                paise[name][t] = np.where(today, column, 0)
            volume[t] = np.where(today, shares, 0)
            lot = np.exp(random.normal(4.2, 0.2, stocks))
            trades[t] = np.where(today, np.clip(np.round(shares / lot), 1, shares), 0).astype(np.int64)
            kept = np.round(shares * random.uniform(0.22, 0.68, stocks)).astype(np.int64)
            delivered[t] = np.where(today, np.where(trade_for_trade[t], shares, kept), 0)
            close = np.where(today, bar["close"], base)
        return Market(
            sessions=self.sessions,
            **paise,
            volume=volume,
            trades=trades,
            delivered=delivered,
            traded=traded,
            trade_for_trade=trade_for_trade,
            actions=self.actions,
            dividends=tuple(sorted(dividends)),
            gone=self.gone,
            renamed=self.renamed,
            renamed_at=int(0.52 * count),
            delisted_at=self.delisted_at,
            listed_at=self.listed_at,
        )

    def _bar(self, base: I1, move: F1, tick: I1, lower: I1, upper: I1) -> dict[str, I1]:
        """Open, high, low, close and last of one day, on the tick and inside the band."""
        random, stocks = self.random, self.stocks
        width = np.maximum(np.abs(move), 0.006)
        first = np.exp(0.35 * move + 0.25 * width * random.standard_normal(stocks))
        level = base.astype(np.float64)
        opens = _on_tick(level * first, tick, lower, upper)
        close = _on_tick(level * np.exp(move), tick, lower, upper)
        # A move far beyond the band leaves one price: nobody sells at the upper, nobody buys at the lower.
        room = np.log(np.where(move > 0, upper / base, base / lower))
        opens = np.where(np.abs(move) > 1.3 * room, close, opens)
        locked = (opens == close) & ((close == upper) | (close == lower))
        above = np.exp(0.45 * width * np.abs(random.standard_normal(stocks)))
        below = np.exp(-0.45 * width * np.abs(random.standard_normal(stocks)))
        top, bottom = np.maximum(opens, close), np.minimum(opens, close)
        high = np.maximum(_on_tick((top * above).astype(np.float64), tick, lower, upper), top)
        low = np.minimum(_on_tick((bottom * below).astype(np.float64), tick, lower, upper), bottom)
        high, low = np.where(locked, close, high), np.where(locked, close, low)
        last = np.clip(close + tick * random.integers(-2, 3, stocks), low, high)
        return {"open": opens, "high": high, "low": low, "close": close, "last": last}


def _fates(random: np.random.Generator, count: int, stocks: int) -> Fates:
    """Draw what befalls the companies without a story: each at most listed late, gone, renamed and split once."""
    fates = Fates({}, {}, {}, {}, (), ())
    narrow, actions = [], []
    for n in range(companies.STORIED, stocks):
        place = n - companies.STORIED
        early, middle, late = (int(share * count) for share in random.uniform((0.05, 0.4, 0.75), (0.35, 0.7, 0.95)))
        if place % 4 == 1:
            fates.listed[n] = early
        if place % 15 == 2:
            fates.gone[n] = late
        if place % 20 == 3:
            fates.renamed[n] = middle
        if place % 12 == 4:
            fates.spells[n] = (middle, middle + _TRADE_FOR_TRADE_SESSIONS)
        if place % 14 == 5:
            narrow.append(n)
        if place % 6 == 0:
            split = bool(random.random() < 0.5)
            new, old = ((5, 1), (2, 1))[int(random.integers(2))] if split else ((2, 1), (3, 2))[int(random.integers(2))]
            listed = place % 60 != 30
            if place % 120 == 90:  # a bonus of 1:2 that no list names: with little evidence it waits for a person
                new, old = 3, 2
            actions.append(Event(n, middle, new, old, split or not listed, listed))
    return fates._replace(narrow=tuple(narrow), actions=tuple(actions))


def _on_tick(price: F1, tick: I1, lower: I1, upper: I1) -> I1:
    rounded: I1 = np.round(price / tick).astype(np.int64) * tick
    inside: I1 = np.clip(rounded, lower, upper)
    return inside


def _share_of_a_day(day: date) -> float:
    """How much of a usual day's turnover a session has: an hour of Muhurat or a drill has little."""
    session = calendar.session(day)
    return {"muhurat": 0.12, "drill": 0.10}.get(session.kind, 1.0) if session is not None else 1.0
