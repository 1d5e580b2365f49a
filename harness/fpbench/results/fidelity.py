"""How similar synthetic fingerprints are to real ones: the block ``fidelity`` of a result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta

from fpbench.results.fields import Count, Difference, Metric, Name, Positive, Rate

FLOOR: Final = "real"
"""Name of the real fingerprints that a generator is compared with."""

INDEPENDENT: Final = ", independent"
"""Ending of the name of a set that puts independent draws of a generator of tracks into runs."""

NotNegative = Annotated[float, Meta(ge=0)]
Judges = Literal["held-out groups", "held-out tracks", "all distractors", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics of one set, compared with the judge half.

    Args:
        frechet: Frechet distance, see :func:`fpbench.generators.fidelity.frechet_distance`.
        js_marginal: Divergence of marginals in bits, see
            :func:`fpbench.generators.fidelity.marginal_divergence`.
        js_similarity: Divergence of similarities in bits, see
            :func:`fpbench.generators.fidelity.similarity_divergence`. Pairs of real fingerprints
            are from different tracks.
        precision: Share of draws near a judge, see :class:`fpbench.generators.fidelity.Manifold`.
        recall: Share of judges near a draw.
        density: Density of judges around draws.
        coverage: Share of judges with a draw nearby.
        nearest_distance: Median distance from a judge to its nearest draw. The nearest-neighbour
            gap is this minus the value of the floor half.
        local_dimension: Intrinsic dimension of the draws around judges, for neighbourhoods of
            :data:`fpbench.generators.fidelity.PROFILE_K` rows, smallest first; None if it is
            infinite.
    """

    frechet: NotNegative
    js_marginal: Rate
    js_similarity: Rate
    precision: Rate
    recall: Rate
    density: NotNegative
    coverage: Rate
    nearest_distance: NotNegative
    local_dimension: Sequence[NotNegative | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Whether the draws of a set are nearer to the fitted fingerprints than to other tracks.

    Args:
        nearer_training: Share of draws whose nearest fitted fingerprint is nearer than their
            nearest held-out one, among equally many of both; 0.5 if there is no copying.
        distance_training: Median distance to the nearest fitted fingerprint.
        distance_held_out: Median distance to the nearest held-out fingerprint.

    Source: after Meehan et al. 2020, "A non-parametric test to detect data-copying in generative
        models", arXiv 2004.05675.
    """

    nearer_training: Rate
    distance_training: NotNegative
    distance_held_out: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """Expected hit rates of exact search among held-out real and among synthetic distractors.

    Args:
        metric: ``hr@1``, ``hr@3`` or ``hr@10``.
        tolerance_s: Tolerance of a match; None accepts any time in the right track.
        sizes: Numbers of distractors, up to all held-out real ones.
        hit_rate: Hit rate of each set at each size; ``real`` is the held-out distractors.
        gap: Hit rate of each synthetic set minus that of ``real``, at each size.
        gap_error: Standard error of the gap over queries, held-out distractors and draws together,
            see :func:`fpbench.generators.gap_errors.gap_error`; None if there are too few groups.
        perfect_gap: Gap that a perfect generator would have: real distractors from few groups are
            somewhat too easy. An estimate; None if there are too few groups for one.
        floor: Difference between two halves of the real distractors, root mean square over splits.
            At sizes larger than a half it is that of the halves.
    """

    metric: Metric
    tolerance_s: NotNegative | None
    sizes: Sequence[Positive]
    hit_rate: Mapping[str, Sequence[Rate]]
    gap: Mapping[str, Sequence[Difference]]
    gap_error: Mapping[str, Sequence[NotNegative | None]]
    perfect_gap: Sequence[float | None]
    floor: Sequence[Rate]

    def __post_init__(self) -> None:
        """Refuse columns of other lengths than the sizes, and sets without all columns."""
        _refuse_ragged(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderHitRates:
    """Expected HR@1 of older results, among all real distractors: also those that were fitted to.

    Args:
        sizes: Numbers of distractors.
        hit_rate: Hit rate of each set at each size.
        gap: Hit rate of each synthetic set minus that of ``real``, at each size.
        gap_error: Standard error of the gap over queries alone.
        floor: Difference between two halves of the real distractors.
    """

    sizes: Sequence[Positive]
    hit_rate: Mapping[str, Sequence[Rate]]
    gap: Mapping[str, Sequence[Difference]]
    gap_error: Mapping[str, Sequence[NotNegative | None]]
    floor: Sequence[Rate | None]

    def __post_init__(self) -> None:
        """Refuse columns of other lengths than the sizes, and sets without all columns."""
        _refuse_ragged(self)


def _refuse_ragged(rates: HitRates | OlderHitRates) -> None:
    perfect = rates.perfect_gap if isinstance(rates, HitRates) else rates.floor
    columns = [rates.floor, perfect]
    for table in (rates.hit_rate, rates.gap, rates.gap_error):
        columns += table.values()
    if not rates.sizes or any(len(column) != len(rates.sizes) for column in columns):
        raise ValueError("hit rates do not have a value for each of one or more sizes")
    names = set(rates.hit_rate) - {FLOOR}
    if FLOOR not in rates.hit_rate or not names == set(rates.gap) == set(rates.gap_error):
        raise ValueError("hit rates, gaps and their errors are not of the same sets")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorterQueries:
    """Expected hit rates of queries of another length, among runs as long as they are.

    They are the queries of the run at this length. A run of one length has the first fingerprints
    of its queries, if the system would give the shorter ones the same.

    Args:
        segments: Fingerprints in a query.
        length_s: Length of a query.
        hit_rates: HR@1 within the tolerance of the run; in one by a protocol, of the exact row, or
            of the right track.
    """

    segments: Positive
    length_s: NotNegative
    hit_rates: HitRates


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequences:
    """How fingerprints of one track hang together, for queries of several fingerprints.

    Args:
        lags_s: Times from one fingerprint to another of its track.
        similarity: Mean inner product of fingerprints so far apart, mean over the tracks of each
            set; ``real`` is the judging tracks. Null where no track is long enough.
        floor: Difference of the similarity between two halves of the real tracks, root mean square
            over splits.
        shorter: Hit rates of shorter queries; those of the whole ones are in ``hit_rates``. In a
            run by a protocol, where those are of single fingerprints, of its longer queries.
    """

    lags_s: Sequence[NotNegative]
    similarity: Mapping[str, Sequence[float | None]]
    floor: Sequence[NotNegative | None]
    shorter: Sequence[ShorterQueries]

    def __post_init__(self) -> None:
        """Refuse columns of other lengths than the lags."""
        columns = [self.floor, *self.similarity.values()]
        if any(len(column) != len(self.lags_s) for column in columns):
            raise ValueError("similarities do not have a value for each lag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A statistic that is beyond its limit, see :mod:`fpbench.generators.fidelity_limits`.

    Args:
        generator: Name of the set.
        statistic: The statistic; ``hit_rate`` is a gap in hit rate.
        value: Its value.
        limit: The limit, which for distances and divergences follows from the floor.
        words: What is wrong, in words.
    """

    generator: Name
    statistic: Literal["frechet", "js_marginal", "hit_rate"]
    value: float
    limit: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How similar synthetic fingerprints are to real ones; the floor half is called ``real``.

    Args:
        rows: Rows of each set that are compared.
        tracks: Number of real tracks in the judge half and the floor half together.
        splits: Number of splits of the real tracks into halves.
        statistics: Statistics of each set, mean over splits.
        spread: Standard deviation of the statistics over splits.
        copying: Copying of each set; empty without the fitted fingerprints.
        hit_rates: Expected hit rates for each metric and tolerance; None if they were not measured.
            Older results have one table, of HR@1 within the tolerance.
        hit_rates_in_track: In older results, the table of HR@1 in the right track.
        judged_by: Real fingerprints that judge: the groups or tracks of distractors that no
            generator was fitted to, all distractors if the generator came fitted, or the reference.
            None in older results.
        groups: Number of groups that the judging tracks belong to; None if groups are unknown, or
            if groups were divided.
        query_clusters: Number of groups of queries, or of their tracks, for the errors of gaps.
        real_clusters: Number of groups of judging distractors, or of their tracks, likewise.
        marginal_bins: Bins of a histogram of one dimension, for ``js_marginal``.
        similarity_bins: Bins of a histogram of inner products, for ``js_similarity``.
        similarity_pairs: Random pairs of rows of each such histogram.
        sequences: Similarities within tracks and hit rates of queries of other lengths; None for
            queries of a single fingerprint.
        alarms: Statistics beyond their limits.
        hit_rate_gap: The only field of the oldest results.
    """

    # Defaults are of results that are older than a field, and differ from all values that were ever
    # written, so that an older result is written as it was read.
    rows: Positive | None = None
    tracks: Positive | None = None
    splits: Positive | None = None
    statistics: Mapping[str, Statistics] | None = None
    spread: Mapping[str, Statistics] | None = None
    copying: Mapping[str, Copying] | None = None
    hit_rates: Sequence[HitRates] | OlderHitRates | None = ()
    hit_rates_in_track: OlderHitRates | None = None
    judged_by: Judges | None = None
    groups: Positive | None = None
    query_clusters: Count | None = None
    real_clusters: Count | None = None
    marginal_bins: Positive | None = None
    similarity_bins: Positive | None = None
    similarity_pairs: Positive | None = None
    sequences: Sequences | None = None
    alarms: Sequence[Alarm] = ()
    hit_rate_gap: Difference | None = None

    def of(self, name: str) -> Statistics | None:
        """The statistics of one set."""
        return (self.statistics or {}).get(name)

    def expected(
        self, metric: str, tolerance_s: float | None, *, of_run: float | None
    ) -> HitRates | OlderHitRates | None:
        """Expected hit rates of one metric and tolerance.

        Args:
            metric: ``hr@1``, ``hr@3`` or ``hr@10``.
            tolerance_s: Tolerance of a match.
            of_run: Tolerance of the run, which older tables do not name.
        """
        older = self.hit_rates if isinstance(self.hit_rates, OlderHitRates) else None
        if older is not None or self.hit_rates_in_track is not None:
            if metric != "hr@1":
                return None
            return older if tolerance_s == of_run else self.hit_rates_in_track
        wanted = (metric, tolerance_s)
        return next((t for t in self.tables() if (t.metric, t.tolerance_s) == wanted), None)

    def tables(self) -> Sequence[HitRates]:
        """The expected hit rates that name their metric and tolerance."""
        rates = self.hit_rates
        return () if rates is None or isinstance(rates, OlderHitRates) else rates
