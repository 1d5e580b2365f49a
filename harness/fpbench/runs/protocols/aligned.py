"""The evaluation that the NAFP family shares: where in the reference does a query begin?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

from fpbench.evidence.protocol_evidence import ProtocolEvidence, RuleSet
from fpbench.evidence.protocol_rates import count_near_starts
from fpbench.progress import Stage
from fpbench.runs.protocols.inputs import ProtocolInputs
from fpbench.search.nearest_rows import RowSearch
from fpbench.search.sequence_ranking import RankedStarts, SequenceQueries, rank_starts

METRICS = ("top1_exact", "top1_near", "top3_exact", "top10_exact")


def sequence_queries(
    inputs: ProtocolInputs, starts: Int64[np.ndarray, " queries"], segments: Sequence[int]
) -> SequenceQueries:
    """Queries that begin at these rows; near the end of all rows they are cut."""
    last = np.full(len(starts), len(inputs.query), dtype=np.int64)
    return SequenceQueries(vectors=inputs.query, first=starts, segments=segments, last=last)


def evaluate_aligned(
    inputs: ProtocolInputs,
    queries: SequenceQueries,
    search: RowSearch,
    sizes: Sequence[int],
    stage: Stage,
) -> ProtocolEvidence:
    """The evidence of one index: a query that begins at row t matches row t of the reference.

    Args:
        inputs: The three matrices.
        queries: From :func:`sequence_queries`.
        search: A search of the rows of the queries.
        sizes: Numbers of distractors, ascending.
        stage: Shows progress.
    """
    used, ranked = queries.rows(), list[RankedStarts]()
    for size, near in search.nearest(sizes, stage):
        ranked.append(rank_starts(queries, used, near, search.database(size)))
    truth = np.array(sizes, dtype=np.int64)[:, None] + queries.first
    starts = np.stack([one.starts for one in ranked])
    of_each_length = np.broadcast_to(truth[:, :, None], starts.shape[:3])
    hits: dict[tuple[RuleSet, str], np.ndarray] = {
        ("both", name): count_near_starts(starts, of_each_length, name) for name in METRICS
    }
    return ProtocolEvidence(
        query_track=inputs.tracks[queries.first],
        query_group=None if inputs.groups is None else inputs.groups[queries.first],
        test_ids=queries.first,
        segments=np.array(queries.segments, dtype=np.int64),
        sizes=np.array(sizes, dtype=np.int64),
        truth=truth,
        starts=starts,
        scores=np.stack([one.scores for one in ranked]),
        candidates=np.stack([one.candidates for one in ranked]),
        hits=hits,
    )
