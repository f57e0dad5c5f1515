"""The compiled kernels, ready before anybody waits for them."""

from __future__ import annotations


def compiled() -> bool:
    """Whether the loop of a backtest, at its present sources, lies compiled on the disk."""
    from app.engines.kernel_cache import cache_directory

    return next(cache_directory().rglob("loop.run_bars-*.nbi"), None) is not None


COMPILING = "Waiting for the engine to be compiled: once after an installation or an update, for a few minutes"


def unless_compiling(message: str) -> str:
    """What a job that runs the engine tells while it is about `message`: while the kernels are not there, that."""
    return message if compiled() else COMPILING


def warm_up() -> float:
    """Compile every kernel, or load it from the disk where it was compiled before; seconds it took."""
    from app.engines.backtest import warm
    from app.engines.evidence import drawing
    from app.engines.portfolio import warm as portfolio
    from app.engines.screener import snapshot
    from app.engines.screener.language import warm as language

    others = snapshot.warm_up() + language.warm_up() + portfolio.warm_up() + drawing.warm_up()
    return warm.warm_up() + others
