"""Estimate what fingerprinting needs, from file headers, short trials and the cache."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from fpbench.audio.duplicates import drop_duplicates
from fpbench.audio.reading import durations_s
from fpbench.audio.survey import (
    Surveys,
    decoded_durations_s,
    known_surveys,
    survey_recordings,
)
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.query_sets import count_missing_queries, keeps_fingerprints
from fpbench.fingerprints.track_sets import find_cached
from fpbench.plugin.datasets import Dataset, PendingFiles, Track
from fpbench.prefetch import AHEAD_BYTES, default_workers
from fpbench.progress_display import hide_progress
from fpbench.runs.inputs import AudioSource, recordings_of
from fpbench.runs.needs import Need
from fpbench.runs.planned_queries import plan_queries
from fpbench.runs.trials import decoding_rate, fingerprinting_rate
from fpbench.units import count_label, short_hours

_DECODING_RATE = 500.0
"""Seconds of audio that a thread reads per second, if there is no file for a trial."""

_READ_BYTES = 20e9
"""Size of a dataset up to which its files are read to find their fingerprints in the cache.

The run reads them in any case, and no file twice in one process.
"""

_SURVEY_RATE_HZ = 16_000  # hashing takes about as long as resampling to it
_CHEAP_S = 5.0  # longest survey that a plan makes by itself
_QUERY_S = 0.004  # to degrade a query: noise and reverberation at 16 kHz
_SMALLEST_BYTES = 200e6


def fingerprinting_needs(source: AudioSource, store: Store, surveys: Surveys) -> list[Need]:
    """Needs of making missing files of the dataset, and of all fingerprints not in the cache.

    Args:
        source: The run's audio and fingerprinter.
        store: The cache.
        surveys: From :func:`survey_cheaply`.
    """
    dataset, pending = _used(source), source.dataset.pending
    missing_reference, missing_distractors = dataset.reference, dataset.distractors
    missing_queries = dict.fromkeys(_fingerprinted_lengths_s(source), source.recipe.n_queries)
    if surveys:
        unique = dataset
        if source.duplicates != "keep":
            unique, _ = drop_duplicates(dataset, surveys)
        missing_reference = _missing(source, store, unique.reference, surveys)
        missing_distractors = _missing(source, store, unique.distractors, surveys)
        if not missing_reference and all(one.track in surveys for one in unique.queries):
            missing_queries = _count_missing_queries(source, store, unique, surveys)
    rate = fingerprinting_rate(source.fingerprinter.fingerprinter, source.fingerprinter.name)
    unread = [one for one in recordings_of(dataset) if one not in surveys]
    needs = [*_pending_needs(pending), _survey_need(unread)]
    needs.append(_tracks_need(source, "reference", missing_reference, surveys, rate))
    needs.append(_queries_need(source, missing_queries, surveys, rate))
    if source.want_real:
        needs.append(_tracks_need(source, "distractors", missing_distractors, surveys, rate))
    return needs


def survey_cheaply(source: AudioSource, store: Store) -> Surveys:
    """Surveys from the store. If few recordings lack theirs, all are surveyed now.

    A file that cannot be read is never in the store, so a plan tries it, too.
    """
    dataset = _used(source)
    if source.dataset.pending is not None or source.fresh or _size_bytes(dataset) > _READ_BYTES:
        return {}
    tracks = recordings_of(dataset)
    surveys = known_surveys(store, tracks)
    unread = [one for one in tracks if one not in surveys]
    if _decoding_seconds(unread, durations_s(unread), _SURVEY_RATE_HZ) > _CHEAP_S:
        return surveys
    return survey_recordings(store, tracks, lambda _done, _words: None)


def _survey_need(unread: Sequence[Track]) -> Need:
    """The need of decoding recordings for the first time, in blocks."""
    lengths_s = durations_s(unread)
    return Need(
        stage="read recordings",
        work=f"{short_hours(float(lengths_s.sum()) / 3600)} of audio",
        seconds=_decoding_seconds(unread, lengths_s, _SURVEY_RATE_HZ),
        memory_bytes=_SMALLEST_BYTES,
        disk_bytes=0.0,
    )


def _used(source: AudioSource) -> Dataset:
    """The dataset without distractors that the run does not use."""
    return source.dataset if source.want_real else replace(source.dataset, distractors=())


def _pending_needs(pending: PendingFiles | None) -> Iterator[Need]:
    if pending is not None:
        yield Need(
            stage=f"make {pending.what}",
            work=count_label(pending.count, "file"),
            seconds=pending.estimate_s(),
            memory_bytes=_SMALLEST_BYTES,
            disk_bytes=float(pending.size_bytes),
        )


def _tracks_need(
    source: AudioSource, title: str, missing: Sequence[Track], surveys: Surveys, rate: float
) -> Need:
    """The need of reading and fingerprinting some tracks, each as a whole."""
    spec = source.fingerprinter.fingerprinter.spec
    lengths_s = decoded_durations_s(surveys, missing)
    audio_s = float(lengths_s.sum())
    # A track that is being read is in memory twice, see :func:`reading_bytes`; others wait.
    workers = default_workers()
    in_memory_s = _sum_longest(lengths_s, 3 * workers) + _sum_longest(lengths_s, workers)
    return Need(
        stage=f"fingerprint {title}",
        work=f"{short_hours(audio_s / 3600)} of audio",
        seconds=audio_s / rate + _decoding_seconds(missing, lengths_s, spec.sample_rate_hz),
        memory_bytes=_SMALLEST_BYTES + _ahead_bytes(lengths_s, spec.sample_rate_hz, in_memory_s),
        # Stored twice: per track, and as one set.
        disk_bytes=audio_s * 2 * 4 * spec.dim / spec.hop_s,
    )


def _fingerprinted_lengths_s(source: AudioSource) -> list[float]:
    """Lengths of queries to fingerprint: the longest, and those that are not cut from it."""
    *shorter, longest = (length.length_s for length in source.lengths)
    spec = source.fingerprinter.fingerprinter.spec
    return [*(one for one in shorter if not keeps_fingerprints(spec, one)), longest]


def _queries_need(
    source: AudioSource, missing: Mapping[float, int], surveys: Surveys, rate: float
) -> Need:
    """The need of reading the tracks of queries at the rate of the recipe, and of the queries.

    Args:
        source: The run's audio and fingerprinter.
        missing: Queries to be made of each length.
        surveys: Surveys of the tracks.
        rate: Seconds of audio that are fingerprinted per second.
    """
    recipe, spec = source.recipe, source.fingerprinter.fingerprinter.spec
    tracks = [q.track for q in source.dataset.queries if q.reference]
    tracks = tracks or list(source.dataset.reference)
    times = sum(count > 0 for count in missing.values())
    if not times:
        tracks = []
    lengths_s = decoded_durations_s(surveys, tracks)
    in_memory_s = 2 * _sum_longest(lengths_s, default_workers())
    audio_s = sum(length_s * count for length_s, count in missing.items())
    return Need(
        stage="fingerprint queries",
        work=f"{short_hours(audio_s / 3600)} of audio",
        seconds=audio_s / rate
        + sum(missing.values()) * _QUERY_S * len(recipe.degradations)
        + times * _decoding_seconds(tracks, lengths_s, recipe.sample_rate_hz),
        memory_bytes=_SMALLEST_BYTES + _ahead_bytes(lengths_s, recipe.sample_rate_hz, in_memory_s),
        disk_bytes=audio_s * 2 * 4 * spec.dim / spec.hop_s,
    )


def _ahead_bytes(
    lengths_s: Float64[np.ndarray, " tracks"], sample_rate_hz: int, in_memory_s: float
) -> float:
    """Memory of the tracks that :func:`map_ahead` has at the same time."""
    longest_bytes = 2 * 4 * sample_rate_hz * float(lengths_s.max(initial=0.0))
    return min(4 * sample_rate_hz * in_memory_s, max(AHEAD_BYTES, longest_bytes))


def _decoding_seconds(
    tracks: Sequence[Track], all_lengths_s: Float64[np.ndarray, " tracks"], sample_rate_hz: int
) -> float:
    """Time to read tracks in threads; a trial reads the longest track of each format.

    A track is read by one thread, so that a long one sets the pace.
    """
    by_format: dict[str, list[int]] = {}
    for place, track in enumerate(tracks):
        by_format.setdefault(track.path.suffix.lower(), []).append(place)
    thread_s, longest_s = 0.0, 0.0
    for places in by_format.values():
        lengths_s = all_lengths_s[places]
        longest = int(np.argmax(lengths_s))
        try:
            rate = decoding_rate(
                tracks[places[longest]].path, sample_rate_hz, float(lengths_s[longest])
            )
        except (FpbenchError, ValueError):  # the run names the file
            rate = _DECODING_RATE
        thread_s += float(lengths_s.sum()) / rate
        longest_s = max(longest_s, float(lengths_s.max(initial=0.0)) / rate)
    return max(longest_s, thread_s / default_workers())


def _missing(
    source: AudioSource, store: Store, tracks: Sequence[Track], surveys: Surveys
) -> list[Track]:
    named = source.fingerprinter
    cached = find_cached(store, named.identity, named.fingerprinter.spec, tracks, surveys)
    return [track for track, is_cached in zip(tracks, cached, strict=True) if not is_cached]


def _count_missing_queries(
    source: AudioSource, store: Store, unique: Dataset, surveys: Surveys
) -> dict[float, int]:
    """Queries of each length that are not in the cache, if those of the reference are."""
    try:
        reference = source.fingerprinter.fingerprints(
            store, unique.reference, surveys, hide_progress, "reference"
        )
        chain = [named.degradation for named in source.degradations]
        planned = plan_queries(
            unique, reference, source.recipe, chain, source.seed, surveys=surveys
        )
    except FpbenchError:  # the run says what is wrong
        return dict.fromkeys(_fingerprinted_lengths_s(source), source.recipe.n_queries)
    whole = source.query_source(planned)
    *shorter, longest = _fingerprinted_lengths_s(source)
    return {
        longest: count_missing_queries(store, whole, planned.places),
        **{
            length_s: count_missing_queries(store, replace(whole, cut_s=length_s), planned.places)
            for length_s in shorter
        },
    }


def _size_bytes(dataset: Dataset) -> int:
    paths = [track.path for track in (*dataset.reference, *dataset.distractors)]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _sum_longest(lengths_s: np.ndarray, count: int) -> float:
    return float(sum(heapq.nlargest(count, lengths_s.tolist())))
