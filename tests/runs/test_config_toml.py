"""A written config has every setting, and is read as the same config."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FpbenchError
from fpbench.audio.query_recipe import NAFP, Step
from fpbench.evidence.files import evidence_name
from fpbench.runs.config import RunConfig, read_config
from fpbench.runs.config_toml import config_to_toml, write_config


def are_told_apart(indexes: tuple[str, ...]) -> bool:
    return len({evidence_name("", name, "") for name in indexes}) == len(indexes)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
options = st.dictionaries(texts, texts, max_size=2)
steps = st.lists(st.tuples(texts, st.dictionaries(texts.filter(lambda k: k != "name"), texts)))
recipes = st.fixed_dictionaries(
    {
        "n_queries": st.integers(1, 10**6),
        "query_length_s": st.floats(0.01, 1e3),
        "max_offset_s": st.floats(0, 0.25),
        "sample_rate_hz": st.integers(1, 192_000),
    }
)
settings = st.fixed_dictionaries(
    {
        "fingerprinter": texts,
        "dataset": texts,
        "sizes": st.sets(st.integers(1, 10**12), max_size=3).map(sorted).map(tuple),
        "indexes": st.sets(texts, min_size=1, max_size=2)
        .map(sorted)
        .map(tuple)
        .filter(are_told_apart),
        "tolerance_s": st.none() | st.floats(0, 1e6),
        "seed": st.integers(0, 2**63 - 1),
        "fingerprinter_options": options,
        "generator_options": options,
        "dataset_options": options,
        "index_options": st.dictionaries(texts, options, max_size=2),
    }
)


@given(of_run=settings, of_recipe=recipes, chain=steps)
@pytest.mark.slow
def test_every_config_is_read_as_it_was_written(
    of_run: dict[str, Any],
    of_recipe: dict[str, Any],
    chain: list[tuple[str, dict[str, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    degradations = tuple(Step(name=name, options=its) for name, its in chain)
    recipe = replace(NAFP, **of_recipe, degradations=degradations)
    config = RunConfig(**of_run, recipe=recipe, recipe_given=frozenset(of_recipe))
    path = tmp_path_factory.getbasetemp() / "config.toml"
    path.write_text(config_to_toml(config, path.parent), encoding="utf-8")
    again = read_config(path, {})
    assert again == config
    assert again.recipe_given >= config.recipe_given


def test_the_default_names_every_setting() -> None:
    text = config_to_toml(RunConfig(), Path())
    names = {f.name for f in (*fields(RunConfig), *fields(NAFP))} - {"recipe_given"}
    for name in names:
        assert re.search(rf"^(# )?\[*(recipe\.)?{name}\b", text, re.MULTILINE), name


def test_a_recipe_that_was_not_given_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    recipe = replace(NAFP, query_length_s=2.0)
    write_config(RunConfig(recipe=recipe, recipe_given=frozenset({"query_length_s"})), path)
    assert read_config(path, {}).recipe_given == {"query_length_s"}


def test_weights_keep_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_config(RunConfig(weights=Path("model/w.safetensors")), Path("configs/run.toml"))
    weights = read_config(Path("configs/run.toml"), {}).weights
    assert weights is not None
    assert weights.resolve() == tmp_path / "model" / "w.safetensors"


def test_refuses_a_file_that_exists_or_has_another_suffix(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("# mine")
    with pytest.raises(FpbenchError, match="exists already"):
        write_config(RunConfig(), path)
    assert path.read_text() == "# mine"
    with pytest.raises(FpbenchError, match="cannot hold a config"):
        write_config(RunConfig(), tmp_path / "run.json")
