"""A result says which recordings it is about, and knows its data by their audio."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench.progress import Report
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun
from fpbench.search.inputs import Inputs

Prepare = Callable[..., PreparedRun]


def build(run: PreparedRun) -> Inputs:
    def silent(_title: str) -> AbstractContextManager[Report]:
        return nullcontext(lambda _done, _words: None)

    return run.source.build_inputs(run.store, silent)


@pytest.mark.slow
def test_tracks_fingerprints_and_hours_are_counted(prepared: Prepare) -> None:
    data = build(prepared()).data
    assert (data.reference_tracks, data.distractor_tracks) == (8, 17)  # one of them is broken
    assert (data.reference_fingerprints, data.distractor_fingerprints) == (8 * 19, 16 * 19)
    assert data.reference_hours == pytest.approx(80 / 3600)
    assert data.distractor_hours == pytest.approx(160 / 3600)


@pytest.mark.slow
def test_a_broken_track_is_listed(prepared: Prepare) -> None:
    (skipped,) = build(prepared()).data.skipped
    assert skipped.track == "distractors/broken.wav"


@pytest.mark.slow
def test_a_division_by_the_program_is_in_the_result(prepared: Prepare) -> None:
    run = prepared()
    assert build(run).data.division is None
    divided = replace(run.source.dataset, division="by size")
    assert (
        build(replace(run, source=replace(run.source, dataset=divided))).data.division == "by size"
    )


def as_published(run: PreparedRun, folder: Path, gain: float) -> PreparedRun:
    """The same run on other encodings of its music, each of which stands for the published one."""
    assert isinstance(run.source, AudioSource)
    dataset = run.source.dataset
    tracks = []
    for track in dataset.reference:
        samples, rate_hz = soundfile.read(track.path)
        path = folder / f"{gain} {track.path.name}"
        soundfile.write(path, gain * samples, rate_hz)
        tracks.append(replace(track, path=path, content=f"published {track.name}"))
    published = replace(dataset, reference=tracks, distractors=())
    return replace(run, source=replace(run.source, dataset=published))


@pytest.mark.slow
def test_what_stands_for_the_audio_is_what_data_and_queries_are_known_by(
    prepared: Prepare, tmp_path: Path
) -> None:
    loud, quiet = (build(as_published(prepared(), tmp_path, gain)) for gain in (1.0, 0.9))
    assert loud.data.content == quiet.data.content
    assert loud.query_info.content == quiet.query_info.content
    assert loud.key != quiet.key  # of what is cached
    assert not np.array_equal(loud.queries, quiet.queries)


@pytest.mark.slow
def test_music_without_silence_has_none(prepared: Prepare) -> None:
    data = build(prepared(distractors="none")).data
    assert (data.reference_silent_hours, data.distractor_silent_hours) == (0.0, 0.0)
