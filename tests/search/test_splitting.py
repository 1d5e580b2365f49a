"""Simulated probabilities, against generators whose tails are known."""

import numpy as np
import pytest
from scipy import integrate, stats

from fpbench.search.splitting import Particles, Simulation, SplittingSettings, simulate

DIM = 32


def on_sphere(noise: np.ndarray) -> np.ndarray:
    """Uniform on the sphere."""
    return noise / np.linalg.norm(noise, axis=-1, keepdims=True)


def sphere_log_p(score: np.ndarray, dim: int = DIM) -> np.ndarray:
    """How often a uniform direction has such an inner product with a fixed one."""
    half = (dim - 1) / 2
    return stats.beta.logsf((1 + score) / 2, half, half)


def sphere_score(p: np.ndarray, dim: int = DIM) -> np.ndarray:
    half = (dim - 1) / 2
    return 2 * stats.beta.isf(p, half, half) - 1


def query(dim: int = DIM) -> np.ndarray:
    return np.eye(dim, dtype=np.float32)[0]


def start_on_sphere(
    queries: int, p: float, settings: SplittingSettings, rng: np.random.Generator
) -> Particles:
    """Exact draws above the level of probability p."""
    shape = (queries, settings.replicates, settings.particles)
    scores = sphere_score(p * rng.random(shape))
    across = rng.standard_normal((*shape, DIM - 1))
    across *= np.sqrt((1 - scores**2) / (across**2).sum(axis=-1))[..., None]
    length = np.sqrt(rng.chisquare(DIM, shape))
    noise = np.concatenate([scores[..., None], across], axis=-1) * length[..., None]
    return Particles(
        noise=noise.astype(np.float32),
        scores=scores.astype(np.float32),
        level=np.full(queries, sphere_score(np.array(p)), dtype=np.float32),
        log_p=np.full(shape[:2], np.log(p)),
    )


def simulate_on_sphere(
    queries: int,
    ps: list[float],
    settings: SplittingSettings,
    *,
    seed: int = 0,
    first: float = 1e-2,
) -> Simulation:
    rng = np.random.default_rng(seed)
    return simulate(
        on_sphere,
        np.tile(query(), (queries, 1)),
        start_on_sphere(queries, 1e-2, settings, rng),
        np.tile(sphere_score(np.array(ps)), (queries, 1)).astype(np.float32),
        settings=settings,
        rng=rng,
    )


SMALL = SplittingSettings(replicates=4, particles=20)


@pytest.mark.slow
def test_probabilities_are_unbiased_down_to_the_rarest() -> None:
    wanted = np.array([1e-3, 1e-6, 1e-10])
    found = simulate_on_sphere(400, wanted.tolist(), SMALL)
    ratio = np.exp(found.log_p).mean(axis=2) / wanted
    error = ratio.std(axis=0) / np.sqrt(len(ratio))
    assert (np.abs(ratio.mean(axis=0) - 1) < 3.5 * error).all()
    assert (error < 0.16).all()


def test_replicates_show_the_error() -> None:
    found = np.exp(simulate_on_sphere(400, [1e-6], SMALL).log_p[:, 0]) / 1e-6
    claimed = (found.var(axis=1, ddof=1) / found.shape[1]).mean()
    assert claimed == pytest.approx(found.mean(axis=1).var(), rel=0.35)


def test_a_threshold_below_the_first_level_is_not_simulated() -> None:
    found = simulate_on_sphere(3, [1e-1, 1e-4], SMALL)
    assert np.isnan(found.log_p[:, 0]).all()
    assert np.isfinite(found.log_p[:, 1]).any(axis=1).all()
    nothing = simulate_on_sphere(3, [1e-1], SMALL)
    assert nothing.moves.sum() == 0


def test_rarer_than_the_least_probability_is_not_told_apart() -> None:
    settings = SplittingSettings(replicates=4, particles=20, least_probability=1e-5)
    found = simulate_on_sphere(20, [1e-9, 1e-12], settings).log_p
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert (found.max(axis=2) < np.log(1e-5)).all()
    assert (found.max(axis=2) > np.log(1e-8)).all()


def test_equal_seeds_give_equal_bytes() -> None:
    one, same, other = (
        simulate_on_sphere(5, [1e-5], SMALL, seed=seed).log_p.tobytes() for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


class Mixture:
    """Two narrow families around directions that are far apart, on a wide uniform rest.

    The first entry of the noise decides which it is. A family is the direction plus normal noise of
    the size ``width``, scaled to length 1.
    """

    def __init__(self, weights: tuple[float, float], angle: float, width: float) -> None:
        self.weights, self.angle, self.width = weights, angle, width
        self.edges = stats.norm.isf(np.cumsum(weights))
        sine, cosine = np.sin(angle), np.cos(angle)
        self.centres = np.zeros((2, DIM), dtype=np.float32)
        self.centres[:, 0], self.centres[:, 1] = cosine, (sine, -sine)

    def decode(self, noise: np.ndarray) -> np.ndarray:
        which, rest = noise[:, :1], noise[:, 1:]
        first, second = (self.centres[i] + self.width * rest for i in (0, 1))
        vectors = np.where(
            which > self.edges[0], first, np.where(which > self.edges[1], second, rest)
        )
        return on_sphere(vectors).astype(np.float32)

    def p(self, score: float) -> float:
        """How often a draw scores so much with the query, which is equally far from both."""
        rest = (1 - sum(self.weights)) * np.exp(sphere_log_p(np.array(score)))
        return float(rest + sum(self.weights) * self._family_p(score))

    def _family_p(self, score: float) -> float:
        """Sum over the length across: given it, the entry along the query must be long enough."""
        # Of the centre, cos(angle) lies along the query and sin(angle) across it.
        across = stats.ncx2(DIM - 1, (np.sin(self.angle) / self.width) ** 2)

        def density(x: float) -> float:
            along = score / np.sqrt(1 - score**2) * np.sqrt(x) * self.width
            return across.pdf(x) * stats.norm.sf((along - np.cos(self.angle)) / self.width)

        low, high = across.ppf(1e-13), across.isf(1e-13)
        return float(integrate.quad(density, low, high, epsrel=1e-7, limit=200)[0])


def draws_above(
    mixture: Mixture, queries: int, settings: SplittingSettings, rng: np.random.Generator
) -> Particles:
    """The best of 20 000 draws for each query; equal parts of the draws go to the replicates."""
    shape = (settings.replicates, 20_000 // settings.replicates)
    noises, kept, levels, shares = [], [], [], []
    for _ in range(queries):
        noise = rng.standard_normal((*shape, DIM + 1), dtype=np.float32)
        scores = mixture.decode(noise.reshape(-1, DIM + 1)).reshape(*shape, DIM)[..., 0]
        place = settings.replicates * settings.particles
        level = -np.partition(-scores.reshape(-1), place)[place]
        above = scores > level
        best = [
            np.resize(np.flatnonzero(above[number]), settings.particles)
            for number in range(settings.replicates)
        ]
        noises.append([noise[number, rows] for number, rows in enumerate(best)])
        kept.append([scores[number, rows] for number, rows in enumerate(best)])
        levels.append(level)
        shares.append(above.mean(axis=1))
    return Particles(
        noise=np.array(noises),
        scores=np.array(kept),
        level=np.array(levels, dtype=np.float32),
        log_p=np.log(np.array(shares)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("weights", [(2e-3, 2e-3), (4e-3, 4e-4)])
def test_no_family_of_a_mixture_is_lost(weights: tuple[float, float]) -> None:
    mixture = Mixture(weights, angle=0.6, width=0.12)
    scores = np.array([0.86, 0.92], dtype=np.float32)
    rng = np.random.default_rng(3)
    queries = 40
    settings = SplittingSettings(replicates=8, particles=25)
    found = simulate(
        mixture.decode,
        np.tile(query(), (queries, 1)),
        draws_above(mixture, queries, settings, rng),
        np.tile(scores, (queries, 1)),
        settings=settings,
        rng=rng,
    )
    truth = np.array([mixture.p(score) for score in scores.tolist()])
    ratio = np.exp(found.log_p).mean(axis=2) / truth
    error = ratio.std(axis=0) / np.sqrt(queries)
    assert (np.abs(ratio.mean(axis=0) - 1) < 3.5 * error).all()
    assert (error < 0.25).all()
