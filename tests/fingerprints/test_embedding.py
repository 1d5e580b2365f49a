"""Segments follow the spec, batches span recordings, and errors name the plugin and the rule."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from tiny_fingerprinters import TINY, FirstAndLast, Returning, ramp

from fpbench import Fingerprints, FingerprintSpec, FpbenchError, Samples, Segments, Track, Vectors
from fpbench.fingerprints.embedding import (
    fingerprint_files,
    fingerprint_named,
    fingerprint_tracks,
    segments_of,
)


class WholeTrack:
    """Returns fingerprints with given start times."""

    spec = replace(TINY, front_end="track")

    def __init__(self, start_s: list[float]) -> None:
        self._start_s = np.array(start_s)

    def fingerprint(self, samples: Samples, /) -> Fingerprints:
        return Fingerprints(np.ones((len(self._start_s), 2), np.float32), self._start_s)


def test_rows_are_a_hop_apart_and_the_tail_is_dropped() -> None:
    (fingerprints,) = fingerprint_tracks(FirstAndLast(), "x", [ramp(24)])
    np.testing.assert_array_equal(fingerprints.vectors, [[1, 10], [6, 15], [11, 20]])
    np.testing.assert_array_equal(fingerprints.start_s, [0, 0.5, 1.0])


@pytest.mark.parametrize(("short", "rows"), [("skip", 0), ("pad", 1)])
def test_short_tracks_are_padded_or_skipped(short: str, rows: int) -> None:
    spec = replace(TINY, short=short)
    (fingerprints,) = fingerprint_tracks(FirstAndLast(spec), "x", [ramp(4)])
    assert fingerprints.vectors.tolist() == [[1, 0]][:rows]


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 9))
@pytest.mark.slow
def test_batching_changes_no_row(lengths: list[int], batch: int) -> None:
    recordings = [ramp(n, start=100 * i + 1) for i, n in enumerate(lengths)]
    plugin = FirstAndLast(replace(TINY, batch_segments=batch))
    together = list(fingerprint_tracks(plugin, "x", recordings))
    assert len(together) == len(recordings)
    for fingerprints, samples in zip(together, recordings, strict=True):
        np.testing.assert_array_equal(fingerprints.vectors, segments_of(samples, TINY)[:, [0, -1]])
    rows = sum(len(fingerprints.vectors) for fingerprints in together)
    full, rest = divmod(rows, batch)
    assert plugin.batches == [batch] * full + [rest] * (rest > 0)


def test_a_batch_has_128_segments_by_default() -> None:
    plugin = FirstAndLast()
    list(fingerprint_tracks(plugin, "x", [ramp(10 + 5 * 199), ramp(10 + 5 * 99)]))
    assert plugin.batches == [128, 128, 44]


def test_yields_a_track_as_soon_as_it_is_complete() -> None:
    requested: list[int] = []

    def recordings() -> "object":
        for number in range(10):
            requested.append(number)
            yield ramp(10)

    plugin = FirstAndLast(replace(TINY, batch_segments=2))
    next(fingerprint_tracks(plugin, "x", recordings()))
    assert requested == [0, 1]


def test_segments_are_views() -> None:
    samples = ramp(1000)
    assert np.shares_memory(segments_of(samples, TINY), samples)


@pytest.mark.parametrize("offset", [0.0, 0.01])
def test_marks_silent_segments(offset: float) -> None:
    samples = np.concatenate([np.zeros(15, np.float32), ramp(5)]) + np.float32(offset)
    (fingerprints,) = fingerprint_tracks(FirstAndLast(), "x", [samples])
    assert fingerprints.silent.tolist() == [True, True, False]
    (whole,) = fingerprint_tracks(WholeTrack([0, 0.5, 0.7]), "x", [samples])
    assert whole.silent.tolist() == [True, True, False]


GOOD = np.float32([[0.6, 0.8]])


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        pytest.param([[0.6, 0.8]], "must be a NumPy array, not list", id="list"),
        pytest.param(GOOD.astype(np.float64), "must be float32, not float64", id="dtype"),
        pytest.param(GOOD[:, :1], r"shape \(1, 2\), not \(1, 1\)", id="dim"),
        pytest.param(np.repeat(GOOD, 2, axis=0), r"shape \(1, 2\), not \(2, 2\)", id="rows"),
        pytest.param(np.float32([[np.nan, 0]]), "finite, but 1 of 1 are not", id="nan"),
        pytest.param(2 * GOOD, "length 1 .* but one has 2", id="norm"),
        pytest.param(0 * GOOD, "length 1 .* but one has 0", id="zero"),
        pytest.param(ValueError("boom"), "failed while .* ValueError: boom", id="raises"),
    ],
)
def test_errors_name_the_plugin_and_the_rule(value: object, rule: str) -> None:
    plugin = Returning(value, unit_norm=True)
    with pytest.raises(FpbenchError, match=f"plugin 'mine' .*{rule}"):
        list(fingerprint_tracks(plugin, "mine", [ramp(10)]))


class BreaksAt(FirstAndLast):
    """Breaks a rule for every segment that begins with a value."""

    def __init__(self, first: float, *, how: str, spec: FingerprintSpec = TINY) -> None:
        super().__init__(spec)
        self._first, self._how = first, how

    def embed(self, segments: Segments, /) -> Vectors:
        vectors = super().embed(segments)
        broken = segments[:, 0] == self._first
        if self._how == "raises" and broken.any():
            raise ValueError("boom")
        if self._how == "shape":
            return vectors[:-1]
        vectors[broken] = np.nan
        return vectors


NAMED = [("first", ramp(20)), ("odd", ramp(20) + 100), ("last", ramp(20) + 200)]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("nan", r"finite, but 1 of \d are not, the first in odd at 0.5 s"),
        ("raises", "failed while embedding segments of .*odd"),
        ("shape", r"shape \(\d, 2\), not \(\d, 2\) of first"),
    ],
)
@pytest.mark.parametrize("batch_segments", [1, 2, 8])
def test_errors_name_the_recording(how: str, message: str, batch_segments: int) -> None:
    first = float(NAMED[1][1][5])  # of the segment at half a second
    plugin = BreaksAt(first, how=how, spec=replace(TINY, batch_segments=batch_segments))
    if batch_segments == 8 and how == "raises":
        message = "embedding segments of first to last"
    with pytest.raises(FpbenchError, match=message):
        list(fingerprint_named(plugin, "x", NAMED))


def test_errors_name_the_recording_of_a_whole_track() -> None:
    with pytest.raises(FpbenchError, match=r"start_s must increase from row to row, in first"):
        list(fingerprint_named(WholeTrack([0.0, 0.0]), "x", NAMED))


def test_silence_may_give_zeros() -> None:
    plugin = Returning(np.zeros((1, 2), np.float32), unit_norm=True)
    (fingerprints,) = fingerprint_tracks(plugin, "x", [np.zeros(10, np.float32)])
    assert fingerprints.vectors.tolist() == [[0, 0]]


def test_other_audio_may_give_zeros_only_if_the_spec_says_so() -> None:
    zeros = np.zeros((1, 2), np.float32)
    with pytest.raises(FpbenchError, match=r"length 1 .* but one has 0"):
        list(fingerprint_tracks(Returning(zeros, unit_norm=True), "x", [ramp(10)]))
    plugin = Returning(zeros, unit_norm=True, may_be_zero=True)
    (fingerprints,) = fingerprint_tracks(plugin, "x", [ramp(10)])
    assert fingerprints.vectors.tolist() == [[0, 0]]
    half = Returning(GOOD / 2, unit_norm=True, may_be_zero=True)
    with pytest.raises(FpbenchError, match=r"length 1 .* but one has 0\.5"):
        list(fingerprint_tracks(half, "x", [ramp(10)]))


@pytest.mark.parametrize(
    ("start_s", "rule"),
    [
        pytest.param([0.0, 0.0], "must increase", id="not increasing"),
        pytest.param([0.0, 99.0], "must lie within the recording of 2.000 s", id="beyond the end"),
        pytest.param([-1.0, 0.0], "must lie within the recording", id="negative"),
    ],
)
def test_checks_start_times_of_whole_tracks(start_s: list[float], rule: str) -> None:
    with pytest.raises(FpbenchError, match=f"plugin 'mine' breaks a rule: start_s {rule}"):
        list(fingerprint_tracks(WholeTrack(start_s), "mine", [ramp(20)]))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, samples in {"a": ramp(20) / 100, "b": ramp(3) / 100, "s": ramp(10) * 0}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 10, subtype="FLOAT")
    return [tmp_path / f"{name}.wav" for name in ("a", "none", "b", "s", "a")]


def test_each_file_gives_one_outcome_in_order(files: list[Path]) -> None:
    tracks = [Track(name=path.stem, path=path) for path in files]
    outcomes = list(fingerprint_files(FirstAndLast(), "x", tracks))
    assert [(o.track.name, o.reason) for o in outcomes] == [
        ("a", None),
        ("none", "there is no such file"),
        ("b", "too short: 0.3 s, 1 s needed"),
        ("s", "silent"),
        ("a", None),
    ]
    assert [None if o.fingerprints is None else len(o.fingerprints.vectors) for o in outcomes] == [
        *(3, None, None, None),
        3,
    ]
