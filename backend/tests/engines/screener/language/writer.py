"""Random expressions that pass the checks, for tests; the same seed writes the same.

Each is written twice: as a trader may write it (units, other names of functions, series and windows left out, operators
spelt otherwise) and at full length, for a twin that knows nothing of such liberties. In a text with both, what stands
between « and » is a liberty, a bar, and its meaning.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

_BOTH = re.compile("«([^«»|]*)\\|([^«»|]*)»")
_UNITS = {"cr": 10_000_000, " crore": 10_000_000, " lakh": 100_000, " lacs": 100_000, "k": 1000}
_ALIASES = {"sma": ("mean", "avg"), "std": ("stdev",), "roc": ("pct_change",)}

_PRICES = (
    "{sma}({price}, {n})", "ema({price}, {n})", "highest({price}, {n})", "lowest({price}, {n})",
    "median({price}, {n})", "({price})[{n}]", "({price} + {bar}) / 2", "{price} * 0.98", "max({price}, {bar})",
    "min({price}, {bar})", "{price} + «atr()|atr(14)»", "{price} - atr({n}) * 2", "({price} - 5)", "abs({price})",
    "{price} - change({bar}, {n})", "{price} + «change({same})|change({same}, 1)»", "bb_upper({price}, {n}, 1.5)",
    "bb_lower({price}, {n}, 2.5)", "«bb_upper()|bb_upper(close, 20, 2)»", "«bb_middle({n})|sma(close, {n})»",
    "«ema({n})|ema(close, {n})»", "{price} + macd({bar}, {few}, {many})",
    "{price} - macd_signal(close, {few}, {many}, 5)",
    "close + «macd()|macd(close, 12, 26)» - «macd_signal()|macd_signal(close, 12, 26, 9)»", "supertrend({n}, 2.5)",
    "«supertrend()|supertrend(10, 3)»", "{price} + true_range()", "if({condition}, {price}, {bar})",
    "if({prices}, {price}, {rupees})", "-(0 - {price})", "{price} + {std}({bar}, {n})", "max({price}, {rupees})",
)  # fmt: skip
_POINTS = (
    "«rsi({n})|rsi(close, {n})»", "rsi({price}, {n})", "percentile({plain})", "own_percentile({price}, {h})",
    "rsi(volume, {n})", "percentile({move})", "adx({h})", "«adx()|adx(14)»", "stoch_k({n}, {m})",
    "stoch_d({n}, {m}, {m})", "«stoch_k()|stoch_k(14, 3)»", "«stoch_d()|stoch_d(14, 3, 3)»",
    "own_percentile({field}, {h})",
)  # fmt: skip
_MOVES = ("{roc}({bar}, {n})", "{roc}({price}, {n})", "«roc({n})|roc(close, {n})»", "close / close[1] - 1")
_PLAIN = (
    "{move}", "{move}", "({price}) / ({price})", "volume / sma(volume, {n})", "zscore({field})", "rank({field})",
    "sector_median({field})", "zscore({move})", "sector_median({bar})", "rank({bar})", "{std}({roc}(close, 1), {n})",
    "sum({field}, {n})", "({field})[{n}]", "close * volume", "-{field}", "log({bar} / {bar})", "log({field} - {field})",
    "sqrt({field})", "sqrt({roc}(close, {n}))", "corr(roc(close, 1), roc({bar}, 1), {h})",
    "corr(«rsi(5)|rsi(close, 5)», {field}, {h})",
    "beta(roc(close, 1), roc(volume, 1), {h})", "beta({field}, {field}, {h})", "if({condition}, {field}, {n})",
    "{field} / {field}", "{field} / (close - open)", "min({field}, {field})", "bars_since({prices})",
    "count({prices}, {n})",
)  # fmt: skip


class Written(NamedTuple):
    """An expression as a trader writes it, and at full length."""

    text: str
    meant: str


class Words(NamedTuple):
    """What a market has: plain numbers, text fields with values, spellings of indices and their ids, flags, shares."""

    plain: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]
    indices: Mapping[str, str]
    flags: tuple[str, ...] = ()
    shares: tuple[str, ...] = ("volume",)
    prices: tuple[str, ...] = ("open", "high", "low", "close")


def _quoted(word: str, quote: str) -> str:
    return quote + word.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


class Writer:
    """Writes conditions."""

    def __init__(self, seed: int, words: Words) -> None:
        self._random = random.Random(seed)
        self._words = words
        self._decks: dict[tuple[str, ...], list[str]] = {}

    def written(self, depth: int = 3) -> Written:
        """A condition, in both ways of writing."""
        both = self.condition(depth)
        return Written(_BOTH.sub(r"\1", both), _BOTH.sub(r"\2", both))

    def condition(self, depth: int) -> str:
        """A condition."""
        pick = self._random
        if depth > 0 and pick.random() < 0.5:
            parts = [self.condition(depth - 1) for _ in range(pick.choice((2, 2, 3)))]
            joined = f" {pick.choice(('and', 'or', '«AND|and»', '«Or|or»'))} ".join(f"({part})" for part in parts)
            return f"{pick.choice(('not', '«NOT|not»'))} ({joined})" if pick.random() < 0.25 else joined
        return pick.choice(
            (
                self._text, self._text, self._membership, self._crossed, self._count, self._since, self._between,
                self._known, self._level, self._level, self._plains, self._plains, self._prices, self._prices,
                self._flag, self._whole, self._shares, self._product,
            )
        )()  # fmt: skip

    def _flag(self) -> str:
        pick = self._random
        own = [*self._words.flags, f"supertrend_up({pick.randint(1, 12)}, {pick.choice((1, 1.5, 3))})"]
        own += [f"({self._prices()})[{pick.randint(1, 5)}]", "«supertrend_up()|supertrend_up(10, 3)»"]
        return pick.choice(own)

    def _text(self) -> str:
        pick = self._random
        field = pick.choice(sorted(self._words.texts))
        values = self._words.texts[field]
        quoted = [_quoted(one, '"') for one in pick.sample(values, min(2, len(values)))]
        word = pick.choice(values)
        part = word[: pick.randint(1, len(word))]
        first = _quoted(word, "'")
        return pick.choice(
            (
                f"{field} in ({', '.join(quoted)})",
                f"«{field} not in ({quoted[0]},)|not ({field} in ({quoted[0]}))»",
                f"«{field} = {first.upper()}|{field} in ({first})»",
                f"«{first} != {field}|not ({field} in ({first}))»",
                f"contains({field}, {_quoted(part.upper(), chr(34))})",
                f"starts_with({field}, {_quoted(part.lower(), chr(34))})",
            )
        )

    def _membership(self) -> str:
        name = self._random.choice(sorted(self._words.indices))
        return f'in index("«{name}|{self._words.indices[name]}»")'

    def _crossed(self) -> str:
        how = self._random.choice(("crosses_above", "crosses_below"))
        other = self._random.choice((self.price(1), self.price(1), self._rupees()))
        return f"{how}({self.price(1)}, {other})"

    def _count(self) -> str:
        pick = self._random
        counted = f"count({self.condition(0)}, {pick.randint(1, 12)})"
        if pick.random() < 0.3:
            return f"{counted} in (0, {pick.randint(1, 12)}, -1)"
        return f"{counted} {self._op(equal=True)} {pick.randint(0, 10)}"

    def _since(self) -> str:
        return f"bars_since({self.condition(0)}) {self._op(equal=True)} {self._random.randint(0, 30)}"

    def _between(self) -> str:
        low = round(self._random.uniform(5, 60), 1)
        if self._random.random() < 0.5:
            return f"{low} < {self.points()} < {low + 30}"
        return f"{low + 30} >= {self.points()} >= {low} != {self.points()}"

    def _known(self) -> str:
        return f"known({self._random.choice((self.plain(1), self.price(1)))})"

    def _level(self) -> str:
        return f"{self.price(2)} {self._op()} {self._rupees()}"

    def _plains(self) -> str:
        """Also against a constant with a unit, which then is near what such numbers are."""
        pick = self._random
        if pick.random() < 0.3:
            percent = pick.randint(-5, 9)
            return f"{self._move()} {self._op()} «{percent}%|{percent / 100}»"
        if pick.random() < 0.3:
            amount = pick.randint(1, 99)
            unit = self._dealt(tuple(_UNITS))
            times = _UNITS[unit]
            return f"{self._rupees_traded()} {self._op()} «{amount}{unit}|{amount * times}»"
        return f"{self.plain(2)} {self._op()} {self.plain(2)}"

    def _prices(self) -> str:
        pick = self._random
        if pick.random() < 0.15:  # closes stand still often enough
            return f"close {pick.choice(('==', '«=|==»', '!=', '«<>|!=»'))} {pick.choice(('close[1]', 'open', 'high'))}"
        return f"{self.price(2)} {self._op()} {self.price(2)}"

    def _whole(self) -> str:
        pick = self._random
        place = pick.choice((f"rank({self.plain(1)})", f"rank({self.price(1)})", f"rank({self._move()})"))
        few = pick.randint(1, 3)
        return f"{place} {self._op(equal=True)} «{few}e1|{few * 10}»"

    def _shares(self) -> str:
        pick = self._random
        one = pick.choice(self._words.shares)
        n = pick.randint(1, 20)
        other = self._dealt(
            ("sma({0}, {1})", "highest({0}, {1})", "«{1} lakh|{1}00000»", "{0}[{1}]", "«{1}l|{1}00000»")
        )
        other = other.format(one, n)
        return f"{one} {self._op()} {other} * {pick.choice(('1.5', '2', '0.5'))}"

    def _product(self) -> str:
        pick = self._random
        product = f"({self.price(1)}) * {pick.choice(('high', 'low'))}"
        return f"{product} {self._op()} {pick.choice((f'{self.price(0)} * {self.price(0)}', '62500'))}"

    def _rupees(self) -> str:
        return str(round(self._random.lognormvariate(5, 1.5), 2))

    def _rupees_traded(self) -> str:
        return self._random.choice(("close * volume", "sum(close * volume, 5)", "median(close * volume, 4)"))

    def price(self, depth: int) -> str:
        """A number in rupees."""
        if depth <= 0 or self._random.random() < 0.25:
            return self._random.choice(self._words.prices)
        return self._filled(self._dealt(_PRICES), depth)

    def _filled(self, template: str, depth: int) -> str:
        """The text of a template: each part in braces is written anew, only where it stands, equal letters alike."""
        pick = self._random
        few, many = sorted(pick.sample(range(1, 30), 2))
        parts: dict[str, Callable[[], str]] = {
            "n": lambda: str(pick.randint(1, 30)),
            "h": lambda: str(pick.randint(2, 20)),
            "m": lambda: str(pick.randint(1, 4)),
            "few": lambda: str(few),
            "many": lambda: str(many),
            "price": lambda: self.price(depth - 1),
            "bar": lambda: self.price(0),
            "same": lambda: self.price(0),
            "plain": lambda: self.plain(depth - 1),
            "field": lambda: self.plain(0),
            "move": self._move,
            "rupees": self._rupees,
            "condition": lambda: self.condition(0),
            "prices": self._prices,
            **{name: lambda name=name: self._named(name) for name in _ALIASES},  # type: ignore[misc]
        }
        held: dict[str, str] = {}

        def part(found: re.Match[str]) -> str:
            name = found[1]
            if name not in {"n", "same"}:
                return parts[name]()
            return held.setdefault(name, parts[name]())

        return re.sub(r"{(\w+)}", part, template)

    def points(self) -> str:
        """A number from 0 to 100."""
        return self._filled(self._dealt(_POINTS), 1)

    def _move(self) -> str:
        return self._filled(self._dealt(_MOVES), 1)

    def plain(self, depth: int) -> str:
        """A plain number."""
        if depth <= 0 or self._random.random() < 0.25:
            return self._random.choice(self._words.plain)
        return self._filled(self._dealt(_PLAIN), depth)

    def _named(self, name: str) -> str:
        other = self._dealt((name, *_ALIASES[name]))
        return name if other == name else f"«{other}|{name}»"

    def _dealt(self, cards: tuple[str, ...]) -> str:
        """One of some, none a second time before all have come once."""
        deck = self._decks.setdefault(cards, [])
        if not deck:
            deck.extend(self._random.sample(cards, len(cards)))
        return deck.pop()

    def _op(self, *, equal: bool = False) -> str:
        """Equality only where it is not a matter of rounding."""
        orders = ("<", "<=", ">", ">=")
        return self._dealt((*orders, "==", "!=", "«=|==»", "«<>|!=»") if equal else orders)
