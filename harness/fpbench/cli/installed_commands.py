"""Commands that installed distributions bring, by the entry-point group ``fpbench.commands``."""

import importlib.metadata

import click

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import translate_errors

GROUP = "fpbench.commands"


def installed_commands() -> dict[str, list[importlib.metadata.EntryPoint]]:
    """By name, sorted; a name with several entry points is none that can be used."""
    found: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return dict(sorted(found.items()))


def load_command(points: list[importlib.metadata.EntryPoint]) -> click.Command:
    """Import a command, whose module should wait with heavy imports until it runs.

    Raises:
        FpbenchError: It cannot be imported, is no command, or there are several of its name; names
            the distributions.
    """
    name, origins = points[0].name, sorted(map(_distribution, points))
    if len(points) > 1:
        raise FpbenchError(
            f"{' and '.join(origins)} both have a command '{name}'", hint="uninstall one of them"
        )
    with translate_errors(f"plugin '{origins[0]}'", f"importing its command '{name}'"):
        command = points[0].load()
    if not isinstance(command, click.Command):
        raise FpbenchError(
            f"plugin '{origins[0]}' breaks a rule: its command '{name}' is "
            f"{type(command).__name__}, not click.Command",
            hint=f"let the entry point {points[0].value} name a command of click",
        )
    return command


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
