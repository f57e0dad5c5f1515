"""An independent evaluation of the language in Polars, for tests: nulls are the unknown, with Polars' own logic.

It works on a long frame, a row a bar, and shares nothing with the product but the tree as it was written. Where
floating-point noise could turn a comparison (two sides equal to 1e-9, one of them a sum), the row is marked as near and
not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
from tests.engines.screener.language import recursions

DEGREES = {"open": 1, "high": 1, "low": 1, "close": 1, "eps": 1, "volume": -1, "delivery": -1}
NEAR = 1e-9
OF_BARS = frozenset({"true_range", "atr", "adx", "stoch_k", "stoch_d", "supertrend", "supertrend_up"})
ACROSS = frozenset({"rank", "percentile", "zscore", "sector_median"})
WINDOWS = frozenset(
    {"sma", "sum", "std", "bb_upper", "bb_lower", "highest", "lowest", "median", "count", "change", "roc"}
) | {"own_percentile", "crosses_above", "crosses_below"}


def known(flags: NDArray[np.uint8]) -> pl.Series:
    """Conditions as the product holds them (0, 1 unknown, 2) as booleans with nulls."""
    return pl.Series(flags).replace_strict({0: False, 1: None, 2: True}, return_dtype=pl.Boolean)


def _total(some: list[pl.Expr]) -> pl.Expr:
    """The sum; null where one of them is."""
    return pl.sum_horizontal(some, ignore_nulls=False)


def _met(a: Answer, b: Answer) -> int | None:
    """The dimension of two numbers that are added or chosen from."""
    return a.degree or b.degree or (0 if 0 in {a.degree, b.degree} else None)


def _stochastic(run: pl.Series, high: pl.Series, low: pl.Series, close: pl.Series, n: int) -> pl.Series:
    frame = pl.DataFrame({"s": run, "h": high, "l": low, "c": close})
    top = pl.col("h").rolling_max(n, min_samples=n).over("s")
    bottom = pl.col("l").rolling_min(n, min_samples=n).over("s")
    return frame.select(pl.when(top > bottom).then(100 * (pl.col("c") - bottom) / (top - bottom))).to_series()


def _true_range(run: pl.Series, high: pl.Series, low: pl.Series, close: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"s": run, "h": high, "l": low, "c": close})
    frame = frame.with_columns(before=pl.col("c").shift(1).over("s"))
    reaches = [
        pl.col("h") - pl.col("l"),
        (pl.col("h") - pl.col("before")).abs(),
        (pl.col("l") - pl.col("before")).abs(),
    ]
    return frame.select(pl.when(pl.col("before").is_not_null()).then(pl.max_horizontal(reaches))).to_series()


class Answer(NamedTuple):
    """A column: numbers in shares of their own bar, its dimension (None of a constant), whether rounding is in it, rows
    that are near."""

    values: pl.Series
    degree: int | None
    rounded: bool
    near: pl.Series


class Twin:
    """Answers about a frame with the columns column, day, segment, factor, universe, sector, those of the fields, and
    `in:ID` for members of indices; sorted by column and day."""

    def __init__(self, frame: pl.DataFrame, definitions: Mapping[str, Node] | None = None) -> None:
        self.frame = frame
        self.definitions = definitions or {}
        self._never = pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)
        # where the factor changes, every run of bars of one factor looks back over a history of its own, written down
        # in its shares
        bars = frame.select("segment", "factor", at=pl.int_range(pl.len()))
        other = [pl.col(name) != pl.col(name).shift(1) for name in ("segment", "factor")]
        bars = bars.with_columns(run=pl.any_horizontal(other).fill_null(True).cum_sum())
        runs = bars.group_by("segment", "run", maintain_order=True).agg(
            pl.col("factor").first().alias("now"), pl.col("at").last().alias("end")
        )
        runs = runs.filter(pl.len().over("segment") > 1)
        told = runs.join(bars, on="segment", suffix="_of").filter(pl.col("at") <= pl.col("end")).sort("run", "at")
        self._told = told.select("run", "at", "now", "factor", own=pl.col("run") == pl.col("run_of"))
        own = self._told.filter("own")["at"].to_numpy()
        self._place = np.arange(frame.height)
        self._place[own] = frame.height + np.arange(len(own))

    def _read(self, values: pl.Series, degree: int | None) -> pl.Series:
        """A column as each run reads it, in whole paise where it is published in such."""
        told = self._told.with_columns(x=values.gather(self._told["at"])).lazy()
        for _ in range(abs(degree or 0)):
            then, now = ("factor", "now") if (degree or 0) > 0 else ("now", "factor")
            x, paise = pl.col("x"), (pl.col("x") * 100).round(0, mode="half_to_even")
            split, merged = pl.col(now) / pl.col(then), pl.col(then) / pl.col(now)
            whole, more, less = paise / 100 == x, pl.col(now) > pl.col(then), pl.col(now) < pl.col(then)
            told = told.with_columns(
                x=pl.when(more & whole).then(paise / (100 * split)).when(more).then(x / split)
                .when(less & whole).then(paise * merged / 100).when(less).then(x * merged).otherwise(x)
            )  # fmt: skip
        return told.select("x").collect().to_series()

    def _over_runs(self, of: Callable[..., pl.Series], *some: tuple[pl.Series, int | None]) -> pl.Series:
        """What `of(run, columns…)` makes of columns as each run reads them, taken at the run's own bars."""
        plain = of(self.frame["segment"], *(values for values, _ in some))
        if not self._told.height or not any(degree for _, degree in some):  # all of a segment reads the same
            return plain
        read = of(self._told["run"], *(self._read(values, degree) for values, degree in some))
        return pl.concat([plain, read.filter(self._told["own"])]).gather(self._place)

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
                return Answer(self.frame[name], DEGREES.get(name, 0), False, self._never)
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
            case Among(of=of, items=items):
                a = self.of(of)
                assert not a.rounded  # a rounded value is hardly ever one of a list
                values = [item.value for item in items if isinstance(item, Number)]
                return self._flag(a.values.is_in(values), a.near)
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

    def _select(self, of: pl.Expr, **columns: pl.Series) -> pl.Series:
        return (
            self.frame.select("column", "day", "segment", "universe", "sector")
            .with_columns(**columns)
            .select(of)
            .to_series()
        )

    def _flag(self, values: pl.Series, near: pl.Series) -> Answer:
        return Answer(values, 0, False, near)

    def _arithmetic(self, op: str, a: Answer, b: Answer) -> Answer:
        near = a.near | b.near
        if op in "+-":
            return Answer(a.values + b.values if op == "+" else a.values - b.values, _met(a, b), True, near)
        degree = (a.degree or 0) + (b.degree or 0) * (1 if op == "*" else -1)
        if op == "*":
            return Answer(a.values * b.values, degree, True, near)
        if b.rounded:  # what is zero but for rounding is no divisor
            near = near | (b.values.abs() <= NEAR * 100).fill_null(False)
        values = self._select(pl.when(pl.col("b") != 0).then(pl.col("a") / pl.col("b")), a=a.values, b=b.values)
        return Answer(values, degree, True, near)

    def _compared(self, op: str, a: Answer, b: Answer) -> Answer:
        one, two = a.values, b.values
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
        values = self._over_runs(
            lambda run, x: pl.DataFrame({"r": run, "a": x}).select(how(pl.col("a")).over("r")).to_series(),
            (a.values, a.degree),
        )
        near = self._select(pl.col("n").rolling_max(reach, min_samples=1).over("segment"), n=a.near.cast(pl.Int8)).cast(
            pl.Boolean
        )
        return Answer(values, a.degree, a.rounded or rounded, near)

    def _remembered(self, a: Answer, values: pl.Series, *, degree: int | None) -> Answer:
        """What was worked out of all of a segment; whatever was near before stays near."""
        near = self._select(pl.col("n").cum_max().over("segment"), n=a.near.cast(pl.Int8)).cast(pl.Boolean)
        return Answer(values, degree, True, near)

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Answer:
        constants = [one.value for one in arguments if isinstance(one, Number)]
        n = int(constants[0]) if constants else 0
        if name == "index":
            assert isinstance(arguments[0], Text)
            return self._flag(self.frame[f"in:{arguments[0].value}"], self._never)
        if name in {"contains", "starts_with"}:
            field, text = arguments
            assert isinstance(field, Name) and isinstance(text, Text)
            held, part = self.frame[field.name].str.to_lowercase(), text.value.lower()
            found = held.str.contains(part, literal=True) if name == "contains" else held.str.starts_with(part)
            return self._flag(found, self._never)
        if name in OF_BARS:
            return self._of_bars(name, constants)
        a = self.of(arguments[0])
        if name in ACROSS:
            return self._across(name, a)
        if name in {"ema", "rsi", "macd", "macd_signal", "bars_since"}:
            return self._recursive(name, a, [int(one) for one in constants])
        if name in {"corr", "beta"}:
            return self._paired(name, a, self.of(arguments[1]), n)
        return self._windows(name, a, arguments, n) if name in WINDOWS else self._of_row(name, a, arguments)

    def _windows(self, name: str, a: Answer, arguments: tuple[Node, ...], n: int) -> Answer:
        if name in {"sma", "sum"}:
            by = n if name == "sma" else 1
            return self._windowed(a, lambda x: _total([x.shift(k) for k in range(n)]) / by, n, rounded=True)
        if name in {"std", "bb_upper", "bb_lower"}:
            width = arguments[2].value if name != "std" and isinstance(arguments[2], Number) else 0.0

            def deviation(x: pl.Expr) -> pl.Expr:
                past = [x.shift(k) for k in range(n)]
                mean = _total(past) / n
                spread = (_total([(one - mean) ** 2 for one in past]) / n).sqrt()
                return {"std": spread, "bb_upper": mean + width * spread, "bb_lower": mean - width * spread}[name]

            return self._windowed(a, deviation, n, rounded=True)
        if name in {"highest", "lowest", "median"}:
            method = {"highest": "rolling_max", "lowest": "rolling_min", "median": "rolling_median"}[name]
            return self._windowed(a, lambda x: getattr(x, method)(n, min_samples=n), n, rounded=name == "median")
        if name == "count":
            number = a._replace(values=a.values.cast(pl.Float64))
            found = self._windowed(number, lambda x: _total([x.shift(k) for k in range(n)]), n)
            return found._replace(degree=0, rounded=False)
        if name in {"change", "roc"}:
            if name == "change":
                return self._windowed(a, lambda x: x - x.shift(n), n + 1, rounded=True)
            found = self._windowed(a, lambda x: pl.when(x.shift(n) != 0).then(x / x.shift(n) - 1), n + 1, rounded=True)
            return found._replace(degree=0)
        if name == "own_percentile":

            def place(x: pl.Expr) -> pl.Expr:
                past = [x.shift(k) for k in range(1, n)]
                lower = _total([(one < x).cast(pl.Float64) for one in past])
                equal = _total([(one == x).cast(pl.Float64) for one in past])
                return 100 * (lower + 0.5 * equal) / (n - 1)

            found = self._windowed(a, place, n, rounded=True)._replace(degree=0)
            return found._replace(near=found.near | self._tied(a, n)) if a.rounded else found
        b = self.of(arguments[1])
        above = name == "crosses_above"
        now, before = self._compared(">" if above else "<", a, b), self._compared("<=" if above else ">=", a, b)
        return self._joined([now, self._windowed(before, lambda x: x.shift(1), 2)], "and")

    def _tied(self, a: Answer, n: int) -> pl.Series:
        """Where rounding may have put a value on the other side of one of those before it."""
        x = pl.col("a")
        apart = [((x - x.shift(k)).abs() <= NEAR * x.abs().clip(1e-6)).cast(pl.Int8) for k in range(1, n)]
        found = self._over_runs(
            lambda run, x: pl.DataFrame({"r": run, "a": x}).select(pl.max_horizontal(apart).over("r")).to_series(),
            (a.values, a.degree),
        )
        return found.fill_null(0).cast(pl.Boolean)

    def _recursive(self, name: str, a: Answer, constants: list[int]) -> Answer:
        x = (a.values, a.degree)
        if name == "ema":
            values = self._over_runs(lambda run, x: recursions.ema(run, x, constants[0]), x)
            return self._remembered(a, values, degree=a.degree)
        if name == "rsi":
            values, moved = (
                self._over_runs(lambda run, x, k=k: recursions.rsi(run, x, constants[0])[k], x) for k in (0, 1)
            )  # type: ignore[misc]
            if a.rounded:  # what did not move but for rounding has no index
                a = a._replace(near=a.near | (moved <= NEAR * a.values.abs()).fill_null(False))
            return self._remembered(a, values, degree=0)
        if name == "bars_since":
            values = recursions.bars_since(self.frame["segment"], a.values)
            return self._remembered(a, values, degree=0)._replace(rounded=False)

        def line(run: pl.Series, x: pl.Series) -> pl.Series:
            found = recursions.macd(run, x, constants[0], constants[1])
            return found if name == "macd" else recursions.ema(run, found, constants[2])

        return self._remembered(a, self._over_runs(line, x), degree=a.degree)

    def _paired(self, name: str, a: Answer, b: Answer, n: int) -> Answer:
        frame = pl.DataFrame({"segment": self.frame["segment"], "x": a.values, "y": b.values})
        xs, ys = ([pl.col(one).shift(k) for k in range(n)] for one in "xy")
        x0, y0 = _total(xs) / n, _total(ys) / n
        xx, yy = _total([(one - x0) ** 2 for one in xs]), _total([(one - y0) ** 2 for one in ys])
        xy = _total([(one - x0) * (two - y0) for one, two in zip(xs, ys, strict=True)])
        vary = [pl.max_horizontal(some) > pl.min_horizontal(some) for some in (xs, ys)]
        tiny = [_total([one**2 for one in some]) * NEAR for some in (xs, ys)]
        near = (vary[0] & (xx <= tiny[0])) | (vary[1] & (yy <= tiny[1]))
        frame = frame.with_columns(
            of.over("segment").alias(key)
            for key, of in {
                "xx": xx, "yy": yy, "xy": xy, "vx": vary[0], "vy": vary[1], "near": near
            }.items()
        )  # fmt: skip
        x, y, both = pl.col("xx"), pl.col("yy"), pl.col("xy")
        if name == "corr":
            of = pl.when(pl.col("vx") & pl.col("vy")).then(both / (x * y).sqrt())
        else:
            of = pl.when(pl.col("vy")).then(both / y)
        wide = self._windowed(Answer(a.values, 0, True, a.near | b.near), lambda x: x, n).near
        return Answer(frame.select(of).to_series(), 0, True, wide | frame["near"].fill_null(False))

    def _of_row(self, name: str, a: Answer, arguments: tuple[Node, ...]) -> Answer:
        if name == "abs":
            return a._replace(values=a.values.abs())
        if name == "known":
            return self._flag(a.values.is_not_null(), a.near)
        if name in {"min", "max"}:
            b = self.of(arguments[1])
            pick = pl.when(pl.col("a") < pl.col("b")) if name == "min" else pl.when(pl.col("a") > pl.col("b"))
            both = pl.when(pl.col("a").is_not_null() & pl.col("b").is_not_null())
            chosen = both.then(pick.then(pl.col("a")).otherwise(pl.col("b")))
            values = self._select(chosen, a=a.values, b=b.values)
            return Answer(values, _met(a, b), a.rounded or b.rounded, a.near | b.near)
        if name == "if":
            one, two = self.of(arguments[1]), self.of(arguments[2])
            chosen = pl.when(pl.col("f")).then(pl.col("a")).when(~pl.col("f")).then(pl.col("b"))
            near = a.near | one.near | two.near
            values = self._select(chosen, f=a.values, a=one.values, b=two.values)
            return Answer(values, _met(one, two) or 0, one.rounded or two.rounded, near)
        if name in {"log", "sqrt"}:
            near = a.near | (a.values.abs() <= NEAR).fill_null(False) if a.rounded else a.near
            x = pl.col("a")
            of = pl.when(x > 0).then(x.log()) if name == "log" else pl.when(x >= 0).then(x.sqrt())
            return Answer(self._select(of, a=a.values), 0, True, near)
        raise NotImplementedError(name)

    def _of_bars(self, name: str, constants: list[float]) -> Answer:
        sound = Answer(self._never, 0, False, self._never)
        bars = [(self.frame[one], 1) for one in ("high", "low", "close")]
        n = int(constants[0]) if constants else 1
        if name in {"stoch_k", "stoch_d"}:
            found = Answer(self._over_runs(lambda *of: _stochastic(*of, n), *bars), 0, True, self._never)
            for smooth in constants[1:]:
                m = int(smooth)
                found = self._windowed(found, lambda x, m=m: _total([x.shift(k) for k in range(m)]) / m, m)  # type: ignore[misc]
            return found
        if name == "adx":
            values = self._over_runs(lambda run, high, low: recursions.adx(run, high, low, n), *bars[:2])
            return self._remembered(sound, values, degree=0)
        if name == "true_range":
            return Answer(self._over_runs(_true_range, *bars), 1, True, self._never)

        def average(run: pl.Series, *of: pl.Series) -> pl.Series:
            return recursions.wilder(run, _true_range(run, *of), n)

        if name == "atr":
            return self._remembered(sound, self._over_runs(average, *bars), degree=1)

        def trend(run: pl.Series, *of: pl.Series) -> pl.Series:
            high, low, close = of
            found = recursions.supertrend(run, (high, low, close), average(run, *of), constants[1])
            return pl.DataFrame(found._asdict()).to_struct()

        found_trend = self._over_runs(trend, *bars).struct.unnest()
        near = found_trend["near"].cast(pl.Boolean)
        if name == "supertrend":
            return Answer(found_trend["line"].cast(pl.Float64), 1, True, near)
        return self._flag(found_trend["up"].cast(pl.Boolean), near)

    def _across(self, name: str, a: Answer) -> Answer:
        x = self._select(pl.when(pl.col("universe")).then(pl.col("a")), a=a.values)
        count, value = pl.col("a").count().over("day"), pl.col("a")
        if name == "rank":
            of = value.rank("min", descending=True).over("day").cast(pl.Float64)
        elif name == "percentile":
            of = pl.when(count > 1).then(100 * (value.rank("average").over("day") - 1) / (count - 1))
        elif name == "zscore":
            spread, middle = value.std(ddof=0).over("day"), value.mean().over("day")
            varies = value.max().over("day") > value.min().over("day")
            of = pl.when((count > 1) & varies).then((value - middle) / spread)
        else:
            of = pl.when(
                value.is_not_null() & pl.col("sector").is_not_null() & (pl.col("sector") != "Unclassified")
            ).then(value.median().over("day", "sector"))
        near = a.near
        if a.rounded and name in {"rank", "percentile"}:  # rounding may have put equals in an order
            near = near | self._neighbours(x)
        near = self._select(pl.col("n").max().over("day"), n=near.cast(pl.Int8)).cast(pl.Boolean)
        return Answer(self._select(of, a=x), 0, name != "rank", near)

    def _neighbours(self, x: pl.Series) -> pl.Series:
        """Values of a day that another one is all but equal to, though not quite."""
        frame = pl.DataFrame({"d": self.frame["day"], "x": x, "n": pl.int_range(len(x), eager=True)}).sort("d", "x")
        value = pl.col("x")
        apart = (value - value.shift(1).over("d")).abs()
        close = (apart > 0) & (apart <= NEAR * value.abs())
        return frame.with_columns(close.fill_null(False).alias("c")).sort("n")["c"]
