"""Settings that contradict each other or the dataset show before any long work."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import QueryRecipe
from fpbench.runs.config import RunConfig
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.setting_checks import refuse_fits, warn_of_unused_settings

Prepare = Callable[..., PreparedRun]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"distractors": "both", "generator": "gaussian"},
            "queries of 5 fingerprints cannot be compared with those of generator 'gaussian'",
            id="synthetic",
        ),
        pytest.param({"indexes": ("hnsw",)}, "'hnsw' cannot search queries of 5", id="growing"),
        pytest.param(
            {"indexes": ("exact", "hnsw")}, "'hnsw' cannot search queries of 5", id="one of two"
        ),
    ],
)
def test_longer_queries_need_runs_of_fingerprints(
    prepared: Prepare, recipe: QueryRecipe, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        prepared(recipe=replace(recipe, query_length_s=3.0), **changes)


def test_queries_longer_than_every_track_are_refused(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    with pytest.raises(FpbenchError, match="no reference track is as long as a query, 11 s"):
        prepared(recipe=replace(recipe, query_length_s=11.0))


def test_warns_of_settings_without_effect(
    prepared: Prepare, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        prepared(index_options={"ivf": {}}, generator_options={"x": "1"})
    assert [record.getMessage() for record in caplog.records] == [
        "generator_options has no effect in this run",
        "index_options.ivf has no effect in this run",
    ]


def test_warns_of_what_a_protocol_has_settings_of_its_own_for(
    prepared: Prepare, recipe: QueryRecipe, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = prepared().source.dataset
    config = RunConfig(protocol="nafp", distractors="real", tolerance_s=0.5, recipe=recipe)
    config = replace(config, recipe_given=frozenset(["n_queries", "query_length_s"]))
    with caplog.at_level(logging.WARNING):
        warn_of_unused_settings(config, dataset)
    assert caplog.messages == [
        "recipe.n_queries has no effect with a protocol",
        "tolerance_s has no effect in this run",
    ]
    caplog.clear()
    with caplog.at_level(logging.WARNING):  # as many queries judge the generator
        warn_of_unused_settings(replace(config, distractors="synthetic"), dataset)
    assert caplog.messages == ["tolerance_s has no effect in this run"]


def test_a_name_for_a_system_that_has_one_is_refused(prepared: Prepare) -> None:
    with pytest.raises(FpbenchError, match="name 'mine' has no effect"):
        prepared(name="mine")


def test_several_fits_need_a_fit() -> None:
    refuse_fits(RunConfig(fits=3))
    refuse_fits(RunConfig(distractors="real"))
    with pytest.raises(FpbenchError, match="3 fits are wanted, but distractors are real"):
        refuse_fits(RunConfig(fits=3, distractors="real"))
    with pytest.raises(FpbenchError, match=r"generator 'g\.safetensors' is fitted already"):
        refuse_fits(RunConfig(fits=3, generator_weights=Path("g.safetensors")))
