"""NMFP keeps the harness's rules, takes its settings, and names its source."""

import numpy as np
import pytest

from fpbench import Fingerprinter, FpbenchError, Settings
from fpbench.testing import check_fingerprinter
from fpbench_plugins.nmfp import create, fpbench_checkpoints, fpbench_fingerprinters

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
    assert spec.short == "skip"


def test_hop_may_be_chosen() -> None:
    assert create(Settings(options={**SMALL, "hop_s": "0.25"})).spec.hop_samples == 2000


def test_silence_is_as_loud_as_its_loudest() -> None:
    import torch

    from fpbench_plugins.nmfp.config import PUBLISHED
    from fpbench_plugins.nmfp.front_end import filterbank, log_mel

    patches = log_mel(torch.zeros(1, 8_000), filterbank(PUBLISHED), PUBLISHED)
    assert patches.shape == (1, 256, 33)
    assert (patches == 1).all()


def test_gain_is_ignored_above_the_floor(small: Fingerprinter) -> None:
    loud = noise(2)
    np.testing.assert_allclose(small.embed(0.5 * loud), small.embed(loud), atol=1e-4)


@pytest.mark.parametrize(
    "pair", [("hop_s", "1.5"), ("f_min_hz", "5000"), ("floor", "0"), ("width", "0")]
)
def test_impossible_settings_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(FpbenchError, match="these settings are not possible"):
        create(Settings(options=dict([pair])))


def test_entry_names_paper_code_and_licence() -> None:
    (entry,) = fpbench_fingerprinters()
    (layout,) = fpbench_checkpoints()
    assert entry.details["licence of official weights"] == layout.licence
    assert "arXiv" in entry.details["paper"]
