"""Times indexes as a service would use them: rows in memory, few queries at a time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from fpbench.cache import Store
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.resident_indexes import ResidentIndex, SizedIndex
from fpbench.results.costs import IndexCost, Latency
from fpbench.results.fields import DistractorKind
from fpbench.runs.costs.kept_costs import read_note, write_note
from fpbench.runs.costs.measured_parts import MeasuredBlockIndex, MeasuredIndex
from fpbench.search.tasks import SHORTLIST

BATCHES = (1, 100)
"""Numbers of queries that are searched together."""

_MOST_REPEATS = 10
_LEAST_REPEATS = 3
_MOST_S = 0.05  # for each batch, unless the least repeats take longer


def index_cost(
    store: Store,
    index: str,
    distractors: DistractorKind,
    measured: MeasuredIndex,
    *,
    key: Mapping[str, object],
    segments: int,
    hop_s: float,
    by_worker: IndexCost | None = None,
) -> IndexCost:
    """What an index takes to serve queries; from the cache if it has searched nothing in this run.

    Args:
        store: The cache.
        index: Name of the index.
        distractors: Kind of distractors that it has searched.
        measured: The index, after the search.
        key: Identifies the search.
        segments: Fingerprints in a query.
        hop_s: Time from one fingerprint to the next.
        by_worker: What it takes in a worker, if workers have searched.
    """
    if measured.rows == 0 and by_worker is not None:
        write_note(store, key, by_worker)
        return by_worker
    if measured.rows == 0:
        noted = read_note(store, key, IndexCost)
        unknown = _unknown_cost(index, distractors)
        return replace(unknown if noted is None else noted, cached=True)
    cost = time_index(index, distractors, measured, segments=segments, hop_s=hop_s)
    if cost.rows:
        write_note(store, key, cost)
    return cost


def time_index(
    index: str,
    distractors: DistractorKind,
    measured: MeasuredIndex,
    *,
    segments: int,
    hop_s: float,
) -> IndexCost:
    """What an index that has searched takes to serve queries.

    Args:
        index: Its name.
        distractors: Kind of the distractors among its rows.
        measured: The index, with the rows that it has kept and the queries that it was asked.
        segments: Fingerprints in a query.
        hop_s: Time from one fingerprint of a track to the next.

    Returns:
        A cost without numbers for an index that keeps no rows.
    """
    search, queries = _resident_search(measured), measured.queries
    if search is None or queries is None or not len(queries):
        return _unknown_cost(index, distractors)
    own, contents = measured.index, measured.contents
    is_block = isinstance(measured, MeasuredBlockIndex)
    # Queries of an index that is trained come one fingerprint at a time.
    alone = segments if is_block and own.training_rows else 1
    size = own.bytes_per_fingerprint() if isinstance(own, SizedIndex) else None
    return IndexCost(
        index=index,
        distractors=distractors,
        rows=sum(map(len, contents.kept)) if is_block else contents.added,
        bytes_per_fingerprint=size,
        bytes_per_hour=None if size is None else size * 3600 / hop_s,
        latencies=[_latency(search, queries, batch, alone) for batch in BATCHES],
        cached=False,
    )


def _unknown_cost(index: str, distractors: DistractorKind) -> IndexCost:
    return IndexCost(
        index=index,
        distractors=distractors,
        rows=None,
        bytes_per_fingerprint=None,
        bytes_per_hour=None,
        latencies=(),
        cached=False,
    )


def _resident_search(measured: MeasuredIndex) -> Callable[[Vectors], object] | None:
    """A search among rows in memory; None for an index that cannot keep any."""
    if not isinstance(measured, MeasuredBlockIndex):
        return lambda queries: measured.index.search(queries, SHORTLIST)
    index = measured.index
    contents = measured.contents
    if not isinstance(index, ResidentIndex) or not contents.kept:
        return None
    if not contents.resident:  # several settings share the rows
        index.keep(iter(contents.kept))
        contents.resident = True
    return lambda queries: index.search_kept(queries, SHORTLIST)


def _latency(
    search: Callable[[Vectors], object], queries: Vectors, batch: int, alone: int
) -> Latency:
    """Time of a batch, of which every repeat has other queries as long as there are any."""
    batches = _batches(queries, batch)
    search(next(batches))
    times_s: list[float] = []
    while len(times_s) < _LEAST_REPEATS or (
        sum(times_s) < _MOST_S and len(times_s) < _MOST_REPEATS
    ):
        some = next(batches)
        start_s = time.perf_counter()
        search(some)
        times_s.append(time.perf_counter() - start_s)
    of_query = 1000 * alone / batch
    return Latency(
        batch=batch,
        ms=of_query * float(np.median(times_s)),
        low_ms=of_query * min(times_s),
        high_ms=of_query * max(times_s),
        repeats=len(times_s),
    )


def _batches(queries: Vectors, batch: int) -> Iterator[Vectors]:
    """Batches of queries; from the first again after the last."""
    start = 0
    while True:
        rows = np.arange(start, start + batch) % len(queries)
        yield np.ascontiguousarray(queries[rows])
        start += batch
