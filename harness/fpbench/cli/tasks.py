"""``fpbench tasks``."""

import json
from collections.abc import Iterator, Mapping

import click
from tabulate import tabulate

from fpbench.cli.groups import CommandGroup
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.plugin.catalog import Catalog, Offer
from fpbench.runs.tasks import read_task

_SHOWN = ("Data", "Licence", "Time")


@click.group(cls=CommandGroup, invoke_without_command=True)
@click.pass_context
def tasks(context: click.Context) -> None:
    """List the tasks: named settings of a run, so that results can be compared.

    \b
    fpbench tasks                        all tasks, with the data, licence and time of each
    fpbench tasks show demo-v1           its settings
    fpbench run --task demo-v1 --fingerprinter plugin:mymodel

    A task fixes everything but the system: data, queries, distractors, sizes, indexes and seed.
    """
    if context.invoked_subcommand is None:
        offers = Catalog.load().offers("task")
        rows = [(o.entry.name, o.entry.summary, *_details(o)) for o in offers]
        headers = ("task", "summary", *(name.lower() for name in _SHOWN))
        widths = (None, 44, 32, 20, 24)
        write_result(tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=widths))


@tasks.command(cls=PluginCommand)
@click.argument("name")
def show(name: str) -> None:
    """Show what a task needs, its hashes, and all of its settings."""
    catalog = Catalog.load()
    offer, _ = catalog.offer("task", name)
    task = read_task(catalog, name)
    known = {
        "from": f"{offer.source.distribution} {offer.source.version}",
        "hash of the task": task.identity,
        "hash of its data": task.data or "not fixed",
        "hash of its queries": task.queries or "not fixed",
    }
    write_result(f"task {offer.entry.name}: {offer.entry.summary}")
    write_result(tabulate([*offer.entry.details.items(), *known.items()], tablefmt="plain"))
    rows = list(_flatten(task.settings))
    write_result("")
    write_result(tabulate(rows, headers=("setting", "value"), tablefmt="simple"))
    write_result(
        "\nAll other settings are the user's: --fingerprinter, --weights, --set, --dtype; and the "
        "folder of a dataset that needs one."
    )


def _details(offer: Offer) -> list[str]:
    return [offer.entry.details.get(name, "") for name in _SHOWN]


def _flatten(settings: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    """Every setting by its path, as in TOML."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{path}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            for place, one in enumerate(value):
                yield from _flatten(one, f"{path}{name}.{place}.")
        else:
            yield f"{path}{name}", json.dumps(value, ensure_ascii=False)
