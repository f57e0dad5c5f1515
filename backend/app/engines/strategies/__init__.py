"""Strategies: identity, typed parameters, a claim, and signals.

The list of those that are there is `registry.registry`, which is not named here: a strategy's identity is a hash of all
that it imports, this package included, and a strategy added to the list must leave the others what they are.
"""

from app.engines.strategies.base import Answer, EventStrategy, NotEnoughData, Params, Signals, Strategy, Weights, param

__all__ = ["Answer", "EventStrategy", "NotEnoughData", "Params", "Signals", "Strategy", "Weights", "param"]
