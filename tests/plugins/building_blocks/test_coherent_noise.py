"""Coherent noise makes tracks as alike as real ones, and leaves fingerprints as they are."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fpbench import (
    FpbenchError,
    Noise,
    NoiseGenerator,
    Settings,
    TrackGenerator,
    TrackMethod,
    Vectors,
)
from fpbench.generators.lag_similarities import lag_similarities
from fpbench_plugins.building_blocks.coherent_noise.correlation import (
    noise_factor,
    tabulate_similarities,
)
from fpbench_plugins.building_blocks.coherent_noise.generator import CoherentTracks
from fpbench_plugins.gaussian import create_tracks

DIM, TRACKS, LENGTH = 16, 60, 40


class Cubes(NoiseGenerator):
    """G(z) = z^3 in each entry: f(c) = dim (9 c + 6 c^3), because E[z^3 w^3] = 9 c + 6 c^3."""

    dim = noise_dim = 4
    parameters: Mapping[str, int | float | str] = {}

    def decode(self, noise: Noise, /) -> Vectors:
        cubes: Vectors = noise**3
        return cubes

    def save(self, path: Path, /) -> None:
        save_file({"power": np.array(3)}, path)


def quiet(_: float, __: str) -> None: ...


def autoregressive(c: float, rng: np.random.Generator) -> Vectors:
    """Tracks of unit vectors, whose Gaussian noise has the correlation c^l at lag l."""
    noise = rng.standard_normal((TRACKS, LENGTH, DIM))
    for row in range(1, LENGTH):
        noise[:, row] = c * noise[:, row - 1] + np.sqrt(1 - c * c) * noise[:, row]
    rows = (noise + 0.5).reshape(-1, DIM).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


STRETCHES = np.repeat(np.arange(TRACKS), LENGTH)


@pytest.fixture(scope="module")
def real() -> Vectors:
    return autoregressive(0.8, np.random.default_rng(5))


def fit(real: Vectors, folder: Path, **options: str) -> CoherentTracks:
    method = create_tracks(Settings(options=options))
    assert isinstance(method, TrackMethod)
    fitted = method.fit_tracks(real, STRETCHES, seed=0, work_dir=folder, report=quiet)
    assert isinstance(fitted, CoherentTracks)
    return fitted


@pytest.fixture(scope="module")
def fitted(real: Vectors, tmp_path_factory: pytest.TempPathFactory) -> CoherentTracks:
    return fit(real, tmp_path_factory.mktemp("work"))


def test_the_table_is_the_series_of_the_generator(rng: np.random.Generator) -> None:
    table = tabulate_similarities(Cubes(), 100_000, rng)
    c = table.correlation
    np.testing.assert_allclose(table.similarity, 4 * (9 * c + 6 * c**3), atol=2.5)
    wanted = np.array([0.0, 0.3, 0.9])
    found = table.correlations(4 * (9 * wanted + 6 * wanted**3))
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_similarities_beyond_all_have_the_nearest_correlation(rng: np.random.Generator) -> None:
    table = tabulate_similarities(Cubes(), 100, rng)
    assert table.correlations(np.array([1e9, -1e9])).tolist() == [1, table.correlation[0]]


def test_the_factor_of_a_process_has_its_correlations() -> None:
    c = 0.7 ** np.arange(1, 5)
    B = noise_factor(c).astype(np.float64)
    np.testing.assert_allclose((B @ B.T)[0], [1, *c], atol=1e-6)
    np.testing.assert_array_equal(B, np.tril(B))


def test_impossible_correlations_still_give_standard_normal_noise() -> None:
    B = noise_factor(np.array([0.9, -0.9])).astype(np.float64)  # of no three numbers
    np.testing.assert_allclose(np.diag(B @ B.T), 1, atol=1e-6)


def test_tracks_have_the_similarities_of_real_ones_at_every_lag(
    fitted: CoherentTracks, real: Vectors, rng: np.random.Generator
) -> None:
    drawn = fitted.draw_tracks(np.arange(TRACKS), rng)
    lags = 12
    of_real, of_drawn = (
        lag_similarities(rows, STRETCHES, lags).mean(axis=0) for rows in (real, drawn)
    )
    np.testing.assert_allclose(of_drawn, of_real, atol=0.02)
    assert of_real[0] - of_real[-1] > 0.4


def test_fingerprints_of_tracks_have_the_distribution_of_single_ones(
    fitted: CoherentTracks, rng: np.random.Generator
) -> None:
    first = np.concatenate([fitted.draw_tracks(np.arange(TRACKS), rng) for _ in range(30)])
    single = fitted.draw(len(first), rng)
    np.testing.assert_allclose(first.mean(0), single.mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(first.T), np.cov(single.T), atol=0.01)
    base = fitted.base.draw(len(first), np.random.default_rng(8))
    np.testing.assert_array_equal(fitted.draw(len(first), np.random.default_rng(8)), base)


def test_draws_tracks_of_the_real_lengths_and_the_same_bytes_again(
    fitted: CoherentTracks, tmp_path: Path
) -> None:
    assert fitted.track_lengths.tolist() == TRACKS * [LENGTH]
    fitted.save(tmp_path / "g.safetensors")
    loaded = create_tracks(Settings()).load(tmp_path / "g.safetensors")
    assert isinstance(loaded, TrackGenerator)
    kinds = np.array([3, 3, 0])
    first, again = (g.draw_tracks(kinds, np.random.default_rng(1)) for g in (fitted, loaded))
    assert first.tobytes() == again.tobytes()
    assert first.shape == (3 * LENGTH, DIM)
    assert not np.array_equal(first[:LENGTH], first[LENGTH : 2 * LENGTH])


def test_long_tracks_are_cut_and_many_are_thinned_out(real: Vectors, tmp_path: Path) -> None:
    short = fit(real, tmp_path, longest="16", most_tracks="90")
    lengths = short.track_lengths
    assert len(lengths) == 90
    assert set(lengths.tolist()) == {13, 14}
    assert len(short.draw_tracks(np.array([89]), np.random.default_rng(0))) == lengths[89]


def test_a_fit_without_tracks_is_refused(real: Vectors, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="generator of tracks cannot be fitted without knowing"):
        create_tracks(Settings()).fit(real, seed=0, work_dir=tmp_path, report=quiet)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("lengths", np.full(TRACKS, LENGTH + 1), id="too long"),
        pytest.param("correlations", np.full((TRACKS, LENGTH - 1), 2, np.float32), id="above 1"),
        pytest.param("base", np.zeros(8, np.uint8), id="no generator"),
    ],
)
def test_a_damaged_file_is_refused(
    fitted: CoherentTracks, name: str, values: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "g.safetensors"
    fitted.save(path)
    save_file({**load_file(path), name: values}, path)
    with pytest.raises(FpbenchError, match=r"g\.safetensors' does not hold"):
        create_tracks(Settings()).load(path)


def test_settings_of_the_fit_are_refused_for_a_fitted_generator(
    fitted: CoherentTracks, tmp_path: Path
) -> None:
    path = tmp_path / "g.safetensors"
    fitted.save(path)
    with pytest.raises(FpbenchError, match="setting 'longest' cannot change generator"):
        create_tracks(Settings(options={"longest": "9"})).load(path)
    assert create_tracks(Settings(options={"project": "false"})).load(path).dim == DIM
