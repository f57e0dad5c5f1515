"""What a strategy says of itself, checked: a user's class may leave out or mistake anything. Runs in the worker."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from app.engines.backtest.spec import PERIODS_PER_YEAR
from app.engines.strategies.base import JSON_TYPES, BarsNeeded, EventStrategy, Params, ProductName, Strategy

TEXTS = ("display_name", "description", "hypothesis", "when_it_loses", "regime")


class Unfit(Exception):
    """A strategy that cannot be used. `name` is the attribute or method to blame, None for the class itself."""

    def __init__(self, name: str | None, message: str, expected: str) -> None:
        super().__init__(message)
        self.name, self.message, self.expected = name, message, expected


def describe(strategy: Strategy[Any], strategy_id: str) -> dict[str, Any]:
    """Identity, texts, defaults and the schema of the parameters, as plain values.

    Raises
    ------
    Unfit : something is missing or wrong. Whatever the strategy raises goes through.
    """
    if strategy.id != strategy_id:
        raise Unfit("id", f"id is {strategy.id!r} when it runs", f"the text {strategy_id!r}, as it is written")
    told: dict[str, Any] = {name: _text(strategy, name) for name in TEXTS}
    told["citation"] = getattr(strategy, "citation", None) and _text(strategy, "citation")
    told["universe"] = _text(strategy, "universe")
    told["timeframe"] = _one_of(strategy, "timeframe", tuple(PERIODS_PER_YEAR))
    told["product"] = _one_of(strategy, "product", get_args(ProductName))
    told["bars"] = _one_of(strategy, "bars", get_args(BarsNeeded))
    compiled = sys.modules.get("app.engines.strategies.compiled")  # which brings the compiler: only if it is there
    kind = "event" if isinstance(strategy, EventStrategy) else "vectorised"
    if compiled is not None and isinstance(strategy, compiled.CompiledStrategy):
        kind = "compiled"
        if type(strategy.memory) is not int or strategy.memory < 0:
            raise Unfit("memory", f"memory is {strategy.memory!r}", "a whole number, 0 or more")
    told["kind"] = _one_of(strategy, "kind", (kind,))
    told["parameters"] = _parameters(strategy)
    reads = strategy.reads()
    if not isinstance(reads, tuple) or not all(isinstance(name, str) for name in reads):
        raise Unfit("reads", f"reads answers {reads!r}", 'a tuple of texts, as ("fundamentals.roe",)')
    told["reads"] = list(reads)
    warm_up = strategy.warm_up(strategy.params())
    if type(warm_up) is not int or warm_up < 0:
        raise Unfit("warm_up", f"warm_up answers {warm_up!r}", "a whole number of bars, 0 or more")
    return told


def _text(strategy: Strategy[Any], name: str) -> str:
    value = getattr(strategy, name, None)
    if not isinstance(value, str) or not value.strip():
        said = "is missing" if value is None else f"is {value!r}"
        raise Unfit(name, f"{name} {said}", f'a text: {name} = "…"')
    return value


def _one_of(strategy: Strategy[Any], name: str, allowed: tuple[str, ...]) -> str:
    value = getattr(strategy, name, None)
    if value not in allowed:
        raise Unfit(name, f"{name} is {value!r}", f"one of {', '.join(allowed)}")
    return str(value)


def _parameters(strategy: Strategy[Any]) -> dict[str, Any]:
    kind = getattr(strategy, "params_type", None)
    if not isinstance(kind, type) or not issubclass(kind, Params) or not is_dataclass(kind):
        raise Unfit("params_type", f"params_type is {kind!r}", "a frozen dataclass derived from Params")
    hints = get_type_hints(kind)
    for field in fields(kind):
        if not {"minimum", "maximum", "description", "unit"} <= set(field.metadata):
            raise Unfit("params_type", f"the parameter {field.name} has no range", f"{field.name}: … = param(…)")
        if hints[field.name] not in JSON_TYPES:
            raise Unfit("params_type", f"the parameter {field.name} is neither int nor float", "one of these types")
    try:
        strategy.params()
    except ValueError as error:
        raise Unfit("params_type", f"the defaults are refused: {error}", "defaults that go together") from error
    return strategy.params_schema()
