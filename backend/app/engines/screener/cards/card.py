"""A field's card: what it is, in words and as an expression."""

from __future__ import annotations

from typing import Literal, NamedTuple

from app.engines.screener.language.kinds import Kind

Group = Literal[
    "Price", "Return", "Average", "Momentum", "Volatility", "Range", "Volume", "Relative", "Listing", "Company", "Score"
]
CardUnit = Literal[
    "rupees", "shares", "percent", "points", "fraction", "ratio", "flag", "bars", "trades", "text", "index points"
]

PRICE, SHARES, PLAIN, FLAG, TEXT = Kind("number", 1), Kind("number", -1), Kind("number"), Kind("flag"), Kind("text")
BARS = "Exchange price files"


class Card(NamedTuple):
    """A field: stored, of the kind `stored`, or defined by an expression of other fields.

    Attributes
    ----------
    name : as in an expression
    label : the heading
    unit : of the value, see `CardUnit`; percent is 5 for 5 %, fraction is 0.05
    expression : the definition; None of a stored field
    description : one sentence
    group : the subject
    stored : the kind of a stored field
    source : where the values come from
    """

    name: str
    label: str
    unit: CardUnit
    expression: str | None
    description: str
    group: Group
    stored: Kind | None = None
    source: str = BARS
