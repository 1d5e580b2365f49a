"""``fpbench adopt``."""

import sys
from pathlib import Path
from typing import Any

import click

from fpbench.cli.options import FiniteNumber, UserPath, WholeNumber, out_option
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.files import refuse_unwritable
from fpbench.folder_names import record_command
from fpbench.review.result_tables import result_tables
from fpbench.runs.arguments import refuse_out


@click.command(cls=PluginCommand)
@click.argument("file", type=UserPath(dir_okay=False))
@click.option(
    "--protocol", required=True, help="Script that wrote FILE: nafp, grafprint, peaknetfp or nmfp."
)
@click.option("--name", required=True, help="Name of the system in the result.")
@click.option("--index", default="ivfpq", show_default=True, help="Index that was searched.")
@click.option(
    "--segments",
    help="Lengths of queries in fingerprints, such as 1,3,5.  [default: those of the script]",
)
@click.option(
    "--reference",
    type=WholeNumber(1),
    help="Fingerprints of the reference.  [default: db_shape.npy beside FILE]",
)
@click.option(
    "--distractors",
    type=WholeNumber(0),
    help="Number of distractors.  [default: dummy_db_shape.npy beside FILE; none for nmfp]",
)
@click.option(
    "--hop",
    "hop_s",
    type=FiniteNumber(min=0.001, max=3600),
    default=0.5,
    show_default=True,
    help="Hop in seconds.",
)
@click.option("--dim", type=WholeNumber(1), default=128, show_default=True, help="Dimensions.")
@out_option("Result file; evidence with the hits is written beside it.", metavar="FILE.json")
def adopt(file: Path, out: Path, segments: str | None, **known: Any) -> None:
    """Import what an authors' script wrote as a result, which is self-reported.

    \b
    fpbench adopt emb/raw_score.npy --protocol nafp --name neural-fp --out runs/old.json
    fpbench adopt analysis.csv --protocol nmfp --name nmfp --reference 2952 --out runs/old.json

    FILE is raw_score.npy of the NAFP family, whose test_ids.npy and hit_rates.npy are read beside
    it, or analysis.csv of NMFP. A stretch without any row in analysis.csv is unknown, and counts
    nowhere. The rates are the script's own: those of nmfp and peaknetfp are by the official rules.
    """
    from fpbench.runs.protocols.old_outputs import OldRun, adopt_outputs

    refuse_out(out)
    refuse_unwritable(out, "--out")
    run = OldRun(segments=None if segments is None else _lengths(segments), **known)
    command = record_command(sys.argv[1:])
    write_result(result_tables(adopt_outputs(file, run, out, command)))
    say(f"\nresult   {out}")


def _lengths(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise FpbenchError(f"--segments cannot be '{text}'", hint="write numbers such as 1,3,5")
    found = tuple(int(part) for part in parts)
    if list(found) != sorted(set(found)):
        raise FpbenchError(f"--segments {text} do not increase", hint="write them in order")
    return found
