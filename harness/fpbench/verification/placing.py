"""Puts a finished result where submissions are, with the evidence that is small enough."""

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, make_folder, write_output
from fpbench.results.canonical import canonical_bytes
from fpbench.results.document import Result
from fpbench.results.files import MOST_BYTES, checked_text, identify, read_result, result_files
from fpbench.verification.git_trees import has_landed
from fpbench.verification.pull_request import is_name
from fpbench.verification.statement import Statement
from fpbench.verification.validation import NOT_BY_HAND, check_result

_MOST_LISTED = 100  # skipped tracks, or pairs of near copies


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where a result lies now.

    Args:
        files: The files that belong into the pull request.
        removed: Files of the result that this one takes the place of, which no result needs now.
        left_out: Evidence that is too large for the repository or is missing.
    """

    result: Result
    files: Sequence[Path]
    removed: Sequence[Path]
    left_out: Sequence[str]


def place_result(
    path: Path, folder: Path, name: str | None = None, statement: Statement | None = None
) -> Placed:
    """Check a result, and put it with config and evidence to ``folder/SYSTEM/NAME.json``.

    Args:
        path: The result, with its evidence and, perhaps, its config (``.toml``) beside it.
        folder: The folder of all submissions.
        name: Name of the new file without suffix; None takes the task's, or that of ``path``.
        statement: What the submitter states; None states nothing. The new file has today's format.

    Raises:
        FpbenchError: The result has problems or is too large, a name cannot be a file's, or another
            file has it that the result does not supersede.
    """
    findings = check_result(path)
    if findings.problems:
        raise FpbenchError("\n".join(findings.lines()), hint=NOT_BY_HAND)
    result = _shorten((statement or Statement()).apply_to(read_result(path)))
    name = _name_of(result, path, name)
    target = folder / result.fingerprinter.name / f"{name}.json"
    content = _submitted_bytes(result, path)
    config = path.with_suffix(".toml")
    beside = [path.with_name(info.file) for info in result.evidence]
    small = [one for one in beside if one.is_file() and _fits(one, ".npz")]
    copies = {one: target.with_name(one.name) for one in small}
    if config.is_file():
        copies[config] = target.with_suffix(".toml")
    replaced = _find_replaced(result, target)
    if target not in replaced and target.exists() and target.read_bytes() != content:
        raise FpbenchError(
            f"{target} exists with another content",
            hint="choose another --name; if that file has landed, say that the new one takes its "
            f"place: --supersedes {target}; if it has not, delete it and run this again",
        )
    _copy(copies, replaced)
    write_output(target, content)  # last, when its evidence is there
    files = [target, *copies.values()]
    removed = sorted(one for one in replaced - {*files, *beside} if one.exists())
    for file in removed:
        file.unlink()
    left_out = [one.name for one in beside if one not in small]
    return Placed(result=result, files=files, removed=removed, left_out=left_out)


def _copy(copies: Mapping[Path, Path], replaced: Collection[Path]) -> None:
    """Copy files to where they belong, after all of them are found to be right."""
    for source, copy in copies.items():
        _refuse_copy(source, copy, replaced)
    for source, copy in copies.items():
        if not copy.exists() or copy in replaced:
            make_folder(copy.parent)
            with source.open("rb") as old, atomic_file(copy) as new:
                shutil.copyfileobj(old, new)


def _shorten(result: Result) -> Result:
    """The result with the beginnings of lists that are as long as the data is faulty."""
    data = result.data
    skipped, copies = data.skipped[:_MOST_LISTED], data.near_copies[:_MOST_LISTED]
    shorter = replace(
        data,
        skipped=skipped,
        skipped_left_out=data.skipped_left_out + len(data.skipped) - len(skipped),
        near_copies=copies,
        near_copies_left_out=data.near_copies_left_out + len(data.near_copies) - len(copies),
    )
    return replace(result, data=shorter)


def _submitted_bytes(result: Result, path: Path) -> bytes:
    """The text that people can read, or the canonical bytes if it is too large.

    Raises:
        FpbenchError: These are too large, too.
    """
    most = MOST_BYTES[".json"]
    content = checked_text(result, path).encode()
    if len(content) > most:
        content = canonical_bytes(json.loads(content)) + b"\n"
    if len(content) > most:
        raise FpbenchError(
            f"{path} has {len(content):,} bytes, and a submission may have {most:,}",
            hint="submit a run of fewer sizes or indexes",
        )
    return content


def _find_replaced(result: Result, target: Path) -> set[Path]:
    """Files of a landed result that the new one takes the place of, and that no other needs."""
    superseded = set(result.provenance.supersedes if result.provenance else ())
    if not superseded:
        return set()
    landed = {path: read_result(path) for path in _results_beside(target)}
    named = {path: identify(one) for path, one in landed.items()}
    if target in named and named[target] == identify(result):  # placed before
        return set()
    for name in sorted(superseded - set(named.values())):
        raise FpbenchError(
            f"--supersedes names {name}, which is no result in {target.parent}",
            hint="give a file in that folder, or the result_id of one",
        )
    for path in sorted(path for path, name in named.items() if name in superseded):
        _refuse_not_landed(path)
    if named.get(target) not in superseded:
        return set()
    of_others = (_files_of(path, one) for path, one in landed.items() if path != target)
    return _files_of(target, landed[target]).difference(*of_others)


def _files_of(path: Path, result: Result) -> set[Path]:
    evidence = {path.with_name(info.file) for info in result.evidence}
    return {path, path.with_suffix(".toml"), *evidence}


def _refuse_not_landed(path: Path) -> None:
    if has_landed(path) is False:
        raise FpbenchError(
            f"--supersedes names {path}, which has not landed: no branch main has it",
            hint="delete it, and submit without --supersedes; if it has landed, run `git fetch` "
            "first",
        )


def _results_beside(target: Path) -> Sequence[Path]:
    return result_files(target.parent) if target.parent.is_dir() else []


def _name_of(result: Result, path: Path, name: str | None) -> str:
    name = name or (result.task.name if result.task else path.stem)
    for text, option in ((result.fingerprinter.name, "the system"), (f"{name}.json", "--name")):
        if not is_name(text):
            raise FpbenchError(
                f"'{text}' cannot name {option} in a submission",
                hint="use up to 80 letters, digits, '.', '_' and '-'",
            )
    return name


def _refuse_copy(source: Path, copy: Path, replaced: Collection[Path]) -> None:
    """Refuse a copy that a review would refuse, or that would replace another file."""
    if not is_name(copy.name):
        raise FpbenchError(
            f"'{copy.name}' cannot name a file of a submission",
            hint="run again with a short --out of letters, digits, '.', '_' and '-'",
        )
    if not _fits(source, copy.suffix):
        size_bytes, most = source.stat().st_size, MOST_BYTES[copy.suffix]
        raise FpbenchError(
            f"{source} has {size_bytes:,} bytes, and a submission may have {most:,}",
            hint="shorten it",
        )
    if copy not in replaced and copy.exists() and copy.read_bytes() != source.read_bytes():
        # Evidence keeps its name, which the result records.
        other = "run again with another --out" if copy.suffix == ".npz" else "choose another --name"
        raise FpbenchError(
            f"{copy} exists with another content", hint=f"{other}; landed files never change"
        )


def _fits(path: Path, suffix: str) -> bool:
    return path.stat().st_size <= MOST_BYTES[suffix]
