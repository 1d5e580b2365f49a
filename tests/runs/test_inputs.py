"""Audio and ready-made fingerprints give the same kind of inputs."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import soundfile

from fpbench import Fingerprinter, FpbenchError, Segments, Vectors
from fpbench.audio.query_recipe import QueryRecipe, Step
from fpbench.progress import Report
from fpbench.results.lengths import QueryLength
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun
from fpbench.search.inputs import Inputs

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def build(run: PreparedRun) -> Inputs:
    return run.source.build_inputs(run.store, stage)


@pytest.mark.slow
def test_tracks_of_ten_seconds_have_nineteen_fingerprints(prepared: Prepare) -> None:
    inputs = build(prepared())
    assert inputs.reference.shape == (8 * 19, 16)
    assert inputs.real.shape == (16 * 19, 16)
    assert inputs.queries.shape == (20, 16)
    assert inputs.data.reference_fingerprints == 8 * 19
    assert inputs.data.distractor_hours == pytest.approx(160 / 3600)


@pytest.mark.slow
def test_the_true_position_of_a_query_is_in_the_reference(prepared: Prepare) -> None:
    inputs = build(prepared())
    positions = set(
        zip(
            inputs.reference_positions.track.tolist(),
            inputs.reference_positions.start_s.tolist(),
            strict=True,
        )
    )
    assert set(zip(inputs.truth.track.tolist(), inputs.truth.start_s.tolist(), strict=True)) <= (
        positions
    )
    np.testing.assert_array_equal(inputs.query_tracks, inputs.truth.track)


@pytest.mark.slow
def test_without_distractors_none_are_read(prepared: Prepare) -> None:
    inputs = build(prepared(distractors="none"))
    assert inputs.real.shape == (0, 16)
    assert inputs.data.distractor_tracks == 0
    assert inputs.data.skipped == []


@pytest.mark.slow
def test_a_query_of_several_fingerprints_is_one_long_vector(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    inputs = build(prepared(recipe=replace(recipe, query_length_s=2.0)))
    assert inputs.segments == 3
    assert inputs.queries.shape == (20, 3 * 16)
    assert inputs.reference.shape == (8 * 17, 3 * 16)


@pytest.mark.slow
def test_a_fingerprinter_of_changing_counts_is_blamed(prepared: Prepare) -> None:
    run = prepared()
    assert isinstance(run.source, AudioSource)
    source = replace(run.source, lengths=[QueryLength(1.0, 2)])
    with pytest.raises(FpbenchError, match="gives 1 fingerprints for a query, but 2 for noise"):
        source.build_inputs(run.store, stage)


UNSEEN = """
import os
import numpy as np
from fpbench import Entry, FingerprintSpec, hookimpl

class Unseen:
    \"\"\"Depends on something that no cache can see.\"\"\"

    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=4)

    def embed(self, segments, /):
        vectors = np.abs(np.fft.rfft(segments))[:, 40:44] + float(os.environ["FPBENCH_UNSEEN"])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="unseen", summary="changes unseen", create=lambda settings: Unseen())]
"""


@pytest.mark.slow
def test_fingerprints_that_a_system_no_longer_gives_are_made_again_with_a_warning(
    prepared: Prepare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "unseen.py").write_text(UNSEEN)
    name = f"plugin:{tmp_path / 'unseen.py'}"
    monkeypatch.setenv("FPBENCH_UNSEEN", "1")
    first = build(prepared(fingerprinter=name))
    assert "no longer gives" not in caplog.text
    monkeypatch.setenv("FPBENCH_UNSEEN", "100")
    changed = build(prepared(fingerprinter=name))
    assert "'unseen' no longer gives the fingerprints in the cache" in caplog.text
    for part in ("reference", "queries", "real"):
        assert not np.allclose(getattr(first, part), getattr(changed, part), atol=1e-3)
    assert changed.key != first.key
    caplog.clear()
    assert build(prepared(fingerprinter=name)).key == changed.key
    assert "no longer gives" not in caplog.text


@pytest.mark.slow
def test_a_fresh_run_finds_nothing_in_the_cache(prepared: Prepare) -> None:
    run = prepared()
    first = build(run)
    fresh_run = prepared(fresh=True)
    fresh = build(fresh_run)
    assert fresh.key != first.key
    np.testing.assert_array_equal(fresh.reference, first.reference)
    run.store.write("evidence", "earlier", {"x": np.zeros(1)})
    assert fresh_run.store.read("evidence", "earlier") is None
    fresh_run.store.write("evidence", "earlier", {"x": np.ones(1)})
    assert fresh_run.store.read("evidence", "earlier") is not None
    assert build(prepared()).key == fresh.key  # what was made is kept


@pytest.mark.slow
def test_the_channel_is_of_all_recordings_and_in_the_result(
    prepared: Prepare, tmp_path: Path, music: Path
) -> None:
    for role in ("reference", "distractors"):
        (tmp_path / role).mkdir()
        for track in sorted((music / role).glob("0[0-3].wav")):
            samples, rate_hz = soundfile.read(track, dtype="float32")
            both = np.stack([samples, -samples], axis=1)
            soundfile.write(tmp_path / role / track.name, both, rate_hz, subtype="FLOAT")
    run = prepared(dataset=f"folder:{tmp_path}")
    with pytest.raises(FpbenchError, match=r"no usable reference track.*its channels cancel"):
        build(run)
    run = prepared(dataset=f"folder:{tmp_path}", channel="right")
    assert run.config.as_json()["channel"] == "right"
    right = build(run)
    left = build(prepared(dataset=f"folder:{tmp_path}", channel="left"))
    assert right.data.skipped == []
    assert right.reference.shape == left.reference.shape == (4 * 19, 16)
    assert (right.key, right.data.content) != (left.key, left.data.content)


def write_padded(folder: Path, music: Path, *, padding_s: float) -> None:
    """Four reference tracks and four distractors of the small folder, each before silence."""
    for role in ("reference", "distractors"):
        (folder / role).mkdir()
        for track in sorted((music / role).glob("0[0-3].wav")):
            samples, rate_hz = soundfile.read(track, dtype="float32")
            padded = np.pad(samples, (0, round(padding_s * rate_hz)))
            soundfile.write(folder / role / track.name, padded, rate_hz)


@pytest.mark.slow
def test_silence_gives_no_queries_and_no_rows_and_is_in_the_result(
    prepared: Prepare, tmp_path: Path, music: Path
) -> None:
    write_padded(tmp_path, music, padding_s=10.0)
    inputs = build(prepared(dataset=f"folder:{tmp_path}"))
    assert inputs.truth.start_s.max() <= 9.1
    # 19 rows of 10 s of music, and the row of the last half second.
    assert inputs.reference.shape == inputs.real.shape == (4 * 20, 16)
    assert inputs.data.reference_fingerprints == 4 * 39
    assert inputs.data.reference_silent_hours == pytest.approx(40 / 3600, abs=1e-5)
    assert inputs.data.distractor_silent_hours == pytest.approx(40 / 3600, abs=1e-5)


class Deleting:
    """Wraps a fingerprinter, and deletes a file while it fingerprints the fourth track."""

    def __init__(self, inner: Fingerprinter, file: Path) -> None:
        self.spec, self._inner, self._file = inner.spec, inner, file
        self._tracks = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self._tracks += 1
        if self._tracks == 4:
            self._file.unlink()
        return self._inner.embed(segments)


@pytest.mark.slow
def test_a_track_that_cannot_be_read_again_gives_no_queries(
    prepared: Prepare, tmp_path: Path, music: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_padded(tmp_path, music, padding_s=0.0)
    run = prepared(dataset=f"folder:{tmp_path}", distractors="none")
    assert isinstance(run.source, AudioSource)
    named = run.source.fingerprinter
    lost = tmp_path / "reference" / "03.wav"
    deleting = Deleting(cast(Fingerprinter, named.fingerprinter), lost)
    identity = {**named.identity, "deleting": str(tmp_path)}
    fingerprinter = replace(named, fingerprinter=deleting, identity=identity)
    inputs = build(replace(run, source=replace(run.source, fingerprinter=fingerprinter)))
    assert not lost.exists()
    assert set(inputs.truth.track.tolist()) <= {0, 1, 2}
    assert len(inputs.queries) == 20
    (skipped,) = inputs.data.skipped
    assert skipped.track == "reference/03.wav"
    assert skipped.reason == "cannot be read again for queries: there is no such file"
    assert "reference/03.wav cannot be read again" in caplog.text


@pytest.mark.slow
def test_an_odd_noise_is_left_out_and_named_whatever_the_seed(
    prepared: Prepare, tmp_path: Path, music: Path, recipe: QueryRecipe, rng: np.random.Generator
) -> None:
    for role in ("reference", "distractors"):
        (tmp_path / role).symlink_to(music / role)
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "a.wav", rng.uniform(-0.5, 0.5, 8_000), 8_000)
    (tmp_path / "noise" / "empty.wav").touch()
    noisy = replace(recipe, degradations=(Step(name="noise"), Step(name="noise")))
    run = prepared(dataset=f"folder:{tmp_path}", recipe=noisy, distractors="none")
    skipped = [(one.track, one.reason) for one in build(run).data.skipped]
    assert skipped == [("noise/empty.wav", "it is empty")]
    (tmp_path / "noise" / "a.wav").unlink()
    with pytest.raises(FpbenchError, match="none of 1 noise recordings can be used"):
        prepared(dataset=f"folder:{tmp_path}", recipe=noisy, distractors="none")


def write_copies(folder: Path, music: Path) -> None:
    """Three reference tracks, three distractors, and copies: equal audio, and a transcode."""
    for role in ("reference", "distractors"):
        (folder / role).mkdir()
        for n in range(3):
            (folder / role / f"{n}.wav").write_bytes((music / role / f"{n:02}.wav").read_bytes())
    samples, rate_hz = soundfile.read(music / "reference" / "01.wav", dtype="int16")
    soundfile.write(folder / "distractors" / "same.flac", samples, rate_hz)
    # Shifted by 0.2 s, quieter, and in another codec.
    soundfile.write(folder / "distractors" / "near.ogg", 0.4 * samples[1_600:] / 32_768, rate_hz)


REPORTED = "1 pairs of tracks share a stretch of one recording, such as distractors/near.ogg and "
KEPT = "1 tracks are copies of others, such as distractors/same.flac, the same audio as reference/1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("duplicates", "expected"),
    [
        pytest.param("report", (4 * 19 - 1, ["same.flac"], 1, [REPORTED]), id="report"),
        pytest.param("drop", (3 * 19, ["same.flac", "near.ogg"], 1, []), id="drop"),
        pytest.param("keep", (5 * 19 - 1, [], 0, [KEPT]), id="keep"),
    ],
)
def test_copies_are_left_out_or_listed(
    prepared: Prepare,
    music: Path,
    tmp_path: Path,
    duplicates: str,
    expected: tuple[int, list[str], int, list[str]],
) -> None:
    write_copies(tmp_path, music)
    inputs = build(prepared(dataset=f"folder:{tmp_path}", duplicates=duplicates))
    rows, skipped, near, said = expected
    assert len(inputs.real) == rows
    assert [one.track for one in inputs.data.skipped] == [f"distractors/{n}" for n in skipped]
    pairs = [(one.track, one.of) for one in inputs.data.near_copies]
    assert pairs == [("distractors/near.ogg", "reference/1.wav")] * near
    assert len(inputs.warnings) == len(said)
    assert all(line.startswith(one) for line, one in zip(inputs.warnings, said, strict=True))
