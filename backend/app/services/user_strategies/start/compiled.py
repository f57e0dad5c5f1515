"""My strategy: a strategy of your own, in the compiled form.

`decide` is called after the close of each bar, sees what was known then, and gives orders; they fill from the next bar
on. Numba compiles it: numbers, arrays and loops, no objects. How to write one is told in docs/strategies.md.
"""

from dataclasses import dataclass
from typing import Any

from app.engines.strategies.base import Params, param
from app.engines.strategies.compiled import CompiledStrategy, View, buy


@dataclass(frozen=True)
class MyStrategyParams(Params):
    """What can be varied: each with its default, its range and its unit. The types are int and float."""

    window: int = param(20, minimum=2, maximum=500, description="Highest close of so many bars", unit="bars")
    stop: float = param(0.05, minimum=0.005, maximum=0.5, description="Stop below the close", unit="fraction")
    rest: int = param(5, minimum=0, maximum=250, description="Pause after an exit", unit="bars")


class MyStrategy(CompiledStrategy[MyStrategyParams]):
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
    memory = 2  # numbers kept for each instrument in view.state[n], zeros at the beginning

    def warm_up(self, params: MyStrategyParams) -> int:
        """Bars needed before the first one that is asked."""
        return params.window

    @staticmethod
    def decide(view: View, params: Any) -> None:
        """Once after each close. The last row of view.close is this bar; there is nothing after it."""
        for n in range(view.close.shape[1]):
            held = view.position[n] != 0.0
            if view.state[n, 0] == 1.0 and not held:  # held at the bar before
                view.state[n, 1] = view.t + params.rest  # do not buy before then
            view.state[n, 0] = 1.0 if held else 0.0
            if held or view.t < view.state[n, 1] or view.t < params.window:
                continue
            now, before = view.close[-1, n], view.close[-1 - params.window : -1, n]
            if now > before.max():  # False where either is NaN: the instrument did not trade
                risk = params.stop * now
                # how many shares follows from the run's sizing; quantity=… or budget=… says it yourself
                buy(view, n, stop=now - risk, target=now + 2.0 * risk)
                # leave(view, n), protect(view, n, stop=…), cancel(view, n), sell_short(view, n)
