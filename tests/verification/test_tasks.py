"""A result that names a task has its settings, its data and its queries."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fpbench.plugin.catalog import Catalog
from fpbench.runs.config import RunConfig
from fpbench.runs.tasks import task_config

Document = dict[str, Any]
NAME = "demo-v1"
TASK = Catalog.load().task(NAME)


def of_task(document: Document) -> None:
    """Everything that says which task it is; the curves are checked elsewhere."""
    settings = json.loads(json.dumps(task_config(NAME, TASK).as_json()))
    system = {"fingerprinter": "spectral-sketch", "dtype": RunConfig().dtype}
    document["config"] = settings | system
    document["task"] = {
        "name": NAME,
        "version": 1,
        "content": TASK.identity,
        "data": TASK.data,
        "queries": TASK.queries,
    }
    document["data"]["content"] = TASK.data
    document["queries"]["content"] = TASK.queries


def problems_of_task(found: str) -> list[str]:
    return [line for line in found.splitlines() if f"task {NAME}" in line or "task" in line[:12]]


@pytest.fixture
def task_result(result: Path, alter: Callable[..., None]) -> Path:
    alter(result, of_task)
    return result


def test_a_run_of_a_task_is_accepted(task_result: Path, problems: Callable[[Path], str]) -> None:
    assert problems_of_task(problems(task_result)) == []


def other_seed(document: Document) -> None:
    document["config"]["seed"] = 1


def other_generator(document: Document) -> None:
    document["config"]["generator_weights"] = "mine.safetensors"


def other_data(document: Document) -> None:
    document["data"]["content"] = "mine"


def other_queries(document: Document) -> None:
    document["queries"]["content"] = "mine"


def other_task(document: Document) -> None:
    document["task"]["content"] = "mine"


def other_expectations(document: Document) -> None:
    document["task"]["data"] = document["data"]["content"] = "mine"


def other_version(document: Document) -> None:
    document["task"]["version"] = 2


def unknown_task(document: Document) -> None:
    document["task"]["name"] = document["config"]["task"] = "demo-v0"


def only_in_the_config(document: Document) -> None:
    del document["task"]


def not_in_the_config(document: Document) -> None:
    del document["config"]["task"]


LIES = {
    other_seed: f"/config/seed is 1: task {NAME} gives 0",
    other_generator: f'/config/generator_weights is "mine.safetensors": task {NAME} gives null',
    other_data: f'/data/content is "mine": task {NAME} gives "{TASK.data}"',
    other_queries: f'/queries/content is "mine": task {NAME} gives "{TASK.queries}"',
    other_task: f'/task/content is "mine": task {NAME} gives "{TASK.identity}"',
    other_expectations: f'/task/data is "mine": task {NAME} gives "{TASK.data}"',
    other_version: "/task/version is 2: its name gives 1",
    unknown_task: "/task/name is \"demo-v0\": no task is called 'demo-v0' that is installed",
    only_in_the_config: f'/config/task is "{NAME}": the result is of no task',
    not_in_the_config: f"/config/task is null: the result is of task {NAME}",
}


@pytest.mark.parametrize(("lie", "line"), LIES.items(), ids=[lie.__name__ for lie in LIES])
def test_a_lie_is_found(
    task_result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    lie: Callable[[Document], None],
    line: str,
) -> None:
    alter(task_result, lie)
    assert line in problems(task_result).splitlines()


@pytest.mark.parametrize("name", ["plugin:evil.py", "plugin:evil", "demo-v1:x", "../evil"])
def test_nothing_that_a_result_names_is_imported(
    task_result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evil = task_result.with_name("evil.py")
    evil.write_text("from pathlib import Path\nPath(__file__).with_name('ran').touch()\n")
    monkeypatch.chdir(task_result.parent)
    monkeypatch.syspath_prepend(task_result.parent)

    def name_it(document: Document) -> None:
        document["task"]["name"] = document["config"]["task"] = name
        document["config"]["fingerprinter"] = document["config"]["generator"] = name

    alter(task_result, name_it)
    assert "it is the name of a task that is installed" in problems(task_result)
    assert not evil.with_name("ran").exists()
