"""A result is placed only if it is right, with its evidence, and never over another one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from git_changes import Commit, commit, git, repository

from fpbench import FpbenchError
from fpbench.results.files import MOST_BYTES, read_result
from fpbench.results.provenance import Provenance
from fpbench.verification.placing import place_result
from fpbench.verification.statement import Statement
from fpbench.verification.validation import check_result

__all__ = ["commit", "repository"]


def test_a_result_and_its_evidence_are_copied(result: Path, tmp_path: Path) -> None:
    placed = place_result(result, tmp_path / "submissions", "task")
    folder = tmp_path / "submissions" / "spectral-sketch"
    assert placed.files == [folder / "task.json", folder / "r.exact.real.npz"]
    assert placed.left_out == []
    assert not check_result(folder / "task.json").problems
    assert placed == place_result(result, tmp_path / "submissions", "task")  # once more


def test_large_evidence_stays_where_it_is(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpbench.verification.placing.MOST_BYTES", {**MOST_BYTES, ".npz": 10})
    placed = place_result(result, tmp_path / "submissions")
    assert [file.name for file in placed.files] == ["r.json"]
    assert placed.left_out == ["r.exact.real.npz"]


def test_a_wrong_result_is_not_placed(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    def lie(document: dict[str, Any]) -> None:
        document["curves"][0]["points"][0]["value"] += 0.01

    alter(result, lie)
    with pytest.raises(FpbenchError, match="/curves/0/points/0/value is"):
        place_result(result, tmp_path / "submissions")
    assert not (tmp_path / "submissions").exists()


def test_another_result_is_never_replaced(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    (placed, *_) = place_result(result, tmp_path / "submissions").files
    before = placed.read_bytes()
    alter(result, lambda document: document.update(command="fpbench run --again"))
    with pytest.raises(FpbenchError, match=r"r\.json exists with another content"):
        place_result(result, tmp_path / "submissions")
    assert placed.read_bytes() == before
    assert json.loads(before)["command"] != "fpbench run --again"


@pytest.mark.parametrize("name", ["../up", ".hidden", "a b", "a/b", "é"])
def test_a_name_that_no_file_may_have_is_refused(result: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(FpbenchError, match="cannot name --name"):
        place_result(result, tmp_path / "submissions", name)


def test_the_config_beside_a_result_is_placed_with_it(result: Path, tmp_path: Path) -> None:
    result.with_suffix(".toml").write_text("seed = 0\n")
    placed = place_result(result, tmp_path / "submissions", "task")
    config = tmp_path / "submissions" / "spectral-sketch" / "task.toml"
    assert config in placed.files
    assert config.read_text() == "seed = 0\n"


def test_what_a_review_refuses_for_its_size_is_not_placed(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fpbench.verification.placing.MOST_BYTES", {**MOST_BYTES, ".json": 10})
    with pytest.raises(FpbenchError, match="a submission may have 10"):
        place_result(result, tmp_path / "submissions")


def test_a_result_that_is_too_large_to_be_readable_is_written_in_one_line(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = result.stat().st_size - 1
    monkeypatch.setattr("fpbench.verification.placing.MOST_BYTES", {**MOST_BYTES, ".json": most})
    (placed, *_) = place_result(result, tmp_path / "submissions").files
    assert placed.read_bytes().count(b"\n") == 1
    assert read_result(placed) == read_result(result)
    assert not check_result(placed).problems


def test_long_lists_are_shortened_and_counted(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    skipped = [{"track": f"{place}.wav", "reason": "silent"} for place in range(130)]
    alter(result, lambda document: document["data"].update(skipped=skipped))
    (placed, *_) = place_result(result, tmp_path / "submissions").files
    data = read_result(placed).data
    assert (len(data.skipped), data.skipped_left_out, data.near_copies_left_out) == (100, 30, 0)
    again = place_result(placed, tmp_path / "submissions", "again").files[0]
    assert read_result(again).data == data


STATEMENT = Statement(
    submitter="ann",
    relation="author",
    notes="the first one",
    weights_licence="MIT",
    training_data="FMA",
)


def test_what_is_stated_is_in_the_copy(result: Path, tmp_path: Path) -> None:
    placed = place_result(result, tmp_path / "submissions", statement=STATEMENT)
    copy = read_result(placed.files[0])
    assert copy.provenance == Provenance(submitter="ann", relation="author", notes="the first one")
    system = copy.fingerprinter
    assert (system.weights_licence, system.training_data) == ("MIT", "FMA")
    assert not check_result(placed.files[0]).problems
    assert read_result(result).provenance is None
    assert copy.result_id != read_result(result).result_id


def test_a_landed_result_is_replaced_by_one_that_supersedes_it(
    result: Path, tmp_path: Path
) -> None:
    (landed, *_) = place_result(result, tmp_path / "submissions").files
    statement = replace(STATEMENT, supersedes=[str(landed)])
    old = read_result(landed).result_id
    place_result(result, tmp_path / "submissions", statement=statement)
    provenance = read_result(landed).provenance
    assert provenance is not None
    assert provenance.supersedes == [old]
    again = replace(STATEMENT, supersedes=[old])  # the same command, with the id
    assert place_result(result, tmp_path / "submissions", statement=again).files[0] == landed


def rename_evidence(result: Path, alter: Callable[..., None], name: str) -> None:
    """As if the result had been run with another ``--out``."""
    (evidence,) = result.parent.glob("*.npz")
    evidence.rename(evidence.with_name(name))
    alter(result, lambda document: document["evidence"][0].update(file=name))


def test_what_only_the_superseded_result_needs_is_removed(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    result.with_suffix(".toml").write_text("seed = 0\n")
    landed, evidence, config = place_result(result, tmp_path / "submissions").files
    result.with_suffix(".toml").unlink()
    rename_evidence(result, alter, "again.exact.real.npz")
    statement = replace(STATEMENT, supersedes=[str(landed)])
    placed = place_result(result, tmp_path / "submissions", statement=statement)
    assert placed.removed == [evidence, config]
    assert sorted(landed.parent.iterdir()) == sorted(placed.files)
    assert not check_result(landed).problems


def test_evidence_of_another_landed_result_is_neither_removed_nor_replaced(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    landed, evidence = place_result(result, tmp_path / "submissions").files
    place_result(result, tmp_path / "submissions", "other")
    rename_evidence(result, alter, "again.exact.real.npz")
    statement = replace(STATEMENT, supersedes=[str(landed)])
    assert place_result(result, tmp_path / "submissions", statement=statement).removed == []
    assert evidence.is_file()


def test_what_has_not_landed_is_not_superseded(
    repository: Path, commit: Commit, result: Path
) -> None:
    git(repository, "branch", "main", "base")
    (placed, *_) = place_result(result, repository / "submissions").files
    statement = replace(STATEMENT, supersedes=[str(placed)])
    with pytest.raises(FpbenchError, match="which has not landed: no branch main has it"):
        place_result(result, repository / "submissions", statement=statement)
    commit({}, "main")  # with all that lies there
    assert place_result(result, repository / "submissions", statement=statement).files[0] == placed


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (Statement(submitter="ann"), "--submitter and --relation go together"),
        (Statement(notes="new"), "need to know who says so"),
        (replace(STATEMENT, submitter="a\u202eb"), "provenance.submitter"),
        (replace(STATEMENT, notes="see /home/ann/x"), "--notes holds the path '/home/ann/x'"),
        (replace(STATEMENT, supersedes=["none.json"]), "cannot read none.json"),
        (replace(STATEMENT, supersedes=["0" * 64]), "--supersedes names 0+, which is no result in"),
        (replace(STATEMENT, training_data="a\nb"), "fingerprinter.training_data"),
    ],
)
def test_a_statement_is_refused_by_field(
    result: Path, tmp_path: Path, statement: Statement, words: str
) -> None:
    with pytest.raises(FpbenchError, match=words):
        place_result(result, tmp_path / "submissions", statement=statement)
    assert not (tmp_path / "submissions").exists()


def test_evidence_whose_name_a_review_refuses_is_not_placed(
    result: Path, tmp_path: Path, alter: Callable[..., None]
) -> None:
    (evidence,) = result.parent.glob("r.*.npz")
    spaced = evidence.with_name(evidence.name.replace("r.", "a b.", 1))
    evidence.rename(spaced)
    alter(result, lambda document: document["evidence"][0].update(file=spaced.name))
    with pytest.raises(FpbenchError, match=r"'a b\.exact\.real\.npz' cannot name a file"):
        place_result(result, tmp_path / "submissions")
    assert not (tmp_path / "submissions").exists()
