"""What a policy makes of target weights, case by case: equity of one lakh, so that 1,000 rupees are one percent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.policy import Policy
from app.engines.policy.decide import Rule, State, exposure_cap
from app.engines.policy.policy import NO_POLICY
from app.engines.policy.scale import AFTER, BEFORE, ROOM, STAGES, scale_targets

NAN = math.nan
LAKH = 100_000.0
WIDE = Policy(cash_reserve_percent=0, max_equity_exposure_percent=100, max_strategy_allocation_percent=100)
MOST_80 = replace(WIDE, max_equity_exposure_percent=80, max_strategy_allocation_percent=80)


def scaled(
    percent: Any, policy: Policy, *, stays: Any = NAN, sectors: Any = None, shares: Any = None, equity: float = LAKH,
    state: State = State.NORMAL,
) -> tuple[np.ndarray, dict[str, list[tuple[float, float, float]]]]:  # fmt: skip
    """The targets left, in percent as they are given, [B, N]; and of each rule before, after and room of each book."""
    targets = np.atleast_2d(np.array(percent, float)) * LAKH / 100.0
    books, instruments = targets.shape
    told = np.full((len(STAGES), books, 3), NAN)
    scale_targets(
        targets, np.broadcast_to(np.array(stays, float) * LAKH / 100.0, targets.shape).copy(),
        np.zeros(instruments, np.int64) if sectors is None else np.array(sectors), np.ones(books) if shares is None
        else np.array(shares, float), equity, int(state), policy.terms(), told,
    )  # fmt: skip
    rules = {Rule(rule).name: [tuple(row) for row in told[i].round(6).tolist()] for i, rule in enumerate(STAGES)}
    return targets / LAKH * 100.0, rules


def test_fifty_equal_weights_at_eighty_percent_all_get_four_fifths():
    # 50 × 2 % are wanted, 80 % may be held: 1.6 % each, instead of 40 names with 2 % and 10 with nothing
    left, told = scaled([2.0] * 50, MOST_80)
    assert left == pytest.approx(np.full((1, 50), 1.6), rel=1e-12)
    assert told["STRATEGY"] == [(100_000.0, 80_000.0, 80_000.0)]
    assert told["EXPOSURE"] == [(80_000.0, 80_000.0, 80_000.0)]  # no more is wanted than is left
    assert told["CASH_RESERVE"] == [(80_000.0, 80_000.0, 100_000.0)]
    assert told["INSTRUMENT"] == told["SECTOR"] == [(0.0, 0.0, 0.0)]  # without a limit there is nothing to tell


def test_each_weight_beyond_the_limit_of_one_instrument_is_clipped_and_the_others_stay():
    left, told = scaled([50.0, 30.0, 20.0], replace(WIDE, max_position_percent=25))
    assert left.tolist() == [[25.0, 25.0, 20.0]]
    assert told["INSTRUMENT"] == [(100_000.0, 70_000.0, 25_000.0)]


def test_the_weights_of_a_sector_are_scaled_in_proportion_and_those_of_another_stay():
    # banks 30 + 10 % against 20 %: halved; the other sector's 20 % is at the limit
    left, told = scaled([30.0, 10.0, 20.0], replace(WIDE, max_sector_percent=20), sectors=[1, 1, 0])
    assert left.tolist() == [[15.0, 5.0, 20.0]]
    assert told["SECTOR"] == [(60_000.0, 40_000.0, 20_000.0)]


def test_long_and_short_count_by_their_size_and_keep_their_sides():
    left, _ = scaled([60.0, -60.0], replace(MOST_80, max_strategy_allocation_percent=60))
    assert left.tolist() == [[30.0, -30.0]]
    assert scaled([-40.0, 10.0], replace(WIDE, max_position_percent=20))[0].tolist() == [[-20.0, 10.0]]


def test_two_books_that_rebalance_at_one_close_are_cut_by_the_same_factor():
    # 60 + 60 % are wanted, 80 % may be invested: two thirds each, and not 60 and 20
    left, told = scaled([[60.0, 0.0], [20.0, 40.0]], MOST_80)
    assert left == pytest.approx(np.array([[40.0, 0.0], [40.0 / 3, 80.0 / 3]]))
    assert told["EXPOSURE"] == [(60_000.0, 40_000.0, 80_000.0)] * 2


def test_what_other_books_hold_is_taken_off_each_room_first():
    # the second book does not rebalance and holds 15 % of A and 35 % of B; it leaves 5 % of A under a limit of 20 %,
    # nothing of B, and of the 80 % exposure 30 %: 5 + 40 of A and C are wanted then, two thirds of it fit
    policy = replace(MOST_80, max_position_percent=20)
    left, told = scaled([[20.0, 20.0, 40.0], [0, 0, 0]], policy, stays=[[NAN, NAN, NAN], [15.0, 35.0, 0.0]])
    assert told["INSTRUMENT"][0] == (80_000.0, 25_000.0, 20_000.0)  # A 5, B 0, C 20
    assert told["EXPOSURE"] == [(25_000.0, 25_000.0, 30_000.0), (0.0, 0.0, 30_000.0)]
    assert left[0].tolist() == [5.0, 0.0, 20.0]
    narrower = replace(policy, max_equity_exposure_percent=60, max_strategy_allocation_percent=60)
    left, told = scaled([[20.0, 20.0, 40.0], [0, 0, 0]], narrower, stays=[[NAN, NAN, NAN], [15.0, 35.0, 0.0]])
    assert left[0] == pytest.approx([2.0, 0.0, 8.0])  # 10 of 25: 0.4
    assert told["EXPOSURE"][0] == (25_000.0, 10_000.0, 10_000.0)


def test_what_cannot_be_sized_is_held_on_and_counts_for_its_book():
    left, _ = scaled([30.0, 50.0, 50.0], MOST_80, stays=[20.0, NAN, NAN])
    assert left.tolist() == [[30.0, 30.0, 30.0]]  # the 20 % of the first stay, whatever it is wanted to be


def test_a_reserve_of_thirty_with_an_exposure_of_ninety_means_seventy():
    policy = replace(WIDE, cash_reserve_percent=30, max_equity_exposure_percent=90, max_strategy_allocation_percent=90)
    left, told = scaled([60.0, 40.0], policy)
    assert left == pytest.approx(np.array([[42.0, 28.0]]))
    assert told["STRATEGY"] == [(100_000.0, 90_000.0, 90_000.0)]  # first 54 and 36
    assert told["EXPOSURE"] == [(90_000.0, 90_000.0, 90_000.0)]
    assert told["CASH_RESERVE"] == [(90_000.0, 70_000.0, 70_000.0)]


def test_a_correlation_share_takes_from_the_limit_of_its_strategy_alone():
    left, told = scaled([[40.0], [40.0]], replace(WIDE, max_strategy_allocation_percent=40), shares=[0.5, 1.0])
    assert left.tolist() == [[20.0], [40.0]]
    assert [row[ROOM] for row in told["STRATEGY"]] == [20_000.0, 40_000.0]


def test_each_limit_sees_what_the_one_before_left():
    # A 50 → 30 (instrument); A, B 30 + 30 → 20 + 20 (sector 40 %); C 20: in all 60 → 30 (strategy)
    policy = replace(WIDE, max_position_percent=30, max_sector_percent=40, max_strategy_allocation_percent=30)
    left, told = scaled([50.0, 30.0, 20.0], policy, sectors=[0, 0, 1])
    assert left == pytest.approx(np.array([[10.0, 10.0, 10.0]]))
    assert [(told[rule][0][BEFORE], told[rule][0][AFTER]) for rule in ("INSTRUMENT", "SECTOR", "STRATEGY")] == [
        (100_000.0, 80_000.0), (80_000.0, 60_000.0), (60_000.0, 30_000.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "left"), [(State.NORMAL, 80.0), (State.CAUTIOUS, 40.0), (State.DEFENSIVE, 10.0), (State.HALTED, 100.0)]
)
def test_exposure_is_that_of_the_state_and_a_halted_account_is_left_alone(state, left):
    assert scaled([100.0], MOST_80, state=state)[0].tolist() == [[pytest.approx(left)]]


def test_without_equity_nothing_is_guessed_and_without_room_nothing_is_left():
    assert scaled([10.0], MOST_80, equity=0.0)[0].tolist() == [[10.0]]
    assert scaled([[10.0], [0.0]], MOST_80, stays=[[NAN], [90.0]])[0].tolist() == [[0.0], [0.0]]


def test_without_a_policy_nothing_is_scaled():
    targets = np.array([[3 * LAKH]])
    told = np.empty((len(STAGES), 1, 3))
    scale_targets(targets, np.full((1, 1), NAN), np.zeros(1, np.int64), np.ones(1), LAKH, 0, NO_POLICY, told)
    assert targets.tolist() == [[3 * LAKH]] and not told.any()


def test_compiled_and_plain_say_the_same():
    random = np.random.default_rng(3)
    wanted, stays = random.normal(0, 9_000, (2, 9)), np.where(random.random((2, 9)) < 0.7, NAN, 4_000.0)
    terms = replace(MOST_80, max_position_percent=9, max_sector_percent=15).terms()
    both = []
    for function in (scale_targets, scale_targets.py_func):
        targets, told = wanted.copy(), np.empty((len(STAGES), 2, 3))
        function(targets, stays, np.arange(9) % 3, np.array([0.7, 1.0]), LAKH, 0, terms, told)
        both.append((targets.tolist(), told.tolist()))
    assert both[0] == both[1]


@st.composite
def rebalances(draw: st.DrawFn) -> dict[str, Any]:
    books, instruments = draw(st.integers(1, 3)), draw(st.integers(1, 8))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (books, instruments)
    exposure = draw(st.sampled_from([40, 80, 100]))
    policy = Policy(
        cash_reserve_percent=draw(st.sampled_from([0, 20, 60])), max_equity_exposure_percent=exposure,
        max_strategy_allocation_percent=draw(st.sampled_from([10, 25, 40])),
        max_position_percent=draw(st.sampled_from([None, 2, 10])),
        max_sector_percent=draw(st.sampled_from([None, 5, 30])),
    )  # fmt: skip
    return {
        "targets": random.normal(0, draw(st.sampled_from([1.0, 10.0, 40.0])), shape) * 1_000.0,
        "stays": np.where(random.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.9])),
                          random.random(shape) * 10_000.0, NAN),
        "sectors": random.integers(0, instruments, instruments),
        "shares": random.random(books),
        "state": draw(st.sampled_from([State.NORMAL, State.CAUTIOUS, State.DEFENSIVE])),
        "policy": policy,
    }  # fmt: skip


def left_of(given_: dict[str, Any], order: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
    targets, stays = given_["targets"][:, order].copy(), given_["stays"][:, order].copy()
    told = np.empty((len(STAGES), len(targets), 3))
    scale_targets(
        targets, stays, given_["sectors"][order], given_["shares"], LAKH, int(given_["state"]),
        given_["policy"].terms(), told,
    )  # fmt: skip
    return targets, told


@settings(deadline=None)
@given(rebalances(), st.randoms(use_true_random=False))
def test_no_limit_is_exceeded_no_target_grows_and_no_order_of_columns_matters(given_, random):
    left, told = left_of(given_)
    terms, free = given_["policy"].terms(), np.isnan(given_["stays"])
    stays = np.where(free, 0.0, given_["stays"])
    size = np.where(free, np.abs(left), 0.0)
    slack = 1e-6 * LAKH

    def kept(limit: float, held: Any, wanted: Any) -> bool:  # what stays may be beyond the limit by itself
        return bool(np.all(wanted <= np.maximum(limit * LAKH - held, 0.0) + slack))

    assert kept(terms.name, stays.sum(axis=0), size.sum(axis=0))
    for sector in set(given_["sectors"].tolist()):
        its = given_["sectors"] == sector
        assert kept(terms.sector, stays[:, its].sum(), size[:, its].sum())
    assert all(kept(terms.strategy * s, h.sum(), w.sum())
               for s, h, w in zip(given_["shares"], stays, size, strict=True))  # fmt: skip
    assert kept(exposure_cap(int(given_["state"]), terms), stays.sum(), size.sum())
    assert kept(1.0 - terms.reserve, stays.sum(), size.sum())
    assert np.array_equal(left[~free], given_["targets"][~free])
    assert (np.abs(left) <= np.abs(given_["targets"])).all() and (left * given_["targets"] >= 0.0).all()
    assert (told[:, :, AFTER] <= told[:, :, BEFORE]).all()
    order = list(range(left.shape[1]))
    random.shuffle(order)
    assert left_of(given_, order)[0] == pytest.approx(left[:, order], rel=1e-9, abs=1e-9)
    again = left_of(given_ | {"targets": left.copy()})[0]  # what fits is not cut again
    assert again.tolist() == left.tolist()


@settings(deadline=None)
@given(rebalances())
def test_without_limits_of_instruments_and_sectors_the_weights_of_a_book_keep_their_ratios(given_):
    policy = replace(given_["policy"], max_position_percent=None, max_sector_percent=None)
    left, _ = left_of(given_ | {"policy": policy})
    for before, after, stays in zip(given_["targets"], left, given_["stays"], strict=True):
        free = np.isnan(stays)
        if free.any():
            factor = np.abs(after[free]).sum() / np.abs(before[free]).sum()
            assert after[free] == pytest.approx(before[free] * factor, rel=1e-9)
