"""The naive twin: what an engine without the market's rules would have said of the same decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engines.backtest.charges import compiled_costs
from app.engines.backtest.core import Market, Rules
from app.engines.backtest.exchange import Exchange
from app.engines.policy.policy import NO_POLICY

if TYPE_CHECKING:
    from app.engines.backtest.simulate import Outcome


def naive_twin(
    market: Market, rules: Rules, several: Callable[[Sequence[tuple[Market, Rules]]], list[Outcome]], final: float
) -> tuple[dict[str, Any], Outcome | None]:
    """What an engine without bands, ticks, charges, caps, slippage and policy would have said, and why it differs.

    One cause after another is switched on, in the order listed; the difference of each is that of the final equities
    before and after it, in whole paise, so that they add up from the naive figure to the run's own exactly. A cause
    that the run does not have is not in the list. The order matters a little: causes act on one another.

    `several` runs the same decisions under each of some markets and rules. Strategies asked bar by bar are asked again
    in each: what they answer may depend on what their account holds.

    Beside it the outcome of the run without its policy alone; None where it has none.
    """
    nothing = Exchange.none(market.close.shape[1], market.last)
    bare_market = market._replace(
        tick=nothing.tick, lower=nothing.lower, upper=nothing.upper, spread=nothing.spread, delivered=nothing.delivered
    )
    bare_rules = rules._replace(
        costs=compiled_costs("none", 0.0, [], np.empty(0, np.int64)), slippage=0.0, impact=0.0, volume_cap=0.0,
        settle_next_session=False, cushion=0.0, policy=NO_POLICY,
    )  # fmt: skip
    rungs: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("slippage", {}, {"slippage": rules.slippage, "impact": rules.impact}),
        ("charges", {}, {"costs": rules.costs, "cushion": rules.cushion}),
        ("ticks and spread", {"tick": market.tick, "spread": market.spread}, {}),
        ("price bands and trade-for-trade",
         {"lower": market.lower, "upper": market.upper, "delivered": market.delivered}, {}),
        ("volume cap", {}, {"volume_cap": rules.volume_cap}),
        ("settlement", {}, {"settle_next_session": rules.settle_next_session}),
        ("policy", {}, {"policy": rules.policy}),
    ]  # fmt: skip
    at_market, at_rules = bare_market, bare_rules
    steps: list[tuple[str, Market, Rules]] = []
    for cause, of_market, of_rules in rungs:
        active = any(not _same(getattr(at_market, name), value) for name, value in of_market.items())
        active = active or any(not _same(getattr(at_rules, name), value) for name, value in of_rules.items())
        if active:
            at_market, at_rules = at_market._replace(**of_market), at_rules._replace(**of_rules)
            steps.append((cause, at_market, at_rules))
    if not steps:
        return {"final_equity": round(final, 2), "causes": []}, None
    outcomes = several([(bare_market, bare_rules), *((m, r) for _, m, r in steps[:-1])])
    paise = [round(value * 100.0) for value in (*(o.curves.equity[-1] for o in outcomes), final)]
    twin = {
        "final_equity": paise[0] / 100.0,
        "causes": [
            {"cause": cause, "difference": (after - before) / 100.0}
            for (cause, _, _), before, after in zip(steps, paise, paise[1:], strict=False)
        ],
    }
    return twin, outcomes[-1] if rules.policy.active else None


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
