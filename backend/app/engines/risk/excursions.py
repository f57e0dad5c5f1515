"""How far a trade went against us and with us before it ended."""

from __future__ import annotations

from app.engines.kernels import kernel
from app.engines.risk.basics import F1, I1


@kernel()
def excursions(
    column: I1, side: I1, entry_bar: I1, exit_bar: I1, entry_price: F1, exit_price: F1,
    high: F1, low: F1, factor: F1, adverse: F1, favourable: F1,
) -> None:  # fmt: skip
    """Write the worst and the best excursion of each trade as fractions of its entry price.

    Parameters
    ----------
    column, side, entry_bar, exit_bar : of each trade; side 1 long, -1 short; exit_bar -1 while open: to the last bar
    entry_price, exit_price : rupees as traded on their day; the exit's NaN while open
    high, low, factor : [T, N], as traded, and what makes prices of different days comparable; NaN highs are skipped
    adverse, favourable : written: at most 0 and at least 0

    The entry bar counts whole, its extremes may have come before the fill; of the exit bar only the price of the exit.
    """
    for i in range(column.size):
        n, begin = column[i], entry_bar[i]
        paid = entry_price[i] * factor[begin, n]
        worst = best = 0.0
        last = high.shape[0] if exit_bar[i] < 0 else exit_bar[i]
        for t in range(begin, last):
            if high[t, n] == high[t, n]:
                up, down = high[t, n] * factor[t, n] / paid - 1.0, low[t, n] * factor[t, n] / paid - 1.0
                if side[i] < 0:
                    up, down = -down, -up
                best, worst = max(best, up), min(worst, down)
        if exit_bar[i] >= 0 and exit_price[i] == exit_price[i]:
            at_exit = side[i] * (exit_price[i] * factor[exit_bar[i], n] / paid - 1.0)
            best, worst = max(best, at_exit), min(worst, at_exit)
        adverse[i], favourable[i] = worst, best
