"""Queries have the positions of the ground truth, and degradations get the audio they need."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jaxtyping import Float32

from fpbench import FpbenchError, Samples, Track
from fpbench.audio.queries import (
    LostRecordingError,
    degrade_queries,
    describe_queries,
    make_query,
)
from fpbench.audio.query_positions import draw_queries
from fpbench.audio.query_recipe import NAFP, QueryRecipe, Step
from fpbench.audio.reading import track_hash
from fpbench.plugin.datasets import Positions
from fpbench.randomness import Stream, rng_at

CLEAN = replace(NAFP, degradations=(), sample_rate_hz=1_000, n_queries=20)
ONE_STEP = replace(CLEAN, degradations=(Step(name="spy"),))
RAMP = np.arange(10_000, dtype=np.float32) / 10_000
"""Ten seconds at 1 kHz; the value of a sample gives its time."""


@dataclass
class Spy:
    """Changes the tempo and records the lengths of its inputs."""

    context_s: float = 0.0
    tempo: float = 1.0
    recordings: tuple[Path, ...] = ()
    inputs: list[tuple[int, int]] = field(default_factory=list)

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        self.inputs.append((len(samples) - context, context))
        return samples[np.arange(0, len(samples), self.tempo).astype(int)]


def query_at(start_s: float, *chain: Spy, recipe: QueryRecipe = CLEAN) -> Samples:
    steps = recipe.degradations or tuple(Step(name=f"spy {i}") for i in range(len(chain)))
    recipe = replace(recipe, degradations=steps)
    return make_query(0, RAMP, start_s, recipe, chain, seed=0, sample_rate_hz=1_000)


def test_a_clean_query_is_the_audio_at_its_position() -> None:
    np.testing.assert_array_equal(query_at(2.5), RAMP[2_500:3_500])


def test_steps_get_the_context_that_later_steps_need() -> None:
    early, late = Spy(context_s=0.1), Spy(context_s=0.3)
    np.testing.assert_array_equal(query_at(2.5, early, late), RAMP[2_500:3_500])
    assert early.inputs == [(1_000, 400)]
    assert late.inputs == [(1_000, 300)]


def test_there_is_no_context_before_the_start_of_a_recording() -> None:
    room = Spy(context_s=2.0)
    np.testing.assert_array_equal(query_at(0.2, room), RAMP[200:1_200])
    assert room.inputs == [(1_000, 200)]


@pytest.mark.parametrize("tempo", [0.5, 1.0, 2.0])
def test_a_query_with_another_tempo_starts_at_its_position(tempo: float) -> None:
    query = query_at(4.0, Spy(context_s=0.5, tempo=tempo), Spy(context_s=0.25))
    assert len(query) == 1_000
    expected = 0.4 + np.arange(1_000) * tempo / 10_000
    np.testing.assert_allclose(query, expected, atol=0.0004)


def test_a_query_has_its_length_at_the_rate_of_the_fingerprinter() -> None:
    query = make_query(0, RAMP, 3.0, CLEAN, (), seed=0, sample_rate_hz=441)
    assert query.shape == (441,)
    np.testing.assert_allclose(query[50:-50], 0.3 + np.arange(50, 391) / 4_410, atol=1e-3)


def test_a_query_at_the_end_of_a_track_is_padded_with_silence() -> None:
    query = make_query(0, RAMP[:1], 0.0, ONE_STEP, (Spy(),), seed=0, sample_rate_hz=1_000)
    np.testing.assert_array_equal(query, np.zeros(1_000))


def test_loud_queries_are_scaled_not_clipped() -> None:
    loud = make_query(0, 4 * RAMP, 9.0, CLEAN, (), seed=0, sample_rate_hz=1_000)
    np.testing.assert_allclose(loud, RAMP[9_000:] / RAMP[-1], rtol=1e-6)


def test_never_changes_the_recording() -> None:
    class InPlace(Spy):
        def apply(
            self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
        ) -> Samples:
            samples[:] = 0
            return samples

    track = RAMP.copy()
    make_query(0, track, 1.0, ONE_STEP, (InPlace(),), seed=0, sample_rate_hz=1_000)
    np.testing.assert_array_equal(track, RAMP)


def test_names_a_degradation_that_returns_invalid_audio() -> None:
    class Broken(Spy):
        def apply(
            self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
        ) -> Samples:
            return samples * np.float32(np.nan)

    recipe = replace(CLEAN, degradations=(Step(name="broken"),))
    with pytest.raises(FpbenchError, match="'broken' returned no finite audio for a query"):
        query_at(1.0, Broken(), recipe=recipe)


class Hiss(Spy):
    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Samples:
        return samples + rng.uniform(0, 0.01, len(samples)).astype(np.float32)


def test_equal_addresses_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    tracks = []
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.wav", RAMP, 1_000, subtype="FLOAT")
        tracks.append(Track(name=name, path=tmp_path / f"{name}.wav"))
    truth = draw_queries(np.full(3, 10.0), CLEAN, (), 3)
    queries = dict(
        degrade_queries(tracks, truth, ONE_STEP, (Hiss(),), seed=3, sample_rate_hz=1_000, workers=2)
    )
    assert sorted(queries) == list(range(20))
    for i in reversed(range(20)):
        start_s = float(truth.start_s[i])
        alone = make_query(i, RAMP, start_s, ONE_STEP, (Hiss(),), seed=3, sample_rate_hz=1_000)
        np.testing.assert_array_equal(queries[i], alone)
    assert len({query.tobytes() for query in queries.values()}) == 20


def test_names_a_track_that_cannot_be_read(tmp_path: Path) -> None:
    tracks = [Track(name="gone", path=tmp_path / "gone.wav")]
    truth = Positions(np.zeros(1, np.int64), np.zeros(1))
    with pytest.raises(FpbenchError, match=r"gone\.wav"):
        list(degrade_queries(tracks, truth, CLEAN, (), seed=0, sample_rate_hz=1_000))


def test_an_error_of_a_degradation_names_the_track(tmp_path: Path) -> None:
    class Failing(Spy):
        def apply(
            self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
        ) -> Samples:
            raise ValueError("boom")

    soundfile.write(tmp_path / "a.wav", RAMP, 1_000)
    track = Track(name="reference/a.wav", path=tmp_path / "a.wav")
    truth = Positions(np.zeros(1, np.int64), np.full(1, 8.5))
    message = "'spy' failed while degrading the query from reference/a.wav at 8.5 s: ValueError"
    with pytest.raises(FpbenchError, match=message):
        list(degrade_queries([track], truth, ONE_STEP, (Failing(),), seed=0, sample_rate_hz=1_000))


def test_refuses_a_track_that_has_changed_since_its_length_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, RAMP, 1_000)
    track = Track(name="a", path=path)
    hashes = [track_hash(track)]
    truth = Positions(np.zeros(1, np.int64), np.full(1, 8.0))

    def make() -> list[tuple[int, Samples]]:
        return list(
            degrade_queries([track], truth, CLEAN, (), seed=0, sample_rate_hz=1_000, hashes=hashes)
        )

    assert len(make()) == 1
    soundfile.write(path, RAMP[:5_000], 1_000)
    with pytest.raises(LostRecordingError, match="it has changed since it was first read") as err:
        make()
    assert err.value.track == track


class Louder(Spy):
    """Draws a level, and tells it."""

    def describe(self, rng: np.random.Generator, /) -> dict[str, float]:
        return {"level_db": float(rng.integers(10))}


def test_queries_are_described_by_what_their_degradations_draw() -> None:
    track = Track(name="ramp", path=Path("ramp.wav"))
    truth = Positions(np.array([0, 0]), np.array([1.23456, 2.0]))
    columns = describe_queries(truth, [track], [Louder(), Spy(), Louder()], seed=0)
    assert columns["track"] == ["ramp", "ramp"]
    assert columns["start_s"] == [1.235, 2.0]
    for step, name in ((0, "level_db"), (2, "level_db_3")):
        drawn = [rng_at(0, Stream.QUERY_DEGRADATION, i, step).integers(10) for i in range(2)]
        assert columns[name] == drawn
    assert len(columns) == 4
