"""Collects what the searches of a protocol found into its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from fpbench.evidence.protocol_evidence import ProtocolEvidence, RuleSet
from fpbench.search.sequence_ranking import RankedStarts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found in one database.

    Args:
        size: Number of its distractors.
        truth: Right start of each query; -1 where only the track is known.
        ranked: The best starts.
        hits: Hits of each query at each length, by rules and metric.
    """

    size: int
    truth: Int64[np.ndarray, " queries"] = field(repr=False)
    ranked: RankedStarts = field(repr=False)
    hits: Mapping[tuple[RuleSet, str], np.ndarray] = field(repr=False)


def collect_outcomes(
    outcomes: Sequence[Outcome],
    *,
    test_ids: Int64[np.ndarray, " queries"],
    segments: Sequence[int],
    tracks: Int64[np.ndarray, " queries"],
    groups: Int64[np.ndarray, " queries"] | None,
) -> ProtocolEvidence:
    """The evidence of all databases of one index.

    Args:
        outcomes: One for each database, by ascending size.
        test_ids: First row of each query.
        segments: Lengths of queries.
        tracks: Track of each query.
        groups: Group of each query's track; None if groups are unknown.
    """
    return ProtocolEvidence(
        query_track=tracks,
        query_group=groups,
        test_ids=test_ids,
        segments=np.array(segments, dtype=np.int64),
        sizes=np.array([one.size for one in outcomes], dtype=np.int64),
        truth=np.stack([one.truth for one in outcomes]),
        starts=np.stack([one.ranked.starts for one in outcomes]),
        scores=np.stack([one.ranked.scores for one in outcomes]),
        candidates=np.stack([one.ranked.candidates for one in outcomes]),
        hits={key: np.stack([one.hits[key] for one in outcomes]) for key in outcomes[0].hits},
    )
