"""A task is its settings and what it expects of data and queries."""

import pytest

from fpbench import Task, task_from_toml
from fpbench.plugin.catalog import Catalog


def test_a_task_is_read_from_toml() -> None:
    task = task_from_toml('dataset = "demo"\nseed = 1\n[task]\ndata = "d"\nqueries = "q"\n')
    assert task == Task(settings={"dataset": "demo", "seed": 1}, data="d", queries="q")


def test_what_nothing_reads_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\['dat'\], which nothing reads"):
        task_from_toml('[task]\ndat = "d"\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('task = "x"', "task is 'x', not a table", id="text"),
        pytest.param("task = [1]", r"task is \[1\], not a table", id="list"),
        pytest.param("[task]\ndata = 3", r"\[task\] data is 3, not a hash", id="number"),
        pytest.param('[task]\nqueries = ""', r"\[task\] queries is '', not a hash", id="empty"),
        pytest.param("a = " + "[" * 2000, "nested too deeply", id="depth"),
    ],
)
def test_a_malformed_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        task_from_toml(text)


def test_another_setting_or_hash_is_another_task() -> None:
    task = Task(settings={"seed": 1}, data="d")
    others = [Task(settings={"seed": 2}, data="d"), Task(settings={"seed": 1}, data="e")]
    assert task.identity == Task(settings={"seed": 1}, data="d").identity
    assert len({task.identity, *(other.identity for other in others)}) == 3


def test_bundled_tasks_never_change() -> None:
    catalog = Catalog.load()
    identities = {o.entry.name: catalog.task(o.entry.name).identity for o in catalog.offers("task")}
    assert identities == {
        "demo-v1": "dd8782af157047eeb24bb94a6dfb528c",
        "fma-large-v1": "71334285a0c90cdfc377bbb5b35a84de",
        "fma-medium-v1": "4b9d20d40c175ae9d992da4b5adf49dc",
        "fma-small-v1": "d3e9ecf081b7145287e3b7474930f8ab",
        "open-music-v1": "82b4786d1691bfd9e36f9429bf2a7876",
    }
