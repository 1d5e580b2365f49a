"""Reads a change from a Git repository without checking it out.

Only ``git`` commands that read objects are run: no file of the change is written where a program
would find it, and neither hooks, filters nor the repository's attributes have any effect.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, PIPE
from tempfile import TemporaryFile
from threading import Event, Timer
from typing import Literal

from fpbench.errors import FpbenchError

REGULAR = "100644"
_SUBMODULE = "160000"
_MOST_LISTING_BYTES = 4 << 20  # some 40 000 files
_TIMEOUT_S = 60

Status = Literal["added", "modified", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file that a change adds, modifies or deletes.

    Args:
        path: Path in the repository; bytes that are no UTF-8 are surrogates.
        mode: Mode of the new file in Git: ``100644`` is a regular file that is not executable;
            empty for a deleted file.
        blob: Name of the new content; empty for a deleted file.
        size_bytes: Size of the new content; 0 for a submodule.
    """

    path: str
    status: Status
    mode: str
    blob: str
    size_bytes: int


def changed_files(repository: Path, base: str, head: str) -> list[ChangedFile]:
    """Files that differ between where ``head`` left ``base`` and ``head``.

    Raises:
        FpbenchError: A revision is unknown, the two share no history, or the change is too large.
    """
    base, head = (resolve_commit(repository, revision) for revision in (base, head))
    fork = _git(repository, "merge-base", base, head).decode().strip()
    # Whole trees are compared here, because `git diff-tree` holds all that differs before it lists
    # any of it, and a few trees that name one another hold files without end.
    before, after = (
        {file.path: file for file in _list_tree(repository, commit)} for commit in (fork, head)
    )
    changes = []
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            changes.append(replace(before[path], status="deleted", mode="", blob="", size_bytes=0))
        elif path not in before:
            changes.append(after[path])
        elif before[path] != after[path]:
            changes.append(replace(after[path], status="modified"))
    return changes


def list_files(repository: Path, revision: str, folder: str) -> list[ChangedFile]:
    """All files below a folder in a revision, as if they had just been added.

    Raises:
        FpbenchError: The revision is unknown, or the folder is too large.
    """
    files = _list_tree(repository, resolve_commit(repository, revision), f"{folder}/")
    return [file for file in files if file.mode != _SUBMODULE]


def read_blob(repository: Path, file: ChangedFile) -> bytes:
    """The content of a file, whose size the caller has found acceptable."""
    return _git(repository, "cat-file", "blob", file.blob, most_bytes=file.size_bytes)


def has_landed(file: Path) -> bool | None:
    """Whether a branch ``main``, here or on a server, has a file with this content.

    Returns:
        None if the file is in no clone, or in one without such a branch.
    """
    folder, own = file.parent, _with_plain_lines(file.read_bytes())
    names = ("refs/heads/main", "refs/remotes/*/main")
    try:
        branches = _git(folder, "for-each-ref", "--format=%(refname)", *names).decode().split()
    except FpbenchError:
        return None
    for branch in branches:
        with suppress(FpbenchError):  # of a branch that has no such file
            content = _git(folder, "cat-file", "blob", f"{branch}:./{file.name}")
            if _with_plain_lines(content) == own:
                return True
    return False if branches else None


def _with_plain_lines(content: bytes) -> bytes:
    """The content of a text as Git keeps it, whatever ends its lines on this machine."""
    return content.replace(b"\r\n", b"\n")


def resolve_commit(repository: Path, revision: str) -> str:
    """The full name of a commit.

    Raises:
        FpbenchError: There is no such commit, or the folder is no repository.
    """
    try:
        name = _git(
            repository,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
    except FpbenchError as err:
        raise FpbenchError(
            f"{repository} has no commit '{revision}'", hint="fetch it, or correct the name"
        ) from err
    return name.decode().strip()


def _list_tree(repository: Path, commit: str, *paths: str) -> list[ChangedFile]:
    # --full-tree, because names are otherwise from the current folder, which may be an inner one.
    arguments = ("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *paths)
    files = []
    for line in os.fsdecode(_git(repository, *arguments)).split("\0")[:-1]:
        entry, _, path = line.partition("\t")
        mode, _, blob, size = entry.split()
        if mode != _SUBMODULE and not size.isdigit():  # as in a partial clone
            raise FpbenchError(
                f"{repository} lacks the content of {path!a}", hint="fetch the change in full"
            )
        size_bytes = int(size) if mode != _SUBMODULE else 0
        files.append(
            ChangedFile(path=path, status="added", mode=mode, blob=blob, size_bytes=size_bytes)
        )
    if len({file.path for file in files}) < len(files):
        raise FpbenchError(f"{commit} has two files of one name", hint="make the commit with git")
    return files


def _git(repository: Path, *arguments: str, most_bytes: int = _MOST_LISTING_BYTES) -> bytes:
    """The output of a Git command, which reads no settings but those of the repository.

    Raises:
        FpbenchError: Git is not installed, fails, takes too long, or answers with too much.
    """
    late = Event()
    with TemporaryFile() as complaints:
        command = ["git", "-C", str(repository), "-c", "safe.directory=*", *arguments]
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed; revisions follow --end-of-options
                command, stdin=DEVNULL, stdout=PIPE, stderr=complaints, env=_environment()
            )
        except FileNotFoundError as err:
            raise FpbenchError("git is not installed", hint="install it") from err
        with process, _limit_time(process, late):
            # No more is held than may be answered.
            output = process.stdout.read(most_bytes + 1) if process.stdout else b""
            if len(output) > most_bytes:
                process.kill()
        complaints.seek(0)
        reason = complaints.read(4096).decode(errors="replace").strip().splitlines()
    if late.is_set():
        raise FpbenchError(
            f"git {arguments[0]} took more than {_TIMEOUT_S} s", hint="the change is too large"
        )
    if len(output) > most_bytes:
        raise FpbenchError(
            f"git {arguments[0]} gives more than {most_bytes} bytes",
            hint="the change is too large: submit results alone",
        )
    if process.returncode:
        raise FpbenchError(
            f"git {arguments[0]} failed in {repository}: {reason[-1] if reason else 'no reason'}",
            hint="check --repository and the revisions",
        )
    return output


@contextmanager
def _limit_time(process: subprocess.Popen[bytes], late: Event) -> Iterator[None]:
    """Kill a process that takes too long, and say so in ``late``."""

    def stop() -> None:
        late.set()
        process.kill()

    timer = Timer(_TIMEOUT_S, stop)
    timer.start()
    try:
        yield
        process.wait()
    finally:
        timer.cancel()


def _environment() -> dict[str, str]:
    """The environment, but for Git's own variables, which may name another repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    settings |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    return kept | settings | {"GIT_NO_REPLACE_OBJECTS": "1"}
