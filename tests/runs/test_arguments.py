"""Arguments of Python and of the command line become one config."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.audio.query_recipe import NAFP
from fpbench.plugin.catalog import Catalog
from fpbench.runs.arguments import as_path, config_from_arguments, refuse_out
from fpbench.runs.config import RunConfig


def config(file: Path | None = None, **given: Any) -> RunConfig:
    return config_from_arguments(file, given, "a test", Catalog.load())


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
    assert config(queries=1e3).recipe.n_queries == 1_000


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
        ({"queries": 2.5}, "a test: field 'queries' cannot be 2.5"),
        ({"indexes": ["ivf", "ivf"]}, "names an index twice"),
        ({"queries": "5"}, "a test: field 'queries' cannot be '5'"),
        ({"query_length_s": True}, "a test: field 'query_length_s' cannot be True"),
        ({"query_lengths_s": [True, 2]}, r"a test: query_lengths_s cannot be \[True, 2\]"),
        ({"query_lengths_s": "3,1"}, "are not positive and increasing"),
        ({"query_lengths_s": "1,1e10"}, r"a test: query_lengths_s=.* is above 1,000,000,000"),
        ({"query_lengths_s": [10**400]}, "a test: query_lengths_s cannot be"),
        ({"query_lengths_s": "1,,2"}, "a test: query_lengths_s cannot be '1,,2'"),
        ({"sizes": 5}, "a test: sizes cannot be 5"),
        ({"sizes": [""]}, "'' is not a database size"),
        ({"indexes": 5}, "a test: indexes cannot be 5"),
        ({"weights": 5}, "a test: weights cannot be 5"),
        ({"weights": ""}, "a test: weights cannot be ''"),
        ({"queries": 10**30}, "a test: n_queries=1.* is above 1,000,000,000,000"),
        ({"queries": 10**9}, "a test: n_queries=1000000000 is above 1,000,000"),
        ({"query_length_s": 1e300}, "a test: query_length_s=1e.300 is above 1,000,000,000"),
        ({"recipe": {"grid_s": 1e300}}, "a test: .*grid_s=1e.300 is above 1,000,000,000"),
        ({"seed": 10**30}, "a test: seed=1.* has more than 63 bits"),
        ({"fingerprinter_options": 5}, "a test: field 'fingerprinter_options' cannot be 5"),
        ({"recipe": {"n_queris": 3}}, "a test: .*n_queris"),
        ({"colour": "red"}, "a test: .*colour"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_wrong_value_is_named_with_its_source(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        config(**given)


@pytest.mark.parametrize(
    "given", [{"seed": "x"}, {"seed": -1}, {"dtype": "x"}, {"device": 5}, {"recipe": 5}]
)
def test_the_file_is_not_blamed_for_an_argument(tmp_path: Path, given: dict[str, Any]) -> None:
    (tmp_path / "run.toml").write_text("seed = 3\ndtype = 'auto'\n")
    with pytest.raises(FpbenchError, match=rf"^a test: .*{next(iter(given))}"):
        config(tmp_path / "run.toml", **given)


@pytest.mark.parametrize("line", ["seed = 'x'", "seed = -1", "dtype = 'x'", "device = 5"])
def test_the_file_is_blamed_for_its_values(tmp_path: Path, line: str) -> None:
    (tmp_path / "run.toml").write_text(line)
    with pytest.raises(FpbenchError, match=rf"run\.toml: .*{line.split(maxsplit=1)[0]}"):
        config(tmp_path / "run.toml", queries=5)


def test_numbers_may_be_those_of_numpy() -> None:
    given = config(
        seed=np.int64(3),
        queries=np.int64(7),
        query_length_s=np.float32(2),
        tolerance_s=np.float32(0.5),
        index_options={"ivf": {"nlist": np.int64(4)}},
    )
    assert given == config(
        seed=3,
        queries=7,
        query_length_s=2.0,
        tolerance_s=0.5,
        index_options={"ivf": {"nlist": 4}},
    )


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config(weights="~/a b.safetensors").weights == tmp_path / "a b.safetensors"
    assert as_path("~name", "out", "a test") == Path("~name")


def test_a_result_is_json_and_replaces_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot hold a result"):
        refuse_out(tmp_path / "mine.txt")
    (tmp_path / "mine.json").write_text('{"losses": []}')
    with pytest.raises(FpbenchError, match="would be replaced by the result"):
        refuse_out(tmp_path / "mine.json")
    refuse_out(tmp_path / "new.json")


@pytest.mark.parametrize("letter", ["|", "<", ">", "\\", "\n", "\x1b", "\u202e", "\udcff"])
def test_a_name_that_no_result_can_hold_is_refused_before_the_work(letter: str) -> None:
    with pytest.raises(FpbenchError, match="cannot name a result") as err:
        refuse_out(Path(f"runs/a{letter}b.json"))
    assert err.value.message.isprintable()
    refuse_out(Path("runs/na\u00efve \u97f3 (2).json"))


def test_the_longest_of_several_lengths_is_that_of_the_recipe(tmp_path: Path) -> None:
    several = config(query_lengths_s="1,2.5")
    assert several.query_lengths_s == (1.0, 2.5)
    assert several.recipe.query_length_s == 2.5
    with pytest.raises(FpbenchError, match="queries of 2 s are not the longest"):
        config(query_lengths_s=[1, 3], query_length_s=2)
    file = tmp_path / "c.toml"
    file.write_text("query_lengths_s = [1.0, 3.0]")
    assert config(file).recipe.query_length_s == 3.0
    single = config(file, query_length_s=2)  # an argument replaces what the file says
    assert (single.query_lengths_s, single.recipe.query_length_s) == ((), 2.0)
