"""What would hurt a portfolio: past falls, shocks, lower circuits, and a cone of futures drawn from its own past."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.portfolio import stress, table
from app.engines.portfolio.liquidity import days_to_exit, usual_volume
from app.engines.portfolio.window import of_portfolio
from app.exceptions import ValidationError
from app.services.panel import Panel
from app.services.portfolios.held import UNCLASSIFIED, Benchmarks, Held, Judged, past_of
from app.services.portfolios.money import money

F1 = NDArray[np.float64]

WORDS: Final = {
    "OWN": "its own prices",
    "SECTOR": "estimated: the median share of its sector",
    "BETA": "estimated: its beta times the market",
    "NONE": "unknown: not listed, no sector and no beta",
}


@dataclass(frozen=True)
class Shock:
    """A fall of the market, of sectors or of factors, as fractions; a sector's stands in place of beta × market."""

    name: str
    market: float = 0.0
    sectors: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)


USUAL_SHOCKS: Final = (Shock("Market down 10 %", -0.10), Shock("Market down 20 %", -0.20))


@dataclass(frozen=True)
class Circuit:
    """Shares that close at their lower circuit day after day; the largest holding where none is named."""

    symbols: Sequence[str] = ()
    sessions: int = 5
    band: float = 0.20


class StressService:
    """Scenarios. What every share did over an episode is kept as long as the panel stays the same."""

    def __init__(self, benchmarks: Benchmarks) -> None:
        self._benchmarks = benchmarks
        self._lock = threading.Lock()
        self._episodes: dict[tuple[Any, ...], tuple[dict[str, int], F1]] = {}

    def of(
        self,
        market: Market,
        session: Session,
        found: Judged,
        exposures: Mapping[str, float | None],
        *,
        shocks: Sequence[Shock],
        circuit: Circuit,
        horizon: int,
        paths: int,
        seed: int,
    ) -> dict[str, Any]:
        """Every scenario as JSON; `exposures` are those to factors, by id.

        Raises
        ------
        ValidationError : a shock or a circuit names what is not held, or the horizon is longer than the window.
        """
        held = found.held
        betas = _betas(found)
        value = float(np.sum(held.value))
        return {
            "replays": self._replays(market, session, found, betas),
            "shocks": [_shocked(held, betas, one, exposures, value) for one in (*USUAL_SHOCKS, *shocks)],
            "circuit": _locked(found, circuit, value),
            "cone": _cone(found, horizon, paths, seed, value),
            "bases": WORDS,
        }

    def _replays(self, market: Market, session: Session, found: Judged, betas: F1) -> list[dict[str, Any]]:
        held, index = found.held, found.against.id
        _, days, closes = self._benchmarks.closes(market, session, index)
        value = float(np.sum(held.value))
        rows = []
        for episode in stress.EPISODES:
            if episode.last > held.session:
                continue
            place, every = self._over(market, held.panel, episode)
            own = np.array([every[place[key]] if key in place else np.nan for key in held.keys])
            fell = _index_return(days, closes, episode.first, episode.last)
            peers = _by_sector(held.panel, place, every) if np.isnan(own).any() else {}
            told = stress.lived(own, betas, held.sectors, fell, peers)
            known = ~np.isnan(told.returns)
            weight = held.weight
            total = float(np.sum(weight[known] * told.returns[known])) if known.any() else None
            rows.append(
                {
                    "id": episode.id,
                    "name": episode.name,
                    "first": episode.first.isoformat(),
                    "last": episode.last.isoformat(),
                    "benchmark_return": fell,
                    "portfolio_return": total,
                    "change": _rupees(None if total is None else total * value),
                    "own_share": float(sum(w for w, b in zip(weight, told.basis, strict=True) if b == "OWN")),
                    "estimated_share": float(
                        sum(w for w, b in zip(weight, told.basis, strict=True) if b in ("SECTOR", "BETA"))
                    ),
                    "unknown_share": float(np.sum(weight[~known])),
                    "reason": None if known.any() else "neither the shares nor the benchmark have prices over it",
                    "holdings": [
                        {
                            "symbol": held.symbols[n],
                            "return": None if np.isnan(told.returns[n]) else float(told.returns[n]),
                            "basis": told.basis[n],
                        }
                        for n in range(len(held.keys))
                    ],
                }
            )
        return rows

    def _over(self, market: Market, panel: Panel, episode: stress.Episode) -> tuple[dict[str, int], F1]:
        """What each share of the panel did over an episode: places by key, and returns."""
        key = (market, panel.generation, episode.id)
        with self._lock:
            found = self._episodes.get(key)
        if found is None:
            first, _, last = panel.window(episode.first, episode.last, stress.MOST_STALE + 1)
            keys = panel.keys
            if last - first < 2:
                found = ({}, np.empty(0))
            else:
                past = past_of(panel, keys, first, last, join=False)
                returns = stress.over(past.sessions, past.close, past.gap, episode.first, episode.last)
                found = ({one: n for n, one in enumerate(keys)}, returns)
            with self._lock:
                self._episodes = {k: v for k, v in self._episodes.items() if k[0] is not market or k[1] == key[1]}
                self._episodes[key] = found
        return found


def _betas(found: Judged) -> F1:
    """Of every holding to the benchmark over the window, NaN where unknown."""
    betas = np.full(len(found.held.keys), np.nan)
    known = ~np.isnan(found.against.returns)
    if found.against.reason is None:
        rows = np.ascontiguousarray(found.window.returns[known].T)
        betas[list(found.window.kept)] = table.figures(rows, found.against.returns[known])["beta"]
    return betas


def _index_return(days: NDArray[np.datetime64], closes: F1, first: date, last: date) -> float | None:
    """An index from the close of one day to that of another, up to a week older; None where it has neither."""
    levels = []
    for day in (np.datetime64(first, "D"), np.datetime64(last, "D")):
        at = int(np.searchsorted(days, day, side="right")) - 1
        if at < 0 or (day - days[at]).astype(int) > 7:
            return None
        levels.append(float(closes[at]))
    return levels[1] / levels[0] - 1.0


def _by_sector(panel: Panel, place: Mapping[str, int], every: F1) -> dict[str, F1]:
    members: dict[str, list[float]] = defaultdict(list)
    for key, n in place.items():
        if not np.isnan(every[n]):
            members[panel.instruments[key].sector or UNCLASSIFIED].append(float(every[n]))
    members.pop(UNCLASSIFIED, None)
    return {sector: np.array(values) for sector, values in members.items()}


def _shocked(
    held: Held, betas: F1, shock: Shock, exposures: Mapping[str, float | None], value: float
) -> dict[str, Any]:
    unknown = sorted(set(shock.sectors) - set(held.sectors))
    if unknown:
        raise ValidationError(
            f"shocks: nothing of {', '.join(unknown)} is held; sectors are {', '.join(sorted(set(held.sectors)))}",
            "shocks",
        )
    wrong = sorted(set(shock.factors) - exposures.keys())
    if wrong:
        raise ValidationError(f"shocks: no factor {', '.join(wrong)}; there are {', '.join(exposures)}", "shocks")
    each = stress.shocked(held.sectors, betas, shock.market, shock.sectors)
    known = ~np.isnan(each)
    by_factor, reasons = {}, []
    for name, move in shock.factors.items():
        exposure = exposures[name]
        by_factor[name] = None if exposure is None else exposure * move
        if exposure is None:
            reasons.append(f"the exposure to {name} is not known")
    if not known.all():
        reasons.append(f"{', '.join(np.array(held.symbols)[~known].tolist())}: no beta is known")
    total = float(np.sum(held.weight[known] * each[known])) + sum(one or 0.0 for one in by_factor.values())
    total = max(total, -1.0)
    return {
        "name": shock.name,
        "market": shock.market,
        "sectors": dict(shock.sectors),
        "factors": by_factor,
        "portfolio_return": total,
        "change": _rupees(total * value),
        "unknown_share": float(np.sum(held.weight[~known])),
        "reasons": reasons,
    }


def _locked(found: Judged, circuit: Circuit, value: float) -> dict[str, Any]:
    held = found.held
    symbols = [one.strip().upper() for one in circuit.symbols] or [held.symbols[int(np.argmax(held.weight))]]
    missing = [one for one in symbols if one not in held.symbols]
    if missing:
        raise ValidationError(f"circuit.symbols: {', '.join(missing)} is not held", "circuit.symbols")
    columns = sorted({held.symbols.index(one) for one in symbols})
    fall = stress.locked(circuit.band, circuit.sessions)
    days = days_to_exit(held.quantity.astype(np.float64), usual_volume(found.past.volume))
    weight = float(np.sum(held.weight[columns]))
    return {
        "symbols": [held.symbols[n] for n in columns],
        "sessions": circuit.sessions,
        "band": circuit.band,
        "fall": fall,
        "cannot_sell_share": weight,
        "cannot_sell": _rupees(weight * value),
        "portfolio_return": weight * fall,
        "change": _rupees(weight * fall * value),
        "holdings": [
            {
                "symbol": held.symbols[n],
                "weight": float(held.weight[n]),
                "change": _rupees(float(held.value[n]) * fall),
                "days_to_sell_before": None if np.isnan(days[n]) else float(days[n]),
            }
            for n in columns
        ],
    }


def _cone(found: Judged, horizon: int, paths: int, seed: int, value: float) -> dict[str, Any]:
    returns = of_portfolio(found.window.returns, found.weights)
    if horizon > returns.size:
        raise ValidationError(
            f"horizon: {horizon} sessions are more than the window has, {returns.size}: look back further", "horizon"
        )
    drawn = stress.cone(returns, horizon, paths=paths, seed=seed)
    return {
        "horizon": horizon,
        "paths": paths,
        "seed": seed,
        "block": drawn.block,
        "quantiles": list(stress.LEVELS),
        "levels": np.round(drawn.levels, 6).tolist(),
        "loss_probability": drawn.loss,
        "fall_probability": [{"depth": depth, "probability": one} for depth, one in drawn.falls.items()],
        "worst_fall_95": drawn.worst,
        "final": {
            str(q): _rupees(float(level[-1]) * value) for q, level in zip(stress.LEVELS, drawn.levels, strict=True)
        },
    }


def _rupees(amount: float | None) -> str | None:
    return None if amount is None else money(Decimal(repr(round(amount, 4))))
