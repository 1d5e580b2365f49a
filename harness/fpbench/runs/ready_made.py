"""Build the inputs of a search from ready-made fingerprints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from logging import getLogger

import numpy as np
from jaxtyping import Bool, Float64, Int64

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.fingerprints.equal_rows import find_equal_rows
from fpbench.hashing import code_key, content_key, rows_digest
from fpbench.plugin.datasets import Positions, VectorDataset
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.results.config import Duplicates
from fpbench.results.data import DataInfo, QueryInfo
from fpbench.results.lengths import QueryLength
from fpbench.runs.groups import number_groups
from fpbench.search.inputs import AbsentQueries, Inputs
from fpbench.search.sequences import concatenate_runs, run_starts, select_runs

logger = getLogger(__name__)

_KIND = "equal-rows"

CLUSTER_S = 30.0
"""Length of a cluster in ready-made fingerprints that come without tracks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSource:
    """Ready-made fingerprints, with or without tracks.

    Without tracks, row i of the queries is the degraded row i of the reference, and all rows lie on
    one timeline. A match within the tolerance and a query of several fingerprints may then cross
    the border between two tracks, as in the evaluation that the NAFP family shares.

    Args:
        name: Name of the dataset.
        vectors: The fingerprints.
        n_queries: Number of queries to draw.
        query_length_s: Length of a query, rounded to at least one whole fingerprint.
        shorter_s: Shorter lengths, ascending, to which the same queries are cut.
        seed: Seed of every draw of the run.
        duplicates: Distractors that equal a row of the reference are left out unless it is
            ``keep``.

    Raises:
        FpbenchError: No query of the length fits into the queries.
    """

    name: str
    vectors: VectorDataset
    n_queries: int
    query_length_s: float
    seed: int
    duplicates: Duplicates = "report"
    shorter_s: Sequence[float] = ()

    def __post_init__(self) -> None:
        if len(self._possible_queries()) == 0:
            if (self._query_positions().track < 0).all():
                raise FpbenchError(
                    f"no query of '{self.name}' matches a track of the reference, so that there "
                    "is no hit rate to measure",
                    hint="name the tracks of db that queries match, in tracks.csv",
                )
            raise FpbenchError(
                f"queries of {self.query_length_s:g} s are {self.segments} fingerprints, but "
                f"'{self.name}' has {len(self.vectors.query)}"
                + (", not as many in a row" if self.vectors.tracks else ""),
                hint="ask for shorter queries with --query-length or --query-lengths",
            )

    @property
    def segments(self) -> int:
        """Fingerprints in a query of the longest length."""
        return self.count_segments(self.query_length_s)

    @property
    def lengths(self) -> Sequence[QueryLength]:
        """The lengths of the queries in whole fingerprints, ascending."""
        counts = map(self.count_segments, (*self.shorter_s, self.query_length_s))
        return [QueryLength(self._length_s(segments), segments) for segments in counts]

    def _length_s(self, segments: int) -> float:
        return self.vectors.segment_s + (segments - 1) * self.vectors.hop_s

    def count_segments(self, length_s: float) -> int:
        """Fingerprints in a query of a length."""
        more_s = length_s - self.vectors.segment_s
        return 1 + max(0, round(more_s / self.vectors.hop_s))

    def build_inputs(self, store: Store, stage: Stage) -> Inputs:
        """Draw the queries, and leave out distractors that are rows of the reference."""
        vectors = self.vectors
        digests = [rows_digest(rows) for rows in vectors.matrices]
        in_reference = self._find_in_reference(digests, store, stage)
        query_rows, absent_rows = self._draw_queries(), self._draw_absent()
        *shorter, longest = (
            replace(self, query_length_s=length_s, shorter_s=())._assemble(
                query_rows, absent_rows, digests, in_reference
            )
            for length_s in (*self.shorter_s, self.query_length_s)
        )
        warnings = self._warnings(in_reference, query_rows)
        return replace(longest, shorter=shorter, warnings=warnings)

    def _assemble(
        self,
        query_rows: Int64[np.ndarray, " queries"],
        absent_rows: Int64[np.ndarray, " absent"],
        digests: list[str],
        in_reference: Bool[np.ndarray, " distractors"],
    ) -> Inputs:
        """The inputs for queries of this length that begin at some rows."""
        vectors, length, hop_s = self.vectors, self.segments, self.vectors.hop_s
        reference_rows = self._starts(self.reference_positions())
        distractor_rows = self._distractor_starts(in_reference)
        positions = self.reference_positions()
        truth = _at(self._query_positions(), query_rows)
        query_tracks = self.query_tracks(truth)
        query_groups = self.groups(truth.track)
        absent = self._absent(absent_rows)
        asked_besides = {"absent": absent_rows.tolist()} if absent else {}
        return Inputs(
            key=content_key(
                vectors=digests[:2],
                asked=query_rows.tolist(),
                length=length,
                positions=_digests(positions, truth),
                **asked_besides,
            ),
            queries=concatenate_runs(vectors.query[query_rows[:, None] + np.arange(length)]),
            segments=length,
            truth=truth,
            query_tracks=query_tracks,
            query_groups=query_groups,
            reference=select_runs(vectors.reference, reference_rows, length),
            reference_positions=_at(positions, reference_rows),
            real=select_runs(vectors.distractors, distractor_rows, length),
            real_tracks=self._distractor_tracks(distractor_rows),
            real_rows=distractor_rows,
            real_groups=self._distractor_groups(distractor_rows),
            real_key=content_key(rows=digests[2], starts=rows_digest(distractor_rows)),
            absent=absent,
            hop_s=hop_s,
            query_columns={"row": query_rows.tolist(), "start_s": truth.start_s.tolist()},
            data=replace(
                self.describe_data(digests, truth),
                distractors_in_reference=int(in_reference.sum()),
            ),
            query_info=QueryInfo(
                n=len(query_rows),
                tracks=len(np.unique(query_tracks)),
                groups=None if query_groups is None else len(np.unique(query_groups)),
                length_s=self._length_s(length),
                recipe={"ready_made": self.query_set() or self.name},
                without_match=self._count_without_match(),
                absent=len(absent_rows),
                content=content_key(
                    vectors=digests[0], rows=query_rows.tolist(), truth=_digests(truth)
                ),
            ),
        )

    def _find_in_reference(
        self, digests: Sequence[str], store: Store, stage: Stage
    ) -> Bool[np.ndarray, " distractors"]:
        """Which distractors equal a row of the reference, from the cache or found now."""
        vectors = self.vectors
        key = content_key(
            code=code_key(find_equal_rows.__module__),
            reference=digests[1],
            distractors=digests[2],
        )
        known = store.read(_KIND, key)
        if known is None:
            with stage("comparing distractors with the reference"):
                found = find_equal_rows(vectors.distractors, vectors.reference)
            known = {"rows": np.flatnonzero(found)}
            store.write(_KIND, key, known)
        in_reference = np.zeros(len(vectors.distractors), dtype=bool)
        in_reference[known["rows"]] = True
        return in_reference

    def _distractor_starts(
        self, in_reference: Bool[np.ndarray, " distractors"]
    ) -> Int64[np.ndarray, " starts"]:
        """First rows of the runs of distractors that are used."""
        tracks = self.vectors.tracks
        usable = np.ones_like(in_reference) if self.duplicates == "keep" else ~in_reference
        if tracks is not None and tracks.distractors is not None:
            return run_starts(tracks.distractors, usable, self.segments)
        return run_starts(np.zeros(len(usable), dtype=np.int64), usable, self.segments)

    def _warnings(
        self,
        in_reference: Bool[np.ndarray, " distractors"],
        query_rows: Int64[np.ndarray, " queries"],
    ) -> list[str]:
        vectors, warnings = self.vectors, []
        if in_reference.any():
            kept = self.duplicates == "keep"
            warnings.append(
                f"{in_reference.sum():,} of {len(in_reference):,} distractors equal a fingerprint "
                f"of the reference, and are {'kept' if kept else 'left out'}"
            )
        clean = find_equal_rows(vectors.query[query_rows], vectors.reference).sum()
        if clean:
            warnings.append(
                f"{clean:,} of {len(query_rows):,} queries equal a fingerprint of the reference: "
                "were they degraded?"
            )
        return warnings

    def _draw_queries(self) -> Int64[np.ndarray, " queries"]:
        """The first row of each query, ascending."""
        possible = self._possible_queries()
        if self.n_queries > len(possible):
            logger.warning(
                "%d queries are wanted, but '%s' has %d", self.n_queries, self.name, len(possible)
            )
        if self.n_queries >= len(possible):
            return possible
        order = rng_at(self.seed, Stream.QUERY_POSITION).permutation(len(possible))
        return possible[np.sort(order[: self.n_queries])]

    def _possible_queries(self) -> Int64[np.ndarray, " rows"]:
        """Rows at which a query with a match may begin."""
        positions = self._query_positions()
        starts = self._starts(positions)
        matching: Int64[np.ndarray, " rows"] = starts[positions.track[starts] >= 0]
        return matching

    def _draw_absent(self) -> Int64[np.ndarray, " absent"]:
        """The first row of each query that matches nothing, ascending."""
        positions = self._query_positions()
        starts = self._starts(positions)
        absent = starts[positions.track[starts] < 0]
        order = rng_at(self.seed, Stream.QUERY_POSITION, 1).permutation(len(absent))
        drawn: Int64[np.ndarray, " absent"] = absent[np.sort(order[: self.n_queries])]
        return drawn

    def _absent(self, rows: Int64[np.ndarray, " absent"]) -> AbsentQueries | None:
        """The queries that begin at these rows; a recording is a stretch without a gap in time."""
        if len(rows) == 0:
            return None
        return AbsentQueries(
            queries=concatenate_runs(self.vectors.query[rows[:, None] + np.arange(self.segments)]),
            recording=self._stretches(self._query_positions())[rows],
            columns={"row": rows.tolist()},
        )

    def _starts(self, positions: Positions) -> Int64[np.ndarray, " starts"]:
        """First rows of the runs that lie within one track without a gap in time."""
        stretch = self._stretches(positions)
        return run_starts(stretch, np.ones(len(stretch), dtype=bool), self.segments)

    def _stretches(self, positions: Positions) -> Int64[np.ndarray, " rows"]:
        """Number of the stretch of each row: rows of one track without a gap in time."""
        apart_s = np.abs(np.diff(positions.start_s) - self.vectors.hop_s)
        apart = (np.diff(positions.track) != 0) | (apart_s > self.vectors.hop_s / 10)
        stretch: Int64[np.ndarray, " rows"] = np.concatenate([[0], np.cumsum(apart)])[
            : len(positions.track)
        ].astype(np.int64)
        return stretch

    def _query_positions(self) -> Positions:
        tracks = self.vectors.tracks
        return tracks.query if tracks else _timeline(len(self.vectors.query), self.vectors.hop_s)

    def reference_positions(self) -> Positions:
        """Track and start time of each row of the reference, on one timeline without tracks."""
        tracks, rows = self.vectors.tracks, len(self.vectors.reference)
        return tracks.reference if tracks else _timeline(rows, self.vectors.hop_s)

    def query_tracks(self, truth: Positions) -> Int64[np.ndarray, " queries"]:
        """Track of each query, or the stretch of the timeline where tracks are unknown."""
        if self.vectors.tracks is not None:
            return truth.track
        return (truth.start_s // CLUSTER_S).astype(np.int64)

    def _distractor_tracks(self, rows: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
        if self.vectors.tracks is not None and self.vectors.tracks.distractors is not None:
            tracks: Int64[np.ndarray, " rows"] = self.vectors.tracks.distractors[rows]
            return tracks
        return rows // max(1, round(CLUSTER_S / self.vectors.hop_s))

    def groups(self, tracks: Int64[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"] | None:
        """Group of each track; None if no groups are known."""
        known = None if self.vectors.tracks is None else self.vectors.tracks.groups
        return None if known is None else number_groups(known, tracks)

    def _distractor_groups(
        self, rows: Int64[np.ndarray, " rows"]
    ) -> Int64[np.ndarray, " rows"] | None:
        if self.vectors.tracks is None or self.vectors.tracks.distractors is None:
            return None
        return self.groups(self.vectors.tracks.distractors[rows])

    def _count_without_match(self) -> int:
        return int((self._query_positions().track < 0).sum())

    def query_set(self) -> str | None:
        """Name of queries and database that does not depend on the system; None if unknown."""
        tracks = self.vectors.tracks
        if self.vectors.query_set is not None:
            return self.vectors.query_set
        if tracks is None or (tracks.distractors is None and len(self.vectors.distractors)):
            return None
        used = [np.unique(tracks.reference.track), np.zeros(0, dtype=np.int64)]
        if tracks.distractors is not None:
            used[1] = np.unique(tracks.distractors)
        return content_key(tracks=[sorted(tracks.names[i] for i in part.tolist()) for part in used])

    def describe_data(self, digests: list[str], truth: Positions) -> DataInfo:
        """Describe the data.

        Args:
            digests: Hashes of queries, reference and distractors.
            truth: Positions of the queries.
        """
        vectors, hours, tracks = self.vectors, self.vectors.hop_s / 3600, self.vectors.tracks
        query_set = self.query_set()
        content = content_key(vectors=digests)
        if query_set is not None:
            names = [tracks.names[i] for i in truth.track.tolist()] if tracks else []
            rounded_ms = np.round(1000 * truth.start_s).astype(np.int64).tolist()
            content = content_key(query_set=query_set, tracks=names, start_ms=rounded_ms)
        distractor_tracks = tracks.distractors if tracks else None
        return DataInfo(
            name=self.name,
            reference_tracks=len(np.unique(tracks.reference.track)) if tracks else 0,
            reference_fingerprints=len(vectors.reference),
            reference_hours=len(vectors.reference) * hours,
            distractor_tracks=0 if distractor_tracks is None else len(np.unique(distractor_tracks)),
            distractor_fingerprints=len(vectors.distractors),
            distractor_hours=len(vectors.distractors) * hours,
            skipped=[],
            content=content,
        )


def _timeline(rows: int, hop_s: float) -> Positions:
    return Positions(np.zeros(rows, dtype=np.int64), np.arange(rows) * hop_s)


def _at(positions: Positions, rows: Int64[np.ndarray, " rows"]) -> Positions:
    return Positions(positions.track[rows], positions.start_s[rows])


def _digests(*positions: Positions) -> list[str]:
    arrays: list[Int64[np.ndarray, " rows"] | Float64[np.ndarray, " rows"]] = []
    for one in positions:
        arrays += [one.track, one.start_s]
    return [rows_digest(array) for array in arrays]
