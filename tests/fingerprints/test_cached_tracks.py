"""Each track is fingerprinted once and kept, whatever other tracks there are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FingerprintSpec, Segments, Track, Vectors
from fpbench.audio.survey import Surveys, survey_recordings
from fpbench.cache import Store
from fpbench.fingerprints.cached_tracks import (
    cached_track,
    fingerprint_each,
    fingerprint_with_cache,
    is_cached,
    make_missing_tracks,
)
from fpbench.fingerprints.embedding import TrackOutcome

SPEC = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=4, unit_norm=False)
IDENTITY = {"version": 1}


class Counting:
    """Returns the first four samples of each segment; counts its segments."""

    spec = SPEC

    def __init__(self) -> None:
        self.segments = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self.segments += len(segments)
        return segments[:, :4].copy()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def surveys(store: Store, tracks: list[Track]) -> Surveys:
    return survey_recordings(store, tracks, lambda *_: None)


def make(
    store: Store, plugin: Counting, tracks: Sequence[Track], surveys: Surveys
) -> dict[str, TrackOutcome]:
    return make_missing_tracks(
        store, plugin, "counting", IDENTITY, tracks, surveys=surveys, report=lambda *_: None
    )


def vectors_of(outcome: TrackOutcome | None) -> bytes:
    assert outcome is not None
    assert outcome.fingerprints is not None
    return outcome.fingerprints.vectors.tobytes()


def test_a_track_is_made_once(store: Store, tracks: list[Track], surveys: Surveys) -> None:
    plugin = Counting()
    assert make(store, plugin, tracks[:2], surveys) == {}
    assert plugin.segments == 8
    make(store, plugin, tracks[:3], surveys)
    assert plugin.segments == 15
    kept = [is_cached(store, IDENTITY, SPEC, surveys[track]) for track in tracks]
    assert kept == [True] * 3 + [False] * 3
    assert not is_cached(store, {"version": 2}, SPEC, surveys[tracks[0]])


def test_equal_audio_is_fingerprinted_once(
    store: Store, tracks: list[Track], surveys: Surveys
) -> None:
    plugin, again = Counting(), replace(tracks[0], name="again")
    both = survey_recordings(store, [tracks[0], again], lambda *_: None)
    outcomes = fingerprint_with_cache(
        store, plugin, "x", IDENTITY, list(both), surveys=both, report=lambda *_: None
    )
    assert [one.track.name for one in outcomes] == ["track 0", "again"]
    assert plugin.segments == 3


def test_the_bytes_of_a_track_do_not_depend_on_others(
    store: Store, tracks: list[Track], surveys: Surveys
) -> None:
    make(store, Counting(), tracks, surveys)
    hashes = {track: surveys[track].audio_hash for track in tracks}
    for track in tracks:
        (alone,) = fingerprint_each(Counting(), "x", {track: hashes[track]})
        kept = cached_track(store, IDENTITY, SPEC, track, surveys)
        assert vectors_of(kept) == vectors_of(alone)


def test_a_track_that_cannot_be_read_again_is_not_kept(
    store: Store, tracks: list[Track], surveys: Surveys
) -> None:
    whole = tracks[1].path.read_bytes()
    tracks[1].path.write_bytes(b"the disk fails")
    (failed,) = make(store, Counting(), tracks, surveys).values()
    assert failed.track == tracks[1]
    assert cached_track(store, IDENTITY, SPEC, tracks[1], surveys) is None
    tracks[1].path.write_bytes(whole)
    assert make(store, Counting(), tracks, surveys) == {}
    assert cached_track(store, IDENTITY, SPEC, tracks[1], surveys) is not None


def test_a_file_that_no_survey_could_read_is_never_made(store: Store, tracks: list[Track]) -> None:
    tracks[0].path.unlink()
    surveys = survey_recordings(store, tracks, lambda *_: None)
    assert is_cached(store, IDENTITY, SPEC, surveys[tracks[0]])
    assert cached_track(store, IDENTITY, SPEC, tracks[0], surveys) is None


def test_what_workers_leave_out_is_made_here(
    store: Store, tracks: list[Track], surveys: Surveys
) -> None:
    class HalfWorkers:
        def fingerprint(self, tracks: Sequence[Track], surveys: Surveys) -> Iterator[TrackOutcome]:
            some = {track: surveys[track].audio_hash for track in tracks[::2]}
            return fingerprint_each(Counting(), "x", some)

    plugin = Counting()
    outcomes = fingerprint_with_cache(
        store,
        plugin,
        "x",
        IDENTITY,
        tracks,
        surveys=surveys,
        report=lambda *_: None,
        workers=HalfWorkers(),
    )
    rows = [len(np.frombuffer(vectors_of(one), np.float32)) // 4 for one in outcomes]
    assert rows == [3, 5, 7, 9, 11, 13]
    assert plugin.segments == 5 + 9 + 13
