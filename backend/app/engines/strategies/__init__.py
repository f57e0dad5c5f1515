"""Strategies: identity, typed parameters, a claim, and signals."""

from app.engines.strategies.base import Answer, EventStrategy, NotEnoughData, Params, Signals, Strategy, Weights, param
from app.engines.strategies.registry import AnyStrategy, registry

__all__ = [
    "Answer",
    "AnyStrategy",
    "EventStrategy",
    "NotEnoughData",
    "Params",
    "Signals",
    "Strategy",
    "Weights",
    "param",
    "registry",
]
