"""Queries, references, distractors and ground truth of a search."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.plugin.datasets import Positions
from fpbench.results.document import DataInfo, QueryInfo
from fpbench.search.sequences import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What is searched with, for and among.

    Args:
        key: Names the queries and the reference.
        queries: One row per query: its fingerprint, or several side by side.
        segments: Fingerprints in a query. Where there are several, a row of the reference and of
            the distractors is a run of as many, see :mod:`fpbench.sequences`.
        truth: Where each query comes from.
        clusters: Which queries are alike, for intervals: as a rule the track of each.
        reference: The fingerprints that a query can match.
        reference_positions: Where each of them is from.
        real: Fingerprints of audio that answers no query; there may be none.
        real_tracks: Which track each of them is from.
        real_key: Names them.
        hop_s: Between neighbouring fingerprints.
    """

    key: str
    queries: Float32[np.ndarray, "queries dim"] = field(repr=False)
    segments: int
    truth: Positions = field(repr=False)
    clusters: Int64[np.ndarray, " queries"] = field(repr=False)
    reference: Float32[np.ndarray, "reference dim"] | Runs = field(repr=False)
    reference_positions: Positions = field(repr=False)
    real: Float32[np.ndarray, "distractors dim"] | Runs = field(repr=False)
    real_tracks: Int64[np.ndarray, " distractors"] = field(repr=False)
    real_key: str
    hop_s: float
    data: DataInfo
    query_info: QueryInfo
