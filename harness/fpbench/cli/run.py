"""``fpbench run``."""

import json
import shlex
import sys
from dataclasses import replace
from functools import partial
from logging import getLogger
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

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
from fpbench.files import refuse_to_replace
from fpbench.plugin.catalog import Catalog
from fpbench.progress import progress
from fpbench.results.document import Curve, Result
from fpbench.results.files import read_result
from fpbench.results.names import metric_label
from fpbench.runs.config import RunConfig, read_config
from fpbench.units import parse_sizes, short_hours, short_size

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
        _refuse_out(typed["out"])
    config = read_config(typed["config"], _typed_fields(typed))
    config = _with_queries(config, typed["queries"], typed["query_length"])
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
    click.echo(_table(result))
    click.echo(f"\nresult   {out}\nfigure   {out.with_suffix('.png')}", err=True)


def _typed_fields(typed: dict[str, Any]) -> dict[str, Any]:
    """What was typed, by field of :class:`RunConfig`."""
    same = ["fingerprinter", "weights", "dataset", "distractors", "generator"]
    same += ["generator_weights", "seed", "device", "dtype"]
    fields = {name: typed[name] for name in same if typed[name] is not None}
    if typed["pairs"]:
        fields["fingerprinter_options"] = parse_key_values(typed["pairs"])
    if typed["sizes"] is not None:
        fields["sizes"] = parse_sizes(typed["sizes"])
    if typed["indexes"]:
        fields["indexes"] = typed["indexes"]
    if typed["tolerance"] is not None:
        fields["tolerance_s"] = _tolerance(typed["tolerance"])
    return fields


def _with_queries(config: RunConfig, n: int | None, length_s: float | None) -> RunConfig:
    recipe = config.recipe
    try:
        recipe = replace(
            recipe,
            n_queries=n or recipe.n_queries,
            query_length_s=length_s or recipe.query_length_s,
        )
        return replace(config, recipe=recipe)
    except ValueError as err:
        raise FpbenchError(f"the command line: {err}", hint="give a number of seconds") from err


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


def _tolerance(text: str) -> float | None:
    if text == "track":
        return None
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


def _refuse_out(out: Path) -> None:
    if out.suffix != ".json":
        raise FpbenchError(f"'{out}' cannot hold a result", hint="end its name in .json")
    refuse_to_replace(out, "the result", key="schema_version", option="--out")


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


def _table(result: Result) -> str:
    parts = []
    for kind, index in dict.fromkeys((c.distractors, c.index) for c in result.curves):
        curves = [
            c
            for c in result.curves
            if (c.distractors, c.index) == (kind, index)
            and (c.metric == "hr@1" or c.tolerance_s == result.curves[0].tolerance_s)
        ]
        heading = f"{result.fingerprinter.name}, {index}, {kind} distractors"
        if kind == "synthetic" and result.generator is not None:
            heading += f" ({result.generator.name})"
        headers = [
            "distractors",
            "audio",
            *(metric_label(c.metric, c.tolerance_s) for c in curves),
            "repeats",
        ]
        rows = [_row(curves, place) for place in range(len(curves[0].points))]
        parts.append(heading + "\n" + tabulate(rows, headers=headers, stralign="right"))
    queries = result.queries
    note = f"{queries.n} queries of {queries.length_s:g} s from {queries.tracks} tracks"
    note += "; percent, with 95 % intervals (bootstrap over tracks)"
    return "\n\n".join([*parts, note])


def _row(curves: list[Curve], place: int) -> list[str]:
    points = [curve.points[place] for curve in curves]
    cells = [
        f"{100 * p.value:.1f} ({100 * p.ci.low:.1f}–{100 * p.ci.high:.1f})"  # noqa: RUF001
        for p in points
    ]
    return [
        short_size(points[0].n_distractors),
        short_hours(points[0].hours),
        *cells,
        str(points[0].repeats),
    ]
