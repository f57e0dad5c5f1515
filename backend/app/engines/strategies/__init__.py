"""Strategies: identity, typed parameters, a claim, and signals."""

from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.registry import AnyStrategy, registry

__all__ = ["AnyStrategy", "Params", "Signals", "Strategy", "param", "registry"]
