"""The functions of the language: what they take, what they answer, how much history they need.

This is the registry: a completion list, the documentation and the checks come from it. How a function is computed
stands in `evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

MAX_WINDOW: Final = 2_520  # bars, ten years
MAX_HEAVY: Final = 504  # of those whose time grows with the window

# x: a number of any dimension · p: a plain number · f: a condition · t: a text field · s: a text
# n: a window in bars · h: a window of a function whose time grows with it · c: a constant
ParameterKind = Literal["x", "p", "f", "t", "s", "n", "h", "c"]
# window: bars of the instrument · all: all its unbroken history · row: this bar · cross: all stocks of the day
Family = Literal["window", "all", "row", "cross"]
# same: the dimension of x · plain: none · price: rupees · flag: a condition
Answer = Literal["same", "plain", "price", "flag"]

_WORDS: Final[dict[ParameterKind, str]] = {
    "x": "number",
    "p": "plain number",
    "f": "condition",
    "t": "text field",
    "s": "text",
    "n": "whole number",
    "h": "whole number",
    "c": "constant",
}


class Parameter(NamedTuple):
    """A parameter; `default` is the text of an expression, None where it must be given."""

    name: str
    kind: ParameterKind
    default: str | None = None
    least: float = 1.0

    @property
    def word(self) -> str:
        """What may stand there."""
        return _WORDS[self.kind]


class Function(NamedTuple):
    """A function and its card. `reach` gives from its constants the bars before this one that it looks at, or of
    a recursion those it takes to begin.
    """

    name: str
    parameters: tuple[Parameter, ...]
    answer: Answer
    family: Family
    description: str
    example: str
    reach: Callable[[tuple[int, ...]], int] = lambda windows: max(windows, default=1) - 1
    reads: tuple[str, ...] = ()  # stored fields it reads beside its arguments

    @property
    def signature(self) -> str:
        """As one would write it."""
        shown = [one.name if one.default is None else f"{one.name} = {one.default}" for one in self.parameters]
        return f"{self.name}({', '.join(shown)})"


def _n(default: str | None = None, least: int = 1, name: str = "n") -> Parameter:
    return Parameter(name, "n", default, least)


_X = Parameter("x", "x")
_CLOSE = Parameter("x", "x", "close")
_A, _B = Parameter("a", "x"), Parameter("b", "x")
_WHEN = Parameter("condition", "f")
_HEAVY = Parameter("n", "h", None, 2)


def _previous(windows: tuple[int, ...]) -> int:
    return max(windows)


_BAR = ("high", "low", "close")


_FUNCTIONS: Final = (
    Function("sma", (_CLOSE, _n()), "same", "window", "Mean of the last n bars.", "close > sma(close, 200)"),
    Function("sum", (_X, _n()), "same", "window", "Sum over the last n bars.", "sum(turnover, 5) > 100cr"),
    Function(
        "std",
        (_X, Parameter("n", "h")),
        "same",
        "window",
        "Deviation of the last n bars (population).",
        "std(roc(close, 1), 20) < 2%",
    ),
    Function("highest", (_X, _n()), "same", "window", "Highest of the last n bars.", "close == highest(close, 252)"),
    Function("lowest", (_X, _n()), "same", "window", "Lowest of the last n bars.", "low == lowest(low, 20)"),
    Function(
        "median",
        (_X, Parameter("n", "h")),
        "same",
        "window",
        "Median of the last n bars.",
        "median(turnover, 20) > 5cr",
    ),
    Function("change", (_X, _n("1")), "same", "window", "x - x[n].", "change(close, 5) > 0", _previous),
    Function(
        "roc", (_CLOSE, _n()), "plain", "window", "x / x[n] - 1, as a fraction.", "roc(close, 21) > 10%", _previous
    ),
    Function(
        "own_percentile",
        (_X, _HEAVY),
        "plain",
        "window",
        "Rank among the x of the last n bars, 0 to 100; equals count half.",
        "own_percentile(volume, 252) > 90",
    ),
    Function(
        "corr",
        (Parameter("x", "p"), Parameter("y", "p"), _HEAVY),
        "plain",
        "window",
        "Correlation over the last n bars, -1 to 1.",
        "corr(roc(close, 1), roc(index_close, 1), 252) < 0.3",
    ),
    Function(
        "beta",
        (Parameter("x", "p"), Parameter("y", "p"), _HEAVY),
        "plain",
        "window",
        "Slope of x on y over the last n bars.",
        "beta(roc(close, 1), roc(index_close, 1), 252) < 0.8",
    ),
    Function(
        "count",
        (_WHEN, _n()),
        "plain",
        "window",
        "Bars of the last n in which it held.",
        "count(close > open, 10) >= 8",
    ),
    Function(
        "crosses_above",
        (_A, _B),
        "flag",
        "window",
        "a > b, and a was not above b one bar before.",
        "crosses_above(sma(close, 50), sma(close, 200))",
        lambda _: 1,
    ),
    Function(
        "crosses_below",
        (_A, _B),
        "flag",
        "window",
        "a < b, and a was not below b one bar before.",
        "crosses_below(close, ema(close, 20))",
        lambda _: 1,
    ),
    Function(
        "true_range",
        (),
        "price",
        "window",
        "The bar's range, reaching to the previous close.",
        "true_range() > 2 * atr(14)",
        lambda _: 1,
        reads=_BAR,
    ),
    Function(
        "stoch_k",
        (_n("14", name="k"), _n("3", name="smooth")),
        "plain",
        "window",
        "Stochastic %K, 0 to 100.",
        "stoch_k(14, 3) < 20",
        lambda w: w[0] + w[1] - 2,
        reads=_BAR,
    ),
    Function(
        "stoch_d",
        (_n("14", name="k"), _n("3", name="smooth"), _n("3", name="d")),
        "plain",
        "window",
        "Stochastic %D, 0 to 100.",
        "crosses_above(stoch_k(), stoch_d())",
        lambda w: w[0] + w[1] + w[2] - 3,
        reads=_BAR,
    ),
    Function(
        "bb_upper",
        (_CLOSE, Parameter("n", "h", "20"), Parameter("width", "c", "2", 0.0)),
        "same",
        "window",
        "Upper Bollinger band.",
        "close > bb_upper(20, 2)",
    ),
    Function(
        "bb_lower",
        (_CLOSE, Parameter("n", "h", "20"), Parameter("width", "c", "2", 0.0)),
        "same",
        "window",
        "Lower Bollinger band.",
        "close < bb_lower(20, 2)",
    ),
    Function(
        "ema",
        (_CLOSE, _n()),
        "same",
        "all",
        "Exponential mean, weight 2 / (n + 1), begun with the mean of n bars.",
        "close > ema(close, 20)",
    ),
    Function(
        "rsi",
        (_CLOSE, _n("14")),
        "plain",
        "all",
        "Wilder's relative strength index, 0 to 100.",
        "rsi(2) < 10",
        reach=_previous,
    ),
    Function(
        "macd",
        (_CLOSE, _n("12", name="fast"), _n("26", name="slow")),
        "same",
        "all",
        "Fast less slow exponential mean.",
        "macd() > 0",
        reach=lambda w: w[1] - 1,
    ),
    Function(
        "macd_signal",
        (_CLOSE, _n("12", name="fast"), _n("26", name="slow"), _n("9", name="signal")),
        "same",
        "all",
        "Exponential mean of MACD.",
        "crosses_above(macd(), macd_signal())",
        reach=lambda w: w[1] + w[2] - 2,
    ),
    Function(
        "atr",
        (_n("14"),),
        "price",
        "all",
        "Wilder's average true range.",
        "atr(14) / close < 3%",
        reach=_previous,
        reads=_BAR,
    ),
    Function(
        "adx",
        (_n("14", 2),),
        "plain",
        "all",
        "Wilder's trend strength, 0 to 100.",
        "adx(14) > 25",
        reach=lambda w: 2 * w[0] - 1,
        reads=_BAR,
    ),
    Function(
        "supertrend",
        (_n("10"), Parameter("multiplier", "c", "3", 0.0)),
        "price",
        "all",
        "The SuperTrend line.",
        "close > supertrend(10, 3)",
        reach=_previous,
        reads=_BAR,
    ),
    Function(
        "supertrend_up",
        (_n("10"), Parameter("multiplier", "c", "3", 0.0)),
        "flag",
        "all",
        "Whether the SuperTrend points up.",
        "supertrend_up(10, 3)",
        reach=_previous,
        reads=_BAR,
    ),
    Function(
        "bars_since",
        (_WHEN,),
        "plain",
        "all",
        "Bars since it last held; 0 while it holds.",
        "bars_since(close == highest(close, 252)) < 5",
    ),
    Function(
        "rank",
        (_X,),
        "plain",
        "cross",
        "Place among the stocks of the screen that day, 1 the largest; equals share one.",
        "rank(roe) <= 100",
    ),
    Function(
        "percentile",
        (_X,),
        "plain",
        "cross",
        "Rank among the stocks of the screen that day, 0 the smallest to 100; equals count half.",
        "percentile(turnover) > 90",
    ),
    Function(
        "zscore",
        (_X,),
        "plain",
        "cross",
        "Deviations from the mean of the stocks of the screen that day.",
        "zscore(roc(close, 252)) > 1",
    ),
    Function(
        "sector_median",
        (_X,),
        "plain",
        "cross",
        "Median of the sector's stocks in the screen that day; a price in rupees.",
        "pe_ratio < sector_median(pe_ratio)",
        reads=("sector",),
    ),
    Function("abs", (_X,), "same", "row", "Without its sign.", "abs(change_pct) > 5"),
    Function("min", (_A, _B), "same", "row", "The smaller.", "min(open, close) > sma(close, 20)"),
    Function("max", (_A, _B), "same", "row", "The larger.", "high - max(open, close) > atr(14)"),
    Function(
        "if",
        (_WHEN, _A, _B),
        "same",
        "row",
        "a where the condition holds, b where it does not.",
        "if(close > open, 1, 0) == 1",
    ),
    Function(
        "log",
        (Parameter("x", "p"),),
        "plain",
        "row",
        "Natural logarithm of a plain number; unknown at or below 0.",
        "log(close / close[252]) > 0.1",
    ),
    Function(
        "sqrt",
        (Parameter("x", "p"),),
        "plain",
        "row",
        "Square root of a plain number; unknown below 0.",
        "std(roc(close, 1), 60) * sqrt(252) < 30%",
    ),
    Function(
        "known", (_X,), "flag", "row", "Whether there is a value: the one test that is never unknown.", "known(roe)"
    ),
    Function(
        "contains",
        (Parameter("field", "t"), Parameter("text", "s")),
        "flag",
        "row",
        "Whether a text field holds a text, whatever the case.",
        'contains(name, "bank")',
    ),
    Function(
        "starts_with",
        (Parameter("field", "t"), Parameter("text", "s")),
        "flag",
        "row",
        "Whether a text field begins with a text, whatever the case.",
        'starts_with(symbol, "TATA")',
    ),
    Function(
        "index",
        (Parameter("name", "s"),),
        "flag",
        "row",
        "Whether the stock belonged to an index that day, unknown before the first list of it; written in index(…).",
        'in index("NIFTY50")',
    ),
)

FUNCTIONS: Final[dict[str, Function]] = {one.name: one for one in _FUNCTIONS}
ALIASES: Final = {"mean": "sma", "avg": "sma", "stdev": "std", "bb_middle": "sma", "pct_change": "roc"}
