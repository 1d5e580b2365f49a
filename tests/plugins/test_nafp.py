"""NAFP keeps the harness's rules, takes its settings, and knows its weights."""

from pathlib import Path

import numpy as np
import pytest

from fpbench import Fingerprinter, FpbenchError, Settings
from fpbench.encoders.weights import WeightsInfo, load_weights, write_weights
from fpbench.testing import check_fingerprinter
from fpbench_plugins.nafp import create, fpbench_checkpoints, fpbench_fingerprinters

SMALL = {"width": "16"}


@pytest.fixture(scope="module")
def small() -> Fingerprinter:
    return create(Settings(options=SMALL))


def noise(rows: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (rows, 8_000)).astype(np.float32)


def test_keeps_the_harness_rules(small: Fingerprinter, rng: np.random.Generator) -> None:
    check_fingerprinter(small, rng)


def test_published_spec(small: Fingerprinter) -> None:
    spec = small.spec
    assert (spec.sample_rate_hz, spec.samples, spec.hop_samples, spec.dim) == (
        8000,
        8000,
        4000,
        128,
    )
    assert spec.front_end == "segment"
    assert spec.short == "pad"
    assert spec.batch_segments is None


def test_in_batches_the_loudest_segment_changes_the_others() -> None:
    segments = np.concatenate([0.01 * noise(1), noise(1)])
    options = {**SMALL, "normalise": "batch"}
    in_batches = create(Settings(options=options))
    assert in_batches.spec.batch_segments == 125
    together, alone = in_batches.embed(segments)[0], in_batches.embed(segments[:1])[0]
    assert np.abs(together - alone).max() > 1e-3
    by_segment = create(Settings(options=SMALL)).embed(segments)[0]
    np.testing.assert_allclose(alone, by_segment, atol=1e-6)


def test_maxnorm_feature_fills_its_range() -> None:
    import torch

    from fpbench_plugins.nafp.config import NafpConfig
    from fpbench_plugins.nafp.front_end import filterbank, log_mel

    config = NafpConfig(feature="melspec_maxnorm")
    patches = log_mel(torch.from_numpy(noise(2)), filterbank(config), config)
    np.testing.assert_allclose(patches.amax((1, 2)), 1, atol=1e-6)
    np.testing.assert_allclose(patches.amin((1, 2)), -1, atol=1e-6)


def test_no_segments_give_no_vectors(small: Fingerprinter) -> None:
    assert small.embed(noise(0)).shape == (0, 128)


def test_seeds_decide_fresh_weights() -> None:
    segments = noise(2)
    first, again, other = (
        create(Settings(options=SMALL, seed=seed)).embed(segments) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_bfloat16_is_near(small: Fingerprinter) -> None:
    fast = create(Settings(options=SMALL, dtype="bfloat16")).embed(noise(4))
    assert (1 - (fast * small.embed(noise(4))).sum(axis=1)).max() < 5e-3


def test_a_weights_file_decides_the_size_of_the_network(tmp_path: Path) -> None:
    from fpbench_plugins.building_blocks.encoders.separable_encoder import SeparableEncoder
    from fpbench_plugins.building_blocks.encoders.weights import weights_rng
    from fpbench_plugins.nafp.config import NafpConfig

    network = SeparableEncoder(NafpConfig(width=16).encoder)
    network.initialise(weights_rng(0))
    tensors = {name: p.detach().numpy() for name, p in network.named_parameters()}
    path = tmp_path / "small.safetensors"
    info = WeightsInfo(fingerprinter="nafp", config={"width": 16}, source="a test")
    write_weights(path, tensors, info)
    loaded = create(Settings(weights=path))
    expected = create(Settings(options=SMALL))
    np.testing.assert_array_equal(loaded.embed(noise(2)), expected.embed(noise(2)))
    write_weights(
        path,
        load_weights(path, "nafp")[0],
        WeightsInfo(fingerprinter="nafp", config={}, source="a test"),
    )
    with pytest.raises(FpbenchError, match=r"does not fit the network: .* has shape"):
        create(Settings(weights=path))
    write_weights(
        path, tensors, WeightsInfo(fingerprinter="nafp", config={"depth": 3}, source="a test")
    )
    with pytest.raises(FpbenchError, match="made for another network: it sets depth"):
        create(Settings(weights=path))


def test_a_wrong_setting_lists_the_right_ones() -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'hops'") as caught:
        create(Settings(options={"hops": "1"}))
    assert "hop_s=0.5" in (caught.value.hint or "")


@pytest.mark.parametrize("pair", [("hop_s", "0"), ("f_min_hz", "5000"), ("width", "0")])
def test_impossible_settings_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(FpbenchError, match="these settings are not possible"):
        create(Settings(options=dict([pair])))


def test_entry_names_paper_code_and_licence() -> None:
    (entry,) = fpbench_fingerprinters()
    (layout,) = fpbench_checkpoints()
    assert entry.details["licence of official weights"] == layout.licence
    assert "arXiv" in entry.details["paper"]
