"""Recordings for noise and reverberation, from a folder in the query recipe or from the dataset."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fpbench import FpbenchError, Samples, Settings, Track
from fpbench.audio.channels import CANCELLED_DB
from fpbench.audio.folders import audio_below
from fpbench.audio.reading import read_audio, refusal
from fpbench.audio.survey import Survey, survey_recordings
from fpbench.cache import Store
from fpbench.files import file_version
from fpbench.user_paths import expand_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recordings:
    """The recordings of a degradation.

    Args:
        tracks: Those that can be used.
        skipped: Name of each of the others, and the reason.
    """

    tracks: Sequence[Track]
    skipped: Mapping[str, str]

    @property
    def paths(self) -> list[Path]:
        """Files of those that can be used."""
        return [track.path for track in self.tracks]


def find_recordings(
    folder: str | None,
    of_dataset: Sequence[Track],
    settings: Settings,
    what: str,
    *,
    any_level: bool = False,
) -> Recordings:
    """Find recordings, and read each once: an odd one is left out before any query is made.

    Args:
        folder: Folder of the recordings; None takes those of the dataset.
        of_dataset: Recordings of the dataset.
        settings: Channel of the recordings, the dataset, and the cache for what reading shows.
        what: What they are, for messages.
        any_level: Whether a recording may be as quiet as silence, because only its shape matters.

    Raises:
        FpbenchError: There are no audio files below the folder, or none can be used.
    """
    tracks = of_dataset if folder is None else _tracks_below(folder, settings)
    pending = settings.dataset is not None and settings.dataset.pending is not None
    if not tracks or (folder is None and pending):  # the dataset is still to write its files
        return Recordings(tracks, {})
    store = Store(settings.cache_dir) if settings.cache_dir else None
    surveys = survey_recordings(store, tracks, lambda _done, _words: None)
    reasons = {
        track.name: reason
        for track in tracks
        if (reason := _why_unusable(surveys[track], any_level=any_level)) is not None
    }
    usable = [track for track in tracks if track.name not in reasons]
    if not reasons:
        return Recordings(tracks, {})
    first, reason = next(iter(reasons.items()))
    if not usable:
        raise FpbenchError(
            f"none of {len(tracks)} {what} can be used; the first is {first}: {reason}",
            hint="replace them, or leave the degradation out",
        )
    logger.warning(
        "left out %d of %d %s; the first is %s: %s; the result lists all of them",
        len(reasons),
        len(tracks),
        what,
        first,
        reason,
    )
    return Recordings(usable, reasons)


def _why_unusable(survey: Survey, *, any_level: bool) -> str | None:
    if any_level and survey.silent and survey.peak > 0 and survey.cancelled_db < CANCELLED_DB:
        return None
    return survey.why_unusable


def _tracks_below(folder: str, settings: Settings) -> list[Track]:
    root = expand_path(folder)
    tracks = [
        Track(
            name=f"{root.name}/{path.relative_to(root).as_posix()}",
            path=path,
            channel=settings.channel,
        )
        for path in audio_below(root)
    ]
    if not tracks:
        raise FpbenchError(f"no audio files in '{folder}'", hint="correct the setting 'folder'")
    return tracks


def load_recording(track: Track, sample_rate_hz: int) -> Samples:
    """Read a file into an array, which is read-only because queries share it.

    Raises:
        FpbenchError: The file cannot be read.
    """
    try:
        version = file_version(track.path.stat())
    except OSError as err:
        raise refusal(track.path, str(err.strerror)) from err
    return _load(track, sample_rate_hz, *version)


@lru_cache(maxsize=256)  # a few seconds each, and drawn many times
def _load(track: Track, sample_rate_hz: int, *_changes: int) -> Samples:
    samples = read_audio(track.path, sample_rate_hz, channel=track.channel)
    samples.flags.writeable = False
    return samples


def require_range(name: str, low: float, high: float) -> None:
    """Refuse a range whose ends are in the wrong order or not finite.

    Raises:
        ValueError: The range is refused.
    """
    if not -1e6 < low <= high < 1e6:
        raise ValueError(f"min_{name}={low} and max_{name}={high} must be finite and in this order")
