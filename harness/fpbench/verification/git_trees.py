"""Reads a change from a Git repository without checking it out.

Only ``git`` commands that read objects are run: no file of the change is written where a program
would find it, and neither hooks, filters nor the repository's attributes have any effect.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fpbench.errors import FpbenchError

REGULAR = "100644"
_NO_BLOB = "0" * 40
_MOST_LISTING_BYTES = 4 << 20  # some 40 000 files
_TIMEOUT_S = 60

Status = Literal["added", "modified", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file that a change adds, modifies or deletes.

    Args:
        path: Path in the repository; bytes that are no UTF-8 are surrogates.
        mode: Mode of the new file in Git: ``100644`` is a regular file that is not executable.
        blob: Name of the new content; empty for a deleted file.
        size_bytes: Size of the new content.
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
    listing = _git(repository, "diff-tree", "-r", "-z", "--raw", "--no-renames", fork, head)
    fields = os.fsdecode(listing).split("\0")
    changes = list(zip(fields[0::2], fields[1::2], strict=False))
    entries = [(head.lstrip(":").split(), path) for head, path in changes]
    blobs = [entry[3] for entry, _ in entries if entry[3] != _NO_BLOB and entry[1] != "160000"]
    sizes = _sizes(repository, blobs)
    return [
        ChangedFile(
            path=path,
            status=_status(entry),
            mode=entry[1],
            blob="" if entry[3] == _NO_BLOB else entry[3],
            size_bytes=sizes.get(entry[3], 0),
        )
        for entry, path in entries
    ]


def list_files(repository: Path, revision: str, folder: str) -> list[ChangedFile]:
    """All files below a folder in a revision, as if they had just been added.

    Raises:
        FpbenchError: The revision is unknown, or the folder is too large.
    """
    commit = resolve_commit(repository, revision)
    listing = _git(repository, "ls-tree", "-r", "-z", "-l", commit, "--", f"{folder}/")
    files = []
    for line in os.fsdecode(listing).split("\0")[:-1]:
        entry, _, path = line.partition("\t")
        mode, kind, blob, size = entry.split()
        if kind == "blob":
            files.append(
                ChangedFile(path=path, status="added", mode=mode, blob=blob, size_bytes=int(size))
            )
    return files


def read_blob(repository: Path, file: ChangedFile) -> bytes:
    """The content of a file, whose size the caller has found acceptable."""
    return _git(repository, "cat-file", "blob", file.blob, most_bytes=file.size_bytes)


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


def _status(entry: Sequence[str]) -> Status:
    if entry[3] == _NO_BLOB:
        return "deleted"
    return "added" if entry[2] == _NO_BLOB else "modified"


def _sizes(repository: Path, blobs: Sequence[str]) -> dict[str, int]:
    """Sizes of blobs by name, without their contents."""
    answers = _git(
        repository,
        "cat-file",
        "--batch-check=%(objectname) %(objectsize)",
        stdin="".join(f"{blob}\n" for blob in blobs).encode(),
    )
    return {name: int(size) for name, size in map(str.split, answers.decode().splitlines())}


def _git(
    repository: Path, *arguments: str, stdin: bytes = b"", most_bytes: int = _MOST_LISTING_BYTES
) -> bytes:
    """The output of a Git command, which reads no settings but those of the repository.

    Raises:
        FpbenchError: Git is not installed, fails, takes too long, or answers with too much.
    """
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    settings |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    command = ["git", "-C", str(repository), "-c", "safe.directory=*", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; revisions follow --end-of-options
            command,
            input=stdin,
            capture_output=True,
            env=os.environ | settings,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except FileNotFoundError as err:
        raise FpbenchError("git is not installed", hint="install it") from err
    except subprocess.CalledProcessError as err:
        reason = err.stderr.decode(errors="replace").strip().splitlines()
        raise FpbenchError(
            f"git {arguments[0]} failed in {repository}: {reason[-1] if reason else 'no reason'}",
            hint="check --repository and the revisions",
        ) from err
    except subprocess.TimeoutExpired as err:
        raise FpbenchError(
            f"git {arguments[0]} took more than {_TIMEOUT_S} s", hint="the change is too large"
        ) from err
    if len(done.stdout) > most_bytes:
        raise FpbenchError(
            f"git {arguments[0]} gives {len(done.stdout)} bytes, more than {most_bytes}",
            hint="the change is too large: submit results alone",
        )
    return done.stdout
