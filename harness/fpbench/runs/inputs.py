"""Everything a search needs, from audio or from ready-made fingerprints."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from logging import getLogger

import numpy as np
import soundfile
from jaxtyping import Float32, Float64, Int64

from fpbench.audio.duplicates import drop_duplicates
from fpbench.audio.queries import draw_queries
from fpbench.audio.query_recipe import QueryRecipe, recipe_to_json
from fpbench.audio.reading import UNKNOWN_FRAMES, audio_hash
from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.query_sets import QuerySource, build_query_set
from fpbench.fingerprints.track_sets import FingerprintSet, build_fingerprint_set
from fpbench.hashing import content_key, rows_digest
from fpbench.plugin.datasets import Dataset, Positions, Track, VectorDataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.prefetch import map_ahead
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.document import DataInfo, QueryInfo, Skipped
from fpbench.search.inputs import Inputs
from fpbench.search.sequences import Rows, Runs, concatenate_runs, run_starts

logger = getLogger(__name__)

CLUSTER_S = 30.0
"""Ready-made fingerprints come without tracks; stretches this long stand in for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDegradation:
    """A degradation as caches and other people's results know it.

    Args:
        code: A hash of its plugin's files.
        maker: Where it comes from: the distribution, or, for a mere file, a hash of it.
    """

    degradation: Degradation
    code: str
    maker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFingerprinter:
    """A fingerprinter as errors and caches know it."""

    fingerprinter: AnyFingerprinter
    name: str
    identity: Mapping[str, object]

    def fingerprints(
        self, store: Store, tracks: Sequence[Track], stage: Stage, title: str
    ) -> FingerprintSet:
        """The fingerprints of some tracks, from the store or made now."""
        with stage(title) as report:
            return build_fingerprint_set(
                store, self.fingerprinter, self.name, self.identity, tracks, report=report
            )


def inputs_from_audio(
    dataset: Dataset,
    listener: NamedFingerprinter,
    recipe: QueryRecipe,
    degraders: Sequence[NamedDegradation],
    *,
    want_real: bool,
    seed: int,
    store: Store,
    stage: Stage,
) -> Inputs:
    """Fingerprint the reference, the queries, and the distractors if they are wanted.

    Args:
        degraders: What the recipe asks for, in its order.

    Raises:
        FpbenchError: There is nothing to fingerprint, or the fingerprinter or a degradation
            broke a rule.
    """
    whole = dataset if want_real else replace(dataset, distractors=())
    with stage("read files") as report:
        dataset, copies = drop_duplicates(whole, report)
    reference = listener.fingerprints(store, dataset.reference, stage, "reference")
    if len(reference.vectors) == 0:
        raise FpbenchError(
            f"dataset '{dataset.name}' has no usable reference track" + _first_reason(reference),
            hint="check the dataset's path and layout",
        )
    seconds = durations_s(dataset.reference)
    # Nothing can be asked about a track that cannot be read or heard; one that is merely too short
    # for this fingerprinter is a question that it cannot answer.
    unusable = {s.track for s in reference.skipped if not s.reason.startswith("too short")}
    askable = np.array([track.name not in unusable for track in dataset.reference])
    chain = [degrader.degradation for degrader in degraders]
    truth = draw_queries(seconds * askable, recipe, chain, seed)
    recordings = [list(map_ahead(audio_hash, step.recordings)) for step in chain]
    sources = {
        "reference": reference.audio_hashes,
        "degradations": [
            content_key(code=degrader.code, recordings=hashes)
            for degrader, hashes in zip(degraders, recordings, strict=True)
        ],
    }
    maker = QuerySource(
        fingerprinter=listener.fingerprinter,
        name=listener.name,
        identity=listener.identity,
        tracks=dataset.reference,
        sources=sources,
        recipe=recipe,
        chain=chain,
        seed=seed,
    )
    with stage("queries") as report:
        queries = build_query_set(store, maker, truth, report)
    real = None
    if want_real:
        real = listener.fingerprints(store, dataset.distractors, stage, "distractors")
    makers = [degrader.maker for degrader in degraders]
    length = queries.vectors.shape[1]
    anywhere = np.ones(len(reference.vectors), dtype=bool)
    rows = run_starts(reference.track.astype(np.int64), anywhere, length)
    # The rows of silent segments are no music that could be mistaken for other music.
    real_rows = run_starts(real.track.astype(np.int64), ~real.silent, length) if real else rows[:0]
    return Inputs(
        key=content_key(reference=reference.key, queries=queries.key),
        queries=concatenate_runs(queries.vectors),
        segments=length,
        truth=truth,
        clusters=truth.track,
        reference=_rows(reference.vectors, rows, length),
        reference_positions=Positions(
            reference.track[rows].astype(np.int64), reference.start_s[rows]
        ),
        real=_rows(real.vectors if real else reference.vectors, real_rows, length),
        real_tracks=real.track[real_rows].astype(np.int64) if real else real_rows,
        real_key=real.key if real else "",
        hop_s=listener.fingerprinter.spec.hop_s,
        data=_data_info(whole, copies, reference, real, list(zip(makers, recordings, strict=True))),
        query_info=QueryInfo(
            n=recipe.n_queries,
            tracks=len(np.unique(truth.track)),
            length_s=recipe.query_length_s,
            recipe=recipe_to_json(recipe),
        ),
    )


def inputs_from_vectors(
    name: str, vectors: VectorDataset, n_queries: int, query_length_s: float, seed: int
) -> Inputs:
    """Take ready-made fingerprints: row i of the queries is the degraded row i of the reference.

    All rows lie on one timeline, so a match may be off in time, and a query may go on, even across
    a track's border, as in the evaluation that the NAFP family shares.

    Args:
        query_length_s: Rounded to whole fingerprints, of which a query has one at least.

    Raises:
        FpbenchError: Queries are longer than all there is.
    """
    length = 1 + max(0, round((query_length_s - vectors.segment_s) / vectors.hop_s))
    rows = len(vectors.query) - length + 1
    if rows < 1:
        raise FpbenchError(
            f"queries of {query_length_s:g} s are {length} fingerprints, and '{name}' has "
            f"{len(vectors.query)}",
            hint="a shorter --query-length",
        )
    asked = np.arange(rows)
    if n_queries > rows:
        logger.warning("%d queries are wanted, and '%s' has %d", n_queries, name, rows)
    if n_queries < rows:
        asked = np.sort(rng_at(seed, Stream.QUERY_POSITION).permutation(rows)[:n_queries])
    start_s = asked * vectors.hop_s
    reference_rows = np.arange(len(vectors.reference) - length + 1)
    distractor_rows = np.arange(max(0, len(vectors.distractors) - length + 1))
    reference_s = reference_rows * vectors.hop_s
    hours = vectors.hop_s / 3600
    arrays = (vectors.query, vectors.reference, vectors.distractors)
    digests = [rows_digest(array) for array in arrays]
    clusters = (start_s // CLUSTER_S).astype(np.int64)
    return Inputs(
        key=content_key(vectors=digests[:2], asked=asked.tolist(), length=length),
        queries=concatenate_runs(vectors.query[asked[:, None] + np.arange(length)]),
        segments=length,
        truth=Positions(np.zeros(len(asked), dtype=np.int64), start_s),
        clusters=clusters,
        reference=_rows(vectors.reference, reference_rows, length),
        reference_positions=Positions(np.zeros(len(reference_s), dtype=np.int64), reference_s),
        real=_rows(vectors.distractors, distractor_rows, length),
        real_tracks=distractor_rows // max(1, round(CLUSTER_S / vectors.hop_s)),
        real_key=digests[2],
        hop_s=vectors.hop_s,
        data=DataInfo(
            name=name,
            reference_tracks=0,
            reference_fingerprints=len(vectors.reference),
            reference_hours=len(vectors.reference) * hours,
            distractor_tracks=0,
            distractor_fingerprints=len(vectors.distractors),
            distractor_hours=len(vectors.distractors) * hours,
            skipped=[],
            content=content_key(vectors=digests),
        ),
        query_info=QueryInfo(
            n=len(asked),
            tracks=len(np.unique(clusters)),
            length_s=vectors.segment_s + (length - 1) * vectors.hop_s,
            recipe={"ready_made": name},
        ),
    )


def durations_s(tracks: Sequence[Track]) -> Float64[np.ndarray, " tracks"]:
    """From the headers of the files; 0 for one that cannot be read."""
    return np.array([_duration_s(track) for track in tracks], dtype=np.float64)


def _duration_s(track: Track) -> float:
    try:
        info = soundfile.info(os.fsencode(track.path))
    except (soundfile.SoundFileError, OSError, RuntimeError):
        return 0.0
    return 0.0 if info.frames == UNKNOWN_FRAMES else float(info.duration)


def _rows(
    vectors: Float32[np.ndarray, "all dim"], starts: Int64[np.ndarray, " rows"], length: int
) -> Rows:
    """The runs at ``starts``; the memory map itself where that is all of its rows."""
    if length > 1:
        return Runs(vectors, starts, length)
    return vectors if len(starts) == len(vectors) else vectors[starts]


def _data_info(
    dataset: Dataset,
    copies: Sequence[Skipped],
    reference: FingerprintSet,
    real: FingerprintSet | None,
    degradations: Sequence[tuple[str, Sequence[str]]],
) -> DataInfo:
    skipped = [*reference.skipped, *(real.skipped if real else ())]
    return DataInfo(
        name=dataset.name,
        reference_tracks=len(dataset.reference),
        reference_fingerprints=len(reference.vectors),
        reference_hours=float(durations_s(dataset.reference).sum()) / 3600,
        distractor_tracks=len(dataset.distractors),
        distractor_fingerprints=len(real.vectors) if real else 0,
        distractor_hours=float(durations_s(dataset.distractors).sum()) / 3600,
        skipped=[*copies, *skipped],
        content=content_key(
            reference=reference.audio_hashes,
            distractors=real.audio_hashes if real else (),
            degradations=degradations,
        ),
    )


def _first_reason(found: FingerprintSet) -> str:
    if not found.skipped:
        return ""
    first = found.skipped[0]
    return f": {len(found.skipped)} skipped, the first, {first.track}, because: {first.reason}"
