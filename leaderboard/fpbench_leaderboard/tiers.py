"""How much of a result others have checked: nothing, its numbers, or all of it."""

from collections.abc import Sequence
from pathlib import Path

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.results.files import read_result, result_files
from fpbench.verification.kept_checks import KeptChecks
from fpbench.verification.submission import Submission
from fpbench.verification.tasks import check_task
from fpbench.verification.validation import check_result
from fpbench_leaderboard.board import Tier
from fpbench_leaderboard.entries import Entry, file_links


def read_entries(
    paths: Sequence[Path],
    errors: ErrorCollector,
    *,
    check: bool,
    kept: KeptChecks | None = None,
) -> list[Entry]:
    """The results in files or folders, with their tiers.

    Args:
        paths: Files, or folders that are searched.
        errors: Takes the errors of files that are left out.
        check: Whether to compare results with the evidence beside them and with their tasks;
            otherwise all of them are self-reported.
        kept: Notes of results that were compared with their evidence before.
    """
    files, entries = list[Path](), list[Entry]()
    for path in paths:
        with errors.collect():
            files += result_files(path)
    for file in dict.fromkeys(files):
        with errors.collect():
            entries.append(_read(file, check=check, kept=kept))
    return entries


def _read(path: Path, *, check: bool, kept: KeptChecks | None) -> Entry:
    result = read_result(path)
    links = file_links(path, result)
    complete = len(result.evidence) > 0 and len(links.evidence) == len(result.evidence)
    tier: Tier = "self-reported"
    if check and complete:
        tier = _checked_tier(path, kept)
    elif check:
        # Whatever a result says, a table of a task shows only what has the task's settings.
        submission = Submission(path=path, result=result, evidence={})
        _refuse([f"{path}: {problem}" for problem in check_task(submission)])
    return Entry(result=result, path=path, tier=tier, links=links)


def _checked_tier(path: Path, kept: KeptChecks | None) -> Tier:
    """The tier of a result with all of its evidence.

    Raises:
        FpbenchError: The result contradicts its evidence, its task or itself.
    """
    findings = check_result(path, kept)
    _refuse(findings.lines())
    return "self-reported" if findings.unchecked else "recomputed"


def _refuse(problems: Sequence[str]) -> None:
    """Raise the first problem, if there is any, with the number of the others."""
    if problems:
        more = len(problems) - 1
        raise FpbenchError(
            problems[0] + (f" (and {more} more)" if more else ""),
            hint="`fpbench validate` names all problems",
        )
