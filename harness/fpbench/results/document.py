"""The result of a run: curves, fingerprinter, data, queries and configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from fpbench.results.config import RecordedConfig
from fpbench.results.corrections import Corrected
from fpbench.results.costs import Costs
from fpbench.results.data import DataInfo, QueryInfo, TaskInfo
from fpbench.results.decisions import FalseAccepts
from fpbench.results.environment import Machine
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fidelity import Fidelity
from fpbench.results.fields import (
    Count,
    Difference,
    DistractorKind,
    Estimator,
    FileName,
    Found,
    Hours,
    Level,
    Metric,
    Name,
    Positive,
    Rate,
    Seconds,
    Sha256,
    Words,
)
from fpbench.results.fits import GeneratorFits
from fpbench.results.harness import HarnessInfo
from fpbench.results.index_losses import IndexLoss
from fpbench.results.indexes import IndexInfo
from fpbench.results.protocols import ProtocolInfo
from fpbench.results.provenance import Provenance
from fpbench.results.systems import CheckInfo, FingerprinterInfo, GeneratorInfo
from fpbench.results.tails import TailInfo

FORMAT: Final = "1.0"

ESTIMATOR: Final = 5

DEFAULT_SIZES = (10_000, 100_000, 1_000_000)
"""Numbers of distractors at which a curve has points by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval of a rate.

    Args:
        low: Lower end. From 0 to 1, the interval says nothing: there are too few groups for one.
        high: Upper end. An interval without width, as in older results, says nothing, either.
        method: Name of the method.
    """

    level: Level
    low: Rate
    high: Rate
    method: Words

    @property
    def is_known(self) -> bool:
        """Whether it says anything."""
        return 0 < self.high - self.low < 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A metric at one database size.

    Args:
        n_distractors: Number of distractor fingerprints, which match no query.
        n_reference: Number of reference fingerprints, in the same database as the distractors.
        hours: Hours of audio of the whole database, at the fingerprinter's hop.
        value: The hit rate, mean over databases. Where the mean over ``repeats`` would be higher
            than at a smaller size, the databases of both sizes are taken together.
        std: Standard deviation of the hit rate over repeats; None for one repeat.
        repeats: Number of databases of this size; they share no distractors. Those of real
            distractors are parts of one pool of tracks, so ``std`` does not show how the choice of
            these tracks matters; ``corrected`` does.
        n_queries: Number of queries in each repeat.
        ci: Confidence interval of ``value`` for the population of groups of tracks that the queries
            sample.
        found: ``searched``: the databases were searched. ``simulated``: the value follows from the
            probability that one synthetic distractor scores at least as the match.
            ``extrapolated``: it follows from the tail of the distractors that were searched.
        simulation_error: Standard error of a simulated value that comes from the simulation alone.
        corrected: The rate as it would be with real distractors of many more tracks; None for
            synthetic distractors, for those of fewer than five groups or without tracks, for
            indexes that are not exact, and in older results.
    """

    n_distractors: Count
    n_reference: Positive
    hours: Hours
    value: Rate
    std: Annotated[float, Meta(ge=0)] | None
    repeats: Positive
    n_queries: Positive
    ci: Interval
    found: Found = "searched"
    simulation_error: Annotated[float, Meta(ge=0)] | None = None
    corrected: Corrected | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A metric against database size.

    Args:
        distractors: Kind of distractors: fingerprints of real audio, or draws from a generator.
        index: Name of the search index.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``: the true match is among the first k.
        tolerance_s: Largest error of a match's start time, in seconds; None accepts any time in the
            right track.
        query_length_s: Length of a query, in seconds.
        points: Points by increasing database size.
        distractor_tracks: Number of tracks that the real distractors come from; None for synthetic
            ones, for ready-made ones without tracks, and in older results.
        distractor_groups: Number of groups of these tracks; None if groups are unknown.
    """

    distractors: DistractorKind
    index: Name
    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    query_length_s: Seconds
    points: Annotated[Sequence[Point], Meta(min_length=1, max_length=100)]
    distractor_tracks: Positive | None = None
    distractor_groups: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Hit rate with synthetic distractors minus that with as many real ones, same queries.

    Args:
        index: Name of the search index.
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        n_distractors: Number of distractors of either kind, up to all real ones.
        value: The gap. If it is positive, synthetic distractors are too easy.
        level: Confidence level of its interval, which is paired over queries. It holds the error
            from few tracks of real distractors, where these are known.
        low: Lower end of the interval.
        high: Upper end of the interval.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    index: Name
    metric: Metric
    tolerance_s: Annotated[float, Meta(ge=0)] | None
    n_distractors: Positive
    value: Difference
    level: Level
    low: Difference
    high: Difference
    method: Words
    query_length_s: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceInfo:
    """A file of evidence beside the result.

    Args:
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    file: FileName
    sha256: Sha256
    query_length_s: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The document that ``fpbench run`` writes, also for submission.

    Args:
        result_format: Version of this format.
        queries: The queries. If they have several lengths, these are the longest, and each shorter
            one is their first seconds; the recipe is that of the longest.
        status: ``complete``, or ``partial`` if a requested size exceeds the real distractors.
        harness: The version of fpbench.
        config: The run's configuration.
        command: The command line or the Python call, with files as in ``config``.
        fidelity: How similar synthetic fingerprints are to real ones; None if there are none.
        task: The task that this is a run of; None for a run with settings of its own.
        indexes: The search indexes of the curves.
        evidence: Files beside the result, from which every number can be recomputed.
        environment: Versions of software, and some of the hardware, as text.
        machine: The machine of the run; None in older results.
        estimator: How points follow from evidence. 1, in older results: databases are whole blocks,
            curves may rise, and all intervals are bootstraps. 2: the last block of a database may
            be cut, sizes are taken together where a curve would rise, and few or equal tracks give
            bounds. 3: intervals are those of Korn and Graubard, and of a jackknife for gaps, over
            groups of tracks. 4: simulated probabilities have log-normal errors, which are taken
            into account; it was the jackknife over eight replicates before. 5: the variance of
            these errors is a convex curve over the depth; it was a line before.
        check: Check of the fingerprinter before the run; None for ready-made fingerprints, and in
            older results.
        gaps: Gap between synthetic and real distractors, for every index, metric, tolerance and
            size that both kinds were measured with.
        index_losses: What every index but exact search loses against it, at the searched sizes,
            where the run has both; empty in older results.
        tails: For each exact index, how its simulated points were found.
        extrapolations: For each curve that was not simulated in a run with ``beyond``, how its
            extrapolated points were found, or why there are none.
        false_accepts: Decisions by a threshold, for every index that searches block by block, kind
            of distractors, tolerance and searched size; empty in older results.
        fits: Hit rates of several fits of the generator; None for one fit. All else in the result
            is of the first.
        protocol: The authors' protocol that the run follows; None for one of fpbench's own.
        costs: What the run took. Two runs of the same settings differ in it, and in nothing else;
            None in older results.
        provenance: Who submits it; None before it is submitted.
        extra: What other programs add: up to 10 kB, which fpbench neither reads nor shows.
        result_id: SHA-256 of the canonical bytes of the document without this field; None before it
            is written.
    """

    result_format: Literal["1.0"]
    status: Literal["complete", "partial"]
    harness: HarnessInfo
    fingerprinter: FingerprinterInfo
    data: DataInfo
    queries: QueryInfo
    generator: GeneratorInfo | None
    fidelity: Fidelity | None
    curves: Annotated[Sequence[Curve], Meta(min_length=1, max_length=2_000)]
    indexes: Annotated[Sequence[IndexInfo], Meta(max_length=200)]
    evidence: Annotated[Sequence[EvidenceInfo], Meta(max_length=200)]
    environment: Mapping[str, str]
    config: RecordedConfig
    command: str
    estimator: Estimator = 1
    check: CheckInfo | None = None
    task: TaskInfo | None = None
    gaps: Annotated[Sequence[Gap], Meta(max_length=10_000)] = ()
    index_losses: Annotated[Sequence[IndexLoss], Meta(max_length=10_000)] = ()
    tails: Annotated[Sequence[TailInfo], Meta(max_length=100)] = ()
    extrapolations: Annotated[Sequence[ExtrapolationInfo], Meta(max_length=10_000)] = ()
    false_accepts: Annotated[Sequence[FalseAccepts], Meta(max_length=10_000)] = ()
    fits: GeneratorFits | None = None
    protocol: ProtocolInfo | None = None
    costs: Costs | None = None
    machine: Machine | None = None
    provenance: Provenance | None = None
    extra: Mapping[str, Any] | None = None
    result_id: Sha256 | None = None

    def index(self, name: str, distractors: DistractorKind) -> IndexInfo | None:
        """The index of a search; None if the result does not list it."""
        wanted = (name, distractors)
        return next((one for one in self.indexes if (one.name, one.distractors) == wanted), None)

    def records(self) -> list[dict[str, str | int | float | None]]:
        """One flat dictionary for each point, for pandas, polars and csv.

        Returns:
            Dictionaries with the same keys, in the order of curves and points. Rates are from 0
            to 1.
        """
        return [self._record(curve, point) for curve in self.curves for point in curve.points]

    def _record(self, curve: Curve, point: Point) -> dict[str, str | int | float | None]:
        synthetic = curve.distractors == "synthetic"
        corrected = point.corrected
        return {
            "fingerprinter": self.fingerprinter.name,
            "weights_sha256": self.fingerprinter.weights_sha256,
            "dtype": self.fingerprinter.dtype,
            "dataset": self.data.name,
            "protocol": self.protocol.name if self.protocol else None,
            "query_length_s": curve.query_length_s,
            "index": curve.index,
            "distractors": curve.distractors,
            "generator": self.generator.name if synthetic and self.generator else None,
            "metric": curve.metric,
            "tolerance_s": curve.tolerance_s,
            "n_distractors": point.n_distractors,
            "n_reference": point.n_reference,
            "hours": point.hours,
            "value": point.value,
            "ci_low": point.ci.low,
            "ci_high": point.ci.high,
            "ci_level": point.ci.level,
            "std": point.std,
            "repeats": point.repeats,
            "n_queries": point.n_queries,
            "found": point.found,
            "simulation_error": point.simulation_error,
            "distractor_tracks": curve.distractor_tracks,
            "distractor_groups": curve.distractor_groups,
            "corrected": corrected.value if corrected else None,
            "corrected_low": corrected.low if corrected else None,
            "corrected_high": corrected.high if corrected else None,
        }
