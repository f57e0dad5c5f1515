"""The look-ahead proof: were the decisions of each bar made from what was known then?

A strategy is asked again with the future cut off, and again with another future. If a decision of an earlier bar
changes, it was made from something that was not known at that bar. Four probes, in this order:

- truncation: on a small adversarial market (`lookahead_panel`), for EVERY bar t the strategy sees the bars up to t
  alone, the ports cut at the instant of t's decision and the symbols as they were; its decisions at t must be those it
  makes at t when it sees everything;
- columns: the same at some bars, with the instruments that are not listed yet left out altogether;
- perturbation: after a seeded cut prices, volumes, factors, members, ports and the sessions themselves are changed
  wildly; no decision up to the cut may move;
- data: truncation on the bars of a run, at its rebalances and at seeded cuts, see `prove_on`.

Decisions are compared by value, bit by bit, NaN being equal to NaN. There is no tolerance, for none is needed: the same
arithmetic on the same numbers gives the same double. A difference in the last digit is a calculation that depends on
how many bars there are; live trading, where history grows bar by bar, would not give the figures of the backtest.
Such a difference is reported as any other, with both values.

What a strategy is asked on is always a fresh copy of it, so that nothing kept from one question answers the next; and
it is asked twice on the same bars, so that unseeded randomness is told from look-ahead.

What this method cannot see: knowledge of the future in the code itself (parameters fitted to the whole history, a list
of today's winners, a date of a crash), in a file, a network or a module's global that is read behind the engine's back,
in data whose known-at dates are wrong, in the choice of this strategy among many (the trial ledger counts those); a
leak that shows only in circumstances that neither the market here nor the data of the run contain; a strategy that
recognises the test. Fills are the core's business: it accepts no order before the bar after its decision.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.evidence.lookahead_panel import TIMEFRAMES, market, perturbed
from app.engines.strategies.base import EventStrategy, Params, Signals, Strategy, Weights

Decisions = Mapping[str, NDArray[Any]]  # by field, each [T, N]: row t is what was decided at the close of bar t
Decide = Callable[[Bars], Decisions]

PASSED: Final = "passed"
LEAK: Final = "leak"
RAISED: Final = "raised"
MALFORMED: Final = "malformed"
UNSTEADY: Final = "unsteady"
NO_DECISIONS: Final = "no_decisions"
NOT_TESTED: Final = "not_tested"
OUTCOMES: Final = {
    PASSED: "no decision changed when the future was cut off or altered",
    LEAK: "a decision depends on what was not known at its bar",
    RAISED: "the strategy stops on some of the bars it must be able to work with",
    MALFORMED: "the strategy's answers do not have the shape or type they must have",
    UNSTEADY: "asked twice on the same bars the strategy decides differently",
    NO_DECISIONS: "the strategy decided nothing on these bars, so nothing was tested",
    NOT_TESTED: "nothing was tested",
}

SPAN: Final = 250  # bars beyond the warm-up
SHORTEST: Final = 400
SHORTEST_INTRADAY: Final = 900  # twelve sessions of five minutes: some strategies act once a session
LONGEST: Final = 1500
EVENT_SPAN: Final = 150  # of what is asked bar by bar: the cut after t bars asks t times
CUTS: Final = 12  # perturbations, and cuts without the columns not yet listed
CELLS: Final = 60_000_000  # bars × instruments that a proof on a run's data may read, all cuts together
_ACTING: Final = ("entry", "exit", "target", "short.entry", "short.exit", "orders")


class Malformed(ValueError):
    """An answer that is not what a strategy must answer."""


class Finding(NamedTuple):
    """Where a decision first differs; `symbol` and `key` None: in all columns.

    `then` is the decision made from what was known, `hindsight` the one made with the future in sight; `cut` is the
    last bar that was seen (equal to `bar` under truncation). NaN values are the text "NaN".
    """

    probe: str
    bar: int
    session: str
    key: str | None
    symbol: str | None
    field: str
    then: Any
    hindsight: Any
    cut: int

    def sentence(self) -> str:
        """In words."""
        where = self.symbol or "every instrument"
        return (
            f"{self.field} of {where} at {self.session} (bar {self.bar}) is {_said(self.then)} as known then, "
            f"and {_said(self.hindsight)} with {_FUTURE[self.probe]}"
        )


_FUTURE: Final = {
    "truncation": "the later bars in sight",
    "columns": "instruments in sight that were not listed yet",
    "perturbation": "another future after it",
    "data": "the later bars of the run in sight",
}


@dataclass(frozen=True)
class Proof:
    """What came of it: an outcome of OUTCOMES, why, and on what it was tested.

    `findings` holds the first differing bar of each probe that found one, the fields of that bar one by one.
    """

    outcome: str
    sentence: str
    findings: tuple[Finding, ...]
    tested: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether nothing was found, and something was tested."""
        return self.outcome == PASSED

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        findings = [finding._asdict() for finding in self.findings]
        return {"outcome": self.outcome, "sentence": self.sentence, "findings": findings, "tested": dict(self.tested)}


@cache
def proof_version() -> str:
    """Version of the method: a hash of its sources and of what the bars and ports are."""
    here = Path(__file__).parent
    sources = [*sorted(here.glob("lookahead*.py")), here.parent / "bars.py", here.parent / "ports.py"]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_text(encoding="utf-8").encode() + b"\0")
    return digest.hexdigest()[:12]


# ---- what a strategy decides


def deciding(strategy: Strategy[Any], params: Params) -> Decide:
    """A strategy as a function from bars to its decisions; asked each time as if for the first time."""
    if isinstance(strategy, EventStrategy):
        from app.engines.evidence.lookahead_events import orders_of

        return lambda bars: orders_of(copy.deepcopy(strategy), params, bars)

    def decide(bars: Bars) -> Decisions:
        answer = copy.deepcopy(strategy).signals(bars, params)
        if not isinstance(answer, Signals | Weights):
            raise Malformed(f"signals answered {type(answer).__name__}, expected Signals or Weights")
        return dict(_arrays(answer, bars.shape))

    return decide


def _arrays(answer: Any, shape: tuple[int, int], where: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    for field in fields(answer):
        name, value = where + field.name, getattr(answer, field.name)
        if value is None:
            continue
        if is_dataclass(value):
            yield from _arrays(value, shape, f"{name}.")
        elif not isinstance(value, np.ndarray):
            yield name, np.broadcast_to(np.array(value), shape)
        else:
            kind = "b" if field.name in ("entry", "exit") else "f"
            if value.shape != shape or value.dtype.kind != kind:
                wanted = "bool" if kind == "b" else "float64"
                raise Malformed(f"{name} is {value.dtype} of shape {value.shape}, expected {wanted} of shape {shape}")
            yield name, value


# ---- the probes


def differences(then: Decisions, hindsight: Decisions, rows: slice) -> Iterator[tuple[int, int | None, str, Any, Any]]:
    """The first row within `rows` in which decisions differ: (bar, column, field, then, hindsight), field by field.

    Column None: a field that only one side has at all. The arrays of both reach over `rows` and agree in columns.
    """
    found: list[tuple[int, int | None, str, Any, Any]] = []
    for name in {**hindsight, **then}:
        if name not in then or name not in hindsight:
            sides = ["given" if name in side else "absent" for side in (then, hindsight)]
            found.append((rows.start, None, name, sides[0], sides[1]))
            continue
        a, b = then[name][rows], hindsight[name][rows]
        unequal = a != b
        if a.dtype.kind == "f":
            unequal &= ~(np.isnan(a) & np.isnan(b))
        if unequal.any():
            t, n = (int(i) for i in np.argwhere(unequal)[0])
            found.append((rows.start + t, n, name, _plain(a[t, n]), _plain(b[t, n])))
    first = min((row[0] for row in found), default=0)
    return (row for row in found if row[0] == first)


class _Search:
    """One search: what it found and where a strategy stopped; a probe ends at its first finding."""

    def __init__(self, decide: Decide, bars: Bars) -> None:
        self.decide, self.bars = decide, bars
        self.findings: list[Finding] = []
        self.stopped: str | None = None
        self.malformed: str | None = None
        self.unsteady = False
        self.whole: Decisions = {}

    def ask(self, bars: Bars, doing: str) -> Decisions | None:
        """The decisions on some bars; None, and remembered, where there are none to be had."""
        try:
            with np.errstate(all="ignore"):
                return self.decide(bars)
        except Malformed as error:
            self.malformed = self.malformed or f"{doing}: {error}"
        except Exception as error:  # whatever a strategy raises is the outcome
            self.stopped = self.stopped or f"{doing}: {type(error).__name__}: {error}"
        return None

    def compare(self, probe: str, cut: int, then: Decisions, rows: slice, keep: Sequence[int] | None = None) -> bool:
        whole = self.whole if keep is None else {name: values[:, keep] for name, values in self.whole.items()}
        found = list(differences(then, whole, rows))
        for bar, column, name, was, is_ in found:
            n = column if column is None or keep is None else keep[column]
            key, symbol = (None, None) if n is None else (self.bars.keys[n], self._symbol(bar, n))
            session = str(self.bars.sessions[bar])
            self.findings.append(Finding(probe, bar, session, key, symbol, name, was, is_, cut))
        return bool(found)

    def _symbol(self, bar: int, n: int) -> str:
        return self.bars.up_to(bar + 1).symbols[n]

    def begin(self) -> None:
        """The decisions with everything in sight, asked twice."""
        count = self.bars.shape[0]
        first, second = self.ask(self.bars, f"on {count} bars"), self.ask(self.bars, f"on {count} bars")
        if first is not None and second is not None:
            self.whole = first
            self.unsteady = any(True for _ in differences(first, second, slice(0, count)))

    def truncation(self, probe: str, cuts: Sequence[int], *, prefix: bool = False) -> None:
        """See only the bars up to each cut; compare its row, or with `prefix` all rows up to it."""
        for t in cuts:
            then = self.ask(self.bars.up_to(t + 1), f"on the first {t + 1} bars")
            rows = slice(0 if prefix else t, t + 1)
            if then is not None and self.compare(probe, t, then, rows):
                return

    def columns(self, cuts: Sequence[int]) -> None:
        """See only the bars up to each cut, of the instruments that were there."""
        present = ~np.isnan(self.bars.raw.close) | self.bars.member
        there = np.logical_or.accumulate(present, axis=0)
        for t in cuts:
            keep = np.flatnonzero(there[t]).tolist()
            if 0 < len(keep) < self.bars.shape[1]:
                then = self.ask(self.bars.up_to(t + 1).columns(keep), f"on {len(keep)} instruments")
                if then is not None and self.compare("columns", t, then, slice(t, t + 1), keep):
                    return

    def perturbation(self, cuts: Sequence[int], random: np.random.Generator) -> None:
        """Change the future after each cut."""
        for t in cuts:
            other = perturbed(self.bars, t, random)
            then = self.ask(other, f"on other bars after bar {t}")
            if then is not None and self.compare("perturbation", t, then, slice(0, t + 1)):
                return

    def decided(self) -> dict[str, int]:
        """How many decisions there were, by the fields that act."""
        out = {}
        for name in _ACTING:
            if name in self.whole and not (name == "target" and "entry" in self.whole):  # there a price, not a weight
                values = self.whole[name]
                acts = values if values.dtype.kind == "b" else ~np.isnan(values) if name == "target" else values != ""
                out[name] = int(np.count_nonzero(acts))
        return out

    def proof(self, tested: dict[str, Any]) -> Proof:
        decided = self.decided()
        tested = tested | {"decisions": decided, "version": proof_version(), "ports": sorted(self.bars.ports.read)}
        on = f"{tested['bars']} bars of {tested['instruments']} instruments"
        if self.unsteady:
            outcome, why = UNSTEADY, f"{OUTCOMES[UNSTEADY]}: is there randomness without a seed?"
        elif self.findings:
            outcome, why = LEAK, f"{OUTCOMES[LEAK]}: {self.findings[0].sentence()}"
        elif self.malformed is not None:
            outcome, why = MALFORMED, f"{OUTCOMES[MALFORMED]}: {self.malformed}"
        elif self.stopped is not None:
            outcome, why = RAISED, f"{OUTCOMES[RAISED]}: {self.stopped}"
        elif not any(decided.values()):
            outcome, why = NO_DECISIONS, f"{OUTCOMES[NO_DECISIONS]} ({on})"
        else:
            outcome, why = PASSED, f"{OUTCOMES[PASSED]}, on {on}: {tested['how']}"
        return Proof(outcome, why[:1].upper() + why[1:], tuple(self.findings), tested)


# ---- proofs


def prove(strategy: Strategy[Any], params: Params, *, timeframe: str | None = None, seed: int = 0) -> Proof:
    """Search for look-ahead on the adversarial market; `timeframe` other than the strategy's own where it is run so.

    Of weekly and monthly bars there is no such market: the outcome is NOT_TESTED.
    """
    at = timeframe or strategy.timeframe
    if at not in TIMEFRAMES:
        why = f"Nothing was tested: there is no market of {at} bars to search in"
        return Proof(NOT_TESTED, why, (), {"timeframe": at, "version": proof_version(), "decisions": {}, "ports": []})
    return prove_of(deciding(strategy, params), market_for(strategy, params, at, seed), seed=seed, panel="generated")


def market_for(strategy: Strategy[Any], params: Params, timeframe: str, seed: int = 0) -> Bars:
    """The adversarial market in which `prove` searches a strategy."""
    warm_up = strategy.warm_up(params)
    shortest = SHORTEST if timeframe == "1d" else SHORTEST_INTRADAY
    count = min(max(warm_up + SPAN, shortest), LONGEST)
    if isinstance(strategy, EventStrategy):
        warm_up = max(warm_up, count - EVENT_SPAN)
    return market(count, timeframe=timeframe, warm_up=warm_up, seed=seed)


def prove_of(decide: Decide, bars: Bars, *, seed: int = 0, cuts: int = CUTS, panel: str = "given") -> Proof:
    """Search for look-ahead in anything that decides, on any small market: truncation at every bar.

    Parameters
    ----------
    decide : from bars to decisions by field, each [T, N]
    bars : the market; `cuts` : seeded cuts of the other probes; `panel` : what the market is called in the report
    """
    random = np.random.default_rng([seed, bars.shape[0]])
    count = bars.shape[0]
    before = _content(bars)
    search = _Search(decide, bars)
    search.begin()
    chosen = sorted(random.choice(count, min(cuts, count), replace=False).tolist())
    if search.whole and not search.unsteady:
        search.truncation("truncation", range(count))
        search.columns([t for t in chosen if t < count // 3] + list(range(0, count // 3, max(1, count // 30))))
        search.perturbation(chosen, random)
    if _content(bars) != before:
        search.malformed = "the strategy wrote into the bars it was given"
    how = f"the future cut off at each bar, and altered after {len(chosen)} of them"
    tested = _about(bars, panel, seed) | {"truncations": count, "perturbations": len(chosen), "how": how}
    return search.proof(tested)


def prove_on(
    strategy: Strategy[Any], params: Params, bars: Bars, *, seed: int = 0, cuts: int = 6, cells: int = CELLS
) -> Proof:
    """Search for look-ahead on the bars of a run.

    The future is cut off at every rebalance (of a strategy that answers with weights; for the others every bar is one,
    so that seeded ones stand for them) and at `cuts` seeded bars, and altered after two; all rows up to the cut are
    compared. Where all of this would read more than `cells` bars × instruments, a seeded part of the rebalances is
    taken; the report says how many of how many.
    """
    random = np.random.default_rng([seed, bars.shape[0]])
    count, instruments = bars.shape
    search = _Search(deciding(strategy, params), bars)
    search.begin()
    target = search.whole.get("target") if "entry" not in search.whole else None
    rebalances = np.empty(0, np.int64) if target is None else np.flatnonzero(~np.isnan(target).all(axis=1))
    seeded = random.choice(count, min(cuts, count), replace=False)
    room = max(0, cells // max(1, instruments) - int((seeded + 1).sum()))
    order = random.permutation(rebalances)
    used = order[: int(np.searchsorted(np.cumsum(order + 1), room, side="right"))]
    if search.whole and not search.unsteady:
        search.truncation("data", sorted({*used.tolist(), *seeded.tolist()}), prefix=True)
        search.perturbation(sorted(seeded[:2].tolist()), random)
    how = f"the future cut off at {used.size} of {rebalances.size} rebalances and {seeded.size} other bars"
    tested = _about(bars, "data", seed) | {
        "rebalances": int(rebalances.size),
        "rebalances_tested": int(used.size),
        "truncations": len({*used.tolist(), *seeded.tolist()}),
        "perturbations": int(seeded[:2].size),
        "how": how,
    }
    return search.proof(tested)


def _about(bars: Bars, panel: str, seed: int) -> dict[str, Any]:
    count, instruments = bars.shape
    span = (str(bars.sessions[0]), str(bars.sessions[-1])) if count else (None, None)
    return {
        "panel": panel,
        "bars": count,
        "instruments": instruments,
        "timeframe": bars.timeframe,
        "from": span[0],
        "to": span[1],
        "seed": seed,
    }


def _content(bars: Bars) -> bytes:
    digest = hashlib.blake2b()
    for array in (*bars.raw, bars.raw_volume, bars.factor, bars.gap, bars.member):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return str(plain).replace("nan", "NaN") if isinstance(plain, float) and not np.isfinite(plain) else plain


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "set" if value else "not set"
    return str(value).strip() or "nothing"
