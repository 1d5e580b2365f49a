"""Changes are read from Git objects, with their names, modes and sizes."""

from pathlib import Path

import pytest
from git_changes import Commit, commit, git, repository

from fpbench import FpbenchError
from fpbench.verification.git_trees import changed_files, list_files, read_blob, resolve_commit

__all__ = ["commit", "repository"]


def test_lists_what_the_change_adds_modifies_and_deletes(repository: Path, commit: Commit) -> None:
    commit({"old": b"1", "gone": b"2"}, "base")
    git(repository, "branch", "--force", "head", "base")
    commit({"a b\n": b"new", "old": b"changed", "gone": None})
    files = {file.path: file for file in changed_files(repository, "base", "head")}
    assert {path: file.status for path, file in files.items()} == {
        "a b\n": "added",
        "old": "modified",
        "gone": "deleted",
    }
    assert files["a b\n"].size_bytes == 3
    assert read_blob(repository, files["a b\n"]) == b"new"


def test_what_the_base_did_since_is_no_part_of_the_change(repository: Path, commit: Commit) -> None:
    commit({"mine": b"1"})
    commit({"theirs": b"2"}, "base")
    assert [file.path for file in changed_files(repository, "base", "head")] == ["mine"]


def test_modes_are_kept(repository: Path, commit: Commit) -> None:
    (repository / "link").symlink_to("/etc/passwd")
    (repository / "run.json").write_text("{}")
    (repository / "run.json").chmod(0o755)
    commit({"plain": b""})
    modes = {file.path: file.mode for file in changed_files(repository, "base", "head")}
    assert modes == {"link": "120000", "run.json": "100755", "plain": "100644"}


def test_lists_a_folder_of_a_revision(repository: Path, commit: Commit) -> None:
    commit({"submissions/a/b.json": b"{}", "other.json": b"{}"}, "base")
    (file,) = list_files(repository, "base", "submissions")
    assert (file.path, file.size_bytes) == ("submissions/a/b.json", 2)


@pytest.mark.parametrize("revision", ["nothing", "--help", "-x", ""])
def test_an_unknown_revision_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(FpbenchError, match=f"has no commit '{revision}'"):
        resolve_commit(repository, revision)


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="has no commit 'base'"):
        changed_files(tmp_path, "base", "head")


def test_nothing_of_the_change_is_run(repository: Path, commit: Commit, tmp_path: Path) -> None:
    """Neither filters nor text conversions that attributes of the change ask for."""
    ran = tmp_path / "ran"
    git(repository, "config", "filter.bad.smudge", f"touch {ran}")
    git(repository, "config", "diff.bad.textconv", f"touch {ran}")
    commit({".gitattributes": b"* diff=bad\n*.json filter=bad\n", "a.json": b"{}"})
    files = changed_files(repository, "base", "head")
    assert b"{}" in [read_blob(repository, file) for file in files]
    assert not ran.exists()
