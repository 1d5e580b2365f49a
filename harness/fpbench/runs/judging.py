"""Compares synthetic fingerprints with real ones, together with baseline generators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.fingerprints.pairs import VectorPairs
from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import (
    MIN_TRACKS,
    JudgingSet,
    RunSets,
    TooFewError,
    halve_tracks,
    measure_fidelity,
)
from fpbench.generators.fitting import fit_baseline
from fpbench.generators.sequence_fidelity import LengthQueries, TrackSet, cut_queries
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import FLOOR, Fidelity
from fpbench.results.lengths import QueryLength
from fpbench.runs.run_sets import choose_runs, draw_run_sets
from fpbench.search.sequences import Runs, run_starts

SYNTHETIC = "synthetic"
"""Name of the synthetic set in reports."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A fidelity report, and its sets of fingerprints by name, the real one first."""

    report: Fidelity
    sets: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Real fingerprints that no generator was fitted to.

    Args:
        vectors: Fingerprints in the order of tracks and time.
        tracks: Track number of each fingerprint.
        stretches: Number of the stretch of each, see :func:`fpbench.stretches.number_stretches`;
            None if it is unknown where tracks end.
        pairs: Queries, and the reference that they match row by row; None measures no hit rates.
        length: Length of the queries; None if it is unknown, and queries are single fingerprints.
        hop_s: Time between neighbouring fingerprints; None if it is unknown.
    """

    vectors: Float32[np.ndarray, "real dim"]
    tracks: Int64[np.ndarray, " real"]
    stretches: Int64[np.ndarray, " real"] | None = None
    pairs: VectorPairs | None = None
    length: QueryLength | None = None
    hop_s: float | None = None

    @property
    def segments(self) -> int:
        """Fingerprints in a query."""
        return 1 if self.length is None else self.length.segments

    def matched_queries(self) -> MatchedQueries | None:
        """The queries, each matched by one row of the reference, or by one run.

        Raises:
            TooFewError: Queries have several fingerprints, but no track of the queries has as many.
        """
        if self.pairs is None:
            return None
        queries, reference = np.asarray(self.pairs.queries), self.pairs.reference
        first = np.arange(len(queries))
        if self.segments > 1:
            if self.pairs.query_stretches is None or self.pairs.reference_stretches is None:
                raise ValueError("it is unknown where the tracks of queries and reference end")
            starts, others = (
                run_starts(stretches, np.ones(len(stretches), dtype=bool), self.segments)
                for stretches in (self.pairs.query_stretches, self.pairs.reference_stretches)
            )
            if not len(starts):
                raise TooFewError(f"no query has {self.segments} consecutive fingerprints")
            queries = Runs(queries, starts, self.segments)[:]
            reference = Runs(reference, others, self.segments)[:]
            first = np.searchsorted(others, starts)
        return MatchedQueries(
            vectors=queries, reference=reference, matches={0.0: (first, first + 1)}
        )

    def shorter_queries(self, queries: MatchedQueries | None) -> Iterator[LengthQueries]:
        """The first fingerprints of the queries, where these have several."""
        if queries is not None and self.length is not None and self.hop_s is not None:
            yield from cut_queries(queries, self.length, self.hop_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Fingerprints that a generator was fitted to.

    Args:
        vectors: The fingerprints.
        stretches: As of :class:`Judges`.
    """

    vectors: Float32[np.ndarray, "training dim"]
    stretches: Int64[np.ndarray, " training"] | None = None


def judge_fingerprints(
    synthetic: np.ndarray | TrackSet | FingerprintGenerator,
    judges: Judges,
    *,
    name: str,
    catalog: Catalog,
    baselines: Sequence[str] = (),
    training: Training | None = None,
    rows: int = 10_000,
    splits: int = 4,
    seed: int = 0,
) -> Judgement:
    """Measure how similar synthetic fingerprints are to real ones.

    Tracks are compared, too, if the synthetic ones come in tracks and the judges have a length and
    a hop.

    Args:
        synthetic: Fingerprints, tracks of them, or a generator that draws them.
        judges: Real fingerprints. Without ``training``, only half of the tracks are compared with
            the synthetic ones.
        name: Name of the generator, for errors.
        baselines: Generators to compare with. They are fitted to ``training``, or without it to
            the other half of the tracks.
        training: Fingerprints that the generator was fitted to, for the test of copying.
        rows: Maximum number of rows to compare, per set.
        splits: Number of random splits of the real tracks into halves.
        seed: Seed of every random draw.

    Raises:
        TooFewError: There are too few tracks, rows or queries.
        FpbenchError: Dimensions differ, or a generator fails.
    """
    real, fit_to = judges, training
    if fit_to is None:
        judge, other = _halve(judges.tracks, seed)
        fit_to, real = _select(judges, other), _select_judges(judges, judge)
    generators: dict[str, FingerprintGenerator] = {}
    sets: dict[str, np.ndarray] = {}
    if isinstance(synthetic, np.ndarray | TrackSet):
        sets[SYNTHETIC] = synthetic.vectors if isinstance(synthetic, TrackSet) else synthetic
    else:
        generators[SYNTHETIC] = synthetic
    for baseline in baselines:
        generators[baseline] = fit_baseline(
            baseline, fit_to.vectors, fit_to.stretches, catalog=catalog, seed=seed
        )
    for label, generator in generators.items():
        rng = rng_at(seed, Stream.DISTRACTOR_CHUNK, 0, 0)
        count = max(len(real.vectors), rows)
        sets[label] = draw_checked(generator, name if label == SYNTHETIC else label, count, rng)
    pairs = {} if judges.pairs is None else {"queries": judges.pairs.queries}
    for label, vectors in {**sets, **pairs}.items():
        if vectors.shape[1] != real.vectors.shape[1]:
            raise FpbenchError(
                f"{label} has {vectors.shape[1]} columns, real fingerprints have "
                f"{real.vectors.shape[1]}",
                hint="all must come from one fingerprinter",
            )
    queries = judges.matched_queries()
    report = measure_fidelity(
        JudgingSet(vectors=real.vectors, tracks=real.tracks),
        sets,
        seed=seed,
        splits=splits,
        max_rows=rows,
        training=None if training is None else training.vectors,
        queries=queries,
        runs=_run_sets(synthetic, generators, sets, real, seed),
        by_length=judges.shorter_queries(queries),
    )
    return Judgement(report, {FLOOR: real.vectors, **sets})


def _run_sets(
    synthetic: np.ndarray | TrackSet | FingerprintGenerator,
    generators: Mapping[str, FingerprintGenerator],
    sets: Mapping[str, np.ndarray],
    real: Judges,
    seed: int,
) -> RunSets | None:
    """Tracks and runs to compare; None if there are none."""
    in_tracks = isinstance(synthetic, TrackSet | TrackGenerator)
    length, hop_s = real.length, real.hop_s
    if length is None or hop_s is None or real.stretches is None or not in_tracks:
        return None
    tracks, judging = TrackSet(vectors=real.vectors, stretches=real.stretches), None
    if real.segments > 1 and real.pairs is not None:
        rng = rng_at(seed, Stream.FIDELITY, 0, len(generators))
        runs, starts = choose_runs(tracks, real.segments, rng)
        judging = JudgingSet(vectors=runs, tracks=real.tracks[starts])
    drawn = draw_run_sets(
        generators, sets, judging, real_tracks=tracks, length=length, hop_s=hop_s, seed=seed
    )
    if not isinstance(synthetic, TrackSet):
        return drawn
    given = {}
    if judging is not None:
        runs, _ = choose_runs(synthetic, real.segments, rng_at(seed, Stream.FIDELITY, 0))
        given[SYNTHETIC] = runs[: len(judging.vectors)]
    return replace(
        drawn,
        synthetic={**given, **drawn.synthetic},
        drawn_tracks={SYNTHETIC: synthetic, **drawn.drawn_tracks},
    )


def _select(judges: Judges, rows: Int64[np.ndarray, " some"]) -> Training:
    stretches = None if judges.stretches is None else judges.stretches[rows]
    return Training(vectors=judges.vectors[rows], stretches=stretches)


def _select_judges(judges: Judges, rows: Int64[np.ndarray, " some"]) -> Judges:
    chosen = _select(judges, rows)
    return replace(
        judges, vectors=chosen.vectors, tracks=judges.tracks[rows], stretches=chosen.stretches
    )


def _halve(
    tracks: Int64[np.ndarray, " batch"], seed: int
) -> tuple[Int64[np.ndarray, " first"], Int64[np.ndarray, " second"]]:
    n_tracks = len(np.unique(tracks))
    if n_tracks < 2 * MIN_TRACKS:
        raise TooFewError(
            f"{n_tracks} real tracks are too few to fit baselines to half of them: "
            f"{2 * MIN_TRACKS} are needed"
        )
    return halve_tracks(tracks, rng_at(seed, Stream.FIDELITY))
