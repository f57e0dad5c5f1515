"""How easily a company's accounts break: a score of 0 (sound) to 100 (fragile) that opens to its parts.

| part | points | 0 | all of them |
|---|---|---|---|
| debt | 40 | no debt | debt twice the equity, or negative equity |
| profit on equity | 30 | 20 % or more | a loss |
| earnings | 15 | a profit | a loss a share |
| valuation | 15 | P/E 15 or less | P/E 60 or more, or a loss |

In between each part rises evenly. A part whose figure is unknown is left out and the rest is scaled to 100; below half
of the points known there is no score. Of lenders, whose business is debt, the debt is left out. The weights and bounds
are ours: a rule of thumb that says where to look, no estimate of default.
"""

from __future__ import annotations

from typing import Final, NamedTuple

POINTS: Final = {"debt": 40.0, "profitability": 30.0, "earnings": 15.0, "valuation": 15.0}
LENDERS: Final = frozenset({"financial services", "financials", "banks", "banking", "bank"})
LEAST_KNOWN: Final = 50.0


class Part(NamedTuple):
    """A part of the score: its points (None = unknown), the most there are, the figure it rests on."""

    points: float | None
    most: float
    figure: float | None


class Fragility(NamedTuple):
    """`score` 0 to 100 or None, `known` the points whose figures are known, and the parts by name."""

    score: float | None
    known: float
    parts: dict[str, Part]


def fragility(
    debt_to_equity: float | None, roe_percent: float | None, eps: float | None, pe: float | None, sector: str | None
) -> Fragility:
    """The score of a company; None = unknown. `roe_percent` in percent, `eps` in rupees."""
    lender = (sector or "").strip().lower() in LENDERS
    loss = eps is not None and eps <= 0.0
    shares = {
        "debt": None if debt_to_equity is None or lender else _rise(debt_to_equity, 0.0, 2.0, below=1.0),
        "profitability": None if roe_percent is None else 1.0 - _rise(roe_percent, 0.0, 20.0, below=0.0),
        "earnings": None if eps is None else float(loss),
        "valuation": 1.0 if loss else None if pe is None else 1.0 if pe <= 0.0 else _rise(pe, 15.0, 60.0, below=0.0),
    }
    figures = {"debt": debt_to_equity, "profitability": roe_percent, "earnings": eps, "valuation": pe}
    parts = {
        name: Part(None if shares[name] is None else shares[name] * most, most, figures[name])  # type: ignore[operator]
        for name, most in POINTS.items()
    }
    known = sum(part.most for part in parts.values() if part.points is not None)
    total = sum(part.points for part in parts.values() if part.points is not None)
    return Fragility(100.0 * total / known if known >= LEAST_KNOWN else None, known, parts)


def _rise(value: float, low: float, high: float, *, below: float) -> float:
    """0 at `low`, 1 at `high`, even between, 1 above; `below` where value < low."""
    if value < low:
        return below
    return min((value - low) / (high - low), 1.0)
