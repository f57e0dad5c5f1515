"""A risk policy in the words and percentages its owner gave, checked, and as the numbers the compiled code reads.

Source of the tables of words: the product's own definitions; of the semantics, see `decide`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

PENALTIES: Final[Mapping[str, float]] = {"NONE": 0.0, "LOW": 0.5, "MODERATE": 1.0, "HIGH": 2.0}
SENSITIVITIES: Final[Mapping[str, tuple[float, float]]] = {  # drawdowns that turn CAUTIOUS and DEFENSIVE
    "LOW": (0.15, 0.25),
    "MEDIUM": (0.10, 0.20),
    "HIGH": (0.05, 0.10),
}
CAUTIOUS_LEAST: Final = 0.2  # of equity: CAUTIOUS halves the exposure, but not below that
DEFENSIVE_MOST: Final = 0.1  # of equity, gross, while DEFENSIVE
ON_BREACH: Final = ("block", "flatten")


class Terms(NamedTuple):
    """A policy as compiled code reads it: fractions, infinity where there is no limit."""

    active: bool
    reserve: float  # of equity, stays cash
    exposure: float  # gross, over equity, while NORMAL
    day_stop: float  # below 0
    strategy: float  # of equity in one book
    name: float  # of equity in one instrument
    sector: float  # of equity in one sector
    liquidity: float  # of the median turnover of 20 sessions, an order
    penalty: float  # exponent of the correlation penalty
    cautious: float  # drawdown
    defensive: float  # drawdown
    halt: float  # drawdown
    flatten: bool  # whether a breach of the daily stop or the halt ends the positions, too


NO_POLICY: Final = Terms(
    False, 0.0, math.inf, -math.inf, math.inf, math.inf, math.inf, math.inf, 0.0, math.inf, math.inf, math.inf, False
)


def _percent(name: str, value: object, low: float, high: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not low <= value <= high:  # type: ignore[operator]  # a number, seen to the line above
        raise ValueError(f"{name}: expected a percentage from {low:g} to {high:g}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Risk rules of an account. Percentages in percent of the account's equity.

    Attributes
    ----------
    cash_reserve_percent : stays in cash after every entry
    max_equity_exposure_percent : gross value of all positions at most
    daily_stop_loss_percent : below 0; at a loss since the previous close of so much, to the rupee, no entry is taken
        until the next session; at 80 % of it none is taken while it lasts
    max_strategy_allocation_percent : gross value of the positions of one strategy at most
    allocation_sensitivity : LOW, MEDIUM or HIGH, the drawdown from which less is held (`SENSITIVITIES`)
    correlation_penalty : NONE to HIGH, how much less a strategy may hold that moves with the others (`PENALTIES`)
    max_position_percent, max_sector_percent : of one instrument, of one sector; None = no limit
    max_turnover_percent : of the median turnover of the last 20 sessions, an entry at most; None = no limit
    max_drawdown_percent : of the account, above 0; from it on no entry is taken until a person says so; None = no limit
    on_breach : "block" entries, or "flatten" as well, when the daily stop or the drawdown limit is reached

    Values out of range, and rules that cannot be kept together, raise ValueError naming the field.
    """

    cash_reserve_percent: float = 20.0
    max_equity_exposure_percent: float = 80.0
    daily_stop_loss_percent: float = -2.0
    max_strategy_allocation_percent: float = 25.0
    allocation_sensitivity: str = "MEDIUM"
    correlation_penalty: str = "MODERATE"
    max_position_percent: float | None = None
    max_sector_percent: float | None = None
    max_turnover_percent: float | None = None
    max_drawdown_percent: float | None = None
    on_breach: str = "block"

    def __post_init__(self) -> None:
        stop = self.daily_stop_loss_percent
        if isinstance(stop, int | float) and not isinstance(stop, bool) and stop >= 0:
            raise ValueError(
                f"daily_stop_loss_percent: expected a loss, written as a negative number such as -2, got {stop:g}"
            )
        for name in ("cash_reserve_percent", "max_equity_exposure_percent", "max_strategy_allocation_percent"):
            self._set(name, _percent(name, getattr(self, name), 0.0, 100.0))
        self._set("daily_stop_loss_percent", _percent("daily_stop_loss_percent", stop, -100.0, 0.0))
        for name in ("max_position_percent", "max_sector_percent", "max_turnover_percent", "max_drawdown_percent"):
            if getattr(self, name) is not None:
                value = _percent(name, getattr(self, name), 0.0, 100.0)
                if value == 0.0:
                    raise ValueError(f"{name}: expected more than 0, or none for no limit, got 0")
                self._set(name, value)
        words = (
            ("allocation_sensitivity", tuple(SENSITIVITIES)),
            ("correlation_penalty", tuple(PENALTIES)),
            ("on_breach", ON_BREACH),
        )
        for name, known in words:
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: expected one of {', '.join(known)}, got {getattr(self, name)!r}")
        if self.max_strategy_allocation_percent > self.max_equity_exposure_percent:
            raise ValueError(
                f"max_strategy_allocation_percent: one strategy may hold {self.max_strategy_allocation_percent:g} % "
                f"and all together only {self.max_equity_exposure_percent:g} %; lower it to that at most"
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def notes(self) -> list[str]:
        """Where rules overlap, which of them is the tighter one, in sentences."""
        return [*self._of_what_is_invested(), *self._of_shares(), *self._of_losses()]

    def _of_what_is_invested(self) -> list[str]:
        left, exposure = 100.0 - self.cash_reserve_percent, self.max_equity_exposure_percent
        said = []
        if left < exposure:
            said.append(
                f"A cash reserve of {self.cash_reserve_percent:g} % leaves {left:g} % to invest: tighter than the "
                f"exposure of {exposure:g} %."
            )
        elif exposure < left:
            said.append(
                f"An exposure of {exposure:g} % leaves {100.0 - exposure:g} % in cash: tighter than the reserve of "
                f"{self.cash_reserve_percent:g} %."
            )
        if min(left, exposure, self.max_strategy_allocation_percent) == 0.0:
            return [*said, "Nothing may be bought: every entry is refused."]
        for state, least in (("CAUTIOUS", CAUTIOUS_LEAST), ("DEFENSIVE", DEFENSIVE_MOST)):
            if exposure <= 100.0 * least:
                said.append(f"An exposure of {exposure:g} % is not lowered any further while the state is {state}.")
        return said

    def _of_shares(self) -> list[str]:
        """Of the limits to one strategy, one sector, one instrument: which can never be the first to be reached."""
        invested = min(100.0 - self.cash_reserve_percent, self.max_equity_exposure_percent)
        if invested == 0.0:
            return []
        strategy, sector = self.max_strategy_allocation_percent, self.max_sector_percent
        limits = (("strategy", strategy), ("sector", sector), ("instrument", self.max_position_percent))
        said = []
        for what, limit in limits:
            if limit is None:
                continue
            if limit > invested:
                said.append(f"At most {invested:g} % is invested, so that the {limit:g} % for one {what} never bind.")
            elif what == "instrument" and sector is not None and limit > sector:
                said.append(f"One sector may hold {sector:g} %, so that the {limit:g} % for one instrument never bind.")
            elif what != "strategy" and limit > strategy:
                said.append(
                    f"One strategy may hold {strategy:g} %, so that the {limit:g} % for one {what} bind only where "
                    "several strategies hold it."
                )
        return said

    def _of_losses(self) -> list[str]:
        halt = self.max_drawdown_percent
        if halt is None:
            return []
        said = []
        cautious, defensive = SENSITIVITIES[self.allocation_sensitivity]
        for drawdown, state in ((cautious, "CAUTIOUS"), (defensive, "DEFENSIVE")):
            if halt <= drawdown * 100.0:
                said.append(
                    f"At a drawdown of {halt:g} % all entries end: {state}, from {drawdown:.0%} on, is not reached."
                )
        if halt <= -self.daily_stop_loss_percent:
            said.append(
                f"A session that loses {-self.daily_stop_loss_percent:g} % has reached the drawdown limit of {halt:g} "
                "% by then: all entries end, and not for the session alone."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """Every field as a plain value."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Policy:
        """The policy that `to_dict` gave these values for; ValueError names what is missing or unknown."""
        known = {f.name for f in fields(cls)}
        if set(values) != known:
            raise ValueError(f"policy: expected exactly the fields {sorted(known)}, got {sorted(values)}")
        return cls(**values)

    def terms(self) -> Terms:
        """As fractions, for the compiled code."""

        def fraction(percent: float | None) -> float:
            return math.inf if percent is None else percent / 100.0

        cautious, defensive = SENSITIVITIES[self.allocation_sensitivity]
        return Terms(
            active=True,
            reserve=fraction(self.cash_reserve_percent),
            exposure=fraction(self.max_equity_exposure_percent),
            day_stop=self.daily_stop_loss_percent / 100.0,
            strategy=fraction(self.max_strategy_allocation_percent),
            name=fraction(self.max_position_percent),
            sector=fraction(self.max_sector_percent),
            liquidity=fraction(self.max_turnover_percent),
            penalty=PENALTIES[self.correlation_penalty],
            cautious=cautious,
            defensive=defensive,
            halt=fraction(self.max_drawdown_percent),
            flatten=self.on_breach == "flatten",
        )
