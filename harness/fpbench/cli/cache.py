"""``fpbench cache``."""

from collections.abc import Sequence
from pathlib import Path

import click
from tabulate import tabulate

from fpbench.cache import Store
from fpbench.cache_contents import (
    KINDS,
    CacheEntry,
    Pruning,
    choose_entries,
    disk_free_bytes,
    list_entries,
    remove_entries,
)
from fpbench.cli.groups import CommandGroup
from fpbench.cli.options import cache_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.units import parse_age, parse_bytes, short_bytes


@click.group(cls=CommandGroup, invoke_without_command=True)
@cache_option()
@click.pass_context
def cache(ctx: click.Context, cache: Path | None) -> None:
    """Show how large the cache is, by kind; `prune` removes what was not used for long.

    \b
    fpbench cache                                sizes by kind
    fpbench cache prune --older-than 30d         what would go
    fpbench cache prune --older-than 30d --yes   remove it
    fpbench cache prune --max-size 20GB --yes    remove the least recently used
    fpbench cache prune --older-than 1w --kind evidence --yes

    What is removed is made again when a run needs it: the same bytes, at the same cost. Nothing
    goes that a running process may have used.
    """
    if ctx.invoked_subcommand is not None:
        if cache is not None:
            raise FpbenchError(
                "--cache stands before the sub-command",
                hint=f"write it after it: fpbench cache {ctx.invoked_subcommand} --cache {cache}",
            )
        return
    root = Store.open(cache).root
    entries = list_entries(root)
    write_result(_table(entries, described=True))
    say(f"in {root}; {short_bytes(disk_free_bytes(root))} of its disk are free")


@cache.command(cls=PluginCommand)
@cache_option()
@click.option(
    "--older-than",
    metavar="AGE",
    help="Remove what no run has used for so long: 12h, 30d, 4w.",
)
@click.option(
    "--max-size",
    metavar="SIZE",
    help="Remove the least recently used until the cache is as small: 500MB, 20GB.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind for kind in KINDS if kind != "editions"]),
    help="Remove only this kind; repeat for several.  [default: all but results and weights]",
)
@click.option("--yes", is_flag=True, help="Remove it; without this, only say what would go.")
def prune(
    cache: Path | None,
    older_than: str | None,
    max_size: str | None,
    kinds: tuple[str, ...],
    yes: bool,
) -> None:
    """Remove what was not used for long, or the least recently used until the cache is small.

    Without --yes, nothing is removed. Results and weights stay unless --kind names them, because
    no run makes them again. What a running process may have used stays as well.
    """
    if older_than is None and max_size is None:
        raise FpbenchError(
            "nothing says what to remove",
            hint="give --older-than 30d, --max-size 20GB, or both",
        )
    root = Store.open(cache).root
    chosen = choose_entries(
        root,
        older_than_s=None if older_than is None else parse_age(older_than),
        max_size_bytes=None if max_size is None else parse_bytes(max_size),
        kinds=kinds,
    )
    if yes:
        remove_entries(root, chosen.removed)
    write_result(_table(chosen.removed))
    say(_summary(chosen, root, yes=yes))


def _table(entries: Sequence[CacheEntry], *, described: bool = False) -> str:
    """Size and number of entries of each kind, the largest first, and of all."""
    by_kind: dict[str, list[CacheEntry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    sizes = {kind: sum(one.size_bytes for one in found) for kind, found in by_kind.items()}
    rows = [
        [kind, short_bytes(sizes[kind]), str(len(by_kind[kind])), KINDS.get(kind, "of a plugin")]
        for kind in sorted(by_kind, key=lambda kind: (-sizes[kind], kind))
    ]
    rows.append(["all", short_bytes(sum(sizes.values())), str(len(entries)), ""])
    headers = ["kind", "size", "entries", "what it is"]
    if not described:
        rows, headers = [row[:3] for row in rows], headers[:3]
    aligned = ("left", "right", "right", "left")[: len(headers)]
    return tabulate(rows, headers=headers, colalign=aligned, disable_numparse=True)


def _summary(chosen: Pruning, root: Path, *, yes: bool) -> str:
    parts = [
        f"{'removed' if yes else 'would remove'} {short_bytes(chosen.removed_bytes)}",
        f"{short_bytes(chosen.kept_bytes)} {'stay' if yes else 'would stay'} in {root}",
    ]
    if chosen.in_use:
        size = short_bytes(sum(entry.size_bytes for entry in chosen.in_use))
        parts.append(f"{size} of it may be in use by a running process")
    if chosen.removed and not yes:
        parts.append("add --yes to remove it")
    return "; ".join(parts)
