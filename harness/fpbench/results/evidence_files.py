"""Finds the evidence of a result."""

from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.results.document import EvidenceInfo


def locate_evidence(result: Path, info: EvidenceInfo) -> Path | None:
    """The file of evidence beside a result; None if there is none.

    Raises:
        FpbenchError: The file is from another run, or is no file.
    """
    file = result.with_name(info.file)
    if not file.exists():
        return None
    if not file.is_file():  # to open a pipe can wait forever
        raise FpbenchError(f"{file} is not a file", hint="put the evidence of the run there")
    if file_sha256(file) != info.sha256:
        raise FpbenchError(
            f"{file}: its SHA-256 differs from the one in {result.name}",
            hint="put the evidence file of the same run beside the result",
        )
    return file
