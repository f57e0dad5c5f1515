"""Past falls, shocks, locks and the cone."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from app.engines.portfolio import stress

from .made import random_returns

nan = np.nan
DAYS = np.datetime64("2024-01-01") + np.arange(30)


def test_the_return_of_an_episode_is_from_close_to_close():
    close = np.column_stack([np.linspace(100, 129, 30), np.full(30, nan), np.linspace(50, 79, 30)])
    close[10, 2] = nan  # not traded on the first day: its last price counts
    gap = np.zeros(close.shape, bool)
    found = stress.over(DAYS, close, gap, date(2024, 1, 11), date(2024, 1, 21))
    assert found[0] == pytest.approx(120 / 110 - 1)
    assert np.isnan(found[1])
    assert found[2] == pytest.approx(70 / 59 - 1)
    gap[15, 0] = True
    assert np.isnan(stress.over(DAYS, close, gap, date(2024, 1, 11), date(2024, 1, 21))[0])


def test_an_episode_outside_the_prices_is_unknown():
    close = np.full((30, 1), 100.0)
    gap = np.zeros(close.shape, bool)
    assert np.isnan(stress.over(DAYS, close, gap, date(2023, 1, 11), date(2024, 1, 21))).all()
    assert np.isnan(stress.over(DAYS, close, gap, date(2024, 1, 11), date(2024, 3, 21))).all()


def test_what_was_not_listed_is_told_by_its_sector_then_by_beta_and_marked():
    peers = {"Banks": np.array([-0.5, -0.3, -0.4, -0.35, -0.45]), "Pharma": np.array([-0.1])}
    own, betas = np.array([-0.2, nan, nan, nan]), np.array([1.0, 1.5, 0.8, nan])
    found = stress.lived(own, betas, ["Banks", "Banks", "Pharma", "Pharma"], -0.4, peers)
    assert found.basis == ("OWN", "SECTOR", "BETA", "NONE")
    assert found.returns[:3] == pytest.approx([-0.2, -0.4, -0.32])  # the median bank; 0.8 × −40 %
    assert np.isnan(found.returns[3])


def test_nothing_loses_more_than_everything():
    found = stress.lived(np.array([nan]), np.array([4.0]), [""], -0.6, {})
    assert found.returns.tolist() == [-1.0]


def test_a_shock_by_sector_stands_in_place_of_beta():
    found = stress.shocked(["Banks", "IT"], np.array([1.2, 0.5]), -0.1, {"Banks": -0.25})
    assert found == pytest.approx([-0.25, -0.05])


def test_five_lower_circuits_of_twenty_percent():
    assert stress.locked(0.2, 5) == pytest.approx(0.8**5 - 1)
    assert stress.locked(0.05, 1) == pytest.approx(-0.05)


def test_every_future_of_one_return_is_that_return_compounded():
    found = stress.cone(np.full(50, 0.01), 10, paths=20)
    assert found.levels[:, -1] == pytest.approx(np.full(5, 1.01**10))
    assert found.loss == 0.0
    assert found.worst == 0.0


def test_the_cone_of_independent_returns_is_as_wide_as_it_should_be():
    returns = np.random.default_rng(3).normal(0.0, 0.01, 1000)
    found = stress.cone(returns - returns.mean(), 250, paths=4000, seed=5)
    spread = returns.std() * np.sqrt(250)
    low, high = np.log(found.levels[0, -1]), np.log(found.levels[-1, -1])
    assert (high - low) / (2 * 1.645) == pytest.approx(spread, rel=0.05)
    assert (np.diff(found.levels, axis=0) >= 0.0).all()
    assert found.falls[0.1] >= found.falls[0.2] >= found.falls[0.3]


def test_the_same_seed_gives_the_same_cone_and_another_another():
    returns = random_returns(1, 200, 1)[:, 0]
    one, same, other = (stress.cone(returns, 60, paths=100, seed=seed).levels for seed in (1, 1, 2))
    assert (one == same).all()
    assert not (one == other).all()


def test_a_horizon_beyond_the_record_is_refused():
    with pytest.raises(ValueError, match="horizon: expected 1 to 20 sessions, got 21"):
        stress.cone(np.zeros(20), 21)


def test_the_table_of_episodes_is_in_order_of_time():
    assert all(one.first < one.last for one in stress.EPISODES)
    firsts = [one.first for one in stress.EPISODES]
    assert firsts == sorted(firsts)
