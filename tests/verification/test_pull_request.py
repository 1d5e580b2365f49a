"""A change may add results of one system, and nothing else; every number is computed again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from git_changes import Commit, commit, git, repository

from fpbench.results.canonical import hash_document
from fpbench.results.files import MOST_BYTES
from fpbench.verification.pull_request import Review, review_change

__all__ = ["commit", "repository"]

SYSTEM = "submissions/spectral-sketch"


@pytest.fixture
def submitted(result: Path) -> dict[str, bytes]:
    """A valid result with its evidence, by path in the repository."""
    files = [result, *result.parent.glob(f"{result.stem}.*.npz")]
    return {f"{SYSTEM}/{file.name}": file.read_bytes() for file in files}


def review(repository: Path) -> Review:
    return review_change(repository, "base", "head")


def test_a_valid_result_passes(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit(submitted)
    found = review(repository)
    assert [one.problems for one in found.results] == [[]]
    assert found.passed
    assert not (repository / ".git" / "index.lock").exists()


def test_nothing_changed_passes(repository: Path) -> None:
    assert review(repository) == Review(changed=0)


REFUSED = {
    "README.md": (b"new", "README.md is not submissions/SYSTEM/FILE"),
    ".github/workflows/x.yml": (b"", ".github/workflows/x.yml is not submissions/SYSTEM/FILE"),
    "submissions/x.json": (b"{}", "submissions/x.json is not submissions/SYSTEM/FILE"),
    "submissions/a/b/c.json": (b"{}", "submissions/a/b/c.json is not submissions/SYSTEM/FILE"),
    f"{SYSTEM}/.hidden.json": (b"{}", ".hidden.json is not submissions/SYSTEM/FILE"),
    f"{SYSTEM}/a|b.json": (b"{}", "a|b.json is not submissions/SYSTEM/FILE"),
    f"{SYSTEM}/\u202ea.json": (b"{}", "a.json is not submissions/SYSTEM/FILE"),
    f"{SYSTEM}/a.py": (b"", "a.py is neither a result, its config nor its evidence"),
    f"{SYSTEM}/a.json": (b"0" * 100_001, "a.json has 100,001 bytes, more than 100,000"),
    "submissions/other/a.json": (b"{}", "submits to 2 folders: other, spectral-sketch"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_a_change_that_touches_more_is_refused(
    repository: Path, commit: Commit, submitted: dict[str, bytes], path: str
) -> None:
    content, problem = REFUSED[path]
    commit({**submitted, path: content})
    found = review(repository)
    assert not found.passed
    assert any(problem in line for line in found.problems)
    assert not found.results  # nothing is read before that is in order


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "landed results stay"), (b"{}", "landed results never change")],
    ids=["deleted", "modified"],
)
def test_landed_results_never_change(
    repository: Path,
    commit: Commit,
    submitted: dict[str, bytes],
    content: bytes | None,
    words: str,
) -> None:
    commit(submitted, "base")
    git(repository, "branch", "--force", "head", "base")
    commit({next(iter(submitted)): content})
    (line,) = review(repository).problems
    assert words in line


def with_provenance(content: bytes, *supersedes: str) -> bytes:
    """The file of a result that says which others it supersedes."""
    document = json.loads(content)
    document["provenance"] = {"submitter": "ann", "relation": "author"}
    if supersedes:
        document["provenance"]["supersedes"] = list(supersedes)
    document["result_id"] = hash_document(document)
    return json.dumps(document).encode()


def test_a_landed_result_changes_if_the_new_one_supersedes_it(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit(submitted, "base")
    git(repository, "branch", "--force", "head", "base")
    path, content = next(iter(submitted.items()))
    commit({path: with_provenance(content)})
    (line,) = review(repository).problems
    assert line.startswith(f"{path} is modified: landed results never change, unless")
    landed = json.loads(content)["result_id"]
    commit({path: with_provenance(content, landed)})
    assert review(repository).passed


def test_evidence_that_only_a_superseded_result_needs_may_be_deleted(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit(submitted, "base")
    git(repository, "branch", "--force", "head", "base")
    (path, content), (evidence, array) = submitted.items()
    landed, again = json.loads(content), f"{SYSTEM}/again.exact.real.npz"
    renamed = content.replace(b"r.exact.real.npz", b"again.exact.real.npz")
    renamed = with_provenance(renamed, landed["result_id"])
    commit({path: renamed, again: array, evidence: None})
    found = review(repository)
    assert (found.problems, [one.problems for one in found.results]) == ([], [[]])


def test_a_new_result_has_todays_format(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    path, content = next(iter(submitted.items()))
    document = json.loads(content)
    for name in ("result_format", "result_id", "harness"):
        del document[name]
    for curve in document["curves"]:
        curve["index_parameters"] = document["indexes"][0]["effective"]
    del document["indexes"], document["fingerprinter"]["bytes_per_hour"]
    document["schema_version"] = 1
    commit({**submitted, path: json.dumps(document).encode()})
    (found,) = review(repository).results
    assert found.problems == ["it has an earlier format; `fpbench submit` writes today's"]


def test_what_is_superseded_has_landed_in_the_same_folder(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    path, content = next(iter(submitted.items()))
    commit({**submitted, path: with_provenance(content, "0" * 64)})
    (line,) = review(repository).problems
    assert line == (
        f"{path}: /provenance/supersedes names {'0' * 64}, which is no result of {SYSTEM}"
    )


def test_evidence_of_another_landed_result_never_changes(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    (path, content), (evidence, array) = submitted.items()
    commit({**submitted, path.replace("r.json", "other.json"): content}, "base")
    git(repository, "branch", "--force", "head", "base")
    landed = json.loads(content)["result_id"]
    commit({path: with_provenance(content, landed), evidence: array + b" "})
    assert f"{evidence} is modified: landed" in "\n".join(review(repository).problems)


def test_links_and_programs_are_refused(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    folder = repository / SYSTEM
    folder.mkdir(parents=True)
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "run.json").write_text("{}")
    (folder / "run.json").chmod(0o755)
    commit(submitted)
    problems = review(repository).problems
    assert f"{SYSTEM}/link.json has mode 120000, not that of a regular file, 100644" in problems
    assert f"{SYSTEM}/run.json has mode 100755, not that of a regular file, 100644" in problems


def test_a_lie_is_found(repository: Path, commit: Commit, submitted: dict[str, bytes]) -> None:
    name = next(iter(submitted))
    document: dict[str, Any] = json.loads(submitted[name])
    document["curves"][0]["points"][0]["value"] += 0.01
    commit({**submitted, name: json.dumps(document).encode()})
    (one,) = review(repository).results
    assert any(line.startswith("/curves/0/points/0/value is") for line in one.problems)


def test_the_folder_has_the_systems_name(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit({name.replace("spectral-sketch", "mine"): each for name, each in submitted.items()})
    (one,) = review(repository).results
    assert one.problems == ["/fingerprinter/name is not the name of its folder, mine"]


@pytest.mark.parametrize(
    "content",
    [b"[" * 50_000, b"{", b"null", b'{"a": NaN}', b'{"a": 1e400}', b"\xff", b'{"a":1,"a":2}'],
    ids=["deep", "cut", "null", "nan", "large", "bytes", "twice"],
)
def test_what_is_no_result_is_a_problem(repository: Path, commit: Commit, content: bytes) -> None:
    commit({f"{SYSTEM}/a.json": content})
    (one,) = review(repository).results
    assert one.result is None
    assert one.problems


@pytest.mark.parametrize(
    "secret",
    [b"-----BEGIN RSA PRIVATE KEY-----", b"ghp_" + b"a" * 36, b"AKIA" + b"A" * 16],
    ids=["key", "github", "aws"],
)
def test_secrets_are_found(
    repository: Path, commit: Commit, submitted: dict[str, bytes], secret: bytes
) -> None:
    commit({**submitted, f"{SYSTEM}/r.toml": b'seed = 0 # "' + secret + b'"'})
    (line,) = review(repository).problems
    assert line.startswith(f"{SYSTEM}/r.toml has ")


@pytest.mark.parametrize("name", ["extra.npz", "extra.toml"])
def test_a_file_that_no_result_needs_is_refused(
    repository: Path, commit: Commit, submitted: dict[str, bytes], name: str
) -> None:
    commit({**submitted, f"{SYSTEM}/{name}": b"anything"})
    (line,) = review(repository).problems
    assert line == (
        f"{SYSTEM}/{name} is neither the config nor the evidence of a result of the change"
    )


def test_a_name_that_was_taken_since_the_change_began_is_refused(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit(submitted)
    commit({f"{SYSTEM}/r.json": b"{}"}, "base")
    (line,) = review(repository).problems
    assert line.startswith(f"{SYSTEM}/r.json is there already")


@pytest.mark.parametrize(
    ("landed", "problem"),
    [
        (f"{SYSTEM}/R.json", "r.json is there already, perhaps in other case"),
        ("submissions/Spectral-Sketch/a.json", "a folder whose name differs from another only in"),
    ],
    ids=["file", "folder"],
)
def test_names_that_differ_only_in_case_are_refused(
    repository: Path, commit: Commit, submitted: dict[str, bytes], landed: str, problem: str
) -> None:
    commit({landed: b"{}"}, "base")
    git(repository, "branch", "--force", "head", "base")
    commit(submitted)
    assert problem in review(repository).problems[0]


def test_landed_evidence_of_another_result_is_no_evidence(
    repository: Path, commit: Commit, submitted: dict[str, bytes]
) -> None:
    commit(submitted, "base")
    git(repository, "branch", "--force", "head", "base")
    document = json.loads(submitted[f"{SYSTEM}/r.json"])
    document["evidence"][0]["sha256"] = "0" * 64
    commit({f"{SYSTEM}/again.json": json.dumps(document).encode()})
    (one,) = review(repository).results
    assert any("its SHA-256 differs" in line for line in one.problems)


def test_results_of_the_base_are_compared(
    repository: Path, commit: Commit, submitted: dict[str, bytes], write_run: Callable[..., Path]
) -> None:
    commit(submitted, "base")
    git(repository, "branch", "--force", "head", "base")
    commit({f"{SYSTEM}/again.json": submitted[f"{SYSTEM}/r.json"]})
    found = review(repository)
    assert list(found.comparable(found.results[0])) == [f"{SYSTEM}/r.json"]


def test_sizes_are_known_before_contents() -> None:
    assert MOST_BYTES == {".json": 100_000, ".toml": 20_000, ".npz": 5_000_000}
