"""A plan of fingerprinting knows the cache, reads a file for a trial, and knows long recordings."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import Dataset, Fingerprints, FingerprintSpec, PendingFiles, Track
from fpbench.audio.query_recipe import QueryRecipe, Step
from fpbench.cache import Store
from fpbench.machine import usable_cores
from fpbench.progress import Report
from fpbench.runs.inputs import AudioSource
from fpbench.runs.needs import Need
from fpbench.runs.planning.fingerprinting_needs import fingerprinting_needs, survey_cheaply
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def audio_source(run: PreparedRun) -> AudioSource:
    assert isinstance(run.source, AudioSource)
    return run.source


def needs_of(run: PreparedRun, store: Store) -> dict[str, Need]:
    return by_stage(audio_source(run), store)


def by_stage(source: AudioSource, store: Store) -> dict[str, Need]:
    needs = fingerprinting_needs(source, store, survey_cheaply(source, store))
    return {need.stage: need for need in needs}


@pytest.mark.slow
def test_what_is_in_the_cache_costs_nothing(prepared: Prepare, tmp_path: Path) -> None:
    run, store = prepared(), Store(tmp_path)
    stages = ("fingerprint reference", "fingerprint queries", "fingerprint distractors")
    before = needs_of(run, store)
    assert all(before[stage].seconds > 0 for stage in stages)
    assert before["fingerprint reference"].work == "1 min of audio"
    audio_source(run).build_inputs(store, stage)
    after = needs_of(run, store)
    assert [(after[stage].seconds, after[stage].disk_bytes) for stage in stages] == [(0.0, 0.0)] * 3


@pytest.mark.slow
def test_a_second_run_fingerprints_nothing(
    prepared: Prepare, tmp_path: Path, music: Path, recipe: QueryRecipe, rng: np.random.Generator
) -> None:
    (tmp_path / "reference").symlink_to(music / "reference")
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "a.wav", rng.uniform(-0.5, 0.5, 8_000), 8_000)
    store = Store(tmp_path / "cache")
    same = {
        "dataset": f"folder:{tmp_path}",
        "recipe": replace(recipe, degradations=(Step(name="noise"),)),
        "distractors": "none",
        "store": store,
    }
    audio_source(prepared(**same)).build_inputs(store, stage)
    again = needs_of(prepared(**same), store)
    assert {need.seconds for need in again.values()} == {0.0}


@pytest.mark.slow
def test_a_fresh_run_makes_everything_again(prepared: Prepare, store: Store) -> None:
    audio_source(prepared()).build_inputs(store, stage)
    assert needs_of(prepared(fresh=True), store)["fingerprint reference"].seconds > 0


@pytest.mark.slow
def test_a_long_recording_takes_memory_and_one_thread(prepared: Prepare, tmp_path: Path) -> None:
    for name, minutes in (("long", 10), ("short", 1)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(minutes * 60 * 1_000), 1_000)
    source = audio_source(prepared())
    one, both = (
        Dataset(name="x", reference=[Track(name=n, path=tmp_path / f"{n}.wav") for n in names])
        for names in (("long",), ("long", "short"))
    )
    needs = []
    for dataset in (one, both):
        changed = replace(source, dataset=dataset)
        needs.append(by_stage(changed, Store(tmp_path / "cache")))
    first, second = (need["fingerprint reference"].memory_bytes for need in needs)
    rate_hz = source.fingerprinter.fingerprinter.spec.sample_rate_hz
    # In pieces and as a whole; a second track is read at the same time.
    assert first == pytest.approx(200e6 + 2 * 4 * 600 * rate_hz)
    copies = 2 if usable_cores() > 1 else 1
    assert second == pytest.approx(first + copies * 4 * 60 * rate_hz)


@pytest.mark.slow
def test_files_that_do_not_exist_yet_have_a_need(prepared: Prepare, tmp_path: Path) -> None:
    source = audio_source(prepared())
    tracks = [Track(name="later", path=tmp_path / "later.flac", duration_s=60.0)]
    pending = PendingFiles(
        what="music", count=1, size_bytes=7, estimate_s=lambda: 3.0, make=lambda report: None
    )
    dataset = Dataset(name="x", reference=tracks, pending=pending)
    needs = fingerprinting_needs(replace(source, dataset=dataset), Store(tmp_path), {})
    assert (needs[0].stage, needs[0].seconds, needs[0].disk_bytes) == ("make music", 3.0, 7)
    assert [need.work for need in needs[1:3]] == ["1 min of audio"] * 2
    assert list(tmp_path.iterdir()) == []


class OfTracks:
    """Fingerprints that are said to depend on the whole recording."""

    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=16, front_end="track")

    def fingerprint(self, samples: np.ndarray, /) -> Fingerprints:
        vectors = np.eye(16, dtype=np.float32)[:1]
        return Fingerprints(vectors, np.zeros(1))


def test_queries_of_each_length_are_fingerprinted_unless_they_are_cut(
    prepared: Prepare, recipe: QueryRecipe, tmp_path: Path
) -> None:
    longest = replace(recipe, query_length_s=3.0)
    run = prepared(fresh=True, query_lengths_s=(1.0, 2.0, 3.0), recipe=longest)
    source = audio_source(run)
    of_tracks = replace(source.fingerprinter, fingerprinter=OfTracks())
    cut, again = (
        by_stage(one, Store(tmp_path))["fingerprint queries"]
        for one in (source, replace(source, fingerprinter=of_tracks))
    )
    # Kept twice, two a second, in 16 numbers of 4 bytes.
    assert cut.disk_bytes == 20 * 3.0 * 2 * 2 * 16 * 4
    assert again.disk_bytes == 20 * (1.0 + 2.0 + 3.0) * 2 * 2 * 16 * 4
