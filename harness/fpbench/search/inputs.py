"""The data of a search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.evidence.evidence import QueryColumns
from fpbench.plugin.datasets import Positions
from fpbench.results.data import DataInfo, QueryInfo
from fpbench.search.sequences import Runs, SingleRows


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentQueries:
    """Queries from recordings that the database does not hold.

    Args:
        queries: As of :class:`Inputs`.
        recording: Recording of each query.
        columns: What is known about each query, for the evidence.
    """

    queries: Float32[np.ndarray, "absent dim"] = field(repr=False)
    recording: Int64[np.ndarray, " absent"] = field(repr=False)
    columns: QueryColumns | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Queries, reference, distractors and ground truth.

    Args:
        key: Key of the queries and the reference.
        queries: One row per query: its fingerprint, or several side by side.
        segments: Fingerprints in a query. If there are several, a row of the reference and of the
            distractors is a run of as many, see :mod:`fpbench.search.sequences`.
        truth: Track and start time that each query comes from.
        query_tracks: Track of each query, or the stretch of the timeline where tracks are unknown.
        reference: Fingerprints that a query can match.
        reference_positions: Track and start time of each row of the reference.
        real: Fingerprints of audio that matches no query; there may be none.
        real_tracks: Track of each real distractor.
        real_key: Key of the real distractors.
        real_rows: Number of each real distractor, or of its first fingerprint, among all: those of
            a track that follow each other have consecutive numbers. None if all do.
        hop_s: Time between neighbouring fingerprints.
        query_groups: Group of each query's track; None if no groups are known.
        real_groups: Group of each real distractor's track; None if no groups are known.
        query_columns: What is known about each query, for the evidence.
        absent: Queries that match nothing in the database; None if there are none.
        warnings: What a run should say of its recordings.
        shorter: The same for queries of each shorter length, ascending: the first seconds of these.
        cuts_keep: Whether the first seconds of a query would have the first of its fingerprints.
    """

    key: str
    queries: Float32[np.ndarray, "queries dim"] = field(repr=False)
    segments: int
    truth: Positions = field(repr=False)
    query_tracks: Int64[np.ndarray, " queries"] = field(repr=False)
    reference: Float32[np.ndarray, "reference dim"] | Runs = field(repr=False)
    reference_positions: Positions = field(repr=False)
    real: Float32[np.ndarray, "distractors dim"] | Runs = field(repr=False)
    real_tracks: Int64[np.ndarray, " distractors"] = field(repr=False)
    real_key: str
    hop_s: float
    data: DataInfo
    query_info: QueryInfo
    query_groups: Int64[np.ndarray, " queries"] | None = field(default=None, repr=False)
    real_groups: Int64[np.ndarray, " distractors"] | None = field(default=None, repr=False)
    real_rows: Int64[np.ndarray, " distractors"] | None = field(default=None, repr=False)
    query_columns: QueryColumns | None = field(default=None, repr=False)
    absent: AbsentQueries | None = field(default=None, repr=False)
    warnings: Sequence[str] = ()
    shorter: Sequence["Inputs"] = field(default=(), repr=False)
    cuts_keep: bool = True

    def by_length(self) -> Iterator["Inputs"]:
        """The inputs for each length of the queries, ascending."""
        yield from self.shorter
        yield replace(self, shorter=())

    def single_real(self) -> SingleRows:
        """The fingerprints of the real distractors, each once."""
        if isinstance(self.real, Runs):
            return self.real.single()
        numbers = np.arange(len(self.real))
        rows = numbers if self.real_rows is None else self.real_rows
        return SingleRows(self.real, rows, numbers)

    @property
    def all_queries(self) -> Float32[np.ndarray, "all dim"]:
        """The queries, then the absent ones."""
        if self.absent is None:
            return self.queries
        return np.concatenate([self.queries, self.absent.queries])
