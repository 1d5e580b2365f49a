"""The arrays of a tail are checked when they are read."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench.evidence.tail_arrays import TAIL_ARRAYS, arrays_of_tail, tail_from_arrays
from fpbench.evidence.tails import CLUSTER_SIZES, Tail

QUERIES = 2
TAIL = Tail(
    np.array([0.25, np.inf]),
    np.full((QUERIES, 2, 2), -3.0),
    cluster_sizes=np.full((QUERIES, 2, CLUSTER_SIZES), 0.1),
)


def read(arrays: dict[str, np.ndarray]) -> Tail | None:
    return tail_from_arrays({**arrays, "query_track": np.arange(QUERIES)}, QUERIES)


def test_a_tail_of_runs_is_kept() -> None:
    arrays = arrays_of_tail(TAIL)
    assert arrays.keys() <= TAIL_ARRAYS
    found = read(arrays)
    assert found is not None
    np.testing.assert_array_equal(found.cluster_sizes, TAIL.cluster_sizes)
    np.testing.assert_array_equal(found.log_p, TAIL.log_p)


def test_independent_distractors_have_no_clusters() -> None:
    found = read(arrays_of_tail(replace(TAIL, cluster_sizes=None)))
    assert found is not None
    assert found.cluster_sizes is None
    assert read({}) is None


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        pytest.param(np.full((QUERIES, 2, CLUSTER_SIZES), 0.2), "impossible", id="more than 1"),
        pytest.param(np.full((QUERIES, 2, CLUSTER_SIZES), -0.1), "impossible", id="below 0"),
        pytest.param(np.full((QUERIES, 2, 3), 0.1), "has the shape", id="too few"),
    ],
)
def test_impossible_clusters_are_refused(sizes: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(arrays_of_tail(replace(TAIL, cluster_sizes=sizes)))


def test_clusters_without_a_tail_are_refused() -> None:
    arrays = arrays_of_tail(TAIL)
    with pytest.raises(ValueError, match="a part of the tail is missing"):
        read({"tail_cluster_sizes": arrays["tail_cluster_sizes"]})
