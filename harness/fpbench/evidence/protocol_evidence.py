"""What the search of an authors' protocol leaves: the best starts of each query, and its hits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64

from fpbench.array_files import DAMAGE, read_arrays
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, write_arrays
from fpbench.results.document import EvidenceInfo
from fpbench.results.evidence_files import locate_evidence
from fpbench.stand_ins import refuse_stand_in

RuleSet = Literal["right", "official", "both"]
"""Rules that hits were counted by; ``both`` if the authors' script has no fault that matters."""

_RULE_SETS: tuple[RuleSet, ...] = ("both", "right", "official")
_HITS = "hits"  # begins the arrays of hits: hits.RULES.METRIC

_ARRAYS: Mapping[str, tuple[type, int]] = {
    "query_track": (np.int64, 1),
    "test_ids": (np.int64, 1),
    "segments": (np.int64, 1),
    "sizes": (np.int64, 1),
    "truth": (np.int64, 2),
    "starts": (np.int64, 4),
    "scores": (np.float32, 4),
    "candidates": (np.int32, 3),
}
_GROUP = "query_group"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolEvidence:
    """The best starts of each query at each length in each database, and which of them are hits.

    Args:
        query_track: Track of each query, or the stretch of the timeline where tracks are unknown.
        query_group: Group of each query's track; None if groups are unknown.
        test_ids: First row of each query.
        segments: Lengths of queries, in fingerprints.
        sizes: Numbers of distractors of the databases, ascending; several of one size are repeats.
        truth: Right start in each database, as its row: distractors come first, then the reference.
            -1 where only the track is known.
        starts: Best starts, best first; -1 where there are fewer.
        scores: Their scores; -inf where there is no start.
        candidates: How many starts were proposed.
        hits: Hits by rules and metric, in each database, of each query, at each length.
    """

    query_track: Int64[np.ndarray, " queries"] = field(repr=False)
    query_group: Int64[np.ndarray, " queries"] | None = field(default=None, repr=False)
    test_ids: Int64[np.ndarray, " queries"] = field(repr=False)
    segments: Int64[np.ndarray, " lengths"]
    sizes: Int64[np.ndarray, " sizes"]
    truth: Int64[np.ndarray, "sizes queries"] = field(repr=False)
    starts: Int64[np.ndarray, "sizes queries lengths places"] = field(repr=False)
    scores: Float32[np.ndarray, "sizes queries lengths places"] = field(repr=False)
    candidates: Int32[np.ndarray, "sizes queries lengths"] = field(repr=False)
    hits: Mapping[tuple[RuleSet, str], Bool[np.ndarray, "sizes queries lengths"]] = field(
        repr=False
    )

    @property
    def clusters(self) -> Int64[np.ndarray, " queries"]:
        """What intervals are over: groups of tracks, or tracks where groups are unknown."""
        return self.query_track if self.query_group is None else self.query_group

    def metrics(self, rules: Literal["right", "official"]) -> dict[str, np.ndarray]:
        """Hits by metric under these rules, in the order of the file."""
        return {name: hits for (own, name), hits in self.hits.items() if own in (rules, "both")}


def write_protocol_evidence(path: Path, evidence: ProtocolEvidence) -> None:
    """Write an ``.npz`` file, completely or not at all; equal evidence gives equal bytes."""
    arrays = {name: getattr(evidence, name) for name in _ARRAYS}
    if evidence.query_group is not None:
        arrays[_GROUP] = evidence.query_group
    for (rules, metric), hits in evidence.hits.items():
        arrays[f"{_HITS}.{rules}.{metric}"] = hits
    with atomic_file(path) as file:
        write_arrays(file, arrays)


def find_protocol_evidence(result: Path, info: EvidenceInfo) -> ProtocolEvidence | None:
    """The evidence in the file beside a result; None if there is no file.

    Raises:
        FpbenchError: The file is from another run, or is damaged.
    """
    file = locate_evidence(result, info)
    return None if file is None else read_protocol_evidence(file)


def read_protocol_evidence(path: Path) -> ProtocolEvidence:
    """Read a file that :func:`write_protocol_evidence` wrote.

    Raises:
        FpbenchError: The file does not exist, is damaged, or is no evidence of a protocol.
    """
    refuse_stand_in(path)
    try:
        return _evidence_from(read_arrays(path))
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read the evidence of a protocol from {path}: {err}",
            hint="run the same `fpbench run` again; it reuses all finished work",
        ) from err


def _evidence_from(arrays: Mapping[str, np.ndarray]) -> ProtocolEvidence:
    typed: dict[str, Any] = {}
    for name, (dtype, axes) in _ARRAYS.items():
        array = arrays[name]
        if array.dtype != dtype or array.ndim != axes:
            raise ValueError(f"{name} is {array.dtype} with {array.ndim} axes")
        typed[name] = array
    queries, lengths, sizes = (len(typed[name]) for name in ("test_ids", "segments", "sizes"))
    places = typed["starts"].shape[3]
    _require_shape("query_track", typed["query_track"], (queries,))
    _require_shape("truth", typed["truth"], (sizes, queries))
    for name in ("starts", "scores"):
        _require_shape(name, typed[name], (sizes, queries, lengths, places))
    _require_shape("candidates", typed["candidates"], (sizes, queries, lengths))
    group = arrays.get(_GROUP)
    if group is not None:
        _refuse_groups(group, typed["query_track"])
    if not queries or not lengths or not sizes:
        raise ValueError("it has no queries, lengths or sizes")
    if (np.diff(typed["sizes"]) < 0).any() or typed["sizes"][0] < 0:
        raise ValueError("sizes do not ascend")
    return ProtocolEvidence(
        **typed,
        query_group=group,
        hits=_hits_from(arrays, (sizes, queries, lengths)),
    )


def _refuse_groups(group: np.ndarray, track: Int64[np.ndarray, " queries"]) -> None:
    if group.dtype != np.int64:
        raise ValueError(f"{_GROUP} is {group.dtype}")
    _require_shape(_GROUP, group, track.shape)
    if len(np.unique([track, group], axis=1).T) > len(np.unique(track)):
        raise ValueError(f"{_GROUP} has two groups of one track")


def _hits_from(
    arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]
) -> dict[tuple[RuleSet, str], np.ndarray]:
    hits: dict[tuple[RuleSet, str], np.ndarray] = {}
    for name in arrays.keys() - _ARRAYS.keys() - {_GROUP}:
        kind, _, rest = name.partition(".")
        rules, _, metric = rest.partition(".")
        known = [one for one in _RULE_SETS if one == rules]
        if kind != _HITS or not known or not metric or arrays[name].dtype != np.bool_:
            raise ValueError(f"'{name}' is no array of a protocol's evidence")
        _require_shape(name, arrays[name], shape)
        hits[known[0], metric] = arrays[name]
    if not hits:
        raise ValueError("it has no hits")
    order = {name: place for place, name in enumerate(arrays)}
    return dict(sorted(hits.items(), key=lambda one: order[f"{_HITS}.{one[0][0]}.{one[0][1]}"]))


def _require_shape(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
