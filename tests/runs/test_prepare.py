"""Mistakes show before any long work, and every part is loaded once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import QueryRecipe
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


def test_a_generator_that_is_not_used_must_exist_all_the_same(prepared: Prepare) -> None:
    with pytest.raises(FpbenchError, match="no generator is called 'gausian'"):
        prepared(generator="gausian")


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
