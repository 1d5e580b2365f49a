"""``fpbench run --prepare`` and ``--shard``: a run that several processes carry out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fpbench.cli.plugin_command import write_result
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.progress import Stage
from fpbench.runs.planning.plan import make_plan, refuse_what_cannot_fit
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.shards.search_shards import (
    prepare_searches,
    refuse_undivided,
    search_shard,
    shard_folder,
)
from fpbench.runs.shards.track_shards import (
    check_track_shards,
    fingerprint_shard,
    require_divided,
    share_needs,
)
from fpbench.search.engines.orders import Workers
from fpbench.search.engines.shards import Shard
from fpbench.units import count_label


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
    for name in ("figure", "sweep"):
        if options[name]:
            raise FpbenchError(
                f"--{name.replace('_', '-')} has no effect with --{part}, which makes no result",
                hint="leave one of them out",
            )
    if part == "shard" and options["fresh"]:
        raise FpbenchError(
            "--fresh has no effect with --shard, because shards share what is made before",
            hint="give it to the command with --prepare alone, and remove the folder of shards",
        )


def run_part(
    prepared: PreparedRun,
    options: dict[str, Any],
    out: Path,
    stage: Stage,
    workers: Workers | None,
) -> None:
    """Make what precedes the search, or search a shard; with both, fingerprint a shard of tracks.

    With ``--plan``, only say what it needs.

    Raises:
        FpbenchError: As :func:`fpbench.runs.shards.search_shards.search_shard` and
            :func:`fpbench.runs.shards.track_shards.fingerprint_shard`.
    """
    shard = None if options["shard"] is None else Shard.parse(options["shard"])
    refuse_undivided(prepared)
    searched = None if options["prepare"] else shard
    if searched is not shard:
        require_divided(prepared)
    with stage("estimating the run"):
        plan = make_plan(prepared, searched, out=out)
    before = plan.preparation()
    own = plan.search() if searched is not None else before
    if options["prepare"] and shard is not None:
        own = replace(before, needs=share_needs(before.needs, shard))
    write_result(own.table(), err=not options["plan"])
    refuse_what_cannot_fit(own, prepared.store, out)
    if options["plan"]:
        return
    if shard is None:
        check_track_shards(prepared, out)
        prepare_searches(prepared, stage, workers)
        write_result(f"{prepared.store.root}: ready for --shard 1/K to K/K")
    elif options["prepare"]:
        tracks = fingerprint_shard(prepared, shard, out, stage)
        write_result(f"{prepared.store.root}: shard {shard}, {count_label(tracks, 'track')}")
        say("when all shards are done, run the same command without --shard")
    else:
        lacking = [need.stage for need in before.needs if need.seconds]
        blocks = search_shard(prepared, shard, out, stage, lacking=lacking)
        write_result(f"{shard_folder(out)}: shard {shard}, {blocks} blocks")
        say("when all shards are done, run the same command without --shard")
