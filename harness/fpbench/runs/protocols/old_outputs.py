"""Results from what the authors' scripts wrote, so that old numbers need no second run.

| protocol | file | content |
| --- | --- | --- |
| ``nafp``, ``grafprint`` | ``raw_score.npy`` | a column of 0 and 1 for each length of each metric |
| ``peaknetfp`` | ``raw_score.npy`` | the same with three metrics of songs |
| ``nmfp`` | ``analysis.csv`` | a row for each stretch that has a prediction |
"""

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from fpbench.array_files import DAMAGE, read_array_file
from fpbench.errors import FpbenchError
from fpbench.evidence.files import evidence_name
from fpbench.evidence.protocol_evidence import (
    ProtocolEvidence,
    RuleSet,
    write_protocol_evidence,
)
from fpbench.evidence.protocol_rates import ProtocolLabels, protocol_curves, protocol_rates
from fpbench.files import atomic_path, make_folder
from fpbench.hashing import content_key, file_sha256, rows_digest
from fpbench.results.data import DataInfo, QueryInfo
from fpbench.results.document import ESTIMATOR, FORMAT, EvidenceInfo, Result
from fpbench.results.files import checked_text
from fpbench.results.harness import describe_harness
from fpbench.results.indexes import IndexInfo
from fpbench.results.protocols import ProtocolInfo, ProtocolRate, Rules
from fpbench.results.systems import ready_made_system
from fpbench.runs.config import RunConfig
from fpbench.runs.protocols.definitions import find_protocol
from fpbench.runs.ready_made import CLUSTER_S

_ALIGNED = ("top1_exact", "top1_near", "top3_exact", "top10_exact")
_SONGS = (*_ALIGNED, "top1_song", "top3_song", "top10_song")
_METRICS: Mapping[str, tuple[RuleSet, Sequence[str]]] = {
    "nafp": ("both", _ALIGNED),
    "grafprint": ("both", _ALIGNED),
    "peaknetfp": ("official", _SONGS),
}
_SEGMENTS = (1, 3, 5, 9, 11, 19)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRun:
    """What the files do not say.

    Args:
        protocol: Protocol of the script.
        name: Name of the system.
        index: Index that was searched.
        segments: Lengths of queries in fingerprints; None means those of the script.
        reference: Number of fingerprints of the reference; None takes ``db_shape.npy`` beside.
        distractors: Number of distractors; None takes ``dummy_db_shape.npy`` beside, or 0 for nmfp.
        hop_s: Time between neighbouring fingerprints.
        dim: Dimensions of a fingerprint.
    """

    protocol: str
    name: str
    index: str
    segments: Sequence[int] | None
    reference: int | None
    distractors: int | None
    hop_s: float
    dim: int


@dataclass(frozen=True, slots=True)
class _Hits:
    """Hits of each query at each length, by metric, and what is known of the queries."""

    metrics: dict[tuple[RuleSet, str], np.ndarray]
    segments: Sequence[int]
    test_ids: np.ndarray
    tracks: np.ndarray


def adopt_outputs(file: Path, run: OldRun, out: Path, command: str) -> Result:
    """Write a result with the numbers of a file, and evidence with its hits.

    Args:
        file: What the script wrote.
        run: What it does not say.
        out: Path of the result.
        command: The command line, for the result.

    Raises:
        FpbenchError: The file is not one of the script, ``hit_rates.npy`` beside it has other
            rates, or the size of the database is unknown.
    """
    find_protocol(run.protocol)  # or say which there are
    hits = _read_analysis(file) if run.protocol == "nmfp" else _read_scores(file, run)
    _compare_rates(file, hits)
    reference = _count(run.reference, file.with_name("db_shape.npy"), "--reference")
    distractors = 0
    if run.protocol != "nmfp" or run.distractors is not None:
        distractors = _count(run.distractors, file.with_name("dummy_db_shape.npy"), "--distractors")
    rules: Rules = "right" if all(key[0] == "both" for key in hits.metrics) else "official"
    config = RunConfig(
        protocol=run.protocol,
        name=run.name,
        dataset=f"embeddings:{file.resolve().parent.name}",
        distractors="real" if distractors else "none",
        indexes=(run.index,),
        query_lengths_s=tuple(1 + (one - 1) * run.hop_s for one in hits.segments),
        rules=rules,
    )
    evidence = _evidence(hits, distractors)
    labels = ProtocolLabels(
        distractors="real",
        index=run.index,
        query_lengths_s=config.query_lengths_s,
        n_reference=reference,
        hop_s=run.hop_s,
        rules=rules,
    )
    sha256 = file_sha256(file)
    with ExitStack() as stack:
        make_folder(out.parent)
        new_result = stack.enter_context(atomic_path(out))
        path = out.with_name(evidence_name(out.stem, run.index, "real"))
        new = stack.enter_context(atomic_path(path))
        write_protocol_evidence(new, evidence)
        result = Result(
            result_format=FORMAT,
            harness=describe_harness(),
            status="complete",
            fingerprinter=ready_made_system(run.name, segment_s=1.0, hop_s=run.hop_s, dim=run.dim),
            data=_describe_data(config.dataset, run.hop_s, reference, distractors, sha256),
            queries=_describe_queries(config, hits, sha256),
            generator=None,
            fidelity=None,
            curves=protocol_curves(evidence, labels),
            indexes=[IndexInfo(name=run.index, distractors="real", requested={}, effective={})],
            evidence=[EvidenceInfo(file=path.name, sha256=file_sha256(new))],
            environment={"imported": file.name},
            config=config.recorded(),
            command=command,
            estimator=ESTIMATOR,
            protocol=_describe_protocol(file, config, hits, protocol_rates(evidence, labels)),
        )
        new_result.write_text(checked_text(result, out), encoding="utf-8")
    return result


def _describe_queries(config: RunConfig, hits: _Hits, sha256: str) -> QueryInfo:
    return QueryInfo(
        n=len(hits.test_ids),
        tracks=len(np.unique(hits.tracks)),
        length_s=config.query_lengths_s[-1],
        recipe={"ready_made": config.dataset},
        content=content_key(imported=sha256),
    )


def _describe_protocol(
    file: Path, config: RunConfig, hits: _Hits, rates: Sequence[ProtocolRate]
) -> ProtocolInfo:
    name = str(config.protocol)
    protocol = find_protocol(name)
    return ProtocolInfo(
        name=name,
        version=protocol.version,
        source=protocol.source,
        rules=config.rules,
        settings={"imported": file.name},
        test_ids="imported",
        test_ids_sha256=rows_digest(hits.test_ids),
        rates=rates,
    )


def _evidence(hits: _Hits, distractors: int) -> ProtocolEvidence:
    """Evidence with hits alone: the files do not have the starts."""
    shape = (1, len(hits.test_ids), len(hits.segments))
    return ProtocolEvidence(
        query_track=hits.tracks,
        test_ids=hits.test_ids,
        segments=np.array(hits.segments, dtype=np.int64),
        sizes=np.array([distractors], dtype=np.int64),
        truth=np.full(shape[:2], -1, dtype=np.int64),
        starts=np.full((*shape, 1), -1, dtype=np.int64),
        scores=np.full((*shape, 1), -np.inf, dtype=np.float32),
        candidates=np.zeros(shape, dtype=np.int32),
        hits={key: each[None] for key, each in hits.metrics.items()},
    )


def _read_scores(file: Path, run: OldRun) -> _Hits:
    if run.protocol not in _METRICS:
        raise FpbenchError(
            f"outputs of protocol {run.protocol} cannot be imported",
            hint=f"use --protocol {', '.join(_METRICS)} or nmfp",
        )
    rules, metrics = _METRICS[run.protocol]
    scores = _read_array(file)
    segments = run.segments or _SEGMENTS[: scores.shape[-1] // len(metrics)]
    if scores.ndim != 2 or scores.shape[1] != len(metrics) * len(segments) or len(scores) == 0:
        raise FpbenchError(
            f"'{file}' has the shape {scores.shape}, not one column for each of {len(metrics)} "
            f"metrics at {len(segments)} lengths",
            hint="give the lengths with --segments, such as 1,3,5",
        )
    if not np.isin(scores, (0, 1)).all():
        raise FpbenchError(f"'{file}' has other values than 0 and 1", hint="give raw_score.npy")
    found = scores.astype(bool).reshape(len(scores), len(metrics), len(segments))
    beside = file.with_name("test_ids.npy")
    test_ids = _read_array(beside) if beside.is_file() else np.arange(len(scores))
    if test_ids.shape != (len(scores),) or test_ids.dtype.kind not in "iu":
        raise FpbenchError(
            f"'{beside}' has not one row number for each of {len(scores)} rows of '{file.name}'",
            hint="put the file of the same run there, or none",
        )
    test_ids = test_ids.astype(np.int64)
    return _Hits(
        {(rules, name): found[:, at] for at, name in enumerate(metrics)},
        segments,
        test_ids,
        (test_ids * run.hop_s // CLUSTER_S).astype(np.int64),
    )


def _read_analysis(file: Path) -> _Hits:
    """Hits of NMFP's table; a length that a stretch has no row of is a miss."""
    try:
        with file.open(newline="", encoding="utf-8") as content:
            rows = list(csv.DictReader(content))
        keys = sorted({(row["query_audio_path"], int(row["seq_start_idx"])) for row in rows})
        segments = sorted({int(row["seq_len"]) for row in rows})
        tracks = {row["query_audio_path"]: row["gt_track_path"] for row in rows}
        number = {key: place for place, key in enumerate(keys)}
        shape = (len(keys), len(segments))
        hits = {name: np.zeros(shape, dtype=bool) for name in ("track", "exact", "near")}
        for row in rows:
            at = number[row["query_audio_path"], int(row["seq_start_idx"])]
            cell = at, segments.index(int(row["seq_len"]))
            right = _stem(row["pred_track_path"]) == _stem(row["gt_track_path"])
            hits["track"][cell] = right
            if row["query_start_segment"]:
                apart = abs(int(row["pred_start_segment"]) - int(row["query_start_segment"]))
                hits["exact"][cell], hits["near"][cell] = right and apart == 0, right and apart <= 1
        bounded = all(row["query_start_segment"] for row in rows)
    except (OSError, KeyError, ValueError, TypeError, UnicodeDecodeError, csv.Error) as err:
        raise FpbenchError(
            f"cannot read '{file}': {err}", hint="give the analysis.csv that NMFP's script wrote"
        ) from err
    if not keys:
        raise FpbenchError(f"'{file}' has no rows", hint="give the analysis.csv of a whole run")
    found: dict[tuple[RuleSet, str], np.ndarray] = {("official", "track"): hits["track"]}
    if bounded:
        found["official", "segment_exact"] = hits["exact"]
        found["official", "segment_near"] = hits["near"]
        found["official", "segment_far"] = hits["track"]
    names = sorted(set(tracks.values()))
    of_queries = np.array([names.index(tracks[path]) for path, _ in keys], dtype=np.int64)
    starts = np.array([start for _, start in keys], dtype=np.int64)
    return _Hits(found, segments, starts, of_queries)


def _compare_rates(file: Path, hits: _Hits) -> None:
    """Refuse hits that do not give the rates in ``hit_rates.npy`` beside them."""
    beside = file.with_name("hit_rates.npy")
    if not beside.is_file():
        return
    rates = _read_array(beside)
    own = np.stack([100 * each.mean(axis=0) for each in hits.metrics.values()])
    if rates.shape != own.shape or not np.allclose(rates, own, rtol=0, atol=0.051):
        raise FpbenchError(
            f"'{beside}' has other rates than '{file.name}' gives",
            hint="put the files of one run there, or only one of them",
        )


def _count(given: int | None, beside: Path, option: str) -> int:
    if given is not None:
        return given
    if not beside.is_file():
        raise FpbenchError(
            f"there is no '{beside}', so the size of the database is unknown",
            hint=f"give the number of fingerprints with {option}",
        )
    return int(_read_array(beside).ravel()[0])


def _read_array(file: Path) -> np.ndarray:
    try:
        return read_array_file(file)
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read '{file}': {err}", hint="give the file as it was written"
        ) from err


def _stem(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).stem


def _describe_data(
    name: str, hop_s: float, reference: int, distractors: int, sha256: str
) -> DataInfo:
    hours = hop_s / 3600
    return DataInfo(
        name=name,
        reference_tracks=0,
        reference_fingerprints=reference,
        reference_hours=reference * hours,
        distractor_tracks=0,
        distractor_fingerprints=distractors,
        distractor_hours=distractors * hours,
        skipped=[],
        content=content_key(imported=sha256),
    )
