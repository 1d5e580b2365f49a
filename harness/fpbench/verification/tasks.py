"""Whether a result that names a task has the settings, the data and the queries of that task."""

import re
from collections.abc import Iterator
from functools import cache

from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.loading import PREFIX
from fpbench.results.data import task_version
from fpbench.runs.tasks import fixed_settings, read_task, task_config
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def check_task(submission: Submission) -> Iterator[Problem]:
    """The task is installed here, and everything but the system is as it says."""
    result = submission.result
    named = result.config.get("task")
    if result.task is None:
        if named is not None:
            yield Problem(pointer="/config/task", value=named, rule="the result is of no task")
        return
    name = result.task.name
    if not _is_name_of(named, name):
        yield Problem(pointer="/config/task", value=named, rule=f"the result is of task {name}")
    if not _NAME.fullmatch(name):  # what a result names must never be imported
        rule = "it is the name of a task that is installed"
        yield Problem(pointer="/task/name", value=name, rule=rule)
        return
    try:
        task = read_task(_catalog(), name)
    except FpbenchError as err:
        yield Problem(pointer="/task/name", value=name, rule=f"{err.message} that is installed")
        return
    source = f"task {name}"
    expected = {"content": task.identity, "data": task.data, "queries": task.queries}
    for field, value in expected.items():
        yield from compare(f"/task/{field}", getattr(result.task, field), value, source)
    yield from compare("/task/version", result.task.version, task_version(name), "its name")
    if task.data is not None:
        yield from compare("/data/content", result.data.content, task.data, source)
    if task.queries is not None:
        yield from compare("/queries/content", result.queries.content, task.queries, source)
    fixed = fixed_settings(task_config(name, task).as_json())
    yield from compare("/config", fixed_settings(result.config), fixed, source)


def _is_name_of(named: object, name: str) -> bool:
    """Whether a config names the task; the name of one in a file is only there."""
    return named == name or str(named).startswith(PREFIX)


@cache
def _catalog() -> Catalog:
    return Catalog.load()
