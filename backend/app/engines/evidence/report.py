"""The doubt about one run's Sharpe, gathered: every figure by name, and why one is missing or says little."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence import significance as s
from app.engines.evidence.trials import Trials
from app.engines.risk.basics import Measure, gathered
from app.engines.risk.moments import kurtosis, skewness
from app.engines.risk.returns import sharpe

F1 = NDArray[np.float64]


class Significance(NamedTuple):
    """`values` by name (None = undefined) and `reasons`: of each None, and of a figure that says little.

    Sharpe ratios are annual, but `trial_sharpe_variance` is per period, as the ledger keeps it.
    """

    values: dict[str, float | int | None]
    reasons: dict[str, str]


def significance_report(returns: F1, trials: Trials, *, periods: int, undefined: str | None = None) -> Significance:
    """The figures that stand beside a Sharpe.

    Parameters
    ----------
    returns : shape [T], per period; NaN is skipped
    trials : of the lineage, this run included, as `trials_for` this record
    periods : periods a year
    undefined : why the run has no Sharpe, if its returns alone do not tell
    """
    size = int(np.count_nonzero(~np.isnan(returns)))
    annual, single = sharpe(returns, periods), sharpe(returns, 1)
    skew, kurt = skewness(returns), kurtosis(returns)
    luck = s.expected_max_sharpe(trials.number, trials.variance)
    measures: dict[str, Measure] = {"sharpe": annual, "skewness": skew, "kurtosis": kurt}
    if undefined is not None or single.value is None or skew.value is None or kurt.value is None:
        missing = Measure(None, undefined or single.reason or skew.reason)
        names = ("sharpe", "probabilistic_sharpe", "deflated_sharpe", "min_track_record_sessions")
        measures.update(dict.fromkeys(names, missing))
    else:
        measures.update(
            probabilistic_sharpe=s.probabilistic_sharpe(single.value, size, skew.value, kurt.value),
            deflated_sharpe=s.deflated_sharpe(
                single.value, size, skew.value, kurt.value, trials.number, trials.variance
            ),
            min_track_record_sessions=s.min_track_record(single.value, skew.value, kurt.value),
        )
    measures["expected_max_sharpe"] = _scaled(luck, math.sqrt(periods))
    measures["min_track_record_years"] = _scaled(measures["min_track_record_sessions"], 1.0 / periods)
    measures["trial_sharpe_variance"] = Measure(
        trials.variance,
        "fewer than two trials have a Sharpe of a record like this one" if trials.variance is None else None,
    )
    values, reasons = gathered(measures)
    needed = measures["min_track_record_sessions"].value
    values.update(
        min_track_record_sessions=None if needed is None else math.ceil(needed), trials=trials.number,
        trials_compared=trials.compared, trials_unknown=trials.unknown, sessions=size,
    )  # fmt: skip
    if trials.unknown:
        left_out = f"{trials.unknown} trials whose record is not known are left out"
        why = reasons.get("trial_sharpe_variance")
        reasons["trial_sharpe_variance"] = left_out if why is None else f"{why}; {left_out}"
    if trials.number == 1 and values["deflated_sharpe"] is not None:
        reasons["deflated_sharpe"] = "one trial so far: nothing to deflate, it equals the probabilistic Sharpe"
    return Significance(values, reasons)


def _scaled(measure: Measure, factor: float) -> Measure:
    return measure if measure.value is None else Measure(measure.value * factor)
