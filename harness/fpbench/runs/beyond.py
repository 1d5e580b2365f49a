"""The points of a run beyond the sizes that it searches."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.half_sizes import half_sizes
from fpbench.evidence.simulated_decisions import LEVELS, choose_thresholds
from fpbench.evidence.tail_checks import check_tail
from fpbench.evidence.tails import Tail
from fpbench.hashing import content_key
from fpbench.machine import arithmetic_threads
from fpbench.plugin.generators import (
    CorrelatedNoiseGenerator,
    FingerprintGenerator,
    NoiseGenerator,
    TrackGenerator,
)
from fpbench.prefetch import AHEAD_BYTES
from fpbench.progress import Report, Stage
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.tails import TailInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.needs import Need
from fpbench.search.distractors import CHUNKS_AT_ONCE, SyntheticDistractors
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.run_noise import RunNoise
from fpbench.search.run_starts import START_RUNS
from fpbench.search.run_tails import (
    TRACKS_OF_REPLICATE,
    TRACKS_OF_THRESHOLD,
    RunTailInputs,
    simulate_run_tails,
)
from fpbench.search.searched_tails import MOST_ROWS
from fpbench.search.splitting import SplittingSettings
from fpbench.search.tails import SEEDS_BYTES, SimulationEffort, TailInputs, simulate_tails
from fpbench.search.tasks import SearchTask, gather, is_finished
from fpbench.units import short_size

_LEVELS_SHARE = 0.5  # levels of the mean query, of those to the least probability
_WITH_MOVES = 1.2  # time of a particle that moves, against that of a draw

_BATCH_BYTES, _RUNS_BATCH_BYTES = 1e8, 4e8  # memory of a batch, with noise of 128 entries

_TOLERANCES = 2  # of a run: its own, and any time in the track

_NEGLIGIBLE = 1e-4  # distractors before the match, expected in the largest database


def refuse_beyond(config: RunConfig, indexes: Sequence[NamedIndex]) -> None:
    """Refuse sizes beyond the searched ones that the run's settings do not allow.

    Raises:
        FpbenchError: There are no distractors, too few to go on from, or there is no exact index.
    """
    if not config.beyond:
        return
    if config.distractors == "none":
        raise FpbenchError(
            "--beyond needs distractors, but distractors are none",
            hint="use --distractors both, or leave --beyond out",
        )
    searched, least = (config.sizes or DEFAULT_SIZES)[-1], SplittingSettings().replicates
    if searched < least:
        raise FpbenchError(
            f"--beyond goes on from the largest of --sizes, but {searched} is fewer than {least}",
            hint="search more distractors, such as --sizes 1e4,1e6",
        )
    if not any(map(is_exact, indexes)):
        raise FpbenchError(
            f"--beyond goes on from an exact search, but the index is {config.indexes[0]}",
            hint="add --index exact: its curve goes on, and shows the loss of the other index",
        )


def can_simulate(generator: FingerprintGenerator, segments: int) -> TypeGuard[NoiseGenerator]:
    """Whether the tail of a generator can be simulated, because it turns noise into rows.

    Args:
        generator: Generator of the distractors.
        segments: Fingerprints in a query; for several, its tracks must be made of noise, too.
    """
    needed = NoiseGenerator if segments == 1 else CorrelatedNoiseGenerator
    return isinstance(generator, needed)


def is_exact(named: NamedIndex) -> bool:
    """Whether an index compares every row with every query."""
    return named.index.kind == "block" and named.index.exact


def splitting_settings(beyond: Sequence[int]) -> SplittingSettings:
    """Settings that are good enough for the largest size."""
    return SplittingSettings(least_probability=_NEGLIGIBLE / beyond[-1])


def beyond_needs(
    config: RunConfig,
    draw_seconds: float,
    *,
    segments: int = 1,
    tracks_of: FingerprintGenerator | None = None,
    simulated: bool = False,
) -> list[Need]:
    """Needs of the sizes beyond the searched ones, if the run has any.

    Args:
        config: Settings of the run.
        draw_seconds: Time to draw one fingerprint.
        segments: Fingerprints in a query.
        tracks_of: Generator of the tracks, for queries of several.
        simulated: Whether the simulation is in the cache.
    """
    if not config.beyond:
        return []
    settings, n_queries = splitting_settings(config.beyond), config.recipe.n_queries
    searched = min((config.sizes or DEFAULT_SIZES)[-1], MOST_ROWS)
    of_query = settings.replicates * settings.particles
    coarse = settings.replicates * settings.coarse_particles  # to the last level, for decisions
    if segments > 1:  # which have a start of their own
        searched = START_RUNS
    # Every level is rarer by the share that is kept; most queries need not go up to the last one.
    start = math.log(of_query / searched)
    levels = (start - math.log(settings.least_probability)) / -math.log(settings.keep)
    at_level = _LEVELS_SHARE * of_query + (1 - _LEVELS_SHARE) * coarse
    decoded = round(at_level * levels * settings.moves) * n_queries * segments
    if segments > 1:
        tracks = _TOLERANCES * TRACKS_OF_REPLICATE + LEVELS * TRACKS_OF_THRESHOLD
        tracks *= settings.replicates * n_queries
        decoded += START_RUNS * segments + round(tracks * _mean_track_rows(tracks_of))
    batch_bytes = _BATCH_BYTES if segments == 1 else _RUNS_BATCH_BYTES
    return [
        Need(
            stage="simulate beyond",
            work=f"{short_size(decoded)} fingerprints",
            seconds=0.0 if simulated else _WITH_MOVES * decoded * draw_seconds,
            memory_bytes=2.0 * SEEDS_BYTES
            + min(AHEAD_BYTES, _threads(config.device) * batch_bytes),
            disk_bytes=16.0 * settings.replicates * n_queries,
            in_result=True,
        )
    ]


def _mean_track_rows(generator: FingerprintGenerator | None) -> float:
    """Mean number of fingerprints of a generator's tracks; 0 if it draws none."""
    if not isinstance(generator, TrackGenerator):
        return 0.0
    return float(np.mean(generator.track_lengths))


def is_simulated(
    task: SearchTask,
    config: RunConfig,
    tolerances_s: Sequence[float | None],
    *,
    generator: FingerprintGenerator,
    name: str,
) -> bool:
    """Whether a search is finished, and the simulation that continues it is in the cache."""
    if not can_simulate(generator, task.inputs.segments) or not is_finished(task):
        return False
    inputs = _inputs(task, gather(task), config, tolerances_s, generator=generator, name=name)
    return inputs.are_simulated(task.store)


def simulate_beyond(
    task: SearchTask,
    evidence: Evidence,
    config: RunConfig,
    tolerances_s: Sequence[float | None],
    *,
    generator: NoiseGenerator,
    name: str,
    stage: Stage,
) -> tuple[Evidence, TailInfo]:
    """Simulate the tail of the distractors of one exact search.

    Args:
        task: The search.
        evidence: Its evidence.
        config: Settings of the run.
        tolerances_s: Tolerances of its curves.
        generator: Generator of the distractors.
        name: Name of the generator in errors.
        stage: Shows progress.

    Returns:
        The evidence with the tail, and how it was found.
    """
    inputs = _inputs(task, evidence, config, tolerances_s, generator=generator, name=name)
    threads = _threads(config.device)
    with stage(f"{task.named.name}, beyond") as report:
        tail, effort = _simulate(inputs, task.store, report, threads)
        absent = _simulate_absent(task, inputs, evidence.absent, report, threads)
        simulated = replace(evidence, tail=tail, absent=absent)
    settings, largest = splitting_settings(config.beyond), config.beyond[-1]
    info = TailInfo(
        index=task.named.name,
        replicates=settings.replicates,
        particles=settings.particles,
        moves=settings.moves,
        keep=settings.keep,
        searched=effort.searched or task.database.sizes[-1],
        drawn=effort.drawn,
        decoded=effort.decoded,
        levels=effort.levels,
        accepted=effort.accepted,
        checks=[
            check
            for tolerance_s in tolerances_s
            for check in check_tail(simulated, task.database.sizes, tolerance_s)
        ],
        half_sizes=half_sizes(simulated, tolerances_s, largest),
    )
    return simulated, info


def _inputs(
    task: SearchTask,
    evidence: Evidence,
    config: RunConfig,
    tolerances_s: Sequence[float | None],
    *,
    generator: NoiseGenerator,
    name: str,
) -> TailInputs | RunTailInputs:
    """What the simulation of single fingerprints or, for longer queries, of runs needs."""
    queries, settings = task.inputs.queries, splitting_settings(config.beyond)
    if task.inputs.segments == 1:
        source = task.database.source
        if not isinstance(source, SyntheticDistractors):
            raise TypeError(f"{type(source).__name__} has no noise")
        return TailInputs(
            generator=generator,
            name=name,
            source=source,
            queries=queries,
            evidence=evidence,
            tolerances_s=tolerances_s,
            thresholds=choose_thresholds(evidence, tolerances_s),
            key=task.key,
            seed=config.seed,
            settings=settings,
        )
    if not isinstance(generator, CorrelatedNoiseGenerator):
        raise TypeError(f"the tracks of {type(generator).__name__} are not made of noise")
    length = task.inputs.segments
    return RunTailInputs(
        noise=RunNoise(generator, name, length),
        queries=queries,
        length=length,
        match_scores=np.stack([evidence.match_scores(each) for each in tolerances_s], axis=1),
        tolerances_s=tuple(tolerances_s),
        thresholds=choose_thresholds(evidence, tolerances_s),
        key=task.key,
        seed=config.seed,
        settings=settings,
    )


def _threads(device: str) -> int:
    """Batches to simulate at the same time. On a GPU, each of them takes memory there."""
    return arithmetic_threads() if device == "cpu" else CHUNKS_AT_ONCE[device]


def _simulate(
    inputs: TailInputs | RunTailInputs, store: Store, report: Report, threads: int
) -> tuple[Tail, SimulationEffort]:
    if isinstance(inputs, RunTailInputs):
        return simulate_run_tails(inputs, store, report, threads=threads)
    return simulate_tails(inputs, store, report, threads=threads)


def _simulate_absent(
    task: SearchTask,
    inputs: TailInputs | RunTailInputs,
    evidence: Evidence | None,
    report: Report,
    threads: int,
) -> Evidence | None:
    """The evidence of absent queries, with a tail at the thresholds of the others, if any."""
    absent = task.inputs.absent
    if absent is None or evidence is None or not len(inputs.thresholds):
        return evidence
    queries, key = absent.queries, content_key(absent=task.key)
    of_absent: TailInputs | RunTailInputs
    if isinstance(inputs, RunTailInputs):
        none = np.zeros((len(queries), 0), dtype=np.float32)
        of_absent = replace(inputs, queries=queries, match_scores=none, tolerances_s=(), key=key)
    else:
        of_absent = replace(inputs, queries=queries, evidence=evidence, tolerances_s=(), key=key)
    tail, _ = _simulate(of_absent, task.store, report, threads)
    return replace(evidence, tail=tail)
