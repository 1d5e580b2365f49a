"""Checks of result files: what is wrong with them, and what could not be checked."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import find_evidence
from fpbench.evidence.protocol_evidence import ProtocolEvidence, find_protocol_evidence
from fpbench.hashing import file_sha256
from fpbench.json_documents import read_json
from fpbench.results.failures import FailedRun
from fpbench.results.files import read_document
from fpbench.review.shown_paths import refuse_folder_names, refuse_in_columns
from fpbench.review.synthetic_labels import find_result_alarm
from fpbench.tables import show_text
from fpbench.verification.checks import find_problems
from fpbench.verification.identity import find_form_problems
from fpbench.verification.kept_checks import KeptChecks
from fpbench.verification.problems import Problem
from fpbench.verification.submission import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a check of a result found.

    Args:
        problems: All problems of the file; none for a valid one.
        unchecked: A message for each evidence file that is missing beside the result, so that its
            curves could not be computed again.
        warnings: What is strange about a valid result.
    """

    path: Path
    problems: Sequence[Problem]
    unchecked: Sequence[str]
    warnings: Sequence[str] = ()

    def lines(self) -> list[str]:
        """One printable line for each problem: file, pointer, value, rule."""
        return [show_text(f"{self.path}: {problem}") for problem in self.problems]


def check_result(path: Path, kept: KeptChecks | None = None) -> Findings:
    """Check one result file, with the evidence beside it.

    Nothing that the result names is imported or run.

    Args:
        path: The file.
        kept: Notes of what was computed before, and need not be again. None means to compute all.

    Raises:
        FpbenchError: The result cannot be read, breaks the schema, or has an absolute path in it.
    """
    refuse_link(path)
    refuse_link(path.with_suffix(".toml"))
    before = None if kept is None or not path.is_file() else file_sha256(path)
    result = read_document(path)
    refuse_folder_names(path)
    of_form = list(find_form_problems(read_json(path), result))
    if isinstance(result, FailedRun):
        failure = result.failure
        warning = f"{path}: the run failed at '{failure.stage}': {show_text(failure.error)}"
        return Findings(path=path, problems=of_form, unchecked=[], warnings=[warning])
    evidence: dict[str, Evidence | GrownEvidence] = {}
    of_protocol: dict[str, ProtocolEvidence] = {}
    unchecked = []
    problems: list[Problem] = []
    for place, info in enumerate(result.evidence):
        try:
            refuse_link(path.with_name(info.file))
            if result.protocol is not None:
                protocol_evidence = find_protocol_evidence(path, info)
                if protocol_evidence is not None:
                    of_protocol[info.file] = protocol_evidence
                    continue
            found = find_evidence(path, info)
            refuse_in_columns(path.with_name(info.file), found.queries if found else None)
        except FpbenchError as err:
            pointer = f"/evidence/{place}/file"
            problems.append(Problem(pointer=pointer, value=info.file, rule=err.message))
            continue
        if found is None:
            unchecked.append(f"{info.file} is missing, so its curves were not computed again")
        else:
            evidence[info.file] = found
    whole = not problems and not unchecked and len(evidence) > 0
    agrees = kept is not None and whole and kept.holds(path, before)
    submission = Submission(path=path, result=result, evidence=evidence, of_protocol=of_protocol)
    problems += find_problems(submission, evidence_agrees=agrees)
    problems += of_form
    if kept is not None and whole and not agrees and not problems:
        kept.add(path, before)
    alarm = find_result_alarm(result)
    warnings = [] if alarm is None else [f"{path}: the generator has other marginals: {alarm}"]
    return Findings(path=path, problems=problems, unchecked=unchecked, warnings=warnings)


def describe_refusal(path: Path, refusal: FpbenchError) -> str:
    """One printable line that says why a file was not even read as a result."""
    message = " ".join(refusal.message.removeprefix(f"{path}: ").split())
    return show_text(f"{path}: {message}")


def refuse_link(path: Path) -> None:
    """Refuse a link, which may lead out of the folder of a submission, and any special file.

    Raises:
        FpbenchError: There is something of this name that is not a plain file.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # reading it says why
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "not a plain file"
        raise FpbenchError(f"{path}: it is {kind}", hint="put the file itself there")


def validate_result(path: Path) -> list[str]:
    """Check one result file.

    Returns:
        A message for each evidence file that is missing beside the result, and for each warning.

    Raises:
        FpbenchError: The result breaks the format, contradicts itself, holds an absolute path, has
            synthetic distractors that are far from real ones, or has a number that does not follow
            from the evidence. The message has a line for each problem.
    """
    findings = check_result(path)
    if findings.problems:
        raise FpbenchError("\n".join(findings.lines()), hint=NOT_BY_HAND)
    return [*findings.unchecked, *findings.warnings]


NOT_BY_HAND = "run `fpbench run` again, and do not edit the result that it writes"
