"""Runs and tracks of generators, for the fidelity of a run with queries of several fingerprints."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int64

from fpbench.generators.fidelity_report import JudgingSet, RunSets
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.plugin.checked import draw_tracks_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import INDEPENDENT
from fpbench.results.lengths import QueryLength
from fpbench.search.sequences import Runs, run_starts
from fpbench.search.track_distractors import draw_runs

RUN_BYTES = 512 << 20
"""Of the runs of a set, which are all in memory."""


def draw_run_sets(
    generators: Mapping[str, FingerprintGenerator],
    single: Mapping[str, Vectors],
    judging: JudgingSet | None,
    *,
    real_tracks: TrackSet,
    length: QueryLength,
    hop_s: float,
    seed: int,
) -> RunSets:
    """Draw as many runs and tracks of each generator as judge it.

    Runs of a generator without tracks are of its independent draws. Those of the first generator,
    the run's own, are compared, too: they show what its tracks are worth.

    Args:
        generators: The run's generator, then baselines, by name.
        single: Independent draws of each.
        judging: Real runs of held-out tracks; None if queries are single fingerprints.
        real_tracks: The fingerprints of these tracks.
        length: Length of the queries.
        hop_s: Time between neighbouring fingerprints.
        seed: Seed of the run.
    """
    count, own = 0 if judging is None else len(judging.vectors), next(iter(generators), None)
    runs: dict[str, Vectors] = {}
    tracks: dict[str, TrackSet] = {}
    for number, (name, each) in enumerate(generators.items()):
        if isinstance(each, TrackGenerator):
            rng = rng_at(seed, Stream.FIDELITY, 0, number)
            if count:
                runs[name] = draw_runs(each, name, count, length.segments, rng)[:]
            tracks[name] = _draw_tracks(each, name, real_tracks, rng)
        if name == own or name not in tracks:
            label = f"{name}{INDEPENDENT}" if name in tracks else name
            rows = single[name]
            if count:
                starts = np.arange(min(count, len(rows) - length.segments + 1))
                runs[label] = Runs(rows, starts, length.segments)[:]
            fewer = min(len(rows), len(real_tracks.stretches))
            tracks[label] = TrackSet(vectors=rows[:fewer], stretches=real_tracks.stretches[:fewer])
    return RunSets(
        judging=judging,
        synthetic=runs,
        real_tracks=real_tracks,
        drawn_tracks=tracks,
        length=length,
        hop_s=hop_s,
    )


def choose_runs(
    tracks: TrackSet, segments: int, rng: np.random.Generator
) -> tuple[Vectors, Int64[np.ndarray, " runs"]]:
    """Runs of real tracks, at random as many as fit in memory, and the first row of each."""
    starts = run_starts(tracks.stretches, np.ones(len(tracks.stretches), dtype=bool), segments)
    most = most_runs(segments * tracks.vectors.shape[1])
    if len(starts) > most:
        starts = np.sort(rng.permutation(starts)[:most])
    return Runs(tracks.vectors, starts, segments)[:], starts


def most_runs(dim: int) -> int:
    """The largest number of runs of this dimension that are compared."""
    return RUN_BYTES // (4 * dim)


def _draw_tracks(
    generator: TrackGenerator, name: str, real: TrackSet, rng: np.random.Generator
) -> TrackSet:
    """As many tracks as the real ones, of kinds at random."""
    count = len(np.unique(real.stretches))
    kinds = rng.integers(len(generator.track_lengths), size=count)
    stretches = np.repeat(np.arange(count), generator.track_lengths[kinds])
    return TrackSet(vectors=draw_tracks_checked(generator, name, kinds, rng), stretches=stretches)
