"""Queries: which stretches of the reference, how they are degraded, and the truth about them."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import soxr
from jaxtyping import Float32, Float64, Int64

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.reading import read_audio
from fpbench.errors import FpbenchError
from fpbench.plugin.blame import translate_errors
from fpbench.plugin.datasets import Positions, Track
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import Recording, Samples
from fpbench.prefetch import map_ahead
from fpbench.randomness import Stream, rng_at

# ---------------------------------------------------------------- drawing


def draw_queries(
    durations_s: Float64[np.ndarray, " tracks"],
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    seed: int,
) -> Positions:
    """Draw a point of the grid, from all at which a query fits, and a start near it.

    The grid is the multiples of ``grid_s`` in every track, and each is as likely as any other. A
    start is uniform within ``max_offset_s`` of its point, as far as a query fits there. Where the
    track cuts that stretch short, starts are denser: twice as dense in the first ``max_offset_s``
    of a track. What lies more than ``max_offset_s`` after its last point is never drawn.

    Positions depend on the fingerprinter in no way, so that all are asked the same questions.

    Args:
        durations_s: Of the reference tracks, by their files; 0 for one that cannot be read.
        recipe: Query i is the same for every ``n_queries`` greater than i.
        chain: The recipe's degradations; a faster tempo needs longer stretches.
        seed: The run's.

    Raises:
        FpbenchError: No track is long enough.
    """
    needed_s = recipe.query_length_s * math.prod(step.tempo for step in chain)
    # A track of exactly a query's length has one position; a millisecond forgives rounding.
    last = np.floor((durations_s - needed_s + 1e-3) / recipe.grid_s).astype(np.int64)
    ends = np.cumsum(np.maximum(last + 1, 0))
    if len(ends) == 0 or ends[-1] == 0:
        raise FpbenchError(
            f"no reference track is as long as a query, {needed_s:g} s",
            hint="use shorter queries or longer recordings",
        )
    track = np.empty(recipe.n_queries, dtype=np.int64)
    start_s = np.empty(recipe.n_queries, dtype=np.float64)
    for i in range(recipe.n_queries):
        rng = rng_at(seed, Stream.QUERY_POSITION, i)
        position = int(rng.integers(ends[-1]))
        track[i] = np.searchsorted(ends, position, side="right")
        position -= int(ends[track[i] - 1]) if track[i] else 0
        grid_s = position * recipe.grid_s
        low = max(-recipe.max_offset_s, -grid_s)
        high = min(recipe.max_offset_s, float(durations_s[track[i]]) - needed_s - grid_s)
        start_s[i] = max(0.0, grid_s + rng.uniform(low, max(low, high)))
    return Positions(track, start_s)


# ---------------------------------------------------------------- degrading


def degrade_queries(
    tracks: Sequence[Track],
    truth: Positions,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    *,
    seed: int,
    sample_rate_hz: int,
    numbers: Int64[np.ndarray, " some"] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Samples]]:
    """Make queries, reading every track once and a few tracks ahead of the caller.

    Args:
        tracks: The reference, as ``truth`` counts it.
        truth: From :func:`draw_queries`.
        recipe: The one ``truth`` was drawn with.
        chain: Its degradations, in its order.
        seed: The run's.
        sample_rate_hz: The fingerprinter's.
        numbers: Which queries to make; None means all.
        workers: Threads; None means one per core.

    Returns:
        The number and the audio of each query, by track and then by number: each
        ``round(query_length_s * sample_rate_hz)`` samples.

    Raises:
        FpbenchError: A track cannot be read, or a degradation returns something else than audio.
    """

    wanted = np.arange(len(truth.track)) if numbers is None else np.sort(numbers)

    def of_track(index: int) -> list[tuple[int, Samples]]:
        track = read_audio(tracks[index].path, recipe.sample_rate_hz)
        made = []
        for number in wanted[truth.track[wanted] == index].tolist():
            start_s = float(truth.start_s[number])
            query = make_query(
                number, track, start_s, recipe, chain, seed=seed, sample_rate_hz=sample_rate_hz
            )
            made.append((number, query))
        return made

    used = [int(index) for index in np.unique(truth.track[wanted])]
    for queries in map_ahead(of_track, used, workers=workers):
        yield from queries


def make_query(
    number: int,
    track: Recording,
    start_s: float,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    *,
    seed: int,
    sample_rate_hz: int,
) -> Samples:
    """One query: a stretch of a track through the chain, at the fingerprinter's rate.

    Args:
        number: Of the query; with the seed it decides every random draw.
        track: The whole recording, at the recipe's rate.
        start_s: Where the query begins in it.
        recipe: Its length and rate.
        chain: Its degradations, in its order.
        seed: The run's.
        sample_rate_hz: The fingerprinter's.

    Returns:
        Exactly ``round(query_length_s * sample_rate_hz)`` samples. They are scaled to a peak of 1
        where they would exceed it, as a recorder's level control does, and never clipped.

    Raises:
        FpbenchError: A degradation returns something else than audio.
    """
    rngs = [rng_at(seed, Stream.QUERY_DEGRADATION, number, step) for step in range(len(chain))]
    samples = _degrade(track, start_s, recipe, chain, rngs)
    if sample_rate_hz != recipe.sample_rate_hz:
        samples = soxr.resample(samples, recipe.sample_rate_hz, sample_rate_hz)
    samples = _fit_length(samples, round(recipe.query_length_s * sample_rate_hz))
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples / np.float32(peak) if peak > 1 else samples


def _degrade(
    track: Recording,
    start_s: float,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    rngs: Sequence[np.random.Generator],
) -> Samples:
    """The query at the recipe's rate; each step hears no more than it and later ones need."""
    needs = _needs(recipe, chain)
    context, length = needs[0]
    start = max(0, min(round(start_s * recipe.sample_rate_hz), len(track) - length))
    before = min(context, start)  # a recording has nothing before its start
    samples = track[start - before : start + length].copy()
    for at, (step, rng) in enumerate(zip(chain, rngs, strict=True)):
        heard = len(samples)
        with translate_errors(f"degradation '{recipe.degradations[at].name}'", "degrading a query"):
            samples = step.apply(samples, before, recipe.sample_rate_hz, rng)
        if not len(samples) or not np.isfinite(samples).all():
            raise FpbenchError(
                f"degradation '{recipe.degradations[at].name}' returned no finite audio",
                hint="it must return finite samples for every input",
            )
        context, length = needs[at + 1]
        # Output time is input time divided by a constant, so the query's start moves in proportion.
        query_at = round(before * len(samples) / heard)
        before = min(query_at, context)
        samples = samples[query_at - before : query_at + length]
    return _fit_length(samples, recipe.samples)


def _needs(recipe: QueryRecipe, chain: Sequence[Degradation]) -> list[tuple[int, int]]:
    """Samples before and in the query that go into each step, and, last, that come out."""
    needs = [(0, recipe.samples)]
    for step in reversed(chain):
        context, length = needs[-1]
        if step.tempo != 1:
            context, length = (math.ceil((n + 2) * step.tempo) for n in (context, length))
        needs.append((context + math.ceil(step.context_s * recipe.sample_rate_hz), length))
    return needs[::-1]


def _fit_length(samples: Recording, length: int) -> Float32[np.ndarray, " {length}"]:
    """The first ``length`` samples, with silence at the end if there are fewer."""
    missing = max(0, length - len(samples))
    return np.pad(samples[:length], (0, missing)) if missing else samples[:length]
