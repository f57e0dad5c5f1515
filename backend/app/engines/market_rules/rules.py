"""The exchange's rules for one slice of bars, in one bundle, with what is known of them in words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.engines.market_rules.arrays import (
    B1,
    B2,
    D1,
    F1,
    F2,
    I8,
    BandState,
    KnownBand,
    day_of,
    price_bands,
    square_off,
    tick_sizes,
)
from app.engines.market_rules.tables import SETTLEMENT, TICKS, square_off_time

I1 = NDArray[np.int64]


@cache
def rules_version() -> str:
    """Version of the rules: the exchange's name and a hash of their tables and of what reads them."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0")
        digest.update(source.read_text(encoding="utf-8").encode() + b"\0")  # text mode: one kind of line end
    return f"nse@{digest.hexdigest()[:12]}"


@dataclass(frozen=True, eq=False)
class MarketRules:
    """Rules of T bars and N instruments; arrays of one row hold for every bar.

    Attributes
    ----------
    version : `rules_version()` and a hash of the evidence beside the bars that was used; or "none"
    tick : shape [T or 1, N], rupees; 0 = prices are not rounded
    band_low, band_high : shape [T or 1, N], rupees; NaN = none or unknown
    band_state : shape [T or 1, N], BandState
    t2t : shape [T or 1, N], every trade has to be delivered
    lot : shape [1, N], shares that quantities in the cash market are multiples of
    square_off : shape [T]; 0 none, 1 at this bar's open, 2 at its close
    assets : shape [N]; 0 share, 1 equity fund unit, 2 other fund unit
    words : what is known, inferred and unknown
    """

    version: str
    tick: F2
    band_low: F2
    band_high: F2
    band_state: I8
    t2t: B2
    lot: F2
    square_off: I8
    assets: I1
    words: list[str] = field(default_factory=list)

    @classmethod
    def none(cls, shape: tuple[int, int], last: B1 | None = None) -> MarketRules:
        """No exchange: prices are not rounded, nothing is banned; intraday ends with a session's `last` bar, [T].

        Without `last` every bar is one.
        """
        row = (1, shape[1])
        return cls(
            version="none",
            tick=np.zeros(row),
            band_low=np.full(row, np.nan),
            band_high=np.full(row, np.nan),
            band_state=np.full(row, BandState.NONE, np.int8),
            t2t=np.zeros(row, np.bool_),
            lot=np.ones(row),
            square_off=np.where(np.ones(shape[0], np.bool_) if last is None else last, 2, 0).astype(np.int8),
            assets=np.zeros(shape[1], np.int64),
            words=["No exchange rules apply: no price bands, ticks, lots or trade-for-trade; shorts are allowed."],
        )


@dataclass(frozen=True)
class Evidence:
    """What is on file about a slice beside its bars.

    Attributes
    ----------
    t2t : shape [T, N] or None, whether each bar was of a series in which every trade is delivered
    assets : shape [N], 0 share, 1 equity fund unit, 2 other fund unit
    lots : shape [N], shares; 1 where none is on file
    known : bands that sources give
    has_derivatives : shape [T, N], True from the day of the first list on that names the security; None without a list
    derivatives_since : that first day
    before : shape [N], last closes before the slice; NaN where unknown
    unclassed_funds : fund units whose kind is guessed from the name
    """

    assets: I1
    lots: F1
    t2t: B2 | None = None
    known: tuple[KnownBand, ...] = ()
    has_derivatives: B2 | None = None
    derivatives_since: np.datetime64 | None = None
    before: F1 | None = None
    unclassed_funds: int = 0

    @property
    def digest(self) -> str:
        """A hash of what can change the rules of a slice while its bars stay as they are."""
        digest = hashlib.sha256(repr((self.known, str(self.derivatives_since))).encode())
        for array in (self.assets, self.lots, self.before):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        for flags in (self.t2t, self.has_derivatives):
            digest.update(b"-" if flags is None else np.packbits(flags).tobytes())
        return digest.hexdigest()[:12]


def market_rules(
    times: D1,
    high: F2,
    low: F2,
    close: F2,
    factor: F2,
    gap: B2,
    evidence: Evidence,
    *,
    minutes: int | None = None,
    broker: str = "default",
) -> MarketRules:
    """The rules of a slice.

    Bands are worked out for daily bars (`minutes` None); of intraday bars they are unknown, and said to be so.
    """
    tick = tick_sizes(times, close, evidence.assets > 0, evidence.before)
    row = (1, close.shape[1])
    if minutes is None:
        bands = price_bands(
            high, low, close, factor, tick, gap=gap, known=evidence.known, has_derivatives=evidence.has_derivatives
        )
        band_low, band_high, state = bands
    else:
        band_low, band_high = np.full(row, np.nan), np.full(row, np.nan)
        state = np.full(row, BandState.UNKNOWN, np.int8)
    t2t = np.zeros(row, np.bool_) if evidence.t2t is None else evidence.t2t
    rules = MarketRules(
        version=f"{rules_version()}.{evidence.digest}",
        tick=tick,
        band_low=band_low,
        band_high=band_high,
        band_state=state,
        t2t=t2t,
        lot=evidence.lots.reshape(row),
        square_off=square_off(times, minutes, broker),
        assets=evidence.assets,
    )
    rules.words.extend(_words(rules, times, ~np.isnan(close), evidence, minutes, broker))
    return rules


def _words(
    rules: MarketRules, times: D1, traded: B2, evidence: Evidence, minutes: int | None, broker: str
) -> list[str]:
    if not times.size:
        return []
    first, last = day_of(times[0]), day_of(times[-1])
    words = [_tick_words(last)]
    total = int(traded.sum())
    if minutes is None:
        state = rules.band_state
        known, inferred = int((state == BandState.KNOWN).sum()), int((state == BandState.INFERRED).sum())
        none = int(((state == BandState.NONE) & traded).sum())
        words.append(
            f"Price bands: of {total:,} daily bars {known:,} have a band on file; on {inferred:,} a locked band is "
            f"INFERRED from a day at one price, a usual band away from the previous close; {none:,} are of securities "
            f"with derivatives, which have no fixed band; of {total - known - inferred - none:,} the band is unknown "
            "and does not limit fills."
        )
    else:
        words.append("Price bands of intraday bars are unknown and do not limit fills.")
    if evidence.derivatives_since is None:
        words.append("Which securities had derivatives is not on file for this period.")
    else:
        words.append(
            f"Which securities have derivatives is known from {evidence.derivatives_since} on, not before: there a day "
            "of such a security at one price may be taken for a locked one."
        )
    if evidence.t2t is None:
        words.append("Trade-for-trade: the series of these bars is not on file.")
    else:
        count = int((rules.t2t & traded).sum())
        words.append(
            f"Trade-for-trade (series BE, BZ, ST, SZ) by the series of each bar: {count:,} bars; intraday trades are "
            "refused there. Stages of surveillance are not on file."
        )
    lots = int((rules.lot > 1.0).sum())
    if lots:
        words.append(f"{lots} SME securities trade in lots, taken from the latest list on file for every date.")
    if minutes is not None:
        rule = square_off_time(broker, last)
        sure = "" if rule.verified else " (not verified)"
        words.append(
            f"Intraday positions end at {rule.at:%H:%M}{sure}, in the bar that time falls into; {rule.source}."
        )
    if first < SETTLEMENT[-1].since:
        words.append(f"Settlement: {SETTLEMENT[0].source}.")
    if evidence.unclassed_funds:
        words.append(
            f"Of {evidence.unclassed_funds} fund units the kind (equity or other) is told from their name alone; it "
            "decides the transaction tax."
        )
    return words


def _tick_words(last: object) -> str:
    steps = ", ".join(str(rule.since) for rule in TICKS[1:] if rule.since <= last)  # type: ignore[operator]
    changed = f"; rules changed on {steps}" if steps else ""
    return f"Tick sizes by the month before's last close; in a security's first month by its first close{changed}."
