"""A set of fingerprints is made once, resumes after a kill, and always has the same bytes."""

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FingerprintSpec, FpbenchError, Segments, Track, Vectors
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store
from fpbench.fingerprints.track_sets import FingerprintSet, build_fingerprint_set
from fpbench.results.data import Skipped

SPEC = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=4, unit_norm=False)


class Counting:
    """Returns the first four samples of each segment; counts its segments."""

    def __init__(self, spec: FingerprintSpec = SPEC) -> None:
        self.spec = spec
        self.segments = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self.segments += len(segments)
        return segments[:, :4].copy()


def build(root: Path, plugin: Counting, tracks: Sequence[Track]) -> FingerprintSet:
    store = Store.open(root)
    surveys = survey_recordings(store, tracks, lambda *_: None)
    return build_fingerprint_set(
        store, plugin, "counting", {"version": 1}, tracks, surveys=surveys, report=lambda *_: None
    )


def test_has_all_rows_in_order(tmp_path: Path, tracks: list[Track]) -> None:
    fingerprints = build(tmp_path / "store", Counting(), tracks)
    assert np.bincount(fingerprints.track).tolist() == [3, 5, 7, 9, 11, 13]
    assert fingerprints.tracks == tuple(track.name for track in tracks)
    assert fingerprints.skipped == ()
    assert fingerprints.start_s[fingerprints.track == 1].tolist() == [0, 0.5, 1, 1.5, 2]
    samples, _ = soundfile.read(tracks[1].path, dtype="float32")
    np.testing.assert_array_equal(
        fingerprints.vectors[fingerprints.track == 1][2], samples[100:104]
    )


def test_vectors_are_a_read_only_map(tmp_path: Path, tracks: list[Track]) -> None:
    fingerprints = build(tmp_path / "store", Counting(), tracks)
    assert isinstance(fingerprints.vectors, np.memmap)
    assert not fingerprints.vectors.flags.writeable


def test_nothing_is_made_twice(tmp_path: Path, tracks: list[Track]) -> None:
    plugin = Counting()
    build(tmp_path / "store", plugin, [tracks[0], *tracks[2:]])
    assert plugin.segments == 43
    added = build(tmp_path / "store", plugin, tracks)
    assert plugin.segments == 48
    at_once = build(tmp_path / "other", Counting(), tracks)
    assert added.key == at_once.key
    assert added.vectors.tobytes() == at_once.vectors.tobytes()
    build(tmp_path / "store", plugin, [*tracks, dataclasses.replace(tracks[0], name="again")])
    assert plugin.segments == 48


def test_other_settings_give_another_set(tmp_path: Path, tracks: list[Track]) -> None:
    plugin = Counting(dataclasses.replace(SPEC, hop_s=1.0))
    first = build(tmp_path / "store", Counting(), tracks)
    assert len(build(tmp_path / "store", plugin, tracks).vectors) < len(first.vectors)


def test_says_why_it_skips_a_track(tmp_path: Path, tracks: list[Track]) -> None:
    soundfile.write(tracks[0].path, np.zeros(200, np.float32), 100)
    soundfile.write(tracks[1].path, np.ones(50, np.float32), 100)
    tracks[2].path.write_bytes(b"not audio")
    tracks[3].path.unlink()
    for _ in range(2):
        fingerprints = build(tmp_path / "store", Counting(), tracks)
        assert [one.track for one in fingerprints.skipped] == [f"track {n}" for n in range(4)]
        reasons = [one.reason for one in fingerprints.skipped]
        assert reasons[:2] == ["silent", "too short: 0.5 s, 1 s needed"]
        assert reasons[3] == "No such file or directory"
        assert fingerprints.audio_hashes[3] is None
        assert np.unique(fingerprints.track).tolist() == [4, 5]


@pytest.mark.parametrize("batch", [None, 7])
def test_what_could_not_be_read_is_tried_again(
    tmp_path: Path, tracks: list[Track], batch: int | None
) -> None:
    spec = dataclasses.replace(SPEC, batch_segments=batch)
    store, whole = Store(tmp_path / "store"), tracks[2].path.read_bytes()
    surveys = survey_recordings(store, tracks, lambda *_: None)

    def build_again() -> tuple[FingerprintSet, int]:
        plugin = Counting(spec)
        options = {"surveys": surveys, "report": lambda *_: None}
        return build_fingerprint_set(store, plugin, "x", {}, tracks, **options), plugin.segments

    tracks[2].path.write_bytes(b"the disk fails")
    lacking, _ = build_again()
    assert [one.track for one in lacking.skipped] == ["track 2"]
    tracks[2].path.write_bytes(whole)
    complete, made = build_again()
    assert complete.skipped == ()
    assert made == (48 if batch else 7)  # rows of a batch depend on each other
    assert complete.key != lacking.key
    assert build_again()[1] == 0


def test_a_file_that_is_never_read_costs_nothing_else(tmp_path: Path, tracks: list[Track]) -> None:
    tracks[2].path.write_bytes(b"not audio")
    for spec in (SPEC, dataclasses.replace(SPEC, batch_segments=7)):
        build(tmp_path / "store", Counting(spec), tracks)
        plugin = Counting(spec)
        assert len(build(tmp_path / "store", plugin, tracks).skipped) == 1
        assert plugin.segments == 0


def test_a_set_may_be_empty(tmp_path: Path, tracks: list[Track]) -> None:
    tracks[0].path.unlink()
    fingerprints = build(tmp_path / "store", Counting(), tracks[:1])
    assert fingerprints.vectors.shape == (0, 4)
    assert fingerprints.skipped == (Skipped(track="track 0", reason="No such file or directory"),)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sets", "tracks"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_makes_damaged_fingerprints_again(
    tmp_path: Path, tracks: list[Track], kind: str, damage: str
) -> None:
    root = tmp_path / "store"
    whole = build(root, Counting(), tracks).vectors.tobytes()
    if kind == "tracks":
        for path in (root / "sets").rglob("*.*"):
            path.unlink()
    for path in sorted((root / kind).rglob("*.*")):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(content[:-5] if damage == "cut" else content)
    assert build(root, Counting(), tracks).vectors.tobytes() == whole


def test_rows_that_depend_on_their_batch_are_made_in_one_pass(
    tmp_path: Path, tracks: list[Track]
) -> None:
    plugin = Counting(dataclasses.replace(SPEC, batch_segments=7))
    fingerprints = build(tmp_path / "store", plugin, tracks)
    assert plugin.segments == 48
    alone = build(tmp_path / "store", Counting(), tracks)
    assert fingerprints.vectors.tobytes() == alone.vectors.tobytes()
    build(tmp_path / "store", plugin, tracks)
    assert plugin.segments == 48


def test_a_broken_plugin_leaves_no_set(tmp_path: Path, tracks: list[Track]) -> None:
    class Broken(Counting):
        def embed(self, segments: Segments, /) -> Vectors:
            return segments[:, :3].copy()

    for spec in (SPEC, dataclasses.replace(SPEC, batch_segments=7)):
        with pytest.raises(FpbenchError, match="'counting' breaks a rule"):
            build(tmp_path / "store", Broken(spec), tracks)
    assert not list((tmp_path / "store").rglob("*.f32"))


BUILDER = """
import sys, time
from pathlib import Path
from fpbench import FingerprintSpec, Track
from fpbench.audio.survey import survey_recordings
from fpbench.fingerprints.track_sets import build_fingerprint_set
from fpbench.cache import Store

SECONDS = float(sys.argv[2])  # here, because plugins do not see the arguments


class Slow:
    spec = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=4, unit_norm=False)

    def embed(self, segments, /):
        time.sleep(SECONDS)
        return segments[:, :4].copy()


root = Path(sys.argv[1])
tracks = [Track(name=f"track {n}", path=root / f"{n}.wav") for n in range(6)]
store = Store.open(root / "store")
surveys = survey_recordings(store, tracks, lambda *_: None)
options = {"surveys": surveys, "report": lambda *_: None}
build_fingerprint_set(store, Slow(), "slow", {"version": 1}, tracks, **options)
"""


def builder(tmp_path: Path, seconds: float) -> subprocess.Popen[bytes]:
    script = tmp_path / "builder.py"
    script.write_text(textwrap.dedent(BUILDER))
    return subprocess.Popen([sys.executable, str(script), str(tmp_path), str(seconds)])


@pytest.mark.slow
def test_resumes_after_a_kill(tmp_path: Path, tracks: list[Track]) -> None:
    folder = tmp_path / "store" / "tracks"
    process = builder(tmp_path, 0.3)
    try:
        while len(list(folder.rglob("*.npz"))) < 2 and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    stored = len(list(folder.rglob("*.npz")))
    assert 2 <= stored < 6
    plugin = Counting()
    resumed = build(tmp_path / "store", plugin, tracks)
    assert plugin.segments == sum([3, 5, 7, 9, 11, 13][stored:])
    assert resumed.vectors.tobytes() == build(tmp_path / "b", Counting(), tracks).vectors.tobytes()


@pytest.mark.slow
def test_two_processes_may_share_a_store(tmp_path: Path, tracks: list[Track]) -> None:
    both = [builder(tmp_path, 0.01) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    plugin = Counting()
    shared = build(tmp_path / "store", plugin, tracks)
    assert plugin.segments == 0
    alone = build(tmp_path / "alone", plugin, tracks)
    assert shared.vectors.tobytes() == alone.vectors.tobytes()
    assert not [name for _, _, names in os.walk(tmp_path) for name in names if "tmp" in name]


@pytest.mark.parametrize("batch", [None, 7])
def test_a_track_that_changes_after_its_survey_is_not_kept_under_its_old_hash(
    tmp_path: Path, tracks: list[Track], batch: int | None
) -> None:
    plugin = Counting(dataclasses.replace(SPEC, batch_segments=batch))
    store = Store.open(tmp_path / "store")
    surveys = survey_recordings(store, tracks, lambda *_: None)
    before = tracks[0].path.read_bytes()
    tracks[0].path.write_bytes(tracks[5].path.read_bytes())

    def build_with_surveys() -> FingerprintSet:
        return build_fingerprint_set(
            store, plugin, "x", {"version": 1}, tracks, surveys=surveys, report=lambda *_: None
        )

    changed = build_with_surveys()
    reason = "it has changed since it was first read"
    assert changed.skipped == (Skipped(track="track 0", reason=reason),)
    tracks[0].path.write_bytes(before)
    assert build_with_surveys().skipped == ()
