"""NAFP keeps the harness's rules, takes its settings, and names its source."""

import numpy as np
import pytest

from fpbench import Fingerprinter, FpbenchError, Settings
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


@pytest.mark.parametrize("pair", [("hop_s", "0"), ("f_min_hz", "5000"), ("width", "0")])
def test_impossible_settings_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(FpbenchError, match="these settings are not possible"):
        create(Settings(options=dict([pair])))


def test_entry_names_paper_code_and_licence() -> None:
    (entry,) = fpbench_fingerprinters()
    (layout,) = fpbench_checkpoints()
    assert entry.details["licence of official weights"] == layout.licence
    assert "arXiv" in entry.details["paper"]
