"""Evidence files, from which every hit rate of a result can be computed again."""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.files import atomic_file, write_arrays
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
    """Name of the evidence file beside a result; ``faiss:HNSW32`` becomes ``faiss-hnsw32``."""
    index = re.sub(r"[^A-Za-z0-9]+", "-", index).strip("-").lower()
    return f"{stem}.{index}.{distractors}.npz"


def write_evidence(path: Path, evidence: Evidence | GrownEvidence) -> None:
    """Write an ``.npz`` file, completely or not at all; equal evidence gives equal bytes."""
    arrays = _block_arrays(evidence) if isinstance(evidence, Evidence) else _grown_arrays(evidence)
    with atomic_file(path) as file:
        write_arrays(file, dict(sorted(arrays.items())))


def read_evidence(path: Path) -> Evidence | GrownEvidence:
    """Read a file that :func:`write_evidence` wrote.

    Raises:
        FpbenchError: The file does not exist, is damaged, or is not an evidence file.
    """
    try:
        # The file is opened here, because NumPy does not close a file that it cannot read.
        # np.load would also accept an .npy file with this name.
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as err:
        raise FpbenchError(
            f"cannot read evidence from {path}: {err}",
            hint="run the same `fpbench run` again; it reuses all finished work",
        ) from err
    try:
        if arrays.keys() == _COMMON | _BLOCKS:
            return _evidence_from(arrays)
        if arrays.keys() == _COMMON | _GROWN:
            return _grown_evidence_from(arrays)
    except ValueError as err:
        raise FpbenchError(
            f"{path} is inconsistent: {err}",
            hint="run the same `fpbench run` again, which writes the file again",
        ) from err
    raise FpbenchError(
        f"{path} is not an evidence file: it holds {', '.join(sorted(arrays)) or 'nothing'}",
        hint="give the .npz file that `fpbench run` wrote beside the result",
    )


def find_evidence(result: Path, info: EvidenceInfo) -> Evidence | GrownEvidence | None:
    """The evidence in the file beside a result; None if there is no file.

    Raises:
        FpbenchError: The file is from another run, or is damaged.
    """
    file = result.with_name(info.file)
    if not file.exists():
        return None
    if file_sha256(file) != info.sha256:
        raise FpbenchError(
            f"{file}: its SHA-256 differs from the one in {result.name}",
            hint="put the evidence file of the same run beside the result",
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
        # Ids fit into int32, because a block has at most a million rows.
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
        "ids": np.stack([at_size.ids for at_size in evidence.candidates]),
        "keys": np.stack([at_size.keys for at_size in evidence.candidates]),
        "scores": np.stack([at_size.scores for at_size in evidence.candidates]),
        "distances_s": np.stack(evidence.distances_s),
    }


def _evidence_from(arrays: Mapping[str, np.ndarray]) -> Evidence:
    queries, k = len(arrays["query_track"]), arrays["block_ids"].shape[-1]
    # A query has one row of candidates, or one for each of its fingerprints.
    rows = max(1, len(arrays["reference_ids"]) // max(1, queries)) * queries
    blocks_shape = (len(arrays["edges"]) - 1, rows, k)
    for name in ("block_ids", "block_keys", "block_scores"):
        _require_shape(name, arrays[name], blocks_shape)
    width = arrays["reference_ids"].shape[-1]
    for name in ("reference_ids", "reference_keys", "reference_scores", "distance_s"):
        _require_shape(name, arrays[name], (rows, width))
    _require_shape("match_score", arrays["match_score"], (queries,))
    if arrays["edges"][0] != 0 or (np.diff(arrays["edges"]) <= 0).any():
        raise ValueError("edges do not increase from 0")
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


def _grown_evidence_from(arrays: Mapping[str, np.ndarray]) -> GrownEvidence:
    queries, k = len(arrays["query_track"]), arrays["ids"].shape[-1]
    shape = (len(arrays["sizes"]), queries, k)
    for name in ("ids", "keys", "scores", "distances_s"):
        _require_shape(name, arrays[name], shape)
    _require_shape("match_score", arrays["match_score"], (queries,))
    return GrownEvidence(
        query_track=arrays["query_track"],
        match_score=arrays["match_score"],
        sizes=tuple(arrays["sizes"].tolist()),
        candidates=[
            Candidates(*at_size)
            for at_size in zip(arrays["ids"], arrays["keys"], arrays["scores"], strict=True)
        ],
        distances_s=list(arrays["distances_s"]),
    )


def _require_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
