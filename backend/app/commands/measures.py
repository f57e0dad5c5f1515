"""How the commands write measures: percent, rupees, whole numbers, or plain figures."""

from __future__ import annotations

from typing import Final

_PERCENT: Final = frozenset(
    {
        *("total_return", "cagr", "volatility", "downside_deviation", "max_drawdown", "mean_drawdown", "ulcer_index"),
        *("pain_index", "var_95", "var_99", "cvar_95", "cvar_99", "best_day", "worst_day", "winning_days"),
        *("best_month", "worst_month", "winning_months", "alpha", "tracking_error", "probabilistic_sharpe"),
        *("win_rate", "exposure", "gross_exposure", "net_exposure", "frozen_share"),
        *("mean_adverse_excursion", "mean_favourable_excursion"),
    }
)
_RUPEES: Final = frozenset({"final_equity", "final_equity_without_frozen", "frozen_value", "expectancy"})
_WHOLE: Final = frozenset({"longest_drawdown", "recovery_sessions", "periods_per_year", "returns", "missing_returns",
                           "min_track_record_sessions", "trades", "open_trades", "frozen_positions"})  # fmt: skip


def drawn(name: str, value: float | None) -> str:
    """A measure in its unit, rounded for reading; a dash where it is not known."""
    if value is None:
        return "–"
    if name in _PERCENT:
        return f"{100.0 * value:,.2f} %"
    if name in _RUPEES:
        return f"₹{value:,.2f}"
    return f"{value:,.0f}" if name in _WHOLE else f"{value:,.4f}"
