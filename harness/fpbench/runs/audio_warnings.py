"""Warns of recordings that hold less of the music than their length says."""

from collections.abc import Sequence
from logging import INFO, WARNING, getLogger

from fpbench.audio.survey import Surveys
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.data import DataInfo
from fpbench.units import short_time

MUCH_SILENCE = 0.1
"""Share of silence in reference or distractors from which a run warns of it."""

logger = getLogger(__name__)


def warn_of_silence(data: DataInfo) -> None:
    """Say how much of the reference and of the distractors is silent, if any."""
    for what, silent_h, hours, so in (
        (
            "reference",
            data.reference_silent_hours,
            data.reference_hours,
            "no query is drawn there, and no fingerprint of it is searched",
        ),
        (
            "distractors",
            data.distractor_silent_hours,
            data.distractor_hours,
            "its fingerprints are no distractors",
        ),
    ):
        if silent_h and hours:
            logger.log(
                WARNING if silent_h > MUCH_SILENCE * hours else INFO,
                "%.0f %% of the %s (%s of %s) is silent: %s",
                100 * silent_h / hours,
                what,
                short_time(3600 * silent_h),
                short_time(3600 * hours),
                so,
            )


def describe_silent_queries(silent: int) -> list[str]:
    """What to say of recorded queries that lie in silence."""
    if not silent:
        return []
    return [f"left out {silent} recorded queries that lie in silence, of them or of the reference"]


def describe_cancelling(dataset: Dataset, surveys: Surveys) -> list[str]:
    """What to say of recordings of whose music much is missing in the mean of the channels."""
    tracks: Sequence[Track] = [
        *(*dataset.reference, *dataset.distractors),
        *(one.track for one in dataset.queries),
    ]
    weak = [one for one in tracks if surveys[one].channels_nearly_cancel]
    if not weak:
        return []
    return [
        f"the channels of {len(weak)} of {len(tracks)} recordings nearly cancel; the first is "
        f"{weak[0].name}, whose mean is {surveys[weak[0]].cancelled_db:.0f} dB below its channels: "
        "choose one with the setting channel: left, right or loudest"
    ]
