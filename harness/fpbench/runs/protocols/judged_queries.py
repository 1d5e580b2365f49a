"""A protocol's queries of several fingerprints, to judge a generator of tracks by."""

from collections.abc import Sequence
from dataclasses import replace
from logging import getLogger

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.generators.fidelity_report import JudgingSet, TooFewError, judge_splits
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.hashing import content_key
from fpbench.randomness import Stream, rng_at
from fpbench.results.lengths import QueryLength
from fpbench.runs.fit_splits import FitSplit
from fpbench.runs.generator import GeneratorFitting, LongerQueries
from fpbench.runs.protocols.evaluation import Evaluation, MatchRuns
from fpbench.runs.run_sets import choose_runs
from fpbench.search.sequence_ranking import SequenceQueries
from fpbench.search.sequences import Runs, run_starts

logger = getLogger(__name__)

_QUERIES, _RUNS = 1, 2  # addresses in Stream.FIDELITY beside that of the draws


def with_longer_queries(fitting: GeneratorFitting, evaluation: Evaluation) -> GeneratorFitting:
    """The fitting of a generator that is judged with the protocol's longer queries, too.

    They are the protocol's own, and at random no more than a run without one asks. Lengths of which
    the judging tracks have too few runs are left out.
    """
    config, match = fitting.config, evaluation.match_runs
    lengths: Sequence[QueryLength] = [
        QueryLength(length_s, segments)
        for length_s, segments in zip(config.query_lengths_s, evaluation.segments, strict=True)
        if segments > 1
    ]
    key = content_key(
        inputs=evaluation.inputs.key,
        protocol=config.protocol,
        test_ids=evaluation.test_ids.digest,
        lengths=lengths,
        queries=config.recipe.n_queries,
    )
    runs = None
    if match is not None and fitting.split.judging.judged_by != "reference":
        lengths, runs = _choose_runs(fitting.split, lengths, config.seed)
    longer = LongerQueries(key=key, lengths=lengths)
    if match is not None and runs is not None:
        rng = rng_at(config.seed, Stream.FIDELITY, 0, 0, _QUERIES)
        order = rng.permutation(len(evaluation.test_ids.rows))
        chosen = np.sort(order[: config.recipe.n_queries])
        longer = replace(longer, match=lambda segments: match(segments, chosen))
    return replace(fitting, split=replace(fitting.split, judging_runs=runs), longer=longer)


def _choose_runs(
    split: FitSplit, lengths: Sequence[QueryLength], seed: int
) -> tuple[Sequence[QueryLength], JudgingSet | None]:
    """The lengths that judging tracks have enough runs of, and those of the longest of them.

    Where no length has, all lengths and None.
    """
    tracks = TrackSet(vectors=split.judging.vectors, stretches=split.judging_stretches)
    for number in range(len(lengths), 0, -1):
        rng = rng_at(seed, Stream.FIDELITY, 0, 0, _RUNS)
        runs, starts = choose_runs(tracks, lengths[number - 1].segments, rng)
        groups = split.judging.groups
        judging = replace(
            split.judging,
            vectors=runs,
            tracks=split.judging.tracks[starts],
            groups=None if groups is None else groups[starts],
        )
        try:
            judge_splits(judging, seed=seed)
        except TooFewError as err:
            logger.warning(
                "queries of %g s do not judge the generator: %s", lengths[number - 1].length_s, err
            )
            continue
        return lengths[:number], judging
    return lengths, None


def match_rows(
    queries: SequenceQueries,
    reference: Float32[np.ndarray, "reference dim"],
    clusters: Int64[np.ndarray, " queries"],
) -> MatchRuns:
    """Queries that match the rows of the reference at which they begin, and no others.

    Args:
        queries: The queries. Those that are cut at a length are left out there.
        reference: Row i matches row i of the matrix of queries; may be a memory map.
        clusters: What queries may be alike in.
    """

    def match(segments: int, chosen: Int64[np.ndarray, " chosen"]) -> MatchedQueries:
        whole = chosen[queries.first[chosen] + segments <= queries.last[chosen]]
        first = queries.first[whole]
        stretches = np.arange(len(reference) - segments + 1)
        return MatchedQueries(
            vectors=Runs(queries.vectors, first, segments)[:],
            reference=Runs(reference, stretches, segments)[:],
            matches={0.0: (first, first + 1)},
            clusters=clusters[whole],
        )

    return match


def match_tracks(
    queries: SequenceQueries,
    reference: Float32[np.ndarray, "reference dim"],
    tracks: Int64[np.ndarray, " reference"],
    track: Int64[np.ndarray, " queries"],
) -> MatchRuns:
    """Queries that match all runs of their track.

    Args:
        queries: The queries, none of which is cut.
        reference: Fingerprints of one track after the other; may be a memory map.
        tracks: The track of each.
        track: Track of each query.
    """

    def match(segments: int, chosen: Int64[np.ndarray, " chosen"]) -> MatchedQueries:
        starts = run_starts(tracks, np.ones(len(tracks), dtype=bool), segments)
        known, first, count = np.unique(tracks[starts], return_index=True, return_counts=True)
        # A track without a run of so many fingerprints has no matches: its queries are misses.
        first, count = np.append(first, 0), np.append(count, 0)
        place = np.searchsorted(known, track[chosen])
        stop = first[place] + np.where(np.isin(track[chosen], known), count[place], 0)
        return MatchedQueries(
            vectors=Runs(queries.vectors, queries.first[chosen], segments)[:],
            reference=Runs(reference, starts, segments)[:],
            matches={None: (first[place], stop)},
            clusters=track[chosen],
        )

    return match
