"""Runs of a task: its settings, and whether a run has kept all of them."""

from collections.abc import Mapping
from dataclasses import replace
from logging import getLogger
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.hashing import content_key
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.tasks import Task
from fpbench.results.data import DataInfo, QueryInfo, TaskInfo, task_version
from fpbench.runs.config import RunConfig, read_config

logger = getLogger(__name__)

OF_THE_SYSTEM = ("fingerprinter", "weights", "fingerprinter_options", "name", "device", "dtype")
"""Settings of a run that a task leaves to the user."""

_OF_THE_RECORD = ("task", "folders_left_out")


def read_task(catalog: Catalog, name: str) -> Task:
    """A task, all of whose settings are valid.

    Args:
        catalog: Knows the tasks.
        name: Name of the task, or ``plugin:...``.

    Raises:
        FpbenchError: No task has that name, or the task is malformed; the message then names its
            plugin, the setting and its value.
    """
    task = catalog.task(name)
    offer, _ = catalog.offer("task", name)
    plugin = offer.source.plugin
    try:
        _refuse_wrong_types(task)
        task_config(offer.entry.name, task)
    except FpbenchError as err:
        raise FpbenchError(
            f"plugin '{plugin}' breaks a rule: {err.message}", hint=f"correct the task: {err.hint}"
        ) from err
    return task


def _refuse_wrong_types(task: Task) -> None:
    """Refuse fields that a plugin set in Python without a look at their types."""
    for field, value in (("data", task.data), ("queries", task.queries)):
        if value is not None and not isinstance(value, str):
            raise FpbenchError(
                f"the task's {field} is {value!r}, not a hash", hint="give text or None"
            )
    if not isinstance(task.settings, Mapping):
        raise FpbenchError(
            f"the task's settings are {task.settings!r}, not a table", hint="give a mapping"
        )
    for name, value in task.settings.items():
        try:
            content_key(**{str(name): value})
        except (TypeError, ValueError, RecursionError) as err:  # dates, and numbers without end
            raise FpbenchError(
                f"the task's setting {name} is {value!r:.200}, which no setting can be",
                hint="use text, finite numbers, lists and tables",
            ) from err


def task_settings(name: str, task: Task) -> Mapping[str, Any]:
    """Settings of a task as a table that a config file could have.

    Raises:
        FpbenchError: The task names a system, which is a fault of its plugin.
    """
    named = [setting for setting in ("task", *OF_THE_SYSTEM) if setting in task.settings]
    if named:
        raise FpbenchError(
            f"task '{name}' sets {named[0]}, which is the user's choice",
            hint="take it out of the task's settings",
        )
    return {"task": name, **task.settings}


def task_config(name: str, task: Task) -> RunConfig:
    """The settings of a run of the task by the default system.

    Raises:
        FpbenchError: The task has a setting that no run has, which is a fault of its plugin.
    """
    return read_config(
        None, {"task": name}, f"task {name}", of_task=lambda _: task_settings(name, task)
    )


def fixed_settings(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Of a config as results record it, the settings that a task fixes.

    The folder of a dataset is the user's; its content is compared when it has been read.
    """
    users = (*OF_THE_SYSTEM, *_OF_THE_RECORD)
    fixed = {name: value for name, value in recorded.items() if name not in users}
    return fixed | {"dataset": str(fixed.get("dataset")).partition(":")[0]}


def claim_task(config: RunConfig, task: Task) -> RunConfig:
    """Keep the name of the task if the run has all of its settings, or else say what differs.

    Args:
        config: Settings of the run, whose field ``task`` is set.
        task: The task of that name.

    Returns:
        The settings, without ``task`` if another setting differs: a free run.
    """
    name = str(config.task)
    own = fixed_settings(config.as_json())
    fixed = fixed_settings(task_config(name, task).as_json())
    changed = sorted(key for key in own.keys() | fixed.keys() if own.get(key) != fixed.get(key))
    if not changed:
        return config
    logger.warning(
        "this is not task %s any more, and no table of that task will show the result: "
        "%s differs from the task's",
        name,
        " and ".join(changed),
    )
    return replace(config, task=None)


def describe_task(name: str, task: Task, data: DataInfo, queries: QueryInfo) -> TaskInfo:
    """The task of a run for its result.

    Raises:
        FpbenchError: The recordings or the queries are not those of the task.
    """
    for what, found, expected in (
        ("recordings", data.content, task.data),
        ("queries", queries.content, task.queries),
    ):
        if expected is not None and found != expected:
            skipped = f", and {len(data.skipped)} recordings are skipped" if data.skipped else ""
            raise FpbenchError(
                f"the {what} of '{data.name}' are not those of task {name}: their hash is {found}, "
                f"not {expected}{skipped}",
                hint="download the dataset again, or leave --task out: a run of other data is not "
                "a run of the task",
            )
    return TaskInfo(
        name=name,
        version=task_version(name),
        content=task.identity,
        data=task.data,
        queries=task.queries,
    )
