"""Queries that the database does not hold follow the others."""

from dataclasses import replace

import numpy as np

from fpbench.plugin.datasets import Positions
from fpbench.results.data import DataInfo, QueryInfo
from fpbench.search.inputs import AbsentQueries, Inputs

TWO = np.arange(2)
INPUTS = Inputs(
    key="k",
    queries=np.eye(2, dtype=np.float32),
    segments=1,
    truth=Positions(TWO, np.zeros(2)),
    query_tracks=TWO,
    reference=np.eye(2, dtype=np.float32),
    reference_positions=Positions(TWO, np.zeros(2)),
    real=np.eye(2, dtype=np.float32),
    real_tracks=TWO,
    real_key="r",
    hop_s=0.5,
    data=DataInfo(
        name="d",
        reference_tracks=1,
        reference_fingerprints=2,
        reference_hours=1.0,
        distractor_tracks=1,
        distractor_fingerprints=2,
        distractor_hours=1.0,
        skipped=[],
        content="c",
    ),
    query_info=QueryInfo(n=2, tracks=1, length_s=1.0, recipe={}),
)


def test_absent_queries_are_searched_after_the_others() -> None:
    assert INPUTS.all_queries is INPUTS.queries
    absent = AbsentQueries(queries=np.ones((1, 2), dtype=np.float32), recording=np.array([0]))
    both = replace(INPUTS, absent=absent).all_queries
    np.testing.assert_array_equal(both, [[1, 0], [0, 1], [1, 1]])
