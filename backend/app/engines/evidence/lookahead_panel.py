"""The adversarial market that look-ahead is searched in: small, seeded, and full of what real data do to a strategy.

Seven instruments, in the order of their keys: a trend that turns, split twice; one that keeps close to the first and
leaves it again and again; a range with holes in its history; one that gaps and at times trades nothing; one that is
delisted; one that does not move for weeks; one that is listed late, split, and renamed. Index members come and go.
Seven columns are few on purpose: NumPy adds up to seven numbers one after the other, so that an empty last column
cannot change a sum in its last digit and be taken for look-ahead.

`perturbed` gives the same market with another future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines import calendar
from app.engines.bars import Bars, Prices
from app.engines.ports import AsOf, ByDay, DailyBars, Names, Port, Ports

F2 = NDArray[np.float64]

SYMBOLS: Final = ("TREND", "PAIR", "HOLES", "GAPS", "DELISTED", "FLAT", "LISTED")
HOLES, GAPS, DELISTED, FLAT, LISTED = range(2, 7)
SIZE: Final = len(SYMBOLS)
FIGURES: Final = "fundamentals."
MEMBERS: Final = "members."
_AFTER_ALL: Final = np.datetime64("9999-12-31", "s")
_BEGIN: Final = date(2015, 1, 1)
_OPEN: Final = 9 * 3600 + 15 * 60  # the first intraday bar
_TRADED: Final = 375 * 60  # seconds of a session
_SECONDS: Final = {"1m": 60, "3m": 180, "5m": 300, "10m": 600, "15m": 900, "30m": 1800, "1h": 3600}
TIMEFRAMES: Final = (*_SECONDS, "1d")


class Generated(Mapping[str, Port]):
    """The ports of a generated market; figures and indices of any name are made up when they are first asked for."""

    def __init__(self, ports: Mapping[str, Port], sessions: NDArray[np.datetime64], seed: int) -> None:
        self._made: dict[str, Port] = dict(ports)
        self._sessions, self._seed = sessions, seed

    def __contains__(self, name: object) -> bool:
        made_up = isinstance(name, str) and any(name.startswith(one) and name != one for one in (FIGURES, MEMBERS))
        return name in self._made or made_up

    def __getitem__(self, name: str) -> Port:
        if name not in self._made:
            if name not in self:
                raise KeyError(name)
            make = _figures if name.startswith(FIGURES) else _members_of
            self._made[name] = make(name, self._sessions, self._seed)
        return self._made[name]

    def __iter__(self) -> Any:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def market(bars: int, *, timeframe: str = "1d", warm_up: int = 0, seed: int = 0) -> Bars:
    """The adversarial market.

    Parameters
    ----------
    bars : T, at least 40
    timeframe : "1d" or an intraday one; ValueError for others
    warm_up : bars before the first measured one
    seed : another seed, another market

    Returns
    -------
    bars of seven instruments with the ports "members", "names", any "fundamentals.<figure>", beside daily bars
    "stored.<field>", and, beside intraday ones, "daily".
    """
    if bars < 40:
        raise ValueError(f"bars: expected 40 or more, got {bars}")
    if timeframe not in TIMEFRAMES:
        raise ValueError(f"timeframe: expected one of {', '.join(TIMEFRAMES)}, got {timeframe!r}")
    random = np.random.default_rng([seed, bars])
    sessions = _sessions(bars, timeframe)
    days = sessions.astype("datetime64[D]")
    anchored = _anchored(bars, random)
    factor = _factors(bars, days)
    raw, volume = _as_traded(anchored, factor, days, random)
    gap = np.zeros((bars, SIZE), np.bool_)
    gap[bars // 3 + 5, HOLES] = gap[bars // 2, 0] = gap[3 * bars // 4, GAPS] = True
    member = np.ones((bars, SIZE), np.bool_)
    for n in range(SIZE):
        member[:, n] = np.sin(np.arange(bars) / (17.0 + 5.0 * n) + n) > -0.8
    member[np.isnan(raw.close).cumprod(axis=0).astype(np.bool_)] = False
    whole = Bars(
        sessions=sessions,
        keys=tuple(f"K{n}" for n in range(SIZE)),
        symbols=SYMBOLS,
        raw=raw,
        raw_volume=volume,
        factor=factor,
        gap=gap,
        member=member,
        start=min(warm_up, bars - 20),
        timeframe=timeframe,
    )
    ports: dict[str, Port] = {"members": _members(whole), "names": _names(whole)}
    ports |= _stored(whole, seed) if timeframe == "1d" else {"daily": _daily(whole)}
    return replace(whole, ports=Ports(Generated(ports, days, seed)), symbols=(*SYMBOLS[:-1], "RENAMED"))


def perturbed(bars: Bars, cut: int, random: np.random.Generator) -> Bars:
    """The same bars up to and including `cut`, and another future: prices, volumes, factors, gaps, members, ports.

    Some of the later sessions are missing, too.
    """
    count = bars.shape[0]
    later = np.arange(cut + 1, count)
    later = later[random.random(later.size) > 0.15]
    rows = np.concatenate([np.arange(cut + 1), later])
    new = np.arange(rows.size) > cut
    shape = (rows.size, bars.shape[1])

    def changed(values: F2, by: F2) -> F2:
        out: F2 = values[rows]
        out[new] *= by[new]
        return out

    wild = np.exp(random.normal(0.0, 0.7, shape))
    hole = random.random(shape) < 0.1
    hole[~new] = False
    prices = [changed(values, wild) for values in bars.raw]
    revived = new[:, None] & np.isnan(prices[3]) & (random.random(shape) < 0.3)  # a bar where there was none
    fresh = 100.0 * np.exp(random.normal(0.0, 1.0, shape))
    for values in prices:
        values[revived] = fresh[revived]
        values[hole] = np.nan
    volume = changed(bars.raw_volume, np.exp(random.normal(0.0, 2.0, shape)))
    volume[revived], volume[hole] = 1000.0, np.nan
    steps = np.where(random.random(shape) < 0.03, random.choice([0.5, 2.0, 5.0], shape), 1.0)
    steps[~new] = 1.0
    factor = bars.factor[rows] * np.cumprod(steps, axis=0)
    flip = new[:, None] & (random.random(shape) < 0.5)
    gap = bars.gap[rows] | (new[:, None] & (random.random(shape) < 0.02))
    instant, seed = bars.decided_at[cut], int(random.integers(2**32))
    ports = bars.ports.changed(lambda port: _other_future(port, instant, seed)) if len(bars.ports) else bars.ports
    return replace(
        bars,
        symbols=ports.symbols(_AFTER_ALL) or bars.symbols,
        sessions=bars.sessions[rows],
        raw=Prices(*prices),
        raw_volume=volume,
        factor=factor,
        gap=gap,
        member=bars.member[rows] ^ flip,
        ports=ports,
        start=min(bars.start, rows.size),
    )


def _other_future(port: Port, instant: np.datetime64, seed: int) -> Port:
    """A port as it was up to an instant, and changed after it."""
    random = np.random.default_rng(seed)
    if isinstance(port, AsOf):
        new = port.known_at > instant
        value = np.where(new, port.value * np.exp(random.normal(0.0, 1.0, new.size)) + 1.0, port.value)
        return replace(port, value=value)
    if isinstance(port, ByDay):
        late = (port.known_at > instant)[:, None]
        wild = port.value * np.exp(random.normal(0.0, 1.0, port.value.shape)) + 1.0
        wild[random.random(wild.shape) < 0.1] = np.nan
        return replace(port, value=np.where(late, wild, port.value))
    if isinstance(port, Names):
        new = port.known_at > instant
        return replace(port, symbol=tuple(s + "X" if late else s for s, late in zip(port.symbol, new, strict=True)))
    if isinstance(port, DailyBars):
        cut = int(np.searchsorted(port.available_at, instant, side="right")) - 1
        days = perturbed(port.bars, cut, random)
        return DailyBars(days, port.available_at[np.isin(port.bars.sessions, days.sessions)])
    raise TypeError(f"a port of the kind {type(port).__name__} has no other future")


def _sessions(bars: int, timeframe: str) -> NDArray[np.datetime64]:
    a_day = 1 if timeframe == "1d" else -(-_TRADED // _SECONDS[timeframe])
    ahead = (_BEGIN + timedelta(days=n) for n in range(4 * bars + 400))
    days = np.array(list(islice(filter(calendar.is_session, ahead), -(-bars // a_day))), "datetime64[D]")
    if timeframe == "1d":
        return days
    within = (_OPEN + _SECONDS[timeframe] * np.arange(a_day)).astype("timedelta64[s]")
    instants: NDArray[np.datetime64] = (days.astype("datetime64[s]")[:, None] + within).reshape(-1)[:bars]
    return instants


def _anchored(bars: int, random: np.random.Generator) -> F2:
    """Closes without splits, [T, N]."""
    time = np.arange(bars)
    drift = np.repeat(random.choice([-0.006, 0.0, 0.006], (bars // 30 + 1, SIZE)), 30, axis=0)[:bars]
    steps = random.normal(0.0, 0.015, (bars, SIZE)) + drift
    steps[:, GAPS] += np.where(random.random(bars) < 0.06, random.normal(0.0, 0.06, bars), 0.0)
    log = np.cumsum(steps, axis=0)
    spread = np.sin(time / 23.0) * 0.08 + random.normal(0.0, 0.01, bars)
    log[:, 1] = log[:, 0] + spread
    log[:, HOLES] = 0.15 * np.sin(time / 11.0) + random.normal(0.0, 0.01, bars)
    still = (time // 15) % 3 == 0
    moved = np.where(still, 0.0, steps[:, FLAT])
    log[:, FLAT] = np.cumsum(moved)
    out: F2 = np.exp(np.log([480.0, 520.0, 90.0, 1500.0, 260.0, 45.0, 700.0]) + log)
    return out


def _factors(bars: int, days: NDArray[np.datetime64]) -> F2:
    """Splits in which one share becomes two or five, at the start of a day."""
    factor = np.ones((bars, SIZE))
    splits = ((0, bars // 4, 2.0), (0, 2 * bars // 3, 5.0), (GAPS, bars // 2, 2.0), (LISTED, 5 * bars // 6, 5.0))
    for n, at, shares in splits:
        first = int(np.searchsorted(days, days[at]))
        if first > 0:  # on the first day there is nothing to adjust
            factor[first:, n] *= shares
    return factor


def _as_traded(
    anchored: F2, factor: F2, days: NDArray[np.datetime64], random: np.random.Generator
) -> tuple[Prices, F2]:
    bars = len(anchored)
    before = np.vstack([anchored[:1], anchored[:-1]])
    open_ = before * np.exp(random.normal(0.0, 0.006, anchored.shape))
    open_[:, GAPS] = np.sqrt(before[:, GAPS] * anchored[:, GAPS])  # half of each move is a gap
    overnight = np.flatnonzero(days[1:] != days[:-1]) + 1
    if overnight.size < bars - 1:  # of intraday bars; of daily ones every move is one over night
        open_[overnight] *= np.exp(random.normal(0.0, 0.02, (overnight.size, SIZE)))
    still = np.zeros(anchored.shape, np.bool_)
    still[1:, FLAT] = anchored[1:, FLAT] == anchored[:-1, FLAT]
    open_[still] = anchored[still]
    width = np.where(still, 0.0, np.abs(random.normal(0.0, 0.008, (2, *anchored.shape))))
    high = np.maximum(open_, anchored) * (1.0 + width[0])
    low = np.minimum(open_, anchored) * (1.0 - width[1])
    tick = 0.05
    prices = [np.maximum(np.round(values / factor / tick) * tick, tick) for values in (open_, high, low, anchored)]
    volume = np.round(np.exp(random.normal(10.0, 0.6, anchored.shape)) * factor)
    volume[random.random(bars) < 0.1, GAPS] = 0.0
    gone = np.zeros(anchored.shape, np.bool_)
    gone[: bars // 3, LISTED] = True
    gone[3 * bars // 4 :, DELISTED] = True
    gone[random.random(bars) < 0.08, HOLES] = True
    gone[bars // 3 : bars // 3 + 5, HOLES] = True
    gone[0, HOLES] = False
    for values in (*prices, volume):
        values[gone] = np.nan
    return Prices(*prices), volume


def _members(bars: Bars) -> AsOf:
    """Membership, of which one change in three became known only days later."""
    changes = np.vstack([bars.member[:1], bars.member[1:] != bars.member[:-1]])
    t, n = np.nonzero(changes)
    days = bars.sessions[t].astype("datetime64[D]")
    known_at = _day_end(days + np.where(np.arange(t.size) % 3 == 2, 5, -1))
    return AsOf(SIZE, n, days, known_at, bars.member[t, n].astype(np.float64))


def _members_of(name: str, days: NDArray[np.datetime64], seed: int) -> ByDay:
    """Who belongs to some index on each day: not known at first, then stocks come and go."""
    random = np.random.default_rng([seed, *name.encode()])
    changes = np.cumsum(random.random((len(days), SIZE)) < 0.04, axis=0) + random.integers(2, size=SIZE)
    value = (changes % 2).astype(np.float64)
    value[: len(days) // 10] = np.nan
    return ByDay(_day_end(days), value)


def _names(bars: Bars) -> Names:
    """The last instrument has another symbol in the last quarter; the first one took over a symbol."""
    at = bars.sessions[[bars.shape[0] // 2, 3 * bars.shape[0] // 4]].astype("datetime64[s]")
    return Names(("FORMER", *SYMBOLS[1:]), np.array([0, LISTED]), at, ("TREND", "RENAMED"))


def _figures(name: str, days: NDArray[np.datetime64], seed: int) -> AsOf:
    """Quarterly figures, known some weeks after the quarter, every other one restated later."""
    random = np.random.default_rng([seed, *name.encode()])
    first, last = days[0] - 400, days[-1]
    every = max(3, int((last - first) / np.timedelta64(1, "D")) // 40)
    ends = np.arange(first, last, every)
    rows: list[tuple[int, Any, Any, float]] = []
    for n in range(SIZE):
        value = 20.0 * np.exp(np.cumsum(random.normal(0.0, 0.2, ends.size))) - 10.0 + random.normal(0.0, 8.0, ends.size)
        for i, end in enumerate(ends):
            known = end + int(random.integers(every // 3, every))
            rows.append((n, end, known, float(value[i])))
            if (i + n) % 2:
                rows.append((n, end, known + 2 * every, float(value[i] * random.choice([0.4, 2.5]))))
    column, effective, known_at, values = zip(*rows, strict=True)
    return AsOf(
        SIZE,
        np.array(column),
        np.array(effective, "datetime64[D]"),
        _day_end(np.array(known_at, "datetime64[D]")),
        np.array(values),
    )


def _stored(bars: Bars, seed: int) -> dict[str, Port]:
    """What the exchange publishes of a day beside its prices, an index, and how many bars there have been."""
    random = np.random.default_rng([seed, SIZE])
    traded = ~np.isnan(bars.raw.close)
    index = 9000.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, bars.shape[0])))
    fields = {
        "turnover": bars.raw_volume * bars.raw.close,
        "trades": np.ceil(bars.raw_volume / random.uniform(20.0, 200.0, bars.shape)),
        "delivery": np.floor(bars.raw_volume * random.uniform(0.1, 0.9, bars.shape)),
        "index_close": np.tile(index[:, None], (1, SIZE)),
        "bars_listed": np.where(traded, np.cumsum(traded, axis=0), np.nan),
        "price_band": random.choice([2.0, 5.0, 10.0, 20.0, np.nan], bars.shape),
    }
    for mark in ("hit_upper_band", "hit_lower_band", "has_derivatives", "under_surveillance"):
        fields[mark] = random.choice([0.0, 1.0, np.nan], bars.shape, p=[0.5, 0.3, 0.2])
    known_at = _day_end(bars.sessions)
    return {f"stored.{name}": ByDay(known_at, values) for name, values in fields.items()}


def _daily(bars: Bars) -> DailyBars:
    """The days of intraday bars, published in the evening."""
    days, first = np.unique(bars.sessions.astype("datetime64[D]"), return_index=True)
    last = np.append(first[1:], bars.shape[0]) - 1
    with np.errstate(invalid="ignore"):
        high = np.fmax.reduceat(bars.raw.high, first, axis=0)
        low = np.fmin.reduceat(bars.raw.low, first, axis=0)
        volume = np.add.reduceat(np.nan_to_num(bars.raw_volume), first, axis=0)
    daily = Bars(
        sessions=days,
        keys=bars.keys,
        symbols=bars.symbols,
        raw=Prices(bars.raw.open[first], high, low, bars.raw.close[last]),
        raw_volume=volume,
        factor=bars.factor[last],
        gap=bars.gap[first],
        member=bars.member[last],
    )
    return DailyBars(daily, days.astype("datetime64[s]") + 18 * 3600)


def _day_end(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return days.astype("datetime64[s]") + (86_400 - 1)
