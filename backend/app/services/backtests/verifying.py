"""Whether a stored run still says the same: computed again from today's inputs, or why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import BookSpec, CostSpec, RunSpec, Sizing, UniverseSpec
from app.engines.backtest.spec import engine_version
from app.engines.policy import Policy
from app.engines.strategies.registry import AnyStrategy
from app.exceptions import DataNotFoundError, InsufficientDataError, ValidationError
from app.models import BacktestRun
from app.services.backtests.inputs import Inputs, InputService, changed_inputs
from app.services.backtests.slices import SCHEME
from app.services.backtests.stored import StoredRuns
from app.services.user_strategies.catalogue import Catalogue
from app.services.user_strategies.errors import StrategyNotLoaded
from app.services.user_strategies.running import Finished

CarryOut = Callable[[RunSpec, Inputs, Mapping[str, AnyStrategy]], Finished]


class Comparable(NamedTuple):
    """A stored run of which nothing changed: what computing it again takes."""

    spec: RunSpec
    inputs: Inputs
    strategies: Mapping[str, AnyStrategy]


def verified(
    database: Database, inputs: InputService, catalogue: Catalogue, carry_out: CarryOut, market: Market, run_id: str
) -> dict[str, Any]:
    """`{run_id, outcome, changed, note, digest}` of a stored run; while it is computed again no session is held.

    identical : computed again, the bytes are the same. differs : they are not, with the same inputs.
    inputs_changed : `changed` lists what is another one now (data, corporate_actions, dividends, market_rules, sectors,
    benchmark, strategy NAME, engine_version); nothing is computed, for it would be another run. Of a run of an older
    engine the rest is compared as far as its spec can be read; what cannot be compared is said in `note`.

    Raises DataNotFoundError.
    """
    with database.transaction(market) as session:
        stored = StoredRuns().find(session, run_id)
        found = _compared(inputs, catalogue, market, session, stored)
    if not isinstance(found, Comparable):
        return found
    digest = carry_out(*found).digest
    outcome = "identical" if digest == stored.digest else "differs"
    return {"run_id": run_id, "digest": digest, "note": None, "outcome": outcome, "changed": []}


def _compared(
    inputs: InputService, catalogue: Catalogue, market: Market, session: Session, stored: BacktestRun
) -> Comparable | dict[str, Any]:
    """What computing a run again takes, or the answer where it would be another run."""
    answer: dict[str, Any] = {"run_id": stored.run_id, "digest": stored.digest, "note": None}
    changed, notes = [], []
    if stored.spec["engine_version"] != engine_version():
        changed.append("engine_version")
    spec, unread = readable(stored.spec)
    if spec is None:
        notes.append(f"the spec of engine {stored.spec['engine_version']} cannot be read by this one: {unread}")
    else:
        strategies, others = present(catalogue, spec)
        changed += others
        if others:  # with another source it may read other bars
            note = "the data it read are not compared: how many bars of warm-up there were depends on its strategies"
            return answer | {"outcome": "inputs_changed", "changed": changed, "note": note}
        try:
            found = inputs.of(market, session, spec, strategies)
        except (DataNotFoundError, InsufficientDataError, ValidationError) as error:
            changed.append("data")
            notes.append(error.message)
        else:
            others = changed_inputs(spec, found)
            if spec.data_root.partition(".")[0] != SCHEME:
                others = [name for name in others if name not in ("data", "corporate_actions", "dividends")]
                notes.append("the identity of its data is written another way now: they cannot be compared")
                changed = changed or ["data"]
            changed += others
    if changed or spec is None:
        return answer | {"outcome": "inputs_changed", "changed": changed, "note": "; ".join(notes) or None}
    return Comparable(spec, found, strategies)


def present(catalogue: Catalogue, spec: RunSpec) -> tuple[dict[str, AnyStrategy], list[str]]:
    """The strategies of a spec as they are now, and which of them are no longer those that it names."""
    found: dict[str, AnyStrategy] = {}
    changed = []
    for book in spec.books:
        try:
            found[book.strategy_id] = catalogue.find(book.strategy_id)
            same = found[book.strategy_id].source_hash == book.source_hash
        except (DataNotFoundError, StrategyNotLoaded):
            same = False
        if not same:
            changed.append(f"strategy {book.strategy_id}")
    return found, changed


def readable(values: Mapping[str, Any]) -> tuple[RunSpec | None, str]:
    """The spec of a stored run as this engine reads it, or why it cannot.

    A field that an older engine did not have takes its default, which is what that engine did; one that this engine
    does not know makes the spec unreadable, for what it asked for is not known.
    """
    try:
        given = dict(values) | {"engine_version": engine_version()}
        books = [_with_defaults(BookSpec, book) for book in given["books"]]
        parts = (("universe", UniverseSpec), ("sizing", Sizing), ("costs", CostSpec))
        given |= {"books": books} | {name: _with_defaults(kind, given[name]) for name, kind in parts if name in given}
        if given.get("policy") is not None:
            given["policy"] = _with_defaults(Policy, given["policy"])
        plain = _with_defaults(RunSpec, given)
        for name, kind in parts[1:]:
            plain.setdefault(name, _with_defaults(kind, {}))
        return RunSpec.from_dict(plain), ""
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return None, str(error)


def _with_defaults(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {
        f.name: f.default for f in fields(kind) if f.default is not MISSING and f.name not in ("sizing", "costs")
    }
    return defaults | dict(values)
