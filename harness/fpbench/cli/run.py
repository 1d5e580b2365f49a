"""``fpbench run``."""

import json
import shlex
import sys
from functools import partial
from logging import getLogger
from pathlib import Path
from typing import Any

import click

from fpbench.cache import Store
from fpbench.cli.options import (
    cache_option,
    device_option,
    dtype_option,
    out_option,
    parse_key_values,
    seed_option,
    set_option,
    weights_option,
)
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Catalog
from fpbench.progress import progress
from fpbench.results.files import read_result
from fpbench.review.result_tables import result_tables
from fpbench.runs.arguments import config_from_arguments, refuse_out
from fpbench.runs.config import RunConfig

logger = getLogger(__name__)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="A TOML file of settings, which a wrong one lists; typed options win.",
)
@click.option(
    "--fingerprinter",
    help="From `fpbench plugins`, or plugin:MODULE, plugin:FILE.py.  [default: nafp]",
)
@weights_option("A safetensors file.  [default: the fingerprinter's own]")
@set_option("A setting of the fingerprinter; a wrong key lists them all.")
@click.option(
    "--dataset",
    help="demo, folder:DIR, manifest:FILE.csv, embeddings:DIR, fma:DIR.  [default: demo]",
)
@click.option(
    "--distractors",
    type=click.Choice(["real", "synthetic", "both", "none"]),
    help="What fills the database.  [default: both]",
)
@click.option("--generator", help="Makes the synthetic distractors.  [default: gaussian]")
@click.option(
    "--generator-weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A fitted generator.  [default: fit one to the real distractors]",
)
@click.option(
    "--sizes",
    help="Distractors at which to read the curve off.  [default: 10k,100k,1M, and all real ones]",
)
@click.option(
    "--index",
    "indexes",
    multiple=True,
    help="exact, ivfpq, faiss:FACTORY, ...; repeat for several.  [default: exact]",
)
@click.option("--queries", type=click.IntRange(min=1), help="How many.  [default: 1000]")
@click.option(
    "--query-length",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds of audio in a query.  [default: 1]",
)
@click.option(
    "--tolerance",
    help="Seconds that a match may be off, or `track` for anywhere in it.  [default: 0.25]",
)
@seed_option(in_config=True)
@device_option(in_config=True)
@dtype_option(in_config=True)
@out_option(
    "The result; evidence and a PNG are put beside it.  [default: runs/FINGERPRINTER.json]",
    metavar="FILE.json",
    required=False,
)
@cache_option()
@click.option("--plan", is_flag=True, help="Say what the run needs, and stop.")
def run(**typed: Any) -> None:
    """Measure hit rate against database size, and write one result.

    \b
    fpbench run                                              the embedded demo
    fpbench run --fingerprinter plugin:mymodel               your model, on the demo
    fpbench run --dataset folder:music --distractors real    your music
    fpbench run --distractors synthetic --sizes 1e6,1e7      ten million, owned by nobody
    fpbench run --config run.toml --plan                     what it would take

    Killed at any moment, the same command goes on where it stopped and ends in the same bytes.
    """
    # Imported here, so that `fpbench run --help` does not wait for SciPy.
    from fpbench.runs.plan import make_plan, refuse_what_cannot_fit
    from fpbench.runs.prepare import prepare
    from fpbench.runs.run import run_prepared

    if typed["out"] is not None:
        refuse_out(typed["out"])
    config = config_from_arguments(typed["config"], _typed_fields(typed), "the command line")
    _refuse_idle(typed, config)
    store = Store.open(typed["cache"])
    stage = partial(progress, leave=False)
    prepared = prepare(config, Catalog.load(), store, stage)
    ready_made = prepared.ready_made
    if ready_made:
        _refuse_for_ready_made(typed, config)
    subject = config.dataset if ready_made else config.fingerprinter
    out: Path = typed["out"] or Path("runs") / f"{result_stem(subject)}.json"
    plan = make_plan(prepared)
    click.echo(plan.table(), err=not typed["plan"])
    refuse_what_cannot_fit(plan, store, out)
    if typed["plan"]:
        return
    if typed["out"] is None:
        _warn_of_replacing(out, config)
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    result = run_prepared(prepared, out, command, stage)
    click.echo(result_tables(result))
    click.echo(f"\nresult   {out}\nfigure   {out.with_suffix('.png')}", err=True)


def _typed_fields(typed: dict[str, Any]) -> dict[str, Any]:
    """What was typed, by the names that Python has for it."""
    same = ["fingerprinter", "weights", "dataset", "distractors", "generator"]
    same += ["generator_weights", "sizes", "queries", "seed", "device", "dtype"]
    fields = {name: typed[name] for name in same}
    fields["fingerprinter_options"] = parse_key_values(typed["pairs"]) or None
    fields["indexes"] = typed["indexes"] or None
    fields["query_length_s"] = typed["query_length"]
    fields["tolerance_s"] = None if typed["tolerance"] is None else _tolerance(typed["tolerance"])
    return fields


def _refuse_idle(typed: dict[str, Any], config: RunConfig) -> None:
    """Typed options that would do nothing.

    Raises:
        FpbenchError: There is one.
    """
    idle = {
        "real": ("generator", "generator_weights"),
        "none": ("generator", "generator_weights", "sizes"),
    }.get(config.distractors, ())
    for name in idle:
        if typed[name] is not None:
            raise FpbenchError(
                f"--{name.replace('_', '-')} does nothing with --distractors {config.distractors}",
                hint="leave it out, or --distractors both",
            )


def _refuse_for_ready_made(typed: dict[str, Any], config: RunConfig) -> None:
    for name in ("fingerprinter", "weights", "pairs"):
        if typed[name]:
            option = "set" if name == "pairs" else name
            raise FpbenchError(
                f"--{option} does nothing: {config.dataset} holds fingerprints, not audio",
                hint="leave it out",
            )


def _tolerance(text: str) -> float | str:
    if text == "track":
        return text
    try:
        tolerance_s = float(text)
    except ValueError:
        tolerance_s = -1.0
    if not 0 <= tolerance_s < float("inf"):
        raise FpbenchError(
            f"--tolerance cannot be '{text}'", hint="write seconds, such as 0.25, or track"
        )
    return tolerance_s


def result_stem(subject: str) -> str:
    """A file name from a fingerprinter's or dataset's name: of its argument where it has one."""
    kind, _, argument = subject.rpartition(":")
    path = Path(argument)
    if path.name in ("", "..", "~"):  # the folder has a name, though it was not typed
        path = path.expanduser().resolve()
    # Neither hidden nor empty, as of the root folder.
    return path.stem.lstrip(".") or kind


def _warn_of_replacing(out: Path, config: RunConfig) -> None:
    """Say that the default name, which says little, is that of another run's result."""
    if not out.exists():
        return
    try:
        recorded = dict(read_result(out).config)
    except FpbenchError:
        recorded = {}
    if recorded != json.loads(json.dumps(config.as_json())):
        logger.warning(
            "%s is the result of another run and is replaced at the end; --out FILE keeps both",
            out,
        )
