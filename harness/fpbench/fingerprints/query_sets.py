"""The fingerprints of degraded queries, made once, in shards that a killed run goes on from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.audio.queries import degrade_queries
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.embedding import fingerprint_tracks
from fpbench.hashing import code_key, content_key
from fpbench.plugin.datasets import Positions, Track
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import AnyFingerprinter, Samples
from fpbench.progress import Report

_SHARD = 512  # queries, about: what a killed run may lose

QueryVectors = Float32[np.ndarray, "queries segments dim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySet:
    """Fingerprinted queries and the truth about them.

    Args:
        key: Names the contents.
        vectors: The consecutive fingerprints of each query, one hop apart.
        truth: Track and time of each.
    """

    key: str
    vectors: QueryVectors = field(repr=False)
    truth: Positions = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySource:
    """All that shapes queries and their fingerprints.

    Args:
        fingerprinter: Of either kind.
        name: What errors call it.
        identity: What tells it from others besides its spec.
        tracks: The reference.
        sources: Hashes of the audio behind the queries, and of the code that degrades it.
        recipe: How queries are degraded.
        chain: The recipe's degradations.
        seed: The run's.
    """

    fingerprinter: AnyFingerprinter
    name: str
    identity: Mapping[str, object]
    tracks: Sequence[Track]
    sources: Mapping[str, Sequence[str | None]]
    recipe: QueryRecipe
    chain: Sequence[Degradation]
    seed: int

    def key(self, truth: Positions, numbers: Int64[np.ndarray, " shard"]) -> str:
        """Names the fingerprints of some queries."""
        return content_key(
            made="queries",
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


def build_query_set(store: Store, maker: QuerySource, truth: Positions, report: Report) -> QuerySet:
    """Open the fingerprints of all queries, making those that are not in the store yet.

    Raises:
        FpbenchError: A degradation or the fingerprinter broke a rule, a query gave no fingerprint,
            or queries of one length gave different numbers of them.
    """
    whole = maker.fingerprinter.spec.batch_segments is not None
    shards = [np.arange(len(truth.track))] if whole else list(_shards(truth))
    found: dict[int, Float32[np.ndarray, "segments dim"]] = {}
    for done, numbers in enumerate(shards):
        key = maker.key(truth, numbers)
        arrays = store.read("queries", key)
        if arrays is None:
            base = len(found)

            def tell(made: int, base: int = base) -> None:
                report((base + made) / len(truth.track), f"{base + made} queries")

            arrays = {"vectors": _fingerprint_queries(maker, truth, numbers, tell)}
            store.write("queries", key, arrays)
        found |= dict(zip(numbers.tolist(), arrays["vectors"], strict=True))
        report((done + 1) / len(shards), f"{len(found)} queries")
    vectors = np.stack([found[i] for i in range(len(truth.track))])
    return QuerySet(key=maker.key(truth, np.arange(len(vectors))), vectors=vectors, truth=truth)


def _shards(truth: Positions) -> Iterator[Int64[np.ndarray, " shard"]]:
    """Whole tracks, so that each is decoded once, until there are enough queries."""
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
    maker: QuerySource,
    truth: Positions,
    numbers: Int64[np.ndarray, " shard"],
    tell: Callable[[int], None],
) -> QueryVectors:
    """The fingerprints of some queries, in the order of ``numbers``."""
    spec = maker.fingerprinter.spec
    order: list[int] = []

    def recordings() -> Iterator[Samples]:
        queries = degrade_queries(
            maker.tracks,
            truth,
            maker.recipe,
            maker.chain,
            numbers=numbers,
            seed=maker.seed,
            sample_rate_hz=spec.sample_rate_hz,
        )
        for number, samples in queries:
            order.append(number)
            yield np.pad(samples, (0, spec.query_padding))

    rows = []
    for made in fingerprint_tracks(maker.fingerprinter, maker.name, recordings()):
        rows.append(made.vectors)
        tell(len(rows))
    counts = {len(row) for row in rows}
    if len(counts) != 1 or 0 in counts:
        raise FpbenchError(
            f"queries of {maker.recipe.query_length_s:g} s give {sorted(counts)} fingerprints with "
            f"'{maker.name}', not one number above 0",
            hint="use longer queries: query_length_s in the recipe, or --query-length",
        )
    # Made track by track; wanted in the order of `numbers`.
    made_at = {number: place for place, number in enumerate(order)}
    return np.stack([rows[made_at[int(number)]] for number in numbers])
