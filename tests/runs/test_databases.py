"""Which databases a run searches, and at which sizes."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.progress import Report
from fpbench.results.systems import GeneratorInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.databases import list_databases
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.search.inputs import Inputs
from fpbench_plugins.gaussian.generator import GaussianGenerator

GENERATOR = FittedGenerator(
    generator=GaussianGenerator(
        np.zeros(16, np.float32), np.eye(16, dtype=np.float32), project=True
    ),
    info=GeneratorInfo(
        name="gaussian",
        distribution="-",
        version="-",
        options={},
        parameters={},
        fitted_fingerprints=None,
        weights_sha256="0" * 64,
    ),
    key="gaussian",
    path=Path("gaussian.safetensors"),
)


@pytest.fixture
def inputs(prepared: Callable[..., PreparedRun]) -> Inputs:
    """Inputs with 304 real distractors."""

    def silent(_title: str) -> AbstractContextManager[Report]:
        return nullcontext(lambda _done, _words: None)

    run = prepared()
    return run.source.build_inputs(run.store, silent)


def test_a_real_curve_ends_with_the_real_distractors_and_a_synthetic_one_has_that_size_too(
    config: RunConfig, inputs: Inputs
) -> None:
    both = replace(config, distractors="both", sizes=(100, 200, 1_000))
    real, synthetic = list_databases(both, inputs, GENERATOR)
    assert (real.kind, list(real.sizes)) == ("real", [100, 200, 304])
    assert (synthetic.kind, list(synthetic.sizes)) == ("synthetic", [100, 200, 304, 1_000])
    assert real.key != synthetic.key


def test_a_database_of_each_kind_only_where_it_is_wanted(config: RunConfig, inputs: Inputs) -> None:
    (real,) = list_databases(replace(config, distractors="real"), inputs, None)
    assert real.kind == "real"
    (none,) = list_databases(replace(config, distractors="none"), inputs, None)
    assert (list(none.sizes), none.source.rows_available) == ([], 0)


def test_a_dataset_without_distractors_is_refused(config: RunConfig, inputs: Inputs) -> None:
    nothing = replace(
        inputs, real=inputs.real[:0], real_tracks=inputs.real_tracks[:0], real_rows=None
    )
    with pytest.raises(FpbenchError, match="has no usable distractors"):
        list_databases(config, nothing, None)
