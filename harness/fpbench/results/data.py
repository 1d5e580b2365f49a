"""The data of a run: recordings, fingerprints and queries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from fpbench.results.config import RecordedRecipe
from fpbench.results.fields import Count, Hours, Name, Positive, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A track that could not be used, and the reason."""

    track: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCopy:
    """A track that shares a stretch of one recording with another track.

    Args:
        track: The copy, a distractor if the other is a track of the reference.
        of: The other track.
        start_s: Where the stretch begins in the copy.
        of_start_s: Where it begins in the other track.
        length_s: Length of the stretch.
        similarity: Mean cosine of its fingerprints in both.
    """

    track: str
    of: str
    start_s: Annotated[float, Meta(ge=0)]
    of_start_s: Annotated[float, Meta(ge=0)]
    length_s: Seconds
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """The task of a run that has kept all of its settings.

    Args:
        name: Name with version, such as ``demo-v1``.
        version: The number at the end of the name; None if the name has none.
        content: Hash of the task's settings, and of the data and queries that it expects.
        data: Hash of all recordings that it expects, as ``data.content``; None if it accepts any.
        queries: Hash of the queries that it expects, as ``queries.content``; likewise.
    """

    name: Name
    version: Count | None
    content: Name
    data: Name | None
    queries: Name | None


def task_version(name: str) -> int | None:
    """The version at the end of a task's name: 1 of ``demo-v1``; None if there is none."""
    found = re.search(r"-v(\d{1,9})$", name)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """The dataset, with hours of audio.

    Args:
        content: Hash of all recordings, including noise and impulse responses for queries.
        reference_silent_hours: Hours of the reference in silent stretches: at least 0.2 s in which
            no sample is further than -80 dB of full scale from a constant. None for ready-made
            fingerprints, and in older results.
        distractor_silent_hours: The same of the distractors.
        division: How the program divided the music into reference and distractors; None if the user
            did.
        near_copies: Pairs of tracks that share a stretch of one recording, by their fingerprints.
            With ``duplicates = drop``, the first track of each is left out.
        skipped_left_out: Number of skipped tracks that a submission does not list, after the first
            hundred.
        near_copies_left_out: Number of pairs of near copies that it does not list, likewise.
        distractors_in_reference: Ready-made distractors that equal a fingerprint of the reference.
            They are left out, unless ``duplicates`` is ``keep``.
    """

    name: str
    reference_tracks: Count
    reference_fingerprints: Count
    reference_hours: Hours
    distractor_tracks: Count
    distractor_fingerprints: Count
    distractor_hours: Hours
    skipped: Sequence[Skipped]
    content: str
    reference_silent_hours: Hours | None = None
    distractor_silent_hours: Hours | None = None
    division: str | None = None
    near_copies: Sequence[NearCopy] = ()
    distractors_in_reference: Count = 0
    skipped_left_out: Count = 0
    near_copies_left_out: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryInfo:
    """The queries.

    Args:
        n: Number of queries.
        tracks: Number of different tracks that they come from.
        groups: Number of different groups of tracks, such as artists, which intervals are over;
            None if groups are unknown, so that intervals are over tracks.
        content: Hash of the queries: their recordings, start times and degradations, and what they
            match; of their fingerprints if these are ready-made. None in older results.
        length_s: Length of a query, in seconds.
        recipe: How the queries were drawn and degraded.
        recordings: Number of recordings that the queries were cut from; 0 for queries that were
            made from the reference.
        without_match: Number of other recordings, which match nothing in the database. They are in
            no hit rate.
        absent: Number of queries that were cut from those recordings. They count as false accepts.
    """

    n: Positive
    tracks: Positive
    length_s: Seconds
    recipe: RecordedRecipe
    recordings: Count = 0
    without_match: Count = 0
    groups: Positive | None = None
    absent: Count = 0
    content: Name | None = None
