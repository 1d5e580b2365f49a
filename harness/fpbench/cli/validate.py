"""``fpbench validate``."""

from pathlib import Path

import click

from fpbench.cli.options import UserPath
from fpbench.cli.terminal import say
from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.results.files import result_files
from fpbench.verification.validation import check_result, describe_refusal


@click.command()
@click.argument("paths", type=UserPath(), nargs=-1, required=True)
@click.pass_context
def validate(context: click.Context, paths: tuple[Path, ...]) -> None:
    """Check results, and recompute their numbers from the evidence beside them.

    PATHS are result files or folders of them. All problems are printed, one a line: file, place in
    the document as a JSON pointer, value, and the rule that it breaks. A result without its
    evidence files is checked without them, with a message.

    The exit code is 0 if all results are valid, 1 if there are problems, 2 if there is nothing to
    check, as with a path that does not exist. Nothing that a result names is imported or run.
    """
    errors, files = ErrorCollector(), list[Path]()
    for path in paths:
        with errors.collect():
            files += result_files(path)
    if not files and not errors:
        raise FpbenchError(f"there are no results in {paths[0]}", hint="results end in .json")
    valid, invalid = 0, 0
    for file in dict.fromkeys(files):
        try:
            findings = check_result(file)
        except FpbenchError as err:
            invalid += 1
            click.echo(describe_refusal(file, err))
            continue
        for line in findings.unchecked:
            say(f"{file}: {line}")
        for line in findings.warnings:
            say(line)
        for line in findings.lines():
            click.echo(line)
        valid += not findings.problems
        invalid += bool(findings.problems)
    if valid:
        click.echo(f"{valid} valid")
    if invalid:
        say(f"{invalid} with problems")
    errors.raise_all()
    if invalid:
        context.exit(1)
