"""Cached fingerprints that the system no longer makes are noticed, and are never found again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Fingerprints, FingerprintSpec, Samples, Segments, Vectors
from fpbench.audio.survey import Surveys, survey_recordings
from fpbench.cache import Store
from fpbench.fingerprints.editions import find_change, start_edition, with_edition
from fpbench.fingerprints.track_sets import build_fingerprint_set
from fpbench.plugin.datasets import Track

SPEC = FingerprintSpec(sample_rate_hz=1_000, segment_s=1.0, dim=3, unit_norm=False)
IDENTITY = {"name": "levels", "dtype": "float32"}


class Levels:
    """Levels of three thirds of a segment; ``change`` stands for an edit that nobody sees."""

    def __init__(self, change: float = 0.0, **spec: object) -> None:
        self.spec = replace(SPEC, **spec)
        self.change = change
        self.rows = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self.rows += len(segments)
        parts = [np.abs(part).mean(axis=1) for part in np.array_split(segments, 3, axis=1)]
        vectors = np.stack(parts, axis=1).astype(np.float32)
        return np.concatenate([(1 + self.change) * vectors[:, :1], vectors[:, 1:]], axis=1)


class WholeTrack(Levels):
    def __init__(self, change: float = 0.0) -> None:
        super().__init__(change, front_end="track")

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        starts = np.arange(0, len(samples) - 999, 500)
        segments = np.stack([samples[start : start + 1_000] for start in starts])
        return Fingerprints(self.embed(segments), starts / 1_000)


class Forgetful(Levels):
    """Gives other vectors at every call."""

    def embed(self, segments: Segments, /) -> Vectors:
        self.change += 1
        return super().embed(segments)


def survey(store: Store, tracks: list[Track]) -> Surveys:
    return survey_recordings(store, tracks, lambda _done, _words: None)


@pytest.fixture
def tracks(tmp_path: Path, rng: np.random.Generator) -> list[Track]:
    found = []
    for seconds in (30, 4, 90, 5):
        path = tmp_path / f"{seconds}.wav"
        soundfile.write(path, rng.uniform(-0.5, 0.5, seconds * 1_000), 1_000)
        found.append(Track(name=path.name, path=path))
    return found


@pytest.fixture
def cached(tmp_path: Path, tracks: list[Track]) -> Callable[[Levels], Store]:
    """A store with the fingerprints of all tracks."""

    def build(fingerprinter: Levels) -> Store:
        store = Store(tmp_path / "cache")
        build_fingerprint_set(
            store,
            fingerprinter,
            "levels",
            IDENTITY,
            tracks,
            surveys=survey(store, tracks),
            report=lambda done, words: None,
        )
        return store

    return build


@pytest.mark.parametrize("kind", [Levels, WholeTrack])
def test_an_unseen_change_is_found_in_the_shortest_tracks(
    cached: Callable[[Levels], Store], tracks: list[Track], kind: type[Levels]
) -> None:
    store = cached(kind())
    again = kind()
    assert (
        find_change(store, again, "levels", IDENTITY, [tracks], surveys=survey(store, tracks))
        is None
    )
    assert again.rows == 7 + 9  # segments of 4 s and of 5 s
    change = find_change(
        store, kind(change=0.1), "levels", IDENTITY, [tracks], surveys=survey(store, tracks)
    )
    assert change is not None
    assert change.endswith(" in 4.wav")


@pytest.mark.parametrize(
    ("dtype", "change", "found"),
    [
        pytest.param("float32", 1e-5, False, id="another processor"),
        pytest.param("float32", 1e-2, True, id="float32"),
        pytest.param("bfloat16", 1e-2, False, id="another processor in bfloat16"),
        pytest.param("bfloat16", 1.0, True, id="bfloat16"),
    ],
)
def test_rounding_is_no_change(
    cached: Callable[[Levels], Store],
    tracks: list[Track],
    dtype: str,
    change: float,
    *,
    found: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(IDENTITY, "dtype", dtype)
    store = cached(Levels())
    assert (
        find_change(store, Levels(change), "x", IDENTITY, [tracks], surveys=survey(store, tracks))
        is not None
    ) == found


def test_other_numbers_of_fingerprints_are_a_change(
    cached: Callable[[Levels], Store], tracks: list[Track]
) -> None:
    store = cached(WholeTrack())

    class HalfAsMany(WholeTrack):
        def fingerprint(self, samples: Samples, /) -> Fingerprints:
            every = super().fingerprint(samples)
            return Fingerprints(every.vectors[::2], every.start_s[::2])

    change = find_change(
        store, HalfAsMany(), "levels", IDENTITY, [tracks], surveys=survey(store, tracks)
    )
    assert change == "4 fingerprints instead of 7 in 4.wav"


def test_nothing_is_compared_without_a_cache_or_with_vectors_that_never_repeat(
    cached: Callable[[Levels], Store], tracks: list[Track], tmp_path: Path
) -> None:
    fingerprinter, new = Levels(), Store(tmp_path / "new")
    assert (
        find_change(new, fingerprinter, "x", IDENTITY, [tracks], surveys=survey(new, tracks))
        is None
    )
    assert fingerprinter.rows == 0
    store = cached(Levels())
    assert (
        find_change(store, Forgetful(), "x", IDENTITY, [tracks], surveys=survey(store, tracks))
        is None
    )


def test_a_new_edition_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = with_edition(store, IDENTITY)
    assert first == {**IDENTITY, "edition": ""}
    second = start_edition(store, first)
    assert second != first
    assert with_edition(store, IDENTITY) == second
    assert start_edition(store, second) != second
    assert with_edition(store, {"name": "another"})["edition"] == ""


class LouderInABatch(Levels):
    """Rows depend on their batch, of 16 segments."""

    def __init__(self, change: float = 0.0) -> None:
        super().__init__(change, batch_segments=16)

    def embed(self, segments: Segments, /) -> Vectors:
        return super().embed(segments) + np.float32(np.abs(segments).max())


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        pytest.param(0, 16, id="a track of several batches"),
        pytest.param(1, 7 + 9, id="a track of less than one batch"),
    ],
)
def test_rows_that_depend_on_their_batch_are_compared_in_it(
    tmp_path: Path, tracks: list[Track], first: int, rows: int
) -> None:
    some = [[tracks[0]], [tracks[1], tracks[3]]][first]
    store = Store(tmp_path / "cache")
    surveys = survey(store, tracks)
    build_fingerprint_set(
        store,
        LouderInABatch(),
        "x",
        IDENTITY,
        some,
        surveys=surveys,
        report=lambda done, words: None,
    )
    again = LouderInABatch()
    assert find_change(store, again, "x", IDENTITY, [some, tracks[2:]], surveys=surveys) is None
    assert again.rows == rows
    change = find_change(store, LouderInABatch(0.1), "x", IDENTITY, [some], surveys=surveys)
    assert change is not None
    assert change.endswith(f" in {some[0].name}")
