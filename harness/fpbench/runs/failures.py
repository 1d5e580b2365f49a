"""Records a run that fails, so that its settings and its error are not lost with the terminal."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from logging import getLogger
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.folder_names import change_texts, without_folders
from fpbench.progress import Report, Stage
from fpbench.results.document import FORMAT
from fpbench.results.environment import environment
from fpbench.results.failures import FailedRun, Failure
from fpbench.results.files import write_result
from fpbench.results.harness import describe_harness
from fpbench.runs.prepare import PreparedRun

logger = getLogger(__name__)


def failed_path(out: Path) -> Path:
    """Where the record of a failed run lies: ``r.failed.json`` beside ``r.json``."""
    return out.with_suffix(".failed.json")


@contextmanager
def record_failure(prepared: PreparedRun, out: Path, command: str, stage: Stage) -> Iterator[Stage]:
    """Write a record beside ``out`` if the block raises an error; an interrupted run is none.

    Yields:
        ``stage``, which is listened to: the record names the stage that was opened last.
    """
    listener = _Listener(stage)
    try:
        yield listener
    except Exception as err:
        with suppress(FpbenchError, OSError):  # the error itself matters more
            _write(prepared, out, command, listener.last, err)
            logger.warning("the failed run is recorded in %s", failed_path(out))
        raise


class _Listener:
    """Opens stages, and remembers the title of the last one."""

    def __init__(self, stage: Stage) -> None:
        self.last = "start"
        self._stage = stage

    def __call__(self, title: str) -> AbstractContextManager[Report]:
        self.last = title
        return self._stage(title)


def _write(prepared: PreparedRun, out: Path, command: str, stage: str, err: Exception) -> None:
    if isinstance(err, FpbenchError):
        error, hint = err.message, err.hint
    else:
        error, hint = f"{type(err).__name__}: {err}", None
    failed = FailedRun(
        result_format=FORMAT,
        status="failed",
        harness=describe_harness(),
        fingerprinter=prepared.info,
        failure=Failure(
            stage=stage,
            error=error,
            hint=hint,
        ),
        config=prepared.config.recorded(),
        command=command,
        environment=environment(prepared.config.device),
    )
    write_result(change_texts(failed, without_folders), failed_path(out))
