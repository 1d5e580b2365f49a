"""Fingerprints of degraded queries, cached in shards, from which a killed run resumes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.audio.queries import degrade_queries, query_label
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.files import UnchangedFile
from fpbench.fingerprints.embedding import fingerprint_named
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Positions, Track
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import AnyFingerprinter, FingerprintSpec, Samples
from fpbench.progress import Report

_SHARD = 512  # approximate number of queries that a killed run may lose

QueryVectors = Float32[np.ndarray, "queries segments dim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySet:
    """Fingerprints of queries, with the ground truth.

    Args:
        key: Hash of everything that shapes the contents.
        vectors: Consecutive fingerprints of each query, one hop apart.
        truth: Track and start time of each query.
    """

    key: str
    vectors: QueryVectors = field(repr=False)
    truth: Positions = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySource:
    """Everything that shapes queries and their fingerprints.

    Args:
        fingerprinter: Segment-wise or track-wise.
        name: Name of the fingerprinter in errors.
        identity: Everything besides the spec that shapes its fingerprints, for the key.
        tracks: Reference tracks.
        hashes: Hashes of the tracks when their lengths were taken; None if nobody took them.
        sources: Hashes of the audio behind the queries, and of the code that degrades it.
        recordings: Recordings that the degradations may mix in, as they were before their hashes
            were taken.
        recipe: Query recipe.
        chain: Degradations of the recipe.
        seed: Seed of the run.
        cut_s: Length to which queries are cut after they were degraded; None keeps all of them.
    """

    fingerprinter: AnyFingerprinter
    name: str
    identity: Mapping[str, object]
    tracks: Sequence[Track]
    hashes: Sequence[str | None] | None
    sources: Mapping[str, Sequence[str | None]]
    recordings: tuple[UnchangedFile, ...]
    recipe: QueryRecipe
    chain: Sequence[Degradation]
    seed: int
    cut_s: float | None = None

    @property
    def length_s(self) -> float:
        """Length of the queries that are fingerprinted."""
        return self.recipe.query_length_s if self.cut_s is None else self.cut_s

    def key(self, truth: Positions, numbers: Int64[np.ndarray, " shard"]) -> str:
        """Key of the fingerprints of some queries."""
        cut: dict[str, object] = {} if self.cut_s is None else {"cut_s": self.cut_s}
        return content_key(
            **cut,
            kind="queries",
            code=code_key(__name__),
            fingerprinter=self.identity,
            spec=self.fingerprinter.spec,
            sources=self.sources,
            recipe=recipe_to_json(self.recipe),
            seed=self.seed,
            tracks=truth.track[numbers].tolist(),
            start_s=truth.start_s[numbers].tolist(),
            numbers=numbers.tolist(),
        )


def build_query_set(
    store: Store, source: QuerySource, truth: Positions, report: Report
) -> QuerySet:
    """Load the fingerprints of all queries, and make those that are not in the store.

    Raises:
        FpbenchError: A degradation or the fingerprinter breaks a rule, a query gives no
            fingerprint, queries of equal length give different numbers of fingerprints, or a
            recording of the degradations has changed.
    """
    store = store.with_sources(source.recordings)
    shards = _all_shards(source, truth)
    rows: dict[int, Float32[np.ndarray, "segments dim"]] = {}
    for done, numbers in enumerate(shards):
        key = source.key(truth, numbers)
        arrays = store.read("queries", key)
        if arrays is None:
            before = len(rows)

            def report_shard(count: int, before: int = before) -> None:
                report((before + count) / len(truth.track), f"{before + count} queries")

            arrays = {"vectors": _fingerprint_queries(source, truth, numbers, report_shard)}
            store.write("queries", key, arrays)
        rows |= dict(zip(numbers.tolist(), arrays["vectors"], strict=True))
        report((done + 1) / len(shards), f"{len(rows)} queries")
    vectors = np.stack([rows[i] for i in range(len(truth.track))])
    return QuerySet(key=source.key(truth, np.arange(len(vectors))), vectors=vectors, truth=truth)


def cut_query_set(
    store: Store,
    source: QuerySource,
    whole: QuerySet,
    *,
    places: Positions,
    length_s: float,
    segments: int,
    report: Report,
) -> QuerySet:
    """The same queries, of which only the first seconds are fingerprinted.

    Unless their fingerprints are those of the whole queries, see :func:`keeps_fingerprints`, the
    queries are degraded again, and cut before they are fingerprinted.

    Args:
        store: Keeps fingerprints.
        source: Makes the whole queries.
        whole: The whole queries.
        places: Track and start time of each in the tracks of ``source``.
        length_s: Length to cut them to.
        segments: Fingerprints of that length.
        report: Shows progress.

    Raises:
        FpbenchError: As :func:`build_query_set`.
    """
    if keeps_fingerprints(source.fingerprinter.spec, length_s):
        vectors, key = whole.vectors[:, :segments], content_key(whole=whole.key, cut=segments)
        return replace(whole, key=key, vectors=vectors)
    cut = build_query_set(store, replace(source, cut_s=length_s), places, report)
    return replace(whole, key=content_key(whole=whole.key, cut=cut.key), vectors=cut.vectors)


def keeps_fingerprints(spec: FingerprintSpec, length_s: float) -> bool:
    """Whether a query that is cut to a length has the first fingerprints of the whole query.

    It has if each fingerprint is of its own segment, and the first one of a whole segment.
    """
    alone = spec.front_end == "segment" and spec.batch_segments is None and not spec.query_padding
    return alone and round(length_s * spec.sample_rate_hz) >= spec.samples


def count_missing_queries(store: Store, source: QuerySource, truth: Positions) -> int:
    """Queries whose fingerprints are not in the store."""
    missing = 0
    for numbers in _all_shards(source, truth):
        path = store.path("queries", source.key(truth, numbers), ".npz")
        missing += 0 if path.exists() and store.counts(path) else len(numbers)
    return missing


def _all_shards(source: QuerySource, truth: Positions) -> list[Int64[np.ndarray, " shard"]]:
    one_shard = source.fingerprinter.spec.batch_segments is not None
    return [np.arange(len(truth.track))] if one_shard else list(_shards(truth))


def _shards(truth: Positions) -> Iterator[Int64[np.ndarray, " shard"]]:
    """Numbers of the queries of each shard. A track is never split, so it is decoded once."""
    by_track = np.argsort(truth.track, kind="stable")
    borders = np.flatnonzero(np.diff(truth.track[by_track])) + 1
    shard: list[Int64[np.ndarray, " part"]] = []
    for part in np.split(by_track, borders):
        shard.append(part)
        if sum(map(len, shard)) >= _SHARD:
            yield np.concatenate(shard)
            shard = []
    if shard:
        yield np.concatenate(shard)


def _fingerprint_queries(
    source: QuerySource,
    truth: Positions,
    numbers: Int64[np.ndarray, " shard"],
    report: Callable[[int], None],
) -> QueryVectors:
    """Fingerprint some queries; rows in the order of ``numbers``."""
    spec = source.fingerprinter.spec
    order: list[int] = []

    def recordings() -> Iterator[tuple[str, Samples]]:
        queries = degrade_queries(
            source.tracks,
            truth,
            source.recipe,
            source.chain,
            numbers=numbers,
            hashes=source.hashes,
            seed=source.seed,
            sample_rate_hz=spec.sample_rate_hz,
        )
        for number, whole in queries:
            samples = whole[: round(source.length_s * spec.sample_rate_hz)]
            order.append(number)
            track, start_s = source.tracks[truth.track[number]], float(truth.start_s[number])
            yield query_label(track, start_s), np.pad(samples, (0, spec.query_padding))

    rows = []
    for query in fingerprint_named(source.fingerprinter, source.name, recordings()):
        rows.append(query.vectors)
        report(len(rows))
    counts = {len(row) for row in rows}
    if len(counts) != 1 or 0 in counts:
        raise FpbenchError(
            f"queries of {source.length_s:g} s give {sorted(counts)} fingerprints "
            f"with '{source.name}', but must all give the same number, at least 1",
            hint="ask for longer queries: query_length_s in the recipe, --query-length or "
            "--query-lengths",
        )
    # Queries come sorted by track.
    row_of = {number: place for place, number in enumerate(order)}
    return np.stack([rows[row_of[int(number)]] for number in numbers])
