"""Clusters by hand, against SciPy's numbers, and the order they give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.portfolio.clusters import distances, groups, order, tree
from app.engines.portfolio.table import correlation, covariance

from .made import random_returns, waves


def test_distances_of_like_unlike_and_opposite():
    found = distances(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert found[0, 1] == pytest.approx(np.sqrt(0.5))
    assert distances(np.array([[1.0, -1.0], [-1.0, 1.0]]))[0, 1] == pytest.approx(1.0)


def test_four_points_on_a_line_by_hand():
    # 0, 1, 5, 7: 0-1 at 1, then 5-7 at 2; the two pairs lie 5.5 apart on average, 4 at the nearest
    at = np.array([0.0, 1.0, 5.0, 7.0])
    between = np.abs(at[:, None] - at[None, :])
    found = tree(between)
    assert found.pairs == ((0, 1), (2, 3), (4, 5))
    assert found.heights == pytest.approx((1.0, 2.0, 5.5))
    assert tree(between, "single").heights == pytest.approx((1.0, 2.0, 4.0))
    assert order(found) == [0, 1, 2, 3]
    assert groups(found, 1.5) == [[0, 1], [2], [3]]
    assert groups(found, 3.0) == [[0, 1], [2, 3]]


def test_average_linkage_is_scipys():
    # scipy 1.17.1, cluster.hierarchy.linkage(squareform(sqrt((1 - corr) / 2)), "average") of the same returns
    found = tree(distances(correlation(covariance(np.ascontiguousarray(waves().T)))))
    assert found.pairs == ((2, 5), (1, 4), (0, 3), (6, 7), (8, 9))
    assert found.heights == pytest.approx((0.2901392749, 0.303726063, 0.3722147875, 0.5283445245, 0.5460844911))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(1, 15))
def test_the_order_names_each_once_and_keeps_clusters_together(seed: int, count: int):
    found = tree(distances(correlation(covariance(random_returns(seed, 60, count).T))))
    places = order(found)
    assert sorted(places) == list(range(count))
    for height in (0.3, 0.5, 0.7):
        assert [n for group in groups(found, height) for n in group] == places
    assert list(found.heights) == sorted(found.heights)  # average linkage never turns back
