"""What a p-value or a Sharpe is worth after many tests: Bonferroni, Holm, Benjamini-Hochberg-Yekutieli, haircuts."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from app.engines.evidence.distributions import student_size, student_tail
from app.engines.evidence.significance import autocorrelation_factor
from app.engines.risk.basics import F1, I1

SIMULATIONS: Final = 2_000
_YEARS_OF_TESTS: Final = 20  # the published tests rest on 240 months
_MONTHLY_DEVIATION: Final = 0.15 / math.sqrt(12.0)
# correlation of the tests: share of strategies without merit, mean monthly return of those with one
_POPULATION: Final = {
    0.0: (0.39660, 0.0054995),
    0.2: (0.44604, 0.0055508),
    0.4: (0.48604, 0.0055413),
    0.6: (0.59902, 0.0055512),
    0.8: (0.83901, 0.0055956),
}


class Haircut(NamedTuple):
    """A Sharpe after many tests: p-values and what is left of the annual Sharpe, by method; `single` is of one test."""

    single: float
    p_values: dict[str, float]
    sharpes: dict[str, float]
    haircuts: dict[str, float]  # share of the Sharpe lost
    simulations: int
    seed: int


def _checked(p_values: F1) -> F1:
    if not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise ValueError("p_values: expected numbers from 0 to 1")
    return p_values


def bonferroni(p_values: F1) -> F1:
    """min(M p, 1) of each of M tests."""
    adjusted: F1 = np.minimum(_checked(p_values) * p_values.size, 1.0)
    return adjusted


def holm(p_values: F1) -> F1:
    """Adjusted p-values that keep the chance of any false discovery, step-down. Source: Holm (1979), Scand. J. Stat."""
    order = np.argsort(_checked(p_values), kind="stable")
    stepped = np.maximum.accumulate((p_values.size - np.arange(p_values.size)) * p_values[order])
    return _back(np.minimum(stepped, 1.0), order)


def benjamini_hochberg_yekutieli(p_values: F1) -> F1:
    """Adjusted p-values that keep the share of false discoveries under any dependence, step-up.

    Source: Benjamini & Yekutieli (2001), Annals of Statistics 29(4).
    """
    count = p_values.size
    order = np.argsort(_checked(p_values), kind="stable")
    ranks = np.arange(1.0, count + 1.0)
    scaled = p_values[order] * count * float(np.sum(1.0 / ranks)) / ranks
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _back(np.minimum(stepped, 1.0), order)


def _back(values: F1, order: I1) -> F1:
    placed = np.empty_like(values)
    placed[order] = values
    return placed


def haircut_sharpe(
    sharpe: float,
    observations: int,
    tests: int,
    *,
    periods: int,
    correlation: float = 0.4,
    autocorrelation: float = 0.0,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> Haircut:
    """An annual Sharpe cut for the tests it was chosen from, where the other tests' p-values are not known.

    Parameters
    ----------
    sharpe : annual, above 0; lowered first for a first-order `autocorrelation` of the returns (Lo's factor)
    observations : periods of the record, `periods` of them a year
    tests : M, this one included or not: the method adds it to M others
    correlation : of the tests' returns, 0 to 0.8; the population of strategies is the published one, between its rows
    simulations, seed : the others' t statistics are drawn, for Holm and BHY; Bonferroni needs none. The median is told

    Known p-values of all tests are adjusted exactly by `bonferroni`, `holm` and `benjamini_hochberg_yekutieli`.

    Source: Harvey & Liu (2015), "Backtesting", Journal of Portfolio Management 42(1); the population of strategies:
    Harvey, Liu & Zhu (2016), "… and the Cross-Section of Expected Returns", Review of Financial Studies 29(1).
    """
    if not sharpe > 0.0:
        raise ValueError(f"sharpe: expected above 0, got {sharpe}: there is nothing to cut")
    if observations < 3 or tests < 1 or periods < 1:
        given = f"{observations}, {tests} and {periods}"
        raise ValueError(f"observations, tests, periods: expected 3, 1 and 1 or more, got {given}")
    if not 0.0 <= correlation <= 0.8:
        raise ValueError(f"correlation: expected from 0 to 0.8, got {correlation}")
    lags = autocorrelation ** np.arange(1.0, periods)
    factor = autocorrelation_factor(periods, lags).value
    if factor is None:
        raise ValueError(f"autocorrelation: with {autocorrelation} the returns of a year do not vary")
    sharpe_a_period = sharpe * factor / periods  # an annual one is a period's × sqrt(A); corrected by η(A) / sqrt(A)
    t = sharpe_a_period * math.sqrt(observations)
    single = student_tail(t, observations - 1)
    # Holm and BHY among M others drawn from the population; every draw's own adjusted p-value of this test
    sizes = _other_tests(tests, correlation, simulations, seed)
    others = np.array([math.erfc(size / math.sqrt(2.0)) for size in sizes.reshape(-1)]).reshape(sizes.shape)
    stepped = {"holm": holm, "bhy": benjamini_hochberg_yekutieli}
    p_values = {"bonferroni": min(single * tests, 1.0)}
    for name, adjust in stepped.items():
        p_values[name] = float(np.median([adjust(np.append(row, single))[-1] for row in others]))
    p_values["average"] = sum(p_values.values()) / 3.0
    sharpes = {
        name: student_size(max(p, 1e-300), observations - 1) / math.sqrt(observations) * math.sqrt(periods)
        for name, p in p_values.items()
    }
    base = t / math.sqrt(observations) * math.sqrt(periods)
    haircuts = {name: 1.0 - value / base for name, value in sharpes.items()}
    return Haircut(single, p_values, sharpes, haircuts, simulations, seed)


def _other_tests(tests: int, correlation: float, simulations: int, seed: int) -> F1:
    """|t| of other tests, [simulations, tests]: some of merit, all with errors of one correlation."""
    rows = sorted(_POPULATION)
    without, merit = (
        float(np.interp(correlation, rows, [_POPULATION[row][i] for row in rows])) for i in range(2)
    )  # fmt: skip
    generator = np.random.default_rng(seed)
    common = generator.standard_normal((simulations, 1))
    own = generator.standard_normal((simulations, tests))
    error = math.sqrt(correlation) * common + math.sqrt(1.0 - correlation) * own
    means = generator.exponential(merit, (simulations, tests))
    means[generator.random((simulations, tests)) <= without] = 0.0
    scale = _MONTHLY_DEVIATION / math.sqrt(_YEARS_OF_TESTS * 12)
    sizes: F1 = np.abs(means / scale + error)
    return sizes
