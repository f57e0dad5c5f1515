"""The risk of a portfolio: what its shares as they are held today would have done, and how that is spread.

Ratios are fractions, losses positive, drawdowns negative, money decimal strings. What is undefined is null, and
`reasons` says why by its name.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.portfolio import clusters, liquidity, spread, table, tails
from app.engines.portfolio.factors import regress
from app.engines.portfolio.fragility import fragility
from app.engines.portfolio.window import of_portfolio, required_sessions
from app.engines.risk import drawdowns, moments, relative, tail
from app.engines.risk import returns as measures
from app.engines.risk.basics import F1, Measure, gathered
from app.repositories.portfolios import LedgerRepository
from app.services.fundamentals import FinancialColumns, FundamentalsService
from app.services.portfolios import improvement, report_files
from app.services.portfolios.factor_book import FactorService
from app.services.portfolios.held import Benchmarks, Held, Judged, held_shares, judged
from app.services.portfolios.ledgers import entries_of
from app.services.portfolios.money import money
from app.services.portfolios.rebalance_tax import sales_tax
from app.services.portfolios.scenarios import Circuit, Shock, StressService
from app.services.portfolios.service import PortfolioService
from app.services.portfolios.tax import fair_values

YEAR: Final = 252
CONFIDENCES: Final = ((95, 0.95), (99, 0.99))
LARGE, MID = 100, 250  # ranks by market value that SEBI's circular of 6 October 2017 draws the lines at
ASSUMPTIONS: Final = (
    "Today's shares in today's proportions throughout, rebalanced every session: what is held now, not what was held.",
    "Returns are of prices adjusted for splits, bonuses and rights, without dividends and charges; the risk-free rate "
    "is zero and a year has 252 sessions.",
    "A session in which a share was not traded leaves it at its last price.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """Which portfolio, over how many sessions, beside which index and at the end of which day.

    Without an index NIFTY 50, else the longest; without a day now.
    """

    portfolio_id: int
    lookback: int
    benchmark: str | None = None
    asof: date | None = None


class RiskService:
    """Analyses. `clock` answers an aware instant: it stamps an answer and changes nothing else in it."""

    def __init__(
        self,
        portfolios: PortfolioService,
        fundamentals: FundamentalsService,
        benchmarks: Benchmarks,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._portfolios, self._fundamentals, self._benchmarks = portfolios, fundamentals, benchmarks
        self._factors, self._stress = FactorService(fundamentals), StressService(benchmarks)
        self._clock = clock

    def judged(self, market: Market, session: Session, of: Question) -> Judged:
        """The shares with their history. Raises as `held_shares` and `judged`."""
        held = held_shares(self._portfolios, market, session, of.portfolio_id, of.asof)
        return judged(held, self._benchmarks, market, session, of.lookback, of.benchmark)

    def analyze(
        self,
        market: Market,
        session: Session,
        of: Question,
    ) -> dict[str, Any]:
        """All of it, as JSON.

        Raises
        ------
        DataNotFoundError : no such portfolio or benchmark.
        InsufficientDataError : no holding has enough sessions; says how many there are.
        """
        found = self.judged(market, session, of)
        held = found.held
        returns = of_portfolio(found.window.returns, found.weights)
        reasons: dict[str, str] = {}
        return {
            **stamped(found, self._clock()),
            "market_risk": _market_risk(found, returns, reasons),
            "portfolio_risk": _portfolio_risk(found),
            "fundamental_risk": self._fundamental_risk(market, session, held, reasons),
            "liquidity": _liquidity(found),
            "charts": _charts(found, returns),
            "reasons": reasons,
        }

    def factors(
        self,
        market: Market,
        session: Session,
        of: Question,
    ) -> dict[str, Any]:
        """Exposures to factors, as JSON. Raises as `analyze`."""
        found = self.judged(market, session, of)
        return {**stamped(found, self._clock()), **self._factors.exposures(market, session, found)}

    def stress(
        self,
        market: Market,
        session: Session,
        of: Question,
        *,
        shocks: Sequence[Mapping[str, Any]],
        circuit: Mapping[str, Any],
        horizon: int,
        paths: int,
        seed: int,
    ) -> dict[str, Any]:
        """Scenarios, as JSON. Raises as `analyze` and `StressService.of`."""
        found = self.judged(market, session, of)
        exposures: dict[str, float | None] = {}
        if any(one["factors"] for one in shocks):
            told = self._factors.exposures(market, session, found)["factors"]
            exposures = {one["id"]: one["exposure"] for one in told}
        return {
            **stamped(found, self._clock()),
            **self._stress.of(
                market,
                session,
                found,
                exposures,
                shocks=[Shock(**one) for one in shocks],
                circuit=Circuit(**circuit),
                horizon=horizon,
                paths=paths,
                seed=seed,
            ),
        }

    def improve(
        self,
        market: Market,
        session: Session,
        of: Question,
        *,
        wish: Mapping[str, Any],
        methods: Sequence[str],
        estimate_sessions: int,
        every: int,
        plan_name: str,
    ) -> dict[str, Any]:
        """Ways to spread the money, as JSON. Raises as `analyze` and `improvement.improve`."""
        found = self.judged(market, session, of)
        told = improvement.improve(
            found,
            improvement.Wish(**wish),
            methods=methods,
            estimate_sessions=estimate_sessions,
            every=every,
            plan_name=plan_name,
        )
        return {**stamped(found, self._clock()), **told}

    def rebalance(
        self,
        market: Market,
        session: Session,
        of: Question,
        *,
        wish: Mapping[str, Any],
        method: str,
        weights: Mapping[str, float] | None,
        estimate_sessions: int,
        cash: Decimal,
        plan_name: str,
    ) -> dict[str, Any]:
        """Orders in whole shares towards weights, or a method's, as JSON.

        Raises as `analyze` and `improvement.rebalance`; ValidationError names the limits that collide.
        """
        found = self.judged(market, session, of)
        given = weights is not None
        if weights is None:
            weights = improvement.weights_of(found, improvement.Wish(**wish), method, estimate_sessions)
        told, sales = improvement.rebalance(found, weights, cash=cash, plan_name=plan_name)
        if of.asof is None:
            names = self._portfolios.names(market, session)
            entries = entries_of(LedgerRepository(session).entries(of.portfolio_id), names)
            told["tax"] = sales_tax(entries, sales, self._portfolios.today(), fair_values(names))
        else:
            told["tax"] = {"reason": f"tax is estimated for sales of today, not of {of.asof}"}
        return {**stamped(found, self._clock()), "method": None if given else method, **told}

    def report(self, market: Market, session: Session, of: Question, form: str) -> tuple[str, bytes]:
        """A report as a file: its name and its bytes; `form` is pdf, xlsx or html. Raises as `analyze`."""
        portfolio = self._portfolios.get(market, session, of.portfolio_id, of.asof)
        analysis = self.analyze(market, session, of)
        horizon = min(126, int(analysis["window"]["sessions"]))
        stress = self.stress(market, session, of, shocks=[], circuit={}, horizon=horizon, paths=500, seed=0)
        sample = market is Market.SAMPLE
        if form == "pdf":
            content = report_files.pdf(portfolio, analysis, stress, sample=sample)
        elif form == "xlsx":
            content = report_files.workbook(portfolio, analysis, stress)
        else:
            content = report_files.html(portfolio, analysis, stress, sample=sample).encode()
        return f"portfolio-{of.portfolio_id}-{analysis['asof']}.{form}", content

    def _fundamental_risk(
        self, market: Market, session: Session, held: Held, reasons: dict[str, str]
    ) -> dict[str, Any]:
        columns, place = self.companies(market, session, held)
        debt = columns.numbers["debt_to_equity"][place]
        scores = []
        for n, row in enumerate(place.tolist()):
            one = {name: _number(columns.numbers[name][row]) for name in ("debt_to_equity", "roe", "eps", "pe_ratio")}
            score = fragility(one["debt_to_equity"], one["roe"], one["eps"], one["pe_ratio"], held.sectors[n])
            scores.append(
                {
                    "symbol": held.symbols[n],
                    "sector": held.sectors[n],
                    "score": score.score,
                    "known_points": score.known,
                    "period": columns.period[row],
                    "parts": {name: part._asdict() for name, part in score.parts.items()},
                }
            )
        known = np.array([np.nan if one["score"] is None else one["score"] for one in scores])
        caps, unknown = _caps(columns.numbers["market_cap"], place, held)
        out = {
            "avg_leverage": _weighted(debt, held.weight),
            "fragility_scores": scores,
            "avg_fragility": _weighted(known, held.weight),
            "market_caps": caps,
            "point_in_time": columns.point_in_time,
            "note": columns.note,
        }
        for name, words in (("avg_leverage", "debt and equity"), ("avg_fragility", "enough figures for a score")):
            if out[name] is None:
                reasons[name] = f"of no holding {words} are known on {held.session}"
        if unknown:
            reasons["market_caps"] = f"the market value of {unknown} holdings is not known on {held.session}"
        return out

    def companies(self, market: Market, session: Session, held: Held) -> tuple[FinancialColumns, NDArray[np.int64]]:
        """Company figures of the whole market on a day, and where in them the holdings stand."""
        keys = held.panel.keys
        ids = np.array([held.panel.instruments[key].id for key in keys], np.int64)
        columns = self._fundamentals.columns(market, session, ids, held.session)
        rows = {key: n for n, key in enumerate(keys)}
        return columns, np.array([rows[key] for key in held.keys], np.int64)


def stamped(found: Judged, now: datetime) -> dict[str, Any]:
    """Of what and when an answer is."""
    held, window = found.held, found.window
    return {
        "portfolio_id": held.portfolio.id,
        "name": held.portfolio.name,
        "version": held.portfolio.version,
        "timestamp": now.isoformat(),
        "asof": held.session.isoformat(),
        "snapshot": held.panel.root,
        "value": money(Decimal(repr(round(float(np.sum(held.value)), 4)))),
        "window": {
            "lookback_days": found.lookback,
            "sessions": int(window.sessions.size),
            "required": required_sessions(found.lookback),
            "first": str(window.sessions[0]),
            "last": str(window.sessions[-1]),
            "covered": found.covered,
        },
        "benchmark": {"id": found.against.id, "name": found.against.name, "reason": found.against.reason},
        "left_out": found.left_out(),
        "assumptions": [*ASSUMPTIONS, *found.notes()],
    }


def _market_risk(found: Judged, returns: F1, reasons: dict[str, str]) -> dict[str, Any]:
    window, against = found.window, found.against
    equity = _grown(returns)
    why = against.reason

    def beside(measure: Callable[[], Measure]) -> Measure:
        return measure() if why is None else Measure(None, why)

    bench = against.returns
    asked: dict[str, Measure] = {
        "annual_return": measures.cagr(returns, YEAR),
        "volatility": measures.volatility(returns, YEAR),
        "downside_deviation": measures.downside_deviation(returns, YEAR),
        "sharpe_ratio": measures.sharpe(returns, YEAR),
        "sortino_ratio": measures.sortino(returns, YEAR),
        "skewness": moments.skewness(returns),
        "kurtosis": moments.kurtosis(returns),
        "beta": beside(lambda: relative.beta(returns, bench)),
        "correlation": beside(lambda: relative.correlation(returns, bench)),
        "tracking_error": beside(lambda: relative.tracking_error(returns, bench, YEAR)),
        "alpha": beside(lambda: relative.alpha(returns, bench, YEAR)),
        "information_ratio": beside(lambda: relative.information_ratio(returns, bench, YEAR)),
        "benchmark_volatility": beside(lambda: measures.volatility(bench, YEAR)),
        "benchmark_return": beside(lambda: measures.cagr(bench, YEAR)),
    }
    for percent, confidence in CONFIDENCES:
        asked |= {
            f"var_{percent}": tail.value_at_risk(returns, confidence),
            f"cvar_{percent}": tail.expected_shortfall(returns, confidence),
            f"var_{percent}_cornish_fisher": tail.value_at_risk_cornish_fisher(returns, confidence),
            f"cvar_{percent}_cornish_fisher": tails.expected_shortfall_cornish_fisher(returns, confidence),
            f"var_{percent}_filtered": tails.value_at_risk_filtered(returns, confidence),
            f"cvar_{percent}_filtered": tails.expected_shortfall_filtered(returns, confidence),
        }
    values, missing = gathered(asked)
    reasons.update(missing)
    kurt = values["kurtosis"]
    fit = regress(returns, bench[:, None]) if why is None else None
    return {
        **values,
        "portfolio_volatility": values["volatility"],
        "excess_kurtosis": None if kurt is None else kurt - 3.0,
        "beta_interval": None if fit is None else [fit.exposures[0].low, fit.exposures[0].high],
        "max_drawdown": _drawdown(window.sessions, equity, reasons),
        "benchmark_max_drawdown": None if why is not None else _deepest(bench),
    }


def _grown(returns: F1) -> F1:
    """What 1 became after each return."""
    found: F1 = np.cumprod(1.0 + returns, dtype=np.float64)
    return found


def _deepest(returns: F1) -> float | None:
    known = returns[~np.isnan(returns)]
    return drawdowns.max_drawdown(_grown(known), 1.0).value


def _drawdown(sessions: NDArray[np.datetime64], equity: F1, reasons: dict[str, str]) -> dict[str, Any]:
    """The deepest fall; a peak before the first return is told as the window's beginning."""
    deepest = drawdowns.deepest_drawdown(equity, 1.0)
    out: dict[str, Any] = {
        "max_drawdown": deepest.depth,
        "peak_date": None,
        "trough_date": None,
        "recovery_date": None,
        "recovery_days": None,
        "peak_before_window": deepest.peak == -1,
    }
    if deepest.trough is None or deepest.peak is None:
        reasons["max_drawdown.peak_date"] = drawdowns.NEVER_FELL
        return out
    out["peak_date"] = None if deepest.peak < 0 else str(sessions[deepest.peak])
    out["trough_date"] = str(sessions[deepest.trough])
    if deepest.peak < 0:
        reasons["max_drawdown.peak_date"] = "the fall began with the first session of the window"
    if deepest.recovery is None:
        reasons["max_drawdown.recovery_date"] = "not recovered by the last session"
    else:
        out["recovery_date"] = str(sessions[deepest.recovery])
        out["recovery_days"] = deepest.recovery - deepest.trough
    return out


def _portfolio_risk(found: Judged) -> dict[str, Any]:
    held, window, weights = found.held, found.window, found.weights
    rows = np.ascontiguousarray(window.returns.T)
    covariances = table.covariance(rows)
    together = table.correlation(covariances)
    order = clusters.order(clusters.tree(clusters.distances(together)))
    pairs = spread.off_diagonal(together)
    bench = found.against.returns
    known = ~np.isnan(bench)
    each = table.figures(rows, np.where(known, bench, 0.0), YEAR)
    if found.against.reason is not None:
        each["beta"] = np.full(rows.shape[0], np.nan)
    elif not known.all():  # beta over the sessions in which both are known
        each["beta"] = table.figures(rows[:, known], bench[known], YEAR)["beta"]
    split = spread.contributions(weights, covariances * YEAR)
    losses = spread.tail_contributions(weights, window.returns, 0.95)
    symbols = [held.symbols[n] for n in window.kept]
    contributions: list[dict[str, Any]] = []
    for i, n in enumerate(window.kept):
        contributions.append(
            {
                "symbol": held.symbols[n],
                "company_name": held.companies[n],
                "sector": held.sectors[n],
                "weight": float(weights[i]),
                "marginal_contribution": None if split is None else float(split.marginal[i]),
                "contribution": None if split is None else float(split.absolute[i]),
                "contribution_share": None if split is None else float(split.share[i]),
                "cvar_95_share": None if losses is None else float(losses[i]),
                "volatility": _number(each["volatility"][i]),
                "beta": _number(each["beta"][i]),
                "max_drawdown": _number(each["max_drawdown"][i]),
                "var_95": _number(each["var_95"][i]),
                "untraded_sessions": int(window.idle[i]),
            }
        )
    contributions.sort(key=lambda one: (-float(one["contribution_share"] or 0.0), str(one["symbol"])))
    largest = int(np.argmax(held.weight))
    return {
        "hhi": spread.herfindahl(held.weight),
        "effective_holdings": spread.effective_number(held.weight),
        "holdings": len(held.keys),
        **{f"top_{count}_concentration": spread.top_share(held.weight, count) for count in (3, 5, 10)},
        "max_position": float(held.weight[largest]),
        "max_position_symbol": held.symbols[largest],
        "diversification_ratio": spread.diversification_ratio(weights, covariances),
        "marginal_contributions": contributions,
        "avg_correlation": float(np.mean(pairs)) if pairs.size else None,
        "max_correlation": float(np.max(pairs)) if pairs.size else None,
        "min_correlation": float(np.min(pairs)) if pairs.size else None,
        "correlation_matrix": {
            "symbols": [symbols[i] for i in order],
            "matrix": np.round(together[np.ix_(order, order)], 6).tolist(),
        },
    }


def _liquidity(found: Judged) -> dict[str, Any]:
    held = found.held
    volume = liquidity.usual_volume(found.past.volume)
    days = liquidity.days_to_exit(held.quantity.astype(np.float64), volume)
    rows = [
        {
            "symbol": held.symbols[n],
            "weight": float(held.weight[n]),
            "usual_volume": float(volume[n]),
            "days": _number(days[n]),
        }
        for n in np.argsort(-np.nan_to_num(days, nan=np.inf), kind="stable").tolist()
    ]
    return {
        "participation": liquidity.PARTICIPATION,
        "sessions": liquidity.SESSIONS,
        "sold_within": {str(n): liquidity.sold_within(held.weight, days, n) for n in (1, 5, 21)},
        "longest_days": None if np.isnan(days).any() else math.ceil(float(np.max(days))),
        "holdings": rows,
    }


def _charts(found: Judged, returns: F1) -> dict[str, Any]:
    held = found.held
    sectors: dict[str, float] = defaultdict(float)
    for sector, weight in zip(held.sectors, held.weight.tolist(), strict=True):
        sectors[sector] += weight
    bench = found.against.returns
    return {
        "performance": {
            "dates": np.datetime_as_string(found.window.sessions, unit="D").tolist(),
            "portfolio_returns": returns.tolist(),
            "benchmark_returns": [None if math.isnan(one) else one for one in bench.tolist()],
        },
        "sectors": [
            {"name": name, "allocation": part} for name, part in sorted(sectors.items(), key=lambda one: -one[1])
        ],
    }


def _caps(values: F1, place: NDArray[np.int64], held: Held) -> tuple[list[dict[str, Any]], int]:
    """Weight in large, mid and small companies by rank of market value on the day, and how many have no value."""
    known = np.sort(values[~np.isnan(values)])[::-1]
    parts: Mapping[str, float] = dict.fromkeys(("large", "mid", "small", "unknown"), 0.0)
    parts, unknown = dict(parts), 0
    for n, row in enumerate(place.tolist()):
        value = values[row]
        if np.isnan(value):
            name = "unknown"
            unknown += 1
        else:
            rank = int(np.searchsorted(-known, -value)) + 1
            name = "large" if rank <= LARGE else "mid" if rank <= MID else "small"
        parts[name] += float(held.weight[n])
    return [{"name": name, "allocation": part} for name, part in parts.items()], unknown


def _weighted(values: F1, weights: F1) -> float | None:
    """Mean by weight of what is known; None where nothing is."""
    known = ~np.isnan(values)
    total = float(np.sum(weights[known]))
    return float(np.sum(values[known] * weights[known])) / total if total > 0.0 else None


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
