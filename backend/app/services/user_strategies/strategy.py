"""A strategy of one's own as the rest of the platform sees it: an identity, and answers from a worker process."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.engines.backtest.spec import canonical_json
from app.engines.bars import Bars
from app.engines.evidence.lookahead import RAISED, proof_version
from app.engines.strategies.base import Answer, Params, ProductName, Strategy
from app.services.user_strategies.errors import LoadError, StrategyStopped
from app.services.user_strategies.folder import StrategyFile
from app.services.user_strategies.wire import answer_in
from app.services.user_strategies.workers import Workers

KEPT_PARAMS = 1_000
STATED = (
    "display_name", "description", "hypothesis", "when_it_loses", "regime", "universe", "timeframe", "product", "bars",
)  # fmt: skip


@dataclass(frozen=True)
class UserParams(Params):
    """Parameters that the strategy's own class has accepted, all by name, and what goes with them."""

    given: Mapping[str, Any] = field(default_factory=dict)
    warm_up: int = 0
    product: ProductName = "CNC"
    needs_volume: bool = False

    def __post_init__(self) -> None:
        """Nothing: the worker has checked them."""


class UserStrategy(Strategy[UserParams]):
    """One state of a file's source, described; it is never the class itself, which lives in the worker alone.

    `kind` "event" and "compiled" answer nothing bar by bar here: their runs are carried out by the worker as a whole.
    """

    params_type = UserParams

    def __init__(self, source: StrategyFile, told: Mapping[str, Any], workers: Workers) -> None:
        self.source, self._workers = source, workers
        self._known: dict[bytes, UserParams] = {}
        self._lock = threading.Lock()
        self._schema: dict[str, Any] = dict(told["parameters"])
        self._reads = tuple(str(name) for name in told["reads"])
        stated = {name: told[name] for name in (*STATED, "kind")}
        stated |= {"id": source.code.strategy_id, "citation": told.get("citation") or ""}
        for name, value in (stated | {"source_hash": source.code.source_hash}).items():
            setattr(self, name, value)

    @property
    def source_text(self) -> str:
        """What the user wrote: the file, and after it the helpers it imports, each under a line with its name."""
        files = self.source.code.sources
        helpers = sorted(name for name in files if name != self.source.code.module)
        parts = [f"\n# ---- {files[name].file}\n{files[name].text}" for name in helpers]
        return "".join([files[self.source.code.module].text, *parts])

    def params(self, values: Mapping[str, Any] | None = None) -> UserParams:
        """As the strategy's own class reads them. ValueError names a wrong one; StrategyStopped where it cannot say."""
        for name, value in (values or {}).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"params.{name}: expected {self._expected(name)}, got {value!r}")
        key = canonical_json(dict(values or {}))
        with self._lock:
            known = self._known.get(key)
        if known is None:
            head, _ = self._workers.ask("prepare", [self.source.code], {"given": dict(values or {})})
            if "wrong" in head:
                raise ValueError(str(head["wrong"]))
            known = UserParams(dict(head["params"]), head["warm_up"], head["product"], head["needs_volume"])
            with self._lock:
                if len(self._known) >= KEPT_PARAMS:
                    self._known.clear()
                self._known[key] = known
        return known

    def _expected(self, name: str) -> str:
        about = self._schema["properties"].get(name)
        if about is None:
            return f"one of {', '.join(self._schema['properties'])}"
        kind = "a whole number" if about["type"] == "integer" else "a number"
        return f"{kind} from {about['minimum']:g} to {about['maximum']:g}"

    def params_schema(self) -> dict[str, Any]:
        return self._schema

    @staticmethod
    def values(params: Params) -> dict[str, Any]:
        assert isinstance(params, UserParams)
        return dict(params.given)

    def warm_up(self, params: UserParams) -> int:
        return params.warm_up

    def product_of(self, params: UserParams) -> ProductName:
        return params.product

    def needs_volume(self, params: UserParams) -> bool:
        return params.needs_volume

    def reads(self) -> tuple[str, ...]:
        return self._reads

    def signals(self, bars: Bars, params: UserParams) -> Answer:
        """What the worker answers; its shapes are the engine's to check, as anybody's are."""
        if self.kind != "vectorised":
            raise RuntimeError(f"{self.id} is asked bar by bar, in its worker")
        values = {"bars": portable(bars), "params": dict(params.given)}
        head, body = self._workers.ask("signals", [self.source.code], values)
        try:
            return answer_in(head, body)
        except ValueError as error:
            raise StrategyStopped(
                f"strategy {self.id}: it wrote over what it was to answer: {error}",
                reason="crash",
                strategy_id=self.id,
                file=self.source.file,
            ) from error

    def proof(self, params: UserParams, timeframe: str) -> dict[str, Any]:
        """The search for look-ahead on the adversarial market, made in the worker: see `lookahead.prove`."""
        return self._proof("prove", {"params": dict(params.given), "timeframe": timeframe}, timeframe)

    def proof_on(self, params: UserParams, bars: Bars) -> dict[str, Any]:
        """The search on the bars of a run: see `lookahead.prove_on`."""
        values = {"params": dict(params.given), "bars": portable(bars)}
        return self._proof("prove_on", values, bars.timeframe)

    def _proof(self, ask: str, values: Mapping[str, Any], timeframe: str) -> dict[str, Any]:
        try:
            head, _ = self._workers.ask(ask, [self.source.code], values)
        except StrategyStopped as error:
            told = {"timeframe": timeframe, "version": proof_version(), "decisions": {}, "ports": [], "seed": 0}
            return {
                "outcome": RAISED,
                "sentence": f"The search was stopped: {error.message}",
                "findings": [],
                "tested": told | {"stopped": error.reason},
            }
        return head


def portable(bars: Bars) -> Bars:
    """The same bars without what was computed from them, each array plain and whole: as they go to a worker."""
    plain = {name: _plain(getattr(bars, name)) for name in ("sessions", "raw_volume", "factor", "gap", "member")}
    return replace(bars, raw=type(bars.raw)(*map(_plain, bars.raw)), **plain)


def _plain(values: Any) -> Any:
    array = np.asarray(values)
    return array if array.flags.c_contiguous or array.flags.f_contiguous else np.ascontiguousarray(array)


def described(source: StrategyFile, workers: Workers) -> UserStrategy | LoadError:
    """The strategy of a file, or why it does not load."""
    try:
        head, _ = workers.ask("describe", [source.code], {})
    except StrategyStopped as error:
        told = error.message.removeprefix(f"strategy {source.code.strategy_id}: ")
        told = told.removesuffix(f" ({error.file}, line {error.line})")
        expected = "a file that can be imported in a few seconds and does not end the process"
        return LoadError(error.file or source.file, error.line, source.code.strategy_id, told, expected)
    unfit = head.get("unfit")
    if unfit is not None:
        return source.error(str(unfit["message"]), str(unfit["expected"]), source.line_of(unfit["name"]))
    return UserStrategy(source, head, workers)
