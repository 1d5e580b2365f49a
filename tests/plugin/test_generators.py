"""A generator that decodes noise inherits its draw from the harness."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from fpbench import FingerprintGenerator, Noise, NoiseGenerator, Vectors
from fpbench.plugin.generators import draw_noise


class Doubler(NoiseGenerator):
    """Twice the noise, and the sizes of the batches that it was asked for."""

    dim = noise_dim = 3
    parameters = MappingProxyType({})

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def decode(self, noise: Noise, /) -> Vectors:
        self.sizes.append(len(noise))
        return 2 * noise

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def test_a_draw_decodes_the_noise_of_its_random_numbers() -> None:
    drawn = Doubler().draw(7, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn, 2 * draw_noise(7, 3, np.random.default_rng(1)))


def test_large_draws_are_decoded_in_chunks_and_equal_one_draw() -> None:
    generator = Doubler()
    drawn = generator.draw(25_000, np.random.default_rng(1))
    assert generator.sizes == [10_000, 10_000, 5_000]
    np.testing.assert_array_equal(drawn, 2 * draw_noise(25_000, 3, np.random.default_rng(1)))


def test_only_generators_with_noise_are_noise_generators() -> None:
    class Plain:
        dim = 3
        parameters = MappingProxyType({})

        def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
            return draw_noise(n, 3, rng)

        def save(self, path: Path, /) -> None:
            raise NotImplementedError

    assert isinstance(Plain(), FingerprintGenerator)
    assert not isinstance(Plain(), NoiseGenerator)
    assert isinstance(Doubler(), NoiseGenerator)
