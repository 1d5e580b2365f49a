"""Fingerprints of whole tracks that are degraded from their start to their end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fpbench.audio.queries import make_query
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.audio.reading import read_audio, refusal, why_changed
from fpbench.cache import Store
from fpbench.fingerprints.embedding import fingerprint_named
from fpbench.fingerprints.query_sets import QuerySource
from fpbench.hashing import code_key, content_key
from fpbench.plugin.fingerprinters import Vectors
from fpbench.progress import Report

_KIND = "whole-queries"


@dataclass(frozen=True, slots=True)
class WholeQuery:
    """The fingerprints of one degraded track.

    Args:
        key: Hash of everything that shapes them.
        vectors: All of them, one hop apart.
    """

    key: str
    vectors: Vectors


def whole_queries(
    store: Store, source: QuerySource, numbers: Sequence[int], report: Report
) -> Iterator[WholeQuery]:
    """Degrade whole tracks, each with draws of its own, and fingerprint them.

    A query is as long as its track, divided by the tempo of the degradations.

    Args:
        store: Keeps them, each as soon as it is made.
        source: Tracks, degradations and fingerprinter; the recipe's length has no effect.
        numbers: Numbers of the tracks.
        report: Called after each track.

    Raises:
        FpbenchError: A track cannot be read again, it or a recording of the degradations has
            changed, or a degradation or the fingerprinter breaks a rule.
    """
    store = store.with_sources(source.recordings)
    for done, number in enumerate(numbers, start=1):
        key = _key(source, number)
        arrays = store.read(_KIND, key)
        if arrays is None:
            arrays = {"vectors": _fingerprint(source, number)}
            store.write(_KIND, key, arrays, durable=False)
        yield WholeQuery(key, arrays["vectors"])
        report(done / len(numbers), f"{done} of {len(numbers)} tracks")


def _key(source: QuerySource, number: int) -> str:
    return content_key(
        kind=_KIND,
        code=code_key(__name__),
        fingerprinter=source.identity,
        spec=source.fingerprinter.spec,
        audio=source.sources["audio"][number],
        degradations=list(source.sources["degradations"]),
        recipe=recipe_to_json(replace(source.recipe, query_length_s=1.0, n_queries=1)),
        seed=source.seed,
        number=number,
    )


def _fingerprint(source: QuerySource, number: int) -> Vectors:
    track, recipe, spec = source.tracks[number], source.recipe, source.fingerprinter.spec
    samples = read_audio(track.path, recipe.sample_rate_hz, channel=track.channel)
    reason = None if source.hashes is None else why_changed(track, source.hashes[number])
    if reason is not None:
        raise refusal(track.path, reason)
    query = make_query(
        number,
        samples,
        0.0,
        _of_length(recipe, len(samples) / recipe.sample_rate_hz / tempo_of(source)),
        source.chain,
        seed=source.seed,
        sample_rate_hz=spec.sample_rate_hz,
        label=f"the query of all of {track.name}",
    )
    (found,) = fingerprint_named(source.fingerprinter, source.name, [(track.name, query)])
    return np.asarray(found.vectors)


def tempo_of(source: QuerySource) -> float:
    """Factor by which all degradations together make a track faster."""
    return float(np.prod([step.tempo for step in source.chain], initial=1.0))


def _of_length(recipe: QueryRecipe, length_s: float) -> QueryRecipe:
    return replace(recipe, query_length_s=length_s)
