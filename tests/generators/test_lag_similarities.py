"""Similarities by lag are means within a stretch."""

import numpy as np

from fpbench.generators.lag_similarities import lag_similarities


def test_is_the_mean_inner_product_at_each_lag_of_each_stretch() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 1], [2, 0], [3, 4]], dtype=np.float32)
    found = lag_similarities(rows, np.array([0, 0, 0, 5, 5]), 2)
    np.testing.assert_array_equal(found, [[(0 + 1) / 2, 1], [6, np.nan]])
