"""My strategy: a strategy of your own, in the event form.

`on_bar` is called after the close of each bar, sees what was known then, and gives orders by name; they fill from the
next bar on. How to write one is told in docs/strategies.md.
"""

from dataclasses import dataclass
from typing import Any

from app.engines.strategies.base import EventStrategy, Params, param


@dataclass(frozen=True)
class MyStrategyParams(Params):
    """What can be varied: each with its default, its range and its unit. The types are int and float."""

    window: int = param(20, minimum=2, maximum=500, description="Highest close of so many bars", unit="bars")
    stop: float = param(0.05, minimum=0.005, maximum=0.5, description="Stop below the close", unit="fraction")
    rest: int = param(5, minimum=0, maximum=250, description="Pause after an exit", unit="bars")


class MyStrategy(EventStrategy[MyStrategyParams]):
    """Buys new highs, with a stop and a target, and rests after each exit."""

    id = "my_strategy"  # as on the command line; do not change it later, the strategy's history goes by it
    display_name = "My strategy"
    description = "Buys a close above the highest of the bars before; sells at a stop or at twice its distance."
    hypothesis = "A new high shows that buyers are in control, and others follow."  # why should it earn?
    when_it_loses = "In sideways markets each new high is the last one for a while."
    citation = ""  # where the idea is from
    regime = "TREND"  # the market it is made for
    timeframe = "1d"
    universe = "NIFTY50"  # what it runs on when nothing else is said
    params_type = MyStrategyParams

    def warm_up(self, params: MyStrategyParams) -> int:
        """Bars needed before the first one that is asked."""
        return params.window

    def start(self, context: Any) -> None:
        """Once, before the first bar. What you keep belongs in context.state, never in self: a run must start new."""
        context.state["left"] = [-1] * len(context.symbols)  # when each position was last seen to be gone
        context.state["held"] = [False] * len(context.symbols)

    def on_bar(self, context: Any) -> None:
        """Once after each close. `n` is a column of context.symbols."""
        params, left, held = context.params, context.state["left"], context.state["held"]
        for n in range(len(context.symbols)):
            if held[n] and not context.positions[n]:
                left[n] = context.t
            held[n] = context.positions[n] != 0
            if held[n] or (left[n] >= 0 and context.t - left[n] <= params.rest):
                continue
            closes = context.history(params.window + 1, n)  # the last bars, this one included; NaN: did not trade
            if len(closes) > params.window and closes[-1] > closes[:-1].max():
                risk = params.stop * closes[-1]
                # how many shares follows from the run's sizing; quantity=… or budget=… says it yourself
                context.buy(n, stop=closes[-1] - risk, target=closes[-1] + 2 * risk)
                # context.exit(n), context.protect(n, stop=…), context.cancel(n), context.rebalance({n: weight})
