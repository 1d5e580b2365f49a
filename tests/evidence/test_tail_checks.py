"""The simulation at the largest searched size, beside what was searched."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.hit_rates import has_size
from fpbench.evidence.tail_checks import check_tail
from fpbench.evidence.tails import Tail


def test_searched_and_simulated_rates_stand_side_by_side(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    # The first query always hits, the second with a probability of exp(-20 ln(2) / 20) = 1/2.
    p = np.array([1e-30, np.log(2) / 20, 1, 1])
    tail = Tail(np.array([0.25]), np.log(np.tile(p[:, None, None], (1, 1, 4))))
    first, *_ = check_tail(replace(evidence, tail=tail), [10, 20], 0.25)
    assert (first.metric, first.n_distractors) == ("hr@1", 20)
    assert first.searched == 1 / 4
    assert first.simulated == pytest.approx((1 + 1 / 2) / 4, abs=1e-6)
    assert first.error == pytest.approx(np.sqrt(0.25) / 4, abs=1e-6)


def test_only_a_tail_gives_a_size_that_was_not_searched(
    evidence_of: Callable[..., Evidence],
) -> None:
    evidence = evidence_of([[0], [0]], track=[0])
    tail = Tail(np.array([0.25]), np.full((1, 1, 4), -20.0))
    assert has_size(evidence, 20, 0.25)
    assert not has_size(evidence, 1_000, 0.25)
    assert has_size(replace(evidence, tail=tail), 1_000, 0.25)
    assert not has_size(replace(evidence, tail=tail), 1_000, None)
