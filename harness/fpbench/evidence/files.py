"""Evidence files, from which every hit rate of a result can be computed again."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from fpbench.array_files import DAMAGE, read_arrays
from fpbench.errors import FpbenchError
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence, GrownEvidence, QueryColumns
from fpbench.evidence.tail_arrays import TAIL_ARRAYS, arrays_of_tail, tail_from_arrays
from fpbench.evidence.typed_arrays import Layout, require_shape, typed_arrays
from fpbench.files import atomic_file, write_arrays
from fpbench.folder_names import change_texts, record_setting
from fpbench.plugin.indexes import Candidates
from fpbench.results.document import EvidenceInfo
from fpbench.results.evidence_files import locate_evidence
from fpbench.stand_ins import refuse_stand_in

_INT32, _INT64 = np.dtype(np.int32), np.dtype(np.int64)
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)

_COMMON: Layout = {"query_track": (_INT64, 1), "match_score": (_FLOAT32, 1)}
_BLOCKS: Layout = {
    **_COMMON,
    "reference_ids": (_INT64, 2),
    "reference_scores": (_FLOAT32, 2),
    "distance_s": (_FLOAT64, 2),
    "edges": (_INT64, 1),
    # Ids fit into int32, because a block has at most a million rows.
    "block_ids": (_INT32, 3),
    "block_scores": (_FLOAT32, 3),
}
# Where keys are not the negated scores, as those of an exact search are.
_KEYS: Layout = {"reference_keys": (_FLOAT32, 2), "block_keys": (_FLOAT32, 3)}
_FOREIGN: Layout = {"foreign_score": (_FLOAT32, 1)}  # older evidence has none
_GROUP: Layout = {"query_group": (_INT64, 1)}  # where groups of tracks are known
# Where real distractors are from; older evidence does not know it.
_DISTRACTORS: Layout = {"distractor_track": (_INT32, 1), "distractor_group": (_INT32, 1)}
_GROWN: Layout = {
    **_COMMON,
    "sizes": (_INT64, 1),
    "ids": (_INT64, 3),
    "keys": (_FLOAT32, 3),
    "scores": (_FLOAT32, 3),
    "distances_s": (_FLOAT64, 3),
}


_MAX_RATIO = 4.0  # of the arrays' size to that of the file: evidence is not compressed

_ABSENT = "absent_"  # begins the arrays of queries that the database does not hold

_QUERIES = "queries"  # the table of queries, which older files do not have


def evidence_name(stem: str, index: str, distractors: str) -> str:
    """Name of the evidence file beside a result; ``faiss:HNSW32`` becomes ``faiss-hnsw32``."""
    index = re.sub(r"[^A-Za-z0-9]+", "-", index).strip("-").lower()
    return f"{stem}.{index}.{distractors}.npz"


def fit_evidence_name(stem: str, index: str, fit: int) -> str:
    """Name of the evidence of a further fit of the generator, from 2."""
    return evidence_name(stem, index, f"synthetic.fit{fit}")


def write_evidence(path: Path, evidence: Evidence | GrownEvidence) -> None:
    """Write an ``.npz`` file, completely or not at all; equal evidence gives equal bytes."""
    arrays = _block_arrays(evidence) if isinstance(evidence, Evidence) else _grown_arrays(evidence)
    if evidence.query_group is not None:
        arrays = {**arrays, "query_group": evidence.query_group}
    if evidence.queries is not None:
        arrays = {**arrays, _QUERIES: _encode(evidence.queries)}
    if isinstance(evidence, Evidence) and evidence.absent is not None:
        absent = _block_arrays(evidence.absent)
        if evidence.absent.queries is not None:
            absent = {**absent, _QUERIES: _encode(evidence.absent.queries)}
        arrays = {**arrays, **{_ABSENT + name: array for name, array in absent.items()}}
    with atomic_file(path) as file:
        write_arrays(file, dict(sorted(arrays.items())))


def read_evidence(path: Path) -> Evidence | GrownEvidence:
    """Read a file that :func:`write_evidence` wrote.

    Raises:
        FpbenchError: The file does not exist, is damaged, or is not an evidence file.
    """
    refuse_stand_in(path)
    try:
        arrays = read_arrays(path, max_ratio=_MAX_RATIO)
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read evidence from {path}: {err}",
            hint="run the same `fpbench run` again; it reuses all finished work",
        ) from err
    try:
        of_absent = {
            name.removeprefix(_ABSENT): arrays.pop(name)
            for name in sorted(arrays)
            if name.startswith(_ABSENT)
        }
        if _is_of_blocks(arrays) and (not of_absent or _is_of_blocks(of_absent)):
            evidence = _read_blocks(arrays)
            return replace(evidence, absent=_absent_from(of_absent, evidence))
        table = arrays.pop(_QUERIES, None)
        known = arrays.keys() - _GROUP.keys()
        if known == _GROWN.keys():
            grown = _grown_evidence_from(typed_arrays(arrays, _GROWN))
            queries = len(grown.query_track)
            return replace(
                grown, queries=_columns(table, queries), query_group=_group_from(arrays, queries)
            )
    except ValueError as err:
        raise FpbenchError(
            f"{path} is inconsistent: {err}",
            hint="run the same `fpbench run` again, which writes the file again",
        ) from err
    raise FpbenchError(
        f"{path} is not an evidence file: it holds {', '.join(sorted(arrays))[:200] or 'nothing'}",
        hint="give the .npz file that `fpbench run` wrote beside the result",
    )


def _is_of_blocks(arrays: Mapping[str, np.ndarray]) -> bool:
    later = TAIL_ARRAYS | _FOREIGN.keys() | _DISTRACTORS.keys()
    without_keys = arrays.keys() - later - _GROUP.keys() - {_QUERIES} - _KEYS.keys()
    return without_keys == _BLOCKS.keys() and len(arrays.keys() & _KEYS.keys()) != 1


def _with_keys(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of blocks; where the file has no keys, they are the negated scores."""
    if arrays.keys() >= _KEYS.keys():
        return typed_arrays(arrays, {**_BLOCKS, **_KEYS})
    typed = typed_arrays(arrays, _BLOCKS)
    return {**typed, **{name: -typed[name.replace("keys", "scores")] for name in _KEYS}}


def _read_blocks(arrays: Mapping[str, np.ndarray]) -> Evidence:
    evidence = _evidence_from(_with_keys(arrays))
    queries = len(evidence.query_track)
    return replace(
        evidence,
        queries=_columns(arrays.get(_QUERIES), queries),
        query_group=_group_from(arrays, queries),
        foreign_score=_foreign_from(arrays, queries),
        tail=tail_from_arrays(arrays, queries),
        distractor_tracks=_distractors_from(arrays, int(evidence.edges[-1])),
    )


def _absent_from(of_absent: Mapping[str, np.ndarray], evidence: Evidence) -> Evidence | None:
    if not of_absent:
        return None
    absent = _read_blocks(of_absent)
    if not np.array_equal(absent.edges, evidence.edges):
        raise ValueError("absent_edges differ from edges")
    if _tail_grid(absent) != _tail_grid(evidence):
        raise ValueError("absent_tail_thresholds or replicates differ from those of the tail")
    if absent.foreign_score is None or np.isfinite(absent.match_score).any():
        raise ValueError("absent queries have a match, or no absent_foreign_score")
    return absent


def _tail_grid(evidence: Evidence) -> tuple[list[float], int] | None:
    """Thresholds and replicates of a simulated tail; None if it has no thresholds."""
    tail = evidence.tail
    if tail is None or tail.thresholds is None:
        return None
    return tail.thresholds.tolist(), tail.log_p.shape[2]


def find_evidence(result: Path, info: EvidenceInfo) -> Evidence | GrownEvidence | None:
    """The evidence in the file beside a result; None if there is no file.

    Raises:
        FpbenchError: The file is from another run, or is damaged.
    """
    file = locate_evidence(result, info)
    return None if file is None else read_evidence(file)


def _encode(columns: QueryColumns) -> np.ndarray:
    """The table of queries as JSON, because its columns differ in type and number."""
    table = {name: list(column) for name, column in columns.items()}
    text = json.dumps(change_texts(table, lambda t: record_setting(t).text), allow_nan=False)
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _columns(table: np.ndarray | None, queries: int) -> QueryColumns | None:
    if table is None:
        return None
    if table.dtype != np.uint8 or table.ndim != 1:
        raise ValueError(f"{_QUERIES} is {table.dtype} with {table.ndim} axes")
    columns = msgspec.json.decode(table.tobytes(), type=dict[str, list[int | float | str]])
    for name, column in columns.items():
        if len(column) != queries:
            raise ValueError(f"{_QUERIES}.{name} has {len(column)} values for {queries} queries")
    return columns


def _block_arrays(evidence: Evidence) -> Mapping[str, np.ndarray]:
    shape = (0, len(evidence.reference.ids), evidence.shortlist)
    blocks = evidence.blocks
    empty = np.empty(shape, dtype=np.float32)
    later = {}
    if evidence.foreign_score is not None:
        later["foreign_score"] = evidence.foreign_score
    if evidence.tail is not None:
        later |= arrays_of_tail(evidence.tail)
    if evidence.distractor_tracks is not None:
        later["distractor_track"] = evidence.distractor_tracks.track.astype(np.int32)
        if evidence.distractor_tracks.group is not None:
            later["distractor_group"] = evidence.distractor_tracks.group.astype(np.int32)
    parts = [evidence.reference, *blocks]
    if not all(np.array_equal(part.keys, -part.scores) for part in parts):
        later["reference_keys"] = evidence.reference.keys
        later["block_keys"] = np.stack([b.keys for b in blocks]) if blocks else empty
    return {
        **later,
        "query_track": evidence.query_track,
        "match_score": evidence.match_score,
        "reference_ids": evidence.reference.ids,
        "reference_scores": evidence.reference.scores,
        "distance_s": evidence.distance_s,
        "edges": evidence.edges,
        "block_ids": np.stack([b.ids.astype(np.int32) for b in blocks])
        if blocks
        else np.empty(shape, dtype=np.int32),
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
    rows = max(1, len(arrays["reference_ids"]) // queries) * queries
    blocks_shape = (len(arrays["edges"]) - 1, rows, k)
    for name in ("block_ids", "block_keys", "block_scores"):
        require_shape(name, arrays[name], blocks_shape)
    width = arrays["reference_ids"].shape[-1]
    for name in ("reference_ids", "reference_keys", "reference_scores", "distance_s"):
        require_shape(name, arrays[name], (rows, width))
    require_shape("match_score", arrays["match_score"], (queries,))
    if not 1 <= k < width:
        raise ValueError(f"shortlists have {k} rows, and {width} of the reference")
    if arrays["edges"][0] != 0 or (np.diff(arrays["edges"]) <= 0).any():
        raise ValueError("edges do not increase from 0")
    sizes = np.diff(arrays["edges"])[:, None, None]
    if (arrays["block_ids"] >= sizes).any():
        raise ValueError("block_ids has rows that its blocks do not have")
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


def _foreign_from(arrays: Mapping[str, np.ndarray], queries: int) -> np.ndarray | None:
    if not arrays.keys() & _FOREIGN.keys():
        return None
    scores = typed_arrays(arrays, {**_FOREIGN, **_COMMON})["foreign_score"]
    require_shape("foreign_score", scores, (queries,))
    return scores


def _group_from(arrays: Mapping[str, np.ndarray], queries: int) -> np.ndarray | None:
    if not arrays.keys() & _GROUP.keys():
        return None
    groups = typed_arrays(arrays, {**_GROUP, **_COMMON})["query_group"]
    require_shape("query_group", groups, (queries,))
    tracks = arrays["query_track"]
    if _has_two_groups(tracks, groups):
        raise ValueError("query_group has two groups of one track")
    return groups


def _distractors_from(
    arrays: Mapping[str, np.ndarray], distractors: int
) -> DistractorTracks | None:
    known = arrays.keys() & _DISTRACTORS.keys()
    if not known:
        return None
    if "distractor_track" not in known:
        raise ValueError("distractor_group is there, but distractor_track is not")
    typed = typed_arrays(
        arrays, {**{name: _DISTRACTORS[name] for name in sorted(known)}, **_COMMON}
    )
    numbers = {name: typed[name].astype(np.int64) for name in known}
    for name, array in numbers.items():
        require_shape(name, array, (distractors,))
    track, group = numbers["distractor_track"], numbers.get("distractor_group")
    if group is not None and _has_two_groups(track, group):
        raise ValueError("distractor_group has two groups of one track")
    return DistractorTracks(track=track, group=group)


def _has_two_groups(track: np.ndarray, group: np.ndarray) -> bool:
    """Whether a track is in several groups."""
    return len(np.unique([track, group], axis=1).T) > len(np.unique(track))


def _grown_evidence_from(arrays: Mapping[str, np.ndarray]) -> GrownEvidence:
    queries, k = len(arrays["query_track"]), arrays["ids"].shape[-1]
    shape = (len(arrays["sizes"]), queries, k)
    for name in ("ids", "keys", "scores", "distances_s"):
        require_shape(name, arrays[name], shape)
    require_shape("match_score", arrays["match_score"], (queries,))
    sizes = arrays["sizes"]
    if len(sizes) == 0 or k == 0 or sizes[0] < 0 or (np.diff(sizes) <= 0).any():
        raise ValueError("sizes do not increase")
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
