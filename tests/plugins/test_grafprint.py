"""GraFPrint keeps the harness's rules; its graph and its fast arrangement are the same function."""

import numpy as np
import pytest
import torch

from fpbench import FpbenchError, Samples, Settings, TrackFingerprinter
from fpbench.testing import check_fingerprinter
from fpbench_plugins.building_blocks.encoders.weights import build_empty
from fpbench_plugins.grafprint import create, fpbench_checkpoints, tensor_rules
from fpbench_plugins.grafprint.config import ARCHITECTURE, PUBLISHED
from fpbench_plugins.grafprint.fast import FastGrafprint, max_relative_rows, nearest_rows
from fpbench_plugins.grafprint.front_end import htk_filterbank, log_mel, segment_windows
from fpbench_plugins.grafprint.network import (
    GrafprintNetwork,
    NodeNorm,
    initialise,
    max_relative,
    nearest_nodes,
)

SMALL = {
    "channels": "4,8",
    "blocks": "1,1",
    "hidden_dim": "32",
    "head_units": "2",
    "n_mels": "16",
    "n_filters": "4",
}


@pytest.fixture(scope="module")
def small() -> TrackFingerprinter:
    return create(Settings(options=SMALL))


def noise(rng: np.random.Generator, samples: int) -> Samples:
    return rng.uniform(-0.5, 0.5, samples).astype(np.float32)


def network(seed: int = 0) -> GrafprintNetwork:
    made = build_empty(lambda: GrafprintNetwork(PUBLISHED))
    initialise(made, torch.Generator().manual_seed(seed))
    return made.eval().requires_grad_(requires_grad=False)


@pytest.mark.slow
def test_keeps_the_harness_rules(small: TrackFingerprinter, rng: np.random.Generator) -> None:
    check_fingerprinter(small, rng)


@pytest.mark.slow
def test_the_published_network_keeps_the_harness_rules(rng: np.random.Generator) -> None:
    check_fingerprinter(create(Settings()), rng)


@pytest.mark.parametrize(
    ("samples", "rows"), [(16_000, 0), (16_001, 1), (17_407, 1), (17_408, 2), (48_000, 21)]
)
def test_counts_segments_of_whole_frames(
    small: TrackFingerprinter, rng: np.random.Generator, samples: int, rows: int
) -> None:
    found = small.fingerprint(noise(rng, samples))
    assert found.vectors.shape == (rows, 128)
    np.testing.assert_allclose(found.start_s, 0.096 * np.arange(rows))


@pytest.mark.parametrize(("overlap", "hop_s"), [("0.8", 0.192), ("0.75", 0.256), ("0.5", 0.512)])
def test_overlap_sets_the_hop(overlap: str, hop_s: float) -> None:
    assert create(Settings(options=SMALL | {"overlap": overlap})).spec.hop_s == hop_s


def test_silence_leaves_its_neighbours_alone(rng: np.random.Generator) -> None:
    x = noise(rng, 64_000)
    x[10_000:50_000] = 0
    for mode in ("running", "batch"):
        options = SMALL | {"batch_norm": mode}
        vectors = create(Settings(options=options)).fingerprint(x).vectors
        norms = np.linalg.norm(vectors, axis=1)
        assert np.isclose(norms, 0).sum() == 15
        assert np.isclose(norms, 1, atol=1e-5).sum() == len(norms) - 15
        spoilt = create(Settings(options=options | {"silence": "nan"})).fingerprint(x).vectors
        assert np.isnan(spoilt).all(axis=1).sum() == (15 if mode == "running" else len(norms))


def test_batch_statistics_depend_on_the_chunk(rng: np.random.Generator) -> None:
    x = noise(rng, 48_000)
    options = SMALL | {"batch_norm": "batch"}
    whole = create(Settings(options=options)).fingerprint(x).vectors
    chunked = create(Settings(options=options | {"chunk_segments": "10"})).fingerprint(x).vectors
    np.testing.assert_allclose(np.linalg.norm(chunked, axis=1), 1, atol=1e-5)
    assert np.abs(whole - chunked).max() > 1e-3


def test_batch_statistics_refuse_bfloat16() -> None:
    with pytest.raises(FpbenchError, match="batch_norm=batch"):
        create(Settings(dtype="bfloat16", options=SMALL | {"batch_norm": "batch"}))


def test_fresh_weights_come_from_the_seed_alone(rng: np.random.Generator) -> None:
    x = noise(rng, 20_000)
    state = torch.get_rng_state()
    first, again, other = (
        create(Settings(seed=seed, options=SMALL)).fingerprint(x).vectors for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    assert torch.equal(torch.get_rng_state(), state)


def test_the_checkpoint_describes_the_published_network() -> None:
    (layout,) = fpbench_checkpoints()
    assert set(layout.config) == set(ARCHITECTURE)
    for key, value in layout.config.items():
        assert getattr(PUBLISHED, key) == (tuple(value) if isinstance(value, list) else value)
    made = build_empty(lambda: GrafprintNetwork(PUBLISHED))
    shapes = {name: tuple(tensor.shape) for name, tensor in made.state_dict().items()}
    assert {rule.target: rule.shape for rule in tensor_rules()} == shapes
    assert sum(p.numel() for p in made.parameters()) == 18_367_264


def test_settings_that_do_not_fit_are_refused_in_words() -> None:
    with pytest.raises(FpbenchError, match="same length"):
        create(Settings(options={"channels": "8,16"}))
    with pytest.raises(FpbenchError, match="leaves no hop"):
        create(Settings(options={"overlap": "1.0"}))


def test_digital_silence_is_minus_100_db() -> None:
    bank = torch.from_numpy(htk_filterbank(16_000, 1024, 64))
    assert torch.equal(log_mel(torch.zeros(17_000), bank, 512), torch.full((64, 34), -100.0))


def test_an_incomplete_tail_is_dropped() -> None:
    spectrogram = torch.arange(38.0).expand(2, 38)
    assert segment_windows(spectrogram, 32, 3)[:, 0, 0].tolist() == [0, 3, 6]
    assert len(segment_windows(spectrogram[:, :31], 32, 3)) == 0


def test_nearest_are_nearest_in_direction_whatever_their_length() -> None:
    directions = torch.tensor([[1.0, 0], [10, 1], [0, 1], [0.1, 2]])
    nodes = directions.T[None, :, :, None]
    assert nearest_nodes(nodes, 2)[0].tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]
    excess = max_relative(nodes, nearest_nodes(nodes, 2))[0, :, :, 0]
    np.testing.assert_allclose(excess.T, [[9, 1], [0, 0], [0.1, 1], [0, 0]], atol=1e-6)


@pytest.mark.parametrize("nodes", [64, 1024])
def test_the_fast_search_finds_the_same_nodes(nodes: int) -> None:
    y = torch.randn(2, nodes, 16, generator=torch.Generator().manual_seed(0))
    slow = y.transpose(1, 2)[..., None]
    nearest = nearest_nodes(slow, 3)
    fast = nearest_rows(y, 3)
    assert torch.equal(fast.sort(dim=2)[0], nearest.sort(dim=2)[0])
    excess = max_relative(slow, nearest)[..., 0].transpose(1, 2)
    assert torch.equal(max_relative_rows(y, fast), excess)


@torch.inference_mode()
@pytest.mark.slow
def test_the_fast_arrangement_is_the_same_function() -> None:
    rng = torch.Generator().manual_seed(0)
    made = network()
    for norm in (module for module in made.modules() if isinstance(module, NodeNorm)):
        for tensor in norm.state_dict().values():
            tensor.add_(torch.rand(tensor.shape, generator=rng) / 4)
    segments = torch.randn(2, 64, 32, generator=rng)
    exact = made(segments)
    in_float32 = FastGrafprint(made, exact_stages=4)(segments)
    # Independent noise has no near ties among its nodes, so no neighbour changes.
    np.testing.assert_allclose(in_float32, exact, atol=1e-4)
    assert (
        torch.linalg.vecdot(FastGrafprint(made, exact_stages=2)(segments), exact).min() > 1 - 1e-3
    )
