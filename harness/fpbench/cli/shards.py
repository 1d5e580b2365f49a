"""``fpbench run --prepare`` and ``--shard``: a run that several processes carry out."""

from pathlib import Path
from typing import Any

import click

from fpbench.cli.plugin_command import write_result
from fpbench.errors import FpbenchError
from fpbench.progress import Stage
from fpbench.runs.plan import make_plan, refuse_what_cannot_fit
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.shards import (
    prepare_searches,
    refuse_undivided,
    search_shard,
    shard_folder,
)
from fpbench.search.engines.shards import Shard


def refuse_beside_parts(options: dict[str, Any]) -> None:
    """Refuse options that have no effect beside ``--prepare`` or ``--shard``, if one is given.

    Raises:
        FpbenchError: There is such an option, or the shard does not exist.
    """
    part = "shard" if options["shard"] is not None else "prepare"
    if part == "shard":
        Shard.parse(options["shard"])
    elif not options["prepare"]:
        return
    for name in ("figure", "prepare", "sweep"):
        if name != part and options[name]:
            raise FpbenchError(
                f"--{name.replace('_', '-')} has no effect with --{part}, which makes no result",
                hint="leave one of them out",
            )
    if part == "shard" and options["fresh"]:
        raise FpbenchError(
            "--fresh has no effect with --shard, because shards share what is made before",
            hint="give it to the command with --prepare, and remove the folder of shards",
        )


def run_part(prepared: PreparedRun, options: dict[str, Any], out: Path, stage: Stage) -> None:
    """Make what precedes the search, or search a shard; with ``--plan`` only say what it needs.

    Raises:
        FpbenchError: As :func:`fpbench.runs.shards.search_shard`.
    """
    shard = None if options["shard"] is None else Shard.parse(options["shard"])
    refuse_undivided(prepared)
    with stage("estimating the run"):
        plan = make_plan(prepared, shard, out=out)
    before, own = plan.preparation(), plan.search()
    own = before if shard is None else own
    write_result(own.table(), err=not options["plan"])
    refuse_what_cannot_fit(own, prepared.store, out)
    if options["plan"]:
        return
    if shard is None:
        prepare_searches(prepared, stage)
        write_result(f"{prepared.store.root}: ready for --shard 1/K to K/K")
        return
    lacking = [need.stage for need in before.needs if need.seconds]
    blocks = search_shard(prepared, shard, out, stage, lacking=lacking)
    write_result(f"{shard_folder(out)}: shard {shard}, {blocks} blocks")
    click.echo("when all shards are done, run the same command without --shard", err=True)
