"""Git repositories with a base and a change, made anew for each test."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Commit = Callable[..., str]

_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in {"NAME": "n", "EMAIL": "n@example.org", "DATE": "2026-01-01T00:00Z"}.items()
}


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """The output of a Git command that no setting of the machine changes."""
    environment = os.environ | _NOBODY | {"GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, which is called ``base``."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=base")
    (folder / "README.md").write_text("a board\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "base")
    git(folder, "checkout", "--quiet", "-b", "head")
    return folder


@pytest.fixture
def commit(repository: Path) -> Commit:
    """Commits files with their contents, or deletes those whose content is None."""

    def commit_files(files: Mapping[str, bytes | None], branch: str = "head") -> str:
        git(repository, "checkout", "--quiet", branch)
        for path, content in files.items():
            if content is None:
                (repository / path).unlink()
                continue
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_bytes(content)
        git(repository, "add", "--all", "--force", ".")
        git(repository, "commit", "--quiet", "-m", "a change")
        return git(repository, "rev-parse", "HEAD")

    return commit_files
