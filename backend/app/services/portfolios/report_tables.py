"""What a portfolio's report says, as titled tables of words and numbers: the PDF and the workbook print the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Cell = str | float | int | None
Kind = Literal["text", "percent", "number", "rupees", "paise", "count"]


@dataclass(frozen=True)
class Table:
    """A table: columns with their kinds, rows, and a line under it."""

    title: str
    columns: tuple[tuple[str, Kind], ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def tables(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any]) -> list[Table]:
    """The tables of a report.

    Parameters
    ----------
    portfolio, analysis, stress : as the API answers them, of the same day
    """
    risk, spread, accounts = analysis["market_risk"], analysis["portfolio_risk"], analysis["fundamental_risk"]
    index = analysis["benchmark"]["name"]
    fall = risk["max_drawdown"]
    window = analysis["window"]
    percent_figures: list[tuple[str, Any, str]] = [
        ("Volatility, a year", risk["volatility"], f"{index} {_percent(risk['benchmark_volatility'])}"),
        ("Downside deviation, a year", risk["downside_deviation"], "of returns below zero"),
        ("Tracking error, a year", risk["tracking_error"], f"against {index}"),
        ("Deepest fall", fall["max_drawdown"], f"{fall['peak_date'] or 'before'} to {fall['trough_date'] or '–'}"),
        ("VaR 95, one session", risk["var_95"], "historical"),
        ("CVaR 95, one session", risk["cvar_95"], "historical"),
        ("VaR 99, one session", risk["var_99"], "historical"),
        ("VaR 95 at today's pace", risk["var_95_filtered"], "returns scaled to today's volatility"),
        ("VaR 95, Cornish-Fisher", risk["var_95_cornish_fisher"], "by skewness and kurtosis"),
        ("Largest holding", spread["max_position"], spread["max_position_symbol"]),
    ]
    number_figures: list[tuple[str, Any, str]] = [
        ("Beta", risk["beta"], f"to {index}{_interval(risk['beta_interval'])}"),
        ("Effective holdings", spread["effective_holdings"], f"of {spread['holdings']}"),
        ("Mean correlation", spread["avg_correlation"], "of pairs of holdings"),
        ("Fragility of accounts", accounts["avg_fragility"], "0 sound, 100 fragile, by value"),
    ]
    known = {row["symbol"]: row for row in spread["marginal_contributions"]}
    return [
        Table(
            "Holdings",
            (("Share", "text"), ("Sector", "text"), ("Shares", "count"), ("Cost, ₹", "rupees"), ("Close, ₹", "number"),
             ("Value, ₹", "rupees"), ("Gain, ₹", "rupees"), ("Weight", "percent")),
            [
                (one["symbol"], one["sector"] or "–", one["quantity"], _money(one["invested_value"]), one["ltp"],
                 _money(one["market_value"]), _money(one["unrealised_pnl"]),
                 None if one["allocation_pct"] is None else one["allocation_pct"] / 100)
                for one in portfolio["positions"]
            ],
            "At the last closes, before charges of selling and tax.",
        ),
        Table("Figures in percent", (("Figure", "text"), ("Value", "percent"), ("Beside", "text")), percent_figures,
              f"{window['sessions']} sessions from {window['first']} to {window['last']}; losses are positive."),
        Table("Other figures", (("Figure", "text"), ("Value", "number"), ("Beside", "text")), number_figures),
        Table(
            "Contribution to risk",
            (("Share", "text"), ("Weight", "percent"), ("Risk", "percent"), ("Volatility", "percent"),
             ("Beta", "number")),
            [
                (symbol, one["weight"], one["contribution_share"], one["volatility"], one["beta"])
                for symbol, one in known.items()
            ],
            "Shares of the risk sum to 100 %: weight times the slope of the volatility with it (Euler).",
        ),
        Table(
            "Stress",
            (("Scenario", "text"), ("Portfolio", "percent"), (index, "percent"), ("Change, ₹", "rupees"),
             ("Told by", "text")),
            [
                *(
                    (f"{one['name']}, {one['first']} to {one['last']}", one["portfolio_return"],
                     one["benchmark_return"], _money(one["change"]),
                     "prices" if one["estimated_share"] < 0.0005 and one["portfolio_return"] is not None
                     else f"{_percent(one['estimated_share'])} estimated" if one["portfolio_return"] is not None
                     else "not known")
                    for one in stress["replays"]
                ),
                *((one["name"], one["portfolio_return"], one["market"] or None, _money(one["change"]), "beta")
                  for one in stress["shocks"]),
                (f"Lower circuit, {stress['circuit']['sessions']} sessions: {', '.join(stress['circuit']['symbols'])}",
                 stress["circuit"]["portfolio_return"], None, _money(stress["circuit"]["change"]), "cannot be sold"),
            ],
            "Estimated: the median share of the sector, else beta times the market.",
        ),
        Table("Sectors", (("Sector", "text"), ("Weight", "percent")),
              [(one["name"], one["allocation"]) for one in analysis["charts"]["sectors"]]),
        Table("Days to sell", (("Share", "text"), ("Weight", "percent"), ("Sessions", "number")),
              [(one["symbol"], one["weight"], one["days"]) for one in analysis["liquidity"]["holdings"]],
              "At a tenth of the median volume of 63 sessions."),
    ]  # fmt: skip


def facts(portfolio: Mapping[str, Any], analysis: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What stands at the head of a report."""
    return [
        ("Client", portfolio["client"] or "–"),
        ("Value", f"₹{indian(_money(portfolio['market_value']))}"),
        ("Unrealised gain", f"₹{indian(_money(portfolio['unrealised_pnl']))}"),
        ("As of", f"{analysis['asof']}, close"),
        ("Data", str(analysis["snapshot"])[:8]),
    ]


def indian(amount: float | None, digits: int = 0) -> str:
    """1642118 → 16,42,118; – where unknown."""
    if amount is None:
        return "–"
    whole, _, rest = f"{abs(amount):.{digits}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    while len(head) > 2:
        head, tail = head[:-2], f"{head[-2:]},{tail}"
    text = f"{head},{tail}" if head else tail
    return ("−" if amount < 0 and float(f"{amount:.{digits}f}") else "") + text + (f".{rest}" if rest else "")


def shown(value: Cell, kind: Kind) -> str:
    """A cell as people read it: – where unknown."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "percent":
        return f"{100 * value:.1f} %".replace("-", "−")
    if kind == "number" and 0.0 < value < 0.005:
        return "< 0.01"
    return indian(value, 2 if kind in ("number", "paise") else 0)


def escaped(text: str) -> str:
    """Text that markup takes for nothing else."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _money(text: str | None) -> float | None:
    return None if text is None else float(text)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f", {ends[0]:.2f} to {ends[1]:.2f}"
