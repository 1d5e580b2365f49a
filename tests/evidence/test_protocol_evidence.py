"""Evidence of a protocol survives its file, and files of other content are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench.errors import FpbenchError
from fpbench.evidence.protocol_evidence import (
    ProtocolEvidence,
    find_protocol_evidence,
    read_protocol_evidence,
    write_protocol_evidence,
)
from fpbench.files import write_arrays
from fpbench.hashing import file_sha256
from fpbench.results.document import EvidenceInfo

SHAPE = (2, 3, 2)  # sizes, queries, lengths


def small_evidence() -> ProtocolEvidence:
    hits = np.zeros(SHAPE, dtype=bool)
    hits[0, 1] = True
    return ProtocolEvidence(
        query_track=np.arange(3),
        query_group=np.array([0, 0, 1]),
        test_ids=np.array([4, 0, 2]),
        segments=np.array([1, 3]),
        sizes=np.array([0, 10]),
        truth=np.array([[4, 0, 2], [14, 10, 12]]),
        starts=np.full((*SHAPE, 10), -1, dtype=np.int64),
        scores=np.full((*SHAPE, 10), -np.inf, dtype=np.float32),
        candidates=np.zeros(SHAPE, dtype=np.int32),
        hits={("both", "top1_near"): hits, ("right", "top3_song"): ~hits},
    )


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    evidence = small_evidence()
    write_protocol_evidence(tmp_path / "x.npz", evidence)
    found = read_protocol_evidence(tmp_path / "x.npz")
    for name in ("query_group", "test_ids", "truth", "starts", "scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(evidence, name))
    assert list(found.hits) == list(evidence.hits)
    assert list(found.metrics("official")) == ["top1_near"]
    assert found.clusters.tolist() == [0, 0, 1]
    ungrouped = replace(evidence, query_group=None)
    write_protocol_evidence(tmp_path / "x.npz", ungrouped)
    assert read_protocol_evidence(tmp_path / "x.npz").clusters.tolist() == [0, 1, 2]


def test_a_file_of_another_run_is_refused_and_a_missing_one_is_none(tmp_path: Path) -> None:
    write_protocol_evidence(tmp_path / "x.npz", small_evidence())
    info = EvidenceInfo(file="x.npz", sha256=file_sha256(tmp_path / "x.npz"))
    assert find_protocol_evidence(tmp_path / "r.json", info) is not None
    assert find_protocol_evidence(tmp_path / "r.json", replace(info, file="y.npz")) is None
    with pytest.raises(FpbenchError, match="SHA-256"):
        find_protocol_evidence(tmp_path / "r.json", replace(info, sha256="0" * 64))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        pytest.param("test_ids", np.zeros(3), "float64", id="type"),
        pytest.param("truth", np.zeros((3, 2), dtype=int), "shape", id="shape"),
        pytest.param("query_group", np.zeros(2, dtype=int), "shape", id="groups"),
        pytest.param("query_group", np.zeros(3), "query_group is float64", id="group-type"),
        pytest.param("query_track", np.zeros(3, dtype=int), "two groups of one", id="group-track"),
        pytest.param("sizes", np.array([10, 0]), "ascend", id="sizes"),
        pytest.param("hits.wrong.x", np.zeros(SHAPE, dtype=bool), "no array", id="rules"),
        pytest.param("other", np.zeros(1), "no array", id="unknown"),
        pytest.param("hits.both.top1_near", np.zeros(3, dtype=bool), "shape", id="hits"),
    ],
)
def test_other_arrays_are_refused(
    tmp_path: Path, name: str, array: np.ndarray, message: str
) -> None:
    path = tmp_path / "x.npz"
    write_protocol_evidence(path, small_evidence())
    with np.load(path) as file:
        arrays = dict(file) | {name: array}
    with path.open("wb") as damaged:
        write_arrays(damaged, arrays)
    with pytest.raises(FpbenchError, match=message):
        read_protocol_evidence(path)
