"""``fpbench plugins``."""

from collections.abc import Sequence

import click
from tabulate import tabulate

from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.conversion import suggest
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import KINDS, Catalog, Offer
from fpbench.plugin.loading import PREFIX
from fpbench.plugin.options import list_settings

_HOW_TO_SET = {
    "fingerprinter": "--set KEY=VALUE of `fpbench run`, or [fingerprinter_options] in a config "
    "file",
    "generator": "--set KEY=VALUE of `fpbench fit`, or [generator_options] in a config file",
    "index": "[index_options.{name}] in a config file",
    "dataset": "[dataset_options] in a config file",
    "degradation": '[[recipe.degradations]] in a config file, with name = "{name}"',
    "trainable": "--set KEY=VALUE of `fpbench train`",
    "task": "nothing: a task with other settings is no longer the task",
    "builder": "--set KEY=VALUE of `fpbench data build`",
}
"""Where a user sets the options of each kind of part."""

_MEANING_WIDTH = 60


@click.command(cls=PluginCommand)
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(list(KINDS)), help="List only this kind.")
@click.option("--details", is_flag=True, help="Also show papers, sources and licences.")
def plugins(name: str | None, kind: str | None, *, details: bool) -> None:
    """List all fingerprinters, datasets, generators and other plugin parts, with their package.

    With NAME, such as noise or plugin:mymodel, show the settings of that part with units and
    defaults.

    Plugins of other people appear here after `pip install`. A module in this folder needs no
    installation: name it as `plugin:mymodel`.
    """
    catalog = Catalog.load()
    kinds = [kind] if kind else list(KINDS)
    if name is not None:
        write_result("\n\n".join(describe_part(offer) for offer in _named(name, kinds, catalog)))
        return
    offers = [offer for one in kinds for offer in catalog.offers(one)]
    rows = [(o.kind, o.entry.written, o.entry.summary, _origin(o)) for o in offers]
    write_result(tabulate(rows, headers=("kind", "name", "summary", "from"), tablefmt="simple"))
    if details:
        for offer in offers:
            if offer.entry.details:
                write_result(f"\n{offer.kind} {offer.entry.name}")
                write_result(tabulate(list(offer.entry.details.items()), tablefmt="plain"))
    for fault in catalog.faults:
        say(f"\nError: {fault.error.message}")
        if fault.error.hint:
            say(f"Hint: {fault.error.hint}")
    if catalog.faults:
        raise SystemExit(1)


def describe_part(offer: Offer) -> str:
    """What a part is, its details, and a table of its settings."""
    lines = [f"{offer.kind} {offer.entry.written}: {offer.entry.summary} ({_origin(offer)})"]
    if offer.entry.details:
        lines.append(tabulate(list(offer.entry.details.items()), tablefmt="plain"))
    settings = list_settings(offer.entry.create, offer.entry.argument)
    if settings is None:
        lines.append("Its settings are not known here; a run with a wrong one names them.")
    elif not settings:
        lines.append("It has no settings.")
    else:
        rows = [(s.name, s.default, s.unit, s.takes, s.meaning) for s in settings]
        headers = ("setting", "default", "unit", "takes", "meaning")
        widths = (None, 24, None, 28, _MEANING_WIDTH)
        lines.append(
            tabulate(
                rows,
                headers=headers,
                tablefmt="simple",
                maxcolwidths=widths,
                disable_numparse=True,
            )
        )
        lines.append(f"Set with {_HOW_TO_SET[offer.kind].format(name=offer.entry.name)}.")
    return "\n\n".join(lines)


def _named(name: str, kinds: Sequence[str], catalog: Catalog) -> list[Offer]:
    """The parts with a name, of any of the kinds.

    Raises:
        FpbenchError: There is none, or its plugin is broken.
    """
    if name.startswith(PREFIX):
        return catalog.plugin_offers(name, kinds)
    offers = [offer for kind in kinds for offer in catalog.offers(kind)]
    named = [offer for offer in offers if offer.entry.name == name.partition(":")[0]]
    if not named:
        for fault in catalog.faults:
            if fault.plugin.replace("_", "-") == name:
                raise fault.error
        hint = suggest(name, {offer.entry.name for offer in offers})
        raise FpbenchError(
            f"no plugin part is called '{name}'", hint=f"{hint}run `fpbench plugins` for a list"
        )
    return named


def _origin(offer: Offer) -> str:
    return f"{offer.source.distribution} {offer.source.version}"
