"""Fetches single files of a public repository, without the rest of it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fpbench import FpbenchError
from fpbench.files import make_folder

_PATIENCE = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")  # bytes/s for 60 s
_BRANCHES = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True)
class Source:
    """A version of a file in a repository.

    Args:
        commit: Full name of a commit that has it.
        blob: Name of its content.
    """

    commit: str
    blob: str


class PartialClone:
    """A clone that has the history of a repository, and only those files that are asked for.

    Args:
        folder: Where it is kept; an earlier one there is used again.
        url: URL of the repository.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def fetch(self, commit: str) -> str:
        """Fetch the history, unless a commit is there already.

        Args:
            commit: At least the first seven digits of its name.

        Returns:
            The full name of the commit.

        Raises:
            FpbenchError: Git is not installed, the repository cannot be reached, or it does not
                have the commit.
        """
        if not (self.folder / "HEAD").is_file():
            make_folder(self.folder)
            self._git("init", "--quiet", "--bare")
        for name, value in (
            ("remote.origin.url", self.url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
        ):
            self._git("config", name, value)
        # Git asks the server for a full name that it does not have, but then knows no branches.
        is_fetched = bool(self._git("for-each-ref", "--count=1"))
        found = self._find_commit(commit) if is_fetched else None
        if found is None:
            self._git("fetch", "--quiet", "--filter=blob:none", "--force", "origin", *_BRANCHES)
            found = self._find_commit(commit)
        if found is None:
            raise FpbenchError(
                f"{self.url} has no commit {commit}",
                hint="its history was rewritten: use --mirror with a copy that has the commit",
            )
        return found

    def versions(self, path: str, commit: str) -> Iterator[Source]:
        """The versions of a file: that of a commit, then those of the history, the newest first.

        The history is only searched if the first one is not enough, because that takes long.
        """
        seen: set[str] = set()
        for one in self._commits_with(path, commit):
            blob = self._find_blob(one, path)
            if blob is not None and blob not in seen:
                seen.add(blob)
                yield Source(one, blob)

    def _commits_with(self, path: str, commit: str) -> Iterator[str]:
        """A commit, then all commits that add or change a file."""
        yield commit
        changed = self._git(
            "log", "--all", "--no-renames", "--full-history", "--diff-filter=AM", "--format=%H",
            commit, "--", path,
        )  # fmt: skip
        yield from changed.decode().split()

    def fetch_files(self, sources: Sequence[Source]) -> None:
        """Fetch the contents of several files at once, if the server can; others when read."""
        wanted = "".join(f"{blob}\n" for blob in sorted({one.blob for one in sources}))
        if wanted:
            self._try_git(
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags",
                "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin",
                given=wanted.encode(),
            )  # fmt: skip

    def read(self, source: Source) -> bytes:
        """The content of a file, which is fetched if it is not there."""
        return self._git("cat-file", "blob", source.blob)

    def remove(self) -> None:
        """Remove the clone."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _find_commit(self, commit: str) -> str | None:
        name = self._try_git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
        return name.decode().strip() if name else None

    def _find_blob(self, commit: str, path: str) -> str | None:
        line = self._git("ls-tree", "--full-tree", "-z", commit, "--", path).decode()
        entry = line.partition("\t")[0].split()
        return entry[2] if len(entry) == 3 and entry[1] == "blob" else None

    def _try_git(self, *arguments: str, given: bytes = b"") -> bytes | None:
        try:
            return self._git(*arguments, given=given)
        except FpbenchError:
            return None

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        """The output of a Git command, with the settings of the user.

        Raises:
            FpbenchError: Git is not installed, or fails.
        """
        command = ["git", "--literal-pathspecs", *_PATIENCE, "-C", str(self.folder), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - the list and the user name what is fetched
                command, input=given, capture_output=True, check=False, env=_environment()
            )
        except FileNotFoundError as err:
            raise FpbenchError("git is not installed", hint="install it") from err
        if done.returncode:
            raise FpbenchError(
                f"git failed for {self.url}: {_reason(done.stderr.decode(errors='replace'))}",
                hint="check the network, and run the same command again; --mirror names another "
                "place with the same repositories",
            )
        return done.stdout


def refuse_missing_git() -> None:
    """Refuse to begin where nothing can be fetched.

    Raises:
        FpbenchError: Git is not installed.
    """
    if shutil.which("git") is None:
        raise FpbenchError(
            "git is not installed, and the sources are fetched with it",
            hint="install git, and run the same command again",
        )


def _reason(said: str) -> str:
    """The line that says why; advice may follow it."""
    lines = said.strip().splitlines() or ["it says no reason"]
    return next((line for line in lines if line.startswith("fatal: ")), lines[-1])


def _environment() -> dict[str, str]:
    """The environment, without what may name another repository or ask for a password."""
    others = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
