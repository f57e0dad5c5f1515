"""Strategy files for tests: one honest strategy, and what can be done to it."""

from __future__ import annotations

from pathlib import Path

HEAD = """\
from dataclasses import dataclass
import numpy as np
from app.engines.strategies.base import EventStrategy, Params, Signals, Strategy, param


@dataclass(frozen=True)
class P(Params):
    window: int = param(3, minimum=2, maximum=50, description="Bars", unit="bars")


class Base:
    display_name = description = hypothesis = when_it_loses = regime = "of a test"
    params_type = P

    def warm_up(self, params):
        return params.window
"""

SIGNALS = """
    def signals(self, bars, params):
        rises = np.zeros(bars.shape, np.bool_)
        falls = np.zeros(bars.shape, np.bool_)
        rises[1:] = bars.close[1:] > bars.close[:-1]
        falls[1:] = bars.close[1:] < bars.close[:-1]
        return Signals(rises, falls)
"""

ON_BAR = """
    def on_bar(self, context):
        for n in range(len(context.symbols)):
            closes = context.history(2, n)
            if len(closes) == 2 and closes[1] > closes[0] and not context.positions[n]:
                context.buy(n)
            elif len(closes) == 2 and closes[1] < closes[0] and context.positions[n]:
                context.exit(n)
"""


def vectorised(name: str, body: str = SIGNALS, before: str = "") -> str:
    """A vectorised strategy with this `signals`; `before` stands at the end of the module's own statements."""
    return f'{HEAD}\n{before}\n\nclass Mine(Base, Strategy[P]):\n    id = "{name}"\n{body}'


def event(name: str, body: str = ON_BAR, before: str = "") -> str:
    """An event strategy with this `on_bar`."""
    return f'{HEAD}\n{before}\n\nclass Mine(Base, EventStrategy[P]):\n    id = "{name}"\n{body}'


DECIDE = """
    @staticmethod
    def decide(view, params):
        for n in range(view.close.shape[1]):
            if view.t > 0 and view.close[-1, n] > view.close[-2, n] and view.position[n] == 0.0:
                buy(view, n)
            elif view.t > 0 and view.close[-1, n] < view.close[-2, n] and view.position[n] != 0.0:
                leave(view, n)
"""


def compiled(name: str, body: str = DECIDE, before: str = "") -> str:
    """A compiled strategy with this `decide`; it gives the orders that the event strategy gives."""
    imports = "from app.engines.strategies.compiled import CompiledStrategy, buy, leave\n"
    return f'{HEAD}\n{imports}{before}\n\nclass Mine(Base, CompiledStrategy[P]):\n    id = "{name}"\n{body}'


def signals_after(statement: str) -> str:
    """The `signals` with a statement before it."""
    return SIGNALS.replace("        rises = ", f"        {statement}\n        rises = ", 1)


def on_bar_after(statement: str) -> str:
    """The `on_bar` with a statement before it."""
    return ON_BAR.replace("        for n", f"        {statement}\n        for n", 1)


def line_of(text: str, words: str) -> int:
    """The line that holds some words, the first being 1."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def write(folder: Path, name: str, text: str) -> Path:
    """A file of the folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
