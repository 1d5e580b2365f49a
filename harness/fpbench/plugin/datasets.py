"""Datasets: recordings, or ready-made fingerprints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.progress import Report, Stage

Channel = Literal["mean", "left", "right", "loudest"]
"""The signal that is taken of a recording with several channels.

``left`` and ``right`` are the first and the second channel, ``loudest`` is the channel with the
most energy over the whole recording. A recording with one channel is the same with all of them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One recording.

    Args:
        name: Name in results and reports, unique in the dataset.
        path: Path of the audio file.
        duration_s: Duration of a file that does not exist yet.
        channel: Signal that is taken of several channels.
        group: What may make it similar to other tracks, such as the artist; None if it is unknown.
            Confidence intervals are over groups.
        content: What stands for its audio in the hashes of data and queries, if the dataset knows
            its recordings by a rule of its own, such as one that a new encoding passes; None means
            the hash of the audio itself.
    """

    name: str
    path: Path
    duration_s: float = 0.0
    channel: Channel = "mean"
    group: str | None = None
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingFiles:
    """Files of a dataset that do not exist yet.

    Args:
        what: What they are, such as ``demo music``.
        count: Number of files.
        size_bytes: Their size in all.
        estimate_s: Estimates from a short trial how long making them takes, in seconds.
        make: Makes them, and reports the finished share.
    """

    what: str
    count: int
    size_bytes: int
    estimate_s: Callable[[], float]
    make: Callable[[Report], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedQuery:
    """A recording that queries are cut from, such as one of a phone.

    Args:
        name: Name in results and reports, unique in the dataset.
        path: Path of the audio file.
        reference: Name of the reference track that it matches; None if it matches nothing in the
            database.
        start_s: Time in the reference track at which the recording starts.
        channel: Signal that is taken of several channels.
    """

    name: str
    path: Path
    reference: str | None = None
    start_s: float = 0.0
    channel: Channel = "mean"

    @property
    def track(self) -> Track:
        """The recording as a track."""
        return Track(name=self.name, path=self.path, channel=self.channel)


@dataclass(frozen=True, slots=True)
class Positions:
    """Where rows or queries come from.

    Args:
        track: Index into a list of tracks.
        start_s: Seconds from the start of that track.
    """

    track: Int64[np.ndarray, " rows"]
    start_s: Float64[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorTracks:
    """Tracks and times of ready-made fingerprints; the rows of a track are adjacent.

    Args:
        names: Names of the tracks, the same for every system.
        query: Track of each query row, as an index into ``names``, and its start time in that
            track; index -1 for a row that matches nothing in the database.
        reference: Track and start time of each row of the reference.
        distractors: Track of each distractor, as an index into ``names``; None if it is unknown.
        groups: Group of each track, as of a :class:`Track`; None if all are unknown.
    """

    names: Sequence[str]
    query: Positions
    reference: Positions
    distractors: Int64[np.ndarray, " distractors"] | None = None
    groups: Sequence[str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorRecordings:
    """The recordings that rows of queries come from, one after the other.

    Args:
        names: Their names.
        first_row: First row of each recording.
        start_row: Where each begins in its track of the reference, counted in rows from the track's
            start; -1 if it is unknown.
    """

    names: Sequence[str]
    first_row: Int64[np.ndarray, " recordings"]
    start_row: Int64[np.ndarray, " recordings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorDataset:
    """Ready-made fingerprints.

    Args:
        query: Fingerprints of queries. Without ``tracks``, row i is the degraded row i of
            ``reference``, and all rows lie on one timeline.
        reference: Fingerprints that the queries match.
        distractors: Fingerprints that match no query.
        hop_s: Time between neighbouring rows of a track.
        segment_s: Length of the audio that a row describes.
        tracks: Tracks and times of the rows.
        query_set: Name of queries and database, by which files of two systems are comparable.
        recordings: The recordings of the queries; None if they are unknown.
    """

    query: Float32[np.ndarray, "queries dim"]
    reference: Float32[np.ndarray, "reference dim"]
    distractors: Float32[np.ndarray, "distractors dim"]
    hop_s: float = 0.5
    segment_s: float = 1.0
    tracks: VectorTracks | None = None
    query_set: str | None = None
    recordings: VectorRecordings | None = None

    @property
    def matrices(self) -> Sequence[Float32[np.ndarray, "rows dim"]]:
        """Queries, reference and distractors."""
        return self.query, self.reference, self.distractors


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Data of a run: either tracks to fingerprint, or ready-made fingerprints in ``vectors``.

    Args:
        name: Name that the user gave, such as ``folder:music``.
        reference: Tracks that queries match; without ``queries``, they are made from these tracks.
        distractors: Tracks that match no query. Generators are fitted to them, too.
        train: Tracks for the training of encoders.
        noise: Background recordings that degrade queries; empty means the recipe's own noise.
        impulse_responses: Impulse responses that degrade queries; empty means the recipe's own.
        train_noise: Background recordings for training, disjoint from ``noise``.
        train_impulse_responses: Impulse responses for training, disjoint from
            ``impulse_responses``.
        queries: Recorded queries; empty means that queries are made from the reference.
        vectors: Ready-made fingerprints; the track lists are then empty.
        pending: Files of these tracks that do not exist yet; a run makes them before it reads any,
            and a plan does not.
        division: How the program divided the music into these roles, with the number of tracks of
            each, for the user and the result; None if the user divided it.
    """

    name: str
    reference: Sequence[Track] = ()
    distractors: Sequence[Track] = ()
    train: Sequence[Track] = ()
    noise: Sequence[Track] = ()
    impulse_responses: Sequence[Track] = ()
    train_noise: Sequence[Track] = ()
    train_impulse_responses: Sequence[Track] = ()
    queries: Sequence[RecordedQuery] = ()
    vectors: VectorDataset | None = None
    pending: PendingFiles | None = None
    division: str | None = None

    def with_channel(self, channel: Channel) -> "Dataset":
        """The same recordings, of each of which this channel is taken."""

        def of(tracks: Sequence[Track]) -> Sequence[Track]:
            return [replace(track, channel=channel) for track in tracks]

        return replace(
            self,
            reference=of(self.reference),
            distractors=of(self.distractors),
            train=of(self.train),
            noise=of(self.noise),
            impulse_responses=of(self.impulse_responses),
            train_noise=of(self.train_noise),
            train_impulse_responses=of(self.train_impulse_responses),
            queries=[replace(query, channel=channel) for query in self.queries],
        )

    def all_tracks(self) -> list[Track]:
        """Every recording but those of queries, whatever its role."""
        music = (*self.reference, *self.distractors, *self.train)
        noises = (*self.noise, *self.train_noise)
        return [*music, *noises, *self.impulse_responses, *self.train_impulse_responses]

    def complete(self, stage: Stage) -> None:
        """Make the files that do not exist yet.

        Raises:
            FpbenchError: They cannot be written.
        """
        if self.pending is not None:
            with stage(f"making {self.pending.what}") as report:
                self.pending.make(report)
