"""Reviews a change that submits results: what it may touch, and whether its results are right."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from fpbench.errors import FpbenchError
from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench.results.files import MOST_BYTES, has_todays_format, read_result
from fpbench.verification.edits import find_edit_problems
from fpbench.verification.git_trees import (
    REGULAR,
    ChangedFile,
    changed_files,
    list_files,
    read_blob,
)
from fpbench.verification.validation import check_result

FOLDER = "submissions"
_MOST_FILES = 40
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a GitHub token": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}"),
    "an AWS key": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a Hugging Face token": re.compile(rb"\bhf_[A-Za-z0-9]{30}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One submitted result.

    Args:
        path: Path in the repository.
        result: None if it cannot be read.
        problems: What is wrong, a line each.
        unchecked: What could not be checked, a line each.
    """

    path: str
    result: Result | None
    problems: Sequence[str]
    unchecked: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Review of a change.

    Args:
        changed: Number of files that it changes.
        problems: What is wrong with the change as a whole, a line each.
        results: The results that it submits.
        board: Results of the base, by path, for comparison.
    """

    changed: int
    problems: Sequence[str] = ()
    results: Sequence[Reviewed] = ()
    board: Mapping[str, Result] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether a maintainer may merge the change as far as a machine can tell."""
        return not self.problems and not any(one.problems for one in self.results)

    def comparable(self, reviewed: Reviewed) -> dict[str, Result]:
        """Results of the board for the same audio and queries."""
        if reviewed.result is None:
            return {}
        key = ComparisonKey.of(reviewed.result)
        return {
            path: result
            for path, result in self.board.items()
            if ComparisonKey.of(result) == key and path != reviewed.path
        }


def review_change(repository: Path, base: str, head: str) -> Review:
    """Review what ``head`` changes since it left ``base``. Nothing of ``head`` is checked out.

    Args:
        repository: Folder of a Git repository that has both.
        base: The branch that the change is for.
        head: The last commit of the change.

    Raises:
        FpbenchError: A revision is unknown, or the change is too large to be listed.
    """
    files = changed_files(repository, base, head)
    if not files:
        return Review(changed=0)
    problems = list(find_file_problems(files))
    if problems:
        return Review(changed=len(files), problems=problems)
    landed = list_files(repository, base, FOLDER)
    problems += _find_clashes(files, landed)
    board = _read_board(repository, landed)
    with TemporaryDirectory() as folder:
        # A result may name evidence that has landed, which then has to be its own.
        for file in [*_find_beside(files, landed), *_remaining(files)]:
            content = read_blob(repository, file)
            problems += [f"{file.path} has {secret} in it" for secret in _find_secrets(content)]
            copy = Path(folder) / file.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        paths = [file.path for file in files if file.path.endswith(".json")]
        results = [_review_result(Path(folder), path) for path in sorted(paths)]
    if not results:
        problems.append("the change submits no result (.json)")
    problems += _find_strays(files, results)
    readable = {one.path: one.result for one in results if one.result is not None}
    problems += find_edit_problems(files, readable, board)
    return Review(changed=len(files), problems=problems, results=results, board=board)


def find_file_problems(files: Sequence[ChangedFile]) -> Iterator[str]:
    """Problems of the files of a change, from their names, modes and sizes alone."""
    if len(files) > _MOST_FILES:
        yield f"the change has {len(files)} files, more than {_MOST_FILES}"
        return
    for file in files:
        yield from _check_file(file)
    systems = {PurePosixPath(file.path).parts[1] for file in files if _is_inside(file.path)}
    if len(systems) > 1:
        yield f"the change submits to {len(systems)} folders: {', '.join(sorted(systems))}"


def _check_file(file: ChangedFile) -> Iterator[str]:
    if not _is_inside(file.path):
        yield f"{file.path} is not {FOLDER}/SYSTEM/FILE with letters, digits, '.', '_' and '-'"
        return
    suffix = PurePosixPath(file.path).suffix
    if file.status == "deleted":
        if suffix == ".json":
            yield f"{file.path} is deleted: landed results stay; submit another one"
        return
    if file.mode != REGULAR:
        yield f"{file.path} has mode {file.mode}, not that of a regular file, {REGULAR}"
        return
    if suffix not in MOST_BYTES:
        yield f"{file.path} is neither a result, its config nor its evidence"
    elif file.size_bytes > MOST_BYTES[suffix]:
        yield f"{file.path} has {file.size_bytes:,} bytes, more than {MOST_BYTES[suffix]:,}"


def _find_clashes(files: Sequence[ChangedFile], landed: Sequence[ChangedFile]) -> Iterator[str]:
    """Names that are taken, or differ from another only in case, which some machines ignore."""
    changed = {file.path for file in files if file.status != "added"}
    files = _remaining(files)
    named = [*(file for file in landed if file.path not in changed), *files]
    taken = Counter(file.path.casefold() for file in named)
    folders = {str(PurePosixPath(file.path).parent) for file in named}
    for file in files:
        folder = str(PurePosixPath(file.path).parent)
        if taken[file.path.casefold()] > 1:
            yield f"{file.path} is there already, perhaps in other case: choose another name"
        elif sum(folder.casefold() == other.casefold() for other in folders) > 1:
            yield f"{file.path} is in a folder whose name differs from another only in case"


def _remaining(files: Sequence[ChangedFile]) -> Sequence[ChangedFile]:
    return [file for file in files if file.status != "deleted"]


def _find_beside(
    files: Sequence[ChangedFile], landed: Sequence[ChangedFile]
) -> Iterator[ChangedFile]:
    """Evidence and configs that will lie in the folder of the change, but are no part of it."""
    folders = {PurePosixPath(file.path).parent for file in files}
    taken = {file.path for file in files}
    for file in landed:
        path = PurePosixPath(file.path)
        beside = path.parent in folders and path.suffix in (".npz", ".toml")
        if beside and file.mode == REGULAR and file.path not in taken:
            yield file


def _find_strays(files: Sequence[ChangedFile], results: Sequence[Reviewed]) -> Iterator[str]:
    """Files that no result needs, so that nothing says what is in them."""
    known = set()
    for one in results:
        if one.result is None:  # which may be why a file belongs to none
            return
        path = PurePosixPath(one.path)
        known |= {one.path, str(path.with_suffix(".toml"))}
        known |= {str(path.with_name(info.file)) for info in one.result.evidence}
    for file in _remaining(files):
        if results and file.path not in known:
            yield f"{file.path} is neither the config nor the evidence of a result of the change"


def is_name(text: str) -> bool:
    """Whether a text can name a folder or a file of a submission."""
    return _NAME.fullmatch(text) is not None


def _is_inside(path: str) -> bool:
    folder, *names = path.split("/")
    return folder == FOLDER and len(names) == 2 and all(map(is_name, names))


def _find_secrets(content: bytes) -> list[str]:
    return [name for name, pattern in _SECRETS.items() if pattern.search(content)]


def _review_result(folder: Path, path: str) -> Reviewed:
    try:
        findings = check_result(folder / path)
        result = read_result(folder / path, edited=True)
    except FpbenchError as err:
        message = err.message.replace(f"{folder}/", "")
        return Reviewed(path=path, result=None, problems=[message])
    problems = [str(problem).replace(f"{folder}/", "") for problem in findings.problems]
    if not has_todays_format(folder / path):
        problems.append("it has an earlier format; `fpbench submit` writes today's")
    system = PurePosixPath(path).parts[1]
    if result.fingerprinter.name != system:
        problems.append(f"/fingerprinter/name is not the name of its folder, {system}")
    return Reviewed(path=path, result=result, problems=problems, unchecked=findings.unchecked)


def _read_board(repository: Path, landed: Sequence[ChangedFile]) -> dict[str, Result]:
    """The results of the base, as far as today's format knows them."""
    board = {}
    with TemporaryDirectory() as folder:
        for file in landed:
            if not file.path.endswith(".json") or file.size_bytes > MOST_BYTES[".json"]:
                continue
            copy = Path(folder) / "result.json"
            copy.write_bytes(read_blob(repository, file))
            try:
                board[file.path] = read_result(copy)
            except FpbenchError:  # an older format, which only its own version reads
                continue
    return board
