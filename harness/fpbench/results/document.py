"""A result: what one run measured, on what, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 1


DistractorKind = Literal["real", "synthetic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval; ``low`` and ``high`` are rates from 0 to 1."""

    level: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A metric at one database size.

    Args:
        n_distractors: Fingerprints that answer no query.
        n_reference: Fingerprints that a query can match; the database holds both.
        hours: Audio behind the whole database, at the fingerprinter's hop.
        value: The rate, from 0 to 1, mean over ``repeats``.
        std: Over repeats with disjoint distractors, in the units of ``value``; None for one repeat.
        repeats: Disjoint databases of this size that were searched.
        n_queries: Queries behind each repeat.
        ci: For the population of tracks behind the queries.
    """

    n_distractors: int
    n_reference: int
    hours: float
    value: float
    std: float | None
    repeats: int
    n_queries: int
    ci: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A metric against database size.

    Args:
        distractors: Fingerprints of real audio, or drawn from a generator.
        index: Name of the search index.
        index_parameters: As read back from the library that searches.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``: the true match is among the first k.
        tolerance_s: How far in time a match may be off; None means anywhere in the track.
        query_length_s: Audio in one query.
        points: By growing size.
    """

    distractors: DistractorKind
    index: str
    index_parameters: Mapping[str, int | float | str]
    metric: str
    tolerance_s: float | None
    query_length_s: float
    points: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprinterInfo:
    """What was measured; fingerprints that came ready-made have no source and no sample rate.

    Args:
        source_sha256: Of the plugin's files, shipped weights included.
        weights_sha256: Of the file given as ``--weights``.
    """

    name: str
    distribution: str
    version: str
    source_sha256: str | None
    weights_sha256: str | None
    options: Mapping[str, str]
    device: str
    dtype: str
    sample_rate_hz: int | None
    segment_s: float
    hop_s: float
    dim: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A track that could not be used, and why."""

    track: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """What it was measured on; hours are of audio.

    Args:
        content: Addresses the exact bytes of all recordings, those that degrade queries too.
    """

    name: str
    reference_tracks: int
    reference_fingerprints: int
    reference_hours: float
    distractor_tracks: int
    distractor_fingerprints: int
    distractor_hours: float
    skipped: Sequence[Skipped]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryInfo:
    """How queries were made. ``tracks`` is how many different ones they come from."""

    n: int
    tracks: int
    length_s: float
    recipe: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorInfo:
    """Where synthetic distractors came from.

    Args:
        parameters: What shapes a draw, as the generator itself says: solver, steps, projection.
        fitted_fingerprints: How many it learnt from in this run; None if it came fitted.
        weights_sha256: Of the fitted generator's file.
    """

    name: str
    distribution: str
    version: str
    options: Mapping[str, str]
    parameters: Mapping[str, int | float | str]
    fitted_fingerprints: int | None
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceInfo:
    """The file beside the result from which every number can be recomputed."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What ``fpbench run`` writes and people submit.

    Args:
        status: ``complete``, or ``partial`` where a wanted size exceeds the real distractors.
        config: The run's configuration; equal configs and data give equal numbers.
        command: What was typed.
        fidelity: How like the real ones the synthetic fingerprints are; see ``fidelity.py``.
    """

    status: Literal["complete", "partial"]
    fingerprinter: FingerprinterInfo
    data: DataInfo
    queries: QueryInfo
    generator: GeneratorInfo | None
    fidelity: Mapping[str, Any] | None
    curves: Sequence[Curve]
    evidence: Sequence[EvidenceInfo]
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    command: str
    schema_version: int = field(default=SCHEMA_VERSION)
