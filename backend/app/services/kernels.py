"""The compiled kernels, ready before anybody waits for them."""

from __future__ import annotations


def warm_up() -> float:
    """Compile every kernel, or load it from the disk where it was compiled before; seconds it took."""
    from app.engines.backtest import warm
    from app.engines.screener import snapshot

    return warm.warm_up() + snapshot.warm_up()
