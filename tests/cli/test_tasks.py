"""``fpbench tasks`` lists and shows tasks; ``fpbench run --task`` says that a result is of one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result

TASK = """
from fpbench import Entry, Task, hookimpl

SETTINGS = {{
    "dataset": "folder",
    "distractors": "real",
    "sizes": [100],
    "recipe": {{"n_queries": 10, "max_offset_s": 0, "degradations": [{{"name": "gain"}}]}},
}}

@hookimpl
def fpbench_tasks():
    return [Entry(name="few-v1", summary="few", create=lambda _: Task(settings=SETTINGS{more}))]
"""


def test_lists_tasks_with_what_they_need() -> None:
    shown = CliRunner().invoke(main, ["tasks"])
    assert shown.exit_code == 0
    assert "demo-v1" in shown.stdout
    assert "CC0" in shown.stdout


def test_shows_every_setting() -> None:
    shown = CliRunner().invoke(main, ["tasks", "show", "demo-v1"])
    assert shown.exit_code == 0
    assert "recipe.degradations.0.max_snr_db" in shown.stdout
    assert "hash of its queries" in shown.stdout


@pytest.mark.slow
def test_a_run_of_a_task_says_so_until_its_settings_change(
    run: Callable[..., Result], music: Path, tmp_path: Path, small_sketch: str
) -> None:
    (tmp_path / "few.py").write_text(TASK.format(more=""))
    own = ["--fingerprinter", small_sketch, "--dataset", f"folder:{music}"]
    shown = run("--task", f"plugin:{tmp_path / 'few.py'}", *own)
    assert shown.exit_code == 0, shown.stderr
    result = read_result(tmp_path / "out" / "result.json")
    assert result.task is not None
    assert result.task.name == "few-v1"
    assert result.queries.content is not None

    (tmp_path / "few.py").write_text(TASK.format(more=', queries="others"'))
    shown = run("--task", f"plugin:{tmp_path / 'few.py'}", *own)
    assert shown.exit_code == 2
    assert "the queries of" in shown.stderr
