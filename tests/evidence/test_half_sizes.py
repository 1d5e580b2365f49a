"""Sizes at which a hit rate is halved, against closed forms and against simulated groups."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.half_sizes import half_size, half_sizes
from fpbench.evidence.tails import Tail

LARGEST = 10**12


def with_tail(
    evidence_of: Callable[..., Evidence], p: np.ndarray, groups: int, replicates: int = 8
) -> Evidence:
    """Evidence whose queries have these probabilities, for 0.25 s."""
    track = np.arange(len(p)) % groups
    evidence = evidence_of([[0] * len(p)], track=track)
    of_replicates = p if p.ndim == 2 else np.tile(p[:, None], (1, replicates))
    return replace(evidence, tail=Tail(np.array([0.25]), np.log(of_replicates)[:, None]))


def test_equal_queries_are_halved_where_the_exponential_is(
    evidence_of: Callable[..., Evidence],
) -> None:
    found = half_size(with_tail(evidence_of, np.full(12, 1e-8), 6), 0.25, LARGEST)
    # exp(-N p) is half of exp(-1e6 p) at N = 1e6 + ln(2) / p; groups and replicates agree.
    assert found is not None
    assert found.value == pytest.approx(np.exp(-0.01))
    assert found.size == pytest.approx(1e6 + np.log(2) / 1e-8, rel=5e-3)
    assert (found.low, found.high) == pytest.approx((found.size, found.size))


@pytest.mark.slow
def test_the_interval_holds_the_size_of_the_population(
    evidence_of: Callable[..., Evidence],
) -> None:
    rng = np.random.default_rng(0)
    groups, of_group, held, repetitions = 25, 8, 0, 40
    population = 10 ** rng.normal(-8, 1, 20_000)
    sizes = 10 ** np.arange(6, 12, 0.01)
    rates = np.array([np.exp(-size * population).mean() for size in sizes])
    truth = sizes[np.argmax(rates <= rates[0] / 2)]
    for _ in range(repetitions):
        # Queries of one group share half of the variance of log p.
        shared = np.tile(rng.normal(0, np.sqrt(0.5), groups), of_group)
        p = 10 ** (-8 + shared + rng.normal(0, np.sqrt(0.5), groups * of_group))
        found = half_size(with_tail(evidence_of, p, groups, replicates=2), 0.25, LARGEST)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held >= 0.85 * repetitions


def test_replicates_that_disagree_widen_the_interval(evidence_of: Callable[..., Evidence]) -> None:
    noisy = 1e-8 * np.random.default_rng(0).gamma(1.5, 1 / 1.5, (12, 8))
    same = np.repeat(noisy.mean(axis=1, keepdims=True), 8, axis=1)
    wide, narrow = (half_size(with_tail(evidence_of, p, 6), 0.25, LARGEST) for p in (noisy, same))
    assert wide is not None
    assert narrow is not None
    assert wide.low < narrow.low < narrow.high < wide.high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("p", "groups", "size", "ends"),
    [
        pytest.param(1e-13, 6, False, (False, False), id="beyond"),
        pytest.param(1e-8, 3, True, (False, False), id="few groups"),
    ],
)
def test_what_is_not_known_is_none(
    evidence_of: Callable[..., Evidence],
    p: float,
    groups: int,
    size: bool,
    ends: tuple[bool, bool],
) -> None:
    found = half_size(with_tail(evidence_of, np.full(12, p), groups), 0.25, LARGEST)
    assert found is not None
    assert (found.size is not None) == size
    assert (found.low is not None, found.high is not None) == ends


def test_an_upper_end_beyond_the_simulated_sizes_is_none(
    evidence_of: Callable[..., Evidence],
) -> None:
    p = 10 ** np.linspace(-12, -9, 12)
    found = half_size(with_tail(evidence_of, p, 6), 0.25, 3 * 10**10)
    assert found is not None
    assert found.size is not None
    assert found.low is not None
    assert found.high is None


def test_nothing_is_halved_without_hits_or_sizes(evidence_of: Callable[..., Evidence]) -> None:
    assert half_sizes(with_tail(evidence_of, np.full(12, 0.5), 6), [0.25], LARGEST) == []
    assert half_sizes(with_tail(evidence_of, np.full(12, 1e-8), 6), [0.25], 10**6) == []
