"""The three matrices of a protocol: queries, reference and distractors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.hashing import content_key, rows_digest
from fpbench.plugin.datasets import Positions, VectorRecordings
from fpbench.results.config import RecordedRecipe
from fpbench.results.data import DataInfo
from fpbench.runs.ready_made import VectorSource
from fpbench.user_paths import expand_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolInputs:
    """What a protocol searches with, for and among.

    Args:
        key: Key of the three matrices.
        query: Degraded fingerprints.
        reference: Clean fingerprints, all recordings one after the other.
        distractors: Fingerprints that match no query, likewise; may be without rows.
        positions: Track and start time of each row of the reference.
        tracks: Track of each row, or the stretch of the timeline where tracks are unknown.
        groups: Group of each row's track; None if groups are unknown.
        describe: Describes the data of a run whose queries begin at these rows.
        recipe: How the queries were made, for the result.
        folder: Folder of the dataset, which may hold the authors' other files.
        track_names: Names of the tracks that positions count, where they are known.
        recordings: The recordings that rows of queries come from; None if they are unknown.
        distractor_tracks: Track of each distractor; None if it is unknown.
        tempo: Factor by which queries are faster, where it is known.
        truth: Track and start time that each row of the queries matches; None if tracks are
            unknown.
    """

    key: str
    query: Float32[np.ndarray, "queries dim"] = field(repr=False)
    reference: Float32[np.ndarray, "reference dim"] = field(repr=False)
    distractors: Float32[np.ndarray, "distractors dim"] = field(repr=False)
    positions: Positions = field(repr=False)
    tracks: Int64[np.ndarray, " reference"] = field(repr=False)
    groups: Int64[np.ndarray, " reference"] | None = field(repr=False)
    hop_s: float
    segment_s: float
    describe: Callable[[Int64[np.ndarray, " starts"]], DataInfo] = field(repr=False)
    recipe: RecordedRecipe
    folder: Path | None
    track_names: Sequence[str] = ()
    recordings: VectorRecordings | None = None
    distractor_tracks: Int64[np.ndarray, " distractors"] | None = field(default=None, repr=False)
    truth: Positions | None = field(default=None, repr=False)
    tempo: float | None = None
    warnings: Sequence[str] = ()

    def segments(self, lengths_s: Sequence[float], hop_s: float) -> list[int]:
        """Fingerprints in queries of these lengths.

        Args:
            lengths_s: Lengths of queries.
            hop_s: Time between neighbouring fingerprints, by which they are counted.

        Raises:
            FpbenchError: Two lengths have equally many, or one is shorter than a fingerprint.
        """
        # The last fingerprint must be whole; the addition is for rounding.
        found = [1 + int((one - self.segment_s) / hop_s + 1e-6) for one in lengths_s]
        if min(found) < 1 or min(lengths_s) < self.segment_s - 1e-6 or len(set(found)) < len(found):
            raise FpbenchError(
                f"queries of {', '.join(f'{one:g}' for one in lengths_s)} s are "
                f"{', '.join(map(str, found))} fingerprints of {self.segment_s:g} s, {hop_s:g} s "
                "apart",
                hint="give --query-lengths that differ by a hop or more, none below a fingerprint",
            )
        return found


def inputs_of_vectors(source: VectorSource) -> ProtocolInputs:
    """The matrices of ready-made fingerprints."""
    vectors = source.vectors
    positions = source.reference_positions()
    digests = [rows_digest(rows) for rows in vectors.matrices]

    def describe(starts: Int64[np.ndarray, " starts"]) -> DataInfo:
        truth = Positions(positions.track[starts], positions.start_s[starts])
        return source.describe_data(digests, truth)

    return ProtocolInputs(
        key=content_key(vectors=digests),
        query=vectors.query,
        reference=vectors.reference,
        distractors=vectors.distractors,
        positions=positions,
        tracks=source.query_tracks(positions),
        groups=source.groups(positions.track),
        hop_s=vectors.hop_s,
        segment_s=vectors.segment_s,
        describe=describe,
        recipe={"ready_made": source.query_set() or source.name},
        folder=dataset_folder(source.name),
        track_names=() if vectors.tracks is None else list(vectors.tracks.names),
        recordings=vectors.recordings,
        distractor_tracks=None if vectors.tracks is None else vectors.tracks.distractors,
        truth=None if vectors.tracks is None else vectors.tracks.query,
    )


def dataset_folder(name: str) -> Path | None:
    """The folder that a dataset's argument names; None if it names none."""
    _, _, argument = name.partition(":")
    folder = expand_path(argument) if argument else None
    return folder if folder is not None and folder.is_dir() else None
