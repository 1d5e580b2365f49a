"""Whether a change replaces landed results only by results that say so."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from fpbench.results.document import Result
from fpbench.results.files import identify
from fpbench.verification.git_trees import ChangedFile


def find_edit_problems(
    files: Sequence[ChangedFile], results: Mapping[str, Result], board: Mapping[str, Result]
) -> Iterator[str]:
    """Problems of what a change does to landed results.

    A landed result, its config and its evidence change only together with a result of the same name
    whose ``provenance.supersedes`` names it. Evidence that the new one does not name, and a config
    that it does not need, may be deleted then.

    Args:
        files: All files of the change.
        results: The results of the change that can be read, by path.
        board: The landed results, by path.
    """
    named = {path: identify(result) for path, result in board.items()}
    replaced: set[str] = set()
    for path, result in results.items():
        superseded = set(result.provenance.supersedes if result.provenance else ())
        folder = PurePosixPath(path).parent
        here = {name for other, name in named.items() if PurePosixPath(other).parent == folder}
        for name in sorted(superseded - here):
            yield f"{path}: /provenance/supersedes names {name}, which is no result of {folder}"
        if named.get(path) in superseded:
            replaced |= _files_of(path, board[path])
    changed = {file.path: file.status for file in files if file.status != "added"}
    others = (_files_of(path, one) for path, one in board.items() if path not in changed)
    replaced -= set().union(*others)
    named_now = set().union(*(_evidence_of(path, one) for path, one in results.items()))
    for path, status in sorted(changed.items()):
        if path not in replaced:
            yield (
                f"{path} is {status}: landed results never change, unless a result of the same "
                "name supersedes them"
            )
        elif status == "deleted" and path in named_now:
            yield f"{path} is deleted, but it is the evidence of a result of the change"


def _files_of(path: str, result: Result) -> set[str]:
    return {path, str(PurePosixPath(path).with_suffix(".toml")), *_evidence_of(path, result)}


def _evidence_of(path: str, result: Result) -> set[str]:
    return {str(PurePosixPath(path).with_name(info.file)) for info in result.evidence}
