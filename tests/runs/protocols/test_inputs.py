"""Queries are counted in whole fingerprints, and must be aligned with the reference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench.errors import FpbenchError
from fpbench.plugin.datasets import VectorDataset
from fpbench.runs.protocols.inputs import ProtocolInputs, dataset_folder, inputs_of_vectors
from fpbench.runs.ready_made import VectorSource

ROWS = np.eye(4, dtype=np.float32)


def source() -> VectorSource:
    vectors = VectorDataset(query=ROWS, reference=ROWS, distractors=ROWS[:0])
    return VectorSource(
        name="embeddings:x", vectors=vectors, n_queries=4, query_length_s=1.0, seed=0
    )


@pytest.fixture
def inputs() -> ProtocolInputs:
    return inputs_of_vectors(source())


@pytest.mark.parametrize(
    ("lengths_s", "hop_s", "segments"),
    [
        ((1.0, 2.0, 3.0, 5.0, 6.0, 10.0), 0.5, [1, 3, 5, 9, 11, 19]),
        ((1.0, 2.0, 3.0, 5.0), 0.1, [1, 11, 21, 41]),
        ((1.2,), 0.5, [1]),
    ],
)
def test_the_last_fingerprint_of_a_query_is_whole(
    inputs: ProtocolInputs, lengths_s: tuple[float, ...], hop_s: float, segments: list[int]
) -> None:
    assert inputs.segments(lengths_s, hop_s) == segments


@pytest.mark.parametrize("lengths_s", [(0.5,), (1.0, 1.3)])
def test_impossible_lengths_are_refused(
    inputs: ProtocolInputs, lengths_s: tuple[float, ...]
) -> None:
    with pytest.raises(FpbenchError, match=r"fingerprints of 1 s, 0\.5 s apart"):
        inputs.segments(lengths_s, 0.5)


def test_rows_that_are_not_aligned_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "query.npy", ROWS[:3])
    np.save(tmp_path / "db.npy", ROWS)
    with pytest.raises(FpbenchError, match="3 rows of query and 4 of db"):
        fpbench.run(
            dataset=f"embeddings:{tmp_path}",
            protocol="nafp",
            distractors="none",
            cache=tmp_path / "cache",
            progress=False,
        )


def test_the_data_depend_on_where_queries_begin(inputs: ProtocolInputs) -> None:
    assert inputs.describe(np.array([0])).reference_fingerprints == 4
    named = source()
    named = replace(named, vectors=replace(named.vectors, query_set="mine"))
    describe = inputs_of_vectors(named).describe
    assert describe(np.array([0])).content != describe(np.array([1])).content


def test_the_folder_of_a_dataset_is_its_argument(tmp_path: Path) -> None:
    assert dataset_folder(f"embeddings:{tmp_path}") == tmp_path
    assert dataset_folder("demo") is None
    assert dataset_folder(f"embeddings:{tmp_path / 'absent'}") is None
