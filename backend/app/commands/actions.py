"""`smarttrader data actions | decide | undo`: corporate actions and what a person decides about them."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


class Status(enum.StrEnum):
    """What an entry of the list is."""

    QUARANTINED = "QUARANTINED"
    INFERRED = "INFERRED"
    LISTED = "LISTED"
    ACCEPTED = "ACCEPTED"
    DISMISSED = "DISMISSED"


class ActionKind(enum.StrEnum):
    """What an action can be."""

    SPLIT = "split"
    BONUS = "bonus"
    BONUS_SPLIT = "bonus+split"
    CONSOLIDATION = "consolidation"
    RIGHTS = "rights"
    DEMERGER = "demerger"
    OTHER = "other"


class Decision(enum.StrEnum):
    """What can be decided."""

    ACCEPT = "accept"
    CORRECT = "correct"
    DISMISS = "dismiss"


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("actions")(actions)
    group.command("decide")(decide)
    group.command("undo")(undo)


def actions(
    symbol: Annotated[str | None, typer.Argument(help="A symbol of any time; without it the whole market.")] = None,
    status: Annotated[Status | None, typer.Option(case_sensitive=False, help="Only entries of this kind.")] = None,
    page: Annotated[int, typer.Option(min=1)] = 1,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Corporate actions: listed, inferred, accepted, in quarantine, dismissed; of one stock also its dividends."""
    from app.schemas.actions import ActionOut, StockActions

    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        if symbol is not None:
            stock = StockActions(**platform.actions.of_stock(session, symbol))
            if status is not None:
                stock.actions = [entry for entry in stock.actions if entry.status == status.value]
            if as_json:
                print_json(stock.model_dump(mode="json"))
            else:
                _print_stock(stock, with_dividends=status is None)
            return
        rows, counts = platform.actions.page(
            session,
            page=page,
            limit=limit,
            status=None if status is None else status.value,
            symbol=None,
            sort="session",
            descending=True,
        )
        entries = [ActionOut(**row) for row in rows]
    total = sum(counts.values())
    if as_json:
        shown = [entry.model_dump(mode="json") for entry in entries]
        print_json({"total": total, "statuses": counts, "data": shown})
        return
    for entry in entries:
        print(_line(entry))
    print(f"{len(entries):,} of {total:,}")


def _line(entry: Any) -> str:
    if entry.status == "QUARANTINED":
        proposed = "" if entry.proposed_factor is None else f", proposed factor {entry.proposed_factor:g}"
        what = f"{entry.previous_close:g} → {entry.close:g}{proposed}"
    else:
        what = "ordinary move" if entry.factor is None else f"factor {entry.factor:g}  {entry.purpose or ''}"
    decided = "" if entry.decision is None else f"  [decision {entry.decision.id}]"
    return f"{entry.session}  {entry.symbol_then:<12} {entry.status:<11} {what}{decided}"


def _print_stock(stock: Any, *, with_dividends: bool) -> None:
    print(f"{stock.symbol}  {stock.name or ''}  {stock.instrument_key}")
    for name in stock.names:
        print(f"  {name.symbol:<12} {name.first} to {name.last or 'now'}")
    for entry in stock.actions:
        print(_line(entry))
    if with_dividends:
        for paid in stock.dividends:
            amount = "amount unknown" if paid.amount is None else f"₹{paid.amount:g} a share"
            others = "; ".join(f"{one['source']} {one['amount']}" for one in paid.evidence if one["amount"] is not None)
            note = f"  SOURCES DISAGREE: {others}" if paid.disagrees else ""
            print(f"{paid.ex_date}  {'dividend':<12} {paid.source:<11} {amount}{note}")
    for notice in stock.notices:
        print(notice)
    print(f"{len(stock.actions):,} actions, {len(stock.dividends):,} dividends, {len(stock.sources):,} source lines")


def decide(
    symbol: Annotated[str, typer.Argument(help="A symbol of any time, or an instrument key.")],
    session: Annotated[str, typer.Argument(metavar="DATE", help="The ex-date, or the session of the move.")],
    decision: Annotated[Decision, typer.Argument(case_sensitive=False)],
    factor: Annotated[
        float | None, typer.Option(help="Shares after for each one before; accept takes what is proposed without it.")
    ] = None,
    kind: Annotated[ActionKind | None, typer.Option(case_sensitive=False, help="What the action is.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for whoever reads it later.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Accept a factor, set another one, or say that a move was an ordinary one."""
    from app.schemas.actions import DecisionOut
    from app.schemas.actions import DecisionRequest as Wire
    from app.services.actions_view import DecisionRequest

    named = {"symbol": symbol, "session": _day(session), "decision": decision.name, "factor": factor}
    more = {"kind": None if kind is None else kind.value, "reason": reason}
    wanted = Wire.model_validate(named | more)  # the same bounds as over HTTP
    asked = DecisionRequest(symbol, wanted.session, wanted.decision, wanted.factor, wanted.reason, wanted.kind)
    with open_platform() as platform:
        made = DecisionOut(**platform.actions.decide(chosen_market(sample), asked))
    _answer(made, as_json, "stands")


def undo(
    decision_id: Annotated[int, typer.Argument(metavar="ID", min=1, max=2**31 - 1)],
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Take a decision back; what it replaced is there again."""
    from app.schemas.actions import DecisionOut

    with open_platform() as platform:
        made = DecisionOut(**platform.actions.undo(chosen_market(sample), decision_id))
    _answer(made, as_json, "was undone")


def _answer(made: Any, as_json: bool, state: str) -> None:
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    factor = "" if made.factor is None else f" with factor {made.factor:g}"
    print(f"Decision {made.id} {state}: {made.decision} {made.symbol} {made.session}{factor}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"DATE is {text!r}, expected a date like 2024-05-31")
