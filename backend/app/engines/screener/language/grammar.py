"""From text to tree: the grammar, its limits, and errors that say what is wrong and where.

The parser is LALR(1) (lark), so that neither time nor the stack depend on how deep an input is nested; what is longer,
larger or deeper than the limits is refused while it is read.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from app.engines.screener.language.errors import ExpressionError, Misuse, Span
from app.engines.screener.language.tree import (
    Among,
    Arithmetic,
    Call,
    Compare,
    CompareOp,
    Name,
    Node,
    Not,
    Number,
    Shift,
    Text,
    children,
    conjunction,
    disjunction,
    negative,
)

if TYPE_CHECKING:
    from lark import Lark, Token, UnexpectedCharacters

MAX_LENGTH: Final = 20_000  # characters
MAX_NODES: Final = 1_000
MAX_DEPTH: Final = 60
MAX_SHIFT: Final = 2_520  # bars, ten years

GRAMMAR: Final = r"""
start: _either
_either: _each | either
either: _each (OR _each)+
_each: _not | each
each: _not (AND _not)+
_not: _test | negation | membership
negation: NOT _not
membership: IN call
_test: _sum | compare | among | not_among
compare: _sum (COMPARE _sum)+
among: _sum IN _list
not_among: _sum NOT IN _list
_list: LPAR _constant (COMMA _constant)* COMMA? RPAR
_constant: number | text | minus_number
minus_number: MINUS number
_sum: _product | plus
plus: _sum (PLUS | MINUS) _product
_product: _signed | times
times: _product (TIMES | DIVIDE) _signed
_signed: _postfix | sign
sign: MINUS _signed
_postfix: _atom | shift
shift: _postfix LSQB _signed RSQB
_atom: number | text | call | name | bracket
bracket: LPAR _either RPAR
call: NAME LPAR [_either (COMMA _either)*] RPAR
name: NAME
number: NUMBER
text: STRING

OR.2: /or\b/i
AND.2: /and\b/i
NOT.2: /not\b/i
IN.2: /in\b/i
COMPARE: "<=" | ">=" | "==" | "!=" | "<>" | "<" | ">" | "="
PLUS: "+"
MINUS: "-"
TIMES: "*"
DIVIDE: "/"
LPAR: "("
RPAR: ")"
LSQB: "["
RSQB: "]"
COMMA: ","
NAME: /[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:\s*(?:%|crores?\b|cr\b|lakhs?\b|lacs?\b|l\b|k\b))?/i
STRING: /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/
%ignore /[ \t\r\n]+/
"""

_WORDS: Final = {
    "OR": "or",
    "AND": "and",
    "NOT": "not",
    "IN": "in",
    "COMPARE": "a comparison",
    "PLUS": "+",
    "MINUS": "-",
    "TIMES": "*",
    "DIVIDE": "/",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "NAME": "a field or a function",
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "$END": "the end",
}
_VALUES: Final = frozenset({"NAME", "NUMBER", "LPAR", "MINUS"})
UNITS: Final = {"%": "0.01", "c": "10000000", "l": "100000", "k": "1000"}
_OPERATORS: Final = {"=": "==", "<>": "!="}
DIGITS: Final = re.compile(r"[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?")
_RESERVED: Final = frozenset({"and", "or", "not", "in"})
_ESCAPES: Final = {"n": "\n", "t": "\t"}


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """The tree of an expression, as written: nothing is known yet of its names and types.

    Raises
    ------
    ExpressionError : it does not follow the grammar, or is longer, larger or deeper than the limits.
    """
    from lark import UnexpectedCharacters, UnexpectedToken

    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"The expression has {len(text):,} characters; at most {MAX_LENGTH:,} are read",
            text,
            (MAX_LENGTH, len(text)),
        )
    if not text.strip():
        raise ExpressionError("The expression is empty", text, (0, 0), expected=("a condition, such as close > 100",))
    builder = _Builder()
    parser = _parser().parse_interactive(text)
    try:
        for token in parser.iter_parse():
            builder.seen(token)
        return builder.built(parser.feed_eof())  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as error:
        raise _bad_character(error, text) from None
    except UnexpectedToken as error:
        accepts = set(parser.accepts())  # type: ignore[no-untyped-call]
        raise _bad_token(error.token, accepts, text, builder.open) from None
    except Misuse as error:
        raise error.within(text) from None


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", propagate_positions=False, maybe_placeholders=False, keep_all_tokens=True)


class _Builder:
    """Counts and weighs the tokens as they come, then turns lark's tree into ours."""

    def __init__(self) -> None:
        self.open: list[Token] = []
        self._count = 0

    def seen(self, token: Token) -> None:
        """A token was read: keep count of brackets and size. Raises Misuse beyond a limit."""
        at = _span(token)
        if token.type == "NAME" and token.lower() in _RESERVED:
            raise Misuse(f"{token} joins or turns conditions and is no name; something is missing before it", at)
        if token.type in {"LPAR", "LSQB"}:
            self.open.append(token)
        elif token.type in {"RPAR", "RSQB"} and self.open:
            self.open.pop()
        elif token.type in {"NAME", "NUMBER", "STRING", "MINUS", "NOT"}:
            self._count += 1
        if self._count > MAX_NODES:
            raise Misuse(f"The expression has more than {MAX_NODES:,} terms", at)
        if len(self.open) > MAX_DEPTH:
            raise Misuse(f"The brackets are nested more than {MAX_DEPTH} deep", at)

    def built(self, tree: Any) -> Node:
        """Our tree, made from the bottom up without recursion; Misuse where it is too deep or a constant is none."""
        waiting: list[tuple[Any, bool]] = [(tree, False)]
        done: list[Any] = []
        depths: dict[int, int] = {}
        while waiting:
            one, ready = waiting.pop()
            if not hasattr(one, "children"):
                done.append(one)
            elif not ready:
                waiting.append((one, True))
                waiting.extend((child, False) for child in reversed(one.children))
            else:
                count = len(one.children)
                parts = done[len(done) - count :] if count else []
                del done[len(done) - count :]
                node = _made(str(one.data), parts)
                depth = 1 + max((depths.get(id(child), 1) for child in children(node)), default=0)
                if depth > MAX_DEPTH:
                    raise Misuse(f"The expression is nested more than {MAX_DEPTH} deep", node.at)
                depths[id(node)] = depth
                self._keep.append(node)
                done.append(node)
        return cast(Node, done[0])

    @property
    def _keep(self) -> list[Node]:
        """Nodes held until the end, so that no two get one id."""
        held: list[Node] = self.__dict__.setdefault("_held", [])
        return held


def _made(rule: str, parts: list[Any]) -> Node:
    """The node of a rule; `parts` are nodes and tokens."""
    at = (_span(parts[0])[0], _span(parts[-1])[1])
    match rule:
        case "start":
            return cast(Node, parts[0])
        case "bracket":
            return cast(Node, parts[1])
        case "either":
            return disjunction(parts[::2], at)
        case "each":
            return conjunction(parts[::2], at)
        case "negation":
            return Not(parts[1], at)
        case "membership":
            call: Call = parts[1]
            if call.name != "index":
                raise Misuse(
                    f"After in comes index or a list, not {call.name}", call.at, expected=('index("NIFTY50")',)
                )
            return Call(call.name, call.arguments, at)
        case "compare":
            return Compare(
                tuple(parts[::2]), tuple(cast(CompareOp, _OPERATORS.get(op, str(op))) for op in parts[1::2]), at
            )
        case "among":
            return Among(parts[0], _items(parts[1:]), at)
        case "not_among":
            return Not(Among(parts[0], _items(parts[1:]), at), at)
        case "minus_number" | "sign":
            return negative(parts[1], at)
        case "plus" | "times":
            return Arithmetic(str(parts[1]), parts[0], parts[2], at)  # type: ignore[arg-type]
        case "shift":
            return Shift(parts[0], _bars(parts[2]), at)
        case "call":
            return Call(parts[0].lower(), tuple(part for part in parts[2:-1] if not _is_token(part)), at)
        case "name":
            return Name(parts[0].lower(), at)
        case "number":
            return Number(_number(parts[0]), at, parts[0].endswith("%"))
        case _:
            return Text(_text(str(parts[0])), at)


def _is_token(part: Any) -> bool:
    return hasattr(part, "type")


def _items(parts: list[Any]) -> tuple[Number | Text, ...]:
    return tuple(part for part in parts if isinstance(part, Number | Text))


def _span(part: Any) -> Span:
    return (part.start_pos, part.end_pos) if _is_token(part) else cast(Span, part.at)


def _bars(node: Node) -> int:
    if not isinstance(node, Number):
        raise Misuse("How many bars to look back must be a constant", node.at, expected=("a whole number",))
    if node.value < 0:
        raise Misuse("Bars ahead are not known: look back by a positive number", node.at, expected=("a whole number",))
    if node.value != int(node.value) or node.value > MAX_SHIFT:
        raise Misuse(
            f"How many bars to look back must be a whole number up to {MAX_SHIFT:,}",
            node.at,
            expected=("a whole number",),
        )
    return int(node.value)


def _number(token: Token) -> float:
    written = DIGITS.match(token)
    assert written is not None  # the lexer saw it
    digits, unit = written[0], token[written.end() :].strip()[:1].lower()
    value = float(Decimal(digits) * Decimal(UNITS[unit]) if unit else Decimal(digits))
    if not abs(value) < 1e300:
        raise Misuse("The number is too large", _span(token))
    return value


def _text(quoted: str) -> str:
    out, rest = [], iter(quoted[1:-1])
    for letter in rest:
        if letter == "\\":
            letter = next(rest)
            letter = _ESCAPES.get(letter, letter)
        out.append(letter)
    return "".join(out)


def _bad_character(error: UnexpectedCharacters, text: str) -> ExpressionError:
    at = int(error.pos_in_stream or 0)
    letter = text[at]
    if letter in "\"'":
        return ExpressionError(
            "The text is not closed: its quote is missing", text, (at, len(text)), expected=(letter,)
        )
    near = {"≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "&": "and", "|": "or", "!": "not"}.get(
        letter
    )
    shown = letter if letter.isprintable() else ascii(letter)[1:-1]
    told = f"; write {near}" if near else ""
    return ExpressionError(f"{shown} has no meaning here{told}", text, (at, at + 1), near=(near,) if near else ())


def _bad_token(token: Token, accepts: set[str], text: str, still_open: list[Token]) -> ExpressionError:
    expected = _in_words(accepts)
    if token.type == "$END":
        end = len(text.rstrip())
        if still_open and accepts & {"RPAR", "RSQB"}:
            bracket = still_open[-1]
            closing = ")" if bracket.type == "LPAR" else "]"
            message = f"The bracket {bracket} opened at column {bracket.column} is not closed: {closing} is missing"
            return ExpressionError(message, text, _span(bracket), expected=expected)
        return ExpressionError(
            f"The expression ends too early; expected {' or '.join(expected)}", text, (end, end + 1), expected=expected
        )
    if token.type in {"RPAR", "RSQB"} and not still_open:
        return ExpressionError(f"The bracket {token} closes nothing", text, _span(token), expected=expected)
    return ExpressionError(
        f"{token} cannot stand here; expected {' or '.join(expected)}", text, _span(token), expected=expected
    )


def _in_words(accepts: set[str]) -> tuple[str, ...]:
    if accepts >= _VALUES:  # a value may begin: no need to name each way
        accepts = (accepts - _VALUES - {"NOT", "IN"}) | {"NAME", "NUMBER"}
    return tuple(word for name, word in _WORDS.items() if name in accepts)
