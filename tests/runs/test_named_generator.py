"""A run's generator is loaded with what it was fitted to, and one of another system is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.generators.provenance import Provenance, add_provenance
from fpbench.plugin.systems import SystemIdentity, encode_probe
from fpbench.runs.prepare import PreparedRun
from fpbench_plugins.gaussian.generator import GaussianGenerator

Prepare = Callable[..., PreparedRun]

OTHER = SystemIdentity(
    name="other",
    weights_sha256=None,
    spec={"dim": 16},
    probe=encode_probe(np.ones((1, 16), dtype=np.float32)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "g.safetensors"
    identity = np.eye(16, dtype=np.float32)
    GaussianGenerator(np.zeros(16, dtype=np.float32), identity, project=True).save(path)
    return path


def name_system(path: Path, system: SystemIdentity | None) -> None:
    add_provenance(path, Provenance(system=system, rows=9, rows_sha256="0" * 64))


@pytest.mark.slow
def test_a_run_without_synthetic_distractors_has_none(prepared: Prepare) -> None:
    assert prepared(distractors="real").generator is None
    assert prepared(distractors="real").system is None


@pytest.mark.slow
def test_a_generator_that_the_config_names_has_no_reason(prepared: Prepare) -> None:
    named = prepared(distractors="synthetic", generator="resample").generator
    assert named is not None
    assert (named.name, named.reason) == ("resample", None)


@pytest.mark.slow
def test_too_few_fingerprints_for_the_best_are_a_reason_and_a_warning(
    prepared: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    run = prepared(distractors="synthetic")
    assert run.config.generator == "gaussian"
    assert run.generator is not None
    assert "needs at least 1000 fingerprints to fit" in str(run.generator.reason)
    assert "read its hit rates as an upper bound" in str(run.generator.reason)
    assert f"generator gaussian: {run.generator.reason}" in caplog.text


@pytest.mark.slow
def test_its_own_generator_is_accepted_and_anothers_is_not(prepared: Prepare, path: Path) -> None:
    own = prepared(distractors="synthetic").system
    assert own is not None
    name_system(path, replace(own, name="renamed"))
    named = prepared(distractors="synthetic", generator_weights=path).generator
    assert named is not None
    assert named.provenance is not None
    assert (named.provenance.rows, named.foreign) == (9, False)
    name_system(path, OTHER)
    with pytest.raises(FpbenchError, match=r"fitted to fingerprints of other .* of small-sketch"):
        prepared(distractors="synthetic", generator_weights=path)
    study = prepared(distractors="synthetic", generator_weights=path, foreign_generator=True)
    assert study.generator is not None
    assert study.generator.foreign


@pytest.mark.slow
def test_a_generator_without_a_system_is_accepted_with_a_warning(
    prepared: Prepare, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for system in ("no provenance", None):
        if system is None:
            name_system(path, None)
        caplog.clear()
        prepared(distractors="synthetic", generator_weights=path)
        assert f"'{path}' does not name a fingerprinter" in caplog.text
