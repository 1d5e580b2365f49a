"""A fidelity figure draws any number of sets, and counts similar rows without the row itself."""

from pathlib import Path

import numpy as np
import pytest

from fpbench.generators.fidelity_limits import FLOOR
from fpbench.generators.fidelity_report import JudgingSet, measure_fidelity
from fpbench.review.fidelity_figure import plot_fidelity, shares_above


@pytest.mark.parametrize(
    ("rows", "alike"),
    [pytest.param(4, 1 / 3, id="all rows"), pytest.param(2_001, 1 / 2, id="every other row")],
)
def test_a_row_is_not_paired_with_itself(rows: int, alike: float) -> None:
    directions = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    above = shares_above(directions[np.arange(rows) % 2], None)
    np.testing.assert_array_equal(above, [1, *[alike] * 799])


def test_a_query_is_paired_with_an_equal_row() -> None:
    vectors = np.eye(2, dtype=np.float32)
    assert shares_above(vectors, vectors)[-1] == 0.5


@pytest.mark.slow
def test_any_number_of_sets_is_drawn(tmp_path: Path, rng: np.random.Generator) -> None:
    sets = {f"set {n}": rng.standard_normal((20, 4), dtype=np.float32) for n in range(7)}
    real = rng.standard_normal((40, 4), dtype=np.float32)
    judging = JudgingSet(vectors=real, tracks=np.repeat(np.arange(8), 5))
    report = measure_fidelity(judging, sets, seed=0)
    plot_fidelity(report, {FLOOR: real, **sets}, tmp_path / "fidelity.png", queries=None)
    assert (tmp_path / "fidelity.png").read_bytes().startswith(b"\x89PNG")
