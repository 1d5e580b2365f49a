"""Evidence as one file, from which every number of a result can be computed again."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.files import atomic_file
from fpbench.hashing import file_sha256
from fpbench.plugin.indexes import Candidates
from fpbench.results.document import EvidenceInfo

_COMMON = {"query_track", "match_score"}
_BLOCKS = {"reference_ids", "reference_keys", "reference_scores", "distance_s", "edges"} | {
    "block_ids",
    "block_keys",
    "block_scores",
}
_GROWN = {"sizes", "ids", "keys", "scores", "distances_s"}


def evidence_name(stem: str, index: str, distractors: str) -> str:
    """What the file beside a result is called; ``faiss:HNSW32`` becomes ``faiss-hnsw32``."""
    word = re.sub(r"[^A-Za-z0-9]+", "-", index).strip("-").lower()
    return f"{stem}.{word}.{distractors}.npz"


def write_evidence(path: Path, evidence: Evidence | GrownEvidence) -> None:
    """Write an ``.npz`` file, whole or not at all; equal evidence gives equal bytes."""
    arrays = _block_arrays(evidence) if isinstance(evidence, Evidence) else _grown_arrays(evidence)
    with atomic_file(path) as file:
        np.savez(file, allow_pickle=False, **dict(sorted(arrays.items())))


def read_evidence(path: Path) -> Evidence | GrownEvidence:
    """Read what :func:`write_evidence` wrote.

    Raises:
        FpbenchError: There is no such file, or it is damaged, or it is something else.
    """
    try:
        # NumPy leaves a file open that it cannot read, so it is opened here. np.load would read
        # an .npy file of that name, too.
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as err:
        raise FpbenchError(
            f"cannot read evidence from {path}: {err}",
            hint="run the same `fpbench run` again; what is finished is not done again",
        ) from err
    try:
        if arrays.keys() == _COMMON | _BLOCKS:
            return _blocks_from(arrays)
        if arrays.keys() == _COMMON | _GROWN:
            return _grown_from(arrays)
    except ValueError as err:
        raise FpbenchError(f"{path} contradicts itself: {err}", hint="write it again") from err
    raise FpbenchError(
        f"{path} is no evidence file: it holds {', '.join(sorted(arrays)) or 'nothing'}",
        hint="give the .npz file that `fpbench run` wrote beside the result",
    )


def find_evidence(result: Path, info: EvidenceInfo) -> Evidence | GrownEvidence | None:
    """What lies beside a result, if it is there.

    Raises:
        FpbenchError: It is another run's, or damaged.
    """
    file = result.with_name(info.file)
    if not file.exists():
        return None
    if file_sha256(file) != info.sha256:
        raise FpbenchError(
            f"{file}: its hash is not the one in {result.name}",
            hint="put the evidence of this very run beside the result",
        )
    return read_evidence(file)


def _block_arrays(evidence: Evidence) -> Mapping[str, np.ndarray]:
    shape = (0, len(evidence.reference.ids), evidence.shortlist)
    blocks = evidence.blocks
    empty = np.empty(shape, dtype=np.float32)
    return {
        "query_track": evidence.query_track,
        "match_score": evidence.match_score,
        "reference_ids": evidence.reference.ids,
        "reference_keys": evidence.reference.keys,
        "reference_scores": evidence.reference.scores,
        "distance_s": evidence.distance_s,
        "edges": evidence.edges,
        # A block has at most a million rows.
        "block_ids": np.stack([b.ids.astype(np.int32) for b in blocks])
        if blocks
        else np.empty(shape, dtype=np.int32),
        "block_keys": np.stack([b.keys for b in blocks]) if blocks else empty,
        "block_scores": np.stack([b.scores for b in blocks]) if blocks else empty,
    }


def _grown_arrays(evidence: GrownEvidence) -> Mapping[str, np.ndarray]:
    return {
        "query_track": evidence.query_track,
        "match_score": evidence.match_score,
        "sizes": np.array(evidence.sizes, dtype=np.int64),
        "ids": np.stack([cell.ids for cell in evidence.cells]),
        "keys": np.stack([cell.keys for cell in evidence.cells]),
        "scores": np.stack([cell.scores for cell in evidence.cells]),
        "distances_s": np.stack(evidence.distances_s),
    }


def _blocks_from(arrays: Mapping[str, np.ndarray]) -> Evidence:
    queries, k = len(arrays["query_track"]), arrays["block_ids"].shape[-1]
    # A query has one row in each cell, or one for each of its fingerprints.
    rows = max(1, len(arrays["reference_ids"]) // max(1, queries)) * queries
    cells = (len(arrays["edges"]) - 1, rows, k)
    for name in ("block_ids", "block_keys", "block_scores"):
        _require(name, arrays[name], cells)
    width = arrays["reference_ids"].shape[-1]
    for name in ("reference_ids", "reference_keys", "reference_scores", "distance_s"):
        _require(name, arrays[name], (rows, width))
    _require("match_score", arrays["match_score"], (queries,))
    if arrays["edges"][0] != 0 or (np.diff(arrays["edges"]) <= 0).any():
        raise ValueError("edges do not rise from 0")
    return Evidence(
        query_track=arrays["query_track"],
        reference=Candidates(
            arrays["reference_ids"], arrays["reference_keys"], arrays["reference_scores"]
        ),
        distance_s=arrays["distance_s"],
        match_score=arrays["match_score"],
        edges=arrays["edges"],
        blocks=[
            Candidates(ids.astype(np.int64), keys, scores)
            for ids, keys, scores in zip(
                arrays["block_ids"], arrays["block_keys"], arrays["block_scores"], strict=True
            )
        ],
    )


def _grown_from(arrays: Mapping[str, np.ndarray]) -> GrownEvidence:
    queries, k = len(arrays["query_track"]), arrays["ids"].shape[-1]
    cells = (len(arrays["sizes"]), queries, k)
    for name in ("ids", "keys", "scores", "distances_s"):
        _require(name, arrays[name], cells)
    _require("match_score", arrays["match_score"], (queries,))
    return GrownEvidence(
        query_track=arrays["query_track"],
        match_score=arrays["match_score"],
        sizes=tuple(arrays["sizes"].tolist()),
        cells=[
            Candidates(*cell)
            for cell in zip(arrays["ids"], arrays["keys"], arrays["scores"], strict=True)
        ],
        distances_s=list(arrays["distances_s"]),
    )


def _require(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} is {array.shape}, not {shape}")
