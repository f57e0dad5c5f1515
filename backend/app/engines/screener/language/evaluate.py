"""Computing a checked expression, on every row at once or on one session.

The rule of the unknown: a number that is not known (too little history, no figure, a division by zero) is NaN. A
comparison with it is unknown. `not unknown` is unknown; `and` is false where any part is false, else unknown where any
part is unknown; `or` is true where any part is true, else unknown where any is. A stock for which the whole is
unknown does not match. A window with an unknown value in it is unknown, as one that reaches over missing history is.

Conditions are held as 0 false, 1 unknown, 2 true, so that `and` is the smaller and `or` the larger.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from app.engines.screener.language import kernels
from app.engines.screener.language.check import Vocabulary
from app.engines.screener.language.frame import UNCLASSIFIED, Rows, Texts, to_flags
from app.engines.screener.language.functions import FUNCTIONS
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN, Kind
from app.engines.screener.language.reads import crosses_section, own_reach, reach
from app.engines.screener.language.tree import (
    All,
    Among,
    Arithmetic,
    Call,
    Compare,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Shift,
    Some,
    Text,
    children,
)
from app.engines.screener.restate import put_back, stretches

F1 = NDArray[np.float64]
U1 = NDArray[np.uint8]
I1 = NDArray[np.int64]
B1 = NDArray[np.bool_]
Value = F1 | U1 | float

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ROLLING: Final = {
    "sma": kernels.SMA,
    "sum": kernels.SUM,
    "std": kernels.STD,
    "highest": kernels.HIGHEST,
    "lowest": kernels.LOWEST,
    "median": kernels.MEDIAN,
    "own_percentile": kernels.OWN_PERCENTILE,
    "ema": kernels.EMA,
    "rsi": kernels.RSI,
    "count": kernels.COUNT,
    "bars_since": kernels.SINCE,
}
_OF_BARS: Final = {
    "atr": kernels.ATR,
    "adx": kernels.ADX,
    "stoch_k": kernels.STOCH_K,
    "stoch_d": kernels.STOCH_D,
    "supertrend": kernels.SUPERTREND,
    "supertrend_up": kernels.SUPERTREND_UP,
    "true_range": kernels.TRUE_RANGE,
}
_ACROSS: Final = {
    "rank": kernels.RANK,
    "percentile": kernels.PERCENTILE,
    "zscore": kernels.ZSCORE,
    "sector_median": kernels.SECTOR_MEDIAN,
}


def matches(flags: U1) -> B1:
    """Where a condition is known to hold."""
    found: B1 = flags == TRUE
    return found


def to_number(flags: U1) -> F1:
    """A condition as 1.0, 0.0 and NaN."""
    return np.array([0.0, np.nan, 1.0])[flags]


def _nothing() -> None:
    return None


class Evaluator:
    """Values of checked trees on every row of a frame.

    A number is in units of its own bar: rupees of that day, shares of that day. A condition is 0, 1 or 2. What stands
    in the tree more than once is computed once and kept until it was used for the last time.
    `pause` is called before every window; it may raise, to end what takes too long.
    """

    def __init__(self, rows: Rows, vocabulary: Vocabulary, pause: Callable[[], None] = _nothing) -> None:
        self.rows = rows
        self._words = vocabulary
        self.pause = pause
        self._left: Counter[Node] = Counter()
        self._kept: dict[Node, Value] = {}
        self._kinds: dict[Node, Kind] = {}

    def condition(self, node: Node) -> U1:
        """A condition on every row, [R]."""
        self._expect(node)
        with np.errstate(all="ignore"):
            return self._flags(node)

    def number(self, node: Node) -> F1:
        """A number on every row, [R], a price in rupees of its own bar."""
        self._expect(node)
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(cast("F1 | float", self.value(node)), len(self.rows)), np.float64)

    def _expect(self, node: Node) -> None:
        """Count what will be asked for more than once."""
        waiting = [node]
        while waiting:
            one = waiting.pop()
            self._left[one] += 1
            if self._left[one] == 1:
                definition = self._words.definition(one.name) if isinstance(one, Name) else None
                waiting.extend(children(one) if definition is None else (definition,))

    def kind(self, node: Node) -> Kind:
        """The kind of a node."""
        found = self._kinds.get(node)
        if found is None:
            found = self._kinds[node] = self._words.kind(node)
        return found

    def value(self, node: Node) -> Value:
        """Numbers in units of their own bar, conditions as 0, 1, 2; a constant as itself."""
        kept = self._kept.get(node)
        if kept is None:
            kept = self._computed(node)
            if self._left[node] > 1 and not isinstance(node, Number):
                self._kept[node] = kept
        self._left[node] -= 1
        if self._left[node] <= 0:
            self._kept.pop(node, None)
        return kept

    def _flags(self, node: Node) -> U1:
        return cast(U1, self.value(node))

    def _series(self, node: Node) -> F1:
        """Numbers, or a condition as 1, 0, NaN, one a row in one piece."""
        if self.kind(node).type == "flag":
            return to_number(self._flags(node))
        value = self.value(node)
        return np.ascontiguousarray(np.broadcast_to(value, len(self.rows)), np.float64)

    def _compared(self, left: Node, right: Node, op: str) -> U1:
        a, b = cast(F1, self.value(left)), cast(F1, self.value(right))
        holds = _COMPARE[op](a, b)
        unknown = np.isnan(a) | np.isnan(b)
        out = np.multiply(holds, TRUE, dtype=np.uint8)
        out[unknown] = UNKNOWN
        found: U1 = out
        return found

    def _computed(self, node: Node) -> Value:
        match node:
            case Number(value=value):
                return value
            case Name(name=name):
                return self._field(name)
            case Negative(of=of):
                return -cast(F1, self.value(of))
            case Arithmetic():
                return self._arithmetic(node)
            case Compare(operands=operands, ops=ops):
                parts = [
                    self._compared(operands[i], operands[i + 1], op) if i == 0 else self._again(operands, i, op)
                    for i, op in enumerate(ops)
                ]
                return np.minimum.reduce(parts) if len(parts) > 1 else parts[0]
            case Among():
                return self._among(node)
            case Not(of=of):
                return (TRUE - self._flags(of)).astype(np.uint8)
            case All(parts=parts_of):
                return self._joined(np.minimum, parts_of)
            case Some(parts=parts_of):
                return self._joined(np.maximum, parts_of)
            case Shift() | Call():
                return self._called(node)
            case Text():
                raise TypeError("a text has no value of its own")

    def _again(self, operands: tuple[Node, ...], i: int, op: str) -> U1:
        self._left[operands[i]] += 1  # the middle of a chain is compared twice
        return self._compared(operands[i], operands[i + 1], op)

    def _joined(self, how: np.ufunc, parts: Sequence[Node]) -> U1:
        out = self._flags(parts[0])
        for part in parts[1:]:
            out = how(out, self._flags(part))
        return out

    def _field(self, name: str) -> Value:
        definition = self._words.definition(name)
        if definition is not None:
            return self.value(definition)
        kind = self._words.fields[name].kind
        if kind.type == "flag":
            return to_flags(self.rows.source.number(name))
        return self.rows.source.number(name)

    def _arithmetic(self, node: Arithmetic) -> Value:
        a, b = cast(F1, self.value(node.left)), cast(F1, self.value(node.right))
        if node.op in "+-":
            return a + b if node.op == "+" else a - b
        if node.op == "*":
            return a * b
        if isinstance(b, float):
            return a / b if b else np.nan * a
        return a / np.where(b == 0.0, np.nan, b)

    def _among(self, node: Among) -> U1:
        if isinstance(node.of, Name) and self.kind(node.of).type == "text":
            texts = self.rows.source.text(node.of.name)
            wanted = {item.value.casefold() for item in node.items if isinstance(item, Text)}
            return _looked_up(texts, lambda value: value in wanted)
        values = cast(F1, self.value(node.of))
        found = np.isin(values, [item.value for item in node.items if isinstance(item, Number)])
        out = np.multiply(found, TRUE, dtype=np.uint8)
        out[np.isnan(values)] = UNKNOWN
        return out

    def _called(self, node: Shift | Call) -> Value:
        if isinstance(node, Shift) or FUNCTIONS[node.name].family in {"window", "all"}:
            return self.windowed(node)
        family = FUNCTIONS[node.name].family
        return self.across(node) if family == "cross" else self._row(node)

    def _row(self, node: Call) -> Value:
        given = node.arguments
        match node.name:
            case "abs":
                return np.abs(self.value(given[0]))
            case "min" | "max":
                a, b = (self.value(one) for one in given)
                return np.minimum(a, b) if node.name == "min" else np.maximum(a, b)  # NaN in, NaN out
            case "if":
                flags = self._flags(given[0])
                a, b = (self.value(one) for one in given[1:])
                return np.where(flags == TRUE, a, np.where(flags == FALSE, b, np.nan))
            case "log":
                x = np.asarray(self.value(given[0]), np.float64)
                return np.log(np.where(x > 0.0, x, np.nan))
            case "sqrt":
                x = np.asarray(self.value(given[0]), np.float64)
                return np.sqrt(np.where(x >= 0.0, x, np.nan))
            case "known":
                x = np.broadcast_to(np.asarray(self.value(given[0])), len(self.rows))
                return np.where(np.isnan(x), FALSE, TRUE).astype(np.uint8)
            case "index":
                return self.rows.source.members(_text(given[0]))
            case _:
                name, wanted = given[0], _text(given[1]).casefold()
                assert isinstance(name, Name)
                texts = self.rows.source.text(name.name)
                if node.name == "contains":
                    return _looked_up(texts, lambda value: wanted in value)
                return _looked_up(texts, lambda value: value.startswith(wanted))

    def across(self, node: Call) -> F1:
        """A function of the day's stocks."""
        self.pause()
        rows = self.rows
        x = np.ascontiguousarray(np.broadcast_to(self.value(node.arguments[0]), len(rows)), np.float64)
        sectors = np.empty(0, np.int32)
        if node.name == "sector_median":
            texts = rows.source.text("sector")
            no_sector = [value == UNCLASSIFIED for value in texts.values]
            sectors = np.where(np.array([*no_sector, False])[texts.codes], np.int32(-1), texts.codes)
        out = np.empty(len(rows))
        order, first = rows.by_day
        kernels.across(_ACROSS[node.name], x, rows.universe, sectors, order, first, out)
        return out

    def windowed(self, node: Shift | Call, wanted: I1 | None = None) -> Value:
        """A function of an instrument's bars up to each row; with `wanted`, one a segment, it is right on those."""
        self.pause()
        if isinstance(node, Call) and node.name in {"crosses_above", "crosses_below"}:
            return self._crossed(node)
        if isinstance(node, Call) and node.name in _OF_BARS:
            of = [(np.ascontiguousarray(self.rows.source.number(name)), 1) for name in ("high", "low", "close")]
        else:
            given = [node.of] if isinstance(node, Shift) else [a for a in node.arguments if not isinstance(a, Number)]
            of = [(self._series(one), self.kind(one).degree or 0) for one in given]
        recursive = isinstance(node, Call) and FUNCTIONS[node.name].family == "all"
        out = self._looked_back(node, of, None if recursive else own_reach(node), wanted)
        return to_flags(out) if self.kind(node).type == "flag" else out

    def _looked_back(
        self, node: Shift | Call, of: Sequence[tuple[F1, int]], reach: int | None, wanted: I1 | None
    ) -> F1:
        """A function of series that look back `reach` bars (None: all), each with its dimension.

        Where no corporate action lies between, values are taken as they are. The others are then worked out again from
        values in shares of the bar that looks.
        """
        rows = self.rows
        out = _over_bars(node, [x for x, _ in of], rows.segments)
        over = rows.stretches(reach, wanted) if any(degree for _, degree in of) else None
        if over is not None:
            place, inputs = over[:3], [np.empty(int(over.segments[-1])) for _ in of]
            for (x, degree), seen in zip(of, inputs, strict=True):
                stretches(x, rows.factor, *place, degree, seen)
            put_back(_over_bars(node, inputs, over.segments), *place, out)
        return out

    def _crossed(self, node: Call) -> U1:
        """On the other side than one bar before, each bar's comparison in that bar's own rupees."""
        a, b = node.arguments
        above = node.name == "crosses_above"
        for one in (a, b):
            self._left[one] += 1
        now, before = self._compared(a, b, ">" if above else "<"), self._compared(a, b, "<=" if above else ">=")
        out = np.empty(len(self.rows))
        kernels.lagged(to_number(before), self.rows.segments, 1, out)
        return np.minimum(now, to_flags(out))


class DayEvaluator(Evaluator):
    """Values of checked trees at one session, one row an instrument that traded in it.

    Only what looks back is computed on history: on as many bars as a window needs, on all of them for a recursion, or
    where stocks were compared on earlier days. Whatever was computed is kept: other questions about the session share
    it. Answers equal those of `Evaluator` on every row, taken at the session.

    `universe`, [N], stands in for that of the session's rows.
    """

    def __init__(self, rows: Rows, day: int, vocabulary: Vocabulary, universe: B1 | None = None) -> None:
        self._all = rows
        self._at = rows.at(day)
        today = rows.taken(self._at, np.arange(len(self._at) + 1, dtype=np.int64))
        super().__init__(today if universe is None else today.with_universe(universe), vocabulary)
        self._values: dict[Node, Value] = {}

    @property
    def columns(self) -> NDArray[np.int32]:
        """The instruments of the rows, [N]."""
        return self.rows.columns

    def _expect(self, node: Node) -> None:
        """Nothing is to be counted where everything is kept."""

    def value(self, node: Node) -> Value:
        """See `Evaluator`; nothing of a day is large, so all of it is kept."""
        if isinstance(node, Number):
            return node.value
        found = self._values.get(node)
        if found is None:
            found = self._values[node] = self._computed(node)
        return found

    def windowed(self, node: Shift | Call, wanted: I1 | None = None) -> Value:
        """See `Evaluator`; of a day all rows are wanted."""
        bars = None if crosses_section(node, self._words) else reach(node, self._words)
        frame, at = (self._all, self._at) if bars is None else self._all.back_from(self._at, bars)
        inner = Evaluator(frame, self._words, self.pause)
        inner._expect(node)
        return cast("F1 | U1", inner.windowed(node, at))[at]


def _over_bars(node: Shift | Call, of: Sequence[F1], segments: I1) -> F1:
    """A function of bars over whole segments of rows, conditions as 1, 0, NaN."""
    out = np.empty(len(of[0]))
    if isinstance(node, Shift):
        kernels.lagged(of[0], segments, node.bars, out)
        return out
    name = node.name
    constants = [one.value for one in node.arguments if isinstance(one, Number)]
    n = int(constants[0]) if constants else 1
    if name in _ROLLING:
        kernels.rolling(_ROLLING[name], of[0], segments, n, out)
    elif name in {"change", "roc"}:
        x = of[0]
        kernels.lagged(x, segments, n, out)
        out = x - out if name == "change" else x / np.where(out == 0.0, np.nan, out) - 1.0
    elif name in {"bb_upper", "bb_lower"}:
        middle, width = np.empty(len(out)), constants[1]
        kernels.rolling(kernels.SMA, of[0], segments, n, middle)
        kernels.rolling(kernels.STD, of[0], segments, n, out)
        out = middle + width * out if name == "bb_upper" else middle - width * out
    elif name in {"macd", "macd_signal"}:
        signal = np.empty(len(out))
        fast, slow, more = (*(int(one) for one in constants), 9)[:3]
        kernels.macd_rows(of[0], segments, fast, slow, more, out, signal)
        out = out if name == "macd" else signal
    elif name in {"corr", "beta"}:
        kernels.paired(kernels.CORR if name == "corr" else kernels.BETA, of[0], of[1], segments, n, out)
    else:
        smooth, d, multiplier = 1, 1, 1.0
        if name in {"stoch_k", "stoch_d"}:
            smooth, d = int(constants[1]), int(constants[2]) if len(constants) > 2 else 1
        elif name in {"supertrend", "supertrend_up"}:
            multiplier = constants[1]
        high, low, close = of
        kernels.of_bars(_OF_BARS[name], high, low, close, segments, n, smooth, d, multiplier, out)
    return out


def _text(node: Node) -> str:
    assert isinstance(node, Text)
    return node.value


def _looked_up(texts: Texts, test: Callable[[str], bool]) -> U1:
    answers = np.array([TRUE if test(value.casefold()) else FALSE for value in texts.values] + [UNKNOWN], np.uint8)
    return answers[texts.codes]
