"""Noise becomes runs that are distributed as those of drawn tracks."""

import numpy as np
from walks import CORRELATIONS, DIM, LENGTH, Walks

from fpbench.search.run_noise import RunNoise


def test_runs_have_the_distribution_of_drawn_tracks() -> None:
    generator = Walks()
    noise = RunNoise(generator, "walks", LENGTH)
    rng = np.random.default_rng(0)
    runs = noise.decode(rng.standard_normal((40_000, noise.noise_dim), dtype=np.float32))
    covariance = np.cov(runs, rowvar=False) * LENGTH
    np.testing.assert_allclose(np.diag(covariance), 1, atol=0.03)
    # Of three runs, two are of the first kind.
    mean = (2 * CORRELATIONS[0] + CORRELATIONS[1]) / 3
    np.testing.assert_allclose(np.diag(covariance, DIM), mean, atol=0.03)


def test_a_drawn_track_contains_its_run_and_is_as_alike_as_others() -> None:
    generator = Walks()
    noise = RunNoise(generator, "walks", LENGTH)
    of_runs = np.random.default_rng(0).standard_normal((5_000, noise.noise_dim), np.float32)
    places = noise.find_places(of_runs)
    tracks, lengths = noise.draw_tracks(of_runs, np.random.default_rng(1))
    first = np.cumsum(lengths) - lengths
    rows = tracks[(first + places.row)[:, None] + np.arange(LENGTH)]
    runs = rows.reshape(len(rows), -1) / np.float32(np.sqrt(LENGTH))
    np.testing.assert_allclose(runs, noise.decode(of_runs), atol=1e-6)
    longer = first[lengths == LENGTH + 1]
    covariance = np.cov(np.stack([tracks[longer + row, 0] for row in range(LENGTH + 1)]))
    factor = generator.track_factor(0)
    np.testing.assert_allclose(covariance, factor @ factor.T, atol=0.07)
