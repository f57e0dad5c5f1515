"""SweepSpec: every point of a search in one immutable value with one name.

A point is a run: a base specification (one for each universe and period) with some parameters of its one strategy
replaced. Points are numbered base by base, and within one by the values of the parameters in the order of their names,
so that the number of a point, like the id of the sweep, follows from the inputs alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import product
from typing import Any, Final, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.spec import ParamValue, RunSpec, canonical_json
from app.engines.strategies.base import Params, Strategy

MOST_POINTS: Final = 1_000_000
MOST_VALUES: Final = 100_000  # of one parameter
KEPT_SKIPPED: Final = 1_000  # combinations that are listed with the reason why they are no point


class Skipped(NamedTuple):
    """A combination that the strategy does not take, and why."""

    params: dict[str, ParamValue]
    reason: str


def values_of(name: str, asked: object) -> tuple[float, ...]:
    """The values of one parameter: a list, or `{"start", "stop", "step"}` with both ends in it.

    Raises
    ------
    ValueError : it is neither, empty, not of numbers, or longer than MOST_VALUES; the message begins with the field.
    """
    where = f"grid.{name}"
    if isinstance(asked, Mapping):
        if set(asked) != {"start", "stop", "step"}:
            raise ValueError(f"{where}: expected start, stop and step, got {', '.join(sorted(map(str, asked)))}")
        start, stop, step = (_number(f"{where}.{part}", asked[part]) for part in ("start", "stop", "step"))
        if step <= 0.0 or stop < start:
            raise ValueError(f"{where}: expected a step above 0 and a stop not below the start, got {dict(asked)}")
        steps = (stop - start) / step
        if steps >= MOST_VALUES:
            told = f"{math.floor(steps) + 1:,}" if math.isfinite(steps) else "more than can be counted"
            raise ValueError(f"{where}: expected at most {MOST_VALUES:,} values, got {told}")
        count = math.floor(steps + 1e-9) + 1
        return tuple(round(start + i * step, 12) for i in range(count))
    if not isinstance(asked, Sequence) or isinstance(asked, str | bytes):
        raise ValueError(f"{where}: expected a list of numbers, or start, stop and step, got {asked!r}")
    if not asked:
        raise ValueError(f"{where}: expected at least one value, got none")
    if len(asked) > MOST_VALUES:
        raise ValueError(f"{where}: expected at most {MOST_VALUES:,} values, got {len(asked):,}")
    return tuple(_number(where, value) for value in asked)


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{where}: expected a number, got {value!r}")
    return value


def checked_grid(strategy: Strategy[Any], asked: Mapping[str, object]) -> dict[str, tuple[ParamValue, ...]]:
    """The grid with every value of its parameter's type, each once, ascending, the parameters by name.

    Raises
    ------
    ValueError : no parameter, one that the strategy does not have, or a value out of its range; the field is named.
    """
    if not asked:
        raise ValueError("grid: expected at least one parameter with its values, got none")
    schema = strategy.params_schema()["properties"]
    unknown = sorted(set(asked) - set(schema))
    if unknown:
        known = ", ".join(schema) or "none"
        raise ValueError(f"grid.{unknown[0]}: {strategy.id} has no such parameter; it has {known}")
    grid: dict[str, tuple[ParamValue, ...]] = {}
    for name in sorted(asked):
        about, found = schema[name], []
        whole = about["type"] == "integer"
        low, high = about.get("minimum", -math.inf), about.get("maximum", math.inf)
        for value in values_of(name, asked[name]):
            if not low <= value <= high or (whole and value != int(value)):
                words = f"{'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
                raise ValueError(f"grid.{name}: expected {words}, got {value:g}")
            found.append(int(value) if whole else float(value))
        grid[name] = tuple(sorted(set(found)))
    return grid


def _maker(strategy: Strategy[Any], fixed: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Params]:
    """What makes parameters of values that are known to be in their ranges; ValueError: they do not go together."""
    kind = strategy.params_type
    if kind.__post_init__ is not Params.__post_init__:  # one that is checked elsewhere
        return lambda values: strategy.params({**fixed, **values})
    hints = get_type_hints(kind)
    given = {f.name: hints[f.name](fixed.get(f.name, f.default)) for f in fields(kind)}

    def made(values: Mapping[str, Any]) -> Params:
        params = object.__new__(kind)  # what is left to check is whether the values go together
        for name, value in given.items():
            object.__setattr__(params, name, values.get(name, value))
        params.check()
        return params  # type: ignore[no-any-return]

    return made


class Combinations(NamedTuple):
    """What a search looks at: combinations that are points, in order, and those that are not."""

    taken: list[dict[str, ParamValue]]
    skipped: list[Skipped]  # the first KEPT_SKIPPED of them
    refused: int  # how many there are
    warm_up: int  # bars that the points need before the first measured one, at most


def combinations(
    strategy: Strategy[Any],
    grid: Mapping[str, tuple[ParamValue, ...]],
    fixed: Mapping[str, Any],
    draws: int | None = None,
    seed: int = 0,
) -> Combinations:
    """The combinations of a checked grid: all of them, or `draws` of them drawn without repetition.

    Raises
    ------
    ValueError : too many, none that the strategy takes, or more draws than there are combinations.
    """
    total = math.prod(len(values) for values in grid.values())
    if draws is None and total > MOST_POINTS:
        raise ValueError(f"grid: expected at most {MOST_POINTS:,} points, got {total:,}; search at random instead")
    if draws is not None and not 1 <= draws <= min(total, MOST_POINTS):
        raise ValueError(f"random: expected 1 to {min(total, MOST_POINTS):,} draws of {total:,} points, got {draws:,}")
    made = _maker(strategy, fixed)
    taken: list[dict[str, ParamValue]] = []
    skipped: list[Skipped] = []
    refused = warm_up = 0
    for values in _chosen(grid, total, draws, seed):
        try:
            warm_up = max(warm_up, strategy.warm_up(made(values)))
            taken.append(values)
        except ValueError as error:
            refused += 1
            if len(skipped) < KEPT_SKIPPED:
                skipped.append(Skipped(values, str(error)))
    if not taken:
        raise ValueError(f"grid: {strategy.id} takes none of its {refused:,} combinations; of the first: "
                         f"{skipped[0].reason}")  # fmt: skip
    return Combinations(taken, skipped, refused, warm_up)


def _chosen(
    grid: Mapping[str, tuple[ParamValue, ...]], total: int, draws: int | None, seed: int
) -> Iterator[dict[str, ParamValue]]:
    names = list(grid)
    if draws is None:
        for combination in product(*grid.values()):
            yield dict(zip(names, combination, strict=True))
        return
    if total > 2**62:
        raise ValueError(f"grid: expected at most 2^62 combinations to draw from, got {total:.3g}")
    for place in np.sort(np.random.default_rng(seed).choice(total, draws, replace=False, shuffle=False)).tolist():
        found = {}
        for name in reversed(names):
            place, i = divmod(place, len(grid[name]))
            found[name] = grid[name][i]
        yield {name: found[name] for name in names}


@dataclass(frozen=True)
class SweepSpec:
    """A search.

    Attributes
    ----------
    bases : a run for each universe and period, of one strategy with one set of parameters: those of the first point
    grid : the values of each parameter that varies (`checked_grid`)
    draws : how many combinations are drawn; None = all
    seed : of the draw
    """

    bases: tuple[RunSpec, ...]
    grid: Mapping[str, tuple[ParamValue, ...]]
    draws: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.bases:
            raise ValueError("bases: expected at least one universe and period, got none")
        for base in self.bases:
            if len(base.books) != 1:
                raise ValueError(f"strategy_ids: expected one strategy for a sweep, got {len(base.books)}")
            if base.books != self.bases[0].books:
                raise ValueError("bases: expected one strategy with one set of parameters in all of them")
        ids = [base.run_id for base in self.bases]
        if len(set(ids)) < len(ids):
            raise ValueError("bases: expected each universe and period once")

    @property
    def strategy_id(self) -> str:
        return self.bases[0].books[0].strategy_id

    @property
    def fixed(self) -> dict[str, ParamValue]:
        """The parameters that do not vary."""
        return {name: value for name, value in self.bases[0].books[0].params.items() if name not in self.grid}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, every input in them."""
        return {
            "bases": [base.to_dict() for base in self.bases],
            "grid": {name: list(values) for name, values in sorted(self.grid.items())},
            "draws": self.draws,
            "seed": self.seed if self.draws is not None else 0,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SweepSpec:
        """The spec that `to_dict` gave these values for."""
        return cls(
            tuple(RunSpec.from_dict(base) for base in values["bases"]),
            {name: tuple(found) for name, found in sorted(values["grid"].items())},
            values["draws"],
            values["seed"],
        )

    @cached_property
    def sweep_id(self) -> str:
        """SHA-256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(b"sweep\0" + canonical_json(self.to_dict())).hexdigest()


def places_of(
    grid: Mapping[str, tuple[ParamValue, ...]], taken: Sequence[Mapping[str, ParamValue]]
) -> NDArray[np.int64]:
    """The place of each combination among all of the grid, in the order in which they are numbered."""
    at = np.zeros(len(taken), np.int64)
    for name, values in grid.items():
        at = at * len(values) + np.searchsorted(np.array(values), np.array([found[name] for found in taken]))
    return at


def axes_of(grid: Mapping[str, tuple[ParamValue, ...]], places: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """The place of each combination on the axis of each parameter."""
    found = {}
    for name in reversed(list(grid)):
        places, found[name] = np.divmod(places, len(grid[name]))
    return {name: found[name] for name in grid}


class Points:
    """The points of a sweep by number; `found` is which combinations there are."""

    def __init__(self, spec: SweepSpec, strategy: Strategy[Any]) -> None:
        self.spec = spec
        self.found = combinations(strategy, spec.grid, spec.fixed, spec.draws, spec.seed)
        if len(self) > MOST_POINTS:
            raise ValueError(f"grid: expected at most {MOST_POINTS:,} points over all universes and periods, got "
                             f"{len(self):,}")  # fmt: skip
        self.columns = {name: np.array([values[name] for values in self.found.taken]) for name in spec.grid}

    def __len__(self) -> int:
        return len(self.spec.bases) * len(self.found.taken)

    def base(self, number: int) -> int:
        """Which of the bases a point belongs to."""
        return number // len(self.found.taken)

    def varied(self, number: int) -> dict[str, ParamValue]:
        """The values of the parameters that vary."""
        return self.found.taken[number % len(self.found.taken)]

    def run_spec(self, number: int) -> RunSpec:
        """A point as a run."""
        base = self.spec.bases[self.base(number)]
        book = base.books[0]
        return replace(base, books=(replace(book, params={**book.params, **self.varied(number)}),))
