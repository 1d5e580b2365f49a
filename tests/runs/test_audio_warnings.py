"""A run warns of silence and of channels that nearly cancel, and is quiet about other music."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import Dataset, Track
from fpbench.audio.survey import Survey
from fpbench.results.data import DataInfo
from fpbench.runs.audio_warnings import describe_cancelling, warn_of_silence

DATA = DataInfo(
    name="x",
    reference_tracks=2,
    reference_fingerprints=20,
    reference_hours=2.0,
    distractor_tracks=2,
    distractor_fingerprints=20,
    distractor_hours=4.0,
    skipped=(),
    content="x",
    reference_silent_hours=0.0,
    distractor_silent_hours=0.0,
)


def test_much_silence_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_silence(replace(DATA, reference_silent_hours=0.5, distractor_silent_hours=1.0))
    assert [record.message for record in caplog.records] == [
        "25 % of the reference (30 min of 2.0 h) is silent: no query is drawn there, and no "
        "fingerprint of it is searched",
        "25 % of the distractors (60 min of 4.0 h) is silent: its fingerprints are no distractors",
    ]


def test_little_silence_is_in_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    warn_of_silence(replace(DATA, reference_silent_hours=0.1))
    (record,) = caplog.records
    assert (record.levelname, record.message[:3]) == ("INFO", "5 %")


def test_no_silence_is_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    warn_of_silence(DATA)
    warn_of_silence(replace(DATA, reference_silent_hours=None, distractor_silent_hours=None))
    assert not caplog.records


def test_channels_that_nearly_cancel_are_named() -> None:
    tracks = [Track(name=name, path=Path(name)) for name in ("a", "b", "c")]
    dataset = Dataset(name="x", reference=tracks[:1], distractors=tracks[1:])
    surveys = dict(
        zip(tracks, [Survey(peak=0.5, cancelled_db=db) for db in (3.0, 25.4, 60.0)], strict=True)
    )
    (warning,) = describe_cancelling(dataset, surveys)
    # What cancels altogether is skipped and named there.
    assert warning.startswith(
        "the channels of 1 of 3 recordings nearly cancel; the first is b, whose mean is 25 dB"
    )
    assert describe_cancelling(replace(dataset, distractors=()), surveys) == []
