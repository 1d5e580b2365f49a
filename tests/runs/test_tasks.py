"""A run of a task has all of its settings, its data and its queries."""

from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError, Task
from fpbench.plugin.catalog import Catalog
from fpbench.results.data import DataInfo, QueryInfo, TaskInfo
from fpbench.runs.arguments import config_from_arguments
from fpbench.runs.config import RunConfig
from fpbench.runs.tasks import describe_task, read_task, task_settings

TASK = """
from fpbench import Entry, hookimpl, task_from_toml

SETTINGS = '''
dataset = "folder"
tolerance_s = "track"
sizes = [100]
index_options.ivf.nlist = 4

[recipe]
n_queries = 9
'''

@hookimpl
def fpbench_tasks():
    return [Entry(name="few-v1", summary="few", create=lambda _: task_from_toml(SETTINGS))]
"""


@pytest.fixture
def few(tmp_path: Path) -> str:
    (tmp_path / "few.py").write_text(TASK)
    return f"plugin:{tmp_path / 'few.py'}"


def config(**given: Any) -> RunConfig:
    return config_from_arguments(None, given, "a test", Catalog.load())


def test_a_task_gives_the_settings(few: str) -> None:
    settings = config(task=few)
    assert settings.task == few
    assert (settings.dataset, settings.tolerance_s, settings.sizes) == ("folder", None, (100,))
    assert settings.recipe.n_queries == 9
    assert settings.index_options == {"ivf": {"nlist": "4"}}


@pytest.mark.parametrize(
    "own",
    [
        {"fingerprinter": "random", "dtype": "bfloat16"},
        {"fingerprinter_options": {"dim": 4}},
        {"dataset": "folder:music"},
        {"sizes": [100], "queries": 9},
    ],
    ids=["system", "options", "folder", "equal"],
)
def test_the_system_and_the_folder_are_the_users(few: str, own: dict[str, Any]) -> None:
    assert config(task=few, **own).task == few


@pytest.mark.parametrize(
    "own",
    [{"seed": 1}, {"queries": 8}, {"dataset": "demo"}, {"tolerance_s": 0.5}],
    ids=["seed", "queries", "dataset", "tolerance"],
)
def test_another_setting_makes_a_free_run(
    few: str, own: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert config(task=few, **own).task is None
    assert f"this is not task {few} any more" in caplog.text


def test_a_file_may_name_the_task(few: str, tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(f'task = "{few}"\nfingerprinter = "random"\n')
    settings = config_from_arguments(file, {}, "a test", Catalog.load())
    assert (settings.task, settings.sizes, settings.fingerprinter) == (few, (100,), "random")


def test_a_task_cannot_choose_the_system() -> None:
    with pytest.raises(FpbenchError, match="task 'x' sets weights, which is the user's choice"):
        task_settings("x", Task(settings={"weights": "w"}))


MALFORMED = """
from datetime import date
from fpbench import Entry, Task, hookimpl, task_from_toml

@hookimpl
def fpbench_tasks():
    return [Entry(name="bad-v1", summary="bad", create=lambda _: {task})]
"""


@pytest.mark.parametrize(
    ("task", "message"),
    [
        pytest.param("task_from_toml('task = 1')", "creating task 'bad-v1'.*task is 1", id="table"),
        pytest.param("task_from_toml('= 1')", "creating task 'bad-v1'.*line 1", id="no TOML"),
        pytest.param("task_from_toml('sizes = 5')", "'sizes' cannot be 5", id="sizes"),
        pytest.param("task_from_toml('n = 5')", "no field is called 'n'", id="unknown"),
        pytest.param("task_from_toml('seed = nan')", "seed is nan", id="NaN"),
        pytest.param("task_from_toml('seed = 1999-01-01')", "seed is datetime.date", id="date"),
        pytest.param("task_from_toml('[recipe]\\nn = 1')", "'recipe.n'", id="recipe"),
        pytest.param("task_from_toml('device = \"cpu\"')", "sets device", id="system"),
        pytest.param("Task(settings={'task': 'demo-v1'})", "'bad-v1' sets task", id="other task"),
        pytest.param("Task(settings=3)", "settings", id="settings"),
        pytest.param("Task(settings={}, data=3)", "data", id="hash"),
        pytest.param("None", "has no ", id="no task"),
    ],
)
def test_a_malformed_task_is_an_error_of_its_plugin(
    task: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(MALFORMED.format(task=task))
    with pytest.raises(FpbenchError, match=rf"(?s)plugin '.*bad\.py' .*{message}"):
        read_task(Catalog.load(), f"plugin:{file}")


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(FpbenchError, match="no task is called 'demo-v0'") as refusal:
        config(task="demo-v0")
    assert refusal.value.hint == "did you mean 'demo-v1'?"


DATA = DataInfo(
    name="folder",
    reference_tracks=1,
    reference_fingerprints=1,
    reference_hours=1.0,
    distractor_tracks=0,
    distractor_fingerprints=0,
    distractor_hours=0.0,
    skipped=[],
    content="d",
)
QUERIES = QueryInfo(n=1, tracks=1, length_s=1.0, recipe={}, content="q")


def test_a_result_says_which_task_it_is_of() -> None:
    task = Task(settings={}, data="d", queries="q")
    assert describe_task("x", task, DATA, QUERIES) == TaskInfo(
        name="x", version=None, content=task.identity, data=task.data, queries=task.queries
    )
    anything = Task(settings={})
    assert describe_task("x", anything, DATA, QUERIES).content == anything.identity


@pytest.mark.parametrize("expected", [{"data": "e"}, {"queries": "e"}], ids=["data", "queries"])
def test_other_data_or_queries_are_refused(expected: dict[str, str]) -> None:
    with pytest.raises(FpbenchError, match=r"of 'folder' are not those of task x: .*, not e"):
        describe_task("x", Task(settings={}, **expected), DATA, QUERIES)
