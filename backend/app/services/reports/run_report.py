"""A run as one page of HTML that opens without a server: no scripts, no fonts, no pictures from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.services.reports import words
from app.services.reports.charts import Line, Panel, round_ticks, svg

MOST_TRADES: Final = 200
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIGURES: Final = (
    ("cagr", "CAGR", words.percent),
    ("sharpe", "Sharpe ratio", words.ratio),
    ("max_drawdown", "Maximum drawdown", words.percent),
    ("volatility", "Volatility", words.percent),
    ("profit_factor", "Profit factor", words.ratio),
    ("trades", "Closed trades", words.count),
)
_BESIDE: Final = (
    ("cagr", "CAGR", words.percent),
    ("volatility", "Volatility", words.percent),
    ("sharpe", "Sharpe ratio", words.ratio),
    ("max_drawdown", "Maximum drawdown", words.percent),
)


def run_report(
    run: Mapping[str, Any],
    analysis: Mapping[str, Any],
    significance: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    sample: bool,
    written_at: datetime | None = None,
) -> str:
    """The report of a run.

    Parameters
    ----------
    run, analysis, significance : as the API answers them
    names : what strategies are called, by id
    sample : whether the run is of the sample market
    written_at : the instant on the page; None = now
    """
    template = _ENVIRONMENT.get_template("run.html.j2")
    title = " + ".join(names.get(name, name) for name in run["strategy_ids"])
    return template.render(
        run=run,
        analysis=analysis,
        significance=significance,
        title=title,
        sample=sample,
        universe=_universe(run["spec"]["universe"]),
        figures=[_figure(run, analysis, *figure) for figure in _FIGURES],
        chart=_chart(run, analysis, title),
        months=_MONTHS,
        years=_years(analysis),
        beside=_beside(run),
        naive=run["naive_twin"],
        trades=run["trades"][:MOST_TRADES],
        params=[
            (book["strategy_id"], name, value)
            for book in run["spec"]["books"]
            for name, value in book["params"].items()
        ],
        written_at=(written_at or datetime.now(UTC)).isoformat(timespec="seconds"),
    )


def _figure(run: Mapping[str, Any], analysis: Mapping[str, Any], name: str, label: str, show: Any) -> dict[str, str]:
    value, luck = run["metrics"].get(name), analysis["luck"]
    interval = luck["intervals"].get(name) if isinstance(luck, Mapping) else None
    doubt = "" if interval is None else f"{show(interval['low'])} to {show(interval['high'])}"
    reason = "" if value is not None else run["metric_reasons"].get(name, "not computed")
    return {"label": label, "value": show(value), "interval": doubt, "reason": reason}


def _universe(universe: Mapping[str, Any]) -> str:
    symbols = universe["symbols"]
    return (
        str(universe["index"])
        if universe["index"]
        else ", ".join(symbols)
        if len(symbols) <= 6
        else f"{len(symbols)} symbols"
    )


def _chart(run: Mapping[str, Any], analysis: Mapping[str, Any], title: str) -> Markup | None:
    """Equity beside the index where there is one, and the drawdown under it; at session closes."""
    by_day = {point["date"][:10]: point for point in run["daily_chart"]}
    points = [by_day[day] for day in analysis["days"]]
    if len(points) < 2:
        return None
    equity = np.array([point["equity"] for point in points], np.float64)
    drawdown = np.array([point["drawdown"] for point in points], np.float64)
    lines = [Line("run", equity)]
    index = next((row for row in run["benchmarks"] if row["kind"] == "index" and row["equity"]), None)
    if index is not None and len(index["equity"]) == len(points):
        lines.insert(0, Line("index", np.array([np.nan if v is None else v for v in index["equity"]], np.float64)))
    values = np.concatenate([line.values for line in lines])
    ticks = [(tick, words.rupees(tick, paise=False)) for tick in round_ticks(np.nanmin(values), np.nanmax(values))]
    falls = [(tick, words.percent(tick, 0)) for tick in round_ticks(float(drawdown.min()), 0.0, 3)]
    panels = [Panel(8, 250, lines, ticks), Panel(270, 350, [Line("fall", drawdown)], falls, filled=True)]
    return Markup(svg(analysis["days"], panels, f"Equity and drawdown of {title}"))  # it escapes its texts


def _years(analysis: Mapping[str, Any]) -> list[dict[str, Any]]:
    months = {(month["year"], month["month"]): month for month in analysis["months"]}
    return [
        {"year": year["year"], "total": year, "months": [months.get((year["year"], at)) for at in range(1, 13)]}
        for year in analysis["years"]
    ]


def _beside(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [{"name": "This run", "words": "After charges and slippage.", "metrics": run["metrics"]}, *run["benchmarks"]]
    return [
        {
            "name": row["name"],
            "words": row["words"],
            "cells": [show(row["metrics"].get(name)) for name, _, show in _BESIDE],
        }
        for row in rows
    ]


def _shade(value: float) -> int:
    """Which of nine colours a month's return has; the middle one is zero, the ends are 10 % either way."""
    return min(8, max(0, round(4 + 4 * value / 0.1)))


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("app.services.reports"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    rupees=words.rupees,
    signed_rupees=words.signed_rupees,
    percent=words.percent,
    signed_percent=words.signed_percent,
    ratio=words.ratio,
    probability=words.probability,
    count=words.count,
    blocks=words.blocks,
    day=words.day,
    plain=words.plain,
    shade=_shade,
)
_ENVIRONMENT.globals["beside_labels"] = [label for _, label, _ in _BESIDE]
