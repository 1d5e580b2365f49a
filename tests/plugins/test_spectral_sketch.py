"""The sketch keeps the harness's rules, ignores gain, and has not drifted."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fpbench import Fingerprinter, FpbenchError, Segments, Settings
from fpbench.testing import check_fingerprinter
from fpbench_plugins.spectral_sketch import create

GOLDEN = Path(__file__).parents[1] / "golden" / "spectral_sketch.npz"


@pytest.fixture(scope="module")
def sketch() -> Fingerprinter:
    return create(Settings(device="cpu"))


def noise(sketch: Fingerprinter, seed: int) -> Segments:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (1, sketch.spec.samples)).astype(np.float32)


def test_keeps_the_harness_rules(sketch: Fingerprinter, rng: np.random.Generator) -> None:
    check_fingerprinter(sketch, rng)


@given(seed=st.integers(0, 2**32 - 1), gain=st.floats(0.01, 1.0))
@pytest.mark.slow
def test_ignores_gain(sketch: Fingerprinter, seed: int, gain: float) -> None:
    loud = noise(sketch, seed)
    quiet = np.float32(gain) * loud
    np.testing.assert_allclose(sketch.embed(quiet), sketch.embed(loud), atol=1e-4)


def test_silence_is_zeros(sketch: Fingerprinter) -> None:
    silence = np.zeros((1, sketch.spec.samples), dtype=np.float32)
    np.testing.assert_array_equal(sketch.embed(silence), 0)


def test_has_not_drifted(sketch: Fingerprinter) -> None:
    golden = np.load(GOLDEN)
    np.testing.assert_allclose(sketch.embed(golden["segments"]), golden["vectors"], atol=1e-5)


@pytest.mark.slow
def test_another_processors_arithmetic_gives_the_same_fingerprints(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from fpbench import Settings\n"
        "from fpbench_plugins.spectral_sketch import create\n"
        "np.save(sys.argv[2], create(Settings()).embed(np.load(sys.argv[1])['segments']))\n"
    )
    plain = {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"}
    out = tmp_path / "vectors.npy"
    subprocess.run(
        [sys.executable, "-c", code, str(GOLDEN), str(out)], check=True, env=os.environ | plain
    )
    np.testing.assert_allclose(np.load(out), np.load(GOLDEN)["vectors"], atol=1e-5)


def test_refuses_a_wrong_shape(sketch: Fingerprinter) -> None:
    with pytest.raises(TypeError, match="batch samples"):
        sketch.embed(np.zeros(8_000, dtype=np.float32))


def test_other_signs_are_another_sketch(sketch: Fingerprinter) -> None:
    other = create(Settings(options={"signs_seed": "1"}))
    assert (
        abs(float((other.embed(noise(sketch, 0)) @ sketch.embed(noise(sketch, 0)).T)[0, 0])) < 0.5
    )


def test_refuses_a_setting_it_does_not_have() -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'sings_seed'") as caught:
        create(Settings(options={"sings_seed": "1"}))
    assert "did you mean 'signs_seed'?" in (caught.value.hint or "")


def test_leaves_the_number_of_threads_as_it_was(sketch: Fingerprinter) -> None:
    before = torch.get_num_threads()
    sketch.embed(noise(sketch, 0))
    assert torch.get_num_threads() == before
