"""The fills that a trade is made of, with what each was charged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.exceptions import DataNotFoundError

_PREFIX: Final = "cost_"


def fills_of(result: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    """The fills of the trade that is `number` of a stored result's, in order.

    A book holds an instrument in one trade at a time, so that a trade's fills are those of its book and instrument from
    its entry up to the next trade's.

    Raises DataNotFoundError.
    """
    trades, fills = result["trades"], result.get("fills") or {}
    if not 0 <= number < len(trades["symbol"]):
        raise DataNotFoundError(f"Run {result['run_id']} has no trade {number}", "trade", str(number))
    who = _who(trades, number)
    mine = [at for at in range(len(fills.get("symbol", ()))) if _who(fills, at) == who]
    begun = [nth for nth, at in enumerate(mine) if fills["intent"][at] == trades["entry_intent"][number]]
    later = {trades["entry_intent"][at] for at in range(number + 1, len(trades["symbol"])) if _who(trades, at) == who}
    if not begun:  # a run of an engine that did not keep its fills
        return []
    first = begun[0]
    after = next((at for at in range(first, len(mine)) if fills["intent"][mine[at]] in later), len(mine))
    components = [name for name in fills if name.startswith(_PREFIX)]
    plain = ("side", "reason", "decided_at", "filled_at", "quantity", "reference_price", "price", "cost")
    return [
        {name: fills[name][at] for name in plain}
        | {"components": {name.removeprefix(_PREFIX): fills[name][at] for name in components if fills[name][at]}}
        for at in mine[first:after]
    ]


def _who(table: Mapping[str, Any], at: int) -> tuple[Any, ...]:
    return tuple(table[name][at] for name in ("book", "key", "product"))
