"""Query fingerprints are made once, in order, and again only after a change of their inputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jaxtyping import Float32

from fpbench import FingerprintSpec, FpbenchError, Samples, Segments, Track, Vectors
from fpbench.audio.query_recipe import QueryRecipe, Step
from fpbench.cache import Store
from fpbench.files import UnchangedFile
from fpbench.fingerprints.query_sets import QuerySet, QuerySource, build_query_set
from fpbench.plugin.datasets import Positions

SPEC = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, dim=2, hop_s=0.5, unit_norm=False)
RECIPE = QueryRecipe(
    n_queries=4,
    query_length_s=1.0,
    grid_s=0.5,
    max_offset_s=0.0,
    sample_rate_hz=100,
    degradations=(Step(name="half"),),
)


@dataclass
class FirstAndLast:
    """Returns the first and the last sample of a segment; counts its segments."""

    spec: FingerprintSpec = SPEC
    segments: int = 0

    def embed(self, segments: Segments, /) -> Vectors:
        self.segments += len(segments)
        return segments[:, [0, -1]].copy()


@dataclass
class Half:
    """Halves amplitudes."""

    context_s: float = 0.0
    tempo: float = 1.0
    recordings: tuple[Path, ...] = ()
    gain: float = 0.5

    def apply(
        self, samples: Samples, context: int, sample_rate_hz: int, rng: np.random.Generator, /
    ) -> Float32[np.ndarray, " degraded"]:
        return samples * np.float32(self.gain)


@pytest.fixture
def tracks(tmp_path: Path) -> list[Track]:
    """Three tracks of 4 s; the value of a sample gives its track and time."""
    tracks = []
    for number in range(3):
        ramp = (np.arange(400) + 400 * number).astype(np.float32) / 2_048
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, ramp, 100, subtype="FLOAT")
        tracks.append(Track(name=str(number), path=path))
    return tracks


TRUTH = Positions(np.array([2, 0, 2, 1]), np.array([0.0, 1.0, 2.5, 3.0]))


@pytest.fixture
def source(tracks: list[Track]) -> QuerySource:
    return QuerySource(
        fingerprinter=FirstAndLast(),
        name="first-and-last",
        identity={"version": 1},
        tracks=tracks,
        hashes=None,
        sources={"reference": ["a", "b", "c"]},
        recordings=(),
        recipe=RECIPE,
        chain=(Half(),),
        seed=0,
    )


def build(
    tmp_path: Path, source: QuerySource, truth: Positions = TRUTH, reports: list[str] | None = None
) -> QuerySet:
    texts = [] if reports is None else reports
    return build_query_set(
        Store(tmp_path / "store"), source, truth, lambda _, text: texts.append(text)
    )


def test_rows_are_fingerprints_of_the_degraded_audio_in_query_order(
    tmp_path: Path, source: QuerySource
) -> None:
    queries = build(tmp_path, source)
    first = np.array([800, 100, 1_050, 700])
    expected = 0.5 * np.stack([first, first + 99], axis=1) / 2_048
    np.testing.assert_allclose(queries.vectors[:, 0], expected, rtol=1e-6)
    assert queries.vectors.shape == (4, 1, 2)
    assert queries.truth is TRUTH


def test_a_longer_query_has_several_rows_a_hop_apart(tmp_path: Path, source: QuerySource) -> None:
    longer = replace(source, recipe=replace(RECIPE, query_length_s=2.0))
    truth = Positions(np.array([0]), np.array([1.0]))
    queries = build(tmp_path, longer, truth)
    starts = 2_048 * 2 * queries.vectors[0, :, 0]
    np.testing.assert_allclose(starts, [100, 150, 200], rtol=1e-6)


def test_nothing_is_made_twice(tmp_path: Path, source: QuerySource) -> None:
    first, again = build(tmp_path, source), build(tmp_path, source)
    assert source.fingerprinter.segments == 4  # type: ignore[union-attr]
    assert first.key == again.key
    assert first.vectors.tobytes() == again.vectors.tobytes()


def test_makes_a_damaged_shard_again(tmp_path: Path, source: QuerySource) -> None:
    whole = build(tmp_path, source).vectors.tobytes()
    (file,) = (tmp_path / "store").rglob("*.npz")
    file.write_bytes(file.read_bytes()[:-1])
    assert build(tmp_path, source).vectors.tobytes() == whole


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: {"identity": {"version": 2}}, id="fingerprinter"),
        pytest.param(
            lambda _: {"fingerprinter": FirstAndLast(replace(SPEC, short="pad"))}, id="spec"
        ),
        pytest.param(lambda _: {"sources": {"reference": ["a", "b", "d"]}}, id="audio"),
        pytest.param(
            lambda s: {"recipe": replace(s.recipe, degradations=(Step(name="third"),))},
            id="recipe",
        ),
        pytest.param(lambda _: {"seed": 1}, id="seed"),
    ],
)
def test_another_source_has_another_key(
    tmp_path: Path, source: QuerySource, change: Callable[[QuerySource], dict[str, object]]
) -> None:
    first = build(tmp_path, source)
    other = replace(source, **change(source))
    assert build(tmp_path, other).key != first.key


def test_other_positions_have_another_key(tmp_path: Path, source: QuerySource) -> None:
    later = Positions(TRUTH.track, TRUTH.start_s + 0.25)
    assert build(tmp_path, source, later).key != build(tmp_path, source).key


def test_file_names_do_not_change_the_key(tmp_path: Path, source: QuerySource) -> None:
    first = build(tmp_path, source)
    renamed = [replace(track, name=f"renamed {track.name}") for track in source.tracks]
    assert build(tmp_path, replace(source, tracks=renamed)).key == first.key


def test_queries_of_a_recording_that_changed_are_not_kept(
    tmp_path: Path, source: QuerySource
) -> None:
    noise = source.tracks[0]
    known = replace(source, recordings=(UnchangedFile.of(noise.path),))
    soundfile.write(noise.path, np.zeros(300), 100, subtype="FLOAT")
    with pytest.raises(FpbenchError, match=r"0\.wav' has changed since it was opened"):
        build(tmp_path, known)
    assert shards(tmp_path) == 0


def many(n: int) -> Positions:
    """Queries of three tracks in turn."""
    return Positions(np.arange(n) % 3, np.zeros(n))


def shards(tmp_path: Path) -> int:
    return len(list((tmp_path / "store").rglob("*.npz")))


@pytest.mark.slow
def test_many_queries_are_stored_in_shards_of_complete_tracks(
    tmp_path: Path, source: QuerySource
) -> None:
    # 300 of each track: a shard ends with the track that takes it over 512 queries.
    reports: list[str] = []
    queries = build(tmp_path, source, many(900), reports)
    assert shards(tmp_path) == 2
    assert "600 queries" in reports
    assert reports[-1] == "900 queries"
    starts = 2 * 2_048 * queries.vectors[:, 0, 0]
    np.testing.assert_allclose(starts, 400 * (np.arange(900) % 3), rtol=1e-5)


@pytest.mark.slow
def test_a_killed_run_resumes_after_its_last_shard(tmp_path: Path, source: QuerySource) -> None:
    def kill(done: float, text: str) -> None:
        if shards(tmp_path) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_query_set(Store(tmp_path / "store"), source, many(900), kill)
    assert source.fingerprinter.segments == 600  # type: ignore[union-attr]
    queries = build(tmp_path, source, many(900))
    assert source.fingerprinter.segments == 900  # type: ignore[union-attr]
    assert len(queries.vectors) == 900


@pytest.mark.slow
def test_rows_that_depend_on_their_batch_are_made_in_one_pass(
    tmp_path: Path, source: QuerySource
) -> None:
    in_shards = build(tmp_path / "other", source, many(900))
    whole = replace(source, fingerprinter=FirstAndLast(replace(SPEC, batch_segments=7)))
    queries = build(tmp_path, whole, many(900))
    assert shards(tmp_path) == 1
    np.testing.assert_array_equal(queries.vectors, in_shards.vectors)


def test_refuses_queries_without_fingerprints(tmp_path: Path, source: QuerySource) -> None:
    short = replace(source, recipe=replace(RECIPE, query_length_s=0.5))
    with pytest.raises(FpbenchError, match=r"queries of 0\.5 s give \[0\] fingerprints") as err:
        build(tmp_path, short)
    assert "longer queries" in (err.value.hint or "")
    assert shards(tmp_path) == 0
