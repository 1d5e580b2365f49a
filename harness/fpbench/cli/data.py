"""``fpbench data``."""

import shutil
from pathlib import Path

import click
from tabulate import tabulate

from fpbench.cli.groups import CommandGroup
from fpbench.cli.options import UserPath, parse_key_values, set_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.files import make_folder
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress_display import show_progress
from fpbench.units import count_label, short_bytes

_SHOWN = ("Data", "Licence", "Sources")


@click.group(cls=CommandGroup)
def data() -> None:
    """List and build the public datasets that tasks are measured on.

    \b
    fpbench data list
    fpbench data build open-music-v1 --out open-music

    Datasets whose publishers offer them for download, such as FMA, are not built: the page of the
    task says where they are.
    """


@data.command("list", cls=PluginCommand)
def list_builders() -> None:
    """List the datasets that can be built, with size, licence and sources."""
    offers = Catalog.load().offers("builder")
    rows = [
        (o.entry.name, o.entry.summary, *(o.entry.details.get(name, "") for name in _SHOWN))
        for o in offers
    ]
    headers = ("dataset", "summary", *(name.lower() for name in _SHOWN))
    write_result(
        tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=[None, 40, 28, 28, 28])
    )


@data.command(cls=PluginCommand)
@click.argument("name")
@click.option(
    "--out",
    required=True,
    type=UserPath(file_okay=False),
    metavar="DIR",
    help="Folder of the dataset; what is in it already is not made again.",
)
@click.option(
    "--mirror",
    metavar="URL",
    help="Take the sources from here, not from where they are published.",
)
@set_option("Set an option of the builder; repeat for several.")
def build(name: str, *, out: Path, mirror: str | None, pairs: tuple[str, ...]) -> None:
    """Make the files of dataset NAME in a folder, from what others publish.

    After an interruption, or if a source could not be reached, run the same command again: it
    continues where it stopped. Git's own settings hold, such as url.BASE.insteadOf and proxies.
    The last line is the value for --dataset of `fpbench run`.
    """
    if mirror == "":
        raise FpbenchError("--mirror is empty", hint="give a URL, or leave --mirror out")
    given = parse_key_values(pairs) | ({} if mirror is None else {"mirror": mirror})
    catalog = Catalog.load()
    builder = catalog.builder(name, Settings(options=given))
    offer, _ = catalog.offer("builder", name)
    make_folder(out)
    plugin = offer.source.plugin
    with blame(plugin, f"building {offer.entry.name}"):
        needs = builder.needs
        _refuse_full_disk(out, needs.size_bytes + needs.work_bytes)
        say(
            f"{count_label(needs.files, 'file')}, {short_bytes(needs.size_bytes)}, and up to "
            f"{short_bytes(needs.work_bytes)} for downloads while it works",
        )
        with show_progress(f"build {offer.entry.name}") as report:
            dataset = builder.build(out, report)
    write_result(dataset, exact=True)


def _refuse_full_disk(folder: Path, wanted_bytes: int) -> None:
    """Refuse to start where the files would not fit; those that are there already count as free."""
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(folder).free + there
    if free < wanted_bytes:
        raise FpbenchError(
            f"{folder} has {short_bytes(free)} of space, but needs {short_bytes(wanted_bytes)}",
            hint="choose a folder on another disk with --out, or free some space",
        )
