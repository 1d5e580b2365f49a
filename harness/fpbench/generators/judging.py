"""Compares synthetic fingerprints with real ones, together with baseline generators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import (
    MIN_TRACKS,
    JudgingSet,
    TooFewError,
    halve_tracks,
    measure_fidelity,
)
from fpbench.generators.fitting import fit_baseline
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.checked import draw_checked
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import FLOOR, Fidelity

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
        queries: Row i is a degraded version of row i of ``reference``; None measures no hit rates.
        reference: The fingerprints that the queries match.
    """

    vectors: Float32[np.ndarray, "real dim"]
    tracks: Int64[np.ndarray, " real"]
    queries: Float32[np.ndarray, "queries dim"] | None = None
    reference: Float32[np.ndarray, "reference dim"] | None = None

    def matched_queries(self) -> MatchedQueries | None:
        """The queries, each matched by one row of the reference."""
        if self.queries is None or self.reference is None:
            return None
        first = np.arange(len(self.queries))
        return MatchedQueries(
            vectors=self.queries, reference=self.reference, matches={0.0: (first, first + 1)}
        )


def judge_fingerprints(
    synthetic: np.ndarray | FingerprintGenerator,
    judges: Judges,
    *,
    name: str,
    catalog: Catalog,
    baselines: Sequence[str] = (),
    training: Float32[np.ndarray, "training dim"] | None = None,
    rows: int = 10_000,
    splits: int = 4,
    seed: int = 0,
) -> Judgement:
    """Measure how similar synthetic fingerprints are to real ones.

    Args:
        synthetic: Fingerprints, or a generator that draws them.
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
    real, tracks, fit_to = judges.vectors, judges.tracks, training
    if fit_to is None:
        judge, other = _halve(tracks, seed)
        fit_to, real, tracks = real[other], real[judge], tracks[judge]

    def draw(generator: FingerprintGenerator, generator_name: str) -> np.ndarray:
        rng = rng_at(seed, Stream.DISTRACTOR_CHUNK, 0, 0)
        return draw_checked(generator, generator_name, max(len(real), rows), rng)

    sets = {SYNTHETIC: synthetic if isinstance(synthetic, np.ndarray) else draw(synthetic, name)}
    for baseline in baselines:
        sets[baseline] = draw(fit_baseline(baseline, fit_to, catalog=catalog, seed=seed), baseline)
    queries = {} if judges.queries is None else {"queries": judges.queries}
    for label, vectors in {**sets, **queries}.items():
        if vectors.shape[1] != real.shape[1]:
            raise FpbenchError(
                f"{label} has {vectors.shape[1]} columns, real fingerprints have {real.shape[1]}",
                hint="all must come from one fingerprinter",
            )
    report = measure_fidelity(
        JudgingSet(vectors=real, tracks=tracks),
        sets,
        seed=seed,
        splits=splits,
        max_rows=rows,
        training=training,
        queries=judges.matched_queries(),
    )
    return Judgement(report, {FLOOR: real, **sets})


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
