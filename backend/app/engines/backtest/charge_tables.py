"""The charges of a run as arrays: every row of rates in force, as whole numbers over powers of ten.

They are made from the decimal tables of `app.engines.costs`; the kernels of `charges` read them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.costs import PLANS, RATES, Levy, Plan, Product, custom, rate_on
from app.engines.costs.note import EQUITY_ETF_SOLD

F3 = NDArray[np.float64]
I1 = NDArray[np.int64]

COMPONENTS: Final = (
    "flat", "brokerage", "stt", "exchange", "ipft", "sebi", "gst", "stamp", "depository", "depository_gst",
)  # fmt: skip
FLAT, BROKERAGE, STT, EXCHANGE, IPFT, SEBI, GST, STAMP, DEPOSITORY, DEPOSITORY_GST = range(10)
SHARE, EQUITY_ETF, OTHER_ETF = 0, 1, 2
ASSETS: Final = {"share": SHARE, "equity_etf": EQUITY_ETF, "other_etf": OTHER_ETF}
PRODUCTS: Final = (Product.DELIVERY, Product.INTRADAY, Product.FUTURES)  # by the core's code: CNC, MIS, FUT
CNC, MIS, FUT = 0, 1, 2

# columns of Costs.table: rates are numerators over a power of ten (below), amounts are in hundredths of a paisa
STT_BUY, STT_SELL, CHARGED, FUND, FEE, DUTY_BUY, DUTY_SELL, TAX, TAX_ON_FEE = range(9)
FRACTION, CAP, PER_ORDER, DEMAT, DEMAT_EACH_SALE, FRACTION_SCALE = range(9, 15)
WIDTH: Final = 15
ON_VALUE, ON_TRADE, ON_FUND, ON_TAX = 1e7, 1e6, 1e9, 1e4  # scales: exchange and fee; tax and duty; fund; service tax
EQUITY_ETF_STT: Final = float(EQUITY_ETF_SOLD * 1_000_000)  # of a unit sold by delivery, over ON_TRADE
UNIT: Final = 1e4  # hundredths of a paisa in a rupee
MILLION: Final = 1e6
HIGHEST_SCALE: Final = 6  # decimals of a plan's fraction
HIGHEST_AMOUNT: Final = 100_000  # rupees of a plan's cap, flat and depository charge


class Costs(NamedTuple):
    """Rates in force, session by session."""

    flat: float  # fraction of the traded value, each side: the plan "bps"; else 0
    itemised: bool  # whether the tables apply
    regime: I1  # shape [T], the row of `table` in force in each session; empty where not itemised
    asset: I1  # shape [N]: SHARE, EQUITY_ETF or OTHER_ETF; likewise
    table: F3  # shape [R, products, WIDTH], whole numbers


def plan_of(
    name: str,
    *,
    fraction: float | None = None,
    cap: float | None = None,
    flat: float | None = None,
    depository: float | None = None,
) -> Plan | None:
    """The plan a spec names; None for "none" and "bps", which know no tables.

    The numbers go with "custom": `fraction` of an order's value, at most `cap` rupees, `flat` rupees an order,
    `depository` rupees for each share and day delivered out.

    Raises
    ------
    ValueError : an unknown name, numbers without "custom", or numbers that no plan can have.
    """
    numbers = {"fraction": fraction, "cap": cap, "flat": flat, "depository": depository}
    given = {key: Decimal(repr(float(value))) for key, value in numbers.items() if value is not None}
    if name == "custom":
        plan = custom(**given)
        _check(plan)
        return plan
    if given:
        raise ValueError(f"costs.{next(iter(given))}: expected only with the plan custom, not {name}")
    if name in ("none", "bps"):
        return None
    if name not in PLANS:
        raise ValueError(
            f"costs.plan: expected none, bps, custom, {', '.join(sorted(set(PLANS) - {'none'}))}; not {name}"
        )
    return PLANS[name]


def compiled_costs(plan: str | Plan | None, bps: float, days: Sequence[date], assets: Sequence[int] | I1) -> Costs:
    """The charges of a run.

    Parameters
    ----------
    plan : "none" and "bps" (or None) charge the flat `bps` alone; a broker's name or a plan charges by the tables
    bps : of the traded value on both sides; only without a plan
    days : the run's sessions, ascending; for intraday bars the days, not the bars
    assets : shape [N], SHARE, EQUITY_ETF or OTHER_ETF

    Raises
    ------
    ValueError : an unknown plan, a flat charge beside one, a day before the tables, numbers finer than they can hold.
    """
    plan = plan_of(plan) if isinstance(plan, str) else plan
    if plan is None:
        nothing = np.empty(0, np.int64)
        return Costs(bps / 10_000.0, False, nothing, nothing, np.empty((0, len(PRODUCTS), WIDTH)))
    if bps:
        raise ValueError(f"costs.bps: expected 0 with the plan {plan.name}, got {bps}")
    _check(plan)
    breaks = _breaks(plan)
    if days and min(days) < breaks[0]:
        raise ValueError(f"costs.plan: charges are known from {breaks[0]} on, not on {min(days)}")
    rows = [bisect_right(breaks, day) - 1 for day in days]
    used = sorted(set(rows))
    place = {row: n for n, row in enumerate(used)}
    table = np.array([[_row(plan, product, breaks[row]) for product in PRODUCTS] for row in used], np.float64)
    regime = np.array([place[row] for row in rows], np.int64)
    return Costs(0.0, True, regime, np.asarray(assets, np.int64), table.reshape(len(used), len(PRODUCTS), WIDTH))


def unverified_rows(plan: str | Plan | None, days: Sequence[date], products: Iterable[int]) -> list[str]:
    """The rows in force on these days for these products that nobody has verified, each with its source.

    Delivery can turn into day trading where a position closes on its day: name MIS too, where that happened.
    """
    plan = plan_of(plan) if isinstance(plan, str) else plan
    if plan is None:
        return []
    breaks = _breaks(plan)
    held = [PRODUCTS[code] for code in sorted(set(products))]
    found: dict[tuple[str, date, str], list[str]] = {}
    for row in sorted({bisect_right(breaks, day) - 1 for day in days}):
        day = breaks[max(row, 0)]
        for product in held:
            for levy in Levy:
                rate = rate_on(levy, product, day)
                if not rate.verified:
                    found.setdefault((str(levy), rate.since, rate.source), []).append(product)
            charge = plan.brokerage_on(product, day)
            if not charge.verified:
                found.setdefault((f"brokerage of {plan.name}", charge.since, charge.source), []).append(product)
            demat = plan.depository_on(day)
            if product is Product.DELIVERY and demat is not None and not demat.verified:
                found.setdefault((f"depository charge of {plan.name}", demat.since, demat.source), []).append(product)
    return [
        f"{name} on {', '.join(dict.fromkeys(on))} since {since}: {source}"
        for (name, since, source), on in sorted(found.items())
    ]


def _breaks(plan: Plan) -> list[date]:
    """The days on which any row begins."""
    own = {row.since for rows in plan.brokerage.values() for row in rows} | {row.since for row in plan.depository}
    return sorted(own | {row.since for row in RATES})


def _check(plan: Plan) -> None:
    """The numbers of a plan must be whole in the units of the note."""
    amounts = [row.rupees for row in plan.depository]
    for row in (row for rows in plan.brokerage.values() for row in rows):
        amounts += [row.flat] if row.cap is None else [row.flat, row.cap]
        if row.fraction > Decimal("0.1") or _decimals(row.fraction) > HIGHEST_SCALE:
            raise ValueError(
                f"costs.fraction: expected 0.1 at most, with {HIGHEST_SCALE} decimals at most, not {row.fraction}"
            )
    for amount in amounts:
        if amount > HIGHEST_AMOUNT or amount != round(amount, 2):
            raise ValueError(f"costs: expected rupees to the paisa, {HIGHEST_AMOUNT:,} at most, not {amount}")


def _decimals(value: Decimal) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent))


def _whole(value: Decimal, scale: float) -> float:
    scaled = value * Decimal(int(scale))
    if scaled != int(scaled):
        raise ValueError(f"a rate of {value} is finer than {1 / scale:g}")
    return float(scaled)


def _row(plan: Plan, product: Product, day: date) -> list[float]:
    rates = {levy: rate_on(levy, product, day) for levy in Levy}
    for levy in (Levy.EXCHANGE, Levy.IPFT, Levy.SEBI):
        if rates[levy].buy != rates[levy].sell:
            raise ValueError(f"{levy} on {product}: expected the same on both sides")
    brokerage, demat = plan.brokerage_on(product, day), plan.depository_on(day)
    scale = 10.0 ** _decimals(brokerage.fraction)
    demat = demat if product is Product.DELIVERY else None
    return [
        _whole(rates[Levy.STT].buy, ON_TRADE),
        _whole(rates[Levy.STT].sell, ON_TRADE),
        _whole(rates[Levy.EXCHANGE].buy, ON_VALUE),
        _whole(rates[Levy.IPFT].buy, ON_FUND),
        _whole(rates[Levy.SEBI].buy, ON_VALUE),
        _whole(rates[Levy.STAMP].buy, ON_TRADE),
        _whole(rates[Levy.STAMP].sell, ON_TRADE),
        _whole(rates[Levy.GST].buy, ON_TAX),
        float(rates[Levy.GST_ON_SEBI].buy),
        _whole(brokerage.fraction, scale),
        -1.0 if brokerage.cap is None else _whole(brokerage.cap, UNIT),
        _whole(brokerage.flat, UNIT),
        0.0 if demat is None else _whole(demat.rupees, UNIT),
        0.0 if demat is None else float(demat.each_sale),
        scale,
    ]
