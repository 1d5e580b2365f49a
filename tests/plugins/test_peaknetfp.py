"""PeakNetFP keeps the harness's rules; its peaks and groups are what the words say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fpbench import Fingerprinter, FpbenchError, Settings
from fpbench.testing import check_fingerprinter
from fpbench_plugins.building_blocks.encoders.weights import build_empty
from fpbench_plugins.peaknetfp import create, fpbench_checkpoints, tensor_rules
from fpbench_plugins.peaknetfp.config import ARCHITECTURE, PUBLISHED
from fpbench_plugins.peaknetfp.front_end import filterbank, levels
from fpbench_plugins.peaknetfp.grouping import (
    ball_members,
    farthest_points,
    squared_distances,
)
from fpbench_plugins.peaknetfp.network import PeakNetFpNetwork, initialise
from fpbench_plugins.peaknetfp.peaks import peak_cells, peak_points

SMALL = {
    "n_peaks": "24",
    "centroids_1": "16",
    "centroids_2": "8",
    "widths_1": "4,4,4,4,4,4,4,4,4",
    "widths_2": "4,4,8,4,4,8,4,4,8",
    "widths_3": "16,16",
}


@pytest.fixture(scope="module")
def fingerprinter() -> Fingerprinter:
    return create(Settings())


def noise(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.uniform(-1, 1, (rows, 8_000)).astype(np.float32)


def test_keeps_the_harness_rules(rng: np.random.Generator) -> None:
    check_fingerprinter(create(Settings(options=SMALL)), rng)


@pytest.mark.slow
def test_the_published_network_keeps_the_harness_rules(
    fingerprinter: Fingerprinter, rng: np.random.Generator
) -> None:
    check_fingerprinter(fingerprinter, rng)


def test_any_width_works_and_has_its_own_vectors(rng: np.random.Generator) -> None:
    small = create(Settings(options=SMALL | {"dim": "32"}))
    vectors = small.embed(noise(rng, 3))
    assert vectors.shape == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_fresh_weights_come_from_the_seed_alone(rng: np.random.Generator) -> None:
    x = noise(rng, 2)
    state = torch.get_rng_state()
    made = (create(Settings(options=SMALL, seed=seed)) for seed in (1, 1, 2))
    first, again, other = (fingerprinter.embed(x) for fingerprinter in made)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    assert torch.equal(torch.get_rng_state(), state)


def test_fresh_weights_have_glorots_spread() -> None:
    network = build_empty(lambda: PeakNetFpNetwork(PUBLISHED))
    initialise(network, torch.Generator().manual_seed(0))
    weight = network.layer3.weights[0].detach()
    expected = (2 / (323 + 128)) ** 0.5
    assert float(weight.std()) == pytest.approx(expected, rel=0.01)
    assert float(weight.abs().max()) < 2 * expected / 0.879
    assert sum(p.numel() for p in network.parameters()) == 169_296


def test_bfloat16_stays_within_a_thousandth(
    fingerprinter: Fingerprinter, rng: np.random.Generator
) -> None:
    x = noise(rng, 8)
    fast = create(Settings(dtype="bfloat16")).embed(x)
    assert np.einsum("ij,ij->i", fast, fingerprinter.embed(x)).min() > 1 - 1e-3


def test_a_wrong_architecture_is_refused_in_words() -> None:
    with pytest.raises(FpbenchError, match="these settings are not possible"):
        create(Settings(options={"centroids_1": "300"}))
    with pytest.raises(FpbenchError, match="these settings are not possible"):
        create(Settings(options={"radii_1": "0.1,0.2"}))


def test_the_checkpoint_describes_the_published_network() -> None:
    (layout,) = fpbench_checkpoints()
    assert set(layout.config) == set(ARCHITECTURE)
    for key, value in layout.config.items():
        assert getattr(PUBLISHED, key) == (tuple(value) if isinstance(value, list) else value)
    network = build_empty(lambda: PeakNetFpNetwork(PUBLISHED))
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert {rule.target: rule.target_shape for rule in tensor_rules()} == shapes


def test_silence_is_the_loudest_level_everywhere() -> None:
    silent = torch.zeros(1, 8_000)
    assert torch.equal(levels(silent, filterbank(PUBLISHED), PUBLISHED), torch.ones(1, 256, 32))


def test_a_peak_equals_the_largest_of_its_neighbours_and_is_not_0() -> None:
    image = torch.tensor([[[0.0, 0.2, 0.1], [0.3, 0.1, 0.1], [0.0, 0.0, 0.5]]])
    image = torch.nn.functional.pad(image, (0, 3))
    assert peak_cells(image)[0].nonzero().tolist() == [[1, 0], [2, 2]]


def test_peaks_come_loudest_first_ties_in_scan_order_and_are_repeated() -> None:
    image = torch.zeros(1, 256, 32)
    image[0, 10, 3], image[0, 200, 31], image[0, 100, 0] = 0.5, 0.5, 0.75
    points = peak_points(image, PUBLISHED)[0]
    expected = [[100 / 255, 0, 0.75], [10 / 255, 3 / 31, 0.5], [200 / 255, 1, 0.5]]
    np.testing.assert_allclose(points[:6], expected * 2, atol=1e-7)
    np.testing.assert_array_equal(points[255], points[0])


def test_a_ball_holds_the_first_members_and_repeats_the_very_first() -> None:
    points = torch.tensor([[[0.0, 0, 0], [0.5, 0, 0], [0.1, 0, 0], [0.05, 0, 0]]])
    distances = squared_distances(points[:, [3, 1]], points)
    members = ball_members(distances, 0.2, 2)
    assert members.tolist() == [[[0, 2], [1, 1]]]
    assert ball_members(distances, 0.2, 4).tolist() == [[[0, 2, 3, 0], [1, 1, 1, 1]]]


@given(seed=st.integers(0, 2**32 - 1), radius=st.floats(0.05, 0.5), size=st.integers(1, 16))
def test_balls_agree_with_a_search_one_by_one(seed: int, radius: float, size: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    points = torch.rand(2, 20, 3, generator=rng)
    distances = squared_distances(points[:, :5], points)
    for b, centroid_rows in enumerate(distances):
        for c, row in enumerate(centroid_rows):
            inside = [i for i, d in enumerate(row.tolist()) if d <= np.float32(radius * radius)]
            expected = (inside + inside[:1] * size)[:size]
            assert ball_members(distances, radius, size)[b, c].tolist() == expected


def test_farthest_points_begin_with_the_loudest() -> None:
    points = torch.tensor([[[0.0, 0, 0.1], [1, 0, 0.1], [0.4, 0, 0.9], [0.5, 0, 0.1]]])
    assert farthest_points(points, 3).tolist() == [[2, 1, 0]]


def test_sampling_far_apart_changes_the_fingerprint(
    fingerprinter: Fingerprinter, rng: np.random.Generator
) -> None:
    x = noise(rng, 1)
    spread = create(Settings(options={"sampling": "fps"})).embed(x)
    assert np.abs(spread - fingerprinter.embed(x)).max() > 1e-3
