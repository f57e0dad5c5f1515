"""What a strategy keeps of its limit that moves with the others."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.policy.correlation import shares_kept


def kept(returns: np.ndarray, penalty: float = 1.0) -> tuple[np.ndarray, int]:
    out = np.empty(returns.shape[1])
    return out, int(shares_kept(returns, penalty, out))


def ledoit_wolf(returns: np.ndarray) -> np.ndarray:
    """The estimator in NumPy, as the paper writes it, on standardised returns."""
    x = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    n, p = x.shape
    s = x.T @ x / n
    m = np.trace(s) / p
    d2 = ((s - m * np.eye(p)) ** 2).sum() / p
    b2 = min(sum(((np.outer(row, row) - s) ** 2).sum() / p for row in x) / n**2, d2)
    return b2 / d2 * m * np.eye(p) + (d2 - b2) / d2 * s


def test_independent_strategies_keep_nearly_all_and_copies_nearly_nothing():
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 126))
    apart, sessions = kept(np.column_stack([a, b]))
    assert sessions == 126 and (apart > 0.9).all()
    alike, _ = kept(np.column_stack([a, a + 1e-3 * b]))
    assert (alike < 0.05).all()
    against, _ = kept(np.column_stack([a, -a]))
    assert against.tolist() == [1.0, 1.0]  # moving against the others is no reason to hold less


@pytest.mark.parametrize("penalty", [0.5, 1.0, 2.0])
def test_the_penalty_is_that_of_the_shrunk_mean_correlation(penalty):
    random = np.random.default_rng(2)
    common = random.normal(size=(100, 1))
    returns = 0.7 * common + random.normal(size=(100, 3))
    r = ledoit_wolf(returns)
    mean = (r.sum(axis=1) - np.diag(r)) / 2
    assert kept(returns, penalty)[0] == pytest.approx((1 - np.maximum(mean, 0)) ** penalty, abs=1e-12)


def test_only_sessions_in_which_all_were_active_count():
    random = np.random.default_rng(3)
    returns = np.column_stack([random.normal(size=126)] * 2)
    returns[:67, 1] = np.nan
    shares, sessions = kept(returns)
    assert sessions == 59 and shares.tolist() == [1.0, 1.0]  # one short of sixty
    returns[66, 1] = returns[66, 0]
    shares, sessions = kept(returns)
    assert sessions == 60 and (shares < 0.1).all()  # sixty say less than a hundred: more is shrunk


def test_no_penalty_one_strategy_or_returns_that_never_move_leave_all():
    a = np.random.default_rng(4).normal(size=100)
    assert kept(np.column_stack([a, a]), 0.0)[0].tolist() == [1.0, 1.0]
    assert kept(a[:, None])[0].tolist() == [1.0]
    assert kept(np.column_stack([a, np.zeros(100)]))[0].tolist() == [1.0, 1.0]
