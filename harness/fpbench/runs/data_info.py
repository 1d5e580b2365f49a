"""Describes the recordings of a run for its result."""

from collections.abc import Sequence

from fpbench.audio.reading import track_hash
from fpbench.audio.silence import silent_seconds
from fpbench.audio.survey import Surveys, decoded_durations_s
from fpbench.fingerprints.track_sets import FingerprintSet
from fpbench.hashing import content_key
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.data import DataInfo, NearCopy, Skipped
from fpbench.runs.named_parts import NamedDegradation
from fpbench.runs.planned_queries import PlannedQueries


def describe_data(
    all_tracks: Dataset,
    duplicates: Sequence[Skipped],
    planned: PlannedQueries,
    reference: FingerprintSet,
    real: FingerprintSet,
    *,
    degradations: Sequence[NamedDegradation],
    surveys: Surveys,
    near: Sequence[NearCopy],
) -> DataInfo:
    """Counts, hours, skipped tracks, and a hash of all audio that shapes the result.

    Args:
        all_tracks: The dataset, with duplicates.
        duplicates: Tracks that were left out because the dataset holds them twice.
        planned: The queries.
        reference: Fingerprints of the reference.
        real: Fingerprints of the distractors.
        degradations: Those of the recipe, in order.
        surveys: Surveys of all tracks.
        near: Near copies.
    """
    known = _published_contents(all_tracks)

    def contents(hashes: Sequence[str | None]) -> list[str | None]:
        return [known.get(one, one) if one else one for one in hashes]

    recordings = [(named.origin, contents(named.recording_hashes())) for named in degradations]
    return DataInfo(
        name=all_tracks.name,
        division=all_tracks.division,
        near_copies=near,
        reference_tracks=len(all_tracks.reference),
        reference_fingerprints=len(reference.vectors),
        reference_hours=_hours(all_tracks.reference, surveys),
        distractor_tracks=len(all_tracks.distractors),
        distractor_fingerprints=len(real.vectors),
        distractor_hours=_hours(all_tracks.distractors, surveys),
        reference_silent_hours=_silent_hours(all_tracks.reference, surveys),
        distractor_silent_hours=_silent_hours(all_tracks.distractors, surveys),
        skipped=[
            *(*duplicates, *reference.skipped, *real.skipped, *planned.skipped),
            # Two steps may have the same recordings.
            *dict.fromkeys(one for named in degradations for one in named.skipped_recordings()),
        ],
        content=content_key(
            reference=contents(reference.audio_hashes),
            distractors=contents(real.audio_hashes),
            degradations=recordings,
            **planned.identity(contents(reference.audio_hashes)),
        ),
    )


def _published_contents(dataset: Dataset) -> dict[str, str]:
    """What stands for the audio of recordings, by the hash of their files."""
    return {
        track_hash(track): track.content
        for track in dataset.all_tracks()
        if track.content is not None and track.path.is_file()
    }


def _hours(tracks: Sequence[Track], surveys: Surveys) -> float:
    return float(decoded_durations_s(surveys, tracks).sum()) / 3600


def _silent_hours(tracks: Sequence[Track], surveys: Surveys) -> float:
    return sum((silent_seconds(surveys[one].silent_s) for one in tracks), start=0.0) / 3600
