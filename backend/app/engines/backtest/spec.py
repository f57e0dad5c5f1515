"""RunSpec: every input of a run, in one immutable value with one name.

The run id is the SHA-256 of the spec's canonical bytes. Two specs that mean the same have the same bytes: defaults are
filled in before they are hashed, numbers are brought to one type, and everything is sorted.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

from app.engines.policy.policy import Policy

ParamValue: TypeAlias = int | float | str | bool

PERIODS_PER_YEAR: Final[Mapping[str, int]] = {
    # intraday curves are measured at session closes, so a year has 252 periods there too
    **dict.fromkeys(("1m", "3m", "5m", "10m", "15m", "30m", "1h", "1d"), 252),
    "1w": 52,
    "1mo": 12,
}
MOST_CAPITAL: Final = 1e13  # charges count in whole paise times a rate: more does not fit their numbers
MOST_POSITIONS: Final = 1_000_000
HIGHEST_SEED: Final = 2**32 - 1
SIZINGS: Final = {
    "equity_per_member": "equity divided by the number of universe members at the decision",
    "equity_per_position": "equity divided by max_positions",
    "value": "a fixed number of rupees an entry",
    "quantity": "a fixed number of shares an entry",
}
PRODUCTS: Final = {
    "CNC": "delivery: held as long as one likes, no short sale on the exchange",
    "MIS": "intraday: ended in the session it began in, short sales permitted",
    "FUT": "futures, for which the cash series stands in: a PROXY; short sales permitted",
}
COST_PLANS: Final = ("none", "bps", "zerodha", "fyers", "custom")
FILLS_AT: Final = {
    "next_open": "orders decided at a close fill from the next bar's open on",
    "this_close": "orders fill at the very close they are decided at, which nobody can have",
}
UNFILLED: Final = ("cancel", "carry")
ADJUSTMENTS: Final = ("forward_anchored",)
UNCONSTRAINED: Final = "unconstrained"
HIGHEST_BPS: Final = 1000.0  # 10 % a side; beyond it a typing error is likelier than a plan


@cache
def engine_version() -> str:
    """Version of the engine: its number and a hash of the sources that decide a result.

    Indicators are not in it: they are in the hash of each strategy that uses them.
    """
    engines = Path(__file__).parents[1]
    sources = [
        engines / "bars.py",
        *sorted((engines / "backtest").glob("*.py")),
        *sorted((engines / "costs").glob("*.py")),
        *sorted((engines / "risk").glob("*.py")),
        *sorted((engines / "policy").glob("*.py")),
    ]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.relative_to(engines).as_posix().encode() + b"\0")
        digest.update(source.read_text(encoding="utf-8").encode() + b"\0")  # text mode: one kind of line end
    return f"1.{digest.hexdigest()[:12]}"


def canonical_json(value: Any) -> bytes:
    """The one JSON text of a value: keys sorted, no spaces, shortest floats, no NaN or infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sectors_version(sectors: Mapping[str, str] | None) -> str:
    """The identity of an assignment of sectors to instrument keys; "none" without one."""
    return "none" if sectors is None else hashlib.sha256(canonical_json(dict(sectors))).hexdigest()


def series_version(name: str, days: Sequence[date], closes: Sequence[float]) -> str:
    """The name of an index series with the identity of its values."""
    told = canonical_json([name, [day.isoformat() for day in days], list(closes)])
    return f"{name}@{hashlib.sha256(told).hexdigest()[:16]}"


def _percent_a_year(value: object) -> float:
    rate = _number("cash_rates", value, "percent a year, from -10 to 50")
    _require(-10.0 <= rate <= 50.0, "cash_rates", "percent a year, from -10 to 50", value)
    return rate


def _require(holds: bool, name: str, expected: str, got: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, got {got!r}")


def _number(name: str, value: object, expected: str) -> float:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    _require(real, name, expected, value)
    return float(value)  # type: ignore[arg-type]  # _require has seen to it


@dataclass(frozen=True)
class BookSpec:
    """One strategy's book in the account.

    Attributes
    ----------
    strategy_id : as in the registry
    source_hash : of the strategy's module and the project modules it imports, 64 hex digits
    params : every parameter, defaults included
    allocation : fraction of the account; None = an equal share
    product : a key of PRODUCTS, what its orders are placed as
    """

    strategy_id: str
    source_hash: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    allocation: float | None = None
    product: str = "CNC"

    def __post_init__(self) -> None:
        _require(self.product in PRODUCTS, "product", f"one of {', '.join(PRODUCTS)}", self.product)
        _require(bool(self.strategy_id), "strategy_id", "the id of a strategy", self.strategy_id)
        _require(bool(self.source_hash), "source_hash", "the hash of the strategy's source", self.source_hash)
        for name, value in self.params.items():
            ok = isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value))
            _require(ok, f"params.{name}", "a finite number, a text or a yes/no", value)
        object.__setattr__(self, "params", dict(sorted(self.params.items())))
        if self.allocation is not None:
            share = _number("allocation", self.allocation, "a fraction above 0 and up to 1")
            _require(0.0 < share <= 1.0, "allocation", "a fraction above 0 and up to 1", self.allocation)
            object.__setattr__(self, "allocation", share)


@dataclass(frozen=True)
class UniverseSpec:
    """What may be traded: the members of an index, or symbols by name; exactly one of the two.

    `asof_members` True takes membership of each session as it was known then; False takes the list as it is now for
    the whole run, which the result says.
    """

    index: str | None = None
    symbols: tuple[str, ...] = ()
    asof_members: bool = True

    def __post_init__(self) -> None:
        _require((self.index is None) != (not self.symbols), "universe", "either an index or symbols", self)
        repeated = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
        _require(not repeated, "universe.symbols", "each symbol once", repeated)
        object.__setattr__(self, "symbols", tuple(sorted(self.symbols)))


@dataclass(frozen=True)
class Sizing:
    """How much an entry buys: one of SIZINGS; `value` goes with the fixed kinds (rupees, or shares)."""

    kind: str = "equity_per_member"
    value: float | None = None

    def __post_init__(self) -> None:
        _require(self.kind in SIZINGS, "sizing.kind", f"one of {', '.join(SIZINGS)}", self.kind)
        if self.kind in ("value", "quantity"):
            amount = _number("sizing.value", self.value, "a number above 0")
            whole = self.kind == "value" or amount.is_integer()
            _require(amount > 0.0 and whole, "sizing.value", "a number above 0, whole for shares", self.value)
            object.__setattr__(self, "value", amount)
        else:
            _require(self.value is None, "sizing.value", f"nothing with {self.kind}", self.value)


@dataclass(frozen=True)
class CostSpec:
    """The cost plan: "none", "bps" with a flat charge on both sides, a broker's name, or "custom".

    The amounts go with "custom": `fraction` of an order's value, at most `cap` rupees, `flat` rupees an order,
    `depository` rupees for each share and day delivered out; the state's and the exchange's levies come on top.
    """

    plan: str = "none"
    bps: float = 0.0
    fraction: float | None = None
    cap: float | None = None
    flat: float | None = None
    depository: float | None = None

    def __post_init__(self) -> None:
        _require(self.plan in COST_PLANS, "costs.plan", f"one of {', '.join(COST_PLANS)}", self.plan)
        bps = _number("costs.bps", self.bps, f"a number from 0 to {HIGHEST_BPS:g}")
        _require(0.0 <= bps <= HIGHEST_BPS, "costs.bps", f"a number from 0 to {HIGHEST_BPS:g}", self.bps)
        _require(self.plan == "bps" or bps == 0.0, "costs.bps", "0 without the plan bps", self.bps)
        object.__setattr__(self, "bps", bps)
        if self.plan == "bps" and not bps:
            object.__setattr__(self, "plan", "none")  # 0 bps and no costs are one plan
        for name in ("fraction", "cap", "flat", "depository"):
            value = getattr(self, name)
            if value is not None:
                _require(self.plan == "custom", f"costs.{name}", "nothing without the plan custom", value)
                amount = _number(f"costs.{name}", value, "a number of 0 or more")
                _require(amount >= 0.0, f"costs.{name}", "a number of 0 or more", value)
                object.__setattr__(self, name, amount)


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """Every input of a run.

    Attributes
    ----------
    books : one or more, each a strategy with its parameters
    universe : what may be traded
    start, end : first and last session measured; earlier bars are warm-up
    timeframe : a key of PERIODS_PER_YEAR
    initial_capital : rupees
    sizing : how much an entry buys
    max_positions : open positions of the account at most; None = no limit
    policy : the risk policy, with every number in it; None = unconstrained
    sectors : version of the assignment of sectors (`sectors_version`); "none" where none is used
    costs : cost plan
    slippage_bps : of the reference price, against us
    impact_bps : further slippage of an order as large as its bar's volume; it grows with the square root of the share
    volume_cap : share of a bar's volume that is traded at most; None = no cap
    unfilled : "cancel" or "carry" what the cap leaves of an entry; exits are always carried
    settle_next_session : whether the money of a delivery sale pays for entries only from the next session on
    fractional : whether shares divide; for foreign bars
    fill_at : a key of FILLS_AT
    market_rules : version of the exchange's rules tables; "none" = the exchange is switched off
    adjustment : how signals see corporate actions; "forward_anchored@…" names the version of the actions too
    benchmark : index id @ version of its series (`series_version`), which is looked at beside the run; None = none
    cash_rates : (first day, percent a year), ascending; what cash earns in the comparison, not in the account
    data_root : root of the snapshot tree of the slice that is read: the identity of the data
    engine_version : see `engine_version()`
    seed : of whatever draws at random
    """

    books: tuple[BookSpec, ...]
    universe: UniverseSpec
    start: date
    end: date
    data_root: str
    timeframe: str = "1d"
    initial_capital: float = 1_000_000.0
    sizing: Sizing = Sizing()
    max_positions: int | None = None
    policy: Policy | None = None
    sectors: str = "none"
    costs: CostSpec = CostSpec()
    slippage_bps: float = 0.0
    impact_bps: float = 0.0
    volume_cap: float | None = None
    unfilled: str = "cancel"
    settle_next_session: bool = False
    fractional: bool = False
    fill_at: str = "next_open"
    market_rules: str = "none"
    adjustment: str = "forward_anchored"
    benchmark: str | None = None
    cash_rates: tuple[tuple[date, float], ...] = ()
    engine_version: str = field(default_factory=engine_version)
    seed: int = 0

    def __post_init__(self) -> None:
        self._set("books", self._allocated(tuple(self.books)))
        _require(self.start <= self.end, "start", f"a date up to the end, {self.end}", self.start.isoformat())
        known = ", ".join(PERIODS_PER_YEAR)
        _require(self.timeframe in PERIODS_PER_YEAR, "timeframe", f"one of {known}", self.timeframe)
        capital = _number("initial_capital", self.initial_capital, "rupees above 0")
        words = f"rupees above 0 and up to {MOST_CAPITAL:g}"
        _require(0.0 < capital <= MOST_CAPITAL, "initial_capital", words, self.initial_capital)
        self._set("initial_capital", capital)
        limit = self.max_positions
        counts = limit is None or (type(limit) is int and 1 <= limit <= MOST_POSITIONS)
        _require(counts, "max_positions", f"1 to {MOST_POSITIONS}, or none", limit)
        if self.sizing.kind == "equity_per_position":
            _require(limit is not None, "max_positions", "a number, for sizing equity_per_position", limit)
        slippage = _number("slippage_bps", self.slippage_bps, f"a number from 0 to {HIGHEST_BPS:g}")
        _require(0 <= slippage <= HIGHEST_BPS, "slippage_bps", f"a number from 0 to {HIGHEST_BPS:g}", self.slippage_bps)
        self._set("slippage_bps", slippage)
        impact = _number("impact_bps", self.impact_bps, f"a number from 0 to {10 * HIGHEST_BPS:g}")
        _require(0 <= impact <= 10 * HIGHEST_BPS, "impact_bps", f"0 to {10 * HIGHEST_BPS:g}", self.impact_bps)
        self._set("impact_bps", impact)
        if self.volume_cap is not None:
            cap = _number("volume_cap", self.volume_cap, "a fraction above 0 and up to 1")
            _require(0.0 < cap <= 1.0, "volume_cap", "a fraction above 0 and up to 1", self.volume_cap)
            self._set("volume_cap", cap)
        _require(self.unfilled in UNFILLED, "unfilled", f"one of {', '.join(UNFILLED)}", self.unfilled)
        _require(self.fill_at in FILLS_AT, "fill_at", f"one of {', '.join(FILLS_AT)}", self.fill_at)
        for name in ("settle_next_session", "fractional"):
            _require(type(getattr(self, name)) is bool, name, "yes or no", getattr(self, name))
        divides = not self.fractional or (self.market_rules == "none" and self.costs.plan in ("none", "bps"))
        _require(divides, "fractional", "whole shares on an exchange or with a broker's charges", self.fractional)
        _require(self.policy is None or isinstance(self.policy, Policy), "policy", "a policy, or none", self.policy)
        _require(bool(self.sectors), "sectors", 'a version, or "none"', self.sectors)
        self._set("cash_rates", tuple((day, _percent_a_year(rate)) for day, rate in self.cash_rates))
        days = [day.isoformat() for day, _ in self.cash_rates]
        _require(days == sorted(set(days)), "cash_rates", "each day once, ascending", days)
        kind = self.adjustment.partition("@")[0]
        _require(kind in ADJUSTMENTS, "adjustment", f"one of {', '.join(ADJUSTMENTS)}, @version", self.adjustment)
        _require(bool(self.data_root), "data_root", "the root of the data slice", self.data_root)
        _require(bool(self.market_rules), "market_rules", 'a version, or "none"', self.market_rules)
        fits = type(self.seed) is int and 0 <= self.seed <= HIGHEST_SEED
        _require(fits, "seed", f"a whole number from 0 to {HIGHEST_SEED}", self.seed)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @staticmethod
    def _allocated(books: tuple[BookSpec, ...]) -> tuple[BookSpec, ...]:
        """The books with every allocation said, so that leaving out an equal share and writing it mean the same."""
        _require(len(books) > 0, "books", "at least one strategy", books)
        given = [b.allocation for b in books if b.allocation is not None]
        _require(len(given) in (0, len(books)), "allocations", "one for each strategy, or none at all", given)
        _require(math.fsum(given) <= 1.0 + 1e-9, "allocations", "fractions that add up to 1 at most", given)
        if given:
            return books
        return tuple(replace(book, allocation=1.0 / len(books)) for book in books)

    @cached_property
    def book_names(self) -> tuple[str, ...]:
        """The name of each book: its strategy's id, numbered where a strategy stands twice."""
        ids = [b.strategy_id for b in self.books]
        return tuple(
            name if ids.count(name) == 1 else f"{name}#{ids[: i + 1].count(name)}" for i, name in enumerate(ids)
        )

    @property
    def periods_per_year(self) -> int:
        """The annualisation factor of this timeframe."""
        return PERIODS_PER_YEAR[self.timeframe]

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain JSON values, every field in it."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def to_canonical(self) -> bytes:
        """The bytes that the run id is the hash of."""
        return canonical_json(self.to_dict())

    @cached_property
    def run_id(self) -> str:
        """SHA-256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(self.to_canonical()).hexdigest()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunSpec:
        """The spec that `to_dict` gave these values for; ValueError names what is missing or unknown."""
        known = {f.name for f in fields(cls)}
        _require(set(values) == known, "spec", f"exactly the fields {sorted(known)}", sorted(values))
        given = dict(values)
        given["books"] = tuple(BookSpec(**book) for book in _sequence("books", values["books"]))
        universe = dict(values["universe"])
        given["universe"] = UniverseSpec(**{**universe, "symbols": tuple(universe["symbols"])})
        given["sizing"], given["costs"] = Sizing(**values["sizing"]), CostSpec(**values["costs"])
        given["cash_rates"] = tuple((date.fromisoformat(day), rate) for day, rate in values["cash_rates"])
        given["policy"] = None if values["policy"] is None else Policy.from_dict(values["policy"])
        given["start"], given["end"] = date.fromisoformat(values["start"]), date.fromisoformat(values["end"])
        return cls(**given)


def _sequence(name: str, value: object) -> Sequence[Any]:
    _require(isinstance(value, list | tuple), name, "a list", value)
    return value  # type: ignore[return-value]  # _require has seen to it


def _plain(value: object) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BookSpec | UniverseSpec | Sizing | CostSpec | Policy):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
