"""Changes are read from Git objects, with their names, modes and sizes."""

from pathlib import Path

import pytest
from git_changes import Commit, commit, git, repository

from fpbench import FpbenchError
from fpbench.verification.git_trees import (
    changed_files,
    has_landed,
    list_files,
    read_blob,
    resolve_commit,
)

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


def test_a_folder_is_listed_from_within_another(repository: Path, commit: Commit) -> None:
    commit({"submissions/a/b.json": b"{}", "inner/x": b""}, "base")
    (file,) = list_files(repository / "inner", "base", "submissions")
    assert file.path == "submissions/a/b.json"


def test_trees_that_list_files_without_end_are_refused(repository: Path) -> None:
    """Ten trees, each with the one before under ten names, are 10^10 files."""
    entry, mode, kind = git(repository, "hash-object", "-w", "README.md"), "100644", "blob"
    for _ in range(10):
        lines = "".join(f"{mode} {kind} {entry}\tname{each}\n" for each in range(10))
        entry, mode, kind = git(repository, "mktree", stdin=lines), "040000", "tree"
    head = git(repository, "commit-tree", entry, "-p", "base", "-m", "a change")
    with pytest.raises(FpbenchError, match="git ls-tree gives more than 4194304 bytes"):
        changed_files(repository, "base", head)


def test_a_command_that_takes_too_long_is_ended(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpbench.verification.git_trees._TIMEOUT_S", 0.0)
    monkeypatch.setattr("fpbench.verification.git_trees.resolve_commit", lambda _, name: name)
    with pytest.raises(FpbenchError, match="git ls-tree took more than 0"):
        list_files(repository, "base", "submissions")


def test_variables_of_git_name_no_other_repository(
    repository: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit({"mine": b"1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    assert [file.path for file in changed_files(repository, "base", "head")] == ["mine"]


def test_an_object_that_stands_for_another_is_not_read(repository: Path, commit: Commit) -> None:
    commit({"mine": b"1"})
    (file,) = changed_files(repository, "base", "head")
    git(repository, "replace", file.blob, git(repository, "rev-parse", "base:README.md"))
    assert read_blob(repository, file) == b"1"


def test_a_missing_object_is_named(repository: Path, commit: Commit) -> None:
    commit({"mine": b"1"})
    blob = git(repository, "rev-parse", "head:mine")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(FpbenchError, match="lacks the content of 'mine'"):
        changed_files(repository, "base", "head")


def test_names_of_64_digits_are_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=base", "--object-format=sha256")
    (tmp_path / "gone").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "base")
    git(tmp_path, "rm", "--quiet", "gone")
    git(tmp_path, "commit", "--quiet", "-m", "a change")
    (file,) = changed_files(tmp_path, "base~1", "base")
    assert (file.path, file.status, file.blob) == ("gone", "deleted", "")


def test_a_submodule_is_part_of_the_change(repository: Path) -> None:
    commit_name = git(repository, "rev-parse", "base")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{commit_name},submissions/a")
    git(repository, "commit", "--quiet", "-m", "a change")
    (file,) = changed_files(repository, "base", "head")
    assert (file.path, file.mode, file.size_bytes) == ("submissions/a", "160000", 0)


def test_two_files_of_one_name_are_refused(repository: Path) -> None:
    """Git's own commands do not make such a tree, which shows one content and hides another."""
    blob = bytes.fromhex(git(repository, "rev-parse", "base:README.md"))
    tree = repository / "tree"
    tree.write_bytes(2 * (b"100644 README.md\0" + blob))
    name = git(repository, "hash-object", "-w", "-t", "tree", "--literally", "tree")
    head = git(repository, "commit-tree", name, "-p", "base", "-m", "a change")
    with pytest.raises(FpbenchError, match="two files of one name"):
        changed_files(repository, "base", head)


def test_a_file_has_landed_when_a_branch_main_has_its_content(
    repository: Path, commit: Commit, tmp_path: Path
) -> None:
    commit({"a/r.json": b"one\n"}, "base")
    file = repository / "a" / "r.json"
    assert has_landed(file) is None  # no branch main says what has landed
    git(repository, "branch", "main", "base")
    assert has_landed(file)
    file.write_bytes(b"one\r\n")  # as Git checks it out on Windows
    assert has_landed(file)
    commit({"a/r.json": b"two\n"}, "base")
    assert has_landed(file) is False
    git(repository, "update-ref", "refs/remotes/upstream/main", "base")
    assert has_landed(file)
    (tmp_path / "r.json").write_bytes(b"one\n")
    assert has_landed(tmp_path / "r.json") is None  # in no clone
