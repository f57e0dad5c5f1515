"""What fills cost, compiled: the estimate of an order as it fills, and the contract note at the end of its session.

The estimate is `app.engines.costs.estimate` in floats. The note is `app.engines.costs.contract_note` in integers, so
that every rounding falls as in decimals: a value is counted in hundredths of a paisa (exact for prices to the paisa), a
quantity in millionths of a share, and every rate is a whole number over its levy's power of ten. Products wrap round at
64 bits; the remainder of a division is small, so it survives that and corrects the quotient.

A line of the note is shared out among the fills that caused it: each scrip's part of it by the turnover of the scrip's
fills, brokerage by the order's own, the depository's charge by the sales; to the paisa, the last fill takes the rest.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.charge_tables import (
    ASSETS,
    BROKERAGE,
    CAP,
    CHARGED,
    CNC,
    COMPONENTS,
    DEMAT,
    DEMAT_EACH_SALE,
    DEPOSITORY,
    DEPOSITORY_GST,
    DUTY_BUY,
    DUTY_SELL,
    EQUITY_ETF,
    EQUITY_ETF_STT,
    EXCHANGE,
    FEE,
    FLAT,
    FRACTION,
    FRACTION_SCALE,
    FUND,
    FUT,
    GST,
    IPFT,
    MILLION,
    MIS,
    ON_FUND,
    ON_TAX,
    ON_TRADE,
    ON_VALUE,
    OTHER_ETF,
    PER_ORDER,
    PRODUCTS,
    SEBI,
    STAMP,
    STT,
    STT_BUY,
    STT_SELL,
    TAX,
    TAX_ON_FEE,
    UNIT,
    Costs,
    compiled_costs,
    plan_of,
    unverified_rows,
)
from app.engines.backtest.orders import Records
from app.engines.kernels import kernel

__all__ = [
    "ASSETS",
    "CNC",
    "COMPONENTS",
    "FUT",
    "MIS",
    "PRODUCTS",
    "Costs",
    "affordable",
    "charge",
    "compiled_costs",
    "plan_of",
    "settle_day",
    "unverified_rows",
]

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]
Whole = Any  # a 64-bit integer; to numpy's types it is no int

NEAR: Final = 1e-9  # of a numerator: sums of several scrips' remainders are floats
MOST: Final = 2.0**62  # of a product of a session's turnover and a numerator


@kernel(forceinline=True)
def _stt_rate(asset: int, product: Whole, side: int, rates: F1) -> float:
    """Numerator over ON_TRADE."""
    if asset == OTHER_ETF:
        return 0.0
    if asset == EQUITY_ETF and product == CNC:
        return 0.0 if side > 0 else EQUITY_ETF_STT
    return rates[STT_BUY] if side > 0 else rates[STT_SELL]  # type: ignore[no-any-return]


@kernel(forceinline=True)
def _duty_rate(asset: int, side: int, rates: F1) -> float:
    if asset == OTHER_ETF:
        return 0.0
    return rates[DUTY_BUY] if side > 0 else rates[DUTY_SELL]  # type: ignore[no-any-return]


@kernel()
def _itemised(asset: int, product: int, side: int, value: float, rates: F1, delivery: F1, row: F1) -> float:
    charged = rates[PER_ORDER] / UNIT + rates[FRACTION] / rates[FRACTION_SCALE] * value
    if rates[CAP] >= 0.0:
        charged = min(charged, rates[CAP] / UNIT)
    row[FLAT] = 0.0
    row[BROKERAGE] = charged
    row[STT] = _stt_rate(asset, product, side, rates) / ON_TRADE * value
    row[EXCHANGE] = rates[CHARGED] / ON_VALUE * value
    row[IPFT] = rates[FUND] / ON_FUND * value
    row[SEBI] = rates[FEE] / ON_VALUE * value
    base = row[BROKERAGE] + row[EXCHANGE] + rates[TAX_ON_FEE] * row[SEBI]
    row[GST] = rates[TAX] / ON_TAX * base
    row[STAMP] = _duty_rate(asset, side, rates) / ON_TRADE * value
    demat = delivery[DEMAT] / UNIT if product == CNC and side < 0 else 0.0
    row[DEPOSITORY] = demat
    row[DEPOSITORY_GST] = delivery[TAX] / ON_TAX * demat
    total = 0.0
    for i in range(row.size):
        total += row[i]
    return total


@kernel(forceinline=True)
def charge(
    costs: Costs, session: int, column: int, product: int, side: int, quantity: float, price: float, row: F1
) -> float:
    """Rupees an order costs by itself, not rounded; its components, in the order of COMPONENTS, are written to `row`.

    `session` counts days. A sale from delivery bears the depository's whole charge; the note shares it out.
    """
    if not costs.itemised:
        total = costs.flat * (quantity * price)
        row[0] = total
        for i in range(1, row.size):
            row[i] = 0.0
        return total
    rates = costs.table[costs.regime[session]]
    return _itemised(costs.asset[column], product, side, quantity * price, rates[product], rates[CNC], row)


@kernel(arrays=True)
def _affordable_itemised(asset: int, product: int, budget: float, price: float, rates: F1, delivery: F1) -> float:
    row = np.empty(len(COMPONENTS))
    with_tax = 1.0 + rates[TAX] / ON_TAX
    levies = (_stt_rate(asset, product, 1, rates) + _duty_rate(asset, 1, rates)) / ON_TRADE + rates[FUND] / ON_FUND
    taxed_fee = 1.0 + rates[TAX] / ON_TAX * rates[TAX_ON_FEE]
    levies += (rates[CHARGED] * with_tax + rates[FEE] * taxed_fee) / ON_VALUE
    fraction, least = rates[FRACTION] / rates[FRACTION_SCALE] * with_tax, rates[PER_ORDER] / UNIT * with_tax
    shares = np.floor((budget - least) / (price * (1.0 + levies + fraction)))
    if rates[CAP] >= 0.0:  # the smaller of two charges: what fits under either fits
        shares = max(shares, np.floor((budget - rates[CAP] / UNIT * with_tax) / (price * (1.0 + levies))))
    shares = max(0.0, shares)
    # the quotient is rounded: the charge itself decides on the last share
    while shares > 0.0 and shares * price + _itemised(asset, product, 1, shares * price, rates, delivery, row) > budget:
        shares -= 1.0
    while True:
        more = (shares + 1.0) * price
        if not more + _itemised(asset, product, 1, more, rates, delivery, row) <= budget:
            return shares  # type: ignore[no-any-return]
        shares += 1.0


@kernel(forceinline=True)
def affordable(costs: Costs, session: int, column: int, product: int, budget: float, price: float) -> float:
    """Whole shares that `budget` rupees buy at `price`, charges included.

    With the flat charge floor(budget / (price × (1 + rate))), else the most whose price and `charge` fit.
    """
    if not costs.itemised:
        shares: float = np.floor(budget / (price * (1.0 + costs.flat)))
        return max(0.0, shares)
    if not (budget > 0.0 and price > 0.0 and np.isfinite(budget)):
        return 0.0
    rates = costs.table[costs.regime[session]]
    return _affordable_itemised(costs.asset[column], product, budget, price, rates[product], rates[CNC])


@kernel(arrays=True, inline="always")
def _divided(a: Whole, b: Whole, c: Whole) -> tuple[Whole, Whole]:
    """a·b over c: quotient and remainder, exact for factors below 2^62, c below 2^53 and a quotient below 2^60."""
    quotient = np.int64(np.floor(np.float64(a) * np.float64(b) / np.float64(c)))
    rest = a * b - quotient * c
    while rest < 0 or rest >= c:
        more = np.int64(np.floor(np.float64(rest) / np.float64(c)))
        if more == 0:
            more = np.int64(-1 if rest < 0 else 1)
        quotient += more
        rest -= more * c
    return quotient, rest


@kernel(arrays=True, inline="always")
def _half_up(whole: Whole, part: float, step: Whole) -> Whole:
    """(whole + part) over step, halves up; `part` is 0 or more."""
    quotient = whole // step
    rest = whole - quotient * step
    return quotient + (2 * rest + np.int64(np.floor(2.0 * part + NEAR)) + step) // (2 * step)


@kernel(arrays=True)
def _levied(on_both: Whole, on_rest: Whole, both: Whole, value: Whole, quantity: Whole) -> tuple[Whole, float]:
    """A levy on one side of a scrip's day, as a numerator and the part of one left over."""
    if quantity == 0:
        return 0, 0.0
    if on_both == on_rest or both == 0:
        return on_rest * value, 0.0
    whole, rest = _divided(value, on_both * both + on_rest * (quantity - both), quantity)
    return whole, rest / quantity


@kernel(arrays=True)
def _taxed(rate: Whole, part: Whole, value: Whole, quantity: Whole) -> Whole:
    """Transaction tax in paise, whole rupees, on `part` of a quantity at its average price."""
    if part == 0 or rate == 0:
        return 0
    base, left = _divided(part, value, quantity)
    more, rest = _divided(rate, left, quantity)
    return 100 * _half_up(rate * base + more, rest / quantity, np.int64(ON_TRADE * UNIT))


@kernel(arrays=True)
def _brokered(rates: F1, part: Whole, value: Whole, quantity: Whole) -> tuple[Whole, float]:
    """Brokerage on `part` of an order, over the plan's own scale: whole and part."""
    if part == 0:
        return 0, 0.0
    rate, scale = np.int64(rates[FRACTION]), np.int64(rates[FRACTION_SCALE])
    base, left = _divided(part, value, quantity)
    more, rest = _divided(rate, left, quantity)
    whole = np.int64(rates[PER_ORDER]) * scale + rate * base + more
    if rates[CAP] >= 0.0 and whole >= np.int64(rates[CAP]) * scale:
        return np.int64(rates[CAP]) * scale, 0.0
    return whole, rest / quantity


@kernel(arrays=True)
def _share_out(total: Whole, weights: F1, cell: I1) -> None:
    """Add `total` paise to `cell` by weight, each to the paisa; the last one with a weight takes what is left."""
    whole, end = 0.0, -1
    for i in range(weights.size):
        if weights[i] > 0.0:
            whole += weights[i]
            end = i
    left = total
    for i in range(end):
        if weights[i] > 0.0:
            share = min(np.int64(np.floor(total * (weights[i] / whole) + 0.5)), left)
            cell[i] += share
            left -= share
    if end >= 0:
        cell[end] += left


@kernel(arrays=True)
def _by_scrip(fills: Records, first: int, last: int) -> I1:
    """Places first..last-1, those of one scrip together and in the order they happened; contracts are scrips apart."""
    places = np.arange(first, last)
    for i in range(1, places.size):
        place = places[i]
        key = 2 * fills[place]["column"] + (fills[place]["product"] == FUT)
        k = i
        while k > 0 and 2 * fills[places[k - 1]]["column"] + (fills[places[k - 1]]["product"] == FUT) > key:
            places[k] = places[k - 1]
            k -= 1
        places[k] = place
    return places


@kernel(arrays=True)
def settle_day(costs: Costs, session: int, fills: Records, first: int, last: int, components: F2) -> float:
    """Put the session's contract note in the place of the estimates; rupees it takes beyond them (below zero: gives).

    Rows first..last-1 of `fills` (FILL) and `components` are those of one session of the whole account, in the order
    they happened; cost and components are overwritten, in whole paise, and add up to the note and the depository's
    charges. Fills of one intent are one executed order. Nothing happens under a flat charge, nor where the turnover is
    beyond what the integers hold (some 3,000 crore rupees a session, less for a plan with a long fraction).
    """
    count = last - first
    if not costs.itemised or count <= 0:
        return 0.0
    table = costs.table[costs.regime[session]]
    widest = max(1250.0, table[CNC, FRACTION], table[MIS, FRACTION], table[FUT, FRACTION])
    turnover, shares = 0.0, 0.0
    for i in range(first, last):
        turnover += fills[i]["quantity"] * fills[i]["price"]
        shares += fills[i]["quantity"]
    if turnover * UNIT * widest > MOST or shares * MILLION * 1250.0 > MOST:
        return 0.0
    places = _by_scrip(fills, first, last)
    paise = np.zeros((len(COMPONENTS), count), np.int64)
    weights = np.zeros((len(COMPONENTS), count))
    value, quantity = np.empty(count, np.int64), np.empty(count, np.int64)
    for i in range(count):
        row = fills[first + i]
        value[i] = np.int64(np.floor(row["quantity"] * row["price"] * UNIT + 0.5))
        quantity[i] = np.int64(np.floor(row["quantity"] * MILLION + 0.5))
    sums, parts = np.zeros(len(COMPONENTS), np.int64), np.zeros(len(COMPONENTS))
    brokerage = demat = 0
    begin = 0
    while begin < count:
        column, product = fills[places[begin]]["column"], fills[places[begin]]["product"]
        future = product == FUT
        end = begin
        bought = sold = value_bought = value_sold = 0
        while end < count:
            row = fills[places[end]]
            if row["column"] != column or (row["product"] == FUT) != future:
                break
            i = places[end] - first
            if row["side"] > 0:
                bought += quantity[i]
                value_bought += value[i]
            else:
                sold += quantity[i]
                value_sold += value[i]
            end += 1
        charged = _settle_scrip(
            costs.asset[column], future, table, fills, first, places[begin:end], value, quantity,
            bought, sold, value_bought, value_sold, sums, parts, paise, weights,
        )  # fmt: skip
        brokerage += charged[0]
        demat += charged[1]
        begin = end
    exchange = _half_up(sums[EXCHANGE], parts[EXCHANGE], np.int64(ON_VALUE * 100.0))
    fee = _half_up(sums[SEBI], parts[SEBI], np.int64(ON_VALUE * 100.0))
    tax = np.int64(table[CNC, TAX])
    base = brokerage + exchange + np.int64(table[CNC, TAX_ON_FEE]) * fee
    _share_out(exchange, weights[EXCHANGE], paise[EXCHANGE])
    _share_out(_half_up(sums[IPFT], parts[IPFT], np.int64(ON_FUND * 100.0)), weights[IPFT], paise[IPFT])
    _share_out(fee, weights[SEBI], paise[SEBI])
    _share_out(_half_up(tax * base, 0.0, np.int64(ON_TAX)), weights[GST], paise[GST])
    _share_out(_half_up(sums[STAMP], parts[STAMP], np.int64(ON_TRADE * 100.0)), weights[STAMP], paise[STAMP])
    for i in range(count):
        weights[DEPOSITORY_GST, i] = paise[DEPOSITORY, i]
    _share_out(_half_up(tax * demat, 0.0, np.int64(ON_TAX)), weights[DEPOSITORY_GST], paise[DEPOSITORY_GST])
    noted, estimated = 0, 0.0
    for i in range(count):
        whole = 0
        for k in range(len(COMPONENTS)):
            components[first + i, k] = paise[k, i] / 100.0
            whole += paise[k, i]
        estimated += fills[first + i]["cost"]
        fills[first + i]["cost"] = whole / 100.0
        noted += whole
    return noted / 100.0 - estimated


@kernel(arrays=True)
def _settle_scrip(
    asset: int, future: bool, table: F2, fills: Records, first: int, places: I1, value: I1, quantity: I1,
    bought: Whole, sold: Whole, value_bought: Whole, value_sold: Whole, sums: I1, parts: F1, paise: I2,
    weights: F2,
) -> tuple[Whole, Whole]:  # fmt: skip
    """Tax, brokerage and depository charge of one scrip, shared out; its parts of the other lines go to `sums` and
    `parts`, and what each fill weighs there to `weights`. Brokerage and depository charge, paise.
    """  # fmt: skip
    both = 0 if future else min(bought, sold)
    day, kept = table[FUT if future else MIS], table[FUT if future else CNC]
    turnover = value_bought + value_sold
    inside = np.zeros(value.size)  # the scrip's fills by value, zero elsewhere
    sales = np.zeros(value.size)
    for place in places:
        inside[place - first] = value[place - first]
        if fills[place]["side"] < 0:
            sales[place - first] = value[place - first]

    own = np.int64(FUT if future else CNC)
    rate_bought = np.int64(_stt_rate(asset, own, 1, kept))
    rate_sold = np.int64(_stt_rate(asset, own, -1, kept))
    if future:
        taxed = 100 * _half_up(rate_bought * value_bought + rate_sold * value_sold, 0.0, np.int64(ON_TRADE * UNIT))
    else:
        rate = np.int64(_stt_rate(asset, MIS, 1, day) + _stt_rate(asset, MIS, -1, day))
        rest = rate_bought if bought > sold else rate_sold
        taxed = _taxed(rate, both, turnover, bought + sold) + _taxed(rest, abs(bought - sold), turnover, bought + sold)
    _share_out(taxed, inside, paise[STT])

    by_order = np.zeros(value.size)
    left_bought = left_sold = both
    brokerage: Whole = 0
    demat: Whole = 0
    delivered_out = not future and sold > bought
    for n in range(places.size):
        intent, side = fills[places[n]]["intent"], fills[places[n]]["side"]
        repeated = False
        for k in range(n):
            if fills[places[k]]["intent"] == intent and fills[places[k]]["side"] == side:
                repeated = True
        if repeated:
            continue
        by_order[:] = 0.0
        order_value = order_quantity = 0
        for k in range(n, places.size):
            if fills[places[k]]["intent"] == intent and fills[places[k]]["side"] == side:
                i = places[k] - first
                by_order[i] = value[i]
                order_value += value[i]
                order_quantity += quantity[i]
        if side > 0:
            netted = min(left_bought, order_quantity)
            left_bought -= netted
        else:
            netted = min(left_sold, order_quantity)
            left_sold -= netted
        day_whole, day_part = _brokered(day, netted, order_value, order_quantity)
        whole, part = _brokered(kept, order_quantity - netted, order_value, order_quantity)
        scale = np.int64(max(day[FRACTION_SCALE], kept[FRACTION_SCALE]))
        by_day, by_rest = scale // np.int64(day[FRACTION_SCALE]), scale // np.int64(kept[FRACTION_SCALE])
        charged = _half_up(day_whole * by_day + whole * by_rest, day_part * by_day + part * by_rest, 100 * scale)
        _share_out(charged, by_order, paise[BROKERAGE])
        brokerage += charged
        if side < 0 and delivered_out and kept[DEMAT_EACH_SALE] > 0.0:
            _share_out(np.int64(kept[DEMAT]) // 100, by_order, paise[DEPOSITORY])
            demat += np.int64(kept[DEMAT]) // 100
    if delivered_out and kept[DEMAT_EACH_SALE] == 0.0:
        demat = np.int64(kept[DEMAT]) // 100
        _share_out(demat, sales, paise[DEPOSITORY])

    raw = np.zeros(len(COMPONENTS))
    for line, rate_column, scale_of in ((EXCHANGE, CHARGED, ON_VALUE), (IPFT, FUND, ON_FUND), (SEBI, FEE, ON_VALUE)):
        on_both, on_rest = np.int64(day[rate_column]), np.int64(kept[rate_column])
        whole, part = _levied(on_both, on_rest, both, value_bought, bought)
        more, more_part = _levied(on_both, on_rest, both, value_sold, sold)
        sums[line] += whole + more
        parts[line] += part + more_part
        raw[line] = (whole + more) / scale_of
    for side in (1, -1):
        on_both, on_rest = np.int64(_duty_rate(asset, side, day)), np.int64(_duty_rate(asset, side, kept))
        amount, shares = (value_bought, bought) if side > 0 else (value_sold, sold)
        whole, part = _levied(on_both, on_rest, both, amount, shares)
        sums[STAMP] += whole
        parts[STAMP] += part
        raw[STAMP] += whole / ON_TRADE
    raw[GST] = brokerage * 100.0 + raw[EXCHANGE] + kept[TAX_ON_FEE] * raw[SEBI]
    for place in places:
        i = place - first
        for line in (EXCHANGE, IPFT, SEBI, GST, STAMP):
            weights[line, i] = raw[line] * (value[i] / turnover)
    return brokerage, demat
