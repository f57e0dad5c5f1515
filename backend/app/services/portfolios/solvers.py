"""All ways to weigh shares: those of the engine, and two that skfolio solves, an extra (`optimise`).

Minimum variance, risk parity and HRP need nothing. Minimum CVaR and maximum diversification are convex programs with a
variable a session or a ratio to take apart; skfolio (BSD-3) states them and Clarabel solves them. Where it is not
installed these two answer with the command that installs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.portfolio.allocate import METHODS as OWN
from app.engines.portfolio.allocate import allocate, check_moves, cleaned, name_colliding
from app.engines.portfolio.limits import Region

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

TAIL: Final = 0.95  # of the expected shortfall
PACKAGE: Final = "skfolio==1.12.2"  # the version of the extra in pyproject.toml
MISSING: Final = (
    f"it needs skfolio, which is not installed. In SmartTrader's environment: python -m pip install {PACKAGE}"
)
_LOG = logging.getLogger(__name__)


def weigh(method: str, returns: F2, within: Region) -> F1:
    """Weights [N] by a method of `METHODS` from returns [T, N] inside a region; they sum to 1 but for rounding.

    Raises
    ------
    Infeasible : the limits collide.
    ValueError : a share does not vary, the method is not installed, or its solver finds no answer.
    """
    if method in OWN:
        return allocate(method, returns, within)
    if not installed():
        raise ValueError(MISSING)
    check_moves(returns)
    from skfolio.exceptions import OptimizationError

    scale = float(np.std(returns))  # the solver's tolerances are absolute
    try:
        model = _MODELS[method](within).fit(returns / scale)
    except OptimizationError as error:
        name_colliding(within)
        _LOG.warning("%s: %s", method, error)
        raise ValueError("the solver found no weights for it") from error
    return cleaned(np.asarray(model.weights_, np.float64))


def installed() -> bool:
    """Whether skfolio is there."""
    return find_spec("skfolio") is not None


def _least_shortfall(within: Region) -> Any:
    """Source: Rockafellar & Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2(3)."""
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    return MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=TAIL, add_constraints=_rows(within))


def _most_diverse(within: Region) -> Any:
    """Source: Choueifaty & Coignard (2008), Journal of Portfolio Management 35(1); covariances are shrunk."""
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import MaximumDiversification
    from skfolio.prior import EmpiricalPrior

    prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
    return MaximumDiversification(prior_estimator=prior, add_constraints=_rows(within))


def _rows(within: Region) -> Callable[[Any], Any]:
    """The region for a solver whose weights may have any sum, as those of a ratio do: limits apply to their shares."""
    cvxpy: Any = import_module("cvxpy")  # its types leave out what it exports

    def rows(w: Any) -> Any:
        extra = within.matrix.shape[1] - w.shape[0]  # what is bought, where turnover is limited
        x = cvxpy.hstack([w, cvxpy.Variable(extra)]) if extra else w
        return within.matrix @ x <= within.limits * cvxpy.sum(w)

    return rows


_MODELS: Final = {"minimum_cvar": _least_shortfall, "maximum_diversification": _most_diverse}
METHODS: Final = (*OWN, *_MODELS)
