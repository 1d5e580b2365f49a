"""A query that begins at row t matches row t of the reference."""

import numpy as np
import pytest

from fpbench.plugin.datasets import VectorDataset
from fpbench.runs.protocols.aligned import sequence_queries
from fpbench.runs.protocols.inputs import inputs_of_vectors
from fpbench.runs.ready_made import VectorSource


@pytest.mark.parametrize(("start", "rows"), [(1, [1, 2, 3]), (4, [4, 5])])
def test_queries_are_cut_at_the_last_row_only(start: int, rows: list[int]) -> None:
    matrix = np.eye(6, dtype=np.float32)
    vectors = VectorDataset(query=matrix, reference=matrix, distractors=matrix[:0])
    source = VectorSource(name="x", vectors=vectors, n_queries=1, query_length_s=1.0, seed=0)
    queries = sequence_queries(inputs_of_vectors(source), np.array([start]), [1, 3])
    assert queries.rows().tolist() == rows
