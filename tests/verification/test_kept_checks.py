"""A note spares only the same computation of the same bytes, and nothing depends on having one."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fpbench import FpbenchError, hashing, validate
from fpbench.cache import Store
from fpbench.cli import main
from fpbench.evidence import hit_rates
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import write_evidence
from fpbench.hashing import file_sha256
from fpbench.verification import checks
from fpbench.verification.kept_checks import KIND, KeptChecks
from fpbench.verification.problems import Problem
from fpbench.verification.validation import check_result

Document = dict[str, Any]
Alter = Callable[[Path, Callable[[Document], None]], None]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptChecks:
    """The notes in the user's cache, of which there are none."""
    monkeypatch.setenv("FPBENCH_CACHE", str(tmp_path / "cache"))
    opened = KeptChecks.open()
    assert opened is not None
    return opened


def notes(kept: KeptChecks) -> list[Path]:
    return sorted((kept.store.root / KIND).glob("*/*.npz"))


def note(kept: KeptChecks) -> Path:
    (path,) = notes(kept)
    return path


def pointers(path: Path, kept: KeptChecks) -> set[str]:
    return {problem.pointer for problem in check_result(path, kept).problems}


def improve(document: Document) -> None:
    document["curves"][0]["points"][0]["value"] = 1.0


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The results whose evidence is computed again, each time that it is."""
    paths: list[Path] = []

    def record(submission: checks.Submission) -> Iterator[Problem]:
        paths.append(submission.path)
        yield from ()

    monkeypatch.setattr(checks, "CHECKS", (*checks.CHECKS, record))
    return paths


@pytest.fixture
def change_code(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Lets a module of fpbench look as if one line of it had changed."""
    read = hashing._read_code

    def change(module: str) -> None:
        file = Path(hashing.__file__).parent.joinpath(*module.split(".")[1:]).with_suffix(".py")
        source = file.read_bytes()

        def read_changed(other: bytes) -> tuple[str, set[str]]:
            return read(other + b"\n0\n_ = 1\n" if other == source else other)

        monkeypatch.setattr(hashing, "_read_code", read_changed)
        hashing.code_key.cache_clear()

    yield change
    hashing.code_key.cache_clear()


def test_what_agreed_is_computed_once(result: Path, kept: KeptChecks, computed: list[Path]) -> None:
    assert not kept.holds(result)
    for _ in range(2):
        assert check_result(result, kept).problems == []
    assert computed == [result]
    assert kept.holds(result)
    assert KeptChecks(Store(kept.store.root)).holds(result)  # as another process sees it


def test_a_changed_result_is_computed_again_however_often(
    result: Path, kept: KeptChecks, alter: Alter
) -> None:
    check_result(result, kept)
    honest = result.read_bytes()
    alter(result, improve)
    for _ in range(2):  # what was wrong is not noted, either
        assert "/curves/0/points/0/value" in pointers(result, kept)
    assert not kept.holds(result)
    result.write_bytes(honest)
    assert kept.holds(result)


def test_a_result_that_is_replaced_while_it_is_checked_is_not_noted(
    result: Path, kept: KeptChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = result.read_bytes()

    def replace_it(submission: checks.Submission) -> Iterator[Problem]:
        result.write_bytes(honest + b"\n")
        yield from ()

    monkeypatch.setattr(checks, "CHECKS", (*checks.CHECKS, replace_it))
    assert check_result(result, kept).problems == []
    assert not kept.holds(result)
    assert notes(kept) == []


def test_one_byte_is_a_change(result: Path, kept: KeptChecks) -> None:
    kept.add(result)
    result.write_bytes(result.read_bytes() + b"\n")
    assert not kept.holds(result)


def test_changed_evidence_is_a_problem_beside_a_noted_result(
    result: Path, kept: KeptChecks
) -> None:
    check_result(result, kept)
    file = result.with_name("r.exact.real.npz")
    file.write_bytes(file.read_bytes() + b"\0")
    (problem,) = check_result(result, kept).problems
    assert "SHA-256 differs" in problem.rule


def test_other_evidence_that_the_result_names_is_computed(
    result: Path, evidence: Evidence, kept: KeptChecks, alter: Alter
) -> None:
    check_result(result, kept)
    file = result.with_name("r.exact.real.npz")
    write_evidence(file, replace(evidence, blocks=[evidence.blocks[0]] * 2))

    def name_it(document: Document) -> None:
        document["evidence"][0]["sha256"] = file_sha256(file)

    alter(result, name_it)
    assert any(pointer.startswith("/curves/0/points") for pointer in pointers(result, kept))
    assert not kept.holds(result)


def test_nothing_is_noted_of_a_result_without_its_evidence(result: Path, kept: KeptChecks) -> None:
    result.with_name("r.exact.real.npz").unlink()
    assert check_result(result, kept).problems == []
    assert notes(kept) == []


def test_a_noted_result_without_its_evidence_is_not_checked(result: Path, kept: KeptChecks) -> None:
    check_result(result, kept)
    result.with_name("r.exact.real.npz").unlink()
    assert check_result(result, kept).unchecked


@pytest.mark.parametrize(
    "module",
    [*sorted({check.__module__ for check in checks.EVIDENCE_CHECKS}), hit_rates.__name__],
)
def test_changed_code_of_a_check_is_run_again(
    tmp_path: Path, kept: KeptChecks, change_code: Callable[[str], None], module: str
) -> None:
    path = tmp_path / "r.json"
    path.write_text("{}")
    kept.add(path)
    assert kept.holds(path)
    change_code(module)
    assert not kept.holds(path)


def test_what_does_not_follow_from_the_evidence_alone_is_always_checked(
    result: Path, kept: KeptChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_result(result, kept)

    def refuse(_: checks.Submission) -> Iterator[Problem]:
        yield Problem(pointer="/task", value="demo", rule="a task was installed since")

    monkeypatch.setattr(checks, "STATED_CHECKS", (*checks.STATED_CHECKS, refuse))
    assert kept.holds(result)
    assert pointers(result, kept) == {"/task"}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content[:-1] + bytes([content[-1] ^ 1]), id="one bit"),
        pytest.param(lambda content: b"{}", id="other format"),
    ],
)
def test_a_damaged_note_is_none_and_is_made_again(
    result: Path, kept: KeptChecks, computed: list[Path], damage: Callable[[bytes], bytes]
) -> None:
    check_result(result, kept)
    path = note(kept)
    path.write_bytes(damage(path.read_bytes()))
    assert not kept.holds(result)
    assert check_result(result, kept).problems == []
    assert computed == [result, result]
    assert kept.holds(result)


def test_a_missing_note_is_made_again(result: Path, kept: KeptChecks, computed: list[Path]) -> None:
    check_result(result, kept)
    shutil.rmtree(kept.store.root)
    assert check_result(result, kept).problems == []
    assert computed == [result, result]
    assert kept.holds(result)


def test_the_note_of_one_result_does_not_pass_for_that_of_another(
    result: Path, kept: KeptChecks, alter: Alter
) -> None:
    honest = result.read_bytes()
    alter(result, improve)
    kept.add(result)
    place = note(kept)
    place.unlink()
    lie = result.read_bytes()
    result.write_bytes(honest)
    check_result(result, kept)
    place.parent.mkdir(exist_ok=True)
    shutil.copy(note(kept), place)
    result.write_bytes(lie)
    assert not kept.holds(result)
    assert "/curves/0/points/0/value" in pointers(result, kept)


def test_a_place_that_cannot_be_read_or_written_changes_nothing(
    result: Path, kept: KeptChecks
) -> None:
    check_result(result, kept)
    path = note(kept)
    path.unlink()
    path.mkdir()
    assert check_result(result, kept).problems == []
    assert not kept.holds(result)
    shutil.rmtree(kept.store.root)
    kept.store.root.write_text("a file")
    assert check_result(result, kept).problems == []
    assert not kept.holds(result)


def test_there_are_no_notes_where_there_can_be_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("FPBENCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert KeptChecks.open() is None


def test_validate_computes_all_whatever_notes_there_are(
    result: Path, kept: KeptChecks, alter: Alter, computed: list[Path]
) -> None:
    assert validate(result) == []
    assert CliRunner().invoke(main, ["validate", str(result)]).exit_code == 0
    assert notes(kept) == []
    kept.add(result)
    validate(result)
    CliRunner().invoke(main, ["validate", str(result)])
    assert len(computed) == 4
    alter(result, improve)
    kept.add(result)  # as a liar would
    with pytest.raises(FpbenchError, match=r"/curves/0/points/0/value is 1\.0"):
        validate(result)
    refused = CliRunner().invoke(main, ["validate", str(result)])
    assert refused.exit_code != 0
    assert "/curves/0/points/0/value is 1.0" in refused.output
