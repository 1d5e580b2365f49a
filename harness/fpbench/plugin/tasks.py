"""Tasks: named settings of a run, so that everybody measures the same."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fpbench.hashing import content_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything of a run but the system: data, queries, distractors, sizes, indexes and seed.

    A task never changes once results of it are published. A better one gets a new name, which is
    why names end in a version: ``demo-v1``.

    Args:
        settings: Settings of the run, as in a TOML file for ``fpbench run --config``; those of the
            system are not among them. A dataset that needs a folder is named without it, and the
            user gives it: ``fma``.
        data: Expected hash of all recordings, the field ``data.content`` of results; None accepts
            any.
        queries: Expected hash of the queries, the field ``queries.content`` of results; None
            accepts any.
    """

    settings: Mapping[str, Any]
    data: str | None = None
    queries: str | None = None

    @property
    def identity(self) -> str:
        """A hash of its settings and of what it expects."""
        return content_key(settings=self.settings, data=self.data, queries=self.queries)


def task_from_toml(text: str) -> Task:
    """A task from a TOML file of settings, whose table ``[task]`` has ``data`` and ``queries``.

    The table holds nothing that is only shown, such as licence and time: these are ``details`` of
    the task's entry, so that they can be corrected without another identity.

    Raises:
        ValueError: The text is not TOML, or the table has something else.
    """
    try:
        settings = tomllib.loads(text)
    except RecursionError as err:
        raise ValueError("its tables are nested too deeply") from err
    expected = settings.pop("task", {})
    if not isinstance(expected, dict):
        raise ValueError(f"task is {expected!r}, not a table with data and queries")
    unknown = expected.keys() - {"data", "queries"}
    if unknown:
        raise ValueError(f"[task] has {sorted(unknown)}, which nothing reads")
    for name, value in expected.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"[task] {name} is {value!r}, not a hash")
    return Task(settings=settings, **expected)
