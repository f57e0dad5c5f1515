"""What a strategy is: a small class with an identity, typed parameters, a claim, and signals.

A vectorised strategy answers for all bars at once, from bars up to and including each one: the signal at bar t is a
decision at its close. Who may be bought, how much, and at what price is not the strategy's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.strategies.source import source_hash

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]

JSON_TYPES = {int: "integer", float: "number"}


@dataclass(frozen=True)
class Params:
    """Base of a strategy's parameters: a frozen dataclass whose fields are made by `param`.

    Values out of range, of the wrong type or that do not go together raise ValueError naming the field.
    """

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for f in fields(self):
            value, kind = getattr(self, f.name), hints[f.name]
            low, high = f.metadata["minimum"], f.metadata["maximum"]
            words = f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}"
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not low <= value <= high or (kind is int and value != int(value)):
                raise ValueError(f"params.{f.name}: expected {words}, got {value!r}")
            object.__setattr__(self, f.name, kind(value))  # 20.0 and 20 are one parameter, hence one run id
        self.check()

    def check(self) -> None:
        """Raise ValueError where the values do not go together."""


def param(default: float, *, minimum: float, maximum: float, description: str, unit: str) -> Any:
    """A parameter of a strategy, with what a form needs to ask for it."""
    about = {"minimum": minimum, "maximum": maximum, "description": description, "unit": unit}
    return field(default=default, metadata=about)


P = TypeVar("P", bound=Params)


class NotEnoughData(ValueError):
    """The bars lack what a strategy cannot do without."""


@dataclass(frozen=True, eq=False)
class Signals:
    """Decisions at each close of one side, arrays of shape [T, N]; made from bars up to t, acted on from t+1.

    `entry` and `exit` may both be set: a book in the position exits, one without it enters. Every other field belongs
    to the entry decided at its bar and is fixed there; cells without an entry are not read. Prices (`stop`, `target`,
    `limit`, `trigger`) are forward-anchored as `bars.close` is, float64, NaN = none; ex-dates need no care.

    Attributes
    ----------
    entry, exit : bool; market orders at the next open, unless `limit` or `trigger` says otherwise
    rank : float64; orders entries that compete for cash, higher first, NaN last; None leaves them in the order of the
        instrument keys
    stop : protective stop, live from the entry on, in the entry bar too
    target : profit limit, live from the bar after the entry
    trail : fraction (0.08) below the highest close since the decision bar; moved after each close, effective in the
        next bar, never lowered
    limit, trigger : the entry is a limit order, or a stop order, at this price; both set = a stop-limit order
    valid : bars that a limit or stop entry stays in the market, 1 = the next bar alone
    hold : sell at the open after so many bars held, the entry bar counted; None = no time exit
    risk : fraction of the book's equity; an entry with a stop buys no more than loses so much between the close it was
        decided at and the stop. None = the run's sizing alone decides
    short : the same for the short side, every rule mirrored; None = long only. Where both sides have a trigger at one
        bar of one symbol, they are one-cancels-the-other
    """

    entry: B2
    exit: B2
    rank: F2 | None = None
    stop: F2 | None = None
    target: F2 | None = None
    trail: F2 | None = None
    limit: F2 | None = None
    trigger: F2 | None = None
    valid: int = 1
    hold: int | None = None
    risk: float | None = None
    short: Signals | None = None


@dataclass(frozen=True, eq=False)
class Weights:
    """Rebalances decided at closes, [T, N]: what to hold instead of when to trade.

    Attributes
    ----------
    target : float64, fraction of the book's equity to hold after the rebalance decided at that close. A row all NaN
        is no rebalance; in a row that is one, NaN is 0. Negative is short, where the product allows
    rank : float64; orders the buys that compete for cash, higher first, NaN last; None = by instrument key
    """

    target: F2
    rank: F2 | None = None


Answer = Signals | Weights
ProductName = Literal["CNC", "MIS", "FUT"]
BarsNeeded = Literal["any", "daily", "intraday"]
Kind = Literal["vectorised", "event", "compiled"]


class Strategy(ABC, Generic[P]):
    """A vectorised strategy.

    Class attributes: `id` (as on the command line), `display_name`, `timeframe` (default of a run), `universe`
    (default of a run), `params_type`, `hypothesis` (one sentence: why it should earn), `when_it_loses`, `citation`,
    `regime` (the market it is made for), `product` (CNC: delivery; MIS: intraday, squared off before the close; FUT:
    futures, of which no history is at hand, so that the cash series stands in and the run is labelled PROXY), `bars`
    (which it can be run on), `kind` (how it is asked: all bars at once, or bar by bar).
    """

    id: ClassVar[str]
    display_name: ClassVar[str]
    description: ClassVar[str]
    timeframe: ClassVar[str] = "1d"
    universe: ClassVar[str] = "NIFTY50"
    product: ClassVar[ProductName] = "CNC"
    bars: ClassVar[BarsNeeded] = "any"
    kind: ClassVar[Kind] = "vectorised"
    hypothesis: ClassVar[str]
    when_it_loses: ClassVar[str]
    citation: ClassVar[str]
    regime: ClassVar[str]
    params_type: type[P]

    def params(self, values: Mapping[str, Any] | None = None) -> P:
        """The parameters with these values, defaults for the others; ValueError names an unknown or wrong one."""
        given = dict(values or {})
        known = [f.name for f in fields(self.params_type)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise ValueError(f"params.{unknown[0]}: {self.id} has no such parameter; it has {', '.join(known)}")
        return self.params_type(**given)

    def params_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the parameters."""
        hints = get_type_hints(self.params_type)
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                f.name: {"type": JSON_TYPES[hints[f.name]], "default": f.default, **f.metadata}
                for f in fields(self.params_type)
            },
        }

    @staticmethod
    def values(params: Params) -> dict[str, Any]:
        """The parameters as plain values, for a spec."""
        return asdict(params)

    @cached_property
    def source_hash(self) -> str:
        """SHA-256 over the strategy's module and every project module it imports."""
        return source_hash(type(self).__module__)

    def product_of(self, params: P) -> ProductName:
        """The product traded with these parameters."""
        return self.product

    def needs_volume(self, params: P) -> bool:
        """Whether the strategy can say nothing of bars without volume."""
        return False

    def reads(self) -> tuple[str, ...]:
        """Names of the data ports that it reads beside the bars, see `app.engines.ports`; a run reads them, too."""
        return ()

    def require(self, bars: Bars, params: P) -> None:
        """Refuse bars that a run of the strategy could tell nothing of.

        Raises
        ------
        ValueError : the bars are of a timeframe the strategy is not made for.
        NotEnoughData : it needs volume, and no bar has any; it reads what is not beside the bars.
        """
        fits = {
            "any": True, "daily": bars.timeframe == "1d", "intraday": bars.timeframe not in ("1d", "1w", "1mo")
        }  # fmt: skip
        if not fits[self.bars]:
            raise ValueError(f"timeframe: {self.id} needs {self.bars} bars, got {bars.timeframe}")
        if self.needs_volume(params) and not (bars.raw_volume > 0.0).any():
            raise NotEnoughData(f"volume: {self.id} needs it, and none of the bars has any")
        absent = [name for name in self.reads() if name not in bars.ports]
        if absent:
            raise NotEnoughData(f"{self.id} reads {', '.join(absent)}, and there is no such thing beside these bars")

    @abstractmethod
    def warm_up(self, params: P) -> int:
        """Bars needed before the first measured one, so that it can carry a signal."""

    @abstractmethod
    def signals(self, bars: Bars, params: P) -> Answer:
        """Decisions at each close, from bars up to that close alone."""


class EventStrategy(Strategy[P]):
    """A strategy that is asked after each close and gives orders by name, instead of answering for all bars at once.

    `on_bar` gets a `app.engines.backtest.event.Context`: prices up to this bar, the account, and orders. It keeps what
    it needs in `context.state`, never in itself: one strategy serves many runs.
    """

    kind: ClassVar[Kind] = "event"

    def start(self, context: Any) -> None:
        """Called once, before the first measured bar."""

    @abstractmethod
    def on_bar(self, context: Any) -> None:
        """Called after the close of each measured bar."""

    def signals(self, bars: Bars, params: P) -> Answer:
        """No signals: an event strategy answers by orders, on either side."""
        nothing = np.zeros(bars.shape, np.bool_)
        return Signals(nothing, nothing, short=Signals(nothing, nothing))
