"""Arguments of Python and of the command line become one config."""

from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import NAFP
from fpbench.runs.arguments import config_from_arguments, refuse_out
from fpbench.runs.config import RunConfig


def config(file: Path | None = None, **given: Any) -> RunConfig:
    return config_from_arguments(file, given, "a test")


def test_no_arguments_give_the_defaults() -> None:
    assert config() == RunConfig()
    assert config(sizes=None, weights=None, queries=None) == RunConfig()


@pytest.mark.parametrize(
    "sizes",
    [[1e4, 1e6], (1_000_000, 10_000), "1e4,1M", ["10k", 1e6, 10_000], iter([1e6, 1e4])],
    ids=["floats", "unsorted", "text", "mixed", "once"],
)
def test_sizes_must_be_whole_and_increasing(sizes: Any) -> None:
    assert config(sizes=sizes).sizes == (10_000, 1_000_000)


def test_one_index_needs_no_list() -> None:
    assert config(indexes="ivf").indexes == ("ivf",)
    assert config(indexes=["exact", "ivf"]).indexes == ("exact", "ivf")


def test_track_is_any_time() -> None:
    assert config(tolerance_s="track").tolerance_s is None
    assert config(tolerance_s=1).tolerance_s == 1.0


def test_queries_change_the_recipe() -> None:
    changed = config(queries=7, query_length_s=2.5).recipe
    assert (changed.n_queries, changed.query_length_s) == (7, 2.5)
    assert changed.degradations == NAFP.degradations


def test_a_recipe_is_a_table() -> None:
    recipe = config(recipe={"n_queries": 9, "degradations": [{"name": "gain"}]}, queries=8).recipe
    assert recipe.n_queries == 8
    assert [step.name for step in recipe.degradations] == ["gain"]


def test_options_need_no_quotes() -> None:
    given = config(generator_options={"project": False}, index_options={"ivf": {"nlist": 4}})
    assert given.generator_options == {"project": "false"}
    assert given.index_options == {"ivf": {"nlist": "4"}}


def test_files_may_be_text() -> None:
    assert config(weights="mine.safetensors").weights == Path("mine.safetensors")


def test_arguments_override_a_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("seed = 3\nsizes = [100]\n[recipe]\nn_queries = 5\n")
    given = config(file, seed=4)
    assert (given.seed, given.sizes, given.recipe.n_queries) == (4, (100,), 5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sizes": [1.5]}, "'1.5' is not a database size"),
        ({"seed": "x"}, "a test: field 'seed'"),
        ({"queries": 0}, "a test: n_queries=0"),
        ({"recipe": {"n_queris": 3}}, "a test: .*n_queris"),
        ({"colour": "red"}, "a test: .*colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_wrong_value_is_named_with_its_source(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        config(**given)


def test_a_result_is_json_and_replaces_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot hold a result"):
        refuse_out(tmp_path / "mine.txt")
    (tmp_path / "mine.json").write_text('{"losses": []}')
    with pytest.raises(FpbenchError, match="would be replaced by the result"):
        refuse_out(tmp_path / "mine.json")
    refuse_out(tmp_path / "new.json")
