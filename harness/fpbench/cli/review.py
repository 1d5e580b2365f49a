"""``fpbench review``."""

from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.cli.plugin_command import write_result
from fpbench.files import refuse_unwritable, write_output
from fpbench.verification.pull_request import review_change
from fpbench.verification.review_text import review_text


@click.command()
@click.option("--base", required=True, metavar="REV", help="Branch that the change is for.")
@click.option("--head", required=True, metavar="REV", help="Last commit of the change.")
@click.option(
    "--repository",
    type=UserPath(),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Git repository that has both.",
)
@click.option(
    "--out",
    type=UserPath(dir_okay=False),
    metavar="FILE.md",
    help="Write the review to a file.  [default: standard output]",
)
def review(base: str, head: str, repository: Path, out: Path | None) -> None:
    """Review a pull request that submits results, without running anything of it.

    \b
    git fetch origin pull/7/head
    fpbench review --base main --head FETCH_HEAD

    The change is read from Git and never checked out. It may add files to one folder
    submissions/SYSTEM: results, their configs and their evidence. Every number that follows from
    evidence is computed again, and the results are compared with those of the base. The review is
    Markdown of at most 60 kB; the exit code is 1 if the change cannot be merged.
    """
    if out is not None:
        refuse_unwritable(out, "--out")
    found = review_change(repository, base, head)
    text = review_text(found)
    if out is None:
        write_result(text.rstrip("\n"))
    else:
        write_output(out, text.encode())
    if not found.passed:
        raise SystemExit(1)
