"""Every number of the golden files about metrics: equal to ours, or named as another definition with the reason."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.evidence.significance import probabilistic_sharpe
from app.engines.risk import basics, moments, relative, tail
from app.engines.risk import drawdowns as d
from app.engines.risk import returns as r

from .golden import all_equal, array, column, equity_of, read_json

PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}


def empyrical(case: dict[str, Any], series: dict[str, list[float | None]]) -> Any:
    """Our value for a case of the empyrical suite; KeyError for a metric nobody has covered."""
    returns = array(*series[case["series"]])
    periods = PERIODS[case.get("period", "daily")]
    free, other, target = case.get("risk_free", 0.0), case.get("benchmark", 0.0), case.get("required", 0.0)
    free, other = (array(*series[name]) if isinstance(name, str) else name for name in (free, other))
    required = case.get("required_return", basics.per_period(case.get("required_return_annual", 0.0), 252))
    if case.get("skip_first"):
        returns, other = returns[1:], other[1:]
    return {
        "max_drawdown": lambda: d.max_drawdown(equity_of(returns), 1.0),
        "annual_return": lambda: r.cagr(returns, periods),
        "cagr": lambda: r.cagr(returns, periods),
        "annual_volatility": lambda: r.volatility(returns, periods),
        "calmar": lambda: d.calmar(returns, equity_of(returns), 1.0, periods),
        "omega": lambda: r.omega(returns, free + required),
        "sharpe": lambda: r.sharpe(returns, periods, free),
        "downside_risk": lambda: r.downside_deviation(returns, periods, target),
        "sortino": lambda: r.sortino(returns, periods, target),
        "excess_sharpe": lambda: relative.excess_sharpe(returns, other),
        "alpha_beta": lambda: [relative.alpha(returns, other, periods), relative.beta(returns, other)],
        "stability_of_timeseries": lambda: r.stability(returns),
        "tail_ratio": lambda: tail.tail_ratio(returns),
        "cum_returns_final": lambda: r.cumulative_return(returns),
        "roll_max_drawdown": lambda: [
            basics.Measure(value)
            for value in r.rolling(lambda part: d.max_drawdown(equity_of(part), 1.0), case["window"], returns)
            if not math.isnan(value)
        ],
        "capture": lambda: relative.capture(returns, other, periods),
        "down_capture": lambda: relative.down_capture(returns, other, periods),
    }[case["metric"]]()


def test_every_case_of_the_empyrical_suite(evidence: Path):
    golden = read_json(evidence, "metrics_empyrical.json")
    for case in golden["cases"]:
        ours, theirs = empyrical(case, golden["series"]), case["expected"]
        ours, theirs = (ours, theirs) if isinstance(theirs, list) else ([ours], [theirs])
        assert len(ours) == len(theirs), case
        for measure, expected in zip(ours, theirs, strict=True):
            digits = case.get("decimals", 8)
            tolerance = 0.5 * 10**-digits if digits < 8 else 1e-9 * max(1.0, abs(expected))
            if case["metric"] in ("max_drawdown", "down_capture"):
                tolerance = 1e-7 if case["metric"] == "max_drawdown" else 0.5e-8  # printed with so many digits
            assert measure.value == pytest.approx(expected, rel=0, abs=tolerance), case


def bacon(case: dict[str, Any], returns: np.ndarray, benchmark: np.ndarray) -> basics.Measure:
    target, equity = case.get("MAR", 0.0), equity_of(returns)
    curve = (returns, equity, 1.0, 12)
    sharpe, growth, spread = r.sharpe(returns, 12), r.cagr(returns, 12).value, r.volatility(returns, 12).value
    assert sharpe.value is not None and growth is not None and spread is not None
    excess = moments.sample_excess_kurtosis(returns).value
    assert excess is not None
    measures: dict[str, basics.Measure] = {
        "downside_deviation": r.downside_deviation(returns, 1, target),
        # another denominator: the losing periods only
        "downside_deviation_subset": r.downside_deviation(returns[returns < target], 1, target),
        "downside_potential": r.downside_potential(returns, target),
        "upside_risk": r.upside_deviation(returns, 1, target),
        "upside_potential": r.upside_potential(returns, target),
        "downside_frequency": r.downside_frequency(returns, target),
        "sortino_not_annualised": r.sortino(returns, 1, target),
        "omega_sharpe": r.omega_sharpe(returns, target),
        "bernardo_ledoit (omega at 0)": r.omega(returns),
        "burke": d.burke_ratio(returns, 12),
        "pain_index": d.pain_index(equity, 1.0),
        "ulcer_index": d.ulcer_index(equity, 1.0),
        "martin_ratio": d.martin_ratio(*curve),
        "kurtosis_sample": basics.Measure(
            excess + 3.0 * 23**2 / (22 * 21)
        ),  # not in excess of the normal's in a sample
        "kurtosis_sample_excess": basics.Measure(excess),
        "kurtosis_population": moments.kurtosis(returns),
        "skewness_population": moments.skewness(returns),
        "annual_return_geometric": basics.Measure(growth),
        "annual_volatility_ddof1": basics.Measure(spread),
        "sharpe_annual_geometric_numerator": basics.Measure(growth / spread),
        "sharpe_annual_arithmetic_numerator": sharpe,
        "adjusted_sharpe": r.adjusted_sharpe(returns, 12),
        "max_drawdown": negative(d.max_drawdown(equity, 1.0)),
        "calmar": d.calmar(*curve),
        "tracking_error_annual": relative.tracking_error(returns, benchmark, 12),
        "information_ratio_geometric_active_premium": relative.information_ratio(returns, benchmark, 12),
        "beta": relative.beta(returns, benchmark),
        "jensen_alpha_annual": relative.jensen_alpha(returns, benchmark, 12),
        "specific_risk_annual": relative.specific_risk(returns, benchmark, 12),
        "m_squared": relative.m_squared(returns, benchmark, 12),
        # theirs are returns, ours losses
        "var95_historical": negative(tail.value_at_risk(returns)),
        "var95_gaussian": negative(tail.value_at_risk_normal(returns, ddof=0)),
        "var95_cornish_fisher": negative(tail.value_at_risk_cornish_fisher(returns)),
        "es95_historical": negative(tail.expected_shortfall(returns)),
        "es95_gaussian": negative(tail.expected_shortfall_normal(returns, ddof=0)),
    }
    return measures[case["metric"]]


def negative(measure: basics.Measure) -> basics.Measure:
    assert measure.value is not None
    return basics.Measure(-measure.value)


# printed values that rest on another definition than the computed one beside them
PUBLISHED_ELSEWHERE = {"adjusted_sharpe": "rests on the geometric Sharpe; the computed one is ours"}
COMPUTED_ELSEWHERE = {"burke": "compounds the losing streaks in percent taken for fractions; the printed one is ours"}


def test_every_figure_of_bacons_book(evidence: Path):
    path = evidence / "golden" / "data" / "monthly_bacon.csv"
    returns, benchmark = column(path, "portfolio"), column(path, "benchmark")
    for case in read_json(evidence, "metrics_bacon.json")["cases"]:
        name, ours = case["metric"], bacon(case, returns, benchmark).value
        assert set(case) <= {"metric", "MAR", "published", "computed", "note"}
        if name not in COMPUTED_ELSEWHERE:
            assert ours == pytest.approx(case["computed"], rel=1e-9), name
        if "published" in case and name not in PUBLISHED_ELSEWHERE:
            printed = repr(case["published"])
            digits = len(printed.partition(".")[2])
            # the book truncates one of them: 0.2917 is printed 0.29, 0.04 is 0.0400
            assert ours == pytest.approx(case["published"], rel=0, abs=0.5000001 * 10**-digits), name


def test_the_figures_computed_by_another_definition_are_as_we_explain_them(evidence: Path):
    path = evidence / "golden" / "data" / "monthly_bacon.csv"
    cases = {case["metric"]: case for case in read_json(evidence, "metrics_bacon.json")["cases"]}
    returns = column(path, "portfolio")
    growth, sharpe = r.cagr(returns, 12).value, r.sharpe(returns, 12).value
    assert growth is not None and sharpe is not None
    # Burke: each losing streak compounded as if 0.01 were 0.01 %
    losing = np.split(returns, np.flatnonzero(np.diff(returns < 0.0)) + 1)
    streaks = [(np.prod(1.0 + part * 0.01) - 1.0) * 100.0 for part in losing if part[0] < 0.0]
    assert growth / math.sqrt(np.sum(np.square(streaks))) == pytest.approx(cases["burke"]["computed"], rel=1e-9)
    # adjusted Sharpe: the printed one with the geometric return on top
    geometric = cases["sharpe_annual_geometric_numerator"]["computed"]
    skew, kurt = moments.skewness(returns).value, moments.kurtosis(returns).value
    assert skew is not None and kurt is not None
    adjusted = geometric * (1.0 + skew / 6.0 * geometric - (kurt - 3.0) / 24.0 * geometric**2)
    assert adjusted == pytest.approx(cases["adjusted_sharpe"]["published"], abs=0.5e-6)


@pytest.mark.parametrize("curve", ["goog_donchian_20_10", "goog_rsi2"])
def test_two_full_curves_as_four_packages_measure_them(evidence: Path, curve: str):
    golden = read_json(evidence, "metrics_pipeline.json")["curves"][curve]
    path = evidence / "golden" / "trades" / f"{curve}_equity.csv"
    equity = column(path, "equity")
    asset = basics.returns_of(column(evidence / "golden" / "data" / "goog.csv", "Close"))
    returns = basics.returns_of(equity)
    sharpe, skew, kurt = r.sharpe(returns, 1).value, moments.skewness(returns).value, moments.kurtosis(returns).value
    unbiased = moments.sample_skewness(returns).value, moments.sample_excess_kurtosis(returns).value
    assert sharpe is not None and skew is not None and kurt is not None
    assert unbiased[0] is not None and unbiased[1] is not None
    drawdown, calmar = d.max_drawdown(equity, equity[0]), d.calmar(returns, equity, equity[0], 252)
    with path.open() as file:
        days = np.array([line.partition(",")[0] for line in file.read().split()[1:]], "datetime64[D]")
    months = r.monthly_returns(days, equity)[1:]  # theirs begins at the end of the first month
    assert returns.size == golden["n_returns"]
    groups: dict[str, tuple[dict[str, basics.Measure], dict[str, str]]] = {
        "empyrical": (
            {
                "annual_return": r.cagr(returns, 252),
                "cagr": r.cagr(returns, 252),
                "annual_volatility": r.volatility(returns, 252),
                "sharpe": r.sharpe(returns, 252),
                "sortino": r.sortino(returns, 252),
                "calmar": calmar,
                "omega": r.omega(returns),
                "max_drawdown": drawdown,
                "tail_ratio": tail.tail_ratio(returns),
                "downside_risk": r.downside_deviation(returns, 252),
                "var_5": negative(tail.value_at_risk(returns)),
                "cvar_5": negative(tail.expected_shortfall(returns)),
                "alpha_vs_asset": relative.alpha(returns, asset, 252),
                "beta_vs_asset": relative.beta(returns, asset),
                "stability": r.stability(returns),
                "excess_sharpe_daily": relative.excess_sharpe(returns, asset),
            },
            {},
        ),
        "quantstats": (
            {
                "sharpe": r.sharpe(returns, 252),
                "sortino": r.sortino(returns, 252),
                "cagr": r.cagr(returns, 252),
                "calmar": calmar,
                "omega": r.omega(returns),
                "max_drawdown": drawdown,
                "volatility": r.volatility(returns, 252),
                "tail_ratio": tail.tail_ratio(returns),
                "var_95_parametric": negative(tail.value_at_risk_normal(returns)),
                "skew": moments.sample_skewness(returns),
                "kurtosis": moments.sample_excess_kurtosis(returns),
                "profit_factor_daily": r.omega(returns),
                "win_rate_daily": r.winning_periods(returns),
                "psr": probabilistic_sharpe(sharpe, returns.size, unbiased[0], unbiased[1] + 3.0),
            },
            {
                "cvar_95": "the mean beyond the parametric threshold; ours is beyond the historical one",
                "ulcer_index": "divides by T - 1 and takes the first return's equity as the first peak",
                "smart_sharpe": "penalises by a geometric sum of the first autocorrelation; ours is Lo's factor",
                "exposure": "days with a return, rounded up to a percent; ours is bars with a position",
            },
        ),
        "ffn": (
            {
                "max_drawdown": drawdown,
                "daily_sharpe": r.sharpe(returns, 252),
                "daily_sortino": r.sortino(returns, 252),
                "daily_vol": r.volatility(returns, 252),
                "daily_mean": r.mean_return(returns, 252),
                "monthly_sharpe": r.sharpe(months, 12),
            },
            {"cagr": "by calendar days", "calmar": "rests on growth by calendar days"},
        ),
        "moments": (
            {
                "daily_sharpe_ddof1": basics.Measure(sharpe),
                "skew_population": basics.Measure(skew),
                "kurtosis_population_nonexcess": basics.Measure(kurt),
            },
            {},
        ),
    }
    assert set(golden) == {*groups, "vectorbt", "n_returns", "total_return", "psr_vs_0_formula"}
    for group, (ours, not_ours) in groups.items():
        all_equal(golden[group], {name: measure.value for name, measure in ours.items()}, not_ours)
    assert r.total_return(equity, equity[0]).value == pytest.approx(golden["total_return"], rel=1e-9)
    ours_psr = probabilistic_sharpe(sharpe, returns.size, skew, kurt).value
    assert ours_psr == pytest.approx(golden["psr_vs_0_formula"], rel=1e-9)
    # a package that counts day 0 as a return of zero: the same definitions on one row more
    longer = np.concatenate([[0.0], returns])
    with_day_zero = {
        "sharpe": r.sharpe(longer, 252),
        "sortino": r.sortino(longer, 252),
        "calmar": d.calmar(longer, equity, equity[0], 252),
        "omega": r.omega(longer),
        "maxdd": drawdown,
        "annret": r.cagr(longer, 252),
        "annvol": r.volatility(longer, 252),
        "tail": tail.tail_ratio(longer),
        "var": negative(tail.value_at_risk(longer)),
        "cvar": negative(tail.expected_shortfall(longer)),
    }
    all_equal(golden["vectorbt"], {name: measure.value for name, measure in with_day_zero.items()}, {})


def test_hulls_positions_at_risk(evidence: Path):
    single = []
    for case in read_json(evidence, "var_textbook.json")["cases"]:
        days = case["days"]
        if "portfolio" in case:
            # two positions, correlation 0.3: 1,622,657 in ten days, and what holding both saves
            one, two = (200_000.0, 50_000.0)
            together = math.sqrt(one**2 + two**2 + 2 * 0.3 * one * two)
            assert together == pytest.approx(case["sd_1day"], abs=0.5)
            at_risk = tail.value_at_risk_of_position(1.0, case["sd_1day"], case["z"], days)
            assert at_risk == pytest.approx(case["expected"], abs=case["rounding_tolerance"])
            saved = sum(single[-2:]) - at_risk
            assert saved == pytest.approx(case["diversification_benefit"], abs=case["rounding_tolerance"])
            continue
        ours = tail.value_at_risk_of_position(case["value"], case["daily_vol"], case["z"], days)
        assert ours == pytest.approx(case["expected"], abs=1.0)  # rupees, printed whole
        single.append(ours)
    assert len(single) == 3


def test_the_small_published_examples(evidence: Path):
    golden = read_json(evidence, "var_textbook.json")
    assert set(golden) == {"source", "cases", "small_published"}
    sharpe, sortino, monthly, drawdown = golden["small_published"]
    ours = r.sharpe(array(*sharpe["data"]), 1, sharpe["benchmark"]).value
    assert ours == pytest.approx(sharpe["expected"], abs=5e-7)
    assert r.sortino(array(*sortino["data"]), 1).value == pytest.approx(sortino["expected"], abs=5e-7)
    ours = r.sharpe(array(*monthly["data"]), monthly["periods_per_year"], monthly["risk_free_per_period"]).value
    assert ours == pytest.approx(monthly["expected"], abs=monthly["tolerance"])
    equity = array(*drawdown["equity"])
    falls = d.episodes(equity, equity[0])
    heights = [equity[fall.peak] - equity[fall.trough] for fall in falls if fall.peak is not None]
    assert heights == drawdown["expected_drawdowns"]
    # theirs is the time from one peak that is followed by a fall to the next such peak, in years of 365.25 days
    apart = np.diff([fall.peak for fall in falls if fall.peak is not None]) / 365.25
    assert list(apart) == pytest.approx(drawdown["expected_tuw_years_first_two"], abs=1e-6)
    # ours ends when the peak is seen again: 110 of day 1 on day 4, 130 of day 5 on day 8, 140 of day 8 never
    assert [(fall.peak, fall.recovery) for fall in falls] == [(1, 4), (5, 8), (8, None)]
