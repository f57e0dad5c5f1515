"""An independent evaluation of the language in Polars, for tests: nulls are the unknown, with Polars' own logic.

It works on a long frame, a row a bar, and shares nothing with the product but the tree. Where floating-point noise
could turn a comparison (two sides equal to 1e-9, one of them a sum), the row is marked as near and not compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

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
)

DEGREES = {"open": 1, "high": 1, "low": 1, "close": 1, "eps": 1, "volume": -1}
NEAR = 1e-9


class Answer(NamedTuple):
    """A column: numbers forward-anchored, its dimension (None of a constant), whether rounding is in it, near rows."""

    values: pl.Series
    degree: int | None
    rounded: bool
    near: pl.Series


class Twin:
    """Answers about a frame with the columns column, day, segment, factor, universe, sector, those of the fields, and
    `in:ID` for members of indices; sorted by column and day."""

    def __init__(self, frame: pl.DataFrame, definitions: dict[str, Node] | None = None) -> None:
        self.frame = frame
        self.definitions = definitions or {}
        self._never = pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)

    def of(self, node: Node) -> Answer:
        """The column of a tree."""
        match node:
            case Number(value=value):
                return Answer(
                    pl.repeat(value, self.frame.height, eager=True, dtype=pl.Float64), None, False, self._never
                )
            case Name(name=name):
                if name in self.definitions:
                    return self.of(self.definitions[name])
                degree = DEGREES.get(name, 0)
                return Answer(self._scaled(self.frame[name], degree), degree, False, self._never)
            case Negative(of=of):
                a = self.of(of)
                return a._replace(values=-a.values)
            case Arithmetic(op=op, left=left, right=right):
                return self._arithmetic(op, self.of(left), self.of(right))
            case Compare(operands=operands, ops=ops):
                found = [self.of(one) for one in operands]
                parts = [self._compared(op, a, b) for op, a, b in zip(ops, found, found[1:], strict=False)]
                return self._joined(parts, "and")
            case Among(of=Name(name=name), items=items) if isinstance(items[0], Text):
                wanted = [str(item.value).lower() for item in items]
                return self._flag(self.frame[name].str.to_lowercase().is_in(wanted), self._never)
            case Not(of=of):
                a = self.of(of)
                return a._replace(values=~a.values)
            case All(parts=parts_of):
                return self._joined([self.of(part) for part in parts_of], "and")
            case Some(parts=parts_of):
                return self._joined([self.of(part) for part in parts_of], "or")
            case Shift(of=of, bars=bars):
                return self._windowed(self.of(of), lambda x: x.shift(bars), bars + 1)
            case Call(name=name, arguments=arguments):
                return self._call(name, arguments)
        raise NotImplementedError(node)

    def _scaled(self, raw: pl.Series, degree: int) -> pl.Series:
        return raw * self.frame["factor"] if degree == 1 else raw / self.frame["factor"] if degree == -1 else raw

    def _home(self, a: Answer) -> pl.Series:
        if not a.degree:
            return a.values
        return self._select(a=a.values, f=self.frame["factor"], of=pl.col("a") / pl.col("f").pow(float(a.degree)))

    def _select(self, of: pl.Expr, **columns: pl.Series) -> pl.Series:
        return (
            self.frame.select("column", "day", "segment", "universe", "sector")
            .with_columns(**columns)
            .select(of)
            .to_series()
        )

    def _flag(self, values: pl.Series, near: pl.Series) -> Answer:
        return Answer(values, 0, False, near)

    def _met(self, a: Answer, b: Answer) -> tuple[pl.Series, pl.Series, int | None]:
        degree = a.degree or b.degree
        if not degree:
            return a.values, b.values, 0 if 0 in {a.degree, b.degree} else None
        one, two = (x.values if x.degree else self._scaled(x.values, degree) for x in (a, b))
        return one, two, degree

    def _arithmetic(self, op: str, a: Answer, b: Answer) -> Answer:
        near = a.near | b.near
        if op in "+-":
            one, two, degree = self._met(a, b)
            return Answer(one + two if op == "+" else one - two, degree, True, near)
        degree = (a.degree or 0) + (b.degree or 0) * (1 if op == "*" else -1)
        if op == "*":
            return Answer(a.values * b.values, degree, True, near)
        return Answer(
            self._select(pl.when(pl.col("b") != 0).then(pl.col("a") / pl.col("b")), a=a.values, b=b.values),
            degree,
            True,
            near,
        )

    def _compared(self, op: str, a: Answer, b: Answer) -> Answer:
        one, two = (a.values, b.values) if a.degree and a.degree == b.degree else (self._home(a), self._home(b))
        values = {
            "<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two, "==": one == two, "!=": one != two,
        }[op]  # fmt: skip
        near = a.near | b.near
        if a.rounded or b.rounded:
            distance = (one - two).abs() <= NEAR * pl.DataFrame({"a": one.abs(), "b": two.abs()}).max_horizontal().clip(
                1e-6
            )
            near = near | distance.fill_null(False)
        return self._flag(values, near)

    def _joined(self, parts: list[Answer], how: str) -> Answer:
        frame = pl.DataFrame({str(n): part.values for n, part in enumerate(parts)})
        test = pl.all_horizontal(pl.all()) if how == "and" else pl.any_horizontal(pl.all())
        near = parts[0].near
        for part in parts[1:]:
            near = near | part.near
        return self._flag(frame.select(test).to_series(), near)

    def _windowed(self, a: Answer, how: Callable[[pl.Expr], pl.Expr], reach: int, *, rounded: bool = False) -> Answer:
        values = self._select(how(pl.col("a")).over("segment"), a=a.values)
        near = self._select(pl.col("n").rolling_max(reach, min_samples=1).over("segment"), n=a.near.cast(pl.Int8)).cast(
            pl.Boolean
        )
        return Answer(values, a.degree, a.rounded or rounded, near)

    def _by_segment(self, a: Answer, how: Callable[[list[float | None]], list[float | None]]) -> Answer:
        """A recursion, a segment at a time; whatever was near before stays near."""
        out: list[float | None] = []
        frame = pl.DataFrame({"s": self.frame["segment"], "a": a.values})
        for part in frame.partition_by("s", maintain_order=True):
            out.extend(how(part["a"].to_list()))
        near = self._select(pl.col("n").cum_max().over("segment"), n=a.near.cast(pl.Int8)).cast(pl.Boolean)
        return Answer(pl.Series(out, dtype=pl.Float64), a.degree, True, near)

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Answer:
        constants = [int(one.value) for one in arguments if isinstance(one, Number)]
        n = constants[0] if constants else 0
        a = self.of(arguments[0]) if name not in {"index", "true_range", "atr"} else None
        if name in {"sma", "sum"}:
            assert a is not None
            return self._windowed(
                a,
                lambda x: (
                    pl.sum_horizontal([x.shift(k) for k in range(n)], ignore_nulls=False) / (n if name == "sma" else 1)
                ),
                n,
                rounded=True,
            )
        if name == "std":
            assert a is not None

            def deviation(x: pl.Expr) -> pl.Expr:
                past = [x.shift(k) for k in range(n)]
                mean = pl.sum_horizontal(past, ignore_nulls=False) / n
                return (pl.sum_horizontal([(one - mean) ** 2 for one in past], ignore_nulls=False) / n).sqrt()

            return self._windowed(a, deviation, n, rounded=True)
        if name in {"highest", "lowest", "median"}:
            assert a is not None
            method = {"highest": "rolling_max", "lowest": "rolling_min", "median": "rolling_median"}[name]
            return self._windowed(a, lambda x: getattr(x, method)(n, min_samples=n), n, rounded=name == "median")
        if name == "count":
            assert a is not None
            number = a._replace(values=a.values.cast(pl.Float64))
            found = self._windowed(
                number, lambda x: pl.sum_horizontal([x.shift(k) for k in range(n)], ignore_nulls=False), n
            )
            return found._replace(degree=0, rounded=False)
        if name in {"change", "roc"}:
            assert a is not None
            if name == "change":
                return self._windowed(a, lambda x: x - x.shift(n), n + 1, rounded=True)
            found = self._windowed(a, lambda x: pl.when(x.shift(n) != 0).then(x / x.shift(n) - 1), n + 1, rounded=True)
            return found._replace(degree=0)
        if name == "own_percentile":
            assert a is not None

            def place(x: pl.Expr) -> pl.Expr:
                past = [x.shift(k) for k in range(1, n)]
                lower = pl.sum_horizontal([(one < x).cast(pl.Float64) for one in past], ignore_nulls=False)
                equal = pl.sum_horizontal([(one == x).cast(pl.Float64) for one in past], ignore_nulls=False)
                return 100 * (lower + 0.5 * equal) / (n - 1)

            return self._windowed(a, place, n, rounded=True)._replace(degree=0)
        if name in {"crosses_above", "crosses_below"}:
            b = self.of(arguments[1])
            assert a is not None
            above = name == "crosses_above"
            now, before = self._compared(">" if above else "<", a, b), self._compared("<=" if above else ">=", a, b)
            return self._joined([now, self._windowed(before, lambda x: x.shift(1), 2)], "and")
        if name in {"rank", "percentile", "zscore", "sector_median"}:
            assert a is not None
            return self._across(name, a)
        if name == "index":
            assert isinstance(arguments[0], Text)
            return self._flag(self.frame[f"in:{arguments[0].value}"], self._never)
        if name == "true_range":
            return self._true_range()
        if name == "atr":
            return self._by_segment(self._true_range(), lambda x: _wilder(x, n))
        assert a is not None
        if name == "ema":
            return self._by_segment(a, lambda x: _ema(x, n))
        if name == "rsi":
            return self._by_segment(a, lambda x: _rsi(x, n))._replace(degree=0)
        if name == "abs":
            return a._replace(values=a.values.abs())
        if name == "known":
            return self._flag(a.values.is_not_null(), a.near)
        if name in {"min", "max"}:
            b = self.of(arguments[1])
            one, two, degree = self._met(a, b)
            pick = pl.when(pl.col("a") < pl.col("b")) if name == "min" else pl.when(pl.col("a") > pl.col("b"))
            both = pl.when(pl.col("a").is_not_null() & pl.col("b").is_not_null())
            chosen = both.then(pick.then(pl.col("a")).otherwise(pl.col("b")))
            return Answer(self._select(chosen, a=one, b=two), degree, a.rounded or b.rounded, a.near | b.near)
        raise NotImplementedError(name)

    def _true_range(self) -> Answer:
        high, low, close = (self.of(Name(one)).values for one in ("high", "low", "close"))
        before = self._select(pl.col("c").shift(1).over("segment"), c=close)
        values = pl.DataFrame({"a": high - low, "b": (high - before).abs(), "c": (low - before).abs()}).select(
            pl.when(pl.col("b").is_not_null()).then(pl.max_horizontal("a", "b", "c"))
        )
        return Answer(values.to_series(), 1, True, self._never)

    def _across(self, name: str, a: Answer) -> Answer:
        x = self._select(pl.when(pl.col("universe")).then(pl.col("a")), a=self._home(a))
        count, value = pl.col("a").count().over("day"), pl.col("a")
        if name == "rank":
            of = value.rank("min", descending=True).over("day").cast(pl.Float64)
        elif name == "percentile":
            of = pl.when(count > 1).then(100 * (value.rank("average").over("day") - 1) / (count - 1))
        elif name == "zscore":
            spread = value.std(ddof=0).over("day")
            of = pl.when((count > 1) & (spread > 0)).then((value - value.mean().over("day")) / spread)
        else:
            of = pl.when(value.is_not_null() & pl.col("sector").is_not_null()).then(
                value.median().over("day", "sector")
            )
        near = self._select(pl.col("n").max().over("day"), n=a.near.cast(pl.Int8)).cast(pl.Boolean)
        # a rank of values that rounding may have put in another order says nothing
        return Answer(self._select(of, a=x), 0, a.rounded or name not in {"rank"}, near)


def _ema(x: list[float | None], n: int) -> list[float | None]:
    out: list[float | None] = []
    seen: list[float] = []
    value: float | None = None
    for one in x:
        if one is None:
            seen, value = [], None
        elif value is None:
            seen.append(one)
            value = float(np.mean(seen)) if len(seen) == n else None
        else:
            value += (one - value) * 2.0 / (n + 1.0)
        out.append(value)
    return out


def _wilder(x: list[float | None], n: int) -> list[float | None]:
    out: list[float | None] = []
    seen: list[float] = []
    value: float | None = None
    for one in x:
        if one is None:
            seen, value = [], None
        elif value is None:
            seen.append(one)
            value = float(np.mean(seen)) if len(seen) == n else None
        else:
            value = (value * (n - 1) + one) / n
        out.append(value)
    return out


def _rsi(x: list[float | None], n: int) -> list[float | None]:
    moves = [None if a is None or b is None else a - b for a, b in zip(x, [None, *x], strict=False)]
    gains = _wilder([None if move is None else max(move, 0.0) for move in moves], n)
    losses = _wilder([None if move is None else max(-move, 0.0) for move in moves], n)
    return [
        None if g is None or loss is None or g + loss == 0.0 else 100.0 * g / (g + loss)
        for g, loss in zip(gains, losses, strict=True)
    ]


class Writer:
    """Random expressions that pass the checks, as text; the same seed writes the same."""

    def __init__(self, seed: int, plain: tuple[str, ...], sectors: tuple[str, ...], indices: tuple[str, ...]) -> None:
        self._random = random.Random(seed)
        self._plain, self._sectors, self._indices = plain, sectors, indices

    def condition(self, depth: int = 3) -> str:
        """A condition."""
        pick = self._random
        if depth > 0 and pick.random() < 0.55:
            parts = [self.condition(depth - 1) for _ in range(pick.choice((2, 2, 3)))]
            joined = f" {pick.choice(('and', 'or'))} ".join(f"({part})" for part in parts)
            return f"not ({joined})" if pick.random() < 0.2 else joined
        kind = pick.randrange(9)
        if kind == 0:
            return f"sector in ({', '.join(chr(34) + one + chr(34) for one in pick.sample(self._sectors, 2))})"
        if kind == 1 and self._indices:
            return f'in index("{pick.choice(self._indices)}")'
        if kind == 2:
            how = pick.choice(("crosses_above", "crosses_below"))
            return f"{how}({self.price(1)}, {self.price(1)})"
        if kind == 3:
            return f"count({self.condition(0)}, {pick.randint(1, 12)}) {self._op()} {pick.randint(0, 10)}"
        if kind == 4:
            low = round(pick.uniform(5, 60), 1)
            return f"{low} < {self.points()} < {low + 30}"
        if kind == 5:
            return f"known({self.plain(1)})"
        if kind == 6:
            return f"{self.price(2)} {self._op()} {round(pick.lognormvariate(5, 1.5), 2)}"
        if kind == 7:
            return f"{self.plain(2)} {self._op()} {self.plain(2)}"
        return f"{self.price(2)} {self._op()} {self.price(2)}"

    def price(self, depth: int) -> str:
        """A number in rupees."""
        pick = self._random
        if depth <= 0 or pick.random() < 0.3:
            return pick.choice(("open", "high", "low", "close"))
        n, inner = pick.randint(1, 30), self.price(depth - 1)
        return pick.choice(
            (
                f"sma({inner}, {n})", f"ema({inner}, {n})", f"highest({inner}, {n})", f"lowest({inner}, {n})",
                f"median({inner}, {n})", f"({inner})[{n}]", f"({inner} + {self.price(0)}) / 2", f"{inner} * 0.98",
                f"max({inner}, {self.price(0)})", f"min({inner}, {self.price(0)})", f"{inner} + atr({n})",
                f"({inner} - 5)", f"abs({inner})", f"{inner} - change({self.price(0)}, {n})",
            )
        )  # fmt: skip

    def points(self) -> str:
        """A number from 0 to 100."""
        pick = self._random
        n = pick.randint(2, 20)
        return pick.choice(
            (f"rsi({n})", f"percentile({self.plain(1)})", f"own_percentile({self.price(0)}, {n})", f"rsi(volume, {n})")
        )

    def plain(self, depth: int) -> str:
        """A plain number."""
        pick = self._random
        if depth <= 0 or pick.random() < 0.3:
            return pick.choice(self._plain)
        n = pick.randint(1, 20)
        return pick.choice(
            (
                f"roc({self.price(0)}, {n})", f"{self.price(1)} / {self.price(1)}", f"volume / sma(volume, {n})",
                f"zscore({self.plain(0)})", f"rank({self.plain(0)})", f"sector_median({self.plain(0)})",
                f"std(roc(close, 1), {n})", f"sum({self.plain(0)}, {n})", f"({self.plain(0)})[{n}]", "close * volume",
                f"-{self.plain(0)}", f"rank({self.price(0)})",
            )
        )  # fmt: skip

    def _op(self) -> str:
        return self._random.choice(("<", "<=", ">", ">="))
