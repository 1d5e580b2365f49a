"""``fpbench run``."""

import sys
from pathlib import Path
from typing import Any

import click

from fpbench.cache import Store
from fpbench.cache_users import use_cache
from fpbench.cli.default_out import default_out, warn_of_replacing
from fpbench.cli.engines import engine_options, open_given_engine, refuse_engine_beside
from fpbench.cli.options import (
    WEIGHTS_HELP,
    FiniteNumber,
    UserPath,
    WholeNumber,
    cache_option,
    channel_option,
    device_option,
    dtype_option,
    out_option,
    parse_key_values,
    seed_option,
    set_option,
    weights_option,
)
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.files import refuse_unwritable
from fpbench.folder_names import record_command
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import ProgressStages
from fpbench.review.figure_files import refuse_figure_name
from fpbench.review.result_tables import result_tables
from fpbench.runs.arguments import refuse_out
from fpbench.runs.config import MOST_FITS


@click.command(cls=PluginCommand)
@click.option(
    "--config",
    type=UserPath(),
    metavar="FILE",
    help="TOML file of settings, or a result (.json) to run its settings again; options on the "
    "command line override it.",
)
@click.option(
    "--task",
    help="Name from `fpbench tasks`: all settings but those of the system, so that results of "
    "different people can be compared. A run that changes one of them is not of the task.",
)
@click.option(
    "--write-config",
    type=UserPath(dir_okay=False),
    metavar="FILE.toml",
    help="Only write all settings of this run, with comments, to a file for --config.",
)
@click.option(
    "--fingerprinter",
    help="Name from `fpbench plugins`, or plugin:MODULE, or plugin:FILE.py.  [default: nafp]",
)
@weights_option(f"{WEIGHTS_HELP}  [default: the fingerprinter's own weights]")
@set_option("Set an option of the fingerprinter; repeat for several. An unknown key lists all.")
@click.option(
    "--dataset",
    help="demo, folder:DIR, manifest:FILE.csv, embeddings:DIR, fma:DIR or open-music:DIR.  "
    "[default: demo]",
)
@channel_option(in_config=True)
@click.option(
    "--duplicates",
    type=click.Choice(["drop", "keep", "report"]),
    help="Recordings that the dataset holds twice: drop equal audio and near copies, drop only "
    "equal audio and report near copies, or keep all.  [default: report]",
)
@click.option(
    "--name", help="Name of the system in the result, for ready-made fingerprints (embeddings:DIR)."
)
@click.option(
    "--distractors",
    type=click.Choice(["real", "synthetic", "both", "none"]),
    help="Kind of distractors in the database.  [default: both; real with --protocol]",
)
@click.option(
    "--generator",
    help="Generator of synthetic distractors.  [default: the best that can be fitted in an hour; "
    "the run says which]",
)
@click.option(
    "--generator-weights",
    type=UserPath(dir_okay=False),
    help="File of a fitted generator.  [default: fit one to the real distractors]",
)
@click.option(
    "--foreign-generator",
    is_flag=True,
    default=None,
    help="Accept --generator-weights that were fitted to another fingerprinter, for studies; the "
    "result, its tables and its figure say so.",
)
@click.option(
    "--sizes",
    help="Numbers of distractors to measure, such as 1e4,1M.  "
    "[default: 10k,100k,1M, and all real ones]",
)
@click.option(
    "--beyond",
    help="Larger numbers of distractors, such as 1e8,1e10,1e12, which are not searched: synthetic "
    "ones are simulated, other curves are extrapolated up to a hundredfold. Exact search only.",
)
@click.option(
    "--fits",
    type=WholeNumber(1, MOST_FITS),
    help="Number of generators to fit, with other seeds and to other halves of the tracks; the "
    "result has the mean rate, with the error of a fit in its interval.  [default: 1]",
)
@click.option(
    "--index",
    "indexes",
    multiple=True,
    help="Search index: exact, ivfpq, faiss:FACTORY, ..., with settings after a colon, such as "
    "ivfpq:nprobe=5,20,80 for three; repeat for several.  [default: exact]",
)
@click.option(
    "--sweep",
    type=UserPath(dir_okay=False),
    metavar="FILE.toml",
    help="Ranges of settings of indexes, of which those are skipped that can be no better than "
    "searched ones: the trade between hit rate, time and size.",
)
@click.option("--queries", type=WholeNumber(1), help="Number of queries.  [default: 1000]")
@click.option(
    "--query-length",
    type=FiniteNumber(min=0, min_open=True),
    help="Length of a query in seconds.  [default: 1]",
)
@click.option(
    "--tolerance",
    help="Largest error of a match's start time in seconds; `track` accepts any time in the right "
    "track.  [default: 0.25]",
)
@click.option(
    "--protocol",
    help="Evaluate as the authors of a system did: nafp, grafprint, nmfp, peaknetfp or paper.  "
    "[default: fpbench's own way]",
)
@click.option(
    "--query-lengths",
    help="Several lengths of queries in seconds, such as 1,2,3,5,6,10; one run gives all, and "
    "shorter queries are the first seconds of the longest.  [default: --query-length, or those of "
    "the protocol]",
)
@click.option(
    "--test-ids",
    help="Rows at which a protocol's queries begin: icassp, all, a number, or a .npy file.  "
    "[default: the authors' file if it is there, else all]",
)
@click.option(
    "--rules",
    type=click.Choice(["right", "official"]),
    help="Count a protocol's hits rightly, or with the faults of the authors' script; the result "
    "has both.  [default: right]",
)
@click.option(
    "--protocol-set",
    "protocol_pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set an option of the protocol; repeat for several. An unknown key lists all.",
)
@seed_option(in_config=True)
@device_option(in_config=True)
@dtype_option(in_config=True)
@out_option(
    "Result file; evidence and a figure are written beside it.  [default: runs/FINGERPRINTER.json]",
    metavar="FILE.json",
    required=False,
)
@click.option(
    "--figure",
    type=UserPath(dir_okay=False),
    help="Figure file: .png, .svg or .pdf; false accepts and several indexes get one each beside "
    "it, such as x.det.png and x.frontier.png.  [default: a PNG beside the result]",
)
@cache_option()
@click.option("--fresh", is_flag=True, help="Make everything again, whatever the cache holds.")
@click.option(
    "--unchecked",
    is_flag=True,
    help="Also measure a fingerprinter that breaks the harness's rules; the result says so.",
)
@click.option(
    "--prepare",
    is_flag=True,
    help="Only make what precedes the search: fingerprints, queries and the generator; shards need "
    "it. With --shard, only fingerprint part k of K of the recordings, before that.",
)
@click.option(
    "--shard",
    metavar="k/K",
    help="Only search part k of K, counted from 1, and keep it beside the result; the same command "
    "without --shard makes the result.",
)
@engine_options()
@click.option("--plan", is_flag=True, help="Only print what the run needs (time, memory, disk).")
def run(**options: Any) -> None:
    """Measure hit rate against database size, and write one result.

    \b
    fpbench run                                              the included demo
    fpbench run --fingerprinter plugin:mymodel               your model, on the demo
    fpbench run --task demo-v1 --fingerprinter plugin:mymodel   for the leaderboard
    fpbench run --dataset folder:music --distractors real    your music
    fpbench run --distractors synthetic --sizes 1e6,1e7      ten million synthetic distractors
    fpbench run --beyond 1e10,1e12                           a trillion, without searching them
    fpbench run --query-lengths 1,2,3,5,6,10                 queries of 10 s and their first seconds
    fpbench run --index exact --index ivfpq:nprobe=5,20,80   what an index loses and saves
    fpbench run --dataset embeddings:emb --protocol nafp     as NAFP's own evaluation
    fpbench run --config run.toml --plan                     what the run needs
    fpbench run --config run.toml --shard 3/16               a part of its search, on a cluster
    fpbench run --config run.toml --engine ray --address auto   all of it, on a Ray cluster
    fpbench run --write-config run.toml                      all settings, in a file
    fpbench run --config runs/nafp.json --seed 1             a result's settings, another seed

    After an interruption, run the same command again: it continues where it stopped and writes the
    same bytes as without the interruption, but for what it cost.
    """
    # Imported here, so that `fpbench run --help` does not wait for SciPy.
    from fpbench.cli.shards import refuse_beside_parts, run_part
    from fpbench.cli.sweeps import config_with_sweep, run_sweep
    from fpbench.cli.unused_options import (
        refuse_beside_write_config,
        refuse_for_ready_made,
        refuse_unused,
    )
    from fpbench.runs.config_toml import write_config
    from fpbench.runs.execution import execute
    from fpbench.runs.planning.plan import make_plan, refuse_what_cannot_fit
    from fpbench.runs.prepare import prepare
    from fpbench.runs.run import det_figure_path, frontier_figure_path

    refuse_beside_parts(options)
    refuse_engine_beside(options)
    _refuse_paths(options)
    catalog = Catalog.load()
    given = _config_fields(options)
    config, swept = config_with_sweep(options, given, catalog)
    refuse_unused(options, config)
    if options["write_config"] is not None:
        refuse_beside_write_config(options)
        write_config(config, options["write_config"])
        say(f"{options['write_config']}: run it with --config")
        return
    store = Store.open(options["cache"])
    if not options["plan"]:
        store.refuse_unwritable()
        click.get_current_context().with_resource(use_cache(store.root))
    stage = ProgressStages()
    choice = click.get_current_context().with_resource(open_given_engine(options, config))
    switches = {name: options[name] for name in ("unchecked", "fresh")}
    prepared = prepare(config, catalog, store, stage, **switches)
    ready_made = prepared.ready_made
    if ready_made:
        refuse_for_ready_made(options, config)
    out: Path = options["out"] or default_out(config, ready_made=ready_made)
    if options["prepare"] or options["shard"] is not None:
        run_part(prepared, options, out, stage, choice.workers)
        return
    with stage("estimating the run"):
        plan = make_plan(prepared, out=out)
    write_result(plan.table(), err=not options["plan"])
    refuse_what_cannot_fit(plan, store, out)
    if options["plan"]:
        return
    prepared = run_sweep(prepared, swept, stage, choice)
    if options["out"] is None:
        warn_of_replacing(out, prepared.config)
    command = record_command(sys.argv[1:])
    figure: Path = options["figure"] or out.with_suffix(".png")
    result = execute(prepared, out, command, stage, figure=figure, choice=choice)
    write_result(result_tables(result))
    say(f"\nresult   {out}")
    for file in (figure, det_figure_path(figure), frontier_figure_path(figure)):
        if file.exists():  # one that failed is a warning
            say(f"figure   {file}")


def _refuse_paths(options: dict[str, Any]) -> None:
    """Refuse files that cannot be written, before any work."""
    if options["out"] is not None:
        refuse_out(options["out"], options["config"])
    if options["figure"] is not None:
        refuse_figure_name(options["figure"])
    if not options["plan"]:
        for name in ("out", "figure"):
            if options[name] is not None:
                refuse_unwritable(options[name], f"--{name}")


def _config_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Options from the command line, by the names of the Python API."""
    same = ["task", "fingerprinter", "weights", "dataset", "channel", "duplicates", "name"]
    same += ["distractors", "generator", "generator_weights", "foreign_generator", "sizes"]
    same += ["beyond", "fits", "queries", "seed", "device", "dtype"]
    same += ["protocol", "query_lengths", "test_ids", "rules"]
    fields = {name: options[name] for name in same}
    fields["fingerprinter_options"] = parse_key_values(options["pairs"]) or None
    of_protocol = parse_key_values(options["protocol_pairs"], "--protocol-set")
    fields["protocol_options"] = of_protocol or None
    fields["query_lengths_s"] = fields.pop("query_lengths")
    fields["indexes"] = options["indexes"] or None
    fields["query_length_s"] = options["query_length"]
    if options["tolerance"] is not None:
        fields["tolerance_s"] = _tolerance(options["tolerance"])
    return fields


def _tolerance(text: str) -> float | str:
    if text == "track":
        return text
    try:
        tolerance_s = float(text)
    except ValueError:
        tolerance_s = -1.0
    if not 0 <= tolerance_s < float("inf"):
        raise FpbenchError(
            f"--tolerance cannot be '{text}'", hint="give seconds, such as 0.25, or track"
        )
    return tolerance_s
