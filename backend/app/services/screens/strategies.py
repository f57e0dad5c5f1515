"""From a screen to a strategy: a file of the strategies folder that carries the expression, word for word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener.language import ExpressionError
from app.exceptions import ConflictError, ValidationError
from app.repositories.indices import IndexRepository
from app.repositories.screens import ScreenRepository
from app.services.screener import ScreenerService
from app.services.screens.service import ALL, refused
from app.services.universe import known_id
from app.services.user_strategies.folder import ID, ID_WORDS
from app.services.user_strategies.starts import title_of, write_new

DEFAULT_UNIVERSE: Final = "NIFTY500"

_TEXT: Final = '''"""{title}: a strategy made from a screen.

It buys what the screen finds and sells what it no longer finds, by the same expression. Change anything here and it is
a new version. How strategies are written is told in docs/strategies.md.
"""

from dataclasses import dataclass

from app.engines.strategies.screened import ScreenParams, ScreenStrategy, hold_param, names_param, stop_param


@dataclass(frozen=True)
class {name}Params(ScreenParams):
    """What is not in the expressions."""

    hold: int = hold_param({hold})
    stop: float = stop_param({stop})
    names: int = names_param({names})


class {name}(ScreenStrategy):
    """{title}."""

    id = {id!r}
    display_name = {title!r}
    description = {description!r}
    hypothesis = {hypothesis!r}
    when_it_loses = {when_it_loses!r}
    regime = "ANY MARKET"
    universe = {universe!r}
    params_type = {name}Params
    rebalance = {rebalance!r}
    entry = {entry!r}
    leave = {leave!r}
    rank_by = {rank_by!r}
'''


@dataclass(frozen=True)
class StrategyWish:
    """What is to be made of a screen; `stop` is a fraction, empty texts are none."""

    name: str
    q: str | None
    filter_type: str = ALL
    index: str = ALL
    leave: str = ""
    rank_by: str = ""
    rebalance: Literal["daily", "weekly", "monthly"] = "daily"
    hold: int = 0
    stop: float = 0.0
    names: int = 0
    hypothesis: str = ""


class StrategyMaker:
    """Writes files into the strategies folder; never over one that is there."""

    def __init__(self, screener: ScreenerService, folder: Path) -> None:
        self._screener = screener
        self._folder = folder

    def make(self, market: Market, session: Session, wish: StrategyWish) -> dict[str, Any]:
        """Write the strategy; the screen counts as one that was tried.

        Raises
        ------
        ValidationError : an expression is wrong, or reads what a strategy does not see; no id can be made of the name.
        ConflictError : the id is taken. DataNotFoundError : no such index.
        """
        from app.engines.strategies.screened import readable

        condition = self._screener.condition(market, session, wish.filter_type, wish.q)
        if condition is None:
            raise ValidationError("The screen asks nothing of a stock: write an expression first", "q")
        leave = self._screener.screens.compiled(market, session, wish.leave, "flag", "leave") if wish.leave else None
        rank = (
            self._screener.screens.compiled(market, session, wish.rank_by, "number", "rank_by")
            if wish.rank_by
            else None
        )
        for field, one in (("q", condition), ("leave", leave), ("rank_by", rank)):
            if one is not None:
                try:
                    readable(one.text, one.kind.type)
                except ExpressionError as error:
                    raise refused(error, field) from None
                except ValueError as error:
                    raise ValidationError(str(error), field) from None
        universe = self._widest(market, session) if wish.index == ALL else known_id(session, wish.index)
        identifier = strategy_id(wish.name)
        trials = ScreenRepository(session).tried(condition.digest, condition.text)
        leaves = "once it no longer matches" if leave is None else f"once {leave.text}"
        title, name = title_of(identifier)
        text = _TEXT.format(
            title=title,
            name=name,
            id=identifier,
            description=(
                f"Holds what the screen finds, checked {wish.rebalance}: {condition.text}. Sold {leaves}. "
                f"{trials} screen{'' if trials == 1 else 's'} had been tried when it was made."
            ),
            hypothesis=wish.hypothesis.strip() or "None is written down yet: say why this screen should earn.",
            when_it_loses="Not written down yet.",
            universe=universe,
            rebalance=wish.rebalance,
            entry=condition.text,
            leave="" if leave is None else leave.text,
            rank_by="" if rank is None else rank.text,
            hold=wish.hold,
            stop=wish.stop,
            names=wish.names,
        )
        try:
            path = write_new(self._folder, identifier, text)
        except ValueError as error:
            raise ConflictError(str(error), details={"field": "name"}) from None
        return {
            "strategy_id": identifier,
            "file": path.name,
            "expression": condition.text,
            "digest": condition.digest,
            "universe": universe,
            "trials": trials,
        }

    def _widest(self, market: Market, session: Session) -> str:
        """The universe of a screen of all stocks, since a run needs an index: NIFTY 500, else the widest there is."""
        repository = IndexRepository(session)
        if repository.exists(DEFAULT_UNIVERSE):
            return DEFAULT_UNIVERSE
        _, found = self._screener.table(market)
        counts = {one["id"]: one["count"] for one in repository.counts(found.session)}
        return max(counts, key=lambda index: (counts[index], index), default=DEFAULT_UNIVERSE)


def strategy_id(name: str) -> str:
    """The id of a strategy of this name: `Pullback in an uptrend` is pullback_in_an_uptrend."""
    identifier = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:63].strip("_")
    if not ID.fullmatch(identifier):
        raise ValidationError(f"name: no id can be made of {name!r}; expected {ID_WORDS}", "name")
    return identifier
