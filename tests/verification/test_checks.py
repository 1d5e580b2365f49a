"""All checks run, and each problem is reported once."""

from pathlib import Path

from fpbench.evidence.files import read_evidence
from fpbench.results.files import read_result
from fpbench.verification.checks import CHECKS, PROTOCOL_CHECKS, WHOLE_CHECKS, find_problems
from fpbench.verification.submission import Submission


def test_an_honest_result_has_no_problems(result: Path) -> None:
    read = read_result(result)
    file = read.evidence[0].file
    there = {file: read_evidence(result.with_name(file))}
    assert list(find_problems(Submission(path=result, result=read, evidence=there))) == []


def test_every_check_of_the_room_is_in_the_table() -> None:
    checks = (*CHECKS, *WHOLE_CHECKS, *PROTOCOL_CHECKS)
    modules = {check.__module__.rpartition(".")[2] for check in checks}
    room = Path(__import__("fpbench").__file__).parent / "verification"
    with_checks = {p.stem for p in room.glob("*.py") if "\ndef check_" in p.read_text()}
    assert with_checks - modules == {"validation"}
