"""How a portfolio's money could be spread over the same shares, judged out of sample; and the trades to get there.

Weights are of the shares with enough history; what is left out of the judgement keeps its shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.costs.note import Note, Order, contract_note, estimate
from app.engines.costs.plans import PLANS, Plan
from app.engines.costs.rates import Product
from app.engines.portfolio import spread, table
from app.engines.portfolio.allocate import Infeasible
from app.engines.portfolio.limits import Limits, Region, region
from app.engines.portfolio.trades import whole_shares
from app.engines.portfolio.walk import walk_forward
from app.engines.portfolio.window import of_portfolio
from app.engines.risk import drawdowns, returns, tail
from app.exceptions import InsufficientDataError, ValidationError
from app.services.portfolios.held import Judged
from app.services.portfolios.money import money
from app.services.portfolios.rebalance_tax import Sale
from app.services.portfolios.solvers import METHODS, weigh

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

YEAR: Final = 252
NAMES: Final = {
    "minimum_variance": "Minimum variance",
    "risk_parity": "Risk parity",
    "hierarchical_risk_parity": "Hierarchical risk parity",
    "minimum_cvar": "Minimum CVaR",
    "maximum_diversification": "Maximum diversification",
}
assert tuple(NAMES) == METHODS
BASELINES: Final = {"today": "Today's weights", "equal": "Equal weights"}
ASSUMPTIONS: Final = (
    "No method guesses at returns: weights come from how the shares moved, each alone and together.",
    "Out of sample: weights from the sessions before a rebalance, earned in those after it, charges of every rebalance "
    "after the first paid. Limits on turnover and shares to keep are about today and do not apply there.",
    "Which shares are judged is known with hindsight: they are those held now. It flatters every row alike.",
)


@dataclass(frozen=True)
class Wish:
    """What the weights must keep to, by symbol and sector; fractions of the portfolio."""

    max_weight: float | None = None
    max_sector: float | None = None
    sector_limits: Mapping[str, float] = field(default_factory=dict)
    turnover: float | None = None
    keep: Sequence[str] = ()


def improve(
    found: Judged, wish: Wish, *, methods: Sequence[str], estimate_sessions: int, every: int, plan_name: str
) -> dict[str, Any]:
    """Each method's weights, what they would have risked, and how they did out of sample beside today's and equal ones.

    Parameters
    ----------
    estimate_sessions : the sessions weights are estimated from, the newest ones
    every : sessions between rebalances out of sample
    plan_name : whose charges a rebalance pays

    Raises
    ------
    InsufficientDataError : fewer than two shares, or fewer sessions than weights are estimated from.
    ValidationError : a limit that makes no sense.
    """
    today, past = found.weights, found.window.returns
    _check(found, estimate_sessions)
    inside, outside = _regions(found, wish)
    recent = past[-estimate_sessions:]
    cost, cost_words = _cost(found, plan_name)
    rows = []
    curves: dict[str, list[float]] = {}
    fixed: dict[str, F1] = {"today": today, "equal": np.full(today.size, 1.0 / today.size)}
    for name in (*BASELINES, *methods):
        weights = fixed.get(name)
        collide: tuple[str, ...] = ()
        reason = None
        if weights is None:
            try:
                weights = weigh(name, recent, inside)
            except Infeasible as error:
                collide, reason = error.limits, str(error)
            except ValueError as error:
                reason = str(error)
        row: dict[str, Any] = {
            "id": name,
            "name": BASELINES.get(name) or NAMES[name],
            "baseline": name in BASELINES,
            "reason": reason,
            "colliding": list(collide),
            "weights": None if weights is None else _listed(found, weights),
            "in_sample": None if weights is None else _in_sample(recent, weights),
            "turnover": None if weights is None else float(np.sum(np.maximum(weights - today, 0.0))),
        }
        how = (lambda _, __, fixed_weights=fixed[name]: fixed_weights) if name in fixed else _weigher(name, outside)
        row["out_of_sample"], curve = _out_of_sample(past, how, estimate_sessions, every, cost, reason)
        if curve is not None:
            curves[name] = curve
        rows.append(row)
    first = min(estimate_sessions, past.shape[0])
    return {
        "methods": rows,
        "limits": [word for word in dict.fromkeys(inside.words) if word],
        "estimate_sessions": estimate_sessions,
        "rebalance_every": every,
        "cost": cost,
        "cost_note": cost_words,
        "curves": {
            "dates": np.datetime_as_string(found.window.sessions[first:], unit="D").tolist() if curves else [],
            "growth": curves,
        },
        "improve_assumptions": list(ASSUMPTIONS),
    }


def weights_of(found: Judged, wish: Wish, method: str, estimate_sessions: int) -> dict[str, float]:
    """A method's weights by symbol. Raises as `improve`; ValidationError where limits collide."""
    _check(found, estimate_sessions)
    try:
        weights = weigh(method, found.window.returns[-estimate_sessions:], _regions(found, wish)[0])
    except Infeasible as error:
        raise ValidationError(str(error), "limits", details={"colliding": list(error.limits)}) from error
    except ValueError as error:
        raise ValidationError(str(error)) from error
    whole = float(np.sum(weights))
    return {found.held.symbols[n]: float(weights[i]) / whole for i, n in enumerate(found.window.kept)}


def _check(found: Judged, estimate_sessions: int) -> None:
    if len(found.window.kept) < 2:
        raise InsufficientDataError("Two shares with enough history are needed to spread money over them", 2, 1)
    have = found.window.returns.shape[0]
    if have < estimate_sessions:
        raise InsufficientDataError(
            f"Weights are estimated from {estimate_sessions} sessions; the window has {have}", estimate_sessions, have
        )


def _regions(found: Judged, wish: Wish) -> tuple[Region, Region]:
    """Where weights may lie now, and where they may lie out of sample, without what is about today."""
    held = found.held
    symbols = [held.symbols[n] for n in found.window.kept]
    sectors = [held.sectors[n] for n in found.window.kept]
    unknown = [one for one in wish.keep if one.strip().upper() not in symbols]
    if unknown:
        raise ValidationError(f"keep: {', '.join(unknown)} is not among the shares that are weighed", "keep")
    keep = tuple(sorted({symbols.index(one.strip().upper()) for one in wish.keep}))
    try:
        whole = Limits(wish.max_weight, wish.max_sector, dict(wish.sector_limits), wish.turnover, keep)
        rest = Limits(wish.max_weight, wish.max_sector, dict(wish.sector_limits))
        return region(whole, symbols, sectors, found.weights), region(rest, symbols, sectors, found.weights)
    except ValueError as error:
        raise ValidationError(str(error), str(error).partition(":")[0]) from error


def _weigher(name: str, within: Region) -> Callable[[F2, F1], F1]:
    return lambda past, _: weigh(name, past, within)


def _out_of_sample(
    past: F2, weigh: Callable[[F2, F1], F1], lookback: int, every: int, cost: float, reason: str | None
) -> tuple[dict[str, Any] | None, list[float] | None]:
    """Figures and growth of 1; None where there is nothing to judge, and the figures say why."""
    if past.shape[0] < lookback + every:
        needed = lookback + every
        return {
            "reason": f"{past.shape[0]} sessions, {needed} are needed: {lookback} to estimate and {every} after"
        }, None
    try:
        walked = walk_forward(past, weigh, lookback=lookback, every=every, cost=cost)
    except ValueError as error:
        return {"reason": reason or str(error)}, None
    equity: F1 = np.cumprod(1.0 + walked.returns, dtype=np.float64)
    return {
        "reason": None,
        "sessions": int(walked.returns.size),
        "annual_return": returns.cagr(walked.returns, YEAR).value,
        "volatility": returns.volatility(walked.returns, YEAR).value,
        "sharpe_ratio": returns.sharpe(walked.returns, YEAR).value,
        "cvar_95": tail.expected_shortfall(walked.returns, 0.95).value,
        "max_drawdown": drawdowns.max_drawdown(equity, 1.0).value,
        "turnover": walked.turnover,
        "rebalances": walked.rebalances,
    }, np.round(equity, 6).tolist()


def _in_sample(recent: F2, weights: F1) -> dict[str, Any]:
    earned = of_portfolio(recent, weights)
    covariances = table.covariance(np.ascontiguousarray(recent.T))
    return {
        "volatility": returns.volatility(earned, YEAR).value,
        "cvar_95": tail.expected_shortfall(earned, 0.95).value,
        "effective_holdings": spread.effective_number(weights),
        "diversification_ratio": spread.diversification_ratio(weights, covariances),
        "largest": float(np.max(weights)),
    }


def _listed(found: Judged, weights: F1) -> list[dict[str, Any]]:
    held = found.held
    return [
        {
            "symbol": held.symbols[n],
            "sector": held.sectors[n],
            "today": float(found.weights[i]),
            "weight": float(weights[i]),
        }
        for i, n in enumerate(found.window.kept)
    ]


def plan_of(name: str) -> Plan:
    """A broker's price list. Raises ValidationError where there is none."""
    plan = PLANS.get(name.strip().lower())
    if plan is None:
        raise ValidationError(f"plan: expected one of {', '.join(PLANS)}, got {name}", "plan")
    return plan


def _cost(found: Judged, plan_name: str) -> tuple[float, str]:
    """Rupees for each rupee traded: half of a lakh bought and sold at today's rates, without what is flat a sale."""
    plan, day = plan_of(plan_name), found.held.session
    total = Decimal(0)
    for side in ("buy", "sell"):
        order = Order(side, Decimal(1000), Decimal(100), Product.DELIVERY)
        total += estimate(order, day, plan).total
    share = float(total / 200_000)
    return (
        share,
        f"{10_000 * share:.1f} hundredths of a percent of what is traded, {plan.name}'s delivery charges of {day}",
    )


@dataclass(frozen=True)
class Trade:
    """An order of a rebalance; `change` in shares, below zero to sell."""

    column: int
    change: int
    price: Decimal
    charges: Decimal


def rebalance(
    found: Judged, weights: Mapping[str, float], *, cash: Decimal, plan_name: str
) -> tuple[dict[str, Any], list[Sale]]:
    """The orders in whole shares that bring the judged shares to weights by symbol, at the last closes; and its sales.

    Parameters
    ----------
    weights : of the judged shares and the cash together, summing to 1 at most; a share not named is sold
    cash : rupees to put in, or below zero to take out

    Raises
    ------
    ValidationError : a weight that makes no sense, or a share that is not weighed.
    """
    held, plan, day = found.held, plan_of(plan_name), found.held.session
    kept = found.window.kept
    symbols = [held.symbols[n] for n in kept]
    named = {symbol.strip().upper(): share for symbol, share in weights.items()}
    unknown = sorted(set(named) - set(symbols))
    if unknown:
        raise ValidationError(f"weights: {', '.join(unknown)} is not among the shares that are weighed", "weights")
    wanted = np.array([named.get(symbol, 0.0) for symbol in symbols])
    if (wanted < 0.0).any() or float(wanted.sum()) > 1.0 + 1e-6:
        raise ValidationError(
            f"weights: expected shares from 0 that sum to 1 at most, got {wanted.sum():.6g}", "weights"
        )
    quantity = held.quantity[list(kept)]
    prices = held.price[list(kept)]
    worth = float(np.sum(quantity * prices))
    if float(cash) < -worth:
        raise ValidationError(f"cash: {cash} is more than the shares are worth, {worth:.2f}", "cash")
    exact = [Decimal(repr(float(one))) for one in prices]

    def charged(n: int, change: int) -> Decimal:
        order = Order("buy" if change > 0 else "sell", Decimal(abs(change)), exact[n], Product.DELIVERY, symbols[n])
        return contract_note([order], day, plan).total_with_depository

    planned = whole_shares(quantity, prices, wanted, float(cash), lambda n, change: float(charged(n, change)))
    trades = [
        Trade(n, int(planned.change[n]), exact[n], charged(n, int(planned.change[n])))
        for n in np.flatnonzero(planned.change).tolist()
    ]
    sales = []
    for one in trades:
        if one.change < 0:
            order = Order("sell", Decimal(-one.change), one.price, Product.DELIVERY, symbols[one.column])
            stt = contract_note([order], day, plan).lines["stt"]
            key = held.keys[kept[one.column]]
            sales.append(Sale(key, symbols[one.column], -one.change, one.price, one.charges - stt, stt))
    return _shown(found, trades, wanted, cash, day, plan), sales


def _shown(found: Judged, trades: Sequence[Trade], wanted: F1, cash: Decimal, day: date, plan: Plan) -> dict[str, Any]:
    held, kept = found.held, found.window.kept
    bought = sum((one.change * one.price for one in trades if one.change > 0), Decimal(0))
    sold = sum((-one.change * one.price for one in trades if one.change < 0), Decimal(0))
    orders = [
        Order(
            "buy" if one.change > 0 else "sell",
            Decimal(abs(one.change)),
            one.price,
            Product.DELIVERY,
            held.symbols[kept[one.column]],
        )
        for one in trades
    ]
    note = contract_note(orders, day, plan) if orders else None
    charges = note.total_with_depository if note is not None else Decimal(0)
    change = {one.column: one for one in trades}
    after = [
        (int(held.quantity[n]) + (change[i].change if i in change else 0)) * Decimal(repr(float(held.price[n])))
        for i, n in enumerate(kept)
    ]
    left = cash + sold - bought - charges
    whole = sum(after, Decimal(0)) + max(left, Decimal(0))
    rows = [
        {
            "symbol": held.symbols[n],
            "side": "buy" if change[i].change > 0 else "sell",
            "quantity": abs(change[i].change),
            "price": float(held.price[n]),
            "value": money(abs(change[i].change) * change[i].price),
            "charges": money(change[i].charges),
            "held": int(held.quantity[n]),
            "weight_before": float(found.weights[i]),
            "weight_wanted": float(wanted[i]),
            "weight_after": float(after[i] / whole) if whole else 0.0,
        }
        for i, n in enumerate(kept)
        if i in change
    ]
    rows.sort(key=lambda one: (one["side"] != "sell", one["symbol"]))
    return {
        "trades": rows,
        "bought": money(bought),
        "sold": money(sold),
        "charges": money(charges),
        "charges_by_line": {} if note is None else _lines(note),
        "cash_in": money(cash),
        "cash_left": money(left),
        "turnover": float(min(bought, sold) / whole) if whole else 0.0,
        "plan": plan.name,
        "priced_on": day.isoformat(),
        "unverified": [] if note is None else list(note.unverified),
        "note": "At the last closes; the market will give others. The total of charges is that of one contract "
        "note and the depository's; those of a trade are as if it were alone. Estimate, not advice.",
    }


def _lines(note: Note) -> dict[str, str | None]:
    lines = {**note.lines, "depository": note.depository + note.depository_gst}
    return {name: money(amount) for name, amount in lines.items()}
