"""One mean and one standard deviation for all entries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fpbench_plugins.building_blocks.flow.normalisation import measure_normalisation


@given(mean=st.floats(-2, 2), std=st.floats(0.01, 2))
@hypothesis_settings(max_examples=20)
def test_normalisation_is_that_of_all_entries(mean: float, std: float) -> None:
    rows = np.float32(mean) + np.float32(std) * np.array([[-1, 1], [1, -1]], dtype=np.float32)
    units = measure_normalisation(np.repeat(rows, 50, axis=0), rows_at_once=7)
    assert units.mean == pytest.approx(mean, abs=1e-6)
    assert units.std == pytest.approx(std, rel=1e-4)
