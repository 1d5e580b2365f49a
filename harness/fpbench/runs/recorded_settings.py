"""Settings as results record them, without the folders of the user's machine, and back."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fpbench.errors import FpbenchError
from fpbench.folder_names import record_setting
from fpbench.plugin.index_names import index_base

LEFT_OUT = "folders_left_out"
"""Field of a recorded config: names of the settings of which only the last part is recorded."""

_OPTIONS = {
    "dataset": "--dataset",
    "fingerprinter": "--fingerprinter",
    "generator": "--generator",
    "indexes": "--index",
}


def record_settings(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Settings without the user's folders.

    Returns:
        The settings, and the names of those that no longer name a file from the current folder.
        Names of nested ones have dots, such as ``recipe.degradations.0.folder``.
    """
    left_out: list[str] = []

    def record(value: Any, name: str) -> Any:
        if isinstance(value, str):
            recorded = record_setting(value)
            left_out.extend([] if recorded.complete else [name])
            return recorded.text
        if isinstance(value, Mapping):
            return {key: record(part, f"{name}.{key}") for key, part in value.items()}
        if isinstance(value, list | tuple):
            parts = [record(part, f"{name}.{place}") for place, part in enumerate(value)]
            return parts if isinstance(value, list) else tuple(parts)
        return value

    return {name: record(value, name) for name, value in settings.items()}, left_out


def restore_settings(
    result: Path, settings: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings of a result, with files found again whose folders it does not record.

    Such a file is looked for in the current folder, then beside the result.

    Args:
        result: The result file.
        settings: Its config.
        overrides: Arguments, which replace settings.

    Raises:
        FpbenchError: A file is in neither, and no argument replaces the setting.
    """
    restored = copy.deepcopy(dict(settings))
    names = restored.pop(LEFT_OUT, [])
    for name in names if isinstance(names, list) else []:
        top, *inner = str(name).split(".")
        if overrides.get(top) is not None:
            continue
        table: Any = restored
        keys = [int(key) if key.isdecimal() else key for key in (top, *inner)]
        try:
            for key in keys[:-1]:
                table = table[key]
            table[keys[-1]] = _find(result, str(table[keys[-1]]), str(name))
        except (KeyError, IndexError, TypeError) as err:
            raise FpbenchError(
                f"{result}: {LEFT_OUT} names '{name}', which is not in the config",
                hint="run `fpbench run` again, and do not edit what it writes",
            ) from err
    return restored


def _find(result: Path, recorded: str, name: str) -> str:
    top = name.partition(".")[0]
    named = index_base(recorded) if top == "indexes" else recorded
    start, colon, path = named.rpartition(":")
    for folder in (Path(), result.parent):
        if path != "." and (folder / path).exists():
            return f"{start}{colon}{folder / path}{recorded.removeprefix(named)}"
    option = _OPTIONS.get(top)
    raise FpbenchError(
        f"{result} was made with the {name.replace('_', ' ')} '{recorded}', and does not say in "
        "which folder it was",
        hint=f"give it with {option} {start}{colon}PATH, or run in the folder that holds it"
        if option
        else "run in the folder that holds it, or name it in a TOML file of settings",
    )
