"""A fingerprinter is checked and described before any long work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import QueryRecipe
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


@pytest.mark.parametrize(
    ("length_s", "segments"), [(1.0, 1), (1.4, 1), (1.5, 2), (3.0, 5)], ids=str
)
@pytest.mark.slow
def test_a_query_has_as_many_fingerprints_as_fit(
    prepared: Prepare, recipe: QueryRecipe, length_s: float, segments: int
) -> None:
    longer = replace(recipe, query_length_s=length_s)
    assert prepared(recipe=longer).source.segments == segments


def test_a_query_shorter_than_a_segment_is_refused(prepared: Prepare, recipe: QueryRecipe) -> None:
    with pytest.raises(FpbenchError, match=r"queries of 0\.5 s give no fingerprints"):
        prepared(recipe=replace(recipe, query_length_s=0.5))


def test_the_description_of_a_fingerprinter_comes_from_its_spec(prepared: Prepare) -> None:
    run = prepared()
    assert isinstance(run.source, AudioSource)
    assert not run.ready_made
    assert (run.info.name, run.info.dim, run.info.hop_s) == ("small-sketch", 16, 0.5)


MODEL = """
import numpy as np
from fpbench import Entry, FingerprintSpec, hookimpl

class Mine:
    spec = FingerprintSpec(sample_rate_hz=8_000, segment_s=1.0, dim=8{spec})

    def embed(self, segments, /):
        levels = np.abs(np.fft.rfft(segments))[:, :8]{batch}
        norms = np.linalg.norm(levels, axis=1, keepdims=True)
        return (levels / np.maximum(norms, 1e-9)).astype("f4")

def create(settings):
    assert settings.dtype in {dtypes}
    return Mine()

@hookimpl
def fpbench_fingerprinters():
    return [Entry(name="mine", summary="mine", create=create, dtypes={dtypes})]
"""


def write_model(
    folder: Path, *, batch: str = "", spec: str = "", dtypes: tuple[str, ...] = ("float32",)
) -> str:
    path = folder / "mine.py"
    path.write_text(MODEL.format(batch=batch, spec=spec, dtypes=dtypes))
    return f"plugin:{path}"


LIKE_BATCH_NORM = " + np.abs(np.fft.rfft(segments))[:, :8].mean(axis=0)"


def test_a_model_whose_rows_depend_on_their_batch_is_refused(
    prepared: Prepare, tmp_path: Path
) -> None:
    with pytest.raises(
        FpbenchError, match="breaks rules of the harness: batch invariance: a vector"
    ) as err:
        prepared(fingerprinter=write_model(tmp_path, batch=LIKE_BATCH_NORM))
    assert "--unchecked" in str(err.value.hint)


@pytest.mark.slow
def test_the_verdict_of_the_check_is_kept(prepared: Prepare, tmp_path: Path) -> None:
    check = prepared().check
    assert check is not None
    assert (check.passed, check.broken) == (True, {})
    wrong = write_model(tmp_path, batch=LIKE_BATCH_NORM)
    check = prepared(fingerprinter=wrong, unchecked=True).check
    assert check is not None
    assert not check.passed
    assert list(check.broken) == ["batch invariance"]


@pytest.mark.parametrize(
    ("dtypes", "spec", "recorded"),
    [
        pytest.param(("float32",), "", "float32", id="one that never heard of dtypes"),
        pytest.param(("float32", "bfloat16"), "", "bfloat16", id="one that computes in both"),
        pytest.param(("float32",), ", dtype='float16'", "float16", id="one of its own"),
    ],
)
@pytest.mark.slow
def test_the_dtype_is_recorded_that_was_used(
    prepared: Prepare, tmp_path: Path, dtypes: tuple[str, ...], spec: str, recorded: str
) -> None:
    model = write_model(tmp_path, dtypes=dtypes, spec=spec)
    assert prepared(fingerprinter=model, dtype="bfloat16").info.dtype == recorded
    assert prepared(fingerprinter=model).info.dtype in ("float32", recorded)


def test_a_dtype_without_effect_is_said(
    prepared: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    prepared(dtype="bfloat16")
    (record,) = [one for one in caplog.records if "dtype" in one.message]
    assert record.message.endswith("computes in float32: dtype bfloat16 has no effect on it")
