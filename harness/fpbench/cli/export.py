"""``fpbench export``."""

from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.cli.plugin_command import write_result
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.files import refuse_unwritable, write_output
from fpbench.results.document import Result
from fpbench.results.files import read_result, result_files, warn_of_copies
from fpbench.review.export import FORMS
from fpbench.review.export import export as export_results


@click.command()
@click.argument("paths", type=UserPath(), nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="csv",
    show_default=True,
    help="csv, json, parquet: a record for each point; latex: tables to paste; eval-results: for "
    "the folder .eval_results of a model on the Hugging Face Hub; every-eval-ever: one result for "
    "the database of that name.",
)
@click.option(
    "--hub-dataset", metavar="ORG/NAME", help="Dataset on the Hub that eval-results are for."
)
@click.option(
    "--out",
    type=UserPath(dir_okay=False),
    metavar="FILE",
    help="Output file; needed for parquet.  [default: standard output]",
)
def export(paths: tuple[Path, ...], form: str, hub_dataset: str | None, out: Path | None) -> None:
    """Write results in the forms that papers, notebooks and model pages take.

    \b
    fpbench export submissions > points.csv
    fpbench export runs/*.json --format latex
    fpbench export runs/*.json --format parquet --out points.parquet
    fpbench export runs/mine.json --format every-eval-ever --out mine.eee.json
    fpbench export runs/mine.json --format eval-results --hub-dataset ORG/NAME > fpbench.yaml

    PATHS are result files or folders of them.
    """
    if form == "parquet" and out is None:
        raise FpbenchError("Parquet is not text", hint="give --out FILE.parquet")
    if hub_dataset is not None and form != "eval-results":
        raise FpbenchError(f"--hub-dataset has no effect with --format {form}", hint="leave it out")
    if out is not None:
        refuse_unwritable(out, "--out")
    errors, results = ErrorCollector(), list[tuple[Path, Result]]()
    for path in paths:
        with errors.collect():
            for file in result_files(path):
                with errors.collect():
                    results.append((file, read_result(file)))
    warn_of_copies(results)
    if not results and not errors:
        raise FpbenchError(f"there are no results in {paths[0]}", hint="results end in .json")
    if results:
        content = export_results([one for _, one in results], form, hub_dataset=hub_dataset)
        if out is None:
            write_result(content.decode().rstrip("\n"), exact=True)
        else:
            write_output(out, content)
    errors.raise_all()
