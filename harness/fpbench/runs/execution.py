"""Carry out a run in fpbench's own way, or by the protocol that its config names."""

from pathlib import Path

from fpbench.files import remove_stale
from fpbench.progress import Stage
from fpbench.results.document import Result
from fpbench.runs.failures import failed_path, record_failure
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.run import run_protocol
from fpbench.runs.run import run_prepared


def execute(
    prepared: PreparedRun, out: Path, command: str, stage: Stage, *, figure: Path | None = None
) -> Result:
    """Do the long work, and write the result, its evidence and its figure.

    A run that fails is recorded beside ``out``, see :func:`fpbench.runs.failures.failed_path`; one
    that succeeds removes such a record.

    Args:
        prepared: From :func:`fpbench.runs.prepare.prepare`.
        out: Path of the result.
        command: The command line, for the result.
        stage: Shows progress.
        figure: File of the figure; None means a PNG beside ``out``.

    Raises:
        FpbenchError: As :func:`fpbench.runs.run.run_prepared` and
            :func:`fpbench.runs.protocols.run.run_protocol`.
    """
    own = prepared.config.protocol is None
    run = run_prepared if own else run_protocol
    with record_failure(prepared, out, command, stage) as listened:
        result = run(prepared, out, command, listened, figure=figure)
    remove_stale(failed_path(out))
    return result
