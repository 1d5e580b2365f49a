"""A landed result changes only together with one that supersedes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.document import Result
from fpbench.results.files import identify, read_result
from fpbench.results.provenance import Provenance
from fpbench.verification.edits import find_edit_problems
from fpbench.verification.git_trees import ChangedFile

LANDED = read_result(Path(__file__).parents[1] / "golden" / "result_1_0.json")
OLDER = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
PATH = "submissions/a/r.json"
EVIDENCE = f"submissions/a/{LANDED.evidence[0].file}"


def modified(*paths: str) -> list[ChangedFile]:
    return [
        ChangedFile(path=path, status="modified", mode="100644", blob="0" * 40, size_bytes=1)
        for path in paths
    ]


def deleted(path: str) -> ChangedFile:
    return ChangedFile(path=path, status="deleted", mode="", blob="", size_bytes=0)


def new_result(*supersedes: str) -> Result:
    provenance = Provenance(submitter="ann", relation="author", supersedes=supersedes)
    return replace(LANDED, provenance=provenance)


@pytest.mark.parametrize("landed", [LANDED, OLDER], ids=["today's", "of an earlier format"])
def test_config_and_evidence_change_with_the_result(landed: Result) -> None:
    files = modified(PATH, EVIDENCE, "submissions/a/r.toml")
    right = new_result(identify(landed))
    assert list(find_edit_problems(files, {PATH: right}, {PATH: landed})) == []
    other = new_result()
    assert len(list(find_edit_problems(files, {PATH: other}, {PATH: landed}))) == len(files)


def test_a_result_may_supersede_one_of_another_name() -> None:
    landed = {"submissions/a/old.json": LANDED, "submissions/b/r.json": OLDER}
    good = new_result(identify(LANDED))
    assert list(find_edit_problems([], {PATH: good}, landed)) == []
    (problem,) = find_edit_problems([], {PATH: new_result(identify(OLDER))}, landed)
    assert problem.endswith("which is no result of submissions/a")


def test_evidence_that_another_landed_result_names_stays() -> None:
    landed = {PATH: LANDED, "submissions/a/other.json": LANDED}
    files = modified(PATH, EVIDENCE)
    (problem,) = find_edit_problems(files, {PATH: new_result(identify(LANDED))}, landed)
    assert problem.startswith(f"{EVIDENCE} is modified: landed results never change")


def test_evidence_of_a_superseded_result_is_deleted_unless_a_result_names_it() -> None:
    files = [*modified(PATH), deleted(EVIDENCE)]
    right = new_result(identify(LANDED))
    renamed = replace(right, evidence=[replace(right.evidence[0], file="new.npz")])
    assert list(find_edit_problems(files, {PATH: renamed}, {PATH: LANDED})) == []
    (problem,) = find_edit_problems(files, {PATH: right}, {PATH: LANDED})
    assert problem == f"{EVIDENCE} is deleted, but it is the evidence of a result of the change"
    (problem,) = find_edit_problems([deleted(EVIDENCE)], {}, {PATH: LANDED})
    assert problem.startswith(f"{EVIDENCE} is deleted: landed results never change")
    board = {PATH: LANDED, "submissions/a/other.json": LANDED}
    (problem,) = find_edit_problems(files, {PATH: renamed}, board)
    assert problem.startswith(f"{EVIDENCE} is deleted: landed results never change")
