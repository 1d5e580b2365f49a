"""Carry out a run in fpbench's own way, or by the protocol that its config names."""

import hashlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fpbench.errors import FpbenchError
from fpbench.files import make_folder, remove_stale
from fpbench.progress import Stage
from fpbench.results.document import Result
from fpbench.results.files import dump_result, read_result
from fpbench.runs.failures import failed_path, record_failure
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.run import run_protocol
from fpbench.runs.run import run_prepared
from fpbench.runs.workers.engines import LOCAL, EngineChoice


def execute(
    prepared: PreparedRun,
    out: Path,
    command: str,
    stage: Stage,
    *,
    figure: Path | None = None,
    choice: EngineChoice = LOCAL,
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
        choice: Engines that search, which protocols do not use.

    Raises:
        FpbenchError: As :func:`fpbench.runs.run.run_prepared` and
            :func:`fpbench.runs.protocols.run.run_protocol`.
    """
    with record_failure(prepared, out, command, stage) as listened:
        if prepared.config.protocol is None:
            result = run_prepared(prepared, out, command, listened, figure=figure, choice=choice)
        else:
            result = run_protocol(prepared, out, command, listened, figure=figure)
    remove_stale(failed_path(out))
    return result


def execute_into_cache(
    prepared: PreparedRun,
    command: str,
    stage: Stage,
    *,
    figure: Path | None = None,
    choice: EngineChoice = LOCAL,
) -> Path:
    """Run, and keep the result in the cache under its hash, so that no other can replace it.

    The costs are left out of the hash, so that a repeated run takes the place of the first.

    Args:
        figure: As for :func:`execute`; the same for the others.

    Returns:
        The result file.

    Raises:
        FpbenchError: As :func:`execute`.
    """
    store = prepared.store
    with TemporaryDirectory(prefix=".", dir=make_folder(store.root / "results")) as work_dir:
        temporary = Path(work_dir) / "result" / "result.json"
        execute(prepared, temporary, command, stage, figure=figure, choice=choice)
        same = dump_result(replace(read_result(temporary), costs=None))
        folder = store.path("results", hashlib.sha256(same.encode()).hexdigest())
        make_folder(folder.parent)
        try:
            temporary.parent.rename(folder)
        except OSError as err:  # an equal result may be there already
            if not folder.exists():
                raise FpbenchError(
                    f"cannot write the result to {folder}: {err.strerror}",
                    hint="choose a result file with out",
                ) from err
            for file in temporary.parent.iterdir():  # which may be damaged by now
                file.replace(folder / file.name)
    return folder / temporary.name
