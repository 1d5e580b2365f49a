"""NMFP's evaluation: stretches of recorded queries, found in the right track and at the right time.

The authors' script drops a start c of a query of L fingerprints unless row c + L is of the same
track and before the last track. So nothing is found in the last track, and no stretch that ends
where its track ends. Rightly, all L rows must be of one track.
"""

from collections.abc import Iterator
from logging import getLogger

import numpy as np
from jaxtyping import Bool, Int64

from fpbench.errors import FpbenchError
from fpbench.evidence.protocol_evidence import RuleSet
from fpbench.plugin.datasets import VectorRecordings
from fpbench.plugin.options import apply_options
from fpbench.progress import Stage
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.definitions import NmfpSettings, Protocol
from fpbench.runs.protocols.distractors import ProtocolDistractors
from fpbench.runs.protocols.evaluation import (
    CreateIndex,
    Evaluation,
    build_inputs,
    row_search,
)
from fpbench.runs.protocols.inputs import ProtocolInputs
from fpbench.runs.protocols.judged_queries import match_tracks
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.runs.protocols.test_ids import TestIds
from fpbench.runs.protocols.track_table import TrackTable
from fpbench.search.sequence_ranking import (
    Keep,
    RankedStarts,
    SequenceQueries,
    propose_starts,
    rank_starts,
)

logger = getLogger(__name__)

Hits = dict[str, Bool[np.ndarray, "queries lengths"]]


def plan_nmfp(prepared: PreparedRun, protocol: Protocol, stage: Stage) -> Evaluation:
    """Every recording gives queries that begin a few fingerprints apart.

    Raises:
        FpbenchError: The dataset does not say which recordings the queries are from, all are too
            short, or an option is wrong.
    """
    config = prepared.config
    if config.test_ids is not None:
        raise FpbenchError(
            "--test-ids has no effect with protocol nmfp, whose queries begin everywhere",
            hint="leave it out; --protocol-set step=7 says how far apart they begin",
        )
    settings: NmfpSettings = apply_options(protocol.settings, config.protocol_options)
    inputs = build_inputs(prepared, stage)
    recordings, truth = inputs.recordings, inputs.truth
    if recordings is None or truth is None:
        raise FpbenchError(
            f"'{config.dataset}' does not say which recordings its queries are from",
            hint="give the folder that NMFP's tools write, with database and queries in it",
        )
    segments = inputs.segments(config.query_lengths_s, inputs.hop_s)
    queries, recording = _cut_queries(inputs, recordings, segments, settings.step)
    track = truth.track[queries.first]
    start = recordings.start_row[recording]
    within = queries.first - recordings.first_row[recording] + start
    known = bool((recordings.start_row >= 0).all())

    def evaluate(
        create: CreateIndex, distractors: ProtocolDistractors, stage: Stage
    ) -> Iterator[Outcome]:
        used = queries.rows()
        search = row_search(prepared, inputs, distractors, settings, used, create=create)
        for size, near in search.nearest(distractors.sizes, stage):
            tracks = TrackTable.of(inputs, distractors, size)
            starts = propose_starts(queries, used, near)
            database = search.database(size, starts, segments[-1])
            hits: dict[tuple[RuleSet, str], np.ndarray] = {}
            found: dict[str, RankedStarts] = {}
            for rules, keep in (("right", _inside(tracks)), ("official", _official(tracks))):
                found[rules] = rank_starts(queries, used, near, database, keep=keep)
                counted = count_hits(found[rules], tracks, track, within if known else None)
                hits |= {(rules, name): each for name, each in counted.items()}  # type: ignore[misc]
            unknown = np.full(len(track), -1, dtype=np.int64)
            yield Outcome(size=size, truth=unknown, ranked=found[config.rules], hits=hits)

    return Evaluation(
        inputs=inputs,
        settings=settings,
        test_ids=TestIds(f"every {settings.step}th fingerprint of a recording", queries.first),
        segments=segments,
        tracks=track,
        groups=None,
        evaluate=evaluate,
        match_runs=match_tracks(queries, inputs.reference, inputs.positions.track, track),
    )


def count_hits(
    ranked: RankedStarts,
    tracks: TrackTable,
    track: Int64[np.ndarray, " queries"],
    within: Int64[np.ndarray, " queries"] | None,
) -> Hits:
    """Hits of the best start.

    Args:
        ranked: The best starts.
        tracks: Tracks of the database.
        track: Right track of each query.
        within: Right start in it, counted in rows; None if it is unknown.
    """
    best = ranked.starts[:, :, 0]
    place = tracks.place(np.maximum(best, 0).ravel()).reshape(best.shape)
    right = (best >= 0) & (tracks.ids[place] == track[:, None])
    hits = {"track": right}
    if within is not None:
        apart = np.abs(best - tracks.starts[place] - within[:, None])
        hits |= {"segment_exact": right & (apart == 0), "segment_near": right & (apart <= 1)}
        hits["segment_far"] = right
    return hits


def _cut_queries(
    inputs: ProtocolInputs, recordings: VectorRecordings, segments: list[int], step: int
) -> tuple[SequenceQueries, Int64[np.ndarray, " queries"]]:
    """The queries, and the recording of each."""
    ends = np.append(recordings.first_row[1:], len(inputs.query))
    first, recording = list[int](), list[int]()
    for number, (start, end) in enumerate(zip(recordings.first_row, ends, strict=True)):
        own = range(int(start), int(end) - segments[-1] + 1, step)
        first += own
        recording += [number] * len(own)
    short = len(recordings.names) - len(set(recording))
    if not first:
        raise FpbenchError(
            f"no query has {segments[-1]} fingerprints", hint="use shorter --query-lengths"
        )
    if short:
        logger.warning(
            "%d of %d queries have fewer than %d fingerprints and are left out",
            short,
            len(recordings.names),
            segments[-1],
        )
    of_queries = np.array(recording, dtype=np.int64)
    starts = np.array(first, dtype=np.int64)
    last = ends[of_queries].astype(np.int64)
    queries = SequenceQueries(vectors=inputs.query, first=starts, segments=segments, last=last)
    return queries, of_queries


def _inside(tracks: TrackTable) -> Keep:
    """Keeps starts of stretches that lie within one track."""

    def keep(_: int, starts: Int64[np.ndarray, " starts"], length: int) -> np.ndarray:
        inside: np.ndarray = starts + length <= tracks.ends(tracks.place(starts))
        return inside

    return keep


def _official(tracks: TrackTable) -> Keep:
    """Keeps the starts that the authors' script keeps."""

    def keep(_: int, starts: Int64[np.ndarray, " starts"], length: int) -> np.ndarray:
        after = starts + length
        kept: np.ndarray = after <= tracks.starts[-1]
        kept &= tracks.place(starts) == tracks.place(after)
        return kept

    return keep
