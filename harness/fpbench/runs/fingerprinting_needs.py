"""Estimate what fingerprinting needs, from file headers, short trials and the cache."""

import heapq
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from fpbench.audio.duplicates import drop_duplicates
from fpbench.audio.reading import durations_s
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.query_sets import count_missing_queries
from fpbench.fingerprints.track_sets import find_cached
from fpbench.plugin.datasets import Dataset, PendingFiles, Track
from fpbench.progress_display import hide_progress
from fpbench.runs.inputs import AudioSource
from fpbench.runs.needs import Need
from fpbench.runs.planned_queries import plan_queries
from fpbench.runs.trials import decoding_rate, fingerprinting_rate
from fpbench.units import short_hours

_DECODING_RATE = 500.0
"""Seconds of audio that a thread reads per second, if there is no file for a trial."""

_READ_BYTES = 20e9
"""Size of a dataset up to which its files are read to find their fingerprints in the cache.

The run reads them in any case, and no file twice in one process.
"""

_QUERY_S = 0.004  # to degrade a query: noise and reverberation at 16 kHz
_SMALLEST_BYTES = 200e6


def fingerprinting_needs(source: AudioSource, store: Store) -> list[Need]:
    """Needs of making missing files of the dataset, and of all fingerprints not in the cache."""
    dataset, pending = source.dataset, source.dataset.pending
    if not source.want_real:
        dataset = replace(dataset, distractors=())
    missing_reference, missing_distractors = dataset.reference, dataset.distractors
    missing_queries = source.recipe.n_queries
    if pending is None and not source.fresh and _size_bytes(dataset) <= _READ_BYTES:
        unique, _ = drop_duplicates(dataset, lambda done, words: None)
        missing_reference = _missing(source, store, unique.reference)
        missing_distractors = _missing(source, store, unique.distractors)
        if not missing_reference:
            missing_queries = _count_missing_queries(source, store, unique)
    rate = fingerprinting_rate(source.fingerprinter.fingerprinter, source.fingerprinter.name)
    needs = [*_pending_needs(pending)]
    needs.append(_tracks_need(source, "reference", missing_reference, rate))
    needs.append(_queries_need(source, missing_queries, rate))
    if source.want_real:
        needs.append(_tracks_need(source, "distractors", missing_distractors, rate))
    return needs


def _pending_needs(pending: PendingFiles | None) -> Iterator[Need]:
    if pending is not None:
        yield Need(
            stage=f"make {pending.what}",
            work=f"{pending.count} files",
            seconds=pending.estimate_s(),
            memory_bytes=_SMALLEST_BYTES,
            disk_bytes=float(pending.size_bytes),
        )


def _tracks_need(source: AudioSource, title: str, missing: Sequence[Track], rate: float) -> Need:
    """The need of reading and fingerprinting some tracks, each as a whole."""
    spec = source.fingerprinter.fingerprinter.spec
    lengths_s = durations_s(missing)
    audio_s = float(lengths_s.sum())
    # As many tracks are read ahead as :func:`map_ahead` allows, and a track that is being read is
    # in memory twice: in pieces and as a whole.
    workers = os.cpu_count() or 1
    in_memory_s = _sum_longest(lengths_s, 3 * workers) + _sum_longest(lengths_s, workers)
    return Need(
        stage=f"fingerprint {title}",
        work=f"{short_hours(audio_s / 3600)} of audio",
        seconds=audio_s / rate + _decoding_seconds(missing, spec.sample_rate_hz),
        memory_bytes=_SMALLEST_BYTES + 4 * spec.sample_rate_hz * in_memory_s,
        # Stored twice: per track, and as one set.
        disk_bytes=audio_s * 2 * 4 * spec.dim / spec.hop_s,
    )


def _queries_need(source: AudioSource, missing: int, rate: float) -> Need:
    """The need of reading the tracks of queries at the rate of the recipe, and of the queries."""
    recipe, spec = source.recipe, source.fingerprinter.fingerprinter.spec
    tracks = [q.track for q in source.dataset.queries if q.reference]
    tracks = tracks or list(source.dataset.reference)
    if not missing:
        tracks = []
    lengths_s = durations_s(tracks)
    in_memory_s = 2 * _sum_longest(lengths_s, os.cpu_count() or 1)
    audio_s = missing * recipe.query_length_s
    return Need(
        stage="fingerprint queries",
        work=f"{short_hours(audio_s / 3600)} of audio",
        seconds=audio_s / rate
        + missing * _QUERY_S * len(recipe.degradations)
        + _decoding_seconds(tracks, recipe.sample_rate_hz),
        memory_bytes=_SMALLEST_BYTES + 4 * recipe.sample_rate_hz * in_memory_s,
        disk_bytes=audio_s * 2 * 4 * spec.dim / spec.hop_s,
    )


def _decoding_seconds(tracks: Sequence[Track], sample_rate_hz: int) -> float:
    """Time to read tracks in threads; a trial reads the longest track of each format.

    A track is read by one thread, so that a long one sets the pace.
    """
    by_format: dict[str, list[Track]] = {}
    for track in tracks:
        by_format.setdefault(track.path.suffix.lower(), []).append(track)
    thread_s, longest_s = 0.0, 0.0
    for some in by_format.values():
        lengths_s = durations_s(some)
        longest = int(np.argmax(lengths_s))
        try:
            rate = decoding_rate(some[longest].path, sample_rate_hz, float(lengths_s[longest]))
        except (FpbenchError, ValueError):  # the run names the file
            rate = _DECODING_RATE
        thread_s += float(lengths_s.sum()) / rate
        longest_s = max(longest_s, float(lengths_s.max(initial=0.0)) / rate)
    return max(longest_s, thread_s / (os.cpu_count() or 1))


def _missing(source: AudioSource, store: Store, tracks: Sequence[Track]) -> list[Track]:
    named = source.fingerprinter
    cached = find_cached(store, named.identity, named.fingerprinter.spec, tracks)
    return [track for track, is_cached in zip(tracks, cached, strict=True) if not is_cached]


def _count_missing_queries(source: AudioSource, store: Store, unique: Dataset) -> int:
    """Queries that are not in the cache, if the fingerprints of the reference are."""
    try:
        reference = source.fingerprinter.fingerprints(
            store, unique.reference, hide_progress, "reference"
        )
        chain = [named.degradation for named in source.degradations]
        planned = plan_queries(unique, reference, source.recipe, chain, source.seed)
        return count_missing_queries(store, source.query_source(planned), planned.places)
    except FpbenchError:  # the run says what is wrong
        return source.recipe.n_queries


def _size_bytes(dataset: Dataset) -> int:
    paths = [track.path for track in (*dataset.reference, *dataset.distractors)]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _sum_longest(lengths_s: np.ndarray, count: int) -> float:
    return float(sum(heapq.nlargest(count, lengths_s.tolist())))
