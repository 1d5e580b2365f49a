"""``fpbench submit``."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fpbench.cli.options import UserPath
from fpbench.cli.plugin_command import write_result
from fpbench.results.document import Result
from fpbench.results.provenance import RELATIONS
from fpbench.verification.placing import Placed, place_result
from fpbench.verification.statement import Statement


@click.command()
@click.argument("result", type=UserPath(dir_okay=False))
@click.option(
    "--submissions",
    "folder",
    type=UserPath(file_okay=False),
    default="submissions",
    show_default=True,
    metavar="DIR",
    help="Folder of all submissions, in a clone of fpbench.",
)
@click.option("--name", help="Name of the new file.  [default: the task's, or that of RESULT]")
@click.option("--submitter", metavar="NAME", help="Who submits it, such as an account on GitHub.")
@click.option("--relation", type=click.Choice(RELATIONS), help="Of the submitter to the system.")
@click.option(
    "--supersedes",
    multiple=True,
    metavar="FILE|ID",
    help="An earlier result, or its result_id, that this one takes the place of; several times.",
)
@click.option("--notes", default="", metavar="TEXT", help="What readers should know.")
@click.option("--weights-licence", metavar="TEXT", help="Licence of the weights, such as MIT.")
@click.option(
    "--training-data", metavar="TEXT", help="What the weights were trained on; none for untrained."
)
def submit(result: Path, folder: Path, name: str | None, **stated: Any) -> None:
    """Check a result, put it into submissions/, and print what is left to do.

    \b
    fpbench submit runs/mine.json --submitter ann --relation author --training-data FMA

    RESULT is a file that `fpbench run` wrote. It is copied to submissions/SYSTEM/TASK.json with its
    evidence, as far as each file is below 5 MB, and with a config of its name (.toml), if there is
    one beside it. What the options state is recorded in the copy. A landed result is replaced only
    if the new one supersedes it; evidence of the old one that no result names is removed. Nothing
    is committed or sent.
    """
    placed = place_result(result, folder, name, Statement(**stated))
    write_result(instructions(placed))


def instructions(placed: Placed) -> str:
    """The commands that commit the files, and a text for the pull request."""
    result = placed.result
    system = result.fingerprinter
    task = result.task.name if result.task else f"a free run on {result.data.name}"
    files, removed = map(_quote, (placed.files, placed.removed))
    title = f"{system.name}: {task}"
    lines = [
        "Commit these files, and open a pull request:",
        "",
        f"    git checkout -b {shlex.quote(f'submit-{system.name}')}",
        f"    git add {files}",
        *([f"    git rm --quiet --ignore-unmatch {removed}"] if removed else []),
        f"    git commit -m {shlex.quote(title)}",
        "    git push origin HEAD",
        "",
        "Text for the pull request:",
        "",
        f"    {title}",
        "",
        f"    System: {system.name} {system.version} ({system.distribution})",
        *(f"    {line}" for line in _statements(result)),
        *(f"    Evidence, too large for the repository: {name} at URL" for name in placed.left_out),
    ]
    return "\n".join(lines)


def _quote(files: Sequence[Path]) -> str:
    return " ".join(shlex.quote(str(file)) for file in files)


def _statements(result: Result) -> list[str]:
    """What the result states of itself, and a question for all that it leaves open."""
    system, made = result.fingerprinter, result.provenance
    by = f"{made.submitter} ({made.relation})" if made else "? Add --submitter and --relation."
    return [
        f"Submitted by: {by}",
        f"Trained on: {system.training_data or '? Add --training-data.'}",
        f"Licence of the weights: {system.weights_licence or '? Add --weights-licence.'}",
        "Is the system public, and where?",
    ]
