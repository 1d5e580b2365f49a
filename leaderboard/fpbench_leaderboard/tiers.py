"""How much of a result others have checked: nothing, its numbers, or all of it."""

from collections.abc import Sequence
from pathlib import Path

from fpbench.errors import ErrorCollector, FpbenchError
from fpbench.results.files import read_result, result_files
from fpbench.verification.validation import check_result
from fpbench_leaderboard.board import Tier
from fpbench_leaderboard.entries import Entry, file_links


def read_entries(paths: Sequence[Path], errors: ErrorCollector, *, check: bool) -> list[Entry]:
    """The results in files or folders, with their tiers.

    Args:
        paths: Files, or folders that are searched.
        errors: Takes the errors of files that are left out.
        check: Whether to compare results with the evidence beside them; otherwise all of them are
            self-reported.
    """
    files, entries = list[Path](), list[Entry]()
    for path in paths:
        with errors.collect():
            files += result_files(path)
    for file in dict.fromkeys(files):
        with errors.collect():
            entries.append(_read(file, check=check))
    return entries


def _read(path: Path, *, check: bool) -> Entry:
    result = read_result(path)
    links = file_links(path, result)
    complete = len(result.evidence) > 0 and len(links.evidence) == len(result.evidence)
    tier: Tier = _checked_tier(path) if check and complete else "self-reported"
    return Entry(result=result, path=path, tier=tier, links=links)


def _checked_tier(path: Path) -> Tier:
    """The tier of a result with all of its evidence.

    Raises:
        FpbenchError: The result and its evidence contradict each other.
    """
    findings = check_result(path)
    if findings.problems:
        more = len(findings.problems) - 1
        raise FpbenchError(
            findings.lines()[0] + (f" (and {more} more)" if more else ""),
            hint="`fpbench validate` names all problems",
        )
    return "self-reported" if findings.unchecked else "recomputed"
