"""Mistakes show before any long work, and every part is loaded once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import QueryRecipe
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


def test_each_database_gets_an_empty_index_of_its_own(prepared: Prepare) -> None:
    indexes = prepared(distractors="both", indexes=("exact", "hnsw")).indexes
    assert [named.name for named in indexes["real"]] == ["exact", "hnsw"]
    assert [named.name for named in indexes["synthetic"]] == ["exact", "hnsw"]
    assert indexes["real"][1].index is not indexes["synthetic"][1].index


@pytest.mark.parametrize(
    ("distractors", "kinds"),
    [
        pytest.param("none", ["real"], id="the reference alone"),
        pytest.param("real", ["real"], id="real"),
        pytest.param("synthetic", ["synthetic"], id="synthetic"),
        pytest.param("both", ["real", "synthetic"], id="both"),
    ],
)
@pytest.mark.slow
def test_each_kind_of_distractors_has_indexes(
    prepared: Prepare, recipe: QueryRecipe, distractors: str, kinds: list[str]
) -> None:
    run = prepared(distractors=distractors)
    assert list(run.indexes) == kinds
    assert (run.generator is not None) == ("synthetic" in kinds)


def test_an_index_has_the_parameters_that_a_result_lists(prepared: Prepare) -> None:
    (named,) = prepared().indexes["real"]
    assert named.parameters == {"similarity": "inner product", "scores": "float32"}


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


def test_a_generator_that_is_not_used_must_exist_all_the_same(prepared: Prepare) -> None:
    with pytest.raises(FpbenchError, match="no generator is called 'gausian'"):
        prepared(generator="gausian")


def test_the_description_of_a_fingerprinter_comes_from_its_spec(prepared: Prepare) -> None:
    run = prepared()
    assert isinstance(run.source, AudioSource)
    assert not run.ready_made
    assert (run.info.name, run.info.dim, run.info.hop_s) == ("small-sketch", 16, 0.5)


INDEX = """
from fpbench import Entry, hookimpl


class Index:
    kind = "{kind}"
    exact = True
    training_rows = 0
    parameters = {parameters}

    def train(self, vectors, /): ...

    def search(self, queries, block, k, /): ...


@hookimpl
def fpbench_indexes():
    return [Entry(name="mine", summary="mine", create=lambda settings: Index())]
"""


@pytest.mark.parametrize(
    ("kind", "parameters", "rule"),
    [
        pytest.param("block", "{'a': [1]}", r"parameter a of index .* is \[1\]", id="parameter"),
        pytest.param("blocks", "{}", "is of the kind 'blocks'", id="kind"),
    ],
)
@pytest.mark.slow
def test_an_index_that_no_result_can_hold_is_blamed(
    prepared: Prepare, tmp_path: Path, kind: str, parameters: str, rule: str
) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(INDEX.format(kind=kind, parameters=parameters))
    with pytest.raises(FpbenchError, match=f"mine.py' breaks a rule: .*{rule}"):
        prepared(indexes=(f"plugin:{plugin}",))


def test_an_index_that_lacks_a_method_is_blamed(prepared: Prepare, tmp_path: Path) -> None:
    plugin = tmp_path / "lacking.py"
    plugin.write_text(INDEX.format(kind="block", parameters="{}").replace("def train", "def learn"))
    with pytest.raises(FpbenchError, match="index 'mine' has no train") as caught:
        prepared(indexes=(f"plugin:{plugin}",))
    assert caught.value.hint == "implement all of fpbench.BlockIndex"


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
