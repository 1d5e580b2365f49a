"""The floor keeps the harness's rules, and knows nothing."""

import numpy as np
import pytest

from fpbench import Fingerprinter, Settings
from fpbench.testing import check_fingerprinter
from fpbench_plugins.random_baseline import create


@pytest.fixture(scope="module")
def floor() -> Fingerprinter:
    return create(Settings())


def test_keeps_the_harness_rules(floor: Fingerprinter, rng: np.random.Generator) -> None:
    check_fingerprinter(floor, rng)


def test_one_changed_bit_gives_an_unrelated_vector(
    floor: Fingerprinter, rng: np.random.Generator
) -> None:
    segments = rng.uniform(-1, 1, (1, 8_000)).astype(np.float32).repeat(2, axis=0)
    segments[1, 4_000] = np.nextafter(segments[1, 4_000], np.float32(2))
    one, other = floor.embed(segments)
    # In 128 dimensions cosines of unrelated vectors have standard deviation 0.088.
    assert abs(float(one @ other)) < 0.4


@pytest.mark.slow
def test_directions_are_uniform(floor: Fingerprinter, rng: np.random.Generator) -> None:
    vectors = floor.embed(rng.uniform(-1, 1, (2_000, 8_000)).astype(np.float32))
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=5 / np.sqrt(2_000 * 128))
    np.testing.assert_allclose(vectors.T @ vectors / 2_000 * 128, np.eye(128), atol=0.2)


def test_another_seed_is_another_floor(floor: Fingerprinter) -> None:
    silence = np.zeros((1, 8_000), dtype=np.float32)
    other = create(Settings(options={"draw_seed": "1"}))
    assert abs(float((floor.embed(silence) @ other.embed(silence).T)[0, 0])) < 0.4


def test_has_not_drifted(floor: Fingerprinter) -> None:
    first = floor.embed(np.zeros((1, 8_000), dtype=np.float32))[0, :3]
    np.testing.assert_allclose(first, [-0.0142099, 0.0700061, -0.1202396], atol=1e-6)
