"""The Gaussian baseline has the mean and covariance it was fitted to, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fpbench import FpbenchError, GeneratorMethod, Settings, Stream, Vectors, rng_at
from fpbench_plugins.gaussian import create
from fpbench_plugins.gaussian.generator import moments, square_root


def silent(_: float, __: str) -> None: ...


def cone(n: int, rng: np.random.Generator) -> Vectors:
    """Unit vectors around one direction, wider in some dims than in others."""
    x = rng.standard_normal((n, 6)) * [0.5, 0.1, 0.2, 0.3, 0.0, 0.1] + [1, 0, 0, 0.5, 0, 0]
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def method(**options: str) -> GeneratorMethod:
    return create(Settings(options=options))


def test_draws_have_the_mean_and_covariance_of_the_fingerprints(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    real = cone(20_000, rng)
    fitted = method(project="false").fit(real, seed=0, work_dir=tmp_path, report=silent)
    drawn = fitted.draw(200_000, rng_at(0, Stream.CHECK))
    np.testing.assert_allclose(drawn.mean(axis=0), real.mean(axis=0), atol=3e-3)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(real.T), atol=2e-3)


def test_draws_lie_on_the_unit_sphere(rng: np.random.Generator, tmp_path: Path) -> None:
    fitted = method().fit(cone(500, rng), seed=0, work_dir=tmp_path, report=silent)
    drawn = fitted.draw(1_000, rng)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-6)


def test_moments_of_two_vectors_are_known() -> None:
    mean, covariance = moments(np.array([[0, 2], [4, 2]], dtype=np.float32), silent)
    np.testing.assert_array_equal(mean, [2, 2])
    np.testing.assert_array_equal(covariance, [[4, 0], [0, 0]])


def test_square_root_of_a_singular_covariance() -> None:
    covariance = np.array([[1.0, 1.0], [1.0, 1.0]])
    root = square_root(covariance)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-12)


def test_a_saved_generator_draws_the_same_bytes(rng: np.random.Generator, tmp_path: Path) -> None:
    fitted = method().fit(cone(500, rng), seed=0, work_dir=tmp_path, report=silent)
    fitted.save(tmp_path / "g.safetensors")
    loaded = method().load(tmp_path / "g.safetensors")
    a, b = (g.draw(100, rng_at(1, Stream.CHECK)) for g in (fitted, loaded))
    assert a.tobytes() == b.tobytes()


def test_refuses_a_single_fingerprint(rng: np.random.Generator, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="fitted to 1 fingerprints"):
        method().fit(cone(1, rng), seed=0, work_dir=tmp_path, report=silent)


def test_refuses_a_file_of_something_else(tmp_path: Path) -> None:
    save_file({"rows": np.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(FpbenchError, match="not a gaussian generator: it holds rows") as caught:
        method().load(tmp_path / "x.safetensors")
    assert caught.value.hint == "fit it again with `--generator gaussian`"


def test_a_saved_generator_projects_as_asked(rng: np.random.Generator, tmp_path: Path) -> None:
    method().fit(cone(500, rng), seed=0, work_dir=tmp_path, report=silent).save(tmp_path / "g.st")
    as_saved, asked = (method(**o).load(tmp_path / "g.st") for o in ({}, {"project": "false"}))
    assert as_saved.parameters == {"project": True}
    assert asked.parameters == {"project": False}
    lengths = np.linalg.norm(asked.draw(100, rng_at(0, Stream.CHECK)), axis=1)
    assert np.abs(lengths - 1).max() > 1e-3
