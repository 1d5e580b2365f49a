"""Degrades the audio at query positions."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import soxr
from jaxtyping import Float32, Int64

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.audio.reading import read_audio, reading_bytes, refusal, why_changed
from fpbench.errors import FpbenchError
from fpbench.plugin.blame import translate_errors
from fpbench.plugin.datasets import Positions, Track
from fpbench.plugin.degradations import Degradation, DescribedDegradation
from fpbench.plugin.fingerprinters import Recording, Samples
from fpbench.prefetch import map_ahead
from fpbench.randomness import Stream, rng_at


def query_label(track: Track, start_s: float) -> str:
    """Name of a query in errors."""
    return f"the query from {track.name} at {start_s:g} s"


class LostRecordingError(FpbenchError):
    """A recording that was read before cannot be read again.

    Args:
        track: The recording.
        error: What reading it raised.
    """

    def __init__(self, track: Track, error: FpbenchError) -> None:
        super().__init__(error.message, hint=error.hint)
        self.track = track
        self.reason = error.message.removeprefix(f"cannot read {track.path}: ")


def degrade_queries(
    tracks: Sequence[Track],
    truth: Positions,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    *,
    seed: int,
    sample_rate_hz: int,
    numbers: Int64[np.ndarray, " some"] | None = None,
    hashes: Sequence[str | None] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[int, Samples]]:
    """Make the audio of queries. Each track is read once, a few tracks ahead of the caller.

    Args:
        tracks: Reference tracks, in the order that ``truth`` counts them in.
        truth: Positions from :func:`fpbench.audio.query_positions.draw_queries`.
        recipe: Recipe that the positions were drawn with.
        chain: Degradations of the recipe, in the same order.
        seed: Seed of the run.
        sample_rate_hz: Sample rate of the fingerprinter.
        numbers: Numbers of the queries to make; None means all.
        hashes: Hashes of the tracks when their lengths were taken; None if nobody took them.
        workers: Number of threads; None means one per usable core.

    Yields:
        Number and audio of each query, sorted by track and then by number. Each has
        ``round(query_length_s * sample_rate_hz)`` samples.

    Raises:
        LostRecordingError: A track cannot be read, or has changed.
        FpbenchError: A degradation returns invalid audio.
    """

    selection = np.arange(len(truth.track)) if numbers is None else np.sort(numbers)

    def queries_of_track(index: int) -> list[tuple[int, Samples]]:
        track = tracks[index]
        try:
            samples = read_audio(track.path, recipe.sample_rate_hz, channel=track.channel)
        except FpbenchError as err:
            raise LostRecordingError(track, err) from err
        reason = None if hashes is None else why_changed(track, hashes[index])
        if reason is not None:
            raise LostRecordingError(track, refusal(track.path, reason))
        queries = []
        for number in selection[truth.track[selection] == index].tolist():
            start_s = float(truth.start_s[number])
            query = make_query(
                number,
                samples,
                start_s,
                recipe,
                chain,
                seed=seed,
                sample_rate_hz=sample_rate_hz,
                label=query_label(track, start_s),
            )
            queries.append((number, query))
        return queries

    indices = [int(index) for index in np.unique(truth.track[selection])]
    for queries in map_ahead(
        queries_of_track,
        indices,
        workers=workers,
        size_bytes=lambda index: reading_bytes(tracks[index], recipe.sample_rate_hz),
    ):
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
    label: str = "a query",
) -> Samples:
    """Make one query: degrade a stretch of a track and resample it for the fingerprinter.

    Args:
        number: Number of the query. Number and seed determine every random draw.
        track: The whole recording, at the sample rate of the recipe.
        start_s: Start time of the query in the track.
        recipe: Recipe with the length and the sample rate of queries.
        chain: Degradations of the recipe, in the same order.
        seed: Seed of the run.
        sample_rate_hz: Sample rate of the fingerprinter.
        label: Name of the query in errors.

    Returns:
        Exactly ``round(query_length_s * sample_rate_hz)`` samples. A query with a peak above 1 is
        scaled to a peak of 1, as the level control of a recorder does; it is never clipped.

    Raises:
        FpbenchError: A degradation returns invalid audio.
    """
    rngs = [rng_at(seed, Stream.QUERY_DEGRADATION, number, step) for step in range(len(chain))]
    samples = _degrade(track, start_s, recipe, chain, rngs, label=label)
    if sample_rate_hz != recipe.sample_rate_hz:
        samples = soxr.resample(samples, recipe.sample_rate_hz, sample_rate_hz)
    samples = _fit_length(samples, round(recipe.query_length_s * sample_rate_hz))
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples / np.float32(peak) if peak > 1 else samples


def describe_queries(
    truth: Positions, tracks: Sequence[Track], chain: Sequence[Degradation], seed: int
) -> dict[str, list[str | float]]:
    """Track, start time and what the degradations draw, for each query.

    Args:
        truth: Positions of the queries.
        tracks: Reference tracks, in the order that ``truth`` counts them in.
        chain: Degradations of the recipe. Those that do not tell what they draw give no columns.
        seed: Seed of the run.

    Returns:
        Columns by name. If two steps use one name, that of the later one ends in its number.
    """
    columns: dict[str, list[str | float]] = {
        "track": [tracks[track].name for track in truth.track.tolist()],
        "start_s": [round(start_s, 3) for start_s in truth.start_s.tolist()],
    }
    for step, degradation in enumerate(chain):
        if not isinstance(degradation, DescribedDegradation):
            continue
        rows = [
            degradation.describe(rng_at(seed, Stream.QUERY_DEGRADATION, number, step))
            for number in range(len(truth.track))
        ]
        for name in rows[0]:
            column = f"{name}_{step + 1}" if name in columns else name
            columns[column] = [row[name] for row in rows]
    return columns


def _degrade(
    track: Recording,
    start_s: float,
    recipe: QueryRecipe,
    chain: Sequence[Degradation],
    rngs: Sequence[np.random.Generator],
    *,
    label: str,
) -> Samples:
    """The query at the recipe's rate. A step gets only the audio that it and later steps need."""
    needs = _needs(recipe, chain)
    context, length = needs[0]
    start = max(0, min(round(start_s * recipe.sample_rate_hz), len(track) - length))
    before = min(context, start)  # there is no audio before the start of a recording
    samples = track[start - before : start + length].copy()
    for at, (step, rng) in enumerate(zip(chain, rngs, strict=True)):
        input_length, name = len(samples), recipe.degradations[at].name
        with translate_errors(f"degradation '{name}'", f"degrading {label}"):
            samples = step.apply(samples, before, recipe.sample_rate_hz, rng)
        if not len(samples) or not np.isfinite(samples).all():
            raise FpbenchError(
                f"degradation '{name}' returned no finite audio for {label}",
                hint="correct the degradation: it must return finite samples for every input",
            )
        context, length = needs[at + 1]
        # Output time is input time divided by a constant, so the start of the query scales too.
        query_at = round(before * len(samples) / input_length)
        before = min(query_at, context)
        samples = samples[query_at - before : query_at + length]
    return _fit_length(samples, recipe.samples)


def _needs(recipe: QueryRecipe, chain: Sequence[Degradation]) -> list[tuple[int, int]]:
    """Samples before and in the query: for the input of each step, then for the final output."""
    needs = [(0, recipe.samples)]
    for step in reversed(chain):
        context, length = needs[-1]
        if step.tempo != 1:
            context, length = (math.ceil((n + 2) * step.tempo) for n in (context, length))
        needs.append((context + math.ceil(step.context_s * recipe.sample_rate_hz), length))
    return needs[::-1]


def _fit_length(samples: Recording, length: int) -> Float32[np.ndarray, " {length}"]:
    """The first ``length`` samples, padded with silence if there are fewer."""
    missing = max(0, length - len(samples))
    return np.pad(samples[:length], (0, missing)) if missing else samples[:length]
