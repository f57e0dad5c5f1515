"""What a run assumed, and what is odd about it, in sentences a trader can check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from app.engines.backtest.charges import plan_of, unverified_rows
from app.engines.backtest.orders import Product, Records, Refusal, Side
from app.engines.backtest.result import Jump, times
from app.engines.backtest.spec import SIZINGS, RunSpec
from app.engines.bars import Bars
from app.engines.policy.correlation import LEAST, WINDOW
from app.engines.policy.decide import Outcome, Rule
from app.engines.policy.policy import SENSITIVITIES

NAMED = 20  # symbols named in one sentence
MUCH = 0.1  # of a bar's volume: more is hardly had at its price


def assumptions(spec: RunSpec, with_dividends: bool) -> list[str]:
    """The conventions of a run."""
    universe, sizing = spec.universe, spec.sizing
    if universe.index is None:
        members = "The universe is a list of symbols given by hand: NOT POINT-IN-TIME."
    elif universe.asof_members:
        members = f"The universe is {universe.index} with the members of each session: POINT-IN-TIME."
    else:
        members = f"The universe is {universe.index} with one list of members for the whole run: NOT POINT-IN-TIME."
    amount = "" if sizing.value is None else f" ({sizing.value:g})"
    limit = "without a limit" if spec.max_positions is None else f"at most {spec.max_positions}"
    costs = {
        "none": "none",
        "bps": f"{spec.costs.bps:g} bps of the traded value on each side, no other charges",
    }.get(spec.costs.plan, f"charges by date of the plan {spec.costs.plan}, with each session's contract note")
    slippage = f"{spec.slippage_bps:g} bps against us" if spec.slippage_bps else "none"
    return [
        "Signals are decided at the close of a bar from adjusted prices up to that close.",
        "Orders fill at the raw open of the next bar."
        if spec.fill_at == "next_open"
        else "NOT TRADEABLE: orders fill at the very close they are decided at.",
        "A signal at the last bar gives no trade; positions open at the end stay open, valued at their last close.",
        members,
        "An instrument that leaves the universe is sold at the next open.",
        f"An entry is sized at {SIZINGS[sizing.kind]}{amount}.",
        "It buys whole shares at the open it fills at, charges included.",
        f"Open positions: {limit}. Cash is shared by all books; exits at an open pay for entries at that open.",
        "Entries are served by rank, then by instrument key; what does not fit the cash is cut down or refused.",
        "An entry whose instrument does not trade at that open is refused; an exit waits for its next bar.",
        "What is held of an instrument that no longer trades (delisted, merged, suspended) or is QUARANTINED is "
        "FROZEN: it stays at its last price, its exits are refused by name, its value stands beside the final equity.",
        "In quarantine the market goes on, but how many shares were held is not known from then on: no price is used.",
        "A merger is not converted into shares of the successor: no source on file gives the ratio.",
        f"Costs: {costs}. Slippage: {slippage}.",
        "On an ex-date holdings are restated before the open; a fraction of a share is paid out at that open.",
        "Signals see prices restated for splits and bonuses as they happen, not for dividends.",
        "Dividends on file are paid in cash on the ex-date, in rupees of that day and before tax, to who held into it."
        if with_dividends
        else "Dividends are not counted.",
        *_product_words(spec),
        *_market_words(spec),
        *_policy_words(spec),
        f"The risk-free rate is taken as zero; a year has {spec.periods_per_year} periods.",
    ]


def _product_words(spec: RunSpec) -> list[str]:
    products = {book.product for book in spec.books}
    words = []
    if "MIS" in products:
        words.append(
            "Intraday (MIS): positions end in the session they began in, before its close; short sales are permitted "
            "except in trade-for-trade."
        )
    if "CNC" in products and spec.market_rules != "none":
        words.append("Delivery (CNC): a short sale is refused.")
    return words


def _policy_words(spec: RunSpec) -> list[str]:
    policy = spec.policy
    if policy is None:
        return ["No risk policy applies: the run is unconstrained."]
    cautious, defensive = SENSITIVITIES[policy.allocation_sensitivity]
    words = [
        f"A risk policy applies: {policy.cash_reserve_percent:g} % of the equity stays in cash, at most "
        f"{policy.max_equity_exposure_percent:g} % is invested, {policy.max_strategy_allocation_percent:g} % in one "
        f"strategy; entries end for the session at a loss of {-policy.daily_stop_loss_percent:g} % since the last "
        "close.",
        f"At a drawdown of {cautious:.0%} the policy turns CAUTIOUS and halves what may be invested, at "
        f"{defensive:.0%} DEFENSIVE with 10 %; a new high at a session's close restores NORMAL. After a "
        "session that reached the daily stop the next is CAUTIOUS.",
        "The policy looks at the account at each bar's open and close, not between them: a stop may be overshot.",
        "Target weights of a rebalance are scaled down together, by the prices at its close, to what the policy leaves "
        "for one instrument, one sector, one strategy, the exposure and the cash, in this order. What the next open "
        "costs more, and the charges, are cut from the entries served last.",
    ]
    limits = (
        ("one instrument", policy.max_position_percent, "of the equity"),
        ("one sector", policy.max_sector_percent, "of the equity; instruments without a known sector count as one"),
        ("one entry", policy.max_turnover_percent, "of the median turnover of the 20 sessions before"),
    )
    words += [f"At most {limit:g} % {of}: {what}." for what, limit, of in limits if limit is not None]
    if policy.max_drawdown_percent is not None:
        words.append(f"At a drawdown of {policy.max_drawdown_percent:g} % all entries end, for a person to decide.")
    if policy.on_breach == "flatten":
        words.append("Where the daily stop or the drawdown limit is reached, positions are ended at the next open.")
    if len(spec.books) > 1 and policy.correlation_penalty != "NONE":
        words.append(
            f"A strategy that moves with the others may hold less ({policy.correlation_penalty}): mean correlation of "
            f"daily returns on common sessions, {LEAST} to {WINDOW} of them, shrunk; before that there is no penalty."
        )
    return words


def policy_warnings(decisions: Records, bars: Bars) -> list[str]:
    """What the policy did, in sentences."""
    found = []
    notices = decisions[decisions["outcome"] == Outcome.NOTICE]
    stops = notices[notices["rule"] == Rule.DAILY_STOP]
    if stops.size:
        worst = float(stops["stop_used"].max())
        found.append(
            f"The daily stop was reached in {stops.size} session{'s' if stops.size > 1 else ''}; when it was seen, the "
            f"loss was up to {worst:.2f} times the limit."
        )
        beyond, share = _overshoot(decisions)
        if beyond > 0.0:
            found.append(
                f"A daily stop is no guarantee: when positions had been ended by it, up to {beyond:.2f} rupees "
                f"({share:.2%} of the equity) more than the limit was lost."
            )
    for halt in notices[notices["rule"] == Rule.HALTED][:1]:
        on = times(bars.sessions[[int(halt["bar"])]])[0]
        found.append(f"HALTED on {on}: the drawdown limit was reached, and no entry was taken any more.")
    scaled = decisions[decisions["outcome"] == Outcome.SCALE]
    for rule in sorted(set(scaled["rule"].tolist())):
        rows = scaled[scaled["rule"] == rule]
        least = float((rows["granted"] / rows["wanted"]).min())
        of = "a rebalance" if rows.size == 1 else f"{rows.size} rebalances"
        found.append(
            f"The policy scaled down the target weights of {of}, to {least:.1%} of what was wanted"
            f"{'' if rows.size == 1 else ' at the least'}: {Rule(rule).name}."
        )
    for outcome, verb in ((Outcome.REJECT, "refused"), (Outcome.TRIM, "cut down")):
        rows = decisions[decisions["outcome"] == outcome]
        counts = Counter(rows["rule"].tolist())
        found += [
            f"The policy {verb} {count} order{'s' if count > 1 else ''}: {Rule(rule).name}."
            for rule, count in sorted(counts.items())
        ]
    return found


def _overshoot(decisions: Records) -> tuple[float, float]:
    """The most that was lost beyond the daily stop when positions were ended for it: rupees, and of the equity before.

    Of the prices at which they were ended: gaps and the wait for the next open, not the charges.
    """
    worst, share = 0.0, 0.0
    seen: list[tuple[float, float]] = []  # equity before the session and the limit, of what positions are ended for
    ended = False
    for row in decisions[decisions["rule"] == Rule.DAILY_STOP]:
        if row["outcome"] == Outcome.NOTICE:
            limit = -float(row["limit"])
            seen = [*([] if ended else seen), (float(row["equity"]) + float(row["stop_used"]) * limit, limit)]
            ended = False
        elif row["outcome"] == Outcome.FLATTEN:
            ended = True
            for base, limit in seen:
                beyond = base - float(row["equity"]) - limit
                if beyond > worst:
                    worst, share = beyond, beyond / base
    return worst, share


def _market_words(spec: RunSpec) -> list[str]:
    cap = spec.volume_cap
    words = [
        "No limit to the share of a bar's volume that is traded."
        if cap is None
        else f"At most {cap:.0%} of a bar's volume is traded; what is left of an entry is "
        f"{'carried to the next bar' if spec.unfilled == 'carry' else 'cancelled'}."
    ]
    if spec.impact_bps:
        words.append(f"Impact: {spec.impact_bps:g} bps times the square root of the order's share of the bar's volume.")
    if spec.settle_next_session:
        words.append("The money of a delivery sale pays for entries from the next session on.")
    if spec.fractional:
        words.append("Shares divide.")
    if spec.market_rules == "none":
        words.append("No exchange rules: no price bands, tick sizes, trade-for-trade or surveillance; shorts allowed.")
    return words


def proxies(spec: RunSpec) -> list[str]:
    """The books that trade futures, in one sentence; none: nothing."""
    names = [name for name, book in zip(spec.book_names, spec.books, strict=True) if book.product == "FUT"]
    if not names:
        return []
    return [
        f"PROXY: {', '.join(names)} trades futures, of which no prices are on file. The cash series stands in, with "
        "its dividends, without basis or rolling, and paid in full; in single shares, for the lots by date are "
        "unknown. Charges are those of futures."
    ]


def unverified(spec: RunSpec, bars: Bars, fills: Records) -> list[str]:
    """The rows of the tables of charges that the run used and nobody has verified, in one sentence; none: nothing."""
    if not fills.size or spec.costs.plan in ("none", "bps"):
        return []
    own = spec.costs
    plan = plan_of(own.plan, fraction=own.fraction, cap=own.cap, flat=own.flat, depository=own.depository)
    session = bars.session[fills["bar"]]
    products = set(fills["product"].tolist())
    delivered = fills["product"] == Product.CNC
    place = session[delivered] * bars.shape[1] + fills["column"][delivered]
    side = fills["side"][delivered]
    if np.isin(place[side == Side.BUY], place[side == Side.SELL]).any():
        products.add(Product.MIS)  # bought and sold in one session: the note charges it as intraday
    days = bars.sessions[bars.closes[np.unique(session)]].astype("datetime64[D]")
    rows = unverified_rows(plan, days.tolist(), products)
    return [f"Charges that rest on rates nobody has verified: {'; '.join(rows)}."] if rows else []


def warnings(
    bars: Bars, trades: Records, rejections: Records, jumps: Sequence[Jump], frozen: Collection[int]
) -> list[str]:
    """What a reader should know before believing the curve; `frozen` are columns whose end is told elsewhere."""
    return [*_jumps(bars, jumps), *_without_bars(bars, trades, frozen), *_refused(rejections)]


def beyond_volume(spec: RunSpec, bars: Bars, fills: Records) -> list[str]:
    """Fills that took more of their bar's volume than is had at its price, in one sentence; none under a cap."""
    if spec.volume_cap is not None or not fills.size:
        return []
    volume = bars.raw_volume[fills["bar"], fills["column"]]
    part = np.divide(fills["quantity"], volume, out=np.zeros(fills.size), where=volume > 0.0)
    count = int((part > MUCH).sum())
    if not count:
        return []
    most = int(part.argmax())
    symbol = bars.symbols[fills["column"][most]]
    at = times(bars.sessions[fills["bar"][most] : fills["bar"][most] + 1])[0]
    return [
        f"{count} fill{'s' if count > 1 else ''} took more than a tenth of the bar's volume, the largest "
        f"{part[most]:.3g} times of it ({symbol} at {at}): so much is hardly had at that price. A volume cap limits "
        "it, impact charges for it."
    ]


def _jumps(bars: Bars, jumps: Sequence[Jump]) -> list[str]:
    """Every unexplained move of what could be traded, in one sentence: a list of fifty hides what stands after it."""
    here = set(bars.symbols)
    met = [jump for jump in sorted(set(jumps)) if jump.symbol in here]
    if not met:
        return []
    counted = "1 price" if len(met) == 1 else f"{len(met)} prices"
    told = ", ".join(f"{jump.symbol} by {jump.ratio:.4g} on {jump.session}" for jump in met)
    return [f"{counted} moved by a factor that no corporate action on file explains: {told}."]


def _without_bars(bars: Bars, trades: Records, frozen: Collection[int]) -> list[str]:
    """Positions held over bars in which their instrument did not trade."""
    if bars.traded.all():
        return []
    absent = np.zeros((bars.shape[0] + 1, bars.shape[1]), np.int32)
    np.cumsum(~bars.traded, axis=0, out=absent[1:])
    missed: Counter[int] = Counter()
    gone: dict[int, int] = {}
    for entry, end, n in zip(*(trades[name].tolist() for name in ("entry_bar", "exit_bar", "column")), strict=True):
        stop = bars.shape[0] if end < 0 else end
        count = int(absent[stop, n] - absent[entry, n])
        if count:
            missed[n] += count
        if end < 0 and count and absent[-1, n] - absent[-2, n]:
            gone[n] = int(np.flatnonzero(~np.isnan(bars.raw.close[:, n]))[-1])
    found = []
    if missed:
        named = [f"{bars.symbols[n]} ({missed[n]} bars)" for n in sorted(missed)[:NAMED]]
        more = f" and {len(missed) - NAMED} more" if len(missed) > NAMED else ""
        found.append(f"Held over bars in which they did not trade, valued at the last close: {', '.join(named)}{more}.")
    for n in sorted(set(gone) - set(frozen)):
        last = times(bars.sessions[gone[n] : gone[n] + 1])[0]
        found.append(
            f"{bars.symbols[n]} last traded on {last} and is still held at the end: its value is the last close, which "
            "nobody may pay."
        )
    return found


def _refused(rejections: Records) -> list[str]:
    counts = Counter(zip(rejections["reason"].tolist(), (rejections["granted"] > 0.0).tolist(), strict=True))
    return [
        f"{count} order{'s' if count > 1 else ''} {'cut down' if trimmed else 'refused'}: {Refusal(reason).name}."
        for (reason, trimmed), count in sorted(counts.items())
    ]
