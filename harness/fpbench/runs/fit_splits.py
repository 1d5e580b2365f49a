"""Divides the real distractors of a run: one half fits a generator, the other judges it."""

from dataclasses import dataclass
from logging import getLogger

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.generators.fidelity_report import (
    MIN_TRACKS,
    SMALLEST_HALF,
    JudgingSet,
    TooFewError,
    halve_tracks,
    judge_splits,
)
from fpbench.plugin.fingerprinters import Vectors
from fpbench.randomness import Stream, rng_at
from fpbench.results.fidelity import Judges
from fpbench.runs.config import RunConfig
from fpbench.runs.run_sets import most_runs
from fpbench.search.inputs import Inputs
from fpbench.search.sequences import Runs
from fpbench.stretches import number_stretches

logger = getLogger(__name__)

_ORDER = 4  # address in Stream.GENERATOR_FIT; flows use 0 to 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSplit:
    """Real fingerprints, divided by track.

    Args:
        fit: Fingerprints to fit generators to; empty if the config names a fitted one. They are in
            the order of :func:`shuffle_groups`.
        stretches: Number of the stretch of each of them, see
            :func:`fpbench.stretches.number_stretches`.
        judging: Fingerprints that no generator was fitted to. If they are those of the reference,
            hit rates are no part of fidelity.
        judging_stretches: Number of the stretch of each of them.
        judging_runs: If queries have several fingerprints, the runs of the same tracks.
    """

    fit: Float32[np.ndarray, "fit dim"]
    stretches: Int64[np.ndarray, " fit"]
    judging: JudgingSet
    judging_stretches: Int64[np.ndarray, " judging"]
    judging_runs: JudgingSet | None = None


@dataclass(frozen=True, slots=True)
class _Single:
    """Single fingerprints of distractors, with their tracks and groups.

    Args:
        rows: Number of each among all, as in :class:`fpbench.search.sequences.SingleRows`.
    """

    vectors: Vectors
    rows: Int64[np.ndarray, " rows"]
    tracks: Int64[np.ndarray, " rows"]
    groups: Int64[np.ndarray, " rows"] | None


def split_tracks(config: RunConfig, inputs: Inputs) -> FitSplit:
    """Half of the distractor tracks to fit to, and half to judge by.

    No group of tracks is in both halves, if there are enough groups.

    A generator that is already fitted is judged by all distractors, or by the reference if the
    dataset has no distractors; it must not have been fitted to either.

    Raises:
        FpbenchError: The dataset has too few tracks.
    """
    is_fitted = config.generator_weights is not None
    by_reference = is_fitted and len(inputs.real) == 0
    real = _single_reference(inputs) if by_reference else _single_real(inputs)
    tracks, groups = real.tracks, real.groups
    least = MIN_TRACKS if is_fitted else 2 * MIN_TRACKS
    if len(np.unique(tracks)) < least:
        which = "reference" if by_reference else "distractor"
        task = "judge generator" if is_fitted else "fit and judge generator"
        raise FpbenchError(
            f"dataset '{inputs.data.name}' has {len(np.unique(tracks))} usable {which} tracks: "
            f"too few to {task} '{config.generator}', which needs {least}",
            hint="add distractor tracks, or use --distractors real",
        )
    if is_fitted:
        judging = JudgingSet(
            vectors=real.vectors[:],
            tracks=tracks,
            groups=groups,
            judged_by="reference" if by_reference else "all distractors",
        )
        return FitSplit(
            fit=real.vectors[:0],
            stretches=np.zeros(0, dtype=np.int64),
            judging=judging,
            judging_stretches=number_stretches(real.rows, tracks),
            judging_runs=None if by_reference else _judging_runs(inputs, judging, config.seed),
        )
    fit, judge, judged_by = _halve(real, config.seed)
    judging = JudgingSet(
        vectors=real.vectors[judge],
        tracks=tracks[judge],
        groups=None if groups is None else groups[judge],
        judged_by=judged_by,
    )
    try:
        judge_splits(judging, seed=config.seed)
    except TooFewError as err:
        raise judging_error(config.generator, err) from err
    return FitSplit(
        fit=real.vectors[fit],
        stretches=number_stretches(real.rows[fit], tracks[fit]),
        judging=judging,
        judging_stretches=number_stretches(real.rows[judge], tracks[judge]),
        judging_runs=_judging_runs(inputs, judging, config.seed),
    )


def _single_real(inputs: Inputs) -> _Single:
    single, groups = inputs.single_real(), inputs.real_groups
    return _Single(
        single.vectors,
        single.row,
        inputs.real_tracks[single.run],
        None if groups is None else groups[single.run],
    )


def _single_reference(inputs: Inputs) -> _Single:
    tracks = inputs.reference_positions.track
    if isinstance(inputs.reference, Runs):
        single = inputs.reference.single()
        return _Single(single.vectors, single.row, tracks[single.run], None)
    return _Single(inputs.reference, np.arange(len(tracks)), tracks, None)


def _judging_runs(inputs: Inputs, judging: JudgingSet, seed: int) -> JudgingSet | None:
    """The runs of the tracks that judge, at random as many as fit in memory; None without runs."""
    if not isinstance(inputs.real, Runs):
        return None
    runs = np.flatnonzero(np.isin(inputs.real_tracks, judging.tracks))
    most = most_runs(inputs.real.shape[1])
    if len(runs) > most:
        order = rng_at(seed, Stream.GENERATOR_FIT, _ORDER, 1).permutation(len(runs))
        runs = np.sort(runs[order[:most]])
    groups = inputs.real_groups
    return JudgingSet(
        vectors=inputs.real[runs],
        tracks=inputs.real_tracks[runs],
        groups=None if groups is None else groups[runs],
        judged_by=judging.judged_by,
    )


def _halve(
    real: _Single, seed: int
) -> tuple[Int64[np.ndarray, " fit"], Int64[np.ndarray, " judge"], Judges]:
    """Row numbers of both halves, by group, or by track if groups are unknown or too few.

    Returns:
        Rows to fit to, in the order of :func:`shuffle_groups`, rows to judge by, and what the
        latter are called.
    """
    rng = rng_at(seed, Stream.GENERATOR_FIT, _ORDER)
    if real.groups is not None:
        groups = len(np.unique(real.groups))
        fit, judge = halve_tracks(real.groups, rng_at(seed, Stream.GENERATOR_FIT))
        least = SMALLEST_HALF * len(real.groups)
        if groups >= 2 * MIN_TRACKS and min(len(fit), len(judge)) >= least:
            return shuffle_groups(fit, real.groups, rng), judge, "held-out groups"
        logger.warning(
            "the distractors are from %d groups, too few or too unequal to divide them by group: "
            "the generator is fitted to one half of the tracks and judged by the other, which are "
            "partly of the same groups",
            groups,
        )
    fit, judge = halve_tracks(real.tracks, rng_at(seed, Stream.GENERATOR_FIT))
    return shuffle_groups(fit, real.tracks, rng), judge, "held-out tracks"


def shuffle_groups(
    rows: Int64[np.ndarray, " fit"], groups: Int64[np.ndarray, " rows"], rng: np.random.Generator
) -> Int64[np.ndarray, " fit"]:
    """Row numbers with their groups in random order.

    A generator that holds out the last rows is then judged by random groups, and not by the last
    folder. Rows of a group stay adjacent and in their order.
    """
    _, member = np.unique(groups[rows], return_inverse=True)
    place = rng.permutation(member.max(initial=-1) + 1)
    return rows[np.argsort(place[member], kind="stable")]


def judging_error(generator: str | None, err: TooFewError) -> FpbenchError:
    """The error where too few fingerprints or tracks judge a generator."""
    return FpbenchError(
        f"generator '{generator}' cannot be judged: {err}",
        hint="add more or longer distractor tracks, or use --distractors real",
    )
