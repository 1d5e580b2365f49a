"""``fpbench submit``."""

import shlex
from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.cli.plugin_command import write_result
from fpbench.verification.placing import Placed, place_result


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
def submit(result: Path, folder: Path, name: str | None) -> None:
    """Check a result, put it into submissions/, and print what is left to do.

    RESULT is a file that `fpbench run` wrote. It is copied to submissions/SYSTEM/TASK.json with its
    evidence, as far as each file is below 5 MB, and with a config of its name (.toml), if there is
    one beside it. Nothing is committed or sent.
    """
    placed = place_result(result, folder, name)
    write_result(instructions(placed))


def instructions(placed: Placed) -> str:
    """The commands that commit the files, and a text for the pull request."""
    result = placed.result
    system = result.fingerprinter
    task = result.task.name if result.task else f"a free run on {result.data.name}"
    files = " ".join(shlex.quote(str(file)) for file in placed.files)
    title = f"{system.name}: {task}"
    lines = [
        "Commit these files, and open a pull request:",
        "",
        f"    git checkout -b {shlex.quote(f'submit-{system.name}')}",
        f"    git add {files}",
        f"    git commit -m {shlex.quote(title)}",
        "    git push origin HEAD",
        "",
        "Text for the pull request:",
        "",
        f"    {title}",
        "",
        f"    System: {system.name} {system.version} ({system.distribution})",
        "    Is it public, and where? Which data was it trained on? Are you its author?",
        *(f"    Evidence, too large for the repository: {name} at URL" for name in placed.left_out),
    ]
    return "\n".join(lines)
