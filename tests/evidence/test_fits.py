"""The mean over fits of a generator, worked out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from fpbench.evidence.fits import fit_rates
from fpbench.evidence.intervals import rate_interval

TRACKS = list(range(8))


def test_a_mean_has_the_error_of_the_queries_and_of_the_fits(
    evidence_of: Callable[..., Any],
) -> None:
    fits = [evidence_of([[0] * n + [1] * (8 - n), [0] * 8], track=TRACKS) for n in (4, 6, 8)]
    rates = {
        (r.metric, r.n_distractors): r
        for r in fit_rates(fits, [10], index="exact", tolerance_s=0.25)
    }
    found = rates["hr@1", 10]
    assert found.values == [12 / 16, 14 / 16, 16 / 16]
    assert found.value == 14 / 16
    assert found.error == pytest.approx(np.std(found.values, ddof=1) / np.sqrt(3))
    hits = np.array([6, 6, 6, 6, 5, 5, 4, 4])
    low, high, _ = rate_interval(hits, 6, np.array(TRACKS))
    half = t.ppf(0.975, 2) * found.error
    assert found.low == pytest.approx(found.value - np.hypot(found.value - low, half))
    assert found.high == 1.0 >= high
    assert rates["hr@3", 10].error == 0


def test_few_groups_give_no_interval(evidence_of: Callable[..., Any]) -> None:
    fits = [evidence_of([[0, n]], track=[0, 1]) for n in (0, 1)]
    found, *_ = fit_rates(fits, [10], index="exact", tolerance_s=0.25)
    assert (found.low, found.high, found.method) == (0.0, 1.0, "none: fewer than 5 groups")
